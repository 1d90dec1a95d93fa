//! The Go compiler, vet and tests as processes, on sources that are not on disk: a repair is compiled before it
//! is written. The code may be anyone's, so nothing is downloaded, go.mod stays as it is, and no generator runs.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;

use super::go_tools::find_go;
use crate::go::Package;
use crate::verify::Compiler;

/// How the go command may be used.
#[derive(Clone, Copy, Debug, Default)]
pub struct GoLicence {
    /// It may download modules.
    pub network: bool,
    /// It may run the tests of the package, which is to run its code.
    pub tests: bool,
}

/// The `go` program.
#[derive(Clone, Debug)]
pub struct GoToolchain {
    program: PathBuf,
    licence: GoLicence,
}

impl GoToolchain {
    /// Looks in PATH, `$GOROOT/bin` and /usr/local/go/bin.
    pub fn find(licence: GoLicence) -> Option<Self> {
        let program = find_go()?;
        Some(GoToolchain { program, licence })
    }

    /// The judge of the packages under a root.
    pub fn under(&self, root: &Path) -> GoBuild<'_> {
        GoBuild {
            toolchain: self,
            root: root.to_owned(),
            before: Mutex::default(),
        }
    }

    /// A go command in a folder of a repository that nobody vouches for.
    pub fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(folder).stdin(Stdio::null());
        // Neither of the two lets go.mod be changed. A vendored module may have nothing outside its repository.
        let is_vendored = folder
            .ancestors()
            .find(|folder| folder.join("go.mod").is_file())
            .is_some_and(|module| module.join("vendor/modules.txt").is_file());
        let modules = if is_vendored { "vendor" } else { "readonly" };
        command.env("GOFLAGS", format!("-mod={modules}"));
        // A go.mod may ask for another toolchain, which would be downloaded and run.
        command.env("GOTOOLCHAIN", "local");
        if !self.licence.network {
            // The second line holds private modules, which do not ask a proxy.
            command.env("GOPROXY", "off");
            command.env("GONOPROXY", "none").env("GOVCS", "*:off");
        }
        command
    }
}

/// What the toolchain says of the packages under one root.
pub struct GoBuild<'a> {
    toolchain: &'a GoToolchain,
    root: PathBuf,
    /// What it said of a folder as it lies on disk, asked for where a repaired one has complaints.
    before: Mutex<HashMap<String, Arc<Vec<Complaint>>>>,
}

/// One complaint, told apart from others by everything but its line, which moves.
#[derive(Clone, Debug)]
struct Complaint {
    shown: String,
    key: String,
}

impl Compiler for GoBuild<'_> {
    fn compile(&self, package: &Package, folders: &[&str]) -> Result<(), String> {
        folders.iter().try_for_each(|dir| self.judge(dir, package))
    }
}

/// A message that is there more often than it was.
fn first_new<'a>(before: &[Complaint], after: &'a [Complaint]) -> Option<&'a Complaint> {
    let mut known: Vec<&str> = before.iter().map(|complaint| complaint.key.as_str()).collect();
    after.iter().find(
        |complaint| match known.iter().position(|key| *key == complaint.key) {
            Some(at) => {
                known.swap_remove(at);
                false
            }
            None => true,
        },
    )
}

impl GoBuild<'_> {
    fn judge(&self, dir: &str, package: &Package) -> Result<(), String> {
        let after = self.ask(dir, Some(package))?;
        if after.is_empty() {
            return Ok(());
        }
        let before = self.before(dir)?;
        match first_new(&before, &after) {
            Some(complaint) => Err(complaint.shown.clone()),
            None => Ok(()),
        }
    }

    fn before(&self, dir: &str) -> Result<Arc<Vec<Complaint>>, String> {
        let known = self
            .before
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(dir)
            .cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let complaints = Arc::new(self.ask(dir, None)?);
        let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        before.insert(dir.to_owned(), Arc::clone(&complaints));
        Ok(complaints)
    }

    /// Everything said against the package of a folder: as it lies on disk, or with other sources. An error
    /// means that the toolchain could not come to a judgement.
    fn ask(&self, dir: &str, package: Option<&Package>) -> Result<Vec<Complaint>, String> {
        let overlay =
            Overlay::new(&self.root, package).map_err(|error| format!("cannot prepare a build: {error}"))?;
        let built = self.run(
            dir,
            &overlay,
            &["build", "-o", NOWHERE, "-buildvcs=false", "-gcflags=-e"],
        )?;
        if !built.status.success() {
            return match overlay.is_judged_by(&built) {
                true => Ok(complaints(dir, &overlay, &built)),
                false => Err(self.cannot_load(&built)),
            };
        }
        // Vet reads the tests, too.
        let mut complaints = complaints(dir, &overlay, &self.run(dir, &overlay, &["vet"])?);
        if self.toolchain.licence.tests {
            complaints.extend(failures(&self.run(dir, &overlay, &["test"])?));
        }
        Ok(complaints)
    }

    fn run(&self, dir: &str, overlay: &Overlay, arguments: &[&str]) -> Result<Output, String> {
        let mut command = self.toolchain.command(&self.root.join(dir));
        command.args(arguments).args(overlay.flag.iter()).arg(".");
        command
            .output()
            .map_err(|error| format!("cannot run go: {error}"))
    }

    fn cannot_load(&self, built: &Output) -> String {
        let said = String::from_utf8_lossy(&built.stderr);
        let reason = said
            .lines()
            .find(|line| !line.trim().is_empty() && !line.starts_with('#'))
            .unwrap_or("no reason given");
        let is_about_modules = said.contains("module") || said.contains("go.sum");
        let advice = match is_about_modules && !self.toolchain.licence.network {
            true => " (nothing was downloaded; --allow-network permits it)",
            false => "",
        };
        format!("go cannot load the package: {}{advice}", reason.trim())
    }
}

