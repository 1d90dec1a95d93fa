//! Assignments, declarations with a value, results and sends: how many values, and of which type.

use super::assignable::assignable;
use super::complaint::{Fault, Found, shown};
use crate::go::declaration::Declaration;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::types::{Direction, Type};

pub(super) fn check(found: &mut Found<'_>) {
    for node in found.nodes() {
        match node.kind() {
            Kind::AssignmentStatement if node.operator() == Some(Kind::Assign) => assignment(found, node),
            Kind::ShortVarDeclaration => assignment(found, node),
            Kind::VarSpec => spec(found, node),
            Kind::ReturnStatement => returned(found, node),
            Kind::SendStatement => send(found, node),
            _ => {}
        }
    }
}

/// The values that expressions give, each with the expression that gives it.
pub(super) fn values<'t>(at: Declaration<'_>, expressions: &[Node<'t>]) -> Vec<(Node<'t>, Type)> {
    match expressions {
        [only] => at
            .raw_type(*only)
            .values()
            .into_iter()
            .map(|of| (*only, of))
            .collect(),
        many => many.iter().map(|node| (*node, at.raw_type(*node))).collect(),
    }
}

fn listed(list: Option<Node<'_>>) -> Vec<Node<'_>> {
    match list {
        Some(list) if list.is(Kind::ExpressionList) => list.children().collect(),
        Some(only) => vec![only],
        None => Vec::new(),
    }
}

fn assignment(found: &mut Found<'_>, statement: Node<'_>) {
    let left = listed(statement.field(Field::Left));
    let right = listed(statement.field(Field::Right));
    if !fits(found, statement, left.len(), &right) {
        return;
    }
    let at = found.at;
    let is_new = |name: &Node<'_>| statement.is(Kind::ShortVarDeclaration) && at.scopes().declares(*name);
    for (name, (node, of)) in left.iter().zip(values(at, &right)) {
        if name.text() != "_" && !is_new(name) {
            let to = at.raw_type(*name);
            value_for(found, node, &of, &to, "assignment");
        }
    }
}

/// Complains where the numbers of both sides differ.
fn fits(found: &mut Found<'_>, statement: Node<'_>, wanted: usize, right: &[Node<'_>]) -> bool {
    let at = found.at;
    let names = match statement.field(Field::Left) {
        Some(left) => shown(left),
        None => statement
            .fields(Field::Name)
            .map(shown)
            .collect::<Vec<_>>()
            .join(", "),
    };
    let variables = format!("{wanted} variable{}", if wanted == 1 { "" } else { "s" });
    let mismatch = |gives: String| format!("assignment mismatch: {variables} but {gives}");
    let said = match right {
        [] => return false,
        [only] => match at.raw_type(*only) {
            Type::Unknown => return false,
            Type::Tuple(types) if types.is_empty() => {
                Some(format!("{} (no value) used as value", shown(*only)))
            }
            Type::Tuple(types) if types.len() != wanted => Some(mismatch(format!(
                "{} returns {} values",
                shown(*only),
                types.len()
            ))),
            Type::Tuple(_) => None,
            _ if wanted == 1 => None,
            _ if wanted == 2 && may_give_two(*only) => return false,
            _ if only.unparenthesized().is(Kind::CallExpression) => {
                Some(mismatch(format!("{} returns 1 value", shown(*only))))
            }
            _ => Some(mismatch("1 value".to_owned())),
        },
        many if many.len() != wanted => Some(mismatch(format!("{} values", many.len()))),
        many => many.iter().find_map(|node| single(at, *node)),
    };
    if let Some(said) = said {
        found.add(Fault::CountMismatch, statement, &names, said);
        return false;
    }
    true
}

/// What is wrong with a call that stands for one value.
pub(super) fn single(at: Declaration<'_>, node: Node<'_>) -> Option<String> {
    match at.raw_type(node) {
        Type::Tuple(types) if types.is_empty() => Some(format!("{} (no value) used as value", shown(node))),
        Type::Tuple(_) => Some(format!("multiple-value {} in single-value context", shown(node))),
        _ => None,
    }
}

/// Forms with a second value: whether it is there, or open.
fn may_give_two(node: Node<'_>) -> bool {
    let node = node.unparenthesized();
    match node.kind() {
        Kind::UnaryExpression => node.operator() == Some(Kind::Arrow),
        Kind::IndexExpression
        | Kind::TypeAssertionExpression
        | Kind::TypeInstantiationExpression
        | Kind::GenericType => true,
        _ => false,
    }
}

fn spec(found: &mut Found<'_>, spec: Node<'_>) {
    let names = spec
        .fields(Field::Name)
        .filter(|name| name.is(Kind::Identifier) || name.text() == "_")
        .count();
    let right = listed(spec.field(Field::Value));
    if right.is_empty() || !fits(found, spec, names, &right) {
        return;
    }
    let at = found.at;
    if let Some(declared) = spec.field(Field::Type) {
        let to = at.type_meant(declared);
        for (node, of) in values(at, &right) {
            value_for(found, node, &of, &to, "variable declaration");
        }
    }
}

fn returned(found: &mut Found<'_>, statement: Node<'_>) {
    let at = found.at;
    let Some(function) = statement.enclosing_function() else {
        return;
    };
    let wanted = at.results_of(function);
    let expressions = listed(statement.child(0));
    if expressions.is_empty() {
        if !wanted.is_empty() && !has_named_results(function) {
            found.add(
                Fault::CountMismatch,
                statement,
                "return",
                "not enough return values",
            );
        }
        return;
    }
    let given = values(at, &expressions);
    if given.len() != wanted.len() {
        let is_open = matches!(given.as_slice(), [(_, Type::Unknown)]);
        let said = match given.len() > wanted.len() {
            true => "too many return values",
            false => "not enough return values",
        };
        if !is_open {
            found.add(Fault::CountMismatch, statement, &shown(statement), said);
        }
        return;
    }
    for ((node, of), to) in given.iter().zip(&wanted) {
        value_for(found, *node, of, to, "return statement");
    }
}

fn has_named_results(function: Node<'_>) -> bool {
    let list = function
        .field(Field::Result)
        .filter(|list| list.is(Kind::ParameterList));
    let mut parameters = list.into_iter().flat_map(Node::children);
    parameters.any(|parameter| parameter.field(Field::Name).is_some())
}

fn send(found: &mut Found<'_>, statement: Node<'_>) {
    let at = found.at;
    let (Some(channel), Some(value)) = (statement.field(Field::Channel), statement.field(Field::Value))
    else {
        return;
    };
    let Type::Chan(of) = at.underlying(&at.raw_type(channel)) else {
        return;
    };
    if of.direction == Direction::Receive {
        let said = format!(
            "invalid operation: cannot send to receive-only channel {}",
            shown(channel)
        );
        return found.add(Fault::NotAssignable, statement, &shown(channel), said);
    }
    value_for(found, value, &at.raw_type(value), &of.element, "send");
}

/// Complains where `of`, the type of what `node` gives, certainly cannot be assigned to `to`.
pub(super) fn value_for(found: &mut Found<'_>, node: Node<'_>, of: &Type, to: &Type, place: &str) {
    // What hides `iota`, or is hidden by it, reads as the constant.
    let is_constant = to.is_untyped() || node.is(Kind::Iota);
    if !is_constant && assignable(found.at, of, to) == Some(false) {
        let said = format!(
            "cannot use {} (value of type {of}) as {to} value in {place}",
            shown(node)
        );
        found.add(Fault::NotAssignable, node, &shown(node), said);
    }
}
