//! Conditions that let code run once in the life of something larger than a request.

use crate::frameworks::{Version, is_request_context};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, BindingKind, Callee, DeclKind, Declaration, Meaning};

/// What keeps code from running for every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard<'a> {
    /// Some state that outlives the request: a flag, a nil check, an atomic.
    Once,
    /// There is no entry yet in the map of this name.
    Entry(&'a str),
}

/// The condition on lasting state that `node` stands under or behind, if any. Conditions on the request alone, or on
/// errors, guard nothing.
pub fn guard_of<'a>(at: Declaration<'a>, node: Node<'a>) -> Option<Guard<'a>> {
    let function = node.enclosing_function()?;
    let mut guard = None;
    let mut below = node;
    for up in node.ancestors().take_while(|up| *up != function) {
        let asked = match up.kind() {
            Kind::IfStatement => guard_in(at, up),
            Kind::ExpressionSwitchStatement | Kind::TypeSwitchStatement => Some(Guard::Once),
            Kind::StatementList => earlier_exits(at, up, below),
            _ => None,
        };
        guard = stronger(guard, asked);
        below = up;
    }
    guard
}

fn stronger<'a>(one: Option<Guard<'a>>, other: Option<Guard<'a>>) -> Option<Guard<'a>> {
    match (one, other) {
        (Some(Guard::Once), _) | (_, Some(Guard::Once)) => Some(Guard::Once),
        (one, other) => one.or(other),
    }
}

/// The guards among the statements before `below` that leave the function.
fn earlier_exits<'a>(at: Declaration<'a>, list: Node<'a>, below: Node<'a>) -> Option<Guard<'a>> {
    let earlier = list.children().take_while(|statement| *statement != below);
    let exits = earlier.filter(|statement| {
        let arm = statement
            .field(Field::Consequence)
            .filter(|_| statement.is(Kind::IfStatement));
        arm.is_some_and(|arm| arm.descendants().any(|node| node.is(Kind::ReturnStatement)))
    });
    exits
        .map(|statement| guard_in(at, statement))
        .fold(None, stronger)
}

/// What the header of an `if` asks.
fn guard_in<'a>(at: Declaration<'a>, statement: Node<'a>) -> Option<Guard<'a>> {
    let parts = [Field::Initializer, Field::Condition]
        .into_iter()
        .filter_map(|field| statement.field(field));
    parts.map(|part| guard_of_part(at, part, 1)).fold(None, stronger)
}

fn guard_of_part<'a>(at: Declaration<'a>, part: Node<'a>, depth: u32) -> Option<Guard<'a>> {
    let looked_up = part.subtree().find(|node| node.is(Kind::IndexExpression));
    if let Some(map) = looked_up.and_then(|index| index.field(Field::Operand)) {
        let name = map.field(Field::Field).unwrap_or(map);
        return is_lasting(at, map).then(|| Guard::Entry(name.text()));
    }
    let names = part.subtree().filter(|node| node.is(Kind::Identifier));
    let guards = names.map(|name| match at.resolve(name) {
        Meaning::Local(id) => guard_of_local(at, name, id, depth),
        Meaning::Package(declaration) if declaration.kind() == DeclKind::Var => Some(Guard::Once),
        _ => None,
    });
    guards.fold(None, stronger)
}

/// What a local name in a condition stands for: the fields of something that was there before, or a value that came
/// out of such a thing. Errors and the request itself say nothing of earlier requests.
fn guard_of_local<'a>(at: Declaration<'a>, name: Node<'a>, id: BindingId, depth: u32) -> Option<Guard<'a>> {
    let of = at.type_of_binding(id);
    let of_request = is_request_context(&of) || Version::of_connection(&of).is_some();
    if of.is_error() || name.text().starts_with("err") || of_request {
        return None;
    }
    let binding = at.scopes().get(id);
    let origin = at.tree().node(binding.origin);
    let value = origin.field(Field::Right).or(origin.field(Field::Value));
    let is_new = match binding.kind {
        BindingKind::Var => {
            value.is_none_or(|value| value.subtree().any(|part| part.is(Kind::CompositeLiteral)))
        }
        _ => false,
    };
    let by_field = (asks_state(name) && !is_new).then_some(Guard::Once);
    let by_value = value
        .filter(|_| depth > 0)
        .and_then(|value| guard_of_part(at, value, depth - 1));
    stronger(by_value, by_field)
}

/// Whether something is asked of the local `name` that an earlier request may have changed: a field, or a method. A
/// question with arguments is about them (`IsMember(user)`), unless it looks something up.
fn asks_state(name: Node<'_>) -> bool {
    const LOOK_UPS: [&str; 9] = [
        "get",
        "load",
        "find",
        "lookup",
        "has",
        "exist",
        "contain",
        "compareandswap",
        "swap",
    ];
    let mut chain = name;
    while let Some(up) = chain.parent().filter(|up| up.is(Kind::SelectorExpression)) {
        chain = up;
    }
    let call = chain
        .parent()
        .filter(|call| call.field(Field::Function) == Some(chain));
    let arguments = call.and_then(|call| call.field(Field::Arguments));
    let has_arguments = arguments.is_some_and(|arguments| arguments.child(0).is_some());
    let method = chain.field(Field::Field).map_or("", Node::text).to_lowercase();
    let looks_up = LOOK_UPS.iter().any(|word| method.starts_with(word));
    chain != name && (!has_arguments || looks_up)
}

/// Whether a map is a field or a variable of the package.
fn is_lasting(at: Declaration<'_>, map: Node<'_>) -> bool {
    match map.kind() {
        Kind::SelectorExpression => true,
        Kind::Identifier => matches!(at.resolve(map), Meaning::Package(_)),
        Kind::CallExpression => !matches!(at.callee(map), Callee::Builtin(_)),
        _ => false,
    }
}
