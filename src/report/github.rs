//! Workflow commands of GitHub Actions, which become annotations of a pull request.

use std::cmp::Reverse;
use std::io::{self, Write};

use super::shown::shown;
use super::{Diagnostic, Report, ReportedFinding, Reporter};
use crate::transform::Severity;

/// One annotation a finding, the most severe first: GitHub shows ten of a kind for a step.
pub struct Github;

impl Reporter for Github {
    fn report(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let mut findings: Vec<&ReportedFinding> = report.told().collect();
        findings.sort_by_key(|finding| Reverse(finding.severity));
        for finding in findings {
            write_finding(out, finding)?;
        }
        for Diagnostic { path, message } in &report.diagnostics {
            let place = match path.is_empty() {
                true => String::new(),
                false => format!("file={},", property(path)),
            };
            writeln!(out, "::warning {place}title=unleak::{}", data(&shown(message)))?;
        }
        Ok(())
    }
}

fn write_finding(out: &mut dyn Write, finding: &ReportedFinding) -> io::Result<()> {
    let kind = match finding.severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "notice",
    };
    let (start, end) = (finding.start, finding.end);
    let path = property(&finding.path);
    let mut place = format!("file={path},line={},endLine={}", start.line, end.line);
    // Columns of a range over several lines are refused.
    if start.line == end.line {
        place.push_str(&format!(",col={},endColumn={}", start.utf16, end.utf16));
    }
    let title = property(&format!("unleak: {}", finding.rule));
    writeln!(out, "::{kind} {place},title={title}::{}", data(&text(finding)))
}

/// The message, and its remedy on a line of its own.
fn text(finding: &ReportedFinding) -> String {
    let mut text = finding.told();
    if let Some(fix) = finding.fixes.first().filter(|_| finding.is_remaining()) {
        text.push_str(&format!("\n{} ({})", shown(&fix.title), fix.applicability));
    }
    if let Some(refusal) = &finding.refusal {
        text.push_str(&format!("\nNo fix: {}", shown(&refusal.message)));
    }
    text
}

/// Escaped as the runner takes it back.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(&shown(text)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_command_or_a_property_is_escaped() {
        assert_eq!(data("50%\r\n::error::x"), "50%25%0D%0A::error::x");
        assert_eq!(property("a,b:c%.go"), "a%2Cb%3Ac%25.go");
        assert_eq!(property("a\n::error::"), r"a\u{a}%3A%3Aerror%3A%3A");
    }
}
