//! The Reviewdog Diagnostic Format.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::finding::{Point, ReportedEdit};
use super::json::write_json;
use super::shown::shown;
use super::{Report, ReportedFinding, Reporter};
use crate::transform::{Applicability, Severity};

/// One document, with the safe repairs that are one change as suggestions.
pub struct Rdjson;

impl Reporter for Rdjson {
    fn report(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let diagnostics: Vec<Value> = report.told().map(diagnostic).collect();
        let document = json!({
            "source": {"name": report.tool.name},
            "diagnostics": diagnostics,
        });
        write_json(out, &document)
    }
}

fn diagnostic(finding: &ReportedFinding) -> Value {
    let severity = match finding.severity {
        Severity::Critical | Severity::High => "ERROR",
        Severity::Medium => "WARNING",
        Severity::Low => "INFO",
    };
    let related = finding.related.iter().map(|related| {
        let range = range(related.start, related.end);
        json!({"message": shown(&related.message), "location": {"path": related.path, "range": range}})
    });
    let suggestions = suggestion(finding)
        .into_iter()
        .map(|edit| json!({"range": range(edit.start, edit.end), "text": edit.text}));
    json!({
        "message": finding.told(),
        "location": {"path": finding.path, "range": range(finding.start, finding.end)},
        "severity": severity,
        "code": {"value": shown(&finding.rule)},
        "suggestions": suggestions.collect::<Vec<_>>(),
        "related_locations": related.collect::<Vec<_>>(),
    })
}

/// A repair is taken whole or not at all, and a person accepts suggestions one by one: only one that is a single change
/// of the finding's file is fit for that.
fn suggestion(finding: &ReportedFinding) -> Option<&ReportedEdit> {
    let fix = finding.fixes.first().filter(|_| finding.is_remaining())?;
    match fix.edits.as_slice() {
        [edit] if fix.applicability == Applicability::Safe && edit.path == finding.path => Some(edit),
        _ => None,
    }
}

/// Columns count bytes of UTF-8 here, too.
fn range(start: Point, end: Point) -> Value {
    let position = |at: Point| json!({"line": at.line, "column": at.column});
    json!({"start": position(start), "end": position(end)})
}
