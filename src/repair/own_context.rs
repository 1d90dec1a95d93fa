//! Rows and transactions of a context that the function itself ends: database/sql gives them back when it does.

use crate::analysis::Acquisition;
use crate::facts::paths;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Callee, Declaration, Usage};

/// Whether what is acquired ends with a context whose cancel function was deferred before.
pub(super) fn ends_it(acquisition: &Acquisition<'_>) -> bool {
    let arguments = acquisition.call.field(Field::Arguments);
    let position = acquisition.resource.ends_with;
    let given = position.and_then(|position| arguments?.child(position));
    let (at, function) = (acquisition.at, acquisition.function);
    let is_context = |given: &Node<'_>| at.type_of(*given).is(paths::CONTEXT, "Context");
    given
        .filter(is_context)
        .and_then(|given| at.scopes().binding_of(given))
        .is_some_and(|context| is_ended(at, function, acquisition.call, context))
}

/// Whether `function` has deferred the end of the context, or of one that it was derived from, before `call`.
fn is_ended<'a>(at: Declaration<'a>, function: Node<'a>, call: Node<'a>, context: BindingId) -> bool {
    let (mut before, mut context) = (call, context);
    // Each context is made before the one derived from it, so this ends.
    while let Some(made) = made_by(at, function, before, context) {
        let cancel = made.field(Field::Left).and_then(|left| left.child(1));
        let cancel = cancel.and_then(|cancel| at.scopes().binding_of(cancel));
        let mut uses = cancel
            .into_iter()
            .flat_map(|cancel| at.scopes().uses(cancel, at.tree()));
        if uses.any(|cancel| is_deferred_before(cancel, function, before)) {
            return true;
        }
        let value = made.field(Field::Right).and_then(|right| right.child(0));
        let parent = value.and_then(|value| value.field(Field::Arguments)?.child(0));
        match parent.and_then(|parent| at.scopes().binding_of(parent)) {
            Some(parent) => (before, context) = (made, parent),
            None => return false,
        }
    }
    false
}

/// The only statement that gives the context a value: a call of package context.
fn made_by<'a>(
    at: Declaration<'a>,
    function: Node<'a>,
    before: Node<'a>,
    context: BindingId,
) -> Option<Node<'a>> {
    let held = at.scopes().get(context);
    let made = at.tree().node(held.origin);
    let is_own = held.function == function.index() && made.is(Kind::ShortVarDeclaration);
    let value = made.field(Field::Right).filter(|_| is_own)?.child(0)?;
    let is_first = made.field(Field::Left)?.child(0)?.index() == held.declared;
    let is_context =
        matches!(at.callee(value), Callee::External { path, receiver: None, .. } if path == paths::CONTEXT);
    let written = |node: Node<'_>| at.usage(node) != Usage::Read;
    let mut uses = at.scopes().uses(context, at.tree());
    (is_first && is_context && made.end() <= before.start() && !uses.any(written)).then_some(made)
}

/// `defer cancel()` in a list of statements around `call`, before it.
fn is_deferred_before<'a>(cancel: Node<'a>, function: Node<'a>, call: Node<'a>) -> bool {
    let deferred = cancel.parent().filter(|called| called.is(Kind::CallExpression));
    let deferred = deferred
        .and_then(Node::parent)
        .filter(|defer| defer.is(Kind::DeferStatement));
    deferred.is_some_and(|defer| {
        let around = defer.parent().is_some_and(|list| list.contains(call));
        around && defer.end() <= call.start() && defer.enclosing_function() == Some(function)
    })
}
