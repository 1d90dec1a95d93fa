//! Which Go files there are: what the go command would see, less what git ignores and other people wrote.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};

use anyhow::{Context, Result, bail};
use ignore::{DirEntry, WalkBuilder, WalkState};

use super::files::Overlay;
use super::git::repository_root;
use super::ignored::Ignored;
use super::naming::{Naming, slashed, slashed_bytes};
use super::{Diagnostic, Skip, SkipReason, Unread};

/// How to walk.
#[derive(Clone, Copy, Debug, Default)]
pub struct WalkOptions {
    /// Visit what .gitignore and its kin leave out, too.
    pub no_ignore: bool,
    /// Search `_test.go` files as well.
    pub tests: bool,
    /// 0 lets the walk choose.
    pub threads: usize,
}

/// What lies under the given paths.
#[derive(Debug)]
pub struct Discovery {
    /// The folder that names of files start from while the run goes on, absolute and without symbolic links.
    pub root: PathBuf,
    pub naming: Naming,
    /// The root of the git repository around what is scanned. Paths in patches are relative to it.
    pub repository: Option<PathBuf>,
    /// In the order of their names.
    pub directories: Vec<Directory>,
    pub skipped: Vec<Skip>,
    /// Folders that could not be listed.
    pub problems: Vec<Diagnostic>,
}

/// A folder with Go files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Relative to the root, with `/`; empty for the root itself.
    pub dir: String,
    pub path: PathBuf,
    /// The files to search, absolute, in the order of their names; none where all are neighbours.
    pub files: Vec<PathBuf>,
    /// Go files of the same folder that are not searched (tests, links, siblings of a file given by name). They
    /// still declare and use names.
    pub neighbours: Vec<PathBuf>,
}

impl Discovery {
    /// Makes neighbours of the files that `is_excluded`, by name; not of those `asked` for.
    pub fn leave_out(&mut self, is_excluded: impl Fn(&str) -> bool, asked: &HashSet<PathBuf>) {
        let mut skipped = Vec::new();
        for directory in &mut self.directories {
            for path in std::mem::take(&mut directory.files) {
                let shown = slashed(path.strip_prefix(&self.root).unwrap_or(&path));
                if asked.contains(&path) || !is_excluded(&shown) {
                    directory.files.push(path);
                    continue;
                }
                directory.neighbours.push(path);
                skipped.push(Skip {
                    path: shown,
                    reason: SkipReason::Excluded,
                });
            }
        }
        self.skipped.append(&mut skipped);
        self.skipped.sort_unstable();
    }

    /// The name inside of the run: relative to the root, with `/`.
    pub fn shown(&self, path: &Path) -> String {
        self.naming.named(path)
    }

    /// What the folder is called wherever the run is started: relative to the repository, else to what is scanned.
    pub fn home(&self, dir: &Path) -> String {
        let base = self.repository.as_ref().unwrap_or(&self.naming.scanned);
        slashed(dir.strip_prefix(base).unwrap_or(dir))
    }

    /// Whether the file called `path` is one of those to search.
    pub fn searches(&self, path: &str) -> bool {
        let dir = path.rsplit_once('/').map_or("", |(dir, _)| dir);
        let at = self
            .directories
            .binary_search_by(|directory| (*directory.dir).cmp(dir));
        at.is_ok_and(|at| {
            let mut files = self.directories[at].files.iter();
            files.any(|file| self.shown(file) == path)
        })
    }

    /// The path for a patch: relative to the repository's root, else to what is scanned, with `/`.
    pub fn patch_path(&self, path: &Path) -> Vec<u8> {
        let base = self.repository.as_ref().unwrap_or(&self.naming.scanned);
        slashed_bytes(path.strip_prefix(base).unwrap_or(path))
    }
}

