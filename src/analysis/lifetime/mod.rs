//! Is there a path from an acquisition to an exit on which nobody releases? Paths on which acquiring failed, on
//! which there is nothing to release, or on which someone else took over are none.

use std::collections::HashSet;

use self::trace::{Knowledge, Trace};
use super::acquire::{Acquisition, Fault, Handle, Yield};
use super::beside::Beside;
use super::escape::{self, Effect, Mention};
use super::turn::{Turn, jump_target};
use crate::facts::Resource;
use crate::go::cfg::{Cfg, Exit, Point, walk};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Declaration};

/// How a path loses the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lost<'a> {
    /// The function is left here.
    Exit(Exit<'a>),
    /// The name gets another value here.
    Overwritten(Node<'a>),
    /// This `break` or `continue` leaves the turn of the loop that acquired it.
    Jump(Node<'a>),
    /// The block of the loop that acquired it ends.
    End(Node<'a>),
}

impl<'a> Lost<'a> {
    /// The statement that people look at: for an exit at the end of the body, the body.
    pub fn node(self) -> Node<'a> {
        match self {
            Lost::Exit(Exit::Return(node) | Exit::FallOff(node) | Exit::NoReturn(node))
            | Lost::Overwritten(node)
            | Lost::Jump(node)
            | Lost::End(node) => node,
        }
    }
}

/// One way to lose the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss<'a> {
    pub how: Lost<'a>,
    /// Whether it is proven that nobody else has taken over by then, and that acquiring succeeded.
    pub certain: bool,
}

/// What becomes of an acquired resource in its function.
pub struct Lifetime<'a> {
    pub flow: Cfg<'a>,
    pub mentions: Vec<Mention<'a>>,
    /// In source order; empty where every path releases it or gives it away.
    pub losses: Vec<Loss<'a>>,
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

/// Whether a closure that was deferred before the acquisition releases what the name holds in the end.
fn is_promised<'a>(flow: &Cfg<'a>, start: Point, function: Node<'a>, mentions: &[Mention<'a>]) -> bool {
    let mut promises = mentions.iter().filter_map(|mention| promise(mention, function));
    promises.any(|defer| {
        let deferred = flow.point_of(defer);
        let acquires = |node| flow.point_of(node) == Some(start);
        deferred != Some(start)
            && !flow.reaches(flow.entry(), acquires, |node| flow.point_of(node) == deferred)
    })
}

/// The statement that defers a closure which releases what the name holds when the function ends.
fn promise<'a>(mention: &Mention<'a>, function: Node<'a>) -> Option<Node<'a>> {
    let releases = mention.effect == Effect::Release && mention.node.is(Kind::FuncLiteral);
    deferred(mention.node, function).filter(|_| releases)
}

/// The statement by which `function` defers what happens at `node`.
pub fn deferred<'a>(node: Node<'a>, function: Node<'a>) -> Option<Node<'a>> {
    let mut around = node.ancestors().take_while(|around| *around != function);
    around.find(|around| around.is(Kind::DeferStatement))
}

/// When a function comes back with a resource that it takes still open and in nobody else's hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Open {
    Never,
    /// Where its last result is nil, and only there.
    Successes,
    Sometimes,
}

/// When `function` leaves the resource that it takes as the parameter `handle` open. An error among the parameters
/// is taken for the one that says whether there is a resource.
pub(super) fn open_after<'a>(
    at: Declaration<'a>,
    function: Node<'a>,
    handle: BindingId,
    resource: &'a Resource,
    mentions: &[Mention<'a>],
) -> Open {
    let Some(flow) = at.control_flow(function) else {
        return Open::Sometimes;
    };
    let taken = taken_as(at, function, handle, resource);
    let mentions = settled(&flow, mentions.to_vec());
    let mut trace = Trace::new(&taken, Some(handle), &flow, None, &mentions);
    walk(&flow, flow.entry(), Knowledge::fresh(false), &mut trace);
    let succeeds = |exit: &Exit<'a>| returns_nil(*exit);
    let open = |how: &Lost<'a>| matches!(how, Lost::Exit(exit) if succeeds(exit));
    match trace.losses.is_empty() {
        true => Open::Never,
        false if trace.losses.keys().all(open) && !trace.settled.iter().any(succeeds) => Open::Successes,
        false => Open::Sometimes,
    }
}

