//! Whether a client streams the bodies of its responses: only where every value that it can have says so.

use std::collections::BTreeMap;

use crate::analysis::owner::{self, Owner};
use crate::analysis::{field_set_in, literal_of};
use crate::facts::paths;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Declaration, Meaning};

pub(super) const FASTHTTP: &str = paths::FASTHTTP;

const CLIENT: &str = paths::FIBER_V3_CLIENT;
const FIELD: &str = "StreamResponseBody";
const SETTER: &str = "SetStreamResponseBody";

/// What the variables and fields say that were looked at; nothing for those under way.
type Known = BTreeMap<Owner, Option<bool>>;

/// Whether the client behind `call`, a request, streams for certain.
pub(super) fn streams(at: Declaration<'_>, call: Node<'_>) -> bool {
    let operand = call
        .field(Field::Function)
        .and_then(|function| function.field(Field::Operand));
    operand.is_some_and(|operand| says(at, operand, &mut Known::new()) == Some(true))
}

/// What an expression says about the streaming of the client that it is or leads to; `None` where it cannot be seen.
fn says(at: Declaration<'_>, expression: Node<'_>, known: &mut Known) -> Option<bool> {
    let expression = expression.unparenthesized();
    if let Some(literal) = literal_of(expression) {
        let of = at.type_meant(literal.field(Field::Type)?);
        let is_client = of.is(FASTHTTP, "Client") || of.is(FASTHTTP, "HostClient");
        let set = field_set_in(literal, FIELD);
        return is_client.then(|| set.map_or(Some(false), constant)).flatten();
    }
    match expression.kind() {
        Kind::CallExpression => called(at, expression, known),
        Kind::Identifier | Kind::SelectorExpression => held(at, expression, known),
        _ => None,
    }
}

fn constant(value: Node<'_>) -> Option<bool> {
    match value.kind() {
        Kind::True => Some(true),
        Kind::False => Some(false),
        _ => None,
    }
}

/// `client.New()`, and what chains of calls make of a client: the client itself, or a request of it.
fn called(at: Declaration<'_>, call: Node<'_>, known: &mut Known) -> Option<bool> {
    let argument = || call.field(Field::Arguments).and_then(|list| list.child(0));
    let callee = at.callee(call);
    if callee.is_function(CLIENT, "New") || callee.is_function(CLIENT, "AcquireRequest") {
        return Some(false);
    }
    let wraps = ["NewWithClient", "NewWithHostClient"];
    if wraps.iter().any(|name| callee.is_function(CLIENT, name))
        || callee.is_method(CLIENT, "Request", "SetClient")
    {
        return says(at, argument()?, known);
    }
    if callee.is_method(CLIENT, "Client", SETTER) {
        return constant(argument()?);
    }
    let operand = call.field(Field::Function)?.field(Field::Operand)?;
    let of = at.type_of(operand);
    let chains = of.pointee().is(CLIENT, "Client") || of.pointee().is(CLIENT, "Request");
    says(at, operand.unparenthesized(), known).filter(|_| chains)
}

/// A variable or field: what all its values say, and what is set on it.
fn held(at: Declaration<'_>, place: Node<'_>, known: &mut Known) -> Option<bool> {
    let owner = match (place.kind(), at.resolve(place)) {
        (Kind::SelectorExpression, _) => owner::member(at, place)?,
        (_, Meaning::Local(id)) => Owner::Captured(at.id, id),
        (_, Meaning::Package(_)) => Owner::Variable(place.text().to_owned()),
        _ => return None,
    };
    if let Some(known) = known.get(&owner) {
        return *known;
    }
    known.insert(owner.clone(), None);
    let said = said(at, &owner, known);
    known.insert(owner, said);
    said
}