/// Finds the Go files under `paths`: folders (`dir` and `dir/...` alike) and single files, which are taken whatever
/// their names and places say. A path that is neither is an error. People see paths relative to the folder `base`.
/// Files that only `overlay` has are found, too, and those that it hides are not.
pub fn discover(
    paths: &[PathBuf],
    base: Option<&Path>,
    options: WalkOptions,
    overlay: &Overlay,
) -> Result<Discovery> {
    let targets = targets(paths)?;
    let naming = Naming::new(common_root(&targets), base)?;
    let mut found = Found::default();
    found.walk(&targets, options);
    for target in &targets {
        if let Target::File(file) = target {
            found.take_file(file);
        }
    }
    found.lay(overlay, &targets, options);
    Ok(found.into_discovery(naming))
}

/// What names start from when `paths` are scanned.
pub fn naming(paths: &[PathBuf], base: Option<&Path>) -> Result<Naming> {
    Naming::new(common_root(&targets(paths)?), base)
}

fn targets(paths: &[PathBuf]) -> Result<Vec<Target>> {
    match paths {
        [] => Ok(vec![Target::of(Path::new("."))?]),
        paths => paths.iter().map(|path| Target::of(path)).collect(),
    }
}

/// A path of the command line, absolute and without symbolic links.
enum Target {
    Folder(PathBuf),
    File(PathBuf),
}

impl Target {
    fn of(given: &Path) -> Result<Self> {
        let path = without_dots(given);
        let shown = given.display();
        let canonical = fs::canonicalize(path).with_context(|| format!("cannot open `{shown}`"))?;
        let kind = fs::metadata(&canonical).with_context(|| format!("cannot open `{shown}`"))?;
        if kind.is_dir() {
            Ok(Target::Folder(canonical))
        } else if kind.is_file() && is_go_name(canonical.file_name()) {
            Ok(Target::File(canonical))
        } else {
            bail!("`{shown}` is neither a folder nor a .go file")
        }
    }

    /// Whether a walk from here comes to `path`.
    fn reaches(&self, path: &Path) -> bool {
        let Target::Folder(folder) = self else {
            return false;
        };
        let Ok(below) = path.strip_prefix(folder) else {
            return false;
        };
        let mut names = below.iter();
        names.all(|name| skipped_folder(name).is_none() && !is_unseen(name))
    }

    fn folder(&self) -> &Path {
        match self {
            Target::Folder(path) => path,
            Target::File(path) => path.parent().unwrap_or(path),
        }
    }
}

