//! Where a pooled object, or the memory of a pooled buffer, gets to someone who outlives the call: a package variable, a
//! field or map that lasts, a channel from elsewhere, a goroutine that nobody waits for.

use crate::analysis::detached::{Detached, Means};
use crate::analysis::owner::{Frame, Outlives, owner_of};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingKind, Declaration};

/// The statement by which the mention `held` of an object in `function` stays with someone, for certain.
pub fn stored_by<'a>(
    at: Declaration<'a>,
    function: Node<'a>,
    held: Node<'a>,
    is_buffer: bool,
) -> Option<Node<'a>> {
    if held.enclosing_function() != Some(function) {
        return in_goroutine(at, function, held, None);
    }
    let value = if is_buffer { memory_of(held) } else { held };
    let parent = value.parent()?;
    match parent.kind() {
        Kind::SendStatement if value.role() != Field::Channel => sent(at, function, parent),
        Kind::ExpressionList if parent.role() == Field::Right => assigned(at, function, parent, value),
        Kind::ArgumentList => in_goroutine(at, function, held, Some(parent)),
        _ => None,
    }
}

/// `buf`, or `buf.Bytes()` of it.
fn memory_of(held: Node<'_>) -> Node<'_> {
    let selector = held.parent().filter(|parent| parent.is(Kind::SelectorExpression));
    let call = selector
        .filter(|selector| {
            selector
                .field(Field::Field)
                .is_some_and(|name| name.text() == "Bytes")
        })
        .and_then(Node::parent);
    call.filter(|call| call.is(Kind::CallExpression)).unwrap_or(held)
}

/// `last = buf`, `s.bufs[id] = buf`, with a place that lasts and from which the function takes nothing out again.
fn assigned<'a>(
    at: Declaration<'a>,
    function: Node<'a>,
    list: Node<'a>,
    value: Node<'a>,
) -> Option<Node<'a>> {
    let statement = list
        .parent()
        .filter(|statement| statement.is(Kind::AssignmentStatement))?;
    let position = list.children().position(|child| child == value)?;
    let place = statement.field(Field::Left)?.child(position)?;
    let frame = Frame {
        at,
        function,
        receiver: None,
    };
    let (owner, outlives) = owner_of(frame, place)?;
    let stays = outlives == Outlives::Surely && !owner.is_taken_out(at, function, statement);
    stays.then_some(statement)
}

/// `queue <- buf`, with a channel that the function did not make.
fn sent<'a>(at: Declaration<'a>, function: Node<'a>, statement: Node<'a>) -> Option<Node<'a>> {
    let channel = statement.field(Field::Channel)?.unparenthesized();
    let is_own = at.scopes().binding_of(channel).is_some_and(|id| {
        let held = at.scopes().get(id);
        held.kind == BindingKind::Var && held.function == function.index()
    });
    let queued = Detached {
        means: Means::Queue,
        start: statement,
        call: None,
        literal: None,
    };
    // Who waits for an answer has the object back with it.
    (!is_own && !queued.is_awaited(at, function)).then_some(statement)
}

/// The start of the goroutine that has it: in its literal, or among its arguments, which are `list` then.
fn in_goroutine<'a>(
    at: Declaration<'a>,
    function: Node<'a>,
    held: Node<'a>,
    list: Option<Node<'a>>,
) -> Option<Node<'a>> {
    let given = |start: &Detached<'a>| {
        let arguments = start.call.and_then(|call| call.field(Field::Arguments));
        list.is_some() && arguments == list
    };
    let mut started = Detached::all_in(at, function).into_iter();
    let start =
        started.find(|start| start.means == Means::Goroutine && (start.holds(held) || given(start)))?;
    (!start.is_awaited(at, function)).then_some(start.start)
}
