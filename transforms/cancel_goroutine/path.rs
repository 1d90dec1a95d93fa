//! What a party of a launch does along each of its paths.

use std::cell::Cell;

use super::answers::Repeated;
use super::tracer::{State, Tracer};
use crate::analysis::launch::{Action, Launch, Party, UNBOUNDED, Use};
use crate::go::cfg::{Exit, walk};
use crate::go::syntax::Node;
use crate::limits::Limit;
use crate::text::Span;

/// Functions with more paths than these are left alone.
pub(super) const VISITS: Limit = Limit::new(20_000, "steps along its paths");
pub(super) const PATHS: Limit = Limit::new(256, "paths");

/// Something that a path did with a channel or a worker, by their places in the launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Items sent or received: as many as the path surely passed, and as many as it may have.
    Pass {
        channel: usize,
        action: Action,
        /// The mention of the channel, by [`Node::index`].
        name: usize,
        least: u32,
        most: u32,
    },
    Close {
        channel: usize,
    },
    /// A range over the channel came to its end, so someone closed it.
    Drained {
        channel: usize,
    },
    Start {
        worker: usize,
    },
    /// The path waited until this worker was done.
    Awaited {
        worker: usize,
    },
}

impl Step {
    pub fn channel(self) -> Option<usize> {
        match self {
            Step::Pass { channel, .. } | Step::Close { channel } | Step::Drained { channel } => Some(channel),
            _ => None,
        }
    }
}

/// Where a path of the launcher gives up on its workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End<'a> {
    Exit(Exit<'a>),
    /// The `make` runs again, and the channel of the last turn is forgotten.
    Remade(Node<'a>),
    /// The path waits for the workers of a `sync.WaitGroup`.
    Wait {
        at: Node<'a>,
        group: &'a str,
    },
}

impl<'a> End<'a> {
    /// Where people see it: the return, or the brace that ends the function.
    pub fn span(self) -> Span {
        match self {
            End::Exit(Exit::FallOff(body)) => Span::new(body.end() - 1, body.end()),
            End::Exit(Exit::Return(node) | Exit::NoReturn(node)) | End::Remade(node) => node.span(),
            End::Wait { at, .. } => at.span(),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Path<'a> {
    pub steps: Vec<Step>,
    pub end: End<'a>,
}

/// An operation where a worker stands until someone takes the other side, and what it did before.
#[derive(Clone, Debug)]
pub struct Stop<'a> {
    pub before: Vec<Step>,
    /// The operation, or all arms of its select.
    pub arms: Vec<(usize, Use<'a>)>,
}

/// Every path of one party.
#[derive(Debug, Default)]
pub struct Trace<'a> {
    pub paths: Vec<Path<'a>>,
    pub stops: Vec<Stop<'a>>,
}

impl<'a> Trace<'a> {
    /// Of a function that does nothing with any channel.
    fn idle(function: Node<'a>) -> Self {
        let path = Path {
            steps: Vec::new(),
            end: End::Exit(Exit::FallOff(function)),
        };
        Trace {
            paths: vec![path],
            stops: Vec::new(),
        }
    }
}

/// Follows the paths of a party. `None` where they are too many to know.
pub fn trace<'a>(launch: &Launch<'a>, party: Party) -> Option<Trace<'a>> {
    if launch.uses_of(party).next().is_none() && party != Party::Launcher {
        return Some(Trace::idle(launch.home(party).1));
    }
    let (declaration, function) = launch.home(party);
    let cfg = declaration.control_flow(function)?;
    let mut tracer = Tracer {
        launch,
        party,
        function,
        repeated: Repeated::of(declaration, function),
        visits: Cell::new(0),
        trace: Trace::default(),
    };
    walk(&cfg, cfg.entry(), State::default(), &mut tracer);
    let Tracer {
        visits, mut trace, ..
    } = tracer;
    let most = trace.paths.len().max(trace.stops.len());
    let met = [(VISITS, visits.get() as usize), (PATHS, most)]
        .into_iter()
        .find(|(limit, spent)| *spent >= limit.most as usize);
    if let Some((limit, _)) = met {
        limit.reached(&declaration.file().path);
        return None;
    }
    if trace.paths.is_empty() {
        trace.paths = endless(&trace.stops, cfg.body);
    }
    Some(trace)
}

/// The paths of a function that never ends: up to each of its operations and on.
fn endless<'a>(stops: &[Stop<'a>], body: Node<'a>) -> Vec<Path<'a>> {
    let end = End::Exit(Exit::FallOff(body));
    let path = |stop: &Stop<'a>| {
        let taken = stop.arms.iter().map(|(channel, held)| Step::Pass {
            channel: *channel,
            action: held.action,
            name: held.name.index(),
            least: UNBOUNDED,
            most: UNBOUNDED,
        });
        Path {
            steps: stop.before.iter().copied().chain(taken).collect(),
            end,
        }
    };
    stops.iter().map(path).collect()
}
