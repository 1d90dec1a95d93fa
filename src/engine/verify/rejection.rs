//! What the checks are given, and what they answer when they refuse.

use std::fmt;

use crate::transform::{Fix, Outcome};

/// A step of the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The edits lie in their files.
    Edits,
    /// No syntax error that was not there before.
    Syntax,
    /// gofmt reads the result.
    Gofmt,
    /// The built-in checker has nothing new to say against it.
    Checker,
    /// The finding is gone and no new one appeared.
    Recheck,
    /// Go compiles and vets the result.
    Build,
}

/// The first rung that failed, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    pub rung: Check,
    pub evidence: String,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.evidence)
    }
}

/// A fix that was decided on, for one proposal of an analysis.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// Its place in [`crate::engine::Analysis::proposals`].
    pub proposal: usize,
    pub fix: Fix,
    /// How the finding ends when the fix is accepted: fixed, or suppressed by a comment.
    pub outcome: Outcome,
    /// A person wrote it: then the finding may stay, for they know what they did.
    pub by_hand: bool,
}
