//! Whether a function that is given a resource leaves it open.

use std::collections::HashSet;

use super::lost::Lost;
use super::trace::{Knowledge, Trace};
use crate::analysis::acquisition::{Acquisition, Fault, Handle, ResultIndexes};
use crate::analysis::beside::Beside;
use crate::analysis::effect::{Effect, Mention};
use crate::analysis::turn::{Turn, jump_target};
use crate::facts::Resource;
use crate::go::cfg::{Cfg, Exit, Point, walk};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Declaration};

/// When a function comes back with a resource that it takes still open and in nobody else's hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::analysis) enum Open {
    Never,
    /// Where its last result is nil, and only there.
    Successes,
    Sometimes,
}

/// When `function` leaves the resource that it takes as the parameter `handle` open. An error among the parameters
/// is taken for the one that says whether there is a resource.
pub(in crate::analysis) fn open_after<'a>(
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
pub(in crate::analysis) fn open_after_turn<'a>(
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
pub(super) fn taken_as<'a>(
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
        yields: ResultIndexes {
            resource,
            result: 0,
            error: None,
            beside: Beside::default(),
        },
    }
}

/// Whether the last result is nil here, as written.
pub(super) fn returns_nil(exit: Exit<'_>) -> bool {
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
pub(super) fn fault_taken(at: Declaration<'_>, function: Node<'_>) -> Fault {
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
pub(super) fn settled<'a>(flow: &Cfg<'a>, mut mentions: Vec<Mention<'a>>) -> Vec<Mention<'a>> {
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
