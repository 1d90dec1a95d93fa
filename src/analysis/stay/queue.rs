//! Channels that nobody serves.

use super::model::Stay;
use super::way::{Runner, runs_once};
use crate::analysis::launch::{Action, action_of, leaves, make_of, select_around};
use crate::go::cfg::Exit;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Type, Usage};

/// A send, receive or range on a channel that nobody makes or nobody serves.
pub(super) fn stay<'a>(runner: &Runner<'a, '_>, operation: Node<'a>) -> Option<Stay<'a>> {
    let channel = channel_of(operation)?;
    select_around(channel).is_none().then_some(())?;
    let id = runner.at.scopes().binding_of(channel)?;
    let (why, always) = match is_nil(runner, id) {
        true => (format!("{} is nil: nobody makes it", channel.text()), true),
        false => unserved(runner, operation, channel, id)?,
    };
    Some(Stay {
        at: operation,
        why,
        always,
    })
}

/// The name of the channel, where the operation is one.
fn channel_of(operation: Node<'_>) -> Option<Node<'_>> {
    let channel = match operation.kind() {
        Kind::SendStatement => operation.field(Field::Channel),
        Kind::UnaryExpression => operation
            .field(Field::Operand)
            .filter(|_| operation.operator() == Some(Kind::Arrow)),
        Kind::RangeClause => operation.field(Field::Right),
        _ => None,
    };
    channel
        .map(Node::unparenthesized)
        .filter(|channel| channel.is(Kind::Identifier))
}

/// `var ch chan T` that nobody sets.
fn is_nil(runner: &Runner<'_, '_>, id: BindingId) -> bool {
    let (at, scopes) = (runner.at, runner.at.scopes());
    let origin = at.tree().node(scopes.get(id).origin);
    origin.is(Kind::VarSpec)
        && origin.field(Field::Value).is_none()
        && matches!(at.type_of_binding(id), Type::Chan(_))
        && scopes
            .uses(id, at.tree())
            .all(|held| at.usage(held) == Usage::Read)
}

/// Why nobody takes the other side; and whether nobody ever does.
fn unserved<'a>(
    runner: &Runner<'a, '_>,
    operation: Node<'a>,
    channel: Node<'a>,
    id: BindingId,
) -> Option<(String, bool)> {
    let at = runner.at;
    let make = make_of(at, id)?;
    let uses = at.scopes().uses(id, at.tree()).map(|held| {
        let known = at.usage(held) == Usage::Read;
        Some((held, action_of(at, held).filter(|_| known)?))
    });
    let uses = uses.collect::<Option<Vec<_>>>()?;
    let home = make.enclosing_function()?;
    let unbuffered = make.field(Field::Arguments)?.child(1).is_none();
    let serves = |held: Node<'a>, action: Action| {
        // A goroutine cannot be at both sides of a channel without room.
        let own = runner.runs(held) && runs_once(runner.function, home);
        let both = own && unbuffered && action != Action::Close;
        // A turn of the loop may be the last because of what it does.
        let in_turn =
            operation.is(Kind::RangeClause) && operation.parent().is_some_and(|looped| looped.contains(held));
        !both && (in_turn || !runner.is_behind(held, operation, home))
    };
    let served_by = |wanted: &[Action]| {
        let mut uses = uses.iter();
        uses.any(|(held, action)| wanted.contains(action) && serves(*held, *action))
    };
    let name = channel.text();
    let closed = served_by(&[Action::Close]);
    let (why, always) = match operation.kind() {
        // A send on a closed channel panics, so it does not stay.
        Kind::SendStatement if unbuffered && !closed && !served_by(&[Action::Receive, Action::Range]) => {
            (format!("nobody receives from {name}"), true)
        }
        Kind::RangeClause if !closed && !is_left(runner, operation.parent()?) => {
            (format!("nobody closes {name}"), !served_by(&[Action::Send]))
        }
        Kind::UnaryExpression if !closed && !served_by(&[Action::Send]) => {
            (format!("nobody sends to {name} or closes it"), true)
        }
        _ => return None,
    };
    Some((why, always))
}

/// Whether a turn can be the last: by a jump, or by a call that does not come back.
fn is_left(runner: &Runner<'_, '_>, looped: Node<'_>) -> bool {
    let mut exits = runner.flow.exits();
    leaves(looped, looped) || exits.any(|exit| matches!(exit, Exit::NoReturn(at) if looped.contains(at)))
}
