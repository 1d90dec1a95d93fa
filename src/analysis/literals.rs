//! Literals that are a resource, and what they are assigned by.

use crate::go::syntax::{Field, Kind, Node};

/// The statement or spec whose left side holds `target`.
pub(super) fn assignment_of(target: Node<'_>) -> Option<Node<'_>> {
    let parent = target.parent()?;
    match parent.kind() {
        Kind::ExpressionList => parent.parent(),
        Kind::VarSpec => Some(parent),
        _ => None,
    }
}

/// The call or literal that is the whole right side.
pub(super) fn assigned_value(statement: Node<'_>) -> Option<Node<'_>> {
    let values = statement.field(Field::Right).or(statement.field(Field::Value))?;
    let mut values = values.children();
    let first = values.next()?.unparenthesized();
    (values.next().is_none() && is_acquiring(first)).then_some(first)
}

/// Whether the expression can give a resource: a call, a literal, or the address of one.
pub(super) fn is_acquiring(value: Node<'_>) -> bool {
    let is_addressed = |literal: Node<'_>| {
        let around = literal.parent();
        around.is_some_and(|around| around.operator() == Some(Kind::Address))
    };
    match value.kind() {
        Kind::CallExpression => true,
        Kind::CompositeLiteral => !is_addressed(value),
        Kind::UnaryExpression => literal_of(value).is_some(),
        _ => false,
    }
}

/// The literal that `value` is, or whose address it is.
pub fn literal_of(value: Node<'_>) -> Option<Node<'_>> {
    match value.kind() {
        Kind::CompositeLiteral => Some(value),
        Kind::UnaryExpression if value.operator() == Some(Kind::Address) => value
            .field(Field::Operand)
            .filter(|operand| operand.is(Kind::CompositeLiteral)),
        _ => None,
    }
}

/// The value that a literal gives its field `name`.
pub fn field_set_in<'a>(literal: Node<'a>, name: &str) -> Option<Node<'a>> {
    let elements = literal
        .field(Field::Body)?
        .children()
        .filter(|node| node.is(Kind::KeyedElement));
    let mut set = elements.filter(|element| {
        let key = element.field(Field::Key);
        key.is_some_and(|key| key.text() == name)
    });
    set.next()?.field(Field::Value)?.child(0)
}
