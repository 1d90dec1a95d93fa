//! The Go compiler, vet and tests as processes, on sources that are not on disk: a repair is compiled before it
//! is written. The code may be anyone's, so nothing is downloaded, go.mod stays as it is, and no generator runs.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;

use super::complaints::{Complaint, Moves};
use super::go_tools::find_go;
use super::loader::MAX_FILE_BYTES;
use super::programs;
use super::read;
use crate::engine::Compiler;
use crate::go::Package;

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
        let mut command = programs::command(&self.program);
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

impl Compiler for GoBuild<'_> {
    fn compile(&self, package: &Package, folders: &[&str]) -> Result<(), String> {
        folders.iter().try_for_each(|dir| self.judge(dir, package))
    }
}

impl GoBuild<'_> {
    fn judge(&self, dir: &str, package: &Package) -> Result<(), String> {
        let overlay = GoOverlay::new(&self.root, package).map_err(cannot_prepare)?;
        let after = self.ask(dir, &overlay)?;
        if after.is_empty() {
            return Ok(());
        }
        let before = self.before(dir)?;
        match overlay.moves.first_new(&before, &after) {
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
        let complaints = Arc::new(self.ask(dir, &GoOverlay::default())?);
        let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        before.insert(dir.to_owned(), Arc::clone(&complaints));
        Ok(complaints)
    }

    /// Everything said against the package of a folder: as it lies on disk, or with other sources. An error
    /// means that the toolchain could not come to a judgement.
    fn ask(&self, dir: &str, overlay: &GoOverlay) -> Result<Vec<Complaint>, String> {
        let built = self.run(
            dir,
            overlay,
            &["build", "-o", NOWHERE, "-buildvcs=false", "-gcflags=-e"],
        )?;
        if !built.status.success() {
            return match overlay.is_judged_by(&built) {
                true => Ok(self.complaints(dir, overlay, &built)),
                false => Err(self.cannot_load(&built)),
            };
        }
        // Vet reads the tests, too.
        let mut complaints = self.complaints(dir, overlay, &self.run(dir, overlay, &["vet"])?);
        if self.toolchain.licence.tests {
            complaints.extend(failures(&self.run(dir, overlay, &["test"])?));
        }
        Ok(complaints)
    }

    fn run(&self, dir: &str, overlay: &GoOverlay, arguments: &[&str]) -> Result<Output, String> {
        let mut command = self.toolchain.command(&self.root.join(dir));
        command.args(arguments).args(overlay.flag.iter()).arg(".");
        command
            .output()
            .map_err(|error| format!("cannot run go: {error}"))
    }

    /// The messages with a place, or, where a failure has none, its first line.
    fn complaints(&self, dir: &str, overlay: &GoOverlay, output: &Output) -> Vec<Complaint> {
        if output.status.success() {
            return Vec::new();
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let seen = |path: &str| overlay.seen(&self.root, dir, path);
        let mut placed: Vec<Complaint> = Vec::new();
        for line in said.lines() {
            match (line.strip_prefix('\t'), placed.last_mut()) {
                (Some(line), Some(complaint)) => complaint.explain(line, &seen),
                _ => placed.extend(Complaint::placed(line.trim_start(), &seen)),
            }
        }
        match placed.is_empty() {
            true => vec![Complaint::whole(said.lines().find(|line| !line.starts_with('#')))],
            false => placed,
        }
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
#[derive(Default)]
struct GoOverlay {
    /// Absent where nothing differs from the disk.
    flag: Option<String>,
    /// The end of each stand-in's path, under which the compiler speaks of it, with the path that people see.
    names: Vec<(String, String)>,
    /// From the files on disk to their stand-ins.
    moves: Moves,
    /// Holds the sources.
    _folder: Option<TempDir>,
}

impl GoOverlay {
    /// Where `package` and what it sees differ from the disk.
    fn new(root: &Path, package: &Package) -> io::Result<Self> {
        let others = package.program().into_iter();
        let others = others.flat_map(|program| program.alterations());
        let files = std::iter::once(package)
            .chain(others)
            .flat_map(|package| &package.files);
        let changed: Vec<_> = files
            .filter_map(|file| Some((file, read(&root.join(&file.path), MAX_FILE_BYTES).ok()?)))
            .filter(|(file, held)| *held != *file.source)
            .collect();
        if changed.is_empty() {
            return Ok(GoOverlay::default());
        }
        let folder = tempfile::Builder::new().prefix(STAND_INS).tempdir()?;
        let place = folder.path().file_name().unwrap_or_default().to_string_lossy();
        let mut replace = serde_json::Map::new();
        let (mut names, mut moves) = (Vec::new(), Moves::default());
        for (at, (file, held)) in changed.into_iter().enumerate() {
            let name = file_name(&file.path);
            fs::create_dir(folder.path().join(at.to_string()))?;
            let stand_in = folder.path().join(at.to_string()).join(name);
            fs::write(&stand_in, &file.source)?;
            let path = root.join(&file.path).to_string_lossy().into_owned();
            replace.insert(path, stand_in.to_string_lossy().into());
            names.push((format!("{place}/{at}/{name}"), file.path.clone()));
            moves.note(&file.path, &held, &file.source);
        }
        let list = folder.path().join("overlay.json");
        fs::write(&list, serde_json::json!({ "Replace": replace }).to_string())?;
        Ok(GoOverlay {
            flag: Some(format!("-overlay={}", list.display())),
            names,
            moves,
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

    /// The path that people see, for one that a tool working in the folder `dir` of `root` wrote.
    fn seen(&self, root: &Path, dir: &str, path: &str) -> String {
        let slashed = path.replace('\\', "/");
        let stand_in = self.names.iter().find(|(end, _)| slashed.ends_with(end));
        if let Some((_, name)) = stand_in {
            return name.clone();
        }
        if is_former_stand_in(&slashed) {
            return format!("{dir}/{}", file_name(&slashed))
                .trim_start_matches('/')
                .to_owned();
        }
        if let Ok(inside) = Path::new(path).strip_prefix(root) {
            return inside.to_string_lossy().replace('\\', "/");
        }
        if Path::new(path).is_absolute() {
            return slashed;
        }
        let mut steps: Vec<&str> = Vec::new();
        for step in dir.split('/').chain(slashed.split('/')) {
            match step {
                "" | "." => {}
                ".." if steps.last().is_some_and(|last| *last != "..") => {
                    steps.pop();
                }
                step => steps.push(step),
            }
        }
        steps.join("/")
    }
}

/// How the folder of stand-ins begins.
const STAND_INS: &str = "unleak-";

/// Vet's answers are cached by the content of the sources, and name the stand-ins that it read first: those of an
/// earlier run with the same content, in a folder that is gone. What it says is about a file of the package.
fn is_former_stand_in(path: &str) -> bool {
    let mut steps = path.rsplit('/').skip(1);
    let is_number = |step: &str| !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
    steps.next().is_some_and(is_number) && steps.next().is_some_and(|step| step.starts_with(STAND_INS))
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn cannot_prepare(error: io::Error) -> String {
    format!("cannot prepare a build: {error}")
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
    let failed: Vec<Complaint> = names
        .map(|name| Complaint::whole(Some(&format!("{name} fails"))))
        .collect();
    match failed.is_empty() {
        true => vec![Complaint::whole(
            said.lines()
                .find(|line| line.starts_with("panic:"))
                .or(Some("go test fails")),
        )],
        false => failed,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::GoOverlay;

    #[test]
    fn a_stand_in_of_an_earlier_run_is_a_file_of_the_package() {
        let overlay = GoOverlay::default();
        let seen = |dir: &str, path: &str| overlay.seen(Path::new("/work"), dir, path);
        assert_eq!(seen("a/b", "../../../tmp/unleak-x1/0/p.go"), "a/b/p.go");
        assert_eq!(seen("", "/tmp/unleak-x1/12/p.go"), "p.go");
        assert_eq!(seen("a", "../unleak-x1/p.go"), "unleak-x1/p.go");
        assert_eq!(seen("a", "./p.go"), "a/p.go");
    }
}
