//! The inner story, for one package: analyze, let someone choose, plan, verify, and again until nothing is left
//! to do. Knows no transform by name and touches no file, process or terminal: sources and judges are handed in.

use crate::config::Config;
use crate::engine::plan::Change;
use crate::engine::verify::{Compiler, Formatter};
use crate::transform::{Fix, Outcome, Proposal, Sources, Suite};

mod analysis;
mod fingerprint;
mod joint;
pub mod plan;
mod policy;
mod run;
mod suppression;
pub mod verify;

pub use analysis::{Analysis, analyze};
pub use joint::Joint;
pub use policy::{Automatic, Decided, allowed_fixes};
use run::Run;
pub use suppression::{Suppression, suppress};

/// What the engine works with.
pub struct Engine<'a> {
    pub suite: &'a Suite,
    pub config: &'a Config,
    pub sources: &'a dyn Sources,
    /// Absent where Go is: then the parser alone judges the result.
    pub formatter: Option<&'a dyn Formatter>,
    /// Present where a person wants the result compiled before it is written.
    pub compiler: Option<&'a dyn Compiler>,
}

/// What becomes of one open proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Repair it so: one of its fixes.
    Apply(Fix),
    /// Change it so, as a person wrote it: it goes before every other fix, and nobody asks whether the leak is gone.
    Edited(Fix),
    /// Write the comment that suppresses it: [`suppress`] makes the fix.
    Suppress(Fix),
    /// Leave it, and say why.
    Decline(String),
    /// Leave it to a later run.
    Later,
}

/// What is to be decided in one round: every proposal that has a fix and is not settled yet.
pub struct Round<'a> {
    pub analysis: &'a Analysis,
    /// Sorted by path, start and rule. What was deferred in an earlier round comes again, with its fix made anew
    /// on the new source and its fingerprint kept.
    pub open: Vec<&'a Proposal>,
}

/// Who decides: a policy, or a person.
pub trait Choose {
    /// One decision for each open proposal, in the same order. What is left out counts as [`Decision::Later`].
    fn choose(&mut self, round: &Round<'_>) -> Vec<Decision>;
}

/// How a finding ended, and what there is to say about it: the title of the fix that was applied, why it was
/// declined, on which rung it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    pub outcome: Outcome,
    pub note: Option<String>,
    /// Where the leak may still happen although it counts as fixed.
    pub remains: Vec<String>,
}

/// A package after its last round.
pub struct Repaired {
    /// As first seen, before any change.
    pub analysis: Analysis,
    /// Parallel to `analysis.proposals`.
    pub endings: Vec<Ending>,
    /// In the order of their paths.
    pub changes: Vec<Change>,
}

/// Enough for fixes that overlap others; a file that needs more gets the rest in the next run.
const MAX_ROUNDS: usize = 8;

/// Repairs what `chooser` decides to repair within the package; what reaches out of it is left to [`Joint`], so
/// that packages can be repaired beside each other. Each round ends with fewer findings than it began with, since
/// the gate lets no new one through: so the rounds end, and the last one proves that a second run changes nothing.
pub fn repair(analysis: Analysis, engine: &Engine<'_>, chooser: &mut dyn Choose) -> Repaired {
    rounds(Run::new(analysis, engine), chooser)
}

fn rounds(mut run: Run<'_>, chooser: &mut dyn Choose) -> Repaired {
    for _ in 0..MAX_ROUNDS {
        let batch = run.choose(chooser);
        if batch.is_empty() {
            break;
        }
        run.apply(&batch);
    }
    run.finish()
}
