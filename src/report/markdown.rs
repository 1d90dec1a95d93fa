//! A page for people: the summary of a CI job, or a comment.

use std::cmp::Reverse;
use std::io::{self, Write};

use super::shown::shown;
use super::{Report, ReportedFinding, Reporter, Run, summary_line};

/// A job summary may be 1 MiB long, and nobody reads more.
const MOST_ROWS: usize = 500;

/// A table of what remains, the most severe first.
pub struct Markdown;

impl Reporter for Markdown {
    fn report(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let mut findings: Vec<&ReportedFinding> = report.told().collect();
        findings.sort_by_key(|finding| Reverse(finding.severity));
        let is_repair = |finding: &ReportedFinding| finding.outcome.is_some() && !finding.is_suppressed();
        let run = match report.findings.iter().any(is_repair) {
            true => Run::Fix,
            false => Run::Scan,
        };
        writeln!(out, "## unleak\n\n{}", summary_line(report, run))?;
        if findings.is_empty() {
            return Ok(());
        }
        writeln!(
            out,
            "\n| severity | rule | place | finding | fix |\n|---|---|---|---|---|"
        )?;
        for finding in findings.iter().take(MOST_ROWS) {
            writeln!(out, "{}", row(finding))?;
        }
        match findings.len().saturating_sub(MOST_ROWS) {
            0 => Ok(()),
            more => writeln!(out, "\nAnd {more} more."),
        }
    }
}

fn row(finding: &ReportedFinding) -> String {
    let place = code(&format!("{}:{}", shown(&finding.path), finding.start.line));
    let fix = match (finding.best_fix(), &finding.refusal) {
        (Some(best), _) => best.to_string(),
        (None, Some(refusal)) => format!("none: {}", prose(&shown(&refusal.message))),
        (None, None) => String::new(),
    };
    let (severity, rule) = (finding.severity, code(&shown(&finding.rule)));
    format!(
        "| {severity} | {rule} | {place} | {} | {fix} |",
        prose(&finding.told())
    )
}

/// Text as code in a cell.
fn code(text: &str) -> String {
    let fence = match text.contains('`') {
        true => "`` ",
        false => "`",
    };
    let close: String = fence.chars().rev().collect();
    format!("{fence}{}{close}", text.replace('|', "\\|"))
}

/// Text in a cell: names between backticks are code, and nothing else is markup.
fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    // Without its partner a backtick is one.
    let paired = parts.len() - usize::from(parts.len().is_multiple_of(2));
    let mut out = String::new();
    for (at, part) in parts.iter().enumerate() {
        match at % 2 == 1 && at < paired {
            true => out.push_str(&code(part)),
            false if at < paired => out.push_str(&plain(part)),
            false => out.push_str(&plain(&format!("`{part}"))),
        }
    }
    out
}

fn plain(text: &str) -> String {
    let mut out = String::new();
    for char in text.chars() {
        match char {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '~' | '#' | '!' => out.extend(['\\', char]),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_code_and_nothing_else_is_markup() {
        assert_eq!(prose("`a|b` leaks *here*"), r"`a\|b` leaks \*here\*");
        assert_eq!(
            prose("[x](y) <b> @all `odd"),
            r"\[x\](y) &lt;b&gt; &#64;all \`odd"
        );
        assert_eq!(code("a`b|.go:1"), r"`` a`b\|.go:1 ``");
    }
}
