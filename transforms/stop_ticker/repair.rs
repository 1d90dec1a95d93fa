//! The repairs: stopped at the return, or one timer in place of many.

use super::body_of;
use super::ticker::Timer;
use crate::analysis::launch::loops_around;
use crate::edit::{self, NewName, Rewrite};
use crate::facts::paths;
use crate::go::Declaration;
use crate::go::syntax::{Field, Kind, Node};
use crate::text::Edit;
use crate::transform::{Applicability, Fix, Reason, Refusal};

/// Stops the ticker when its function returns:
///
/// ```text
/// ticker := time.NewTicker(d)   ⇒   ticker := time.NewTicker(d)
///                                   defer ticker.Stop()
/// ```
///
/// Whoever listens is in the same function, so nobody listens after that.
pub fn stop_at_return(at: Declaration<'_>, timer: &Timer<'_>) -> Result<Fix, Refusal> {
    let (function, statement) = place(timer)?;
    let name = timer.name.ok_or_else(no_line)?;
    let elsewhere = |held: Node<'_>| held.enclosing_function() != Some(function);
    if at.scopes().uses(name, at.tree()).any(elsewhere) {
        let message = "another function listens to the ticker: stop it where that ends";
        return Err(Refusal::new(Reason::OtherParty, message));
    }
    let line = format!("defer {}.Stop()", at.scopes().get(name).name);
    let edit = edit::insert_after(at.file(), statement, &[&line]).ok_or_else(no_line)?;
    fix(
        at,
        "Stop the ticker when the function returns",
        Applicability::Safe,
        [edit],
    )
}

/// Makes a ticker that can be stopped:
///
/// ```text
///                                  ticker := time.NewTicker(d)
///                                  defer ticker.Stop()
/// for range time.Tick(d) { … }  ⇒  for range ticker.C { … }
/// ```
///
/// `time.Tick` of a duration that is not positive gives nil, where `time.NewTicker` panics: safe for constants.
pub fn own_ticker(at: Declaration<'_>, timer: &Timer<'_>) -> Result<Fix, Refusal> {
    let (_, statement) = place(timer)?;
    let evaluated_once = match statement.kind() {
        Kind::ForStatement => {
            let range = statement.children().find(|child| child.is(Kind::RangeClause));
            range.and_then(|range| range.field(Field::Right)) == Some(timer.call)
        }
        Kind::ShortVarDeclaration | Kind::VarDeclaration => true,
        _ => false,
    };
    let callee = timer.call.field(Field::Function).map_or("", Node::text);
    let duration = timer.call.field(Field::Arguments);
    let (true, Some(package), Some(duration)) = (evaluated_once, callee.strip_suffix("Tick"), duration)
    else {
        let message = "make a ticker with time.NewTicker before this statement, and stop it by a defer";
        return Err(Refusal::new(Reason::ControlFlow, message));
    };
    let new = NewName::local(at, statement, &["ticker", "tick"]);
    let name = &new.name;
    let made = format!("{name} := {package}NewTicker{}", duration.text());
    let stopped = format!("defer {name}.Stop()");
    let before = edit::insert_before(at.file(), statement, &[&made, &stopped]).ok_or_else(no_line)?;
    let instead = Edit::replace(timer.call.span(), format!("{name}.C"));
    let applicability = match is_positive(duration) {
        true => Applicability::Safe,
        false => Applicability::Unsafe,
    };
    let fix = fix(
        at,
        "Tick by a ticker that stops when the function returns",
        applicability,
        [before, instead],
    )?;
    Ok(Fix {
        names: vec![new],
        ..fix
    })
}

/// Moves the ticker into the stream:
///
/// ```text
/// ticker := time.NewTicker(d)
/// defer ticker.Stop()
/// c.SendStreamWriter(func(w *bufio.Writer) {   ⇒   c.SendStreamWriter(func(w *bufio.Writer) {
///     …                                                ticker := time.NewTicker(d)
///                                                      defer ticker.Stop()
///                                                      …
/// ```
///
/// What was meant to tick does so then: that is a change, if a wanted one.
pub fn into_stream(at: Declaration<'_>, timer: &Timer<'_>) -> Result<Fix, Refusal> {
    let (_, statement) = place(timer)?;
    let (Some(stop), Some(body)) = (timer.stop, timer.stream.and_then(|(stream, _)| body_of(stream))) else {
        return Err(no_line());
    };
    let arguments = timer.call.field(Field::Arguments);
    let constant = arguments.is_some_and(|arguments| is_positive(arguments));
    if !constant {
        let message = "make the ticker in the stream writer, and stop it there: its interval is not a constant, so look where that comes from";
        return Err(Refusal::new(Reason::ControlFlow, message));
    }
    let file = at.file();
    let neighbours = statement.next_sibling() == Some(stop);
    let both = edit::comment_beside(statement).is_some() && edit::comment_beside(stop).is_some();
    let is_crowded = both || edit::has_comments_behind(file, body.start());
    let going = |node| neighbours && (node == statement || node == stop);
    let mut lines = edit::moved_lines(statement, statement.text(), is_crowded, &going);
    lines.extend(edit::moved_lines(stop, stop.text(), is_crowded, &going));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let edits = (
        edit::delete_with_comments(file, statement),
        edit::delete_with_comments(file, stop),
        edit::insert_at_start(file, body, &lines),
    );
    let (Some(made), Some(stopped), Some(inside)) = edits else {
        return Err(no_line());
    };
    // Neighbours go in one piece, so that no blank line is counted twice.
    let gone = match neighbours {
        true => vec![edit::delete_all_with_comments(file, statement, stop).ok_or_else(no_line)?],
        false => vec![made, stopped],
    };
    let edits = gone.into_iter().chain([inside]);
    fix(
        at,
        "Move the ticker into the stream that listens to it",
        Applicability::Unsafe,
        edits,
    )
}

fn fix(
    at: Declaration<'_>,
    title: &str,
    applicability: Applicability,
    edits: impl IntoIterator<Item = Edit>,
) -> Result<Fix, Refusal> {
    let mut rewrite = Rewrite::new();
    for edit in edits {
        rewrite.edit(at.id.file, edit).map_err(|_| no_line())?;
    }
    Ok(Fix::new(title, applicability, rewrite))
}

/// The function around the timer, and its statement there, outside of loops.
fn place<'a>(timer: &Timer<'a>) -> Result<(Node<'a>, Node<'a>), Refusal> {
    let function = timer.call.enclosing_function().ok_or_else(no_line)?;
    let statement = timer.call.statement().ok_or_else(no_line)?;
    if loops_around(statement, function).next().is_some() {
        let message =
            "the ticker is made in a loop: make it before the loop, or stop it at the end of each turn";
        return Err(Refusal::new(Reason::InLoop, message));
    }
    Ok((function, statement))
}

/// Whether a duration is made of constants alone, as `5 * time.Second` is.
fn is_positive(arguments: Node<'_>) -> bool {
    let mut parts = arguments.descendants();
    let constant = parts.all(|part| match part.kind() {
        Kind::IntLiteral => part.text() != "0",
        Kind::SelectorExpression => part.text().starts_with("time."),
        Kind::BinaryExpression => part.operator() == Some(Kind::Star),
        Kind::Identifier => part.text() == paths::TIME,
        Kind::FieldIdentifier => true,
        _ => part.role() == Field::Operator,
    });
    constant && arguments.child(0).is_some()
}

fn no_line() -> Refusal {
    let message = "the statements share their lines with other code: give each a line of its own first";
    Refusal::new(Reason::ControlFlow, message)
}
