//! Whether a place lives longer than a request.

use std::collections::HashSet;

use super::place::variable;
use super::place::{Owner, container, member};
use crate::frameworks::{Answers, ContextHandler};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, BindingKind, Callee, DeclId, DeclKind, Declaration, Meaning, Package, Type};

/// How sure it is that the owner outlives the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outlives {
    /// By the looks of a method alone: it could belong to an object that is made for one request.
    Likely,
    Surely,
}

/// A function in which a context is at hand.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    pub at: Declaration<'a>,
    /// The function or literal.
    pub function: Node<'a>,
    /// How it stands with the receiver, where it was reached by a certain call; `None` where any call may reach it.
    pub receiver: Option<Option<Outlives>>,
}

/// The owner of what is assigned to `place`, if it outlives the request.
pub fn owner_of(frame: Frame<'_>, place: Node<'_>) -> Option<(Owner, Outlives)> {
    let place = container(place);
    let outlives = outlives(frame, place)?;
    let owner = match place.kind() {
        Kind::Identifier => variable(frame.at, place)?,
        Kind::SelectorExpression => member(frame.at, place)?,
        _ => return None,
    };
    Some((owner, outlives))
}

/// Whether the value at the bottom of `place`, a place or a method selected, outlives a call of the frame's function.
pub fn outlives(frame: Frame<'_>, place: Node<'_>) -> Option<Outlives> {
    root_outlives(frame, place, &mut HashSet::new())
}

pub(super) fn root_outlives(
    frame: Frame<'_>,
    place: Node<'_>,
    seen: &mut HashSet<DeclId>,
) -> Option<Outlives> {
    let root = root(place)?;
    match frame.at.resolve(root) {
        Meaning::Package(declaration) => (declaration.kind() == DeclKind::Var).then_some(Outlives::Surely),
        Meaning::Import(_) => Some(Outlives::Surely),
        Meaning::Local(id) => local_outlives(frame, id, place, seen),
        _ => None,
    }
}

pub(super) fn root(place: Node<'_>) -> Option<Node<'_>> {
    let mut place = container(place);
    while place.is(Kind::SelectorExpression) {
        place = container(place.field(Field::Operand)?);
    }
    place.is(Kind::Identifier).then_some(place)
}

pub(super) fn local_outlives(
    frame: Frame<'_>,
    id: BindingId,
    place: Node<'_>,
    seen: &mut HashSet<DeclId>,
) -> Option<Outlives> {
    let Frame { at, function, .. } = frame;
    let binding = at.scopes().get(id);
    if binding.function == function.index() {
        let through = binding.kind == BindingKind::Receiver && is_shared(at, place);
        let known = || frame.receiver.unwrap_or_else(|| receiver_outlives(at, seen));
        return through.then(known)?;
    }
    let owner = at.tree().node(binding.function);
    let captured = owner.contains(function) && owner.index() != function.index();
    // What a function that serves one request makes, dies with that request.
    let per_request = |node: Node<'_>| node.is_function() && ContextHandler::of(at, node).is_some();
    let lasting = captured && !per_request(owner) && !owner.ancestors().any(per_request);
    lasting.then_some(Outlives::Surely)
}

/// Whether a change of `place` reaches the value behind the receiver and not only the method's copy of it.
pub(super) fn is_shared(at: Declaration<'_>, place: Node<'_>) -> bool {
    let mut part = place;
    loop {
        if matches!(at.type_of(part), Type::Pointer(_) | Type::Map(..) | Type::Chan(_)) && part != place {
            return true;
        }
        match part.field(Field::Operand) {
            Some(operand) => part = operand.unparenthesized(),
            None => break,
        }
    }
    // A map is shared by all its copies.
    matches!(at.type_of(place), Type::Map(..) | Type::Chan(_))
}

/// Whether the receiver of this method outlives a request: the method is registered as a handler of a value that
/// set-up code made, or called on a value that outlives the request itself.
pub(super) fn receiver_outlives(method: Declaration<'_>, seen: &mut HashSet<DeclId>) -> Option<Outlives> {
    if !seen.insert(method.id) {
        return None;
    }
    let receiver = method.decl().receiver.as_deref()?;
    let mut called = false;
    for (at, selector) in selections_of(method) {
        if !matches!(at.function_meant(selector), Callee::Package(meant) if meant == method) {
            continue;
        }
        called |= selector.role() == Field::Function;
        if selected_value_outlives(at, selector, seen) {
            return Some(Outlives::Surely);
        }
    }
    let likely = !called && looks_like_handler(method);
    likely.then(|| match is_kept_in_package(method.package, receiver) {
        true => Outlives::Surely,
        false => Outlives::Likely,
    })
}

/// Every selector of the module that could mean the method.
pub(super) fn selections_of<'a>(
    method: Declaration<'a>,
) -> impl Iterator<Item = (Declaration<'a>, Node<'a>)> {
    let name = method.decl().title();
    let is_exported = name.starts_with(char::is_uppercase);
    let importers = method.importers().filter(move |_| is_exported);
    let packages = std::iter::once(method.package).chain(importers);
    let selections = packages.flat_map(move |package| package.selections(name));
    selections.map(move |(at, selector)| (method.beside(at), selector))
}

/// Whether a package-level variable holds a value of this type.
pub(super) fn is_kept_in_package(package: &Package, of: &str) -> bool {
    let finder = memchr::memmem::Finder::new(of.as_bytes());
    let variables = package
        .declarations()
        .filter(|declaration| declaration.kind() == DeclKind::Var)
        .filter(|declaration| finder.find(declaration.bytes()).is_some());
    let mut specs = variables.flat_map(|at| {
        let specs = at.tree().root().subtree().filter(|node| node.is(Kind::VarSpec));
        specs.map(move |spec| (at, spec))
    });
    specs.any(|(at, spec)| {
        let named = spec.field(Field::Name).is_some_and(|name| name.text() != "_");
        let held = match (spec.field(Field::Type), spec.field(Field::Value)) {
            (Some(written), _) => at.type_meant(written),
            (None, values) => values
                .and_then(|values| values.child(0))
                .map_or(Type::Unknown, |value| at.type_of(value)),
        };
        named && held.is(&package.path, of)
    })
}

/// Whether the value on which `selector` names a method outlives a request.
pub(super) fn selected_value_outlives(
    at: Declaration<'_>,
    selector: Node<'_>,
    seen: &mut HashSet<DeclId>,
) -> bool {
    let Some(handler) = ContextHandler::around(at, selector) else {
        // Set-up code registers it, or it runs outside requests.
        return true;
    };
    let frame = Frame {
        at,
        function: handler.function,
        receiver: None,
    };
    root_outlives(frame, selector, seen) == Some(Outlives::Surely)
}

/// An exported method of a handler's signature, which another package may register.
pub(super) fn looks_like_handler(method: Declaration<'_>) -> bool {
    let exported = method.decl().title().starts_with(char::is_uppercase);
    let Some(function) = method.function() else {
        return false;
    };
    let one_parameter = function
        .field(Field::Parameters)
        .is_some_and(|list| list.children().count() == 1);
    let results = method.results_of(function);
    let fits = match ContextHandler::of(method, function).map(|handler| handler.request.facts.answers) {
        Some(Answers::None) => results.is_empty(),
        Some(Answers::Error) => matches!(results.as_slice(), [only] if only.is_error()),
        None => false,
    };
    exported && one_parameter && fits
}
