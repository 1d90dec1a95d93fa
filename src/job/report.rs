//! From what the workers found to the document that is reported.

use super::retold::Retold;
use super::run_result::RunResult;
use crate::engine::{Analysis, Ending};
use crate::report::{Accepted, Files, Report, ReportedFinding};
use crate::workspace::Session;

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

/// Findings of one folder as people see them, in the order of a report.
pub fn in_order(session: &Session, mut findings: Vec<ReportedFinding>) -> Vec<ReportedFinding> {
    if let Some(retold) = Retold::new(&session.discovery) {
        findings.iter_mut().for_each(|it| retold.finding(it));
    }
    findings.sort_by(|a, b| a.order().cmp(&b.order()));
    findings
}

impl<R> RunResult<R> {
    /// The document of the whole run, with the paths that people see.
    pub fn report(&self, mut findings: Vec<ReportedFinding>) -> Report {
        let (mut diagnostics, mut skipped) = (self.diagnostics.clone(), self.skipped.clone());
        let mut cuts = self.cuts.clone();
        if let Some(retold) = Retold::new(&self.session.discovery) {
            findings.iter_mut().for_each(|it| retold.finding(it));
            diagnostics.iter_mut().for_each(|it| retold.diagnostic(it));
            skipped.iter_mut().for_each(|it| retold.skip(it));
            cuts.iter_mut().for_each(|it| retold.cut(it));
        }
        let files = Files {
            seen: self.files_seen,
            parsed: self.files_parsed,
            skipped,
        };
        let mut report = Report::new(findings, diagnostics, files);
        report.cuts = cuts;
        report.unknown_versions = self.unknown_versions.clone();
        report.summary.unresolved_packages = self.unresolved.iter().cloned().collect();
        report.is_incomplete = self.is_incomplete;
        report
    }
}