/// The go command's `dir/...` means what `dir` means here.
fn without_dots(path: &Path) -> &Path {
    if path.file_name() != Some(OsStr::new("...")) {
        return path;
    }
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn common_root(targets: &[Target]) -> PathBuf {
    let mut folders = targets.iter().map(Target::folder);
    let first = folders.next().unwrap_or(Path::new("/"));
    let common = folders.fold(first, |common, folder| {
        let holds = |dir: &&Path| folder.starts_with(dir);
        common.ancestors().find(holds).unwrap_or(Path::new("/"))
    });
    common.to_owned()
}

/// What the walk's threads send.
enum Event {
    File(PathBuf),
    Neighbour(PathBuf),
    Skip(PathBuf, SkipReason),
    Special(PathBuf),
    Problem(PathBuf, String),
}

#[derive(Default)]
struct Found {
    directories: HashMap<OsString, Directory>,
    skipped: Vec<(PathBuf, SkipReason)>,
    problems: Vec<(PathBuf, String)>,
}

impl Found {
    fn walk(&mut self, targets: &[Target], options: WalkOptions) {
        let folders = targets.iter().filter_map(|target| match target {
            Target::Folder(path) => Some(path),
            Target::File(_) => None,
        });
        let mut builder = WalkBuilder::empty();
        for folder in folders {
            builder.add(folder);
        }
        // The crate would open whatever lies under the names of ignore files.
        builder.standard_filters(false).threads(options.threads);
        let ignored = (!options.no_ignore).then(Ignored::default);
        let (sender, events) = mpsc::channel();
        builder.build_parallel().run(|| {
            let (sender, ignored) = (sender.clone(), ignored.as_ref());
            Box::new(move |entry| visit(entry, options, ignored, &sender))
        });
        drop(sender);
        for event in events {
            self.take(event);
        }
        let unusable = ignored.map(Ignored::unusable).unwrap_or_default();
        self.problems.extend(unusable);
    }

    /// Takes what lies over the disk.
    fn lay(&mut self, overlay: &Overlay, targets: &[Target], options: WalkOptions) {
        for (path, is_there) in overlay.paths() {
            if !is_there {
                self.hide(&path);
                continue;
            }
            let name = path.file_name().unwrap_or_default();
            if !is_go_name(Some(name)) || is_unseen(name) {
                continue;
            }
            let is_test = path.as_os_str().as_encoded_bytes().ends_with(b"_test.go");
            let is_reached = targets.iter().any(|target| target.reaches(&path));
            match (self.knows(&path), is_reached) {
                (None, false) | (Some(true), _) => {}
                (None | Some(false), true) if options.tests || !is_test => self.take(Event::File(path)),
                _ => self.take(Event::Neighbour(path)),
            }
        }
    }

    fn hide(&mut self, path: &Path) {
        let folder = path.parent().unwrap_or(path);
        if let Some(directory) = self.directories.get_mut(folder.as_os_str()) {
            directory.files.retain(|file| file != path);
            directory.neighbours.retain(|file| file != path);
        }
    }

    /// Whether the folder of the file holds it, if the folder is known.
    fn knows(&self, path: &Path) -> Option<bool> {
        let directory = self.directories.get(path.parent()?.as_os_str())?;
        let mut known = directory.files.iter().chain(&directory.neighbours);
        Some(known.any(|file| file == path))
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::File(path) => self.directory(&path).files.push(path),
            Event::Neighbour(path) => self.directory(&path).neighbours.push(path),
            Event::Skip(path, reason) => {
                if reason == SkipReason::Symlink {
                    self.directory(&path).neighbours.push(path.clone());
                }
                self.skipped.push((path, reason));
            }
            Event::Special(path) => {
                let problem = (path.clone(), Unread::Special.to_string());
                self.problems.push(problem);
                self.skipped.push((path, SkipReason::SpecialFile));
            }
            Event::Problem(path, message) => self.problems.push((path, message)),
        }
    }

    fn directory(&mut self, file: &Path) -> &mut Directory {
        let path = file.parent().unwrap_or(file);
        let new = || Directory {
            dir: String::new(),
            path: path.to_owned(),
            files: Vec::new(),
            neighbours: Vec::new(),
        };
        self.directories
            .entry(path.as_os_str().to_owned())
            .or_insert_with(new)
    }

    /// A file that was asked for by name, with the rest of its folder as neighbours.
    fn take_file(&mut self, file: &Path) {
        let siblings = fs::read_dir(file.parent().unwrap_or(file)).into_iter().flatten();
        let siblings: Vec<PathBuf> = siblings
            .flatten()
            .filter(|entry| is_go_name(Some(&entry.file_name())) && !is_unseen(&entry.file_name()))
            .map(|entry| entry.path())
            .filter(|path| path.is_file())
            .collect();
        let directory = self.directory(file);
        directory.files.push(file.to_owned());
        directory.neighbours.extend(siblings);
    }

    fn into_discovery(self, naming: Naming) -> Discovery {
        let mut discovery = Discovery {
            repository: repository_root(&naming.scanned),
            root: naming.root.clone(),
            naming,
            directories: Vec::with_capacity(self.directories.len()),
            skipped: Vec::with_capacity(self.skipped.len()),
            problems: Vec::with_capacity(self.problems.len()),
        };
        for mut directory in self.directories.into_values() {
            directory.dir = discovery.shown(&directory.path);
            directory.tidy();
            discovery.directories.push(directory);
        }
        for (path, reason) in self.skipped {
            let path = discovery.shown(&path);
            discovery.skipped.push(Skip { path, reason });
        }
        for (path, message) in self.problems {
            let path = discovery.shown(&path);
            discovery.problems.push(Diagnostic { path, message });
        }
        // Threads report in any order, and overlapping paths report twice.
        discovery.directories.sort_unstable_by(|a, b| a.dir.cmp(&b.dir));
        discovery.skipped.sort_unstable();
        discovery.skipped.dedup();
        discovery.problems.sort_unstable();
        discovery.problems.dedup();
        discovery
    }
}

