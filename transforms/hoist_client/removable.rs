//! Statements that close a pool and can go as a whole, with what stands around them for that alone.

use crate::edit::is_pure;
use crate::go::Declaration;
use crate::go::syntax::{Field, Kind, Node};

/// The statement that `call`, a call of Close, can be taken out with: `db.Close()`, `_ = db.Close()`,
/// `defer db.Close()`, a check of its error that only reports, or the deferred closure around one of those.
pub fn removable_close<'a>(at: Declaration<'a>, function: Node<'a>, call: Node<'a>) -> Option<Node<'a>> {
    let parent = call.parent()?;
    let statement = match parent.kind() {
        Kind::ExpressionStatement | Kind::DeferStatement => parent,
        Kind::ExpressionList => closing_assignment(parent)?,
        _ => return None,
    };
    let statement = with_its_branch(at, statement)?;
    match statement.enclosing_function()? {
        owner if owner == function => Some(statement),
        literal => deferred(literal, function).map(|deferred| match is_alone(statement) {
            true => deferred,
            false => statement,
        }),
    }
}

/// `_ = db.Close()` or `if err := db.Close(); err != nil { log… }`.
fn closing_assignment(list: Node<'_>) -> Option<Node<'_>> {
    let assignment = list.parent()?;
    let left = assignment.field(Field::Left)?;
    let mut targets = left.children();
    match assignment.role() {
        Field::Initializer => {
            let check = assignment.parent().filter(|check| check.is(Kind::IfStatement))?;
            let quiet = check.field(Field::Consequence).is_some_and(only_reports);
            let alone = check.field(Field::Alternative).is_none() && assignment.is(Kind::ShortVarDeclaration);
            (quiet && alone).then_some(check)
        }
        _ => targets.all(|target| target.text() == "_").then_some(assignment),
    }
}

/// `if db != nil { db.Close() }` as a whole, where `statement` is all of its body: nothing would be left of it but
/// its condition. `None` where that does something of its own, or there is another branch.
fn with_its_branch<'a>(at: Declaration<'a>, statement: Node<'a>) -> Option<Node<'a>> {
    let block = statement.enclosing(Kind::Block);
    let branch = block.and_then(Node::parent).filter(|branch| {
        matches!(branch.kind(), Kind::IfStatement | Kind::ForStatement) && is_alone(statement)
    });
    let Some(branch) = branch else {
        return Some(statement);
    };
    let condition = branch
        .field(Field::Condition)
        .filter(|condition| is_pure(at, *condition));
    let is_plain = branch.is(Kind::IfStatement)
        && branch.field(Field::Alternative).is_none()
        && branch.field(Field::Initializer).is_none()
        && branch.role() != Field::Alternative;
    condition.filter(|_| is_plain)?;
    with_its_branch(at, branch)
}

/// Whether `statement` is all that its block does.
fn is_alone(statement: Node<'_>) -> bool {
    statement
        .parent()
        .is_some_and(|list| list.is(Kind::StatementList) && list.children().count() == 1)
}

/// The statement of `function` that defers the call of `literal`.
pub fn deferred<'a>(literal: Node<'a>, function: Node<'a>) -> Option<Node<'a>> {
    let call = literal
        .parent()
        .filter(|call| call.field(Field::Function) == Some(literal))?;
    let statement = call.parent().filter(|parent| parent.is(Kind::DeferStatement))?;
    (statement.enclosing_function() == Some(function)).then_some(statement)
}

/// Whether a block does nothing but tell someone and leave.
pub fn only_reports(block: Node<'_>) -> bool {
    let statements = block.children().flat_map(Node::children);
    statements.into_iter().all(reports)
}

/// Whether a statement tells someone, or leaves.
pub fn reports(statement: Node<'_>) -> bool {
    match statement.kind() {
        Kind::ReturnStatement | Kind::ContinueStatement | Kind::BreakStatement => true,
        Kind::ExpressionStatement => statement.child(0).is_some_and(is_report),
        _ => false,
    }
}

/// Whether a call logs, prints, panics, ends the program or shapes the response: by name, since a wrong guess only
/// keeps an error check that could have gone.
fn is_report(call: Node<'_>) -> bool {
    const REPORTS: [&str; 15] = [
        "Debug",
        "Error",
        "Exit",
        "Fatal",
        "Info",
        "Log",
        "Msg",
        "Panic",
        "Print",
        "Send",
        "SendString",
        "Status",
        "Trace",
        "Warn",
        "JSON",
    ];
    let function = call.field(Field::Function);
    let name = function.map_or("", |function| {
        function.field(Field::Field).unwrap_or(function).text()
    });
    let stem = name
        .trim_end_matches("ln")
        .trim_end_matches('f')
        .trim_end_matches("Context");
    name == "panic"
        || name == "print"
        || name == "println"
        || REPORTS.contains(&stem)
        || REPORTS.contains(&name)
}
