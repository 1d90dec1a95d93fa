//! Comments by which a person accepts a finding: `//unleak:ignore RULE[,RULE] reason` and `//nolint:unleak`,
//! at the end of the line or alone on the line above.

use crate::go::Package;
use crate::go::syntax::Kind;
use crate::text::{Edit, EditSet, Span};
use crate::transform::{Applicability, Finding, Fix, Place};

/// The comment that accepts a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// What the comment gives as reason; empty where it gives none.
    pub reason: String,
}

/// The comment that accepts `finding`, if there is one.
pub(super) fn find(package: &Package, finding: &Finding) -> Option<Suppression> {
    let file = package.file(finding.place.file);
    let start = finding.place.span.start;
    let line = file.lines().position(start).line;
    let own = line_span(&file.source, start);
    let above = file
        .lines()
        .start_of(line.saturating_sub(1))
        .map(|at| line_span(&file.source, at));
    let above = above.filter(|span| span.of(&file.source).trim_ascii_start().starts_with(b"//"));
    [Some(own), above]
        .into_iter()
        .flatten()
        .find_map(|line| suppression_in(package, finding, line))
}

fn suppression_in(package: &Package, finding: &Finding, line: Span) -> Option<Suppression> {
    let file = package.file(finding.place.file);
    let text = line.of(&file.source);
    let starts = memchr::memmem::find_iter(text, b"//");
    starts
        .filter(|at| is_comment(package, finding, line.start + at))
        .find_map(|at| read(&String::from_utf8_lossy(&text[at..]), &finding.rule.slug))
}

/// Whether a comment starts at `at`, and not a `//` in a string.
fn is_comment(package: &Package, finding: &Finding, at: usize) -> bool {
    let file = package.file(finding.place.file);
    let holds = |span: Span| span.start <= at && at < span.end;
    let Some(decl) = file.decls.iter().find(|decl| holds(decl.span)) else {
        // Between declarations there are comments only.
        return true;
    };
    let comments = |node: &crate::go::syntax::Node<'_>| node.is(Kind::Comment) && node.start() == at;
    file.tree(decl).root().descendants().any(|node| comments(&node))
}

/// The suppression that a comment spells for `slug`.
fn read(comment: &str, slug: &str) -> Option<Suppression> {
    let comment = comment.trim_end();
    if let Some(rest) = comment.strip_prefix("//unleak:ignore") {
        let rest = rest.strip_prefix([' ', '\t'])?.trim_start();
        let (rules, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        return rules.split(',').any(|rule| rule == slug).then(|| spoken(reason));
    }
    let rest = comment
        .strip_prefix("//nolint:")
        .or_else(|| comment.strip_prefix("// nolint:"))?;
    let (linters, reason) = rest.split_once("//").unwrap_or((rest, ""));
    let mut named = linters.split(',').map(str::trim);
    named.any(|linter| linter == "unleak").then(|| spoken(reason))
}

fn spoken(reason: &str) -> Suppression {
    Suppression {
        reason: reason.trim().to_owned(),
    }
}

/// The fix that accepts findings of these rules on the line of `place`: by the comment above it, or a new one.
pub fn suppress(package: &Package, place: Place, rules: &[&str], reason: &str) -> Fix {
    let source = &package.file(place.file).source;
    let line = line_span(source, place.span.start);
    let rules = rules.join(",");
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    let edits = match rules_above(source, line) {
        Some(held) => lengthened(source, held, &rules, &reason),
        None => vec![Edit::insert(line.start, comment(source, line, &rules, &reason))],
    };
    Fix {
        title: format!("Suppress {rules}"),
        applicability: Applicability::Safe,
        // They lie apart or are one: so they cannot conflict.
        edits: vec![(place.file, EditSet::try_from(edits).unwrap_or_default())],
        imports: Vec::new(),
        names: Vec::new(),
        lessens: false,
        leaves: Vec::new(),
    }
}

/// A comment of its own for the line.
fn comment(source: &[u8], line: Span, rules: &str, reason: &str) -> String {
    let text = String::from_utf8_lossy(line.of(source));
    let indent = &text[..text.len() - text.trim_start().len()];
    format!(
        "{}\n",
        format!("{indent}//unleak:ignore {rules} {reason}").trim_end()
    )
}

/// The list of rules in the suppression that stands alone above `line`: a second one would push it away.
fn rules_above(source: &[u8], line: Span) -> Option<Span> {
    let above = line_span(source, line.start.checked_sub(1)?);
    let text = above.of(source);
    let comment = text.trim_ascii_start();
    let rules = comment.strip_prefix(b"//unleak:ignore ")?.trim_ascii_start();
    let length = rules
        .iter()
        .position(u8::is_ascii_whitespace)
        .unwrap_or(rules.len());
    let start = above.end - rules.len();
    (length > 0).then(|| Span::new(start, start + length))
}

/// The suppression with this list of rules, for more rules and with one more reason.
fn lengthened(source: &[u8], held: Span, rules: &str, reason: &str) -> Vec<Edit> {
    let line = line_span(source, held.start);
    let end = line.start + line.of(source).trim_ascii_end().len();
    let more = Edit::insert(held.end, format!(",{rules}"));
    match (reason, end > held.end) {
        ("", _) => vec![more],
        (reason, true) => vec![more, Edit::insert(end, format!("; {reason}"))],
        (reason, false) => vec![Edit::insert(held.end, format!(",{rules} {reason}"))],
    }
}

/// The line that holds `at`, without its end.
fn line_span(source: &[u8], at: usize) -> Span {
    let before = source.get(..at).unwrap_or(source);
    let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
    let end = memchr::memchr(b'\n', &source[start..]).map_or(source.len(), |length| start + length);
    Span::new(start, end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::{FileId, SourceFile};

    /// `source` with the first `open` suppressed.
    fn suppressed(source: &str, rules: &[&str], reason: &str) -> String {
        let file = SourceFile::new("f.go", source.as_bytes());
        let package = Package::new("", None, vec![file]);
        let at = source.find("open").unwrap();
        let place = Place {
            file: FileId(0),
            span: Span::new(at, at + 4),
        };
        let fix = suppress(&package, place, rules, reason);
        String::from_utf8(fix.edits[0].1.apply(source.as_bytes())).unwrap()
    }

    #[test]
    fn a_comment_of_its_own_has_the_indentation_of_its_line() {
        assert_eq!(
            suppressed("{\n\tx := open()\n}\n", &["a", "b"], " it \t ends "),
            "{\n\t//unleak:ignore a,b it ends\n\tx := open()\n}\n"
        );
        assert_eq!(suppressed("open()", &["a"], ""), "//unleak:ignore a\nopen()");
    }

    #[test]
    fn a_suppression_above_takes_the_rule_and_the_reason_in() {
        let two = |before: &str| suppressed(&format!("{before}\n\topen()\n"), &["b"], "two");
        assert_eq!(
            two("\t//unleak:ignore a one"),
            "\t//unleak:ignore a,b one; two\n\topen()\n"
        );
        assert_eq!(
            two("//unleak:ignore a\r"),
            "//unleak:ignore a,b two\r\n\topen()\n"
        );
        assert_eq!(
            two("f() //unleak:ignore a"),
            "f() //unleak:ignore a\n\t//unleak:ignore b two\n\topen()\n"
        );
    }
}
