//! Which HTTP clients own their connections: those whose transport is made on the spot. Others share one.

use crate::analysis::request::callers;
use crate::analysis::{Acquisition, field_set_in, literal_of};
use crate::go::Declaration;
use crate::go::syntax::{Field, Kind, Node};

/// Leaves out clients whose transport comes from somewhere else, and transports that a client of the list owns.
pub fn settle(found: &mut Vec<Acquisition<'_>>) {
    let transports: Vec<_> = found
        .iter()
        .filter(|opening| opening.resource.owns.is_none())
        .map(|opening| (opening.at, opening.call))
        .collect();
    let is_transport = |at: Declaration<'_>, node: Node<'_>| {
        let same = |(other, call): &(Declaration<'_>, Node<'_>)| *other == at && *call == node;
        transports.iter().any(same)
    };
    let mut owned = Vec::new();
    found.retain(|opening| {
        if opening.resource.owns.is_none() {
            return true;
        }
        let made = transport_of(opening).filter(|made| is_transport(opening.at, *made));
        owned.extend(made.map(|made| (opening.at, made)));
        made.is_some()
    });
    found.retain(|opening| {
        let mut owned = owned.iter();
        !owned.any(|(at, made)| *at == opening.at && *made == opening.call)
    });
}

/// Whether the function makes what others put into values of theirs, as `Transport: newTransport()` does. Who keeps
/// those values, and how many there should be, is decided there.
pub fn is_made_for_others(opening: &Acquisition<'_>) -> bool {
    let at = opening.at;
    let results = at.results_of(opening.function);
    if literal_of(opening.call).is_none() || !results.contains(&at.type_of(opening.call)) {
        return false;
    }
    let calls = callers(at);
    let is_element = |call: &Node<'_>| {
        call.parent()
            .is_some_and(|parent| parent.is(Kind::LiteralElement))
    };
    !calls.is_empty() && calls.iter().all(|(_, call)| is_element(call))
}

/// Whether no connection stays open behind a response: the transport says so, where it is made or right behind.
pub fn keeps_nothing(opening: &Acquisition<'_>) -> bool {
    let made = match opening.resource.owns {
        Some(_) => transport_of(opening),
        None => Some(opening.call),
    };
    let set = made
        .and_then(literal_of)
        .and_then(|literal| field_set_in(literal, UNKEPT));
    set.is_some_and(|value| value.is(Kind::True)) || made.is_some_and(|made| is_set_behind(opening.at, made))
}

const UNKEPT: &str = "DisableKeepAlives";

/// `t.DisableKeepAlives = true` in the block in which the name `t` gets the transport.
fn is_set_behind(at: Declaration<'_>, made: Node<'_>) -> bool {
    let statement = made.statement();
    let names = statement.and_then(|statement| statement.field(Field::Left));
    let held = names.and_then(|names| at.scopes().binding_of(names.child(0)?));
    let mut uses = held
        .into_iter()
        .flat_map(|held| at.scopes().uses(held, at.tree()));
    uses.any(|node| {
        let field = node
            .parent()
            .filter(|selector| selector.is(Kind::SelectorExpression));
        let is_meant = field
            .and_then(|selector| selector.field(Field::Field))
            .map(Node::text)
            == Some(UNKEPT);
        let assignment = node.statement().filter(|_| is_meant);
        let values = assignment.and_then(|assignment| assignment.field(Field::Right));
        let is_true = values
            .and_then(|values| values.child(0))
            .is_some_and(|value| value.is(Kind::True));
        is_true && assignment.and_then(Node::parent) == statement.and_then(Node::parent)
    })
}

/// Where the transport of a client is made: in its literal, or in the only definition of a name.
fn transport_of<'a>(opening: &Acquisition<'a>) -> Option<Node<'a>> {
    let field = opening.resource.owns.as_deref()?;
    let value = field_set_in(literal_of(opening.call)?, field)?.unparenthesized();
    if !value.is(Kind::Identifier) {
        return Some(value);
    }
    let held = opening.at.scopes().binding_of(value)?;
    super::definition::local_definition(opening.at, held).map(|(_, made)| made)
}
