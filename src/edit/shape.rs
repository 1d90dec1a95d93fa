//! Shapes that repairs look for.

use crate::go::syntax::{Field, Kind, Node};
use crate::go::{DeclKind, Declaration};

/// Whether a statement is the error check `if err != nil { … }` of the error named `error`.
pub fn is_error_check(statement: Node<'_>, error: &str) -> bool {
    let condition = statement.field(Field::Condition).map(Node::unparenthesized);
    let compares = condition.is_some_and(|condition| {
        let side = |field| condition.field(field).map_or("", Node::text);
        condition.operator() == Some(Kind::NotEqual)
            && (side(Field::Left), side(Field::Right)) == (error, "nil")
    });
    statement.is(Kind::IfStatement)
        && compares
        && statement.field(Field::Initializer).is_none()
        && statement.field(Field::Alternative).is_none()
}

/// Whether the declaration is a lone `var`, so that deleting it deletes no other name.
pub fn declares_one_variable(declaration: Declaration<'_>) -> bool {
    declaration.kind() == DeclKind::Var && declaration.decl().names.len() == 1
}
