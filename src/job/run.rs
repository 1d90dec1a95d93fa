//! The run: from paths to packages, each handed to a worker.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};

use super::STACK;
use super::run_result::RunResult;
use super::sequence::{Follower, Sequence};
use super::users::ModuleUsers;
use super::workers::Workers;
use crate::config::Config;
use crate::engine::{Analysis, Compiler, Engine, Formatter};
use crate::transform::{Sources, Suite};
use crate::workspace::{Discovery, Gate, GoBuild, GoToolchain, Overlay, Session, WalkOptions};

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

impl Job<'_> {
    /// Runs `work` on each package that has anything of interest, on all threads, the largest first.
    pub fn run<R: Send>(&self, work: impl Fn(Analysis, &Engine<'_>) -> R + Sync) -> Result<RunResult<R>> {
        self.run_followed(work, None)
    }

    /// The same, folder after folder where somebody follows.
    pub fn run_followed<R: Send>(
        &self,
        work: impl Fn(Analysis, &Engine<'_>) -> R + Sync,
        follower: Option<&Follower<'_, R>>,
    ) -> Result<RunResult<R>> {
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
        let crew = Workers {
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
        let Workers { log, .. } = crew;
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