/// Where a build that nobody wants goes: the go command knows the name and writes nothing.
const NOWHERE: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };

/// Sources that stand for files on disk while a go command runs.
struct Overlay {
    /// Absent where nothing differs from the disk.
    flag: Option<String>,
    /// The end of each stand-in's path, under which the compiler speaks of it, with the path that people see.
    names: Vec<(String, String)>,
    /// Holds the sources.
    _folder: Option<TempDir>,
}

impl Overlay {
    /// Where `package` and what it sees differ from the disk.
    fn new(root: &Path, package: Option<&Package>) -> io::Result<Self> {
        let others = package.and_then(Package::program).into_iter();
        let others = others.flat_map(|program| program.alterations());
        let files = package
            .into_iter()
            .chain(others)
            .flat_map(|package| &package.files);
        let changed =
            files.filter(|file| fs::read(root.join(&file.path)).is_ok_and(|held| held != *file.source));
        let changed: Vec<_> = changed.collect();
        if changed.is_empty() {
            return Ok(Overlay {
                flag: None,
                names: Vec::new(),
                _folder: None,
            });
        }
        let folder = tempfile::Builder::new().prefix("unleak-").tempdir()?;
        let place = folder.path().file_name().unwrap_or_default().to_string_lossy();
        let mut replace = serde_json::Map::new();
        let mut names = Vec::new();
        for (at, file) in changed.into_iter().enumerate() {
            let stand_in = folder.path().join(format!("{at}.go"));
            fs::write(&stand_in, &file.source)?;
            let path = root.join(&file.path).to_string_lossy().into_owned();
            replace.insert(path, stand_in.to_string_lossy().into());
            names.push((format!("{place}/{at}.go"), file.path.clone()));
        }
        let list = folder.path().join("overlay.json");
        fs::write(&list, serde_json::json!({ "Replace": replace }).to_string())?;
        Ok(Overlay {
            flag: Some(format!("-overlay={}", list.display())),
            names,
            _folder: Some(folder),
        })
    }

    /// Whether a failed build got as far as this package: the compiler's messages stand under a line with a
    /// package's name, and some are about files of the folder. Otherwise a dependency is missing or broken.
    fn is_judged_by(&self, built: &Output) -> bool {
        let said = String::from_utf8_lossy(&built.stderr);
        let is_own =
            |line: &str| line.starts_with("./") || self.names.iter().any(|(end, _)| line.contains(end));
        said.lines().any(|line| line.starts_with("# ")) && said.lines().any(is_own)
    }

    /// The path that people see, for one that a tool working in `dir` wrote.
    fn seen(&self, dir: &str, path: &str) -> String {
        let slashed = path.replace('\\', "/");
        let stand_in = self.names.iter().find(|(end, _)| slashed.ends_with(end));
        match stand_in {
            Some((_, name)) => name.clone(),
            None if dir.is_empty() || Path::new(path).is_absolute() => slashed,
            None => format!("{dir}/{slashed}"),
        }
    }
}

/// The messages with a place, or, where a failure has none, its first line.
fn complaints(dir: &str, overlay: &Overlay, output: &Output) -> Vec<Complaint> {
    if output.status.success() {
        return Vec::new();
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let placed: Vec<Complaint> = said
        .lines()
        .filter_map(|line| placed(dir, overlay, line))
        .collect();
    match placed.is_empty() {
        true => vec![whole(said.lines().find(|line| !line.starts_with('#')))],
        false => placed,
    }
}

/// `./file.go:3:2: message`, vet's type errors with a word in front.
fn placed(dir: &str, overlay: &Overlay, line: &str) -> Option<Complaint> {
    let line = line.strip_prefix("vet: ").unwrap_or(line);
    let line = line.strip_prefix("./").unwrap_or(line);
    let (stem, rest) = line.split_once(".go:")?;
    let file = overlay.seen(dir, &format!("{stem}.go"));
    let message = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':');
    Some(Complaint {
        shown: format!("{file}:{rest}"),
        key: format!("{file}:{message}"),
    })
}

fn whole(line: Option<&str>) -> Complaint {
    let line = line.unwrap_or("go failed without a reason").trim();
    Complaint {
        shown: line.to_owned(),
        key: line.to_owned(),
    }
}

/// The tests that fail, by name.
fn failures(output: &Output) -> Vec<Complaint> {
    if output.status.success() {
        return Vec::new();
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let names = said
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("--- FAIL: "));
    let names = names.filter_map(|name| name.split_whitespace().next());
    let failed: Vec<Complaint> = names.map(|name| whole(Some(&format!("{name} fails")))).collect();
    match failed.is_empty() {
        true => vec![whole(
            said.lines()
                .find(|line| line.starts_with("panic:"))
                .or(Some("go test fails")),
        )],
        false => failed,
    }
}
