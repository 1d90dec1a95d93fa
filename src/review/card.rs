//! What a person sees of one proposal: where and why it leaks, and the fix on show as a diff.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::command::prompt_keys;
use super::session::Answer;
use super::subject::Subject;
use crate::engine::plan::Change;
use crate::go::Place;
use crate::text::{DiffLine, Hunk, LineChange, hunks, printable};
use crate::transform::{Applicability, Severity};

const CONTEXT: usize = 3;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default();
const GREEN: Style = AnsiColor::Green.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();

/// Where in the review the proposal stands.
#[derive(Clone, Copy)]
pub struct Standing<'a> {
    /// From 0.
    pub position: usize,
    pub count: usize,
    /// The alternative on show and how many there are.
    pub alternative: (usize, usize),
    pub answer: Option<&'a Answer>,
}

/// Everything about one proposal, without the prompt. Ends with a newline.
pub fn card(subject: &Subject<'_>, standing: Standing<'_>) -> String {
    let Some(offer) = subject.offers.get(standing.alternative.0) else {
        return String::new();
    };
    let mut out = String::from("\n");
    heading(&mut out, subject, standing, offer.fix.applicability);
    reasons(&mut out, subject);
    fix_line(&mut out, &offer.fix.title, standing);
    for left in &offer.fix.leaves {
        let (at, what) = (place(subject, left.place), printable(left.message.as_bytes()));
        line(&mut out, format_args!("  {YELLOW}{at}: {what}{YELLOW:#}"));
    }
    for change in subject.changes(offer) {
        diff(&mut out, &change);
    }
    out
}

/// The question below a card.
pub fn prompt(standing: Standing<'_>) -> String {
    let keys = prompt_keys(standing.alternative.1 > 1);
    format!("{BOLD}Apply this fix? [{keys}]{BOLD:#} ")
}

fn heading(out: &mut String, subject: &Subject<'_>, standing: Standing<'_>, applicability: Applicability) {
    let finding = subject.finding();
    let (at, count) = (standing.position + 1, standing.count);
    let rule = printable(finding.rule.slug.as_bytes());
    let (severity, loud) = (finding.rule.severity, severity_style(finding.rule.severity));
    let promise = match applicability {
        Applicability::Safe => GREEN,
        Applicability::Unsafe | Applicability::DisplayOnly => YELLOW,
    };
    line(
        out,
        format_args!(
            "{BOLD}({at}/{count}) {rule}{BOLD:#}  {loud}{severity}{loud:#}  {promise}{applicability}{promise:#}"
        ),
    );
}

fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Low => DIM,
        Severity::Medium => YELLOW,
        Severity::High | Severity::Critical => RED,
    }
}

/// The message, and the path on which it leaks.
fn reasons(out: &mut String, subject: &Subject<'_>) {
    let finding = subject.finding();
    let function = finding.function.as_deref().map(|name| format!(" in {name}"));
    let place = place(subject, finding.place);
    line(
        out,
        format_args!("{place}{}", printable(function.unwrap_or_default().as_bytes())),
    );
    line(out, format_args!("  {}", printable(finding.message.as_bytes())));
    for related in &finding.related {
        let (at, why) = (
            self::place(subject, related.place),
            printable(related.message.as_bytes()),
        );
        line(out, format_args!("  {DIM}{at}:{DIM:#} {why}"));
    }
}

fn place(subject: &Subject<'_>, place: Place) -> String {
    let file = subject.analysis.package.file(place.file);
    let at = file.lines().position(place.span.start);
    format!("{}:{}:{}", printable(file.path.as_bytes()), at.line, at.column)
}

fn fix_line(out: &mut String, title: &str, standing: Standing<'_>) {
    let alternatives = match standing.alternative {
        (_, 0 | 1) => String::new(),
        (shown, count) => format!("  {DIM}[fix {} of {count}]{DIM:#}", shown + 1),
    };
    line(
        out,
        format_args!("Fix: {}{alternatives}", printable(title.as_bytes())),
    );
    if let Some(answer) = standing.answer {
        line(out, format_args!("{CYAN}Decided: {}{CYAN:#}", verdict(answer)));
    }
}

fn verdict(answer: &Answer) -> String {
    match answer {
        Answer::Accept(at) => format!("apply fix {}", at + 1),
        Answer::Decline => "leave it".to_owned(),
        Answer::Suppress(reason) => format!("suppress: {}", printable(reason.as_bytes())),
    }
}

fn diff(out: &mut String, change: &Change) {
    line(
        out,
        format_args!("\n{BOLD}{}{BOLD:#}", printable(change.path.as_bytes())),
    );
    for hunk in hunks(&change.old, &change.new, CONTEXT) {
        diff_hunk(out, &hunk);
    }
}

fn diff_hunk(out: &mut String, hunk: &Hunk<'_>) {
    line(
        out,
        format_args!("{CYAN}@@ -{} +{} @@{CYAN:#}", hunk.old, hunk.new),
    );
    for each in &hunk.lines {
        let style = match each.change {
            LineChange::Kept => Style::new(),
            LineChange::Removed => RED,
            LineChange::Added => GREEN,
        };
        line(
            out,
            format_args!("{style}{}{}{style:#}", each.change.sign(), text(each)),
        );
    }
}

/// A line without its end, which Windows files would show as an escape on every line.
fn text<'l>(line: &DiffLine<'l>) -> std::borrow::Cow<'l, str> {
    let bytes = line.bytes.strip_suffix(b"\n").unwrap_or(line.bytes);
    printable(bytes.strip_suffix(b"\r").unwrap_or(bytes))
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}

#[cfg(test)]
mod tests {
    use super::super::toy;
    use super::*;

    fn plain(standing: Standing<'_>) -> String {
        let analysis = toy::analysis(toy::SOURCE);
        let proposal = &analysis.proposals[0];
        let fixes = proposal.remedy.iter().flatten().collect();
        let card = card(&Subject::new(&analysis, proposal, fixes), standing);
        anstream::adapter::strip_str(&card).to_string()
    }

    fn standing(shown: usize) -> Standing<'static> {
        Standing {
            position: 2,
            count: 17,
            alternative: (shown, 2),
            answer: None,
        }
    }

    #[test]
    fn a_card_says_where_why_and_what_changes() {
        let expected = [
            "",
            "(3/17) unclosed-toy  high  safe",
            "p/f.go:4:7 in f",
            "  x is \\u{1b}[2Jnever closed",
            "  p/f.go:5:2: used here",
            "Fix: Close x  [fix 1 of 2]",
            "",
            "p/f.go",
            "@@ -1,6 +1,9 @@",
            " package p",
            " ",
            "+import \"io\"",
            "+",
            " func f() {",
            " \tx := open()",
            "+\tdefer io.Close(x)",
            " \tuse(x)",
            " }",
            "",
        ];
        assert_eq!(plain(standing(0)), expected.join("\n"));
    }

    #[test]
    fn the_alternative_on_show_has_its_own_promise_and_diff() {
        let card = plain(standing(1));
        assert!(card.contains("high  unsafe\n") && card.contains("Close x now  [fix 2 of 2]"));
        assert!(card.contains("+\tio.Close(x)\n"));
    }

    #[test]
    fn a_decided_proposal_says_how() {
        let decided = |answer| {
            plain(Standing {
                answer: Some(answer),
                ..standing(0)
            })
        };
        assert!(decided(&Answer::Decline).contains("\nDecided: leave it\n"));
        let reason = Answer::Suppress("a\x1bb".to_owned());
        assert!(decided(&reason).contains("\nDecided: suppress: a\\u{1b}b\n"));
    }
}
