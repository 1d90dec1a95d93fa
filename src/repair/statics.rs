//! The static type of the name that takes a resource: a release can only be written on what has it.

use super::unreleased::Unreleased;
use crate::analysis::Handle;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Type};
use crate::transform::{Reason, Refusal};

/// Why the release cannot be written on the name that takes the resource. `var in io.Reader; in, err = os.Open(p)`
/// takes a file, and `in` has no Close.
pub(super) fn obstacle(site: &Unreleased<'_>) -> Option<Refusal> {
    let Handle::Local(held) = site.acquisition.handle else {
        return None;
    };
    let can = is_of_its_type(site, held) || has_release(site, held);
    (!can).then(|| refusal(site, held))
}

fn refusal(site: &Unreleased<'_>, held: BindingId) -> Refusal {
    let (name, resource) = (site.held_name(), site.acquisition.resource);
    let of = declared_type(site, held).map_or(String::new(), |of| format!(", of type {},", of.text()));
    let part = resource
        .part
        .as_ref()
        .map_or(String::new(), |part| format!("{part}."));
    let lack = match resource.release.first().filter(|_| !resource.called) {
        Some(method) => format!("has no {part}{method} that is known"),
        None => "is not known to be a function".to_owned(),
    };
    let message = format!(
        "`{name}`{of} {lack}: take the result under a name of its own, release that, and assign it then"
    );
    Refusal::new(Reason::TypeUnknown, message)
}

/// Whether the name has the very type that acquiring gives.
fn is_of_its_type(site: &Unreleased<'_>, held: BindingId) -> bool {
    let (at, acquisition) = (site.acquisition.at, &site.acquisition);
    let origin = at.tree().node(at.scopes().get(held).origin);
    let is_untyped = declared_type(site, held).is_none();
    if is_untyped && acquisition.statement.contains(origin) {
        return true;
    }
    let of = at.type_of_binding(held);
    let given = at.type_of(acquisition.call).values();
    let given = given.get(acquisition.yields.result);
    match &of {
        // What is assigned to a variable that is no interface has its type.
        Type::Pointer(_) => true,
        Type::Unknown => is_untyped && origin.descendants().any(|call| acquires_alike(site, call)),
        of => given == Some(of),
    }
}

/// Whether `call` calls what acquires, too, so that both give one type.
fn acquires_alike(site: &Unreleased<'_>, call: Node<'_>) -> bool {
    let function = |call: Node<'_>| {
        call.field(Field::Function)
            .map(|function| function.text().to_owned())
    };
    call.is(Kind::CallExpression) && function(call) == function(site.acquisition.call)
}

fn has_release(site: &Unreleased<'_>, held: BindingId) -> bool {
    let (at, resource) = (site.acquisition.at, site.acquisition.resource);
    let of = at.type_of_binding(held);
    if resource.called {
        return matches!(at.underlying(&of), Type::Func(_)) || matches!(of, Type::Named { .. });
    }
    let has = |method: &String| at.has_method(&of, method) == Some(true);
    resource.part.is_none() && resource.release.first().is_some_and(has)
}

/// The type as the declaration of the name writes it.
pub(super) fn declared_type<'a>(site: &Unreleased<'a>, held: BindingId) -> Option<Node<'a>> {
    let at = site.acquisition.at;
    at.tree().node(at.scopes().get(held).origin).field(Field::Type)
}
