//! Is there a path from an acquisition to an exit on which nobody releases? Paths on which acquiring failed, on
//! which there is nothing to release, or on which someone else took over are none.

use std::collections::HashSet;

use super::acquisition::{Acquisition, Handle};
use super::effect::{Effect, Mention};
use super::escape;
use super::turn::Turn;
use crate::go::cfg::{Cfg, Point, walk};
use crate::go::syntax::Node;

mod deferred;
mod lost;
pub(super) mod open;
mod trace;

pub use deferred::deferred;
use deferred::is_promised;
pub use lost::{LeakPath, Lost};
use open::settled;
use trace::{Knowledge, Trace};

/// What becomes of an acquired resource in its function.
pub struct Lifetime<'a> {
    pub flow: Cfg<'a>,
    pub mentions: Vec<Mention<'a>>,
    /// In source order; empty where every path releases it or gives it away.
    pub losses: Vec<LeakPath<'a>>,
    /// Whether acquiring can be reached again after it was done: a loop.
    pub repeats: bool,
    acquired: Point,
    /// Whether every path that comes to the end of the loop's block has something to release there.
    pub is_held_at_end: bool,
    /// What runs with nothing to release, or perhaps nothing, or while others may need it, by [`Node::index`].
    idle: HashSet<usize>,
}

impl<'a> Lifetime<'a> {
    /// Follows a resource that a local name holds, or nobody. `None` for other handles and unreachable code.
    pub fn of(acquisition: &Acquisition<'a>) -> Option<Lifetime<'a>> {
        Lifetime::followed(acquisition, |_| true)
    }

    /// The same as if no release were deferred: what is still open where a turn of a loop ends.
    pub fn undeferred(acquisition: &Acquisition<'a>) -> Option<Lifetime<'a>> {
        Lifetime::followed(acquisition, |mention| {
            mention.effect != Effect::Release || deferred(mention.node, acquisition.function).is_none()
        })
    }

    fn followed(
        acquisition: &Acquisition<'a>,
        counts: impl Fn(&Mention<'a>) -> bool,
    ) -> Option<Lifetime<'a>> {
        let handle = match acquisition.handle {
            Handle::Local(handle) => Some(handle),
            Handle::Discarded => None,
            Handle::Elsewhere => return None,
        };
        let flow = acquisition.at.control_flow(acquisition.function)?;
        let start = flow.point_of(acquisition.call)?;
        let holders = acquisition.holders();
        let followed = escape::follow(
            acquisition.at,
            acquisition.function,
            holders,
            acquisition.resource,
        );
        let found = followed.mentions;
        let mentions = settled(&flow, found.into_iter().filter(counts).collect());
        let repeats = flow.reaches(
            start.after(),
            |node| flow.point_of(node) == Some(start),
            |_| false,
        );
        let mut trace = Trace::new(acquisition, handle, &flow, Some(start), &mentions);
        trace.turn = handle
            .filter(|_| repeats)
            .and_then(|handle| Turn::of(acquisition, handle, &flow));
        let promised = is_promised(&flow, start, acquisition.function, &mentions);
        walk(&flow, start.after(), Knowledge::fresh(promised), &mut trace);
        let idle = std::mem::take(&mut trace.idle);
        let is_held_at_end = !trace.ends_idle;
        let losses = trace.into_losses();
        Some(Lifetime {
            losses,
            repeats,
            is_held_at_end,
            acquired: start,
            flow,
            mentions,
            idle,
        })
    }

    /// Whether the function releases it anywhere.
    pub fn is_ever_released(&self) -> bool {
        self.mentions
            .iter()
            .any(|mention| mention.effect == Effect::Release)
    }

    /// Whether every path to `node`, a statement that the flow knows, comes with something to release, for certain,
    /// that nobody else can need.
    pub fn is_held_at(&self, node: Node<'a>) -> bool {
        let acquires = |other| self.flow.point_of(other) == Some(self.acquired);
        let passed_by = self
            .flow
            .reaches(self.flow.entry(), |other| other == node, acquires);
        !self.idle.contains(&node.index()) && !passed_by
    }
}

#[cfg(test)]
mod tests;
