//! Openings that requests reach but that happen once: the pool is kept, and a check of what is kept stands before.

use crate::go::syntax::{Field, Kind, Node};
use crate::go::{DeclKind, Declaration, Meaning};
use crate::leak::{Acquisition, Handle};

/// Whether the pool is stored in a package variable, field or map that a condition on the way asks about.
pub fn is_guarded(opening: &Acquisition<'_>) -> bool {
    let stores = stores(opening);
    let names: Vec<&str> = stores
        .iter()
        .flat_map(|store| names_in(opening.at, *store))
        .collect();
    !names.is_empty()
        && conditions(opening).into_iter().any(|condition| {
            names_in(opening.at, condition)
                .iter()
                .any(|name| names.contains(name))
        })
}

/// The expressions that the pool is stored in, and the stores it is handed to (`cache.Store(key, db)`).
fn stores<'a>(opening: &Acquisition<'a>) -> Vec<Node<'a>> {
    let at = opening.at;
    let mut stores: Vec<Node<'a>> = targets(opening.call).collect();
    let handle = match opening.handle {
        Handle::Local(handle) => handle,
        _ => return stores,
    };
    for node in at.scopes().uses(handle, at.tree()) {
        let Some(list) = node.parent() else { continue };
        match list.kind() {
            Kind::ExpressionList if list.role() == Field::Right => stores.extend(targets(node)),
            Kind::ArgumentList => stores.extend(
                list.parent()
                    .and_then(|call| call.field(Field::Function)?.field(Field::Operand)),
            ),
            _ => {}
        }
    }
    stores
}

/// The left side of the assignment whose value `value` is.
fn targets<'a>(value: Node<'a>) -> impl Iterator<Item = Node<'a>> {
    let list = value.parent().filter(|list| list.role() == Field::Right);
    let assignment = list
        .and_then(Node::parent)
        .filter(|assignment| assignment.is(Kind::AssignmentStatement));
    let left = assignment.and_then(|assignment| assignment.field(Field::Left));
    left.into_iter().flat_map(Node::children)
}

/// The package variables and fields that an expression mentions.
fn names_in<'a>(at: Declaration<'a>, expression: Node<'a>) -> Vec<&'a str> {
    let named = expression.subtree().filter(|node| match node.kind() {
        Kind::Identifier => {
            matches!(at.resolve(*node), Meaning::Package(declaration) if declaration.kind() == DeclKind::Var)
        }
        Kind::FieldIdentifier => node
            .parent()
            .and_then(Node::parent)
            .is_none_or(|call| !call.is(Kind::CallExpression)),
        _ => false,
    });
    named.map(Node::text).collect()
}

/// The headers of the branches around the opening, and of those before it that leave.
fn conditions<'a>(opening: &Acquisition<'a>) -> Vec<Node<'a>> {
    let mut found = Vec::new();
    let around = std::iter::once(opening.call).chain(opening.call.ancestors());
    for node in around.take_while(|node| *node != opening.function) {
        let before = node
            .parent()
            .filter(|list| list.is(Kind::StatementList))
            .into_iter()
            .flat_map(Node::children)
            .take_while(|sibling| sibling.start() < node.start());
        let leaving =
            before.filter(|sibling| sibling.descendants().any(|node| node.is(Kind::ReturnStatement)));
        for branch in leaving
            .chain([node])
            .filter(|node| matches!(node.kind(), Kind::IfStatement | Kind::ExpressionSwitchStatement))
        {
            found.extend(branch.field(Field::Condition));
            found.extend(branch.field(Field::Initializer));
        }
    }
    found
}
