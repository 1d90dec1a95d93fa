//! The outer story of one run: discover, read, gate, group into packages, and hand each to a worker. A package
//! lives in memory only while its worker has it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};

use crate::config::Config;
use crate::engine::{Analysis, Compiler, Engine, Formatter, analyze};
use crate::go::{FileId, Package, SourceFile};
use crate::limits::{self, Cut};
use crate::transform::{Sources, Suite};
use crate::workspace::{
    Diagnostic, Directory, Discovery, Gate, GoBuild, GoToolchain, Overlay, Session, Skip, SkipReason, Unread,
    WalkOptions,
};

mod panics;
mod report;
mod retold;
mod sequence;
mod turns;
mod users;
mod write;

pub use panics::{silence_panics, told};
pub use report::{in_order, reported};
pub use sequence::Follower;
use sequence::{Placed, Sequence};
pub use turns::Stage;
pub use users::ModuleUsers;
pub use write::{Paths, Unwritten};

/// Go sources are smaller; what is larger was not written by a person.
pub const MAX_FILE_BYTES: u64 = 1 << 20;

/// The stack of a thread that looks at code. Walks that call themselves are bounded by what they may spend and by how
/// deep code may be nested; this is many times what they need, and memory is only taken where it is used.
pub const STACK: usize = 64 << 20;

/// What to run, and on what.
pub struct Job<'a> {
    pub suite: &'a Suite,
    pub config: &'a Config,
    pub formatter: Option<&'a dyn Formatter>,
    /// Compiles what is to be written, where that is wanted.
    pub toolchain: Option<&'a GoToolchain>,
    pub paths: &'a [PathBuf],
    /// The folder that the paths of the report are relative to; none takes what is scanned.
    pub base: Option<&'a Path>,
    pub walk: WalkOptions,
    /// What stands for files on disk: how they were at another time.
    pub overlay: Overlay,
    /// Set from outside to end the run early.
    pub stop: &'a AtomicBool,
}

/// What a run saw, with what its workers made of each package.
pub struct Survey<R> {
    /// What it looked at.
    pub session: Session,
    /// In the order of folders and package names.
    pub results: Vec<R>,
    /// About input that could not be used, and about our own failures; sorted.
    pub diagnostics: Vec<Diagnostic>,
    pub skipped: Vec<Skip>,
    /// Searches that ended at a bound, without an answer; sorted.
    pub cuts: Vec<Cut>,
    pub files_seen: usize,
    pub files_parsed: usize,
    /// Something could not be read or went wrong inside: the result is not the whole truth.
    pub is_incomplete: bool,
}

impl<R> Survey<R> {
    /// The same run with something else made of its packages.
    pub fn with_results<S>(self, results: Vec<S>) -> Survey<S> {
        Survey {
            results,
            session: self.session,
            diagnostics: self.diagnostics,
            skipped: self.skipped,
            cuts: self.cuts,
            files_seen: self.files_seen,
            files_parsed: self.files_parsed,
            is_incomplete: self.is_incomplete,
        }
    }
}

impl Job<'_> {
    /// Runs `work` on each package that has anything of interest, on all threads, the largest first.
    pub fn run<R: Send>(&self, work: impl Fn(Analysis, &Engine<'_>) -> R + Sync) -> Result<Survey<R>> {
        self.run_followed(work, None)
    }

    /// The same, folder after folder where somebody follows.
    pub fn run_followed<R: Send>(
        &self,
        work: impl Fn(Analysis, &Engine<'_>) -> R + Sync,
        follower: Option<&Follower<'_, R>>,
    ) -> Result<Survey<R>> {
        let mut session = self.open()?;
        let named = self.named_files();
        if !self.config.exclude.is_empty() {
            let is_excluded = |path: &str| self.config.excludes(path);
            session.discovery.leave_out(is_excluded, &named);
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.walk.threads)
            .stack_size(STACK)
            .build()
            .context("cannot start worker threads")?;
        let crew = Crew {
            job: self,
            needles: Gate::new(self.needles()),
            named,
            sources: ModuleUsers::new(&session),
            compiler: self.compiler(&session.discovery),
            session: &session,
            log: Mutex::default(),
        };
        let mut due = crew.candidates(&pool);
        if follower.is_some() {
            due.sort_by_key(|directory| &directory.dir);
        }
        let next = AtomicUsize::new(0);
        let sequence = Sequence::new(&session, follower);
        pool.broadcast(|_| {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(directory) = due.get(at) else { return };
                if self.stop.load(Ordering::Relaxed) {
                    return;
                }
                sequence.take(at, crew.check(directory, &work));
            }
        });
        let results = sequence.into_results();
        let Crew { log, .. } = crew;
        let mut log = log.into_inner().unwrap_or_else(PoisonError::into_inner);
        log.unusable(session.unusable());
        Ok(log.into_survey(session, results))
    }

    /// The state of the trees that the run looks at.
    fn open(&self) -> Result<Session> {
        Session::open(self.paths, self.base, self.walk, self.overlay.clone())
    }

    /// The judge of builds below the root of a discovery.
    pub fn compiler(&self, discovery: &Discovery) -> Option<GoBuild<'_>> {
        self.toolchain.map(|toolchain| toolchain.under(&discovery.root))
    }

    /// The engine for packages of this run.
    pub fn engine<'e>(&'e self, sources: &'e dyn Sources, compiler: Option<&'e GoBuild<'e>>) -> Engine<'e> {
        Engine {
            suite: self.suite,
            config: self.config,
            sources,
            formatter: self.formatter,
            compiler: compiler.map(|compiler| compiler as &dyn Compiler),
        }
    }

    fn needles(&self) -> Vec<String> {
        let transforms = self.suite.iter();
        transforms
            .flat_map(|transform| transform.needles(self.config))
            .collect()
    }

    /// Files given by name, which are checked whatever they hold.
    fn named_files(&self) -> HashSet<PathBuf> {
        let canonical = self.paths.iter().filter_map(|path| path.canonicalize().ok());
        canonical.filter(|path| path.is_file()).collect()
    }
}

