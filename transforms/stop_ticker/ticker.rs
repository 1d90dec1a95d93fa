//! Timers of a declaration, and what is wrong with them.

use crate::analysis::endless::Turning;
use crate::analysis::launch::{Turns, loops_around, select_around, turns_of};
use crate::facts::paths;
use crate::frameworks::is_stream_writer;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Declaration, Usage};

/// What is wrong with a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `time.NewTicker` that no code stops.
    Unstopped,
    /// `time.Tick`
    Tick,
    /// `time.After` in the arm of a select in a loop.
    PerTurn,
    /// A deferred Stop in a loop.
    PiledUp,
    /// The handler stops what its stream listens to.
    TooEarly,
}

#[derive(Clone, Copy, Debug)]
pub struct Timer<'a> {
    pub fault: Fault,
    /// `time.NewTicker(d)`, `time.Tick(d)`, `time.After(d)`
    pub call: Node<'a>,
    /// The name of a ticker.
    pub name: Option<BindingId>,
    /// The defer that is in the wrong place.
    pub stop: Option<Node<'a>>,
    /// A further place for people, and what it shows.
    pub related: Option<(Node<'a>, &'static str)>,
    /// The stream writer that listens, and where it does so.
    pub stream: Option<(Node<'a>, Node<'a>)>,
}

/// The timers of a declaration with which something is wrong, under one condition or another.
pub fn timers(declaration: Declaration<'_>) -> Vec<Timer<'_>> {
    let calls = declaration
        .tree()
        .root()
        .subtree()
        .filter(|node| node.is(Kind::CallExpression));
    calls.filter_map(|call| timer(declaration, call)).collect()
}

fn timer<'a>(declaration: Declaration<'a>, call: Node<'a>) -> Option<Timer<'a>> {
    let callee = declaration.callee(call);
    let plain = |fault| Timer {
        fault,
        call,
        name: None,
        stop: None,
        related: None,
        stream: None,
    };
    if callee.is_function(paths::TIME, "Tick") {
        return Some(plain(Fault::Tick));
    }
    if callee.is_function(paths::TIME, "After") {
        return is_arm_of_loop(call).then(|| plain(Fault::PerTurn));
    }
    callee.is_function(paths::TIME, "NewTicker").then_some(())?;
    let name = named(declaration, call)?;
    let stops = stops(declaration, name)?;
    let ticker = Timer {
        name: Some(name),
        ..plain(Fault::Unstopped)
    };
    match stops.as_slice() {
        [] => Some(ticker),
        [stop] => misplaced(declaration, ticker, *stop),
        _ => None,
    }
}

/// `case <-time.After(d):` beside other arms, in a loop of the same function.
fn is_arm_of_loop(call: Node<'_>) -> bool {
    let receive = call.parent().filter(|up| up.operator() == Some(Kind::Arrow));
    let Some((select, function)) =
        receive.and_then(|_| Some((select_around(call)?, call.enclosing_function()?)))
    else {
        return false;
    };
    let several = select
        .children()
        .filter(|clause| clause.is(Kind::CommunicationCase))
        .count()
        > 1;
    several && loops_around(select, function).any(|looped| !matches!(turns_of(looped), Turns::Exactly(_)))
}

/// The name in `ticker := time.NewTicker(d)`.
fn named(declaration: Declaration<'_>, call: Node<'_>) -> Option<BindingId> {
    let statement = call
        .statement()
        .filter(|statement| statement.is(Kind::ShortVarDeclaration))?;
    let (left, right) = (statement.field(Field::Left)?, statement.field(Field::Right)?);
    let single = left.child(1).is_none() && right.child(0) == Some(call);
    let name = left.child(0).filter(|_| single)?;
    let id = declaration.scopes().binding_of(name)?;
    (declaration.scopes().get(id).declared == name.index()).then_some(id)
}

/// The calls that stop the ticker. `None` where it gets out of sight.
fn stops<'a>(declaration: Declaration<'a>, ticker: BindingId) -> Option<Vec<Node<'a>>> {
    let mut stops = Vec::new();
    for held in declaration.scopes().uses(ticker, declaration.tree()) {
        let selector = held.parent().filter(|up| up.is(Kind::SelectorExpression))?;
        (declaration.usage(held) == Usage::Read && selector.field(Field::Operand) == Some(held))
            .then_some(())?;
        let called = selector
            .parent()
            .filter(|call| call.field(Field::Function) == Some(selector));
        match (selector.field(Field::Field)?.text(), called) {
            ("C", None) | ("Reset", Some(_)) => {}
            ("Stop", Some(call)) => stops.push(call),
            _ => return None,
        }
    }
    Some(stops)
}

/// A ticker whose only Stop is deferred, and in the wrong place.
fn misplaced<'a>(declaration: Declaration<'a>, ticker: Timer<'a>, stop: Node<'a>) -> Option<Timer<'a>> {
    let deferred = stop.parent().filter(|up| up.is(Kind::DeferStatement))?;
    let function = ticker.call.enclosing_function()?;
    (deferred.enclosing_function() == Some(function)).then_some(())?;
    let of = Timer {
        stop: Some(deferred),
        ..ticker
    };
    if let Some(stream) = listening_stream(declaration, of) {
        return Some(Timer {
            fault: Fault::TooEarly,
            stream: Some(stream),
            related: Some((deferred, "stopped here, when the handler returns")),
            ..of
        });
    }
    let looped = loops_around(ticker.call, function).find(|looped| looped.contains(deferred))?;
    let open = matches!(turns_of(looped), Turns::Open | Turns::Endless);
    let turning = Turning::of(declaration, function, looped)?;
    let comes_round = comes_round_behind(&turning, deferred);
    (open && comes_round).then_some(Timer {
        fault: Fault::PiledUp,
        related: Some((deferred, "this runs when the function returns")),
        ..of
    })
}

/// Whether some turn passes the defer and another follows.
fn comes_round_behind<'a>(turning: &Turning<'a>, deferred: Node<'a>) -> bool {
    let passes = |node: Node<'a>| node == deferred;
    turning.comes_round_from(&passes)
}

/// The stream writer in which alone the ticker is listened to, and the first place.
fn listening_stream<'a>(declaration: Declaration<'a>, ticker: Timer<'a>) -> Option<(Node<'a>, Node<'a>)> {
    let function = ticker.call.enclosing_function()?;
    let uses = declaration.scopes().uses(ticker.name?, declaration.tree());
    let listening = uses.filter(|held| !ticker.stop.is_some_and(|stop| stop.contains(*held)));
    let listening: Vec<Node<'a>> = listening.collect();
    let stream = |held: &Node<'a>| {
        let mut around = held.ancestors().take_while(|up| *up != function);
        around.find(|up| up.is(Kind::FuncLiteral) && is_stream_writer(*up))
    };
    let mut streams: Vec<Option<Node<'a>>> = listening.iter().map(stream).collect();
    streams.dedup();
    match streams.as_slice() {
        [Some(only)] => Some((*only, *listening.first()?)),
        _ => None,
    }
}
