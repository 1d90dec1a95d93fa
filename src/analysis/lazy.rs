//! Calls that requests reach but that happen once: what they give is kept, and a check of what is kept stands before.

use std::sync::Arc;

use super::reached::{Reached, called};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, BindingKind, DeclId, DeclKind, Declaration, Meaning, Type};

/// Whether the result of `call` is stored in a package variable, field or map that a condition on the way asks about:
/// `if s.db == nil { s.db = open() }`. `function` is the function around it.
pub fn is_kept(at: Declaration<'_>, function: Node<'_>, call: Node<'_>) -> bool {
    let stores = stores(at, call);
    let names: Vec<&str> = stores.iter().flat_map(|store| names_in(at, *store)).collect();
    !names.is_empty()
        && conditions(function, call).into_iter().any(|condition| {
            let asked = names_in(at, condition);
            asked.iter().any(|name| names.contains(name))
        })
}

/// Whether `call` stands under a condition that asks about a package variable or a field, and calls a function of the
/// module that gives this one its value: `if db == nil { connect() }`.
pub fn is_filled(at: Declaration<'_>, function: Node<'_>, call: Node<'_>) -> bool {
    let Some(callee) = called(at, call) else {
        return false;
    };
    let asked = conditions(function, call).into_iter().flat_map(|condition| {
        let pinged = condition.subtree().filter_map(|node| pinged(at, node));
        let nodes = condition.subtree().chain(pinged.flat_map(Node::subtree));
        nodes.filter_map(|node| Some((node_name(node)?, store(at, node)?)))
    });
    let asked: Vec<(&str, Store)> = asked.collect();
    let names: Vec<&str> = asked.iter().map(|(name, _)| *name).collect();
    !asked.is_empty()
        && is_filled_by(callee, &names, |at, target| {
            store(at, target).is_some_and(|filled| asked.iter().any(|(_, asked)| *asked == filled))
        })
}

/// The last name of a variable or field.
fn node_name(node: Node<'_>) -> Option<&str> {
    match node.kind() {
        Kind::Identifier => Some(node.text()),
        Kind::SelectorExpression => node.field(Field::Field).map(Node::text),
        _ => None,
    }
}

/// Where a function can leave a value for the calls to come.
#[derive(PartialEq, Eq)]
enum Store {
    /// A package variable: the path of its package, and its declaration.
    Variable(Arc<str>, DeclId),
    /// A field: the path and name of its type, and its own name.
    Field(Arc<str>, Arc<str>, String),
}

/// Whether a function, or one that it calls, assigns to a target with one of these names that `is_meant`. Where there
/// are too many to look at, it may.
fn is_filled_by<'a>(
    callee: Declaration<'a>,
    names: &[&str],
    is_meant: impl Fn(Declaration<'a>, Node<'a>) -> bool,
) -> bool {
    let mut reached = Reached::from(callee);
    let fills = |(at, body): (Declaration<'a>, Node<'a>)| {
        let mut names = names.iter();
        let has_name = names.any(|name| memchr::memmem::find(at.bytes(), name.as_bytes()).is_some());
        let assignments = body
            .descendants()
            .filter(|node| node.is(Kind::AssignmentStatement) && has_name);
        let targets = assignments
            .filter_map(|node| node.field(Field::Left))
            .flat_map(Node::children);
        { targets }.any(|target| is_meant(at, target))
    };
    reached.any(fills) || reached.is_cut()
}

/// The store that `node` names; a field of something that the function itself made is none.
fn store(at: Declaration<'_>, node: Node<'_>) -> Option<Store> {
    match node.kind() {
        Kind::Identifier => {
            let variable = variable(at, node)?;
            Some(Store::Variable(variable.package.path.clone(), variable.id))
        }
        Kind::SelectorExpression if !is_part_of_new_value(at, node) => {
            let of = at.type_of(node.field(Field::Operand)?);
            let Type::Named { path, name, .. } = of.pointee() else {
                return None;
            };
            let field = node.field(Field::Field)?.text().to_owned();
            Some(Store::Field(path.clone(), name.clone(), field))
        }
        _ => None,
    }
}

