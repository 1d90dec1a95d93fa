//! Channels that their function closes at the end of its work, and not on the returns before that.

use crate::analysis::launch::{Action, Launch, Party, Use};
use crate::edit::{self, Rewrite};
use crate::go::cfg::{Cfg, Exit, Flow, Paths, walk};
use crate::go::syntax::Node;
use crate::transform::{Applicability, Fix, Reason, Refusal};

/// The ways out of the launching function that leave the receivers of a channel waiting for its close.
#[derive(Debug)]
pub struct Early<'a> {
    pub exits: Vec<Exit<'a>>,
}

/// The early exits behind the start of `worker`, which waits for the close of the channel. Only where all sends and
/// closes are the function's own, in its own goroutine, and none of the closes is deferred. A worker that starts behind
/// the close waits for nothing.
pub fn early<'a>(launch: &Launch<'a>, channel: usize, worker: usize) -> Option<Early<'a>> {
    let uses = &launch.channels[channel].uses;
    let gives = |held: &&Use<'a>| matches!(held.action, Action::Send | Action::Close);
    let own = |held: &Use<'a>| held.party == Party::Launcher && !held.deferred;
    let sends = uses.iter().any(|held| held.action == Action::Send);
    (sends && uses.iter().filter(gives).all(own)).then_some(())?;
    let flow = launch.declaration.control_flow(launch.function)?;
    let made = flow.point_of(launch.channels[channel].make)?;
    let mut trace = Open {
        start: launch.workers[worker].start,
        closes: closes(launch, channel),
        exits: Vec::new(),
    };
    walk(&flow, made.after(), false, &mut trace);
    (!trace.exits.is_empty()).then_some(Early { exits: trace.exits })
}

/// The mentions by which the channel is closed.
fn closes<'a>(launch: &Launch<'a>, channel: usize) -> Vec<Node<'a>> {
    let uses = launch.channels[channel].uses.iter();
    let closes = uses.filter(|held| held.action == Action::Close);
    closes.map(|held| held.name).collect()
}

/// Follows paths on which the channel is still open.
struct Open<'a> {
    /// The statement that starts the worker.
    start: Node<'a>,
    closes: Vec<Node<'a>>,
    exits: Vec<Exit<'a>>,
}

impl<'a> Paths<'a> for Open<'a> {
    /// Whether the worker runs.
    type State = bool;

    fn visit(&mut self, node: Node<'a>, runs: &mut bool) -> Flow {
        *runs |= node.contains(self.start);
        match self.closes.iter().any(|close| node.contains(*close)) {
            true => Flow::Stop,
            false => Flow::Continue,
        }
    }

    fn leave(&mut self, exit: Exit<'a>, runs: &bool) {
        if *runs && !matches!(exit, Exit::NoReturn(_)) && !self.exits.contains(&exit) {
            self.exits.push(exit);
        }
    }
}

/// Closes the channel before each return that leaves it open:
///
/// ```text
/// return err   ⇒   close(ch)
///                  return err
/// ```
///
/// No send can follow a return, and no path comes there with the channel closed.
pub fn fix(launch: &Launch<'_>, channel: usize, early: &Early<'_>) -> Result<Fix, Refusal> {
    let (at, name) = (launch.declaration, launch.channels[channel].name);
    let refuse = || {
        let message =
            format!("close {name} on every way out, and once: by a defer, if nothing waits behind the close");
        Refusal::new(Reason::ControlFlow, message)
    };
    let flow = at.control_flow(launch.function).ok_or_else(refuse)?;
    let closes = closes(launch, channel);
    let mut rewrite = Rewrite::new();
    let line = format!("close({name})");
    for exit in &early.exits {
        let Exit::Return(exit) = *exit else {
            return Err(refuse());
        };
        let safe = !is_closed_before(&flow, &closes, exit) && knows(launch, channel, exit);
        let edit = edit::insert_before(at.file(), exit, &[&line]).filter(|_| safe);
        rewrite
            .edit(at.id.file, edit.ok_or_else(refuse)?)
            .map_err(|_| refuse())?;
    }
    let title = format!("Close {name} before the returns that leave it open");
    Ok(Fix::new(title, Applicability::Safe, rewrite))
}

/// Whether some path comes to `exit` with the channel closed: a second close would panic.
fn is_closed_before<'a>(flow: &Cfg<'a>, closes: &[Node<'a>], exit: Node<'a>) -> bool {
    let mut points = closes.iter().filter_map(|close| flow.point_of(*close));
    points.any(|close| flow.reaches(close.after(), |node| node == exit, |_| false))
}

/// Whether every path to `exit` has made the channel, whose name means it there, and the return itself has no use for it.
fn knows<'a>(launch: &Launch<'a>, channel: usize, exit: Node<'a>) -> bool {
    let held = &launch.channels[channel];
    let scopes = launch.declaration.scopes();
    let own = held.uses.iter().find(|held| held.party == Party::Launcher);
    let binding = own.and_then(|held| scopes.binding_of(held.name));
    let used = held.uses.iter().any(|held| exit.contains(held.name));
    binding.is_some() && scopes.visible(held.name, exit) == binding && !used
}
