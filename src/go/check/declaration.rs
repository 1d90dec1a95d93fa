//! One declaration, asked everything that the checker knows.

use super::assign;
use super::calls;
use super::complaint::{Complaint, Found};
use super::ends;
use super::labels;
use super::members;
use super::names;
use super::unreachable;
use super::vet;
use crate::go::declaration::Declaration;
use crate::go::syntax::{Field, Kind, Node};

/// The complaints about one declaration, in the order of the source. A declaration that does not parse gets none.
pub fn of_declaration(at: Declaration<'_>) -> Vec<Complaint> {
    if !at.is_sound() || is_misread(at) {
        return Vec::new();
    }
    let mut found = Found {
        at,
        complaints: Vec::new(),
    };
    names::check(&mut found);
    // What names mean in a file for another machine, or another Go, nobody can say here.
    if at.file().is_for_host() && !at.file().asks_for_a_go() {
        names::mentions(&mut found);
        members::check(&mut found);
        assign::check(&mut found);
        calls::check(&mut found);
    }
    for function in at.tree().root().subtree().filter(|node| node.is_function()) {
        labels::check(&mut found, function);
        ends::check(&mut found, function);
        unreachable::check(&mut found, function);
        vet::check(&mut found, function);
    }
    let mut complaints = found.complaints;
    complaints.sort_by_key(|complaint| complaint.place);
    complaints
}

/// Very long lists of parameters are too much for the grammar: the first names of `a, b, c int` then read as types.
/// Real lists have names for all or for none.
pub(super) fn is_misread(at: Declaration<'_>) -> bool {
    let lists = at.tree().root().subtree();
    let mut lists = lists.filter(|node| node.is(Kind::ParameterList));
    lists.any(|list| {
        let named = |parameter: &Node<'_>| parameter.field(Field::Name).is_some();
        let (named, all) = (list.children().filter(named).count(), list.children().count());
        named != 0 && named != all
    })
}
