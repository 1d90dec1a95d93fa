//! From what the workers found to the document that is reported.

use super::Survey;
use crate::pipeline::{Analysis, Ending};
use crate::report::{Accepted, Files, Report, ReportedFinding};

/// The findings of a package, those that a comment accepts too. `endings` say how each ended, where a repair
/// was tried.
pub fn reported(analysis: &Analysis, endings: Option<&[Ending]>) -> Vec<ReportedFinding> {
    let package = &analysis.package;
    let open = analysis.proposals.iter().enumerate().map(|(at, proposal)| {
        let ending = endings.and_then(|endings| endings.get(at));
        ReportedFinding::new(package, proposal, ending)
    });
    let suppressed = analysis.suppressed.iter().map(|(proposal, suppression)| {
        let finding = ReportedFinding::new(package, proposal, None);
        finding.suppressed(Accepted::Comment, suppression.reason.clone())
    });
    open.chain(suppressed).collect()
}

impl<R> Survey<R> {
    /// The document of the whole run.
    pub fn report(&self, findings: Vec<ReportedFinding>) -> Report {
        let files = Files {
            seen: self.files_seen,
            parsed: self.files_parsed,
            skipped: self.skipped.clone(),
        };
        let mut report = Report::new(findings, self.diagnostics.clone(), files);
        report.cuts.clone_from(&self.cuts);
        report.is_incomplete = self.is_incomplete;
        report
    }
}
