//! Comments by which a person accepts a finding: `//unleak:ignore RULE[,RULE] reason` and `//nolint:unleak`,
//! at the end of the line or alone on the line above.

use crate::go::Package;
use crate::go::syntax::Kind;
use crate::text::{Edit, EditSet, Span};
use crate::transform::{Applicability, Finding, Fix};

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

/// The fix that accepts `finding` by a comment on the line above it.
pub fn suppress(package: &Package, finding: &Finding, reason: &str) -> Fix {
    let file = package.file(finding.place.file);
    let line = line_span(&file.source, finding.place.span.start);
    let text = String::from_utf8_lossy(line.of(&file.source)).into_owned();
    let indent = &text[..text.len() - text.trim_start().len()];
    let slug = &finding.rule.slug;
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    let comment = format!("{indent}//unleak:ignore {slug} {reason}");
    let mut edits = EditSet::new();
    // One insertion into an empty set cannot conflict.
    let _ = edits.push(Edit::insert(line.start, format!("{}\n", comment.trim_end())));
    Fix {
        title: format!("Suppress {slug}"),
        applicability: Applicability::Safe,
        edits: vec![(finding.place.file, edits)],
        imports: Vec::new(),
    }
}

/// The line that holds `at`, without its end.
fn line_span(source: &[u8], at: usize) -> Span {
    let before = source.get(..at).unwrap_or(source);
    let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
    let end = memchr::memchr(b'\n', &source[start..]).map_or(source.len(), |length| start + length);
    Span::new(start, end)
}
