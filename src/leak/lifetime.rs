//! Is there a path from an acquisition to an exit on which nobody releases? Paths on which acquiring failed, on
//! which there is nothing to release, or on which someone else took over are none.

use std::collections::{HashMap, HashSet};

use super::acquire::{Acquisition, Fault, Handle, Yield};
use super::escape::{self, Effect, Mention};
use super::table::Resource;
use super::turn::Turn;
use crate::go::cfg::{Cfg, Condition, Exit, Flow, Paths, Point, Test, walk};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Declaration, Usage};

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
        let found = handle.map_or_else(Vec::new, |handle| {
            escape::mentions(acquisition.at, acquisition.function, handle, acquisition.resource)
        });
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
        walk(&flow, start.after(), Knowledge::default(), &mut trace);
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
    let taken = Acquisition {
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
        },
    };
    let mentions = settled(&flow, mentions.to_vec());
    let mut trace = Trace::new(&taken, Some(handle), &flow, None, &mentions);
    walk(&flow, flow.entry(), Knowledge::default(), &mut trace);
    let succeeds = |exit: &Exit<'a>| returns_nil(*exit);
    let open = |how: &Lost<'a>| matches!(how, Lost::Exit(exit) if succeeds(exit));
    match trace.losses.is_empty() {
        true => Open::Never,
        false if trace.losses.keys().all(open) && !trace.settled.iter().any(succeeds) => Open::Successes,
        false => Open::Sometimes,
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

/// What is known along a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Knowledge {
    /// There is nothing to release any more, or acquiring failed.
    over: bool,
    /// It released itself: releasing it once more does nothing.
    drained: bool,
    /// The error's name has another value by now.
    error_gone: bool,
    /// Acquiring succeeded, for certain.
    valid: bool,
    /// A branch depended on the error in a way that is not understood.
    doubted: bool,
    /// Code that cannot be seen had the resource.
    shared: bool,
    /// The error that says whether a function has released it.
    told: Option<BindingId>,
    /// Code that cannot be seen had something that lives as long as the resource, and may go on with it.
    lent: bool,
    /// The jump that was just taken, by [`Node::index`].
    jump: Option<usize>,
}

impl Knowledge {
    /// Whether others may go on with the resource, or with what dies with it.
    fn is_needed(&self) -> bool {
        self.shared || self.lent || self.told.is_some()
    }
}

/// The client of the walk.
struct Trace<'a, 'l> {
    acquisition: &'l Acquisition<'a>,
    /// `None` where nobody holds it.
    handle: Option<BindingId>,
    /// Effects by the index of the statement or condition they happen in.
    effects: HashMap<usize, Vec<Effect>>,
    /// Statements that give the handle another value, the acquisition among them.
    overwrites: HashSet<usize>,
    /// Statements that give the error's name another value.
    error_writes: HashSet<usize>,
    /// The names that take the errors of functions which release it where they fail, by the statement.
    verdicts: HashMap<usize, BindingId>,
    /// Statements that give one of these names a value.
    verdict_writes: HashSet<usize>,
    losses: HashMap<Lost<'a>, bool>,
    /// Exits that some path comes to with nothing left to release.
    settled: HashSet<Exit<'a>>,
    idle: HashSet<usize>,
    /// For a loop: where the handle is known.
    turn: Option<Turn<'a>>,
    /// Whether some path comes to the end of that block with nothing to release.
    ends_idle: bool,
}

impl<'a, 'l> Trace<'a, 'l> {
    fn new(
        acquisition: &'l Acquisition<'a>,
        handle: Option<BindingId>,
        flow: &Cfg<'a>,
        start: Option<Point>,
        mentions: &[Mention<'a>],
    ) -> Self {
        let node_at = |point: Point| {
            flow.block(point.block)
                .nodes
                .get(point.index)
                .map(|node| node.index())
        };
        let place = |node: Node<'a>| flow.point_of(node).and_then(node_at);
        let mut effects: HashMap<usize, Vec<Effect>> = HashMap::new();
        for mention in mentions {
            if let Some(place) = place(mention.node) {
                effects.entry(place).or_default().push(mention.effect);
            }
        }
        let at = acquisition.at;
        let partly = mentions
            .iter()
            .filter(|mention| mention.effect == Effect::Conditional { on_failure: true });
        let verdicts = partly.filter_map(|mention| Some((place(mention.node)?, verdict(at, mention.node)?)));
        let verdicts: HashMap<usize, BindingId> = verdicts.collect();
        let writes = |binding: BindingId| {
            let uses = at.scopes().uses(binding, at.tree());
            let written = uses.filter(|node| at.usage(*node) == Usage::Write);
            written.filter_map(place).collect::<HashSet<usize>>()
        };
        let mut overwrites = handle.map_or_else(HashSet::new, writes);
        overwrites.extend(start.and_then(node_at));
        let verdict_writes = verdicts.values().flat_map(|name| writes(*name)).collect();
        let error_writes = match acquisition.fault {
            Fault::Local(error) => writes(error),
            _ => HashSet::new(),
        };
        Trace {
            acquisition,
            handle,
            effects,
            overwrites,
            error_writes,
            verdicts,
            verdict_writes,
            losses: HashMap::new(),
            settled: HashSet::new(),
            idle: HashSet::new(),
            turn: None,
            ends_idle: false,
        }
    }

    /// The path comes out of the block in which the handle is known.
    fn leave_turn(&mut self, turn: Turn<'a>, known: &Knowledge) {
        let surely_held = (!known.over || known.drained)
            && !known.is_needed()
            && (known.valid || self.acquisition.may_release_nil());
        self.ends_idle |= known.jump.is_none() && !surely_held;
        if !known.over {
            let jump = known.jump.map(|index| turn.block.tree().node(index));
            self.lose(jump.map_or(Lost::End(turn.block), Lost::Jump), known);
        }
    }

    fn lose(&mut self, how: Lost<'a>, known: &Knowledge) {
        let certain = !known.shared && known.told.is_none() && (known.valid || !known.doubted);
        *self.losses.entry(how).or_default() |= certain;
    }

    fn into_losses(self) -> Vec<Loss<'a>> {
        let losses = self.losses.into_iter();
        let mut losses: Vec<Loss<'a>> = losses.map(|(how, certain)| Loss { how, certain }).collect();
        losses.sort_by_key(|loss| (loss.how.node().index(), matches!(loss.how, Lost::Overwritten(_))));
        losses
    }

