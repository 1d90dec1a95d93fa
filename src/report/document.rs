//! What a run tells, as one document: findings, diagnostics, files, and the counts.

use std::collections::BTreeMap;

use serde::Serialize;

use super::finding::ReportedFinding;
use crate::frameworks::UnknownVersion;
use crate::limits::Cut;
use crate::transform::Severity;
use crate::workspace::{Diagnostic, Skip};

/// The whole result of a run. As JSON it is the document of schema/findings.schema.json.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub schema_version: u32,
    pub tool: Tool,
    /// Sorted by path, start and rule.
    pub findings: Vec<ReportedFinding>,
    pub diagnostics: Vec<Diagnostic>,
    pub files: Files,
    pub summary: Summary,
    /// Versions of frameworks of which nothing is known for certain.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown_versions: Vec<UnknownVersion>,
    /// Searches that ended at a bound; told on stderr.
    #[serde(skip)]
    pub cuts: Vec<Cut>,
    /// Something could not be read or went wrong inside: the report is not the whole truth.
    #[serde(skip)]
    pub is_incomplete: bool,
}

/// Who made the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tool {
    pub name: &'static str,
    pub version: &'static str,
}

/// The Go files that the run came across.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Files {
    /// Files to search, read or not.
    pub seen: usize,
    /// Those that held something of interest and were understood.
    pub parsed: usize,
    pub skipped: Vec<Skip>,
}

/// The counts. Suppressed findings are counted once, in `suppressed`, and nowhere else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub findings: usize,
    pub fixed: usize,
    pub suppressed: usize,
    pub by_rule: BTreeMap<String, usize>,
    pub by_severity: BTreeMap<Severity, usize>,
    /// Import paths of packages that were asked for and of which nothing is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unresolved_packages: Vec<String>,
}

impl Report {
    /// Puts everything in order and counts it.
    pub fn new(
        mut findings: Vec<ReportedFinding>,
        mut diagnostics: Vec<Diagnostic>,
        mut files: Files,
    ) -> Self {
        findings.sort_by(|a, b| a.order().cmp(&b.order()));
        diagnostics.sort();
        files.skipped.sort();
        Report {
            schema_version: 1,
            tool: Tool {
                name: env!("CARGO_PKG_NAME"),
                version: env!("CARGO_PKG_VERSION"),
            },
            summary: Summary::of(&findings),
            findings,
            diagnostics,
            files,
            unknown_versions: Vec::new(),
            cuts: Vec::new(),
            is_incomplete: false,
        }
    }

    /// Findings that nothing and nobody has settled yet: neither fixed nor suppressed.
    pub fn remaining(&self) -> impl Iterator<Item = &ReportedFinding> {
        self.findings.iter().filter(|finding| finding.is_remaining())
    }

    /// Findings of which people are told: those that remain, and those whose repair leaves something.
    pub fn told(&self) -> impl Iterator<Item = &ReportedFinding> {
        let told = |finding: &&ReportedFinding| finding.is_remaining() || !finding.remains.is_empty();
        self.findings.iter().filter(told)
    }
}

impl Summary {
    fn of(findings: &[ReportedFinding]) -> Self {
        let mut summary = Summary::default();
        for finding in findings {
            if finding.is_suppressed() {
                summary.suppressed += 1;
                continue;
            }
            summary.findings += 1;
            summary.fixed += usize::from(finding.is_fixed());
            *summary.by_rule.entry(finding.rule.clone()).or_default() += 1;
            *summary.by_severity.entry(finding.severity).or_default() += 1;
        }
        summary
    }
}
