//! Small questions about calls and statements.

use crate::go::syntax::{Field, Kind, Node};

/// What the statement declares or assigns to, in order.
pub(super) fn targets<'a>(statement: Node<'a>) -> impl Iterator<Item = Node<'a>> {
    let names = statement
        .fields(Field::Name)
        .filter(|name| name.is(Kind::Identifier) || name.is(Kind::BlankIdentifier));
    let left = statement.field(Field::Left).into_iter().flat_map(Node::children);
    names.chain(left)
}

pub(super) fn is_deferred(call: Node<'_>) -> bool {
    call.parent()
        .is_some_and(|parent| parent.is(Kind::DeferStatement))
}

pub(super) fn is_started(call: Node<'_>) -> bool {
    call.parent().is_some_and(|parent| parent.is(Kind::GoStatement))
}

pub(super) fn called_name(call: Node<'_>) -> &str {
    let function = call.field(Field::Function);
    let name = function.map(|function| function.field(Field::Field).unwrap_or(function));
    name.map_or("", Node::text)
}
