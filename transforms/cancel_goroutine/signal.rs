//! The repair that closes a channel which only tells goroutines to end.

use super::guard::{self, Guard};
use crate::analysis::launch::{Action, Channel, Party, Use, WorkerKind, loops_around};
use crate::edit::{self, Rewrite};
use crate::go::syntax::{Field, Kind, Node};
use crate::transform::{Applicability, Fix};

/// Closes a channel that nobody sends to and that goroutines only wait for to end:
///
/// ```text
/// done := make(chan struct{})   ⇒   done := make(chan struct{})
///                                   defer close(done)
/// ```
///
/// That is what such a channel is for. It is exact where nothing but tidying up follows the receive. `None`
/// elsewhere, where items may still wait beside it, and where the launching function waits for the goroutine.
pub fn fix(guard: Guard<'_, '_>) -> Option<Fix> {
    let is_needed = guard.is_awaited() || guard.feeds_stream() || guard.queue().is_some();
    let at = guard
        .channels()
        .into_iter()
        .find(|at| ends_every_stop(guard, *at) && is_signal(guard, *at))
        .filter(|_| !is_needed)?;
    let launch = guard.launch;
    let channel = &launch.channels[at];
    channel.is_closable.then_some(())?;
    let made = channel.make.statement().filter(|made| {
        matches!(
            made.kind(),
            Kind::ShortVarDeclaration | Kind::VarDeclaration | Kind::AssignmentStatement
        )
    })?;
    let once = loops_around(channel.make, launch.function).next().is_none();
    let line = format!("defer close({})", channel.name);
    let edit = edit::insert_after(launch.declaration.file(), made, &[&line]).filter(|_| once)?;
    let mut rewrite = Rewrite::new();
    rewrite.edit(launch.declaration.id.file, edit).ok()?;
    let title = format!("Close {} when the function returns", channel.name);
    Some(Fix::new(title, Applicability::Safe, rewrite))
}

/// Whether the goroutine goes on from wherever it stands when the channel is closed.
fn ends_every_stop(guard: Guard<'_, '_>, channel: usize) -> bool {
    let mut stops = guard.blocked.stops.iter();
    stops.all(|arms| arms.iter().any(|(at, _)| *at == channel))
}

/// Whether goroutines wait for the channel to end, and nothing else is ever done with it.
fn is_signal(guard: Guard<'_, '_>, at: usize) -> bool {
    let channel: &Channel<'_> = &guard.launch.channels[at];
    channel.uses.iter().all(|held| is_last_wait(guard, held))
}

/// Whether a goroutine drops what it receives here, and is done then.
fn is_last_wait(guard: Guard<'_, '_>, held: &Use<'_>) -> bool {
    let Party::Worker(worker) = held.party else {
        return false;
    };
    let worker = &guard.launch.workers[worker];
    let is_goroutine = worker.kind == WorkerKind::Goroutine;
    let drops = held.operation().and_then(Node::parent).is_some_and(|around| {
        let bare = around.field(Field::Left).is_none();
        bare && matches!(
            around.kind(),
            Kind::ExpressionStatement | Kind::CommunicationCase | Kind::ReceiveStatement
        )
    });
    let ends = || guard::is_last(worker.declaration, held.name);
    is_goroutine && held.action == Action::Receive && drops && ends()
}
