//! The repair that gives a channel room for everything that is sent.

use super::guard::Guard;
use crate::analysis::launch::{Action, Channel, Launch, Party, UNBOUNDED, loops_around, turns_of};
use crate::edit::Rewrite;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Type, Usage};
use crate::text::Edit;
use crate::transform::{Applicability, Fix};

/// Gives each channel room for everything that is ever sent to it:
///
/// ```text
/// ch := make(chan T)   ⇒   ch := make(chan T, 1)
/// ```
///
/// A send that finds room ends at once, and a receiver gets what it got before. Only what follows the send runs
/// where it did not, so the fix is safe where nothing does. `None` where the number of sends is not known when
/// the channel is made.
pub fn fix(guard: Guard<'_, '_>) -> Option<Fix> {
    let mut rewrite = Rewrite::new();
    let launch = guard.launch;
    for at in guard.channels() {
        let channel = &launch.channels[at];
        let room = room(launch, at)?;
        let edit = match channel.written_capacity() {
            Some(written) => Edit::replace(written.span(), room),
            None => Edit::insert(channel.made()?.end(), format!(", {room}")),
        };
        rewrite.edit(launch.declaration.id.file, edit).ok()?;
    }
    let applicability = match guard.is_last() {
        true => Applicability::Safe,
        false => Applicability::Unsafe,
    };
    let title = format!("Buffer {}, so that no send has to wait", guard.names());
    Some(Fix::new(title, applicability, rewrite))
}

/// The capacity that takes every send, as an expression.
fn room(launch: &Launch<'_>, at: usize) -> Option<String> {
    let channel = &launch.channels[at];
    let measured = channel.uses.iter().any(|held| held.action == Action::Measure);
    let by_launcher = channel
        .uses_of(Party::Launcher)
        .any(|held| held.action == Action::Send);
    (!measured && !by_launcher).then_some(())?;
    let senders = (0..launch.workers.len()).filter(|worker| sends(channel, *worker) > 0);
    let senders: Vec<usize> = senders.collect();
    let each = |worker: &usize| once_per_run(launch, channel, *worker);
    senders.iter().all(each).then_some(())?;
    let runs = senders
        .iter()
        .map(|worker| (*worker, runs(launch, channel, *worker)));
    match runs
        .clone()
        .map(|(_, runs)| runs)
        .try_fold(0_u32, |sum, runs| sum.checked_add(runs?))
    {
        Some(sum) => Some(sum.to_string()),
        None => match runs.collect::<Vec<_>>().as_slice() {
            [(only, None)] => items_looped_over(launch, channel, *only).map(|items| format!("len({items})")),
            _ => None,
        },
    }
}

fn sends(channel: &Channel<'_>, worker: usize) -> usize {
    let uses = channel.uses_of(Party::Worker(worker));
    uses.filter(|held| held.action == Action::Send).count()
}

/// Whether one run of the worker sends at most once: no send stands in a loop or behind another.
fn once_per_run(launch: &Launch<'_>, channel: &Channel<'_>, worker: usize) -> bool {
    let party = Party::Worker(worker);
    let Some(trace) = super::path::trace(launch, party) else {
        return false;
    };
    let at = launch.channels.iter().position(|held| held.make == channel.make);
    let sent = |steps: &[super::path::Step]| {
        let passed = steps.iter().map(|step| match *step {
            super::path::Step::Pass {
                channel,
                action: Action::Send,
                most,
                ..
            } if Some(channel) == at => most,
            _ => 0,
        });
        passed.fold(0, u32::saturating_add)
    };
    trace.paths.iter().all(|path| sent(&path.steps) <= 1)
}

/// How many goroutines of the worker share the channel; `None` where a loop decides.
fn runs(launch: &Launch<'_>, channel: &Channel<'_>, worker: usize) -> Option<u32> {
    let loops = loops_around(launch.workers[worker].start, launch.function);
    let mut turns = loops
        .filter(|looped| !looped.contains(channel.make))
        .map(turns_of);
    turns.try_fold(1_u32, |all, turns| {
        turns
            .times()
            .filter(|times| *times < UNBOUNDED)
            .map(|times| all.saturating_mul(times))
    })
}

/// `xs`, where the worker is started once for each item of `xs`, and `xs` is the same when the channel is made.
fn items_looped_over<'a>(launch: &Launch<'a>, channel: &Channel<'a>, worker: usize) -> Option<&'a str> {
    let loops = loops_around(launch.workers[worker].start, launch.function);
    let loops: Vec<_> = loops.filter(|looped| !looped.contains(channel.make)).collect();
    let [looped] = loops.as_slice() else {
        return None;
    };
    let range = looped.children().find(|child| child.is(Kind::RangeClause))?;
    let items = range.field(Field::Right)?;
    let declaration = launch.declaration;
    let counted = matches!(
        declaration.type_of(items),
        Type::Slice(_) | Type::Array(_) | Type::Map(..)
    );
    (counted && is_settled(launch, items, channel.make)).then(|| items.text())
}

/// Whether `items`, a name, `*name` or a chain of fields, has its value before `make` and keeps it.
fn is_settled(launch: &Launch<'_>, items: Node<'_>, make: Node<'_>) -> bool {
    let pointed = items.operator() == Some(Kind::Star);
    let mut root = match pointed {
        true => items.field(Field::Operand).unwrap_or(items),
        false => items,
    };
    while root.is(Kind::SelectorExpression) {
        match root.field(Field::Operand) {
            Some(operand) => root = operand,
            None => return false,
        }
    }
    let declaration = launch.declaration;
    let scopes = declaration.scopes();
    let Some(id) = scopes.binding_of(root) else {
        return false;
    };
    let here = scopes.visible(root.text(), make) == Some(id);
    let mut uses = scopes.uses(id, declaration.tree());
    // Whoever else has the pointer could change what it points to, and nobody gets it from here.
    let only_followed = |held: Node<'_>| {
        let followed = held.parent().filter(|up| up.operator() == Some(Kind::Star));
        followed.is_some_and(|followed| is_read(launch, followed))
    };
    here && uses.all(|held| match pointed {
        true => root == held || only_followed(held),
        false => held.start() < make.start() || is_read(launch, held),
    })
}

/// Whether the mention leaves the value, its fields and its length as they are.
fn is_read(launch: &Launch<'_>, held: Node<'_>) -> bool {
    let mut whole = held;
    while let Some(parent) = whole
        .parent()
        .filter(|parent| parent.is(Kind::SelectorExpression))
    {
        whole = parent;
    }
    let written = whole.parent().is_some_and(|list| {
        list.role() == Field::Left && list.parent().is_some_and(|up| up.is(Kind::AssignmentStatement))
    });
    let addressed = whole
        .parent()
        .is_some_and(|up| up.operator() == Some(Kind::Address));
    let called = whole
        .parent()
        .is_some_and(|call| call.field(Field::Function) == Some(whole))
        && whole != held;
    launch.declaration.usage(held) == Usage::Read && !written && !addressed && !called
}
