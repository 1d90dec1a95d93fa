//! The real Go toolchain.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

pub struct Go {
    /// Major and minor.
    pub version: (u32, u32),
}

/// The same for all builds of tests, so that what one of them compiled is found by the others, and by those of the next
/// run: in other folders, hence `-trimpath`, and on machines without a C compiler.
pub const ENVIRONMENT: [(&str, &str); 4] = [
    ("GOTOOLCHAIN", "local"),
    ("GOFLAGS", "-mod=readonly -trimpath"),
    ("GOWORK", "off"),
    ("CGO_ENABLED", "0"),
];

/// What the modules under `fixtures/` ask for.
const OLDEST: (u32, u32) = (1, 25);

impl Go {
    /// Go, or one visible line where it is absent or too old; an error where it is required.
    pub fn find() -> Option<Self> {
        let version = ask("GOVERSION").unwrap_or_default();
        let numbers = numbers(&version);
        if numbers < Some(OLDEST) {
            let (major, minor) = OLDEST;
            let lack = format!("Go {major}.{minor} or later is not on this machine (found: {version:?})");
            assert!(std::env::var_os("UNLEAK_REQUIRE_GO").is_none(), "{lack}");
            tell(&format!("skipped: {lack}, no repair was run"));
            return None;
        }
        Some(Go { version: numbers? })
    }

    /// `go <verb>` in a folder, by the folder's own go.mod.
    pub fn command(&self, folder: &Path, verb: &str) -> Command {
        let mut command = Command::new("go");
        command.arg(verb).current_dir(folder).stdin(Stdio::null());
        command.envs(ENVIRONMENT);
        command
    }
}

impl Go {
    /// Whether the modules that `folder` pins are to be had, with their source; if not, one visible line says so,
    /// and it is an error where Go is required.
    pub fn has_modules(&self, folder: &Path) -> bool {
        let output = self
            .command(folder, "list")
            .args(["-deps", "./..."])
            .output()
            .unwrap();
        if output.status.success() {
            return true;
        }
        let why = String::from_utf8_lossy(&output.stderr);
        let lack = format!("the modules of {} are not to be had: {why}", folder.display());
        assert!(std::env::var_os("UNLEAK_REQUIRE_GO").is_none(), "{lack}");
        tell(&format!("skipped: {lack}"));
        false
    }
}

/// A line on stderr, past the capture of the test harness.
pub fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// What `go env` says of a name.
pub fn ask(name: &str) -> Option<String> {
    let output = Command::new("go")
        .args(["env", name])
        .current_dir(std::env::temp_dir())
        .env("GOTOOLCHAIN", "local")
        .output()
        .ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Versions look like `go1.26.8`.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version
        .trim_start_matches("go")
        .split('.')
        .map_while(|part| part.parse::<u32>().ok());
    Some((parts.next()?, parts.next()?))
}
