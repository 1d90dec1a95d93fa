//! Who decides what becomes of a proposal, and in which words.

use super::Analysis;
use crate::transform::{Fix, Proposal};

/// What becomes of one open proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Repair it so: one of its fixes.
    Apply(Fix),
    /// Change it so, as a person wrote it: it goes before every other fix, and nobody asks whether the leak is gone.
    Edited(Fix),
    /// Write the comment that suppresses it: [`super::suppress`] makes the fix.
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
