//! GitLab's Code Quality report.

use std::collections::HashMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::json::write_json;
use super::shown::shown;
use super::{Report, ReportedFinding, Reporter};
use crate::transform::Severity;

/// An array of issues, each with a fingerprint that no other has: GitLab drops the second.
pub struct Gitlab;

impl Reporter for Gitlab {
    fn report(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let mut seen = HashMap::new();
        let issues: Vec<Value> = report.told().map(|finding| issue(finding, &mut seen)).collect();
        write_json(out, &issues)
    }
}

fn issue<'r>(finding: &'r ReportedFinding, seen: &mut HashMap<&'r str, usize>) -> Value {
    let ordinal = seen.entry(&finding.fingerprint).or_default();
    *ordinal += 1;
    let fingerprint = match ordinal {
        1 => finding.fingerprint.clone(),
        ordinal => format!("{}-{ordinal}", finding.fingerprint),
    };
    let severity = match finding.severity {
        Severity::Low => "minor",
        Severity::Medium => "major",
        Severity::High => "critical",
        Severity::Critical => "blocker",
    };
    json!({
        "description": finding.told(),
        "check_name": shown(&finding.rule),
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {
            "path": finding.path,
            "lines": {"begin": finding.start.line, "end": finding.end.line},
        },
    })
}
