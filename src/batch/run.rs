//! The plan of a campaign: each repository fetched, looked at, repaired and checked on this machine, some at a time.
//! Nothing leaves it.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::cache::{Cache, Clone, OPT_OUT};
use super::campaign::{Campaign, Terms, unit_folder};
use super::commits::Commits;
use super::describe::describe;
use super::git::Git;
use super::ledger::{Entry, Ledger, Turn};
use super::process::{Finished, Unfinished, Watch};
use super::state::State;
use super::trouble::Trouble;
use super::unit::Unit;
use super::worker::Assignment;
use crate::transform::Outcome;

/// How a run uses the machine. No part of the campaign's identity: the result is the same.
pub struct Limits {
    /// For each repository, from fetch to patch.
    pub timeout: Duration,
    /// In bytes, for the repair of each repository.
    pub memory: Option<u64>,
    /// Repositories at a time.
    pub jobs: usize,
    /// Threads for each.
    pub threads: usize,
}

/// What a run works with.
pub struct Runner<'a> {
    pub limits: Limits,
    pub cache: Cache,
    /// This program, to start workers with.
    pub program: &'a [PathBuf],
    pub stop: &'a AtomicBool,
    /// Told after each repository.
    pub progress: &'a (dyn Fn(&Entry, &Turn) + Sync),
}

impl Runner<'_> {
    /// Gives every pending repository its turn.
    pub fn run(&self, campaign: &mut Campaign) -> Result<()> {
        campaign.ledger.recover()?;
        let workshop = campaign.workshop()?;
        let entries = campaign.ledger.entries()?;
        let pending = entries.into_iter().filter(|entry| entry.state == State::Pending);
        let crew = Crew {
            runner: self,
            folder: &campaign.folder,
            terms: &campaign.terms,
            workshop: &workshop,
            queue: Mutex::new(pending.collect()),
            ledger: Mutex::new(&mut campaign.ledger),
            failure: Mutex::new(None),
        };
        std::thread::scope(|scope| {
            for _ in 0..self.limits.jobs.max(1) {
                scope.spawn(|| crew.work());
            }
        });
        let failure = crew.failure.into_inner().unwrap_or_else(PoisonError::into_inner);
        let _ = fs::remove_dir_all(&workshop);
        failure.map_or(Ok(()), Err)
    }
}

/// What the threads of a run share.
struct Crew<'a> {
    runner: &'a Runner<'a>,
    folder: &'a Path,
    terms: &'a Terms,
    workshop: &'a Path,
    queue: Mutex<VecDeque<Entry>>,
    ledger: Mutex<&'a mut Ledger>,
    /// Why this machine cannot go on; no repository's fault.
    failure: Mutex<Option<anyhow::Error>>,
}

