//! An import that nothing uses any more, with what belongs to it alone.

use super::layout::{Clause, Lines, clauses, runs};
use crate::go::{Import, SourceFile};
use crate::text::{Edit, EditSet, Span};

/// The edits that remove `import` from its file.
pub(super) fn remove(file: &SourceFile, import: &Import) -> EditSet {
    let lines = Lines(file);
    let clauses = clauses(file);
    let holder = clauses.iter().find(|clause| clause.span.contains(import.span));
    let span = match holder {
        Some(clause) if clause.opened.is_some() => remove_from_block(lines, clause, import),
        Some(clause) => whole_clause(lines, clause),
        None => import.span,
    };
    EditSet::try_from(vec![Edit::delete(span)]).unwrap_or_default()
}

fn remove_from_block(lines: Lines<'_>, clause: &Clause<'_>, import: &Import) -> Span {
    if !lines.starts_at(import.span.start) || !lines.ends_at(import.span.end) {
        return match clause.imports.len() {
            1 => whole_clause(lines, clause),
            _ => among_others(lines.0, import),
        };
    }
    let (first, last) = own_lines(lines, clause, import);
    let opening = lines.of(clause.span.start);
    let closing = lines.of(clause.span.end);
    let speaks = |line| {
        memchr::memmem::find(lines.text(line), b"//").is_some()
            || memchr::memmem::find(lines.text(line), b"/*").is_some()
    };
    let is_commented = (opening..first).chain(last + 1..=closing).any(speaks);
    if clause.imports.len() == 1 && !is_commented {
        return whole_clause(lines, clause);
    }
    let follows_blank = lines.is_blank(first - 1) && (lines.is_blank(last + 1) || last + 1 == closing);
    let leads_block = first - 1 == opening && lines.is_blank(last + 1);
    Span::new(
        lines.start(first - usize::from(follows_blank)),
        lines.start(last + 1 + usize::from(leads_block)),
    )
}

/// The lines of the import alone. A comment directly above is its own where no other import follows below.
fn own_lines(lines: Lines<'_>, clause: &Clause<'_>, import: &Import) -> (usize, usize) {
    let line = lines.of(import.span.start);
    let last = lines.of(import.span.end);
    let runs = runs(lines, &clause.imports);
    let is_alone = runs
        .iter()
        .any(|run| matches!(run.as_slice(), [only] if only.span == import.span));
    match is_alone {
        true => (lines.comment_start(line, lines.of(clause.span.start)), last),
        false => (line, last),
    }
}

/// One of several on a line: with the semicolon that parts it from its neighbour.
fn among_others(file: &SourceFile, import: &Import) -> Span {
    let source = &file.source;
    let behind = source.get(import.span.end..).unwrap_or_default();
    let blanks = |bytes: &[u8]| {
        bytes
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count()
    };
    let gap = blanks(behind);
    if behind.get(gap) == Some(&b';') {
        let rest = behind.get(gap + 1..).unwrap_or_default();
        return Span::new(import.span.start, import.span.end + gap + 1 + blanks(rest));
    }
    let before = source
        .get(..import.span.start)
        .unwrap_or_default()
        .trim_ascii_end();
    match before.strip_suffix(b";") {
        Some(before) => Span::new(before.len(), import.span.end),
        None => import.span,
    }
}

/// The whole declaration, with its lines where it has them alone and one of the two blank lines around it.
fn whole_clause(lines: Lines<'_>, clause: &Clause<'_>) -> Span {
    if !lines.starts_at(clause.span.start) || !lines.ends_at(clause.span.end) {
        return clause.span;
    }
    let first = lines.of(clause.span.start);
    let last = lines.of(clause.span.end);
    let parted = first > 1 && lines.is_blank(first - 1) && lines.is_blank(last + 1);
    Span::new(lines.start(first), lines.start(last + 1 + usize::from(parted)))
}
