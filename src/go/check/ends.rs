//! Whether a function that has results ends with a terminating statement, as the language defines it.

use super::complaint::{Fault, Found};
use crate::go::declaration::Declaration;
use crate::go::syntax::{Field, Kind, Node};
use crate::limits::Limit;

/// Statements nested deeper than this are taken to end.
const DEPTH: Limit = Limit::new(200, "nested statements of the checker");

pub(super) fn check(found: &mut Found<'_>, function: Node<'_>) {
    let Some(body) = function.field(Field::Body) else {
        return;
    };
    let has_results = match function.field(Field::Result) {
        Some(list) if list.is(Kind::ParameterList) => list.children().next().is_some(),
        Some(_) => true,
        None => false,
    };
    if has_results && !list_ends(found.at, body, DEPTH.most) {
        found.add(Fault::MissingReturn, body, "", "missing return");
    }
}

/// The statements of a block or a clause.
pub(super) fn statements(parent: Node<'_>) -> Vec<Node<'_>> {
    let list = parent.children().find(|child| child.is(Kind::StatementList));
    let all = list.into_iter().flat_map(Node::children);
    all.filter(|statement| !statement.is(Kind::EmptyStatement))
        .collect()
}

fn list_ends(at: Declaration<'_>, parent: Node<'_>, depth: u32) -> bool {
    statements(parent)
        .last()
        .is_some_and(|last| ends(at, *last, None, depth))
}

fn ends(at: Declaration<'_>, statement: Node<'_>, label: Option<&str>, depth: u32) -> bool {
    let Some(depth) = depth.checked_sub(1) else {
        DEPTH.reached(&at.file().path);
        return true;
    };
    match statement.kind() {
        Kind::ReturnStatement | Kind::GotoStatement => true,
        Kind::ExpressionStatement => is_panic(at, statement),
        Kind::Block => list_ends(at, statement, depth),
        Kind::IfStatement => {
            let arms = (
                statement.field(Field::Consequence),
                statement.field(Field::Alternative),
            );
            matches!(arms, (Some(then), Some(other))
                if list_ends(at, then, depth) && ends(at, other, None, depth))
        }
        Kind::ForStatement => is_endless(statement) && !has_break(statement, label),
        Kind::LabeledStatement => {
            let inner = statement.children().find(|child| child.role() != Field::Label);
            let label = statement.field(Field::Label).map(Node::text);
            inner.is_some_and(|inner| ends(at, inner, label, depth))
        }
        Kind::SelectStatement => clauses_end(at, statement, label, depth),
        Kind::ExpressionSwitchStatement | Kind::TypeSwitchStatement => {
            let has_default = statement.children().any(|clause| clause.is(Kind::DefaultCase));
            has_default && clauses_end(at, statement, label, depth)
        }
        _ => false,
    }
}

fn clauses_end(at: Declaration<'_>, statement: Node<'_>, label: Option<&str>, depth: u32) -> bool {
    let ends_or_falls = |clause: Node<'_>| {
        let all = statements(clause);
        all.last()
            .is_some_and(|last| last.is(Kind::FallthroughStatement) || ends(at, *last, None, depth))
    };
    !has_break(statement, label) && clauses(statement).into_iter().all(ends_or_falls)
}

pub(super) fn clauses(statement: Node<'_>) -> Vec<Node<'_>> {
    let is_clause = |node: &Node<'_>| {
        matches!(
            node.kind(),
            Kind::ExpressionCase | Kind::TypeCase | Kind::CommunicationCase | Kind::DefaultCase
        )
    };
    statement.children().filter(is_clause).collect()
}

/// `panic(…)`, by its own meaning.
pub(super) fn is_panic(at: Declaration<'_>, statement: Node<'_>) -> bool {
    let call = statement
        .child(0)
        .filter(|_| statement.is(Kind::ExpressionStatement));
    call.is_some_and(|call| {
        let call = call.unparenthesized();
        call.is(Kind::CallExpression) && at.builtin_called(call) == Some("panic")
    })
}

/// A `for` without a condition and without a range.
pub(super) fn is_endless(statement: Node<'_>) -> bool {
    let header = statement.children().find(|child| child.role() != Field::Body);
    match header {
        None => true,
        Some(clause) if clause.is(Kind::ForClause) => clause.field(Field::Condition).is_none(),
        Some(_) => false,
    }
}

/// Whether a `break` of the statement leaves it.
pub(super) fn has_break(statement: Node<'_>, label: Option<&str>) -> bool {
    let mut jumps = statement
        .shallow_descendants()
        .filter(|node| node.is(Kind::BreakStatement));
    jumps.any(|jump| match jump.child(0) {
        Some(to) => Some(to.text()) == label,
        None => jump.ancestors().find(|node| is_breakable(*node)) == Some(statement),
    })
}

fn is_breakable(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        Kind::ForStatement
            | Kind::SelectStatement
            | Kind::ExpressionSwitchStatement
            | Kind::TypeSwitchStatement
    )
}