    fn is_error(&self, node: Node<'_>, known: &Knowledge) -> bool {
        if self.is_error_field(node.unparenthesized()) {
            return true;
        }
        let Fault::Local(error) = self.acquisition.fault else {
            return false;
        };
        !known.error_gone && self.acquisition.at.scopes().binding_of(node.unparenthesized()) == Some(error)
    }

    /// Whether `node` is the field in which the resource itself holds the error.
    fn is_error_field(&self, node: Node<'_>) -> bool {
        let field = self.acquisition.resource.error_field.as_deref();
        let named = node.field(Field::Field).map(Node::text);
        field.is_some()
            && named == field
            && node
                .field(Field::Operand)
                .is_some_and(|operand| self.is_handle(operand))
    }

    /// Whether `node` is the handle, or the part of it that has to be released.
    fn is_handle(&self, node: Node<'_>) -> bool {
        let node = node.unparenthesized();
        let part = self.acquisition.resource.part.as_deref();
        let whole = match (node.field(Field::Operand), node.field(Field::Field)) {
            (Some(operand), Some(field)) if part == Some(field.text()) => operand,
            _ => node,
        };
        self.handle.is_some() && self.acquisition.at.scopes().binding_of(whole) == self.handle
    }

    /// Whether `node` is the field of the handle whose value can say that there is nothing to release, and `value`
    /// such a value.
    fn says_empty(&self, node: Node<'_>, value: Node<'_>) -> bool {
        let Some(empty) = &self.acquisition.resource.empty else {
            return false;
        };
        let is_field = node
            .field(Field::Field)
            .is_some_and(|field| field.text() == empty.field)
            && node
                .field(Field::Operand)
                .is_some_and(|operand| self.is_handle(operand));
        let name = value.field(Field::Field).unwrap_or(value).text();
        is_field && empty.values.iter().any(|value| value == name)
    }

    /// `left == right` turned out as `equal`.
    fn compared(&self, left: Node<'a>, right: Node<'a>, equal: bool, known: &mut Knowledge) {
        let (value, other) = match left.is(Kind::Nil) || self.says_empty(right, left) {
            true => (right, left),
            false => (left, right),
        };
        let is_nil = other.is(Kind::Nil);
        if is_nil && known.told.is_some() && self.acquisition.at.scopes().binding_of(value) == known.told {
            known.told = None;
            known.over = !equal;
        } else if self.is_error(value, known) || self.is_error(other, known) {
            // Equal to anything but nil, or not equal to nil: it failed.
            known.over = equal != is_nil;
            known.valid |= equal && is_nil;
        } else if self.is_handle(value) && is_nil {
            known.over = equal;
            known.valid |= !equal;
        } else if equal && self.says_empty(value, other) {
            known.over = true;
        } else {
            self.doubt(&[left, right], known);
        }
    }

    /// `call`, as a condition, answered `holds`.
    fn answered(&self, call: Node<'a>, holds: bool, known: &mut Knowledge) {
        let function = call.field(Field::Function);
        let method = function.and_then(|function| {
            Some((
                function.field(Field::Operand)?,
                function.field(Field::Field)?.text(),
            ))
        });
        let drained_by = &self.acquisition.resource.drained_by;
        let drains = method.is_some_and(|(operand, name)| {
            self.is_handle(operand) && drained_by.iter().any(|drain| drain == name)
        });
        let first = call
            .field(Field::Arguments)
            .and_then(|arguments| arguments.child(0));
        let asks =
            first.is_some_and(|first| self.is_error(first, known)) && self.acquisition.asks_what_failed(call);
        match (drains, asks) {
            (true, _) => {
                known.over = !holds;
                known.drained = !holds && self.acquisition.resource.idempotent;
                known.valid = true;
            }
            (_, true) => known.over = holds,
            _ => self.doubt(&[call], known),
        }
    }

