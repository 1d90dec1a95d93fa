//! Does this code ever come to an end? A loop is endless where no path leaves it; waiting for a request context of
//! fasthttp to be done is no way out, since that happens when the server shuts down.

use crate::facts::paths;
use crate::frameworks::Version;
use crate::go::cfg::{Cfg, Condition, Exit, Flow, Paths, Point, Test, walk};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Declaration, Meaning, Type, Usage};

/// Whether `function`, once begun, never comes back to its caller.
pub fn never_ends<'a>(at: Declaration<'a>, function: Node<'a>) -> bool {
    let flow = at.control_flow(function);
    flow.is_some_and(|flow| !Leave::from(at, &flow, flow.entry(), function, &|_| false))
}

/// A `for` statement with the paths through it.
pub struct Turning<'a> {
    at: Declaration<'a>,
    flow: Cfg<'a>,
    looped: Node<'a>,
    /// Where a turn begins.
    start: Point,
    /// The statement that a turn begins with, where that is the loop's own range or a select.
    head: Option<Node<'a>>,
    /// The first node of a turn in the source.
    first: Node<'a>,
}

impl<'a> Turning<'a> {
    /// `looped`, a `for` statement of `function` that some path reaches.
    pub fn of(at: Declaration<'a>, function: Node<'a>, looped: Node<'a>) -> Option<Self> {
        let flow = at.control_flow(function)?;
        // What a header evaluates once belongs to no turn.
        let header = looped.children().find(|child| child.role() != Field::Body);
        let once = header.and_then(|header| header.field(Field::Initializer).or(header.field(Field::Right)));
        let in_turn =
            |node: &Node<'a>| looped.contains(*node) && !once.is_some_and(|once| once.contains(*node));
        let nodes = flow.blocks().flat_map(|(_, block)| block.nodes.iter().copied());
        let first = nodes.filter(in_turn).min_by_key(|node| node.index())?;
        let branches = flow.blocks().filter_map(|(id, block)| {
            let branch = block.branch.filter(|branch| looped.contains(*branch))?;
            (branch == looped || branch.is(Kind::SelectStatement)).then_some(())?;
            let index = block.nodes.len();
            Some((branch, Point { block: id, index }))
        });
        let outermost = branches.min_by_key(|(branch, _)| branch.index());
        // A select stands before its communications, and a range before its body.
        let head = outermost.filter(|(branch, _)| branch.index() < first.index());
        Some(Turning {
            at,
            looped,
            start: match head {
                Some((_, point)) => point,
                None => flow.point_of(first)?,
            },
            head: head.map(|(branch, _)| branch),
            first,
            flow,
        })
    }

    /// Whether nothing leaves the loop.
    pub fn is_endless(&self) -> bool {
        self.is_left_only_past(&|_| false)
    }

