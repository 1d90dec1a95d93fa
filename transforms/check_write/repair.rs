//! The check behind a write, and the way out of the function.

use super::peer::{Peer, Write};
use super::{Fault, Site};
use crate::analysis::endless::{is_timer, waits_for_shutdown};
use crate::edit::{self, Rewrite};
use crate::go::SourceFile;
use crate::go::syntax::{Field, Kind, Node};
use crate::text::{Edit, Span};
use crate::transform::{Applicability, Fix, Reason, Refusal};

/// Leaves the function when a write fails:
///
/// ```text
/// w.Flush()   ⇒   if err := w.Flush(); err != nil {
///                     return
///                 }
/// ```
///
/// The writer and the connection keep their first error, so a failed write is not a passing mishap: no later one
/// can reach the client. Whatever stands behind the endless loop was never run.
pub fn fix(site: &Site<'_>) -> Result<Fix, Refusal> {
    if site.fault == Fault::Silent {
        let message = "write something in the idle branch as well, say the comment `: ping` and a blank line, flush it, and return on its error";
        return Err(Refusal::new(Reason::NeedsDecision, message));
    }
    let function = site.looped.enclosing_function();
    if function
        .and_then(|function| function.field(Field::Result))
        .is_some()
    {
        let message = "the function has results: return the error of the write";
        return Err(Refusal::new(Reason::ControlFlow, message));
    }
    let direct = |write: &Write<'_>| site.peer == Peer::Socket || write.method == "Flush";
    if !site.writes.iter().all(direct) {
        return Err(unheeded());
    }
    let mut rewrite = Rewrite::new();
    for write in &site.writes {
        for edit in heeded(site, write)? {
            let overlap = |_| Refusal::new(Reason::ControlFlow, "the writes are nested in each other");
            rewrite.edit(site.declaration.id.file, edit).map_err(overlap)?;
        }
    }
    let title = match site.peer {
        Peer::Stream => "End the stream when its client is gone",
        Peer::Socket => "End the loop when the websocket's client is gone",
    };
    Ok(Fix::new(title, applicability(site), rewrite))
}

fn unheeded() -> Refusal {
    let message = "look at the error of each write and return from the function when there is one";
    Refusal::new(Reason::NeedsDecision, message)
}

/// The edits that make the function return when this write fails.
fn heeded(site: &Site<'_>, write: &Write<'_>) -> Result<Vec<Edit>, Refusal> {
    let file = site.declaration.file();
    if is_ignored(write) {
        return checked(file, write.call).ok_or_else(|| {
            let message = "other code stands on the line of the write: give it a line of its own";
            Refusal::new(Reason::ControlFlow, message)
        });
    }
    let told = check_behind(write).and_then(|check| returning(file, check));
    told.map(|edit| vec![edit]).ok_or_else(unheeded)
}

/// The check of the write's error: `if err := w.Flush(); err != nil { … }`, or the statement behind `err := w.Flush()`.
fn check_behind<'a>(write: &Write<'a>) -> Option<Node<'a>> {
    let statement = write.call.statement()?;
    let (assigned, check) = match statement.is(Kind::IfStatement) {
        true => (statement.field(Field::Initializer)?, statement),
        false => (statement, following(statement)?),
    };
    let (left, right) = (assigned.field(Field::Left)?, assigned.field(Field::Right)?);
    let condition = check.field(Field::Condition)?.text();
    let compares = condition == format!("{} != nil", left.text());
    let plain = check.is(Kind::IfStatement) && check.field(Field::Alternative).is_none();
    (plain && compares && right.text() == write.call.text()).then_some(check)
}

/// The statement behind `statement`, comments passed over.
fn following(statement: Node<'_>) -> Option<Node<'_>> {
    let mut later = statement
        .parent()?
        .children()
        .skip_while(|held| *held != statement);
    later.nth(1)
}

/// Lets the arm of an error check return, where it went on, or left no more than a select.
fn returning(file: &SourceFile, check: Node<'_>) -> Option<Edit> {
    let arm = check.field(Field::Consequence)?;
    let last = arm.child(0)?.children().last()?;
    let is_jump = |node: &Node<'_>| {
        matches!(
            node.kind(),
            Kind::ReturnStatement | Kind::BreakStatement | Kind::ContinueStatement | Kind::GotoStatement
        )
    };
    let mut jumps = arm.shallow_descendants().filter(is_jump);
    match (jumps.next(), jumps.next()) {
        (None, _) => edit::insert_after(file, last, &["return"]),
        (Some(only), None) if only == last => Some(Edit::replace(last.span(), "return")),
        _ => None,
    }
}

/// Whoever sends to a channel that the loop receives from may then wait for ever; and an item that cannot be
/// encoded now ends the connection.
fn applicability(site: &Site<'_>) -> Applicability {
    let encodes = site.writes.iter().any(|write| write.method == "WriteJSON");
    match encodes || receives(site) {
        true => Applicability::Unsafe,
        false => Applicability::Safe,
    }
}

/// Whether the loop takes from a channel other than a timer's.
fn receives(site: &Site<'_>) -> bool {
    let parts = std::iter::once(site.looped).chain(site.looped.shallow_descendants());
    let mut sources = parts.filter_map(|node| match node.kind() {
        Kind::UnaryExpression
            if node.operator() == Some(Kind::Arrow) && !waits_for_shutdown(site.declaration, node) =>
        {
            node.field(Field::Operand)
        }
        _ => None,
    });
    sources.any(|source| !is_timer(site.declaration, source))
}

/// Whether the call is a statement of its own, or assigned to blanks.
fn is_ignored(write: &Write<'_>) -> bool {
    let Some(statement) = write.call.statement() else {
        return false;
    };
    match statement.kind() {
        Kind::ExpressionStatement => statement.child(0) == Some(write.call),
        Kind::AssignmentStatement => {
            let side = |field| statement.field(field).map_or("", Node::text);
            side(Field::Left) == "_" && side(Field::Right) == write.call.text()
        }
        _ => false,
    }
}

/// The statement of `call` as an error check. A comment on its line stays there.
fn checked(file: &SourceFile, call: Node<'_>) -> Option<Vec<Edit>> {
    let statement = call.statement()?;
    let indent = edit::indentation(file, statement.start());
    let first = file
        .source
        .get(..statement.start())?
        .ends_with(format!("\n{indent}").as_bytes());
    let rest = file.source.get(statement.end()..)?;
    let rest = &rest[..rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())];
    let rest = rest.trim_ascii_end();
    let alone = rest.is_empty() || rest.trim_ascii_start().starts_with(b"//");
    (first && alone).then_some(())?;
    let (end, unit) = (edit::newline(file), edit::indentation_unit(file));
    let head = Edit::replace(Span::new(statement.start(), call.start()), "if err := ");
    let body = format!("{end}{indent}{unit}return{end}{indent}}}");
    match rest.is_empty() {
        true => Some(vec![
            head,
            Edit::insert(statement.end(), format!("; err != nil {{{body}")),
        ]),
        false => Some(vec![
            head,
            Edit::insert(statement.end(), "; err != nil {"),
            Edit::insert(statement.end() + rest.len(), body),
        ]),
    }
}
