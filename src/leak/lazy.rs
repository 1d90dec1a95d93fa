//! Calls that requests reach but that happen once: what they give is kept, and a check of what is kept stands before.

use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, BindingKind, Callee, DeclKind, Declaration, Meaning};

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

/// Whether `call` stands under a condition that asks about a package variable, and calls a function of the module
/// that gives this variable its value: `if db == nil { connect() }`.
pub fn is_filled(at: Declaration<'_>, function: Node<'_>, call: Node<'_>) -> bool {
    let Callee::Package(callee) = at.callee(call) else {
        return false;
    };
    let filled = filled_by(callee, DEPTH);
    let is_filled = |asked: Declaration<'_>| {
        filled
            .iter()
            .any(|filled| filled.id == asked.id && filled.package.path == asked.package.path)
    };
    !filled.is_empty()
        && conditions(function, call).into_iter().any(|condition| {
            let named = condition.subtree().filter(|node| node.is(Kind::Identifier));
            named.filter_map(|node| variable(at, node)).any(is_filled)
        })
}

/// How many functions, each called by the one before, are looked into for what they assign.
const DEPTH: u32 = 3;

/// The package variables that a function and those it calls give a value.
fn filled_by(callee: Declaration<'_>, depth: u32) -> Vec<Declaration<'_>> {
    let mut filled = Vec::new();
    let body = callee.function().and_then(|function| function.field(Field::Body));
    for node in body.into_iter().flat_map(Node::descendants) {
        match (node.kind(), depth.checked_sub(1)) {
            (Kind::AssignmentStatement, _) => {
                let left = node.field(Field::Left).into_iter().flat_map(Node::children);
                filled.extend(left.filter_map(|target| variable(callee, target)));
            }
            (Kind::CallExpression, Some(depth)) => {
                if let Callee::Package(next) = callee.callee(node) {
                    filled.extend(filled_by(next, depth));
                }
            }
            _ => {}
        }
    }
    filled
}

/// The package variable that `node` names, of this package.
fn variable<'a>(at: Declaration<'a>, node: Node<'a>) -> Option<Declaration<'a>> {
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
fn targets<'a>(value: Node<'a>) -> impl Iterator<Item = Node<'a>> {
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
