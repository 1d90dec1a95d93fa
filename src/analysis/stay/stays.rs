//! Every place in a function where a goroutine can stand for ever.

use super::model::Stay;
use super::{condition, group, lock, queue, way};
use crate::go::Declaration;
use crate::go::cfg::Exit;
use crate::go::syntax::{Field, Kind, Node};

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
pub(super) fn is_run_by(part: Node<'_>, function: Node<'_>) -> bool {
    let started = part
        .parent()
        .is_some_and(|up| up.is(Kind::GoStatement) && part.is(Kind::CallExpression));
    !started && part.enclosing_function() == Some(function)
}

pub(super) fn judge<'a>(runner: &way::Runner<'a, '_>, part: Node<'a>) -> Option<Stay<'a>> {
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
pub(super) fn blocked_for_good(exit: Exit<'_>) -> Option<Stay<'_>> {
    match exit {
        Exit::NoReturn(at) if at.is(Kind::SelectStatement) => Some(Stay {
            at,
            why: "nothing ends an empty select".to_owned(),
            always: true,
        }),
        _ => None,
    }
}