    /// Whether nothing leaves the loop before it has passed such a node.
    pub fn is_left_only_past(&self, barrier: &dyn Fn(Node<'a>) -> bool) -> bool {
        !Leave::from(self.at, &self.flow, self.start, self.looped, barrier)
    }

    /// Whether a turn of the loop can pass no such node and come round again; with a pause in it, if asked for.
    pub fn has_turn_without(&self, barrier: &dyn Fn(Node<'a>) -> bool, with_pause: bool) -> bool {
        let mut round = Round {
            turning: self,
            barrier,
            found: false,
            with_pause,
        };
        walk(&self.flow, self.start, (false, false), &mut round);
        round.found
    }
}

impl<'a> Turning<'a> {
    /// Whether the loop can turn again once it has passed such a node.
    pub fn comes_round_from(&self, is_passed: &dyn Fn(Node<'a>) -> bool) -> bool {
        let nodes = self
            .flow
            .blocks()
            .flat_map(|(_, block)| block.nodes.iter().copied());
        let passed = nodes.filter(|node| self.looped.contains(*node) && is_passed(*node));
        let mut points = passed.filter_map(|node| self.flow.point_of(node));
        points.any(|point| {
            let leaves = |node: Node<'a>| !self.looped.contains(node);
            self.flow
                .reaches(point.after(), |node| node == self.first, leaves)
        })
    }
}

/// Whether `node` waits for a while and no more: it sleeps, or takes from a timer.
pub fn pauses(at: Declaration<'_>, node: Node<'_>) -> bool {
    run_by(node).any(|part| match part.kind() {
        Kind::CallExpression => at.callee(part).is_function(paths::TIME, "Sleep"),
        Kind::UnaryExpression if part.operator() == Some(Kind::Arrow) => {
            part.field(Field::Operand).is_some_and(|from| is_timer(at, from))
        }
        _ => false,
    })
}

/// `node` and what runs as part of it.
fn run_by<'a>(node: Node<'a>) -> impl Iterator<Item = Node<'a>> {
    std::iter::once(node).chain(node.shallow_descendants())
}

/// Whether an expression is the channel of a timer or ticker, which nobody ever closes.
pub fn is_timer(at: Declaration<'_>, channel: Node<'_>) -> bool {
    matches!(at.type_of(channel), Type::Chan(of) if of.element.is(paths::TIME, "Time"))
}

/// Whether `node` receives from the `Done` of a request context of fasthttp: no client that goes away closes it.
pub fn waits_for_shutdown(at: Declaration<'_>, node: Node<'_>) -> bool {
    let mut receives = run_by(node).filter(|part| part.operator() == Some(Kind::Arrow));
    receives.any(|receive| {
        let call = receive.field(Field::Operand).map(Node::unparenthesized);
        let function = call.and_then(|call| call.field(Field::Function));
        let named = |function: &Node<'_>| {
            function
                .field(Field::Field)
                .is_some_and(|name| name.text() == "Done")
        };
        let context = function
            .filter(named)
            .and_then(|function| function.field(Field::Operand));
        context.is_some_and(|context| is_lent_context(at, context))
    })
}

/// Whether `context` is fasthttp's own: `c.Context()` of v1 and v2, `c.RequestCtx()` of v3, or a name for it.
fn is_lent_context(at: Declaration<'_>, context: Node<'_>) -> bool {
    if context.is(Kind::Identifier) {
        let Meaning::Local(id) = at.resolve(context) else {
            return false;
        };
        let binding = at.scopes().get(id);
        let origin = at.tree().node(binding.origin);
        let written = at
            .scopes()
            .uses(id, at.tree())
            .any(|held| at.usage(held) != Usage::Read);
        let values = origin.field(Field::Right).or(origin.field(Field::Value));
        let only = values.filter(|values| values.children().count() == 1 && !written);
        let value = only.and_then(|values| values.child(0));
        // What a name holds was there before it: so this ends.
        let value = value.filter(|value| value.end() <= context.start());
        return value.is_some_and(|value| is_lent_context(at, value));
    }
    let Some(function) = context.field(Field::Function) else {
        return false;
    };
    let (Some(operand), Some(name)) = (function.field(Field::Operand), function.field(Field::Field)) else {
        return false;
    };
    match Version::of_context(&at.type_of(operand)) {
        Some(Version::V1 | Version::V2) => name.text() == "Context",
        Some(Version::V3) => name.text() == "RequestCtx",
        None => false,
    }
}

/// Looks for a way out of `within` that passes no barrier.
struct Leave<'a, 'b> {
    at: Declaration<'a>,
    within: Node<'a>,
    barrier: &'b dyn Fn(Node<'a>) -> bool,
    found: bool,
}

impl<'a, 'b> Leave<'a, 'b> {
    fn from(
        at: Declaration<'a>,
        flow: &Cfg<'a>,
        start: Point,
        within: Node<'a>,
        barrier: &'b dyn Fn(Node<'a>) -> bool,
    ) -> bool {
        let mut leave = Leave {
            at,
            within,
            barrier,
            found: false,
        };
        walk(flow, start, (), &mut leave);
        leave.found
    }
}

