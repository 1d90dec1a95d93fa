//! Calls: what is called, and with which arguments.

use super::assign::{single, value_for, values};
use super::complaint::{Fault, Found, shown};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::types::{Direction, Signature, Type};

pub(super) fn check(found: &mut Found<'_>) {
    for node in found.nodes() {
        match node.kind() {
            Kind::CallExpression => call(found, node),
            Kind::DeferStatement => is_call(found, node, "defer"),
            Kind::GoStatement => is_call(found, node, "go"),
            _ => {}
        }
    }
}

fn is_call(found: &mut Found<'_>, statement: Node<'_>, keyword: &str) {
    let called = statement.child(0).filter(|called| {
        !matches!(
            called.kind(),
            Kind::CallExpression | Kind::TypeConversionExpression | Kind::Error
        )
    });
    if let Some(called) = called {
        let said = format!("expression in {keyword} must be function call");
        found.add(Fault::NotCallable, called, &shown(called), said);
    }
}

fn call(found: &mut Found<'_>, node: Node<'_>) {
    let at = found.at;
    let Some(function) = node.field(Field::Function) else {
        return;
    };
    match at.builtin_called(node) {
        Some("close") => return close(found, node),
        Some(_) => return,
        None => {}
    }
    let Some(signature) = at.called_signature(node) else {
        return no_function(found, node, function);
    };
    arguments(found, node, &signature);
}

fn no_function(found: &mut Found<'_>, call: Node<'_>, function: Node<'_>) {
    let at = found.at;
    // `handlers[i](a, b)` reads as a call with type arguments.
    if at.names_type(function) || call.field(Field::TypeArguments).is_some() {
        return;
    }
    let of = at.underlying(&at.raw_type(function));
    let is_open = matches!(
        of,
        Type::Unknown | Type::Func(_) | Type::Parameter(_) | Type::Tuple(_) | Type::Interface(_)
    );
    if !is_open {
        let said = format!(
            "invalid operation: cannot call non-function {} (of type {of})",
            shown(function)
        );
        found.add(Fault::NotCallable, call, &shown(function), said);
    }
}

fn close(found: &mut Found<'_>, call: Node<'_>) {
    let at = found.at;
    let Some(channel) = call.field(Field::Arguments).and_then(|list| list.child(0)) else {
        return;
    };
    let said = match at.underlying(&at.raw_type(channel)) {
        Type::Chan(of) if of.direction == Direction::Receive => "cannot close receive-only channel",
        Type::Chan(_) | Type::Unknown | Type::Parameter(_) | Type::Interface(_) | Type::Tuple(_) => return,
        _ => "cannot close non-channel",
    };
    let said = format!("invalid operation: {said} {}", shown(channel));
    found.add(Fault::NotAssignable, call, &shown(channel), said);
}

fn arguments(found: &mut Found<'_>, call: Node<'_>, signature: &Signature) {
    let at = found.at;
    let (Some(list), Some(parameters)) = (call.field(Field::Arguments), &signature.parameters) else {
        return;
    };
    let given: Vec<_> = list.children().collect();
    let is_spread = given.last().is_some_and(|last| last.is(Kind::VariadicArgument));
    let values = match is_spread {
        true => given.iter().map(|node| (*node, Type::Unknown)).collect(),
        false => values(at, &given),
    };
    let is_open = matches!(values.as_slice(), [(node, Type::Unknown)] if node.is(Kind::CallExpression));
    if is_open {
        return;
    }
    if let [_, _, ..] = given.as_slice()
        && let Some(said) = given.iter().find_map(|node| single(at, *node))
    {
        return found.add(Fault::CountMismatch, call, &shown(call), said);
    }
    let wanted = parameters.len();
    let count = match signature.variadic && !is_spread {
        true if values.len() + 1 >= wanted => None,
        false if values.len() == wanted => None,
        _ => Some(if values.len() < wanted {
            "not enough"
        } else {
            "too many"
        }),
    };
    if let Some(count) = count {
        let function = call.field(Field::Function).map(shown).unwrap_or_default();
        let said = format!("{count} arguments in call to {function}");
        return found.add(Fault::CountMismatch, call, &function, said);
    }
    for (position, (node, of)) in values.iter().enumerate() {
        let to = match parameters.get(position.min(wanted.saturating_sub(1))) {
            Some(Type::Slice(element)) if signature.variadic && position + 1 >= wanted => element,
            Some(to) => to,
            None => continue,
        };
        value_for(found, *node, of, to, "argument");
    }
}
