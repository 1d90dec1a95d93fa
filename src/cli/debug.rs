//! What the analysis sees, for those who work on it: hidden, and free to change.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail};

use super::args::{Debug, Drawing};
use super::console::Console;
use super::exit::Exit;
use super::interrupt::STOP;
use crate::analysis::request;
use crate::config::Config;
use crate::go::{Declaration, Package};
use crate::job::Job;
use crate::transform::{AnyTransform, Finding, Pass, Proposed, Rule};
use crate::workspace::{Overlay, WalkOptions};

mod check;
mod resolve;

pub fn debug(args: &Debug, console: &Console) -> Result<Exit> {
    let text = match &args.what {
        Drawing::Cfg { target } => cfg(target)?,
        Drawing::Reach { paths } => over(paths, request::draw)?.concat(),
        Drawing::Check { paths } => check::table(over(paths, check::checked)?),
        Drawing::Resolve { paths, all } => {
            let calls = over(paths, resolve::calls)?;
            resolve::table(calls.into_iter().flatten(), *all)
        }
    };
    console.product(None, |out| out.write_all(text.as_bytes()))?;
    Ok(Exit::Clean)
}

/// Finds nothing, and looks at every package for it.
struct Everything;

impl AnyTransform for Everything {
    fn name(&self) -> &'static str {
        "everything"
    }

    fn page(&self) -> &'static str {
        ""
    }

    fn rules(&self, _config: &Config) -> Vec<Arc<Rule>> {
        Vec::new()
    }

    fn needles(&self, _config: &Config) -> Vec<String> {
        vec!["package".to_owned()]
    }

    fn propose<'a>(&self, _pass: &'a Pass<'a>, _wanted: &dyn Fn(&Finding) -> bool) -> Vec<Proposed> {
        Vec::new()
    }
}

/// What `make` gives for each package, in the order of their folders.
fn over<R: Send>(paths: &[PathBuf], make: impl Fn(&Package) -> R + Sync) -> Result<Vec<R>> {
    let config = Config::default();
    let job = Job {
        suite: &[&Everything],
        config: &config,
        formatter: None,
        toolchain: None,
        paths,
        base: None,
        walk: WalkOptions::default(),
        overlay: Overlay::default(),
        stop: &STOP,
    };
    Ok(job.run(|analysis, _| make(&analysis.package))?.results)
}

/// The drawings of a file's functions, or of the one that is named.
fn cfg(target: &str) -> Result<String> {
    let (path, wanted) = match target.rsplit_once(':') {
        Some((path, name)) if path.ends_with(".go") => (path, Some(name)),
        _ => (target, None),
    };
    let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy();
    let drawings = over(&[PathBuf::from(path)], |package| {
        let here = package.declarations().filter(|at| {
            let file = at.file().path.rsplit('/').next();
            file == Some(&*name) && wanted.is_none_or(|wanted| wanted == at.title())
        });
        here.filter_map(drawn).collect::<String>()
    })?;
    match drawings.concat() {
        drawing if drawing.is_empty() => bail!("no function to draw in `{target}`"),
        drawing => Ok(drawing),
    }
}

/// The function and the literals in it, each below a line that names it.
fn drawn(at: Declaration<'_>) -> Option<String> {
    let functions = at.tree().root().subtree().filter(|node| node.is_function());
    let drawings = functions.filter_map(|function| {
        let line = at.file().lines().position(function.start()).line;
        let drawing = at.control_flow(function)?.draw();
        Some(format!("%% {}, line {line}\n{drawing}", at.title()))
    });
    Some(drawings.collect())
}
