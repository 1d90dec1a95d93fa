//! The workers of a run: which folders are due, and what becomes of each package in them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::log::Log;
use super::panics;
use super::run::Job;
use super::sequence::Placed;
use super::users::ModuleUsers;
use crate::engine::{Analysis, Engine, analyze};
use crate::frameworks::unknown_versions;
use crate::go::{FileId, Package, SourceFile};
use crate::limits;
use crate::workspace::{Diagnostic, Directory, Gate, GoBuild, MAX_SOURCE_BYTES, Session, Skip, Unread};

/// What the workers share.
pub(super) struct Workers<'a> {
    pub(super) job: &'a Job<'a>,
    pub(super) session: &'a Session,
    pub(super) needles: Gate,
    pub(super) named: HashSet<PathBuf>,
    pub(super) sources: ModuleUsers<'a>,
    pub(super) compiler: Option<GoBuild<'a>>,
    pub(super) log: Mutex<Log>,
}

impl Workers<'_> {
    fn log(&self, note: impl FnOnce(&mut Log)) {
        note(&mut self.log.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The directories in which some file holds a literal of the suite, the largest first, so that no worker is
    /// left alone with one at the end.
    pub(super) fn candidates(&self, pool: &rayon::ThreadPool) -> Vec<&Directory> {
        use rayon::prelude::*;
        let directories = &self.session.discovery.directories;
        let probed = || {
            directories
                .par_iter()
                .filter_map(|directory| Some((self.probe(directory)?, directory)))
        };
        let mut due: Vec<(usize, &Directory)> = pool.install(|| probed().collect());
        due.sort_by_key(|(bytes, directory)| (std::cmp::Reverse(*bytes), &directory.dir));
        due.into_iter().map(|(_, directory)| directory).collect()
    }

    /// The size of a directory worth looking at.
    fn probe(&self, directory: &Directory) -> Option<usize> {
        let mut size = 0;
        let mut is_due = false;
        for path in &directory.files {
            let bytes = self.read(path);
            size += bytes.len();
            is_due |= self.named.contains(path) || self.needles.passes(&bytes);
        }
        self.log(|log| log.seen += directory.files.len());
        is_due.then_some(size)
    }

    /// The bytes of a file; none, with a note, where it is not to be read.
    fn read(&self, path: &Path) -> Vec<u8> {
        let text = self.session.text(path, MAX_SOURCE_BYTES);
        text.unwrap_or_else(|unread| {
            let shown = self.session.discovery.shown(path);
            self.log(|log| {
                let is_lost = matches!(unread, Unread::Unreadable(_) | Unread::Special);
                log.is_incomplete |= is_lost;
                if is_lost || self.named.contains(path) {
                    let message = unread.to_string();
                    log.diagnostics.push(Diagnostic {
                        path: shown.clone(),
                        message,
                    });
                }
                log.skipped.push(Skip {
                    path: shown,
                    reason: unread.reason(),
                });
            });
            Vec::new()
        })
    }

    /// Every package of the directory. Whatever goes wrong inside stays inside.
    pub(super) fn check<R>(
        &self,
        directory: &Directory,
        work: &(impl Fn(Analysis, &Engine<'_>) -> R + Sync),
    ) -> Vec<Placed<R>> {
        let mut results = Vec::new();
        for (name, files) in self.open(directory) {
            let checked = catch_unwind(AssertUnwindSafe(|| self.analyze(directory, files, work)));
            match checked {
                Ok(result) => results.push(((directory.dir.clone(), name), result)),
                Err(panic) => self.report_panic(directory, &*panic),
            }
        }
        results
    }

    /// The files of the directory by package clause.
    fn open(&self, directory: &Directory) -> BTreeMap<String, Vec<SourceFile>> {
        let siblings = directory.neighbours.iter().filter(|path| {
            self.job.walk.tests || !path.as_os_str().as_encoded_bytes().ends_with(b"_test.go")
        });
        let mut paths: Vec<&PathBuf> = directory.files.iter().chain(siblings).collect();
        paths.sort();
        let mut packages: BTreeMap<String, Vec<SourceFile>> = BTreeMap::new();
        for path in paths {
            // What could not be read was noted when the directory was probed.
            let Ok(bytes) = self.session.text(path, MAX_SOURCE_BYTES) else {
                continue;
            };
            let file = SourceFile::new(self.session.discovery.shown(path), bytes);
            packages.entry(file.package.clone()).or_default().push(file);
        }
        packages
    }

    fn analyze<R>(
        &self,
        directory: &Directory,
        files: Vec<SourceFile>,
        work: &impl Fn(Analysis, &Engine<'_>) -> R,
    ) -> R {
        let discovery = &self.session.discovery;
        let module = self.session.module_of(&directory.path);
        let home = discovery.home(&directory.path);
        let mut package = Package::new(directory.dir.clone(), module, files).at_home(home);
        if let Some(program) = self.session.program_around(&directory.path) {
            package = package.within(program);
        }
        let mut searched: HashMap<String, &PathBuf> = HashMap::new();
        searched.extend(directory.files.iter().map(|path| (discovery.shown(path), path)));
        for (at, file) in package.files.iter().enumerate() {
            match searched.get(&file.path) {
                Some(path) if self.named.contains(*path) => parse_whole(file),
                Some(_) => {}
                None => {
                    package.context.insert(FileId(at));
                }
            }
        }
        let engine = self.job.engine(&self.sources, self.compiler.as_ref());
        limits::taken();
        let analysis = analyze(package, &engine);
        let mut cuts = limits::taken();
        let mut unknown = unknown_versions(&analysis.package);
        self.log(|log| log.unknown_versions.append(&mut unknown));
        let files = analysis
            .package
            .files
            .iter()
            .filter(|file| searched.contains_key(&file.path));
        let unresolved = analysis.package.unresolved_imports();
        self.log(|log| {
            files.for_each(|file| log.file(file));
            log.unresolved.extend(unresolved);
        });
        let result = work(analysis, &engine);
        // Repairs are looked at like the code was before: what ended then is counted already.
        let mut later = limits::taken();
        later.retain(|cut| cuts.iter().all(|known| !known.is_like(cut)));
        cuts.append(&mut later);
        self.log(|log| log.cuts.append(&mut cuts));
        result
    }

    fn report_panic(&self, directory: &Directory, panic: &(dyn std::any::Any + Send)) {
        let failure = panics::left_out(directory.dir.clone(), panic);
        self.log(|log| {
            log.is_incomplete = true;
            log.diagnostics.push(failure);
        });
    }
}

/// Looks at every declaration of a file, so that [`SourceFile::syntax_error`] speaks of all of it.
fn parse_whole(file: &SourceFile) {
    for decl in &file.decls {
        file.tree(decl);
    }
}
