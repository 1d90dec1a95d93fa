//! Goroutines that requests start again and again and that never end.

use super::are_neighbours;
use super::guard::{Guard, guard_of};
use crate::analysis::endless::{Turning, never_ends, pauses};
use crate::analysis::launch::Launch;
use crate::analysis::request::{HandlerChain, request_path_of_any};
use crate::frameworks::Version;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, Declaration};

/// A `go` statement of a request whose function never ends.
pub struct Start<'a> {
    pub declaration: Declaration<'a>,
    pub statement: Node<'a>,
    /// The loop that nothing leaves, and where it stands.
    pub looped: Option<(Declaration<'a>, Node<'a>)>,
    pub request: HandlerChain<'a>,
    /// Where a registry drops the entry that keeps requests from starting another such goroutine.
    pub forgotten: Option<(Declaration<'a>, Node<'a>)>,
}

/// The goroutines of a declaration that requests start again and again and that never end.
pub fn endless(declaration: Declaration<'_>) -> Vec<Start<'_>> {
    let starts = declaration
        .tree()
        .root()
        .subtree()
        .filter(|node| node.is(Kind::GoStatement));
    starts
        .filter_map(|statement| start(declaration, statement))
        .collect()
}

fn start<'a>(declaration: Declaration<'a>, statement: Node<'a>) -> Option<Start<'a>> {
    let call = statement.child(0).filter(|call| call.is(Kind::CallExpression))?;
    let (home, function) = match declaration.callee(call) {
        Callee::Literal(_) => (declaration, call.field(Field::Function)?.unparenthesized()),
        Callee::Package(callee) => (callee, callee.function()?),
        _ => return None,
    };
    never_ends(home, function).then_some(())?;
    (!waits_for_its_starter(declaration, statement, home, function)).then_some(())?;
    (!talks_to_client(home, function)).then_some(())?;
    let request = request_path_of_any(declaration, statement)?;
    let forgotten = started_again(declaration, statement, &request)?;
    Some(Start {
        declaration,
        statement,
        looped: endless_loop(home, function).map(|looped| (home, looped)),
        request,
        forgotten,
    })
}

/// Whether the goroutine does nothing but wait at channels of the function that starts it. Whether it is left alone
/// there is another question, with an answer of its own.
fn waits_for_its_starter<'a>(
    declaration: Declaration<'a>,
    statement: Node<'a>,
    home: Declaration<'a>,
    function: Node<'a>,
) -> bool {
    let Some(starter) = statement.enclosing_function() else {
        return false;
    };
    let launch = Launch::around(declaration, starter);
    let worker = launch.workers.iter().position(|worker| worker.start == statement);
    let shares = |worker: usize| (0..launch.channels.len()).any(|channel| launch.shares(worker, channel));
    let keeps_turning = function.shallow_descendants().any(|node| pauses(home, node));
    worker.is_some_and(shares) && !keeps_turning
}

/// Whether the goroutine has a websocket connection in its hands: what it hears of that can end it, and whether it
/// listens is another question as well.
fn talks_to_client<'a>(home: Declaration<'a>, function: Node<'a>) -> bool {
    let calls = function
        .shallow_descendants()
        .filter(|node| node.is(Kind::CallExpression));
    let operands = calls.filter_map(|call| call.field(Field::Function)?.field(Field::Operand));
    let mut operands = operands.filter(|operand| !operand.is(Kind::CallExpression));
    operands.any(|operand| Version::of_connection(&home.type_of(operand)).is_some())
}

/// Whether nothing keeps the second request from starting it again: no condition on state that outlives requests
/// stands before the start or before a call on the way to it. An entry of a map keeps it so until that is deleted;
/// then the deletion is told.
#[expect(clippy::option_option, reason = "silent, or found with or without a deletion")]
fn started_again<'a>(
    declaration: Declaration<'a>,
    statement: Node<'a>,
    request: &HandlerChain<'a>,
) -> Option<Option<(Declaration<'a>, Node<'a>)>> {
    let calls = request.calls.iter().map(|call| (call.caller, call.call));
    let mut forgotten = None;
    for (at, node) in calls.chain([(declaration, statement)]) {
        match guard_of(at, node) {
            None => {}
            Some(Guard::Once) => return None,
            Some(Guard::Entry(map)) => {
                let deletion =
                    deletion_from(at, map).filter(|(there, _)| are_neighbours(*there, declaration));
                forgotten = Some(deletion?);
            }
        }
    }
    Some(forgotten)
}

/// `delete(x.map, key)` somewhere in the package.
fn deletion_from<'a>(at: Declaration<'a>, map: &str) -> Option<(Declaration<'a>, Node<'a>)> {
    let mentions = at
        .package
        .selections(map)
        .into_iter()
        .chain(at.package.mentions(map));
    let mut deletions = mentions.filter_map(|(there, mention)| {
        let call = mention.parent()?.parent()?;
        let first = call.field(Field::Arguments)?.child(0)? == mention;
        let deletes = matches!(there.callee(call), Callee::Builtin(name) if name == "delete");
        (first && deletes).then_some((at.beside(there), call))
    });
    deletions.next()
}

fn endless_loop<'a>(declaration: Declaration<'a>, function: Node<'a>) -> Option<Node<'a>> {
    let mut loops = function
        .shallow_descendants()
        .filter(|node| node.is(Kind::ForStatement));
    loops.find(|looped| {
        Turning::of(declaration, function, *looped).is_some_and(|turning| turning.is_endless())
    })
}
