//! Goroutines that a loop starts, one in each turn, with nothing that limits how many there are.

use super::size::{self, Size};
use crate::analysis::launch::loops_around;
use crate::facts::paths;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, Declaration};
use crate::text::Span;

/// A loop whose client chooses how many goroutines it starts.
pub struct FanOut<'a> {
    pub at: Declaration<'a>,
    /// The `go` statement, or the call of a group's `Go`.
    pub start: Node<'a>,
    /// The group of errors that starts it, which could have a limit.
    pub group: Option<Node<'a>>,
    pub looped: Node<'a>,
    /// What the loop goes over.
    pub over: Node<'a>,
    pub size: Size<'a>,
}

/// The loops of a declaration that start goroutines without a limit, each told once.
pub fn unbounded(at: Declaration<'_>) -> Vec<FanOut<'_>> {
    let mut found: Vec<FanOut<'_>> = Vec::new();
    for fan_out in at.tree().root().subtree().filter_map(|node| fan_out(at, node)) {
        if !found.iter().any(|held| held.looped == fan_out.looped) {
            found.push(fan_out);
        }
    }
    found
}

fn fan_out<'a>(at: Declaration<'a>, start: Node<'a>) -> Option<FanOut<'a>> {
    let (group, body) = started(at, start)?;
    let function = start.enclosing_function()?;
    let mut loops = loops_around(start, function);
    let (looped, over, size) = loops.find_map(|looped| {
        let over = gone_over(at, looped)?;
        Some((looped, over, size::of(at, over)?))
    })?;
    let is_free = !has_limit(function) && !waits_in_turn(looped, start) && !body.is_some_and(takes_turns);
    (is_free && !ends_loop(start)).then_some(FanOut {
        at,
        start,
        group,
        looped,
        over,
        size,
    })
}

/// The group of errors that starts a goroutine here, if one does, and the function that runs, if it can be seen.
type Started<'a> = (Option<Node<'a>>, Option<Node<'a>>);

fn started<'a>(at: Declaration<'a>, node: Node<'a>) -> Option<Started<'a>> {
    match node.kind() {
        Kind::GoStatement => {
            let call = node.child(0).filter(|call| call.is(Kind::CallExpression))?;
            Some((None, body_of(at, call.field(Field::Function)?)))
        }
        Kind::CallExpression => {
            let function = node.field(Field::Function)?;
            let (operand, name) = (function.field(Field::Operand)?, function.field(Field::Field)?);
            let of = (name.text() == "Go").then(|| at.type_of(operand))?;
            let group = Some(operand).filter(|_| of.pointee().is(paths::ERRGROUP, "Group"));
            let starts = group.is_some() || of.pointee().is(paths::SYNC, "WaitGroup");
            let run = node.field(Field::Arguments)?.child(0)?;
            starts.then(|| (group, body_of(at, run)))
        }
        _ => None,
    }
}

fn body_of<'a>(at: Declaration<'a>, function: Node<'a>) -> Option<Node<'a>> {
    match at.function_meant(function) {
        Callee::Literal(_) => function.unparenthesized().field(Field::Body),
        Callee::Package(callee) => callee.function()?.field(Field::Body),
        _ => None,
    }
}

/// `xs` of `range xs`, and of a counter that stops at `len(xs)`.
fn gone_over<'a>(at: Declaration<'a>, looped: Node<'a>) -> Option<Node<'a>> {
    let header = looped.children().find(|child| child.role() != Field::Body)?;
    if header.is(Kind::RangeClause) {
        return header.field(Field::Right);
    }
    let condition = header.field(Field::Condition)?;
    let limit = condition
        .field(Field::Right)
        .filter(|_| condition.is(Kind::BinaryExpression))?;
    let is_length =
        limit.is(Kind::CallExpression) && matches!(at.callee(limit), Callee::Builtin(name) if name == "len");
    match is_length {
        true => limit.field(Field::Arguments)?.child(0),
        false => Some(limit),
    }
}

/// Whether a group of the function is told how many it may have.
fn has_limit(function: Node<'_>) -> bool {
    let mut names = function
        .descendants()
        .filter(|node| node.is(Kind::FieldIdentifier));
    names.any(|name| name.text() == "SetLimit")
}

/// Whether a turn of the loop may wait before the next one starts: at a channel, a semaphore, a group, a clock.
fn waits_in_turn(looped: Node<'_>, start: Node<'_>) -> bool {
    let own = looped.shallow_descendants().filter(|node| !start.contains(*node));
    { own }.any(|node| match node.kind() {
        Kind::SendStatement | Kind::SelectStatement => true,
        Kind::UnaryExpression => node.operator() == Some(Kind::Arrow),
        Kind::CallExpression => is_named(node, &["Acquire", "Wait", "Take", "Sleep", "Submit"]),
        _ => false,
    })
}

/// Whether a goroutine takes its turn before it works: it sends into a channel and takes out of it again, or acquires
/// a semaphore. Those that wait hold next to nothing.
fn takes_turns(body: Node<'_>) -> bool {
    let channels = body.descendants().filter(|node| node.is(Kind::SendStatement));
    let mut taken = channels.filter_map(|send| send.field(Field::Channel));
    let gives_back = |channel: Node<'_>| {
        body.descendants().any(|node| {
            let from = node
                .field(Field::Operand)
                .filter(|_| node.operator() == Some(Kind::Arrow));
            from.is_some_and(|from| from.text() == channel.text())
        })
    };
    let mut calls = body.descendants().filter(|node| node.is(Kind::CallExpression));
    taken.any(gives_back) || calls.any(|call| is_named(call, &["Acquire"]))
}

fn is_named(call: Node<'_>, names: &[&str]) -> bool {
    let name = call
        .field(Field::Function)
        .and_then(|function| function.field(Field::Field));
    name.is_some_and(|name| names.contains(&name.text()))
}

/// Whether the turn that starts a goroutine is the last one.
fn ends_loop(start: Node<'_>) -> bool {
    let statement = start.statement().unwrap_or(start);
    let mut later = std::iter::successors(statement.next_sibling(), |next| next.next_sibling());
    later.any(|next| matches!(next.kind(), Kind::BreakStatement | Kind::ReturnStatement))
}

impl<'a> FanOut<'a> {
    /// The start without the body of its function.
    pub fn header(&self) -> Span {
        let literal = self.start.descendants().find(|node| node.is(Kind::FuncLiteral));
        let signature = literal.and_then(|literal| literal.field(Field::Parameters));
        Span::new(self.start.start(), signature.map_or(self.start.end(), Node::end))
    }

    /// Whether the group has started nothing before this loop: a limit cannot be set later.
    pub fn is_first_of_group(&self) -> bool {
        let Some((group, function)) = self.group.zip(self.start.enclosing_function()) else {
            return false;
        };
        let before = function
            .descendants()
            .take_while(|node| node.index() < self.looped.index());
        let mut starts = before.filter(|node| is_named(*node, &["Go", "TryGo"]));
        !starts.any(|call| call.text().starts_with(group.text()))
    }
}
