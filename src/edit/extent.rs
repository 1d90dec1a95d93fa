//! How what goes lies in its file: on lines of its own, with the comment that belongs to it, or between others.

use super::lines::{end_of_line_behind, line_before, line_rest, line_start, mentions_word, next_line};
use super::remarks;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Declaration, SourceFile};
use crate::text::{Edit, Span};

/// How a node lies in its file.
pub(super) enum Extent {
    /// Whole lines, if nothing else stands on them.
    Lines(Span),
    Inside(Edit),
}

/// What goes with `node`, where `going` tells what else does.
pub(super) fn extent<'a>(
    file: &SourceFile,
    node: Node<'a>,
    going: &dyn Fn(Node<'a>) -> bool,
) -> Option<Extent> {
    match (node.kind(), node.parent().map(Node::kind)) {
        (_, Some(Kind::LiteralValue | Kind::ArgumentList)) => element_extent(file, node),
        (Kind::Identifier, Some(Kind::VarSpec)) => element_extent(file, node),
        (Kind::FunctionDeclaration | Kind::MethodDeclaration, _) | (_, Some(Kind::SourceFile)) => {
            Some(Extent::Lines(with_comment(file, to_line_end(file, node.span())?)))
        }
        (Kind::VarDeclaration | Kind::VarSpec | Kind::FieldDeclaration, _) => {
            let span = to_line_end(file, node.span())?;
            let whole = with_comment(file, span);
            let belongs =
                ends_paragraph(file, span.end) || names_it(file, Span::new(whole.start, span.start), node);
            Some(Extent::Lines(if belongs { whole } else { span }))
        }
        _ => {
            let span = to_line_end(file, remarks::whole(node, going))?;
            Some(Extent::Lines(span))
        }
    }
}

/// An element of a list with commas: on lines of its own, or beside its neighbours.
fn element_extent(file: &SourceFile, node: Node<'_>) -> Option<Extent> {
    let span = node.span();
    let comma = file.source[span.end..].starts_with(b",");
    let alone = file.source[line_start(&file.source, span.start)..span.start]
        .iter()
        .all(u8::is_ascii_whitespace);
    if alone
        && comma
        && let Some(end) = end_of_line_behind(file, span.end + 1)
    {
        return Some(Extent::Lines(Span::new(span.start, end)));
    }
    let siblings: Vec<Node<'_>> = match node.parent()? {
        spec if spec.is(Kind::VarSpec) => names_of(spec).collect(),
        list => list.children().collect(),
    };
    let at = siblings.iter().position(|sibling| *sibling == node)?;
    let before = at.checked_sub(1).and_then(|before| siblings.get(before));
    let (inside, gap) = match (before, siblings.get(at + 1)) {
        (_, Some(next)) => (
            Span::new(span.start, next.start()),
            Span::new(span.end, next.start()),
        ),
        (Some(previous), None) => (
            Span::new(previous.end(), span.end),
            Span::new(previous.end(), span.start),
        ),
        (None, None) => (span, Span::at(span.end)),
    };
    // A comment in between is someone's remark on a neighbour.
    let clean = !gap.of(&file.source).contains(&b'/');
    clean.then_some(Extent::Inside(Edit::delete(inside)))
}

/// `span` with the rest of its last line, where that is blank or a comment.
fn to_line_end(file: &SourceFile, span: Span) -> Option<Span> {
    Some(Span::new(span.start, end_of_line_behind(file, span.end)?))
}

/// `span` with the comment lines directly above it.
fn with_comment(file: &SourceFile, span: Span) -> Span {
    let mut start = line_start(&file.source, span.start);
    loop {
        let above = line_before(&file.source, start);
        if start == 0 || !above.trim_ascii_start().starts_with(b"//") {
            break;
        }
        start = line_start(&file.source, start - 1);
    }
    let blank = file.source[start..span.end]
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    Span::new(start + blank, span.end)
}

/// Whether no neighbour follows on the next line, of which the comment above could speak as well.
fn ends_paragraph(file: &SourceFile, line_end: usize) -> bool {
    let next = line_rest(&file.source, next_line(&file.source, line_end)).trim_ascii();
    next.is_empty() || next.starts_with(b")") || next.starts_with(b"}") || next.starts_with(b"//")
}

/// Whether the comment in `comment` speaks of a name that `node` declares.
fn names_it(file: &SourceFile, comment: Span, node: Node<'_>) -> bool {
    let words = comment.of(&file.source);
    let is_spec = |node: &Node<'_>| matches!(node.kind(), Kind::VarSpec | Kind::FieldDeclaration);
    let mut names = node.subtree().filter(is_spec).flat_map(names_of);
    names.any(|name| mentions_word(words, name.text()))
}

/// Spans with nothing but white space between them become one, so that no blank lines pile up.
pub(super) fn merged<'a>(
    file: &SourceFile,
    mut spans: Vec<(Span, Declaration<'a>, Node<'a>)>,
) -> Vec<(Span, Declaration<'a>, Node<'a>)> {
    spans.sort_by_key(|(span, ..)| *span);
    let mut merged: Vec<(Span, Declaration<'a>, Node<'a>)> = Vec::new();
    for (span, declaration, node) in spans {
        match merged.last_mut() {
            Some((last, ..)) if last.contains(span) => {}
            Some((last, ..))
                if file.source[last.end..span.start]
                    .iter()
                    .all(u8::is_ascii_whitespace) =>
            {
                last.end = span.end;
            }
            _ => merged.push((span, declaration, node)),
        }
    }
    merged
}

/// The names that a spec declares.
pub(super) fn names_of(spec: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    spec.fields(Field::Name)
        .filter(|name| !name.bytes().starts_with(b","))
}