/// When a loop over everything that a function was given leaves one of them open: `handle` holds one after the other by
/// the range `clause`. A loop that is left from within may not come to all of them.
pub(super) fn open_after_turn<'a>(
    at: Declaration<'a>,
    function: Node<'a>,
    clause: Node<'a>,
    handle: BindingId,
    resource: &'a Resource,
    mentions: &[Mention<'a>],
) -> Open {
    let flow = at.control_flow(function);
    let variables = clause.field(Field::Left);
    let body = clause.parent().and_then(|around| around.field(Field::Body));
    let (Some(flow), Some(variables), Some(body)) = (flow, variables, body) else {
        return Open::Sometimes;
    };
    let Some(start) = flow.point_of(variables) else {
        return Open::Sometimes;
    };
    let taken = taken_as(at, function, handle, resource);
    let mentions = settled(&flow, mentions.to_vec());
    let mut trace = Trace::new(&taken, Some(handle), &flow, None, &mentions);
    trace.turn = Some(Turn::of_body(body));
    walk(&flow, start.after(), Knowledge::fresh(false), &mut trace);
    let leaves = |node: Node<'a>| match node.kind() {
        Kind::BreakStatement => jump_target(node).is_none_or(|target| !body.contains(target)),
        Kind::ReturnStatement | Kind::GotoStatement => true,
        _ => false,
    };
    match trace.losses.is_empty() && !body.shallow_descendants().any(leaves) {
        true => Open::Never,
        false => Open::Sometimes,
    }
}

/// What a function holds that was given to it under the name `handle`.
fn taken_as<'a>(
    at: Declaration<'a>,
    function: Node<'a>,
    handle: BindingId,
    resource: &'a Resource,
) -> Acquisition<'a> {
    Acquisition {
        at,
        function,
        call: function,
        statement: function,
        resource,
        handle: Handle::Local(handle),
        fault: fault_taken(at, function),
        yields: Yield {
            resource,
            result: 0,
            error: None,
            beside: Beside::default(),
        },
    }
}

/// Whether the last result is nil here, as written.
fn returns_nil(exit: Exit<'_>) -> bool {
    let Exit::Return(statement) = exit else {
        return false;
    };
    let results = statement.child(0).into_iter();
    let last = results.flat_map(|list| match list.is(Kind::ExpressionList) {
        true => list.children().last(),
        false => Some(list),
    });
    last.into_iter().any(|last| last.is(Kind::Nil))
}

/// The first parameter that is an error.
fn fault_taken(at: Declaration<'_>, function: Node<'_>) -> Fault {
    let parameters = function.field(Field::Parameters).into_iter();
    let mut names = parameters.flat_map(|list| {
        let names = list
            .children()
            .flat_map(|parameter| parameter.fields(Field::Name));
        names.filter_map(|name| at.scopes().binding_of(name))
    });
    let error = names.find(|name| at.type_of_binding(*name).is_error());
    error.map_or(Fault::Never, Fault::Local)
}

/// Code that cannot be seen only works with the resource where the function itself releases it afterwards. What is
/// seen to release it on some of its paths may leave the others to the function, and says which by its result.
fn settled<'a>(flow: &Cfg<'a>, mut mentions: Vec<Mention<'a>>) -> Vec<Mention<'a>> {
    let released = mentions
        .iter()
        .filter(|mention| mention.effect == Effect::Release);
    let releases: HashSet<Point> = released
        .filter_map(|mention| flow.point_of(mention.node))
        .collect();
    let is_release = |node| flow.point_of(node).is_some_and(|point| releases.contains(&point));
    for mention in &mut mentions {
        if matches!(mention.effect, Effect::Unknown | Effect::Lent)
            && let Some(point) = flow.point_of(mention.node)
            && flow.reaches(point.after(), is_release, |_| false)
        {
            mention.effect = Effect::Pass;
        }
    }
    mentions
}

#[cfg(test)]
mod tests;
mod trace;
