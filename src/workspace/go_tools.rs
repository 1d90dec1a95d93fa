//! Go's own tools as processes.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use anyhow::{Context, Result};

use super::programs::{self, find_program, is_program};
use crate::engine::Formatter;

/// Files per gofmt process: few processes, and a temporary folder of modest size.
const CHUNK: usize = 256;

/// The `gofmt` program.
#[derive(Clone, Debug)]
pub struct Gofmt {
    program: PathBuf,
}

/// What gofmt says about one file: the formatted bytes, or its first complaint as `line:column: message`.
pub type Formatted = Result<Vec<u8>, String>;

impl Gofmt {
    /// Looks in PATH, `$(go env GOROOT)/bin`, `$GOROOT/bin` and /usr/local/go/bin.
    pub fn find() -> Option<Self> {
        let by_go = || Some(go_root()?.join("bin/gofmt")).filter(|path| is_program(path));
        let by_variable = || {
            let root = env::var_os("GOROOT").filter(|root| !root.is_empty())?;
            Some(Path::new(&root).join("bin/gofmt")).filter(|path| is_program(path))
        };
        let usual = || Some(PathBuf::from("/usr/local/go/bin/gofmt")).filter(|path| is_program(path));
        let program = find_program("gofmt")
            .or_else(by_go)
            .or_else(by_variable)
            .or_else(usual)?;
        Some(Gofmt { program })
    }

    /// Formats whole files, one process for many. An error means that gofmt could not be run.
    pub fn format(&self, files: &[&[u8]]) -> Result<Vec<Formatted>> {
        let chunks = files.chunks(CHUNK).map(|chunk| self.format_chunk(chunk));
        let formatted: io::Result<Vec<_>> = chunks.collect();
        let formatted = formatted.with_context(|| format!("cannot run {}", self.program.display()))?;
        Ok(formatted.into_iter().flatten().collect())
    }

    fn format_chunk(&self, files: &[&[u8]]) -> io::Result<Vec<Formatted>> {
        let folder = tempfile::Builder::new().prefix("unleak-").tempdir()?;
        let names = file_names(folder.path(), files.len());
        for (name, file) in names.iter().zip(files) {
            fs::write(folder.path().join(name), file)?;
        }
        let output = self.run(folder.path())?;
        let complaints = complaints(&output);
        // A `//line` comment makes gofmt blame another name: then one process per file tells who it was.
        let is_clear = output.status.success() || complaints.keys().all(|name| names.contains(name));
        if !is_clear && files.len() > 1 {
            let alone = files.iter().map(|file| self.format_chunk(&[file]));
            return alone.map(|formatted| Ok(formatted?.remove(0))).collect();
        }
        let formatted = names.iter().map(|name| match complaints.get(name) {
            Some(complaint) => Ok(Err(complaint.clone())),
            None if !is_clear => Ok(Err(first_line(&output))),
            None => fs::read(folder.path().join(name)).map(Ok),
        });
        formatted.collect()
    }

    /// Rewrites every file of the folder. gofmt goes on after a file with errors and leaves it as it was.
    fn run(&self, folder: &Path) -> io::Result<Output> {
        programs::command(&self.program)
            .args(["-w", "."])
            .current_dir(folder)
            .stdin(Stdio::null())
            .output()
    }
}

/// As a judge of repairs. A gofmt that cannot be run speaks for no file.
impl Formatter for Gofmt {
    fn format(&self, sources: &[&[u8]]) -> Vec<Formatted> {
        let formatted = Gofmt::format(self, sources);
        formatted.unwrap_or_else(|error| vec![Err(format!("{error:#}")); sources.len()])
    }
}

/// Names that hold the folder's random part, so that no `//line` comment can put the blame on them.
fn file_names(folder: &Path, count: usize) -> Vec<String> {
    let stem = folder.file_name().unwrap_or_default().to_string_lossy();
    (0..count).map(|index| format!("{stem}-{index}.go")).collect()
}

/// The first complaint about each file. gofmt writes `name:line:column: message`.
fn complaints(output: &Output) -> HashMap<String, String> {
    let mut complaints = HashMap::new();
    for line in String::from_utf8_lossy(&output.stderr).lines() {
        let (name, message) = line.split_once(':').unwrap_or(("", line));
        let first = complaints.entry(name.to_owned());
        first.or_insert_with(|| message.trim_start().to_owned());
    }
    complaints
}

fn first_line(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    said.lines()
        .next()
        .unwrap_or("gofmt failed without a reason")
        .to_owned()
}

/// The `go` program: in PATH, `$GOROOT/bin` or /usr/local/go/bin.
pub(super) fn find_go() -> Option<PathBuf> {
    let by_variable = || {
        let root = env::var_os("GOROOT").filter(|root| !root.is_empty())?;
        Some(Path::new(&root).join("bin/go")).filter(|path| is_program(path))
    };
    let usual = || Some(PathBuf::from("/usr/local/go/bin/go")).filter(|path| is_program(path));
    find_program("go").or_else(by_variable).or_else(usual)
}

/// `go env GOROOT`, kept from fetching another toolchain or reading the current folder's go.mod.
fn go_root() -> Option<PathBuf> {
    let output = programs::command(find_program("go")?)
        .args(["env", "GOROOT"])
        .current_dir(env::temp_dir())
        .env("GOTOOLCHAIN", "local")
        .env("GOFLAGS", "")
        .env("GOWORK", "off")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let root = String::from_utf8(output.stdout).ok()?;
    Some(root.trim())
        .filter(|root| !root.is_empty())
        .map(PathBuf::from)
}
