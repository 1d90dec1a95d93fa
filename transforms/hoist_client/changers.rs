//! Who in the module sets a field of a client that it did not make itself: `transport.ResponseHeaderTimeout = d`. On a
//! client of its own a request may do so; on a shared one it reaches all other requests, while they run.

use super::closers::{is_own, scope};
use crate::analysis::{Acquirers, Resource};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Declaration, Type};

/// The first such place, as people call it. What `opener` itself does does not count: the client is its own there.
pub fn search<'a>(acquirers: &Acquirers<'a>, opener: Declaration<'a>, resource: &Resource) -> Option<String> {
    let packages = scope(opener, resource).into_iter();
    let declarations = packages.flat_map(|package| package.declarations());
    let others = declarations
        .map(|at| opener.beside(at))
        .filter(|at| *at != opener && !at.file().is_test());
    let mut changing = others.filter(|at| changes(acquirers, *at, resource));
    changing
        .next()
        .map(|at| format!("{} in {}", at.title(), at.file().path))
}

fn changes<'a>(acquirers: &Acquirers<'a>, at: Declaration<'a>, resource: &Resource) -> bool {
    let nodes = at.tree().root().subtree();
    let set = nodes.filter_map(|node| match node.kind() {
        Kind::AssignmentStatement => node.field(Field::Left),
        Kind::IncStatement | Kind::DecStatement => Some(node),
        _ => None,
    });
    let mut places = set.flat_map(Node::subtree);
    places.any(|place| {
        let operand = place
            .field(Field::Operand)
            .filter(|_| place.is(Kind::SelectorExpression));
        let is_client = operand.is_some_and(|operand| is_of(&at.type_of(operand), resource));
        is_client && !is_own(acquirers, at, place, resource)
    })
}

/// Whether a value of this type is a client of this kind.
fn is_of(of: &Type, resource: &Resource) -> bool {
    let named = match of {
        Type::Pointer(named) => named,
        of => of,
    };
    let gives = resource.gives.iter().map(|gives| gives.trim_start_matches('*'));
    let mut names = gives.chain(resource.literal.iter().map(String::as_str));
    names.any(|name| named.is(&resource.package, name))
}