impl Directory {
    /// Every file once and in order, and no file as its own neighbour.
    fn tidy(&mut self) {
        for paths in [&mut self.files, &mut self.neighbours] {
            paths.sort_unstable_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
            paths.dedup();
        }
        let files = &self.files;
        self.neighbours.retain(|path| !files.contains(path));
    }
}

fn visit(
    entry: Result<DirEntry, ignore::Error>,
    options: WalkOptions,
    ignored: Option<&Ignored>,
    events: &Sender<Event>,
) -> WalkState {
    let (event, state) = match entry {
        Ok(entry) if entry.depth() == 0 => return WalkState::Continue,
        Ok(entry) if ignored.is_some_and(|ignored| ignored.leaves_out(&entry)) => return WalkState::Skip,
        Ok(entry) => judge(entry, options),
        Err(error) => (Some(problem(&error)), WalkState::Continue),
    };
    // The receiver outlives the walk, so nothing is lost here.
    if let Some(event) = event {
        let _ = events.send(event);
    }
    state
}

/// What to make of an entry below one of the folders given, and whether to go on into it.
fn judge(entry: DirEntry, options: WalkOptions) -> (Option<Event>, WalkState) {
    let Some(kind) = entry.file_type() else {
        return (None, WalkState::Continue);
    };
    if kind.is_dir() {
        return match skipped_folder(entry.file_name()) {
            Some(reason) => (Some(Event::Skip(entry.into_path(), reason)), WalkState::Skip),
            None if is_unseen(entry.file_name()) => (None, WalkState::Skip),
            None => (None, WalkState::Continue),
        };
    }
    if !is_go_name(Some(entry.file_name())) || is_unseen(entry.file_name()) {
        return (None, WalkState::Continue);
    }
    let is_test = entry.file_name().as_encoded_bytes().ends_with(b"_test.go");
    let event = match () {
        () if kind.is_symlink() => linked(entry.into_path()),
        () if !kind.is_file() => Some(Event::Special(entry.into_path())),
        () if is_test && !options.tests => Some(Event::Neighbour(entry.into_path())),
        () => Some(Event::File(entry.into_path())),
    };
    (event, WalkState::Continue)
}

/// A link is never searched: its target is found under its own name, and a patch cannot reach through it.
fn linked(path: PathBuf) -> Option<Event> {
    match fs::metadata(&path) {
        Ok(target) if target.is_file() => Some(Event::Skip(path, SkipReason::Symlink)),
        Ok(target) if !target.is_dir() => Some(Event::Special(path)),
        _ => None,
    }
}

fn problem(error: &ignore::Error) -> Event {
    match error {
        ignore::Error::WithPath { path, err } => Event::Problem(path.clone(), err.to_string()),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => problem(err),
        other => Event::Problem(PathBuf::new(), other.to_string()),
    }
}

fn skipped_folder(name: &OsStr) -> Option<SkipReason> {
    match name.as_encoded_bytes() {
        b"vendor" | b"third_party" | b"node_modules" => Some(SkipReason::Vendored),
        b"testdata" => Some(SkipReason::Testdata),
        _ => None,
    }
}

/// Names that the go command passes over.
fn is_unseen(name: &OsStr) -> bool {
    matches!(name.as_encoded_bytes(), [b'_' | b'.', ..])
}

fn is_go_name(name: Option<&OsStr>) -> bool {
    name.is_some_and(|name| name.as_encoded_bytes().ends_with(b".go"))
}
