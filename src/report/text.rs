//! The report for people: what remains to be done, each finding with its line, its reasons and its remedy.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::finding::{ReportedFinding, ReportedFix, ReportedRelated, Source};
use super::shown::{leading, shown};
use super::{Report, Reporter};
use crate::text::printable;
use crate::transform::{Applicability, Confidence, Outcome, Severity};

/// How wide a tab is drawn.
const TAB: &str = "    ";

const BOLD: Style = Style::new().bold();
const FAINT: Style = AnsiColor::BrightBlue.on_default();
const HELP: Style = AnsiColor::Cyan.on_default().bold();
const NOTE: Style = BOLD;
const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// For people. Colours are always written; [`Color::stream`](super::Color::stream) takes them out.
pub struct Text;

impl Reporter for Text {
    fn report(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        for finding in report.told() {
            write_finding(out, finding)?;
        }
        Ok(())
    }
}

/// One line for each file or folder that could not be used; for stderr.
pub fn write_diagnostics(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for diagnostic in &report.diagnostics {
        let (path, message) = (shown(&diagnostic.path), shown(&diagnostic.message));
        let path = if path.is_empty() { ".".into() } else { path };
        writeln!(out, "{WARNING}warning{WARNING:#}: {path}: {message}")?;
    }
    Ok(())
}

/// One line for each thing that a repair leaves; for stderr, beside a patch that has no place for them.
pub fn write_remains(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for left in report.findings.iter().flat_map(|finding| &finding.remains) {
        writeln!(out, "{WARNING}left{WARNING:#}: {}", shown(left))?;
    }
    Ok(())
}

fn write_finding(out: &mut dyn Write, finding: &ReportedFinding) -> io::Result<()> {
    write_title(out, finding)?;
    let width = finding.start.line.to_string().len();
    if let Some(source) = &finding.source {
        write_source(out, source, finding, width)?;
    }
    for related in &finding.related {
        write_related(out, related, width)?;
    }
    for fix in &finding.fixes {
        write_fix(out, fix, width)?;
    }
    if let Some(refusal) = &finding.refusal {
        write_aside(out, width, HELP, "no fix", &refusal.message)?;
    }
    write_ending(out, finding, width)?;
    writeln!(out)
}

fn write_title(out: &mut dyn Write, finding: &ReportedFinding) -> io::Result<()> {
    let style = style_of(finding.severity);
    let (path, point) = (leading(&finding.path), finding.start);
    let (severity, rule, message) = (finding.severity, shown(&finding.rule), shown(&finding.message));
    let doubt = match finding.confidence {
        Confidence::Low => " (low confidence)",
        Confidence::Medium | Confidence::High => "",
    };
    let place = format!("{path}:{}:{}", point.line, point.column);
    writeln!(
        out,
        "{BOLD}{place}{BOLD:#}: {style}{severity}[{rule}]{style:#} {message}{doubt}"
    )
}

/// The line, and the marked part of it underlined.
fn write_source(
    out: &mut dyn Write,
    source: &Source,
    finding: &ReportedFinding,
    width: usize,
) -> io::Result<()> {
    let (before, rest) = source.line.split_at(source.marked.start);
    let (marked, after) = rest.split_at(source.marked.len());
    let (before, marked, after) = (drawn(before), drawn(marked), drawn(after));
    let indent = " ".repeat(console::measure_text_width(&before));
    let carets = "^".repeat(console::measure_text_width(&marked).max(1));
    let style = style_of(finding.severity);
    let number = finding.start.line;
    let line = format!("{before}{marked}{after}");
    writeln!(out, "{FAINT}{:width$} |{FAINT:#}", "")?;
    writeln!(out, "{FAINT}{number:width$} |{FAINT:#} {}", line.trim_end())?;
    writeln!(
        out,
        "{FAINT}{:width$} |{FAINT:#} {indent}{style}{carets}{style:#}",
        ""
    )
}

fn write_related(out: &mut dyn Write, related: &ReportedRelated, width: usize) -> io::Result<()> {
    let place = format!("{}:{}:{}", related.path, related.start.line, related.start.column);
    write_aside(out, width, NOTE, "note", &format!("{place}: {}", related.message))
}

fn write_fix(out: &mut dyn Write, fix: &ReportedFix, width: usize) -> io::Result<()> {
    let how = match fix.applicability {
        Applicability::Safe => "safe",
        Applicability::Unsafe => "unsafe: it may change behaviour",
        Applicability::DisplayOnly => "advice: apply it by hand",
    };
    write_aside(out, width, HELP, "help", &format!("{} ({how})", fix.title))?;
    for left in &fix.leaves {
        let (path, point) = (&left.path, left.start);
        let told = format!(
            "{path}:{}:{}: with this, {}",
            point.line, point.column, left.message
        );
        write_aside(out, width, NOTE, "note", &told)?;
    }
    Ok(())
}

/// What became of the finding, where a run tried to repair it.
fn write_ending(out: &mut dyn Write, finding: &ReportedFinding, width: usize) -> io::Result<()> {
    for left in &finding.remains {
        write_aside(out, width, WARNING, "repaired, but", left)?;
    }
    let label = match finding.outcome {
        Some(Outcome::Declined) => "left alone",
        Some(Outcome::Failed) => "not applied",
        Some(Outcome::Deferred) => "left to the next run",
        Some(Outcome::Fixed | Outcome::Refused | Outcome::Suppressed) | None => return Ok(()),
    };
    match &finding.note {
        Some(note) => write_aside(out, width, WARNING, label, note),
        None => writeln!(out, "{:width$} {FAINT}={FAINT:#} {WARNING}{label}{WARNING:#}", ""),
    }
}

fn write_aside(out: &mut dyn Write, width: usize, style: Style, label: &str, text: &str) -> io::Result<()> {
    let text = shown(text);
    writeln!(
        out,
        "{:width$} {FAINT}={FAINT:#} {style}{label}{style:#}: {text}",
        ""
    )
}

fn style_of(severity: Severity) -> Style {
    let color = match severity {
        Severity::Critical | Severity::High => AnsiColor::Red,
        Severity::Medium => AnsiColor::Yellow,
        Severity::Low => AnsiColor::Cyan,
    };
    color.on_default().bold()
}

fn drawn(bytes: &[u8]) -> String {
    printable(bytes).replace('\t', TAB)
}
