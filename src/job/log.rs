//! What workers note beside their results.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::run_result::RunResult;
use super::sequence::Placed;
use crate::frameworks::{UnknownVersion, told_once};
use crate::go::SourceFile;
use crate::limits::Cut;
use crate::workspace::{Diagnostic, Session, Skip, SkipReason};

#[derive(Default)]
pub(super) struct Log {
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) skipped: Vec<Skip>,
    pub(super) cuts: Vec<Cut>,
    pub(super) unknown_versions: Vec<UnknownVersion>,
    pub(super) unresolved: BTreeSet<String>,
    pub(super) seen: usize,
    pub(super) parsed: usize,
    pub(super) is_incomplete: bool,
}

impl Log {
    /// Notes files beside the sources without which the result is not the whole truth.
    pub(super) fn unusable(&mut self, mut told: Vec<Diagnostic>) {
        self.is_incomplete |= !told.is_empty();
        self.diagnostics.append(&mut told);
    }

    pub(super) fn into_survey<R>(
        mut self,
        mut session: Session,
        mut results: Vec<Placed<R>>,
    ) -> RunResult<R> {
        results.sort_by(|(a, _), (b, _)| a.cmp(b));
        let discovery = &mut session.discovery;
        let is_incomplete = self.is_incomplete || !discovery.problems.is_empty();
        self.diagnostics.append(&mut discovery.problems);
        self.skipped.append(&mut discovery.skipped);
        self.diagnostics.sort();
        self.diagnostics.dedup();
        self.skipped.sort();
        self.cuts.sort();
        RunResult {
            results: results.into_iter().map(|(_, result)| result).collect(),
            diagnostics: self.diagnostics,
            skipped: self.skipped,
            cuts: self.cuts,
            unknown_versions: told_once(self.unknown_versions),
            unresolved: self.unresolved,
            files_seen: self.seen,
            files_parsed: self.parsed,
            is_incomplete,
            session,
        }
    }
}

impl Log {
    /// Counts a file of a package that was looked at.
    pub(super) fn file(&mut self, file: &Arc<SourceFile>) {
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
