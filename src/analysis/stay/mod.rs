//! Where a goroutine can stand for ever apart from the channels that it shares with the function that starts it: at
//! a lock that somebody leaves locked, at a group that is never done, at a channel that nobody serves. Only names that
//! are local to one declaration are judged, with every use in sight; what gets out of sight is taken to be served.

mod condition;
mod group;
mod lock;
mod object;
mod queue;
mod way;

use crate::go::Declaration;
use crate::go::cfg::Exit;
use crate::go::syntax::{Field, Kind, Node};

pub use way::{ends_past, is_reached_past};

/// A place where a goroutine can stand for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stay<'a> {
    /// The call, operation or `select {}`.
    pub at: Node<'a>,
    /// Why nothing ends it, in words.
    pub why: String,
    /// Whether whoever comes here stays; otherwise some paths leave it so.
    pub always: bool,
}

/// Every such place in the body of `function`, in the order of the source.
pub fn stays<'a>(at: Declaration<'a>, function: Node<'a>) -> Vec<Stay<'a>> {
    let Some(flow) = at.control_flow(function) else {
        return Vec::new();
    };
    let runner = way::Runner {
        at,
        function,
        flow: &flow,
    };
    let nodes = flow.blocks().flat_map(|(_, block)| block.nodes.iter().copied());
    let steps = nodes.filter(|node| !node.is(Kind::DeferStatement));
    let parts = steps.flat_map(|node| std::iter::once(node).chain(node.shallow_descendants()));
    let mut parts: Vec<Node<'a>> = parts.filter(|part| is_run_by(*part, function)).collect();
    // A clause is no step, what it ranges over is one.
    let runs = |clause: &Node<'a>| {
        let ranged = clause.field(Field::Right);
        clause.is(Kind::RangeClause) && ranged.is_some_and(|ranged| flow.point_of(ranged).is_some())
    };
    parts.extend(function.shallow_descendants().filter(runs));
    let judged = parts.into_iter().filter_map(|part| judge(&runner, part));
    let mut stays: Vec<Stay<'a>> = judged.chain(flow.exits().filter_map(blocked_for_good)).collect();
    stays.sort_by_key(|stay| stay.at.start());
    stays.dedup_by_key(|stay| stay.at);
    stays
}

/// A literal inside a step runs elsewhere, and what a `go` statement calls beside it.
fn is_run_by(part: Node<'_>, function: Node<'_>) -> bool {
    let started = part
        .parent()
        .is_some_and(|up| up.is(Kind::GoStatement) && part.is(Kind::CallExpression));
    !started && part.enclosing_function() == Some(function)
}

fn judge<'a>(runner: &way::Runner<'a, '_>, part: Node<'a>) -> Option<Stay<'a>> {
    match part.kind() {
        Kind::CallExpression => {
            let method = part.field(Field::Function)?.field(Field::Field)?;
            match method.text() {
                "Lock" | "RLock" => lock::stay(runner, part),
                "Wait" => group::stay(runner, part).or_else(|| condition::stay(runner, part)),
                _ => None,
            }
        }
        Kind::SendStatement | Kind::UnaryExpression | Kind::RangeClause => queue::stay(runner, part),
        _ => None,
    }
}

/// `select {}`
fn blocked_for_good(exit: Exit<'_>) -> Option<Stay<'_>> {
    match exit {
        Exit::NoReturn(at) if at.is(Kind::SelectStatement) => Some(Stay {
            at,
            why: "nothing ends an empty select".to_owned(),
            always: true,
        }),
        _ => None,
    }
}
