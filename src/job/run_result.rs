//! What a run saw.

use std::collections::BTreeSet;

use crate::frameworks::UnknownVersion;
use crate::limits::Cut;
use crate::workspace::{Diagnostic, Session, Skip};

/// What a run saw, with what its workers made of each package.
pub struct RunResult<R> {
    /// What it looked at.
    pub session: Session,
    /// In the order of folders and package names.
    pub results: Vec<R>,
    /// About input that could not be used, and about our own failures; sorted.
    pub diagnostics: Vec<Diagnostic>,
    pub skipped: Vec<Skip>,
    /// Searches that ended at a bound, without an answer; sorted.
    pub cuts: Vec<Cut>,
    /// Versions of frameworks that were met without rows; sorted, each once.
    pub unknown_versions: Vec<UnknownVersion>,
    /// Imported packages that were asked for and of which nothing is known: neither their source nor by the facts.
    pub unresolved: BTreeSet<String>,
    pub files_seen: usize,
    pub files_parsed: usize,
    /// Something could not be read or went wrong inside: the result is not the whole truth.
    pub is_incomplete: bool,
}

impl<R> RunResult<R> {
    /// The same run with something else made of its packages.
    pub fn with_results<S>(self, results: Vec<S>) -> RunResult<S> {
        RunResult {
            results,
            session: self.session,
            diagnostics: self.diagnostics,
            skipped: self.skipped,
            cuts: self.cuts,
            unknown_versions: self.unknown_versions,
            unresolved: self.unresolved,
            files_seen: self.files_seen,
            files_parsed: self.files_parsed,
            is_incomplete: self.is_incomplete,
        }
    }
}