/// What the values of `owner` say, and what is set on it.
fn said(at: Declaration<'_>, owner: &Owner, known: &mut Known) -> Option<bool> {
    let mut values = Vec::new();
    if let Owner::Field { .. } = owner {
        for (there, element) in owner.initializers(at.package)? {
            values.push((there, element.field(Field::Value)?.child(0)?));
        }
    } else {
        values.extend(declared(at, owner)?);
    }
    let mut is_set = false;
    for (there, mention) in owner.mentions(at.package) {
        if let Some(value) = assigned_to(mention) {
            values.push((there, value));
        }
        let setting = set_to(mention, FIELD).or_else(|| set_by_call(mention));
        if let Some((statement, value)) = setting {
            // What is set on some paths only, or to anything else, proves nothing.
            is_set |= constant(value)? && runs_always(statement);
            constant(value).filter(|streams| *streams)?;
        }
    }
    let said: Option<Vec<bool>> = values
        .iter()
        .map(|(there, value)| says(there.beside(*there), *value, known))
        .collect();
    let said = said?;
    let streams = !said.is_empty() && said.iter().all(|streams| *streams);
    (!said.is_empty() || is_zero(at, owner)).then_some(streams || is_set)
}

/// The value with which a variable is declared: none for a variable of a client's own type, `None` where it comes
/// from elsewhere.
fn declared<'a>(at: Declaration<'a>, owner: &Owner) -> Option<Option<(Declaration<'a>, Node<'a>)>> {
    let (there, origin) = owner.declaration(at.package)?;
    let values = match origin.kind() {
        Kind::ShortVarDeclaration => origin.field(Field::Right),
        Kind::VarSpec => origin.field(Field::Value),
        _ => return None,
    };
    match values {
        Some(values) if values.children().count() == 1 => Some(values.child(0).map(|value| (there, value))),
        Some(_) => None,
        None => Some(None),
    }
}

/// Whether the variable is a client that starts as its zero value: `var client fasthttp.Client`.
fn is_zero(at: Declaration<'_>, owner: &Owner) -> bool {
    let spec = owner
        .declaration(at.package)
        .filter(|(_, origin)| origin.is(Kind::VarSpec));
    spec.and_then(|(there, origin)| Some(there.type_meant(origin.field(Field::Type)?)))
        .is_some_and(|of| of.is(FASTHTTP, "Client") || of.is(FASTHTTP, "HostClient"))
}

/// The value that an assignment gives the whole of `mention`.
fn assigned_to(mention: Node<'_>) -> Option<Node<'_>> {
    let list = mention.parent().filter(|list| list.role() == Field::Left)?;
    let statement = list
        .parent()
        .filter(|statement| statement.is(Kind::AssignmentStatement))?;
    let position = list.children().position(|target| target == mention)?;
    statement.field(Field::Right)?.child(position)
}

/// `mention.field = value`: the statement and the value.
pub(super) fn set_to<'a>(mention: Node<'a>, field: &str) -> Option<(Node<'a>, Node<'a>)> {
    let selector = mention.parent().filter(|parent| {
        parent
            .field(Field::Field)
            .is_some_and(|name| name.text() == field)
    })?;
    let value = assigned_to(selector)?;
    Some((selector.parent()?.parent()?, value))
}

/// `mention.SetStreamResponseBody(value)`: the statement and the value.
fn set_by_call(mention: Node<'_>) -> Option<(Node<'_>, Node<'_>)> {
    let selector = mention.parent().filter(|parent| {
        parent
            .field(Field::Field)
            .is_some_and(|name| name.text() == SETTER)
    })?;
    let call = selector
        .parent()
        .filter(|call| call.is(Kind::CallExpression) && selector.role() == Field::Function)?;
    let value = call.field(Field::Arguments)?.child(0)?;
    Some((call.statement()?, value))
}

/// Whether the statement stands in the body of its function itself, and not in a branch or loop of it.
fn runs_always(statement: Node<'_>) -> bool {
    let block = statement.parent().and_then(Node::parent);
    block
        .and_then(Node::parent)
        .is_some_and(|around| around.is_function())
}
