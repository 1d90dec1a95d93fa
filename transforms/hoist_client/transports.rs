//! Which HTTP clients own their connections: those whose transport is made on the spot. Others share one.

use crate::go::Declaration;
use crate::go::syntax::{Kind, Node};
use crate::leak::request::callers;
use crate::leak::{Acquisition, field_set_in, literal_of};

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
