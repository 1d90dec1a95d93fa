//! Packages that cannot be repaired beside each other: those whose repairs reach into others have their turn when
//! all others are done.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

use super::panics::left_out;
use super::run::Job;
use super::run_result::RunResult;
use super::users::ModuleUsers;
use crate::engine::plan::Change;
use crate::engine::{Analysis, CrossPackageRepair, Engine, Repaired};

/// A package after the first turn.
pub enum Stage<R> {
    Done(R, Vec<Change>),
    Waiting(Box<Analysis>),
}

impl<R> Stage<R> {
    /// What the first turn makes of a package: it is repaired, unless its repairs reach into others.
    pub fn of(
        analysis: Analysis,
        repair: impl FnOnce(Analysis) -> Repaired,
        keep: impl FnOnce(&Repaired) -> R,
    ) -> Self {
        if analysis.reaches_out() {
            return Stage::Waiting(Box::new(analysis));
        }
        let repaired = repair(analysis);
        Stage::Done(keep(&repaired), repaired.changes)
    }
}

impl Job<'_> {
    /// The second turn: one waiting package after the other. Comes with all changes of the run, in groups that stand
    /// and fall together.
    pub fn second_turn<R>(
        &self,
        mut survey: RunResult<Stage<R>>,
        mut repair: impl FnMut(usize, Analysis, &Engine<'_>, &mut CrossPackageRepair) -> R,
    ) -> (RunResult<R>, Vec<Vec<Change>>) {
        let mut joint = CrossPackageRepair::default();
        let (mut results, mut waiting) = (Vec::new(), Vec::new());
        for (at, stage) in mem::take(&mut survey.results).into_iter().enumerate() {
            match stage {
                Stage::Done(result, changes) => {
                    joint.take(changes);
                    results.push(Some(result));
                }
                Stage::Waiting(analysis) => {
                    waiting.push((at, analysis));
                    results.push(None);
                }
            }
        }
        waiting.sort_by_key(|(_, analysis)| analysis.reaches_out());
        let sources = ModuleUsers::new(&survey.session);
        let compiler = self.compiler(&survey.session.discovery);
        let engine = self.engine(&sources, compiler.as_ref());
        let mut failures = Vec::new();
        for (at, analysis) in waiting {
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            let dir = analysis.package.dir.clone();
            let repaired = catch_unwind(AssertUnwindSafe(|| repair(at, *analysis, &engine, &mut joint)));
            match repaired {
                Ok(result) => results[at] = Some(result),
                Err(panic) => failures.push(left_out(dir, &*panic)),
            }
        }
        survey.is_incomplete |= !failures.is_empty();
        survey.diagnostics.append(&mut failures);
        survey.diagnostics.sort();
        let results = results.into_iter().flatten().collect();
        (survey.with_results(results), joint.into_groups())
    }
}
