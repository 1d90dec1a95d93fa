//! Who checks a repair, beside the analysis itself.

use anyhow::{Result, bail};

use super::args::Verify;
use crate::workspace::{GoLicence, GoToolchain, Gofmt};

/// Go's own tools, as far as they are wanted and there.
#[derive(Default)]
pub struct Verifiers {
    pub gofmt: Option<Gofmt>,
    pub toolchain: Option<GoToolchain>,
}

impl Verifiers {
    pub fn find(verify: Verify, allow_network: bool) -> Result<Self> {
        Ok(Verifiers {
            gofmt: gofmt(verify)?,
            toolchain: toolchain(verify, allow_network)?,
        })
    }

    /// Who had the last word on a repair, for people.
    pub fn strongest(&self) -> &'static str {
        match (&self.toolchain, &self.gofmt) {
            (Some(_), _) => "checked by the built-in checker, gofmt and the Go compiler with vet",
            (None, Some(_)) => {
                "checked by the built-in checker and gofmt; --verify build asks the Go compiler, too"
            }
            (None, None) => "checked by the built-in checker only, without gofmt and the Go compiler",
        }
    }
}

fn gofmt(verify: Verify) -> Result<Option<Gofmt>> {
    let found = match verify {
        Verify::Syntax => return Ok(None),
        Verify::Auto | Verify::Gofmt | Verify::Build | Verify::Test => Gofmt::find(),
    };
    let is_required =
        verify != Verify::Auto || std::env::var_os("UNLEAK_REQUIRE_GO").is_some_and(|set| set == "1");
    if found.is_none() && is_required {
        bail!("gofmt was not found; it comes with Go: https://go.dev/doc/install");
    }
    Ok(found)
}

fn toolchain(verify: Verify, network: bool) -> Result<Option<GoToolchain>> {
    let tests = match verify {
        Verify::Auto | Verify::Syntax | Verify::Gofmt => {
            if network {
                bail!("--allow-network goes with --verify build or --verify test");
            }
            return Ok(None);
        }
        Verify::Build => false,
        Verify::Test => true,
    };
    let found = GoToolchain::find(GoLicence { network, tests });
    if found.is_none() {
        bail!("go was not found; --verify build and --verify test need it: https://go.dev/doc/install");
    }
    Ok(found)
}