impl<'a> Paths<'a> for Leave<'a, '_> {
    type State = ();

    fn visit(&mut self, node: Node<'a>, _state: &mut ()) -> Flow {
        if !self.within.contains(node) {
            self.found = true;
            return Flow::Stop;
        }
        pass(self.at, node, self.barrier)
    }

    fn follow(&mut self, condition: Condition<'a>, _state: &mut ()) -> Flow {
        follow(condition)
    }

    fn choose(&mut self, branch: Node<'a>, way: usize, _state: &mut ()) -> Flow {
        choose(self.at, branch, way)
    }

    fn leave(&mut self, exit: Exit<'a>, _state: &()) {
        // A `select {}` stays where it is.
        self.found |= !matches!(exit, Exit::NoReturn(node) if node.is(Kind::SelectStatement));
    }
}

/// Looks for a turn that comes back to where it began.
struct Round<'a, 'b> {
    turning: &'b Turning<'a>,
    barrier: &'b dyn Fn(Node<'a>) -> bool,
    with_pause: bool,
    found: bool,
}

impl<'a> Paths<'a> for Round<'a, '_> {
    /// Whether it has begun, and whether it has paused since.
    type State = (bool, bool);

    fn visit(&mut self, node: Node<'a>, state: &mut Self::State) -> Flow {
        if !self.turning.looped.contains(node) {
            return Flow::Stop;
        }
        if self.turning.head.is_none() && node == self.turning.first && self.begins(state) == Flow::Stop {
            return Flow::Stop;
        }
        state.1 |= pauses(self.turning.at, node);
        pass(self.turning.at, node, self.barrier)
    }

    fn follow(&mut self, condition: Condition<'a>, _state: &mut Self::State) -> Flow {
        follow(condition)
    }

    fn choose(&mut self, branch: Node<'a>, way: usize, state: &mut Self::State) -> Flow {
        if self.turning.head == Some(branch) && self.begins(state) == Flow::Stop {
            return Flow::Stop;
        }
        state.1 |= timer_ranged_over(self.turning.at, branch);
        choose(self.turning.at, branch, way)
    }

    fn leave(&mut self, _exit: Exit<'a>, _state: &Self::State) {}
}

impl Round<'_, '_> {
    /// A turn begins: the first, or the one that was looked for.
    fn begins(&mut self, state: &mut (bool, bool)) -> Flow {
        if !state.0 {
            state.0 = true;
            return Flow::Continue;
        }
        self.found |= state.1 || !self.with_pause;
        Flow::Stop
    }
}

fn pass<'a>(at: Declaration<'a>, node: Node<'a>, barrier: &dyn Fn(Node<'a>) -> bool) -> Flow {
    match barrier(node) || waits_for_shutdown(at, node) {
        true => Flow::Stop,
        false => Flow::Continue,
    }
}

/// `for true` has one way only.
fn follow(condition: Condition<'_>) -> Flow {
    match condition.test {
        Test::True(test) if test.is(Kind::True) && !condition.holds => Flow::Stop,
        _ => Flow::Continue,
    }
}

/// A range over a timer has no end.
fn choose(at: Declaration<'_>, branch: Node<'_>, way: usize) -> Flow {
    match way == 1 && timer_ranged_over(at, branch) {
        true => Flow::Stop,
        false => Flow::Continue,
    }
}

/// Whether `branch` is a loop that ranges over the channel of a timer, so that each turn waits for it.
pub fn timer_ranged_over(at: Declaration<'_>, branch: Node<'_>) -> bool {
    let range = branch.children().find(|child| child.is(Kind::RangeClause));
    let over = range.and_then(|range| range.field(Field::Right));
    over.is_some_and(|over| is_timer(at, over))
}