    /// A branch that depends on the error in a way that is not understood.
    fn doubt(&self, conditions: &[Node<'a>], known: &mut Knowledge) {
        let mut nodes = conditions.iter().flat_map(|condition| condition.subtree());
        known.doubted |= nodes.any(|node| node.is(Kind::Identifier) && self.is_error(node, known));
    }
}

/// The name that takes the last result of the call that gets `argument`, where the statement takes all of them.
fn verdict(at: Declaration<'_>, argument: Node<'_>) -> Option<BindingId> {
    let assigns = |up: &Node<'_>| matches!(up.kind(), Kind::ShortVarDeclaration | Kind::AssignmentStatement);
    let statement = argument.ancestors().find(assigns)?;
    let right = statement.field(Field::Right)?;
    let alone = right.children().count() <= 1 || right.is(Kind::CallExpression);
    let call = if right.is(Kind::CallExpression) {
        right
    } else {
        right.child(0)?
    };
    let given = call
        .field(Field::Arguments)?
        .children()
        .any(|given| given.contains(argument));
    let last = escape::targets(statement).last()?;
    (alone && (given || call == argument)).then(|| at.scopes().binding_of(last))?
}

/// Both sides of `a == b` or `a != b`, and whether it asks for equality.
fn comparison(test: Node<'_>) -> Option<(Node<'_>, Node<'_>, bool)> {
    let equal = match test.operator()? {
        Kind::Equal => true,
        Kind::NotEqual => false,
        _ => return None,
    };
    Some((test.field(Field::Left)?, test.field(Field::Right)?, equal))
}

impl<'a> Paths<'a> for Trace<'a, '_> {
    type State = Knowledge;

    fn visit(&mut self, node: Node<'a>, known: &mut Knowledge) -> Flow {
        if let Some(turn) = self.turn.filter(|turn| turn.is_over_at(node)) {
            self.leave_turn(turn, known);
            return Flow::Stop;
        }
        let leaves = matches!(
            node.kind(),
            Kind::BreakStatement | Kind::ContinueStatement | Kind::GotoStatement
        ) && self.turn.is_some_and(|turn| turn.is_left_by(node));
        known.jump = leaves.then_some(node.index());
        let again = self.overwrites.contains(&node.index());
        if known.over {
            if !known.drained {
                self.idle.insert(node.index());
            }
            return if again { Flow::Stop } else { Flow::Continue };
        }
        if known.told.is_some() && self.verdict_writes.contains(&node.index()) {
            known.told = None;
            known.shared = true;
        }
        let effects = self.effects.get(&node.index()).map_or(&[][..], Vec::as_slice);
        for effect in effects {
            match effect {
                Effect::Release | Effect::Keep(_) => known.over = true,
                Effect::Conditional { on_failure: true } => {
                    known.told = self.verdicts.get(&node.index()).copied();
                    known.shared |= known.told.is_none();
                }
                Effect::Unknown | Effect::Conditional { on_failure: false } => known.shared = true,
                Effect::Lent => known.lent = true,
                Effect::Touch => known.valid = true,
                Effect::Pass => {}
            }
        }
        if again && !known.over {
            self.lose(Lost::Overwritten(node), known);
        }
        if again {
            return Flow::Stop;
        }
        if known.is_needed() || (!known.valid && !self.acquisition.may_release_nil()) {
            self.idle.insert(node.index());
        }
        known.error_gone |= self.error_writes.contains(&node.index());
        Flow::Continue
    }

    fn follow(&mut self, condition: Condition<'a>, known: &mut Knowledge) -> Flow {
        let holds = condition.holds;
        if known.over {
            return Flow::Continue;
        }
        match condition.test {
            Test::Equal(tag, value) => self.compared(tag, value, holds, known),
            Test::True(test) => match (test.kind(), comparison(test)) {
                (_, Some((left, right, equal))) => self.compared(left, right, equal == holds, known),
                (Kind::CallExpression, _) => self.answered(test, holds, known),
                _ => self.doubt(&[test], known),
            },
        }
        Flow::Continue
    }

    fn leave(&mut self, exit: Exit<'a>, known: &Knowledge) {
        if known.over {
            self.settled.insert(exit);
        }
        if let (Some(turn), Exit::FallOff(_)) = (self.turn, exit) {
            return self.leave_turn(turn, known);
        }
        if !known.over && !matches!(exit, Exit::NoReturn(_)) && !self.acquisition.ends_with_process() {
            self.lose(Lost::Exit(exit), known);
        }
    }
}

#[cfg(test)]
mod tests;
