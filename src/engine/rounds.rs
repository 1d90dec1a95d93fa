//! One package from its first analysis to verified bytes, round after round.

use super::plan::Change;
use super::run::Run;
use super::{Analysis, Choose, Engine};
use crate::transform::Outcome;

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

/// Repairs what `chooser` decides to repair within the package; what reaches out of it is left to [`super::CrossPackageRepair`], so
/// that packages can be repaired beside each other. Each round ends with fewer findings than it began with, since
/// the gate lets no new one through: so the rounds end, and the last one proves that a second run changes nothing.
pub fn repair(analysis: Analysis, engine: &Engine<'_>, chooser: &mut dyn Choose) -> Repaired {
    rounds(Run::new(analysis, engine), chooser)
}

pub(super) fn rounds(mut run: Run<'_>, chooser: &mut dyn Choose) -> Repaired {
    for _ in 0..MAX_ROUNDS {
        let batch = run.choose(chooser);
        if batch.is_empty() {
            break;
        }
        run.apply(&batch);
    }
    run.finish()
}