/// The call that gave a local name its error, where it asks whether something is still there: `err := s.db.Ping()`.
fn pinged<'a>(at: Declaration<'a>, node: Node<'a>) -> Option<Node<'a>> {
    let held = at
        .scopes()
        .binding_of(node)
        .filter(|_| node.is(Kind::Identifier))?;
    let origin = at.tree().node(at.scopes().get(held).origin);
    let call = origin.field(Field::Right)?.child(0)?;
    let method = call.field(Field::Function)?.field(Field::Field)?;
    method.text().starts_with("Ping").then_some(call)
}

/// The package variable that `node` names, of this package.
pub(super) fn variable<'a>(at: Declaration<'a>, node: Node<'a>) -> Option<Declaration<'a>> {
    match at.resolve(node) {
        Meaning::Package(declaration) if declaration.kind() == DeclKind::Var => Some(declaration),
        _ => None,
    }
}

/// The expressions that the result is stored in, and the stores it is handed to (`cache.Store(key, db)`).
fn stores<'a>(at: Declaration<'a>, call: Node<'a>) -> Vec<Node<'a>> {
    let mut stores: Vec<Node<'a>> = targets(call).collect();
    let taken: Vec<BindingId> = taken(call)
        .filter_map(|name| at.scopes().binding_of(name))
        .collect();
    let uses = taken
        .into_iter()
        .flat_map(|handle| at.scopes().uses(handle, at.tree()));
    for node in uses {
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
    stores.retain(|store| !is_part_of_new_value(at, *store));
    stores
}

/// The left side of the assignment whose value `value` is.
pub(super) fn targets<'a>(value: Node<'a>) -> impl Iterator<Item = Node<'a>> {
    let list = value.parent().filter(|list| list.role() == Field::Right);
    let assignment = list
        .and_then(Node::parent)
        .filter(|assignment| assignment.is(Kind::AssignmentStatement));
    let left = assignment.and_then(|assignment| assignment.field(Field::Left));
    left.into_iter().flat_map(Node::children)
}

/// The names that take the results of `call`.
fn taken<'a>(call: Node<'a>) -> impl Iterator<Item = Node<'a>> {
    let list = call
        .parent()
        .filter(|list| matches!(list.role(), Field::Right | Field::Value));
    let statement = list.and_then(Node::parent).into_iter();
    statement.flat_map(|statement| {
        let left = statement.field(Field::Left).into_iter().flat_map(Node::children);
        left.chain(statement.fields(Field::Name))
            .filter(|name| name.is(Kind::Identifier))
    })
}

/// Whether the store is a field of something that the function itself made: new for each call, it keeps nothing.
fn is_part_of_new_value(at: Declaration<'_>, store: Node<'_>) -> bool {
    let base = std::iter::successors(Some(store), |node| node.field(Field::Operand)).last();
    let binding = base.and_then(|base| at.scopes().binding_of(base));
    let Some(binding) = binding.map(|id| at.scopes().get(id)) else {
        return false;
    };
    let origin = at.tree().node(binding.origin);
    let values = origin.field(Field::Right).or(origin.field(Field::Value));
    let is_new = |value: Node<'_>| {
        let value = value.unparenthesized();
        value.is(Kind::CompositeLiteral)
            || value.operator() == Some(Kind::Address)
                && value
                    .field(Field::Operand)
                    .is_some_and(|operand| operand.is(Kind::CompositeLiteral))
    };
    binding.kind == BindingKind::Var && values.is_some_and(|values| values.children().all(is_new))
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

/// The headers of the branches around the call, and of those before it that leave.
fn conditions<'a>(function: Node<'a>, call: Node<'a>) -> Vec<Node<'a>> {
    let mut found = Vec::new();
    let around = std::iter::once(call).chain(call.ancestors());
    for node in around.take_while(|node| *node != function) {
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