/// What the workers share.
struct Crew<'a> {
    job: &'a Job<'a>,
    session: &'a Session,
    needles: Gate,
    named: HashSet<PathBuf>,
    sources: ModuleUsers<'a>,
    compiler: Option<GoBuild<'a>>,
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    diagnostics: Vec<Diagnostic>,
    skipped: Vec<Skip>,
    cuts: Vec<Cut>,
    seen: usize,
    parsed: usize,
    is_incomplete: bool,
}

impl Log {
    /// Notes files beside the sources without which the result is not the whole truth.
    fn unusable(&mut self, mut told: Vec<Diagnostic>) {
        self.is_incomplete |= !told.is_empty();
        self.diagnostics.append(&mut told);
    }

    fn into_survey<R>(mut self, mut session: Session, mut results: Vec<Placed<R>>) -> Survey<R> {
        results.sort_by(|(a, _), (b, _)| a.cmp(b));
        let discovery = &mut session.discovery;
        let is_incomplete = self.is_incomplete || !discovery.problems.is_empty();
        self.diagnostics.append(&mut discovery.problems);
        self.skipped.append(&mut discovery.skipped);
        self.diagnostics.sort();
        self.diagnostics.dedup();
        self.skipped.sort();
        self.cuts.sort();
        Survey {
            results: results.into_iter().map(|(_, result)| result).collect(),
            diagnostics: self.diagnostics,
            skipped: self.skipped,
            cuts: self.cuts,
            files_seen: self.seen,
            files_parsed: self.parsed,
            is_incomplete,
            session,
        }
    }
}

impl Crew<'_> {
    fn log(&self, note: impl FnOnce(&mut Log)) {
        note(&mut self.log.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The directories in which some file holds a literal of the suite, the largest first, so that no worker is
    /// left alone with one at the end.
    fn candidates(&self, pool: &rayon::ThreadPool) -> Vec<&Directory> {
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
        let text = self.session.text(path, MAX_FILE_BYTES);
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
    fn check<R>(
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
            let Ok(bytes) = self.session.text(path, MAX_FILE_BYTES) else {
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
        let files = analysis
            .package
            .files
            .iter()
            .filter(|file| searched.contains_key(&file.path));
        self.log(|log| files.for_each(|file| log.file(file)));
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

impl Log {
    /// Counts a file of a package that was looked at.
    fn file(&mut self, file: &Arc<SourceFile>) {
        let path = file.path.clone();
        self.parsed += 1;
        if file.is_generated() {
            self.skipped.push(Skip {
                path,
                reason: SkipReason::Generated,
            });
        } else if let Some(at) = file.syntax_error() {
            let line = |at: usize| file.lines().position(at).line;
            let message = match file.too_deep() {
                Some(at) => format!(
                    "nested too deep at line {}; the declaration around it was left out",
                    line(at)
                ),
                None => format!(
                    "syntax error at line {}; what follows it may have been left out",
                    line(at)
                ),
            };
            self.skipped.push(Skip {
                path: path.clone(),
                reason: SkipReason::Unparsable,
            });
            self.diagnostics.push(Diagnostic { path, message });
        }
    }
}

/// Looks at every declaration of a file, so that [`SourceFile::syntax_error`] speaks of all of it.
fn parse_whole(file: &SourceFile) {
    for decl in &file.decls {
        file.tree(decl);
    }
}
