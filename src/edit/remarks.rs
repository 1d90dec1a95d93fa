//! The comments that belong to a statement: those directly above it, unless they head a group of which others stay,
//! and the one on its last line. They go with a statement that goes and move with one that moves; one that is
//! rewritten in place keeps them by keeping its place.

use super::delete::delete_lines;
use super::insert::insert_before;
use super::lines::{indentation, line_start};
use super::lines::{line_at, line_before, line_rest, next_line};
use crate::go::SourceFile;
use crate::go::syntax::{Kind, Node};
use crate::text::{Edit, Span};

/// The comment lines directly above a statement; none where they could speak of a neighbour that stays, because it is
/// not `going` as well.
pub fn comments_above<'a>(statement: Node<'a>, going: &dyn Fn(Node<'a>) -> bool) -> Vec<Node<'a>> {
    let neighbour = next_line_of(statement).filter(|next| !next.is(Kind::Comment));
    if neighbour.is_some_and(|next| lines_between(statement, next) < 2 && !going(next)) {
        return Vec::new();
    }
    let before = before_in_block(statement);
    let mut found = Vec::new();
    let mut below = statement;
    for (place, comment) in before.iter().enumerate().rev() {
        let before = place.checked_sub(1).map(|above| before[above]);
        let is_beside = before.is_some_and(|before| is_comment_beside(before, *comment));
        let is_line = comment.is(Kind::Comment) && comment.text().starts_with("//");
        if !is_line || is_beside || !begins_line(*comment) || lines_between(*comment, below) != 1 {
            break;
        }
        found.push(*comment);
        below = *comment;
    }
    found.reverse();
    found
}

/// The comment on the last line of a statement.
pub fn comment_beside(statement: Node<'_>) -> Option<Node<'_>> {
    let next = match statement.next_sibling() {
        Some(next) => next,
        // The last statement's comment stands behind the list.
        None => statement
            .parent()
            .filter(|list| list.is(Kind::StatementList))?
            .next_sibling()?,
    };
    is_comment_beside(statement, next).then_some(next)
}

/// The statement with the comment on its last line.
pub fn with_comment_beside(statement: Node<'_>) -> Span {
    Span::new(
        statement.start(),
        comment_beside(statement).unwrap_or(statement).end(),
    )
}

/// What follows a statement; a comment on its last line is part of it.
pub fn next_line_of(statement: Node<'_>) -> Option<Node<'_>> {
    let mut behind = std::iter::successors(statement.next_sibling(), |node| node.next_sibling());
    let next = behind.find(|node| !is_comment_beside(statement, *node))?;
    match next.kind() {
        // Comments above the first statement stand outside of the list.
        Kind::StatementList => next.all_children().next(),
        _ => Some(next),
    }
}

/// Deletes a statement with its line and the comments that belong to it.
pub fn delete_with_comments(file: &SourceFile, statement: Node<'_>) -> Option<Edit> {
    delete_lines(file, whole(statement, &|_| false))
}

/// Deletes the statements from `first` to `last`, which follow each other, with the comments that belong to them.
pub fn delete_all_with_comments(file: &SourceFile, first: Node<'_>, last: Node<'_>) -> Option<Edit> {
    let going = |node: Node<'_>| first.start() <= node.start() && node.end() <= last.end();
    delete_lines(file, Span::new(whole(first, &going).start, last.end()))
}

/// A statement with the comments above that belong to it.
pub(super) fn whole<'a>(statement: Node<'a>, going: &dyn Fn(Node<'a>) -> bool) -> Span {
    let comments = comments_above(statement, going);
    Span::new(comments.first().unwrap_or(&statement).start(), statement.end())
}

/// The lines of a statement that moves and becomes `text`: the comments above it, then the text with the comment
/// beside it. That one goes above, too, where gofmt would line it up with others.
pub fn moved_lines<'a>(
    statement: Node<'a>,
    text: &str,
    is_crowded: bool,
    going: &dyn Fn(Node<'a>) -> bool,
) -> Vec<String> {
    let above = comments_above(statement, going).into_iter().map(Node::text);
    let mut lines: Vec<String> = above.map(str::to_owned).collect();
    match comment_beside(statement).map(Node::text) {
        Some(beside) if is_crowded => lines.extend([beside.to_owned(), text.to_owned()]),
        Some(beside) => lines.push(format!("{text} {beside}")),
        None => lines.push(text.to_owned()),
    }
    lines
}

/// `lines` as statements of their own before `statement` and the comments that belong to it. `None` where other code
/// stands before it on its line.
pub fn insert_above(file: &SourceFile, statement: Node<'_>, lines: &[&str]) -> Option<Edit> {
    let head = before_comments(statement);
    let start = line_start(&file.source, head);
    let indent = indentation(file, head);
    let below = insert_before(file, statement, lines)?;
    (start + indent.len() == head).then(|| Edit::insert(head, below.text))
}

/// Whether a comment beside what is inserted above `statement` would stand next to another one beside code.
pub fn has_comments_around(file: &SourceFile, statement: Node<'_>) -> bool {
    let head = before_comments(statement);
    let start = line_start(&file.source, head);
    let holds = |line: &[u8]| {
        memchr::memmem::find(line, b"//").is_some() || memchr::memmem::find(line, b"/*").is_some()
    };
    let follows = head == statement.start() && holds(line_rest(&file.source, head));
    follows || holds(line_before(&file.source, start))
}

/// Whether a comment beside what is inserted behind the line of `offset` would stand next to another one beside code.
pub fn has_comments_behind(file: &SourceFile, offset: usize) -> bool {
    let next = next_line(&file.source, offset);
    let holds = |line: &[u8]| {
        memchr::memmem::find(line, b"//").is_some() || memchr::memmem::find(line, b"/*").is_some()
    };
    holds(line_rest(&file.source, offset)) || holds(line_at(&file.source, next))
}

/// Where the comments directly above a statement begin, whatever else they speak of.
fn before_comments(statement: Node<'_>) -> usize {
    comments_above(statement, &|_| true)
        .first()
        .unwrap_or(&statement)
        .start()
}

/// What stands before a statement in its block: comments above the first one stand outside of the list.
fn before_in_block(statement: Node<'_>) -> Vec<Node<'_>> {
    let list = statement.parent();
    let outer = list
        .and_then(Node::parent)
        .into_iter()
        .flat_map(Node::all_children);
    let outer = outer.filter(|node| node.is(Kind::Comment));
    let inner = list.into_iter().flat_map(Node::all_children);
    outer
        .chain(inner)
        .filter(|node| node.index() < statement.index())
        .collect()
}

/// Whether nothing but white space stands before it on its line: a comment behind `{` or `case x:` speaks of that.
fn begins_line(comment: Node<'_>) -> bool {
    let source = comment.tree().source();
    let start = memchr::memrchr(b'\n', &source[..comment.start()]).map_or(0, |at| at + 1);
    source[start..comment.start()].iter().all(u8::is_ascii_whitespace)
}

fn is_comment_beside(statement: Node<'_>, node: Node<'_>) -> bool {
    let between = statement.tree().source().get(statement.end()..node.start());
    node.is(Kind::Comment) && !between.unwrap_or_default().contains(&b'\n')
}

fn lines_between(a: Node<'_>, b: Node<'_>) -> usize {
    let between = a.tree().source().get(a.end()..b.start());
    between.map_or(0, |between| between.iter().filter(|byte| **byte == b'\n').count())
}
