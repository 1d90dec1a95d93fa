//! Receivers that take whatever comes until their channel is closed.

use crate::analysis::launch::{Action, Launch, Party, Use, is_left_by, leaves};
use crate::go::syntax::{Field, Kind, Node};

/// The first receiver that only a close would end, of a channel that somebody sends to and nobody closes.
pub fn awaits_close<'a>(launch: &Launch<'a>, channel: usize) -> Option<Use<'a>> {
    let uses = &launch.channels[channel].uses;
    let does = |action: Action| uses.iter().any(|held| held.action == action);
    if does(Action::Close) || !does(Action::Send) {
        return None;
    }
    waiting(launch, channel)
}

/// The first receiver that only a close would end.
pub fn waiting<'a>(launch: &Launch<'a>, channel: usize) -> Option<Use<'a>> {
    let uses = &launch.channels[channel].uses;
    // The launching function ranges in its own goroutine only where it does not do so in a defer.
    let runs = |held: &&Use<'a>| held.party != Party::Launcher || !held.deferred;
    uses.iter().filter(runs).find(|held| waits_for_end(held)).copied()
}

/// The `for` statement that a range or receive keeps turning.
pub fn loop_around(name: Node<'_>) -> Option<Node<'_>> {
    let looped = name.enclosing(Kind::ForStatement)?;
    (looped.enclosing_function() == name.enclosing_function()).then_some(looped)
}

/// A range that nothing leaves; or `v, ok := <-ch` in an endless loop that ends where `ok` is false and nowhere else.
fn waits_for_end(held: &Use<'_>) -> bool {
    let Some(looped) = loop_around(held.name) else {
        return false;
    };
    match held.action {
        Action::Range => !leaves(looped, looped),
        Action::Receive => {
            let endless = looped.child(0).is_some_and(|first| first.role() == Field::Body);
            let checked = checked_by(held.name);
            endless && checked.is_some_and(|ok| ends_only_without(looped, ok))
        }
        _ => false,
    }
}

/// `ok` of `v, ok := <-ch`.
fn checked_by(name: Node<'_>) -> Option<&str> {
    let receive = name.enclosing(Kind::UnaryExpression)?;
    let statement = receive.statement()?;
    let (left, right) = (statement.field(Field::Left)?, statement.field(Field::Right)?);
    let whole = right.child(0) == Some(receive) && receive.field(Field::Operand) == Some(name);
    whole.then(|| left.child(1)).flatten().map(Node::text)
}

/// Whether every way out of the loop stands under `if !ok`.
fn ends_only_without(looped: Node<'_>, ok: &str) -> bool {
    let guards = |node: &Node<'_>| {
        let asked = node
            .field(Field::Condition)
            .filter(|_| node.is(Kind::IfStatement));
        asked.is_some_and(|asked| asked.text().replace(' ', "") == format!("!{ok}"))
    };
    let jumps = looped
        .shallow_descendants()
        .filter(|node| is_left_by(looped, *node));
    let mut jumps = jumps.peekable();
    jumps.peek().is_some()
        && jumps.all(|jump| {
            let mut up = jump.ancestors().take_while(|up| *up != looped);
            up.any(|up| guards(&up) && up.field(Field::Consequence).is_some_and(|yes| yes.contains(jump)))
        })
}
