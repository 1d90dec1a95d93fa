use unleak::report::{Concise, Files, Github, Markdown, Report, ReportedFinding, Text};
use unleak::transform::Severity;

use super::scanned;
use crate::support::report::{package, proposal, refusal, report, written};

/// A report of one finding whose names were chosen to do harm.
pub fn hostile() -> Report {
    let mut finding = ReportedFinding::new(&package(), &proposal(Severity::High, Ok(vec![])), None);
    finding.path = "a,b:c\n::error::x\u{1b}[2J.go".into();
    finding.message = "50% of `a|b\u{202e}`\r\n::set-output name=x::<b>\u{fffe}&\"".into();
    Report::new(vec![finding], Vec::new(), Files::default())
}

pub fn assert_harmless(text: &str) {
    let harmful = text
        .chars()
        .find(|&char| unleak::text::misleads(char) && char != '\n');
    assert_eq!(harmful, None, "{text:?}");
}

#[test]
fn concise_is_one_line_a_finding() {
    let lines = scanned("concise");
    assert_eq!(lines.lines().count(), 16);
    let first = "internal/audit/audit.go:30:13: high per-request-sql-open list opens a connection pool for every \
                 request and does not close it";
    assert_eq!(lines.lines().next(), Some(first));
    let hostile = written(&Concise, &hostile());
    assert_eq!(hostile.lines().count(), 1);
    assert_harmless(&hostile);
}

/// In the log of a CI a line that starts so is a command.
#[test]
fn no_line_of_a_report_for_people_starts_with_a_command() {
    let mut report = report();
    for finding in &mut report.findings {
        finding.path = "::stop-commands::x/a.go".into();
    }
    for text in [written(&Concise, &report), written(&Text, &report)] {
        assert!(text.contains("./::stop-commands::x/a.go"), "{text}");
        assert!(!text.lines().any(|line| line.starts_with("::")), "{text}");
    }
}

#[test]
fn github_gets_one_annotation_a_finding_the_most_severe_first() {
    let lines = scanned("github");
    let kinds: Vec<&str> = lines
        .lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(
        (kinds.len(), kinds[0], kinds[10], kinds[11]),
        (16, "::error", "::error", "::warning")
    );
    let file = "::warning file=internal/handlers/handlers.go,line=69,endLine=69,col=3,endColumn=64,title=unleak%3A \
                unclosed-file::`f` is never closed%0AClose `f` when the function returns (safe)";
    assert!(lines.lines().any(|line| line == file), "{lines}");
    // Why there is no fix, and files that could not be read, are annotations, too.
    let lines = written(&Github, &report());
    assert!(lines.contains("%0ANo fix: rows are stored in a field"), "{lines}");
    assert!(
        lines.contains("::warning file=bad\\u{1b}[2J.go,title=unleak::1:1: no package clause\n"),
        "{lines}"
    );
}

#[test]
fn no_text_of_the_source_becomes_a_command_of_github() {
    let line = written(&Github, &hostile());
    assert_eq!(line.lines().count(), 1);
    assert_harmless(&line);
    let file = r"file=a%2Cb%3Ac\u{a}%3A%3Aerror%3A%3Ax\u{1b}[2J.go,line=6,";
    assert!(line.contains(file), "{line}");
    assert!(
        line.contains(r"::50%25 of `a|b\u{202e}`\u{d}\u{a}::set-output"),
        "{line}"
    );
}

#[test]
fn markdown_is_a_table_with_the_most_severe_first() {
    let page = scanned("markdown");
    let lines: Vec<&str> = page.lines().collect();
    assert_eq!(lines[0], "## unleak");
    assert_eq!(
        lines[2],
        "16 findings in 9 files (11 high, 5 medium). 16 fixable with `unleak fix`."
    );
    let rows: Vec<&&str> = lines
        .iter()
        .filter(|line| line.starts_with("| high |") || line.starts_with("| medium |"))
        .collect();
    assert_eq!(rows.len(), 16);
    assert!(rows[10].starts_with("| high |") && rows[11].starts_with("| medium |"));
    let file =
        "| medium | `unclosed-file` | `internal/handlers/handlers.go:69` | `f` is never closed | safe |";
    assert!(rows.iter().any(|row| **row == file), "{page}");
}

#[test]
fn a_cell_of_the_table_holds_what_it_is_given() {
    let row = written(&Markdown, &hostile());
    assert_harmless(&row);
    assert_eq!(row.lines().count(), 7);
    assert!(
        row.contains(r"`a\|b\u{202e}`") && row.contains("&lt;b&gt;"),
        "{row}"
    );
    let refused = ReportedFinding::new(&package(), &proposal(Severity::Low, Err(refusal())), None);
    let many = Report::new(vec![refused; 501], Vec::new(), Files::default());
    let page = written(&Markdown, &many);
    assert!(page.contains("| none: rows are stored in a field"), "{page}");
    assert!(page.ends_with("\n\nAnd 1 more.\n"));
    let none = Report::new(Vec::new(), Vec::new(), Files::default());
    assert_eq!(
        written(&Markdown, &none),
        "## unleak\n\nNo leaks found in 0 files.\n"
    );
    // After a repair it tells of the repair.
    assert!(written(&Markdown, &report()).contains("\n\nFixed 1 of 4 findings"));
}