impl Crew<'_> {
    fn work(&self) {
        while let Some(entry) = self.next() {
            let turn = match self.turn(&entry) {
                Ok(turn) => turn,
                // It stays in the ledger as running, and is pending again when the campaign goes on.
                Err(Trouble::Interrupted) => return,
                Err(Trouble::Retryable(message)) => failed(State::Retryable, message),
                Err(Trouble::Permanent(message)) => failed(State::Failed, message),
            };
            if !matches!(turn.state, State::Repaired | State::Clean) {
                let _ = fs::remove_dir_all(unit_folder(self.folder, &entry.key));
            }
            if self.note(|ledger| ledger.finish(&entry.key, &turn)) {
                (self.runner.progress)(&entry, &turn);
            }
        }
    }

    fn next(&self) -> Option<Entry> {
        if self.runner.stop.load(std::sync::atomic::Ordering::Relaxed) {
            return None;
        }
        let entry = self
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()?;
        self.note(|ledger| ledger.begin(&entry.key)).then_some(entry)
    }

    /// Writes to the ledger. Where that fails the run ends: what is not written down did not happen.
    fn note(&self, write: impl FnOnce(&mut Ledger) -> Result<()>) -> bool {
        let written = write(&mut self.ledger.lock().unwrap_or_else(PoisonError::into_inner));
        let is_written = written.is_ok();
        if let Err(error) = written {
            self.queue.lock().unwrap_or_else(PoisonError::into_inner).clear();
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
        is_written
    }

    fn turn(&self, entry: &Entry) -> Result<Turn, Trouble> {
        if entry.opt_out {
            return Ok(opted_out("the manifest says so", String::new()));
        }
        let watch = Watch {
            deadline: Instant::now() + self.runner.limits.timeout,
            stop: self.runner.stop,
        };
        let git = Git { watch };
        let clone = self.runner.cache.open(&entry.key, &entry.remote, git)?;
        match self.treat(entry, &clone, &watch) {
            // The repository is not to blame for our clone.
            Err(Trouble::Permanent(_)) if clone.renew()? => self.treat(entry, &clone, &watch),
            turn => turn,
        }
    }

    fn treat(&self, entry: &Entry, clone: &Clone<'_>, watch: &Watch<'_>) -> Result<Turn, Trouble> {
        let commit = clone.fetch(entry.reference.as_deref())?;
        let contents = clone.contents(&commit)?;
        if contents.is_opted_out {
            return Ok(opted_out(&format!("it has a file {OPT_OUT}"), commit));
        }
        let bench = tempfile::Builder::new()
            .prefix(&entry.key)
            .tempdir_in(self.workshop);
        let bench = bench.context("cannot make a temporary folder")?;
        let (worktree, staging) = (bench.path().join("tree"), bench.path().join("staging"));
        clone.check_out(&commit, &contents, &worktree)?;
        fs::create_dir(&staging).context("cannot make a temporary folder")?;
        self.repair(entry, &commit, &worktree, &staging, watch)?;
        let unit = Unit::read(&staging)?;
        if !unit.commits.is_empty() {
            let commits = Commits {
                clone,
                unit: &unit,
                folder: &staging,
                index: &bench.path().join("index"),
            };
            commits.check()?;
        }
        self.keep(entry, &unit, &staging)?;
        Ok(turn_of(&unit))
    }

    fn repair(
        &self,
        entry: &Entry,
        commit: &str,
        worktree: &Path,
        staging: &Path,
        watch: &Watch<'_>,
    ) -> Result<(), Trouble> {
        let assignment = Assignment {
            worktree: worktree.to_owned(),
            staging: staging.to_owned(),
            repository: entry.name.clone(),
            reference: entry.reference.clone(),
            subdirs: entry.subdirs.clone(),
            commit: commit.to_owned(),
            repairs: self.terms.repairs.clone(),
            threads: self.runner.limits.threads,
            memory: self.runner.limits.memory,
        };
        let input = serde_json::to_vec(&assignment).map_err(|error| Trouble::permanent(error.to_string()))?;
        let ended = watch.run(&mut self.worker(worktree), &input, &|| true);
        match ended {
            Ok(finished) if finished.status.success() => Ok(()),
            Ok(finished) => Err(broken(&finished)),
            Err(Unfinished::Interrupted) => Err(Trouble::Interrupted),
            Err(Unfinished::Unstartable(error)) => {
                Err(Trouble::permanent(format!("cannot start the repair: {error}")))
            }
            Err(Unfinished::TimedOut | Unfinished::TooLarge) => {
                Err(Trouble::retryable("cannot repair it: the time limit was reached"))
            }
        }
    }

    /// Ourselves, without the variables of the machine: tokens are none of a worker's business.
    fn worker(&self, worktree: &Path) -> Command {
        const PASSED: [&str; 12] = [
            "PATH",
            "HOME",
            "GOROOT",
            "GOPATH",
            "GOMODCACHE",
            "TMPDIR",
            "TEMP",
            "TMP",
            "SystemRoot",
            "USERPROFILE",
            "LOCALAPPDATA",
            "RUST_BACKTRACE",
        ];
        let (program, arguments) = self.runner.program.split_first().map_or_else(
            || (Path::new("unleak"), &[][..]),
            |(program, arguments)| (program.as_path(), arguments),
        );
        let mut command = Command::new(program);
        command.args(arguments).current_dir(worktree).env_clear();
        for name in PASSED {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }

    /// Puts the artifacts in their place. Killed in between, the turn is repeated and makes the same.
    fn keep(&self, entry: &Entry, unit: &Unit, staging: &Path) -> Result<()> {
        if !unit.commits.is_empty() {
            fs::write(staging.join("change.md"), describe(unit, self.terms)?)?;
        }
        let folder = unit_folder(self.folder, &entry.key);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(folder.parent().unwrap_or(&folder))?;
        fs::rename(staging, &folder).with_context(|| format!("cannot write {}", folder.display()))
    }
}

fn turn_of(unit: &Unit) -> Turn {
    Turn {
        state: match unit.commits.is_empty() {
            true => State::Clean,
            false => State::Repaired,
        },
        message: String::new(),
        base: unit.commit.clone(),
        findings: number(unit.found()),
        fixed: number(unit.count(Outcome::Fixed)),
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn opted_out(why: &str, base: String) -> Turn {
    Turn {
        state: State::OptedOut,
        message: why.to_owned(),
        base,
        findings: 0,
        fixed: 0,
    }
}

fn failed(state: State, message: String) -> Turn {
    Turn {
        state,
        message,
        base: String::new(),
        findings: 0,
        fixed: 0,
    }
}

/// What a process says that reached its limit: an allocation, the stack of a thread, or the room that unwinding a
/// panic wants was refused.
const MEMORY_SIGNS: [&str; 4] = [
    "memory allocation of",
    "failed to initiate panic",
    "Cannot allocate memory",
    "Resource temporarily unavailable",
];

/// Why a worker ended badly.
fn broken(finished: &Finished) -> Trouble {
    let last = finished.stderr.lines().rfind(|line| !line.trim().is_empty());
    let said = last.unwrap_or("it gave no reason").trim_start_matches("error: ");
    if MEMORY_SIGNS.iter().any(|sign| finished.stderr.contains(sign)) {
        return Trouble::permanent("cannot repair it: it needs more memory than the limit (--memory)");
    }
    match finished.status.code() {
        Some(_) => Trouble::permanent(format!("cannot repair it: {said}")),
        // From outside, as by the system when memory is short.
        None if finished.stderr.is_empty() => Trouble::retryable("cannot repair it: its process was killed"),
        None => Trouble::permanent(format!(
            "internal error, the repair crashed: {said}; please report it"
        )),
    }
}
