//! The walk that follows one resource along every path.

use std::collections::{HashMap, HashSet};

use super::deferred::promise;
use super::lost::{LeakPath, Lost};
use crate::analysis::acquisition::{Acquisition, Fault};
use crate::analysis::effect::{Effect, Mention};
use crate::analysis::nodes;
use crate::analysis::turn::Turn;
use crate::go::cfg::{Cfg, Condition, Exit, Flow, Paths, Point, Test};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Declaration, Usage};

/// What is known along a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Knowledge {
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
    /// A deferred closure releases what the name holds when the function ends.
    pub(super) promised: bool,
    /// Another name holds it, too.
    copied: bool,
    /// The error that says whether a function has released it.
    told: Option<BindingId>,
    /// Code that cannot be seen had something that lives as long as the resource, and may go on with it.
    lent: bool,
    /// The jump that was just taken, by [`Node::index`].
    jump: Option<usize>,
}

impl Knowledge {
    /// What is known of a resource that is there by now.
    pub(super) fn fresh(promised: bool) -> Knowledge {
        Knowledge {
            promised,
            ..Knowledge::default()
        }
    }

    /// Whether others may go on with the resource, or with what dies with it.
    fn is_needed(&self) -> bool {
        self.shared || self.lent || self.promised || self.told.is_some()
    }
}

/// The client of the walk.
pub(super) struct Trace<'a, 'l> {
    acquisition: &'l Acquisition<'a>,
    /// `None` where nobody holds it.
    handle: Option<BindingId>,
    /// Effects by the index of the statement or condition they happen in.
    effects: HashMap<usize, Vec<Effect>>,
    /// Statements that give the handle another value, the acquisition among them.
    overwrites: HashSet<usize>,
    /// Statements that give another name what the handle holds.
    copies: HashSet<usize>,
    /// Statements that give the error's name another value.
    error_writes: HashSet<usize>,
    /// The names that take the errors of functions which release it where they fail, by the statement.
    verdicts: HashMap<usize, BindingId>,
    /// Statements that give one of these names a value.
    verdict_writes: HashSet<usize>,
    /// Statements that defer a closure which releases what the name holds in the end, where it holds several in turn.
    promises: HashSet<usize>,
    pub(super) losses: HashMap<Lost<'a>, bool>,
    /// Exits that some path comes to with nothing left to release.
    pub(super) settled: HashSet<Exit<'a>>,
    pub(super) idle: HashSet<usize>,
    /// For a loop: where the handle is known.
    pub(super) turn: Option<Turn<'a>>,
    /// Whether some path comes to the end of that block with nothing to release.
    pub(super) ends_idle: bool,
}

impl<'a, 'l> Trace<'a, 'l> {
    pub(super) fn new(
        acquisition: &'l Acquisition<'a>,
        handle: Option<BindingId>,
        flow: &Cfg<'a>,
        start: Option<Point>,
        mentions: &[Mention<'a>],
    ) -> Self {
        let at = acquisition.at;
        let place = |node: Node<'a>| place_in(flow, flow.point_of(node)?);
        let writes = |binding: BindingId| {
            let uses = at.scopes().uses(binding, at.tree());
            let written = uses.filter(|node| at.usage(*node) == Usage::Write);
            written.filter_map(place).collect::<HashSet<usize>>()
        };
        let copies = handle.map_or_else(HashSet::new, |handle| {
            let uses = at.scopes().uses(handle, at.tree());
            uses.filter(|node| is_copied(*node)).filter_map(place).collect()
        });
        let mut overwrites = handle.map_or_else(HashSet::new, writes);
        overwrites.extend(start.and_then(|start| place_in(flow, start)));
        let promises = match overwrites.len() {
            0 | 1 => HashSet::new(),
            _ => {
                let promises = mentions
                    .iter()
                    .filter_map(|mention| promise(mention, acquisition.function));
                promises.filter_map(place).collect()
            }
        };
        let verdicts = verdicts_of(at, flow, mentions);
        let verdict_writes = verdicts.values().flat_map(|name| writes(*name)).collect();
        let error_writes = match acquisition.fault {
            Fault::Local(error) => writes(error),
            _ => HashSet::new(),
        };
        Trace {
            acquisition,
            handle,
            effects: effects_of(flow, mentions),
            overwrites,
            copies,
            error_writes,
            verdicts,
            verdict_writes,
            promises,
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
            && !known.copied
            && (known.valid || self.acquisition.may_release_nil());
        self.ends_idle |= known.jump.is_none() && !surely_held;
        // A name that outlives the turn may hold it by now.
        if !known.over && !known.copied {
            let jump = known.jump.map(|index| turn.block.tree().node(index));
            self.lose(jump.map_or(Lost::End(turn.block), Lost::Jump), known);
        }
    }

    fn lose(&mut self, how: Lost<'a>, known: &Knowledge) {
        let certain = !known.shared && known.told.is_none() && (known.valid || !known.doubted);
        *self.losses.entry(how).or_default() |= certain;
    }

    pub(super) fn into_losses(self) -> Vec<LeakPath<'a>> {
        let losses = self.losses.into_iter();
        let mut losses: Vec<LeakPath<'a>> = losses.map(|(how, certain)| LeakPath { how, certain }).collect();
        losses.sort_by_key(|loss| (loss.how.node().index(), matches!(loss.how, Lost::Overwritten(_))));
        losses
    }

    fn is_error(&self, node: Node<'_>, known: &Knowledge) -> bool {
        if self.acquisition.holds_fault(node) {
            return true;
        }
        let Fault::Local(error) = self.acquisition.fault else {
            return false;
        };
        !known.error_gone && self.acquisition.at.scopes().binding_of(node.unparenthesized()) == Some(error)
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

/// The statement or condition at a point, by [`Node::index`].
fn place_in(flow: &Cfg<'_>, point: Point) -> Option<usize> {
    let nodes = &flow.block(point.block).nodes;
    nodes.get(point.index).map(|node| node.index())
}

/// The effects by the statement or condition they happen in.
fn effects_of<'a>(flow: &Cfg<'a>, mentions: &[Mention<'a>]) -> HashMap<usize, Vec<Effect>> {
    let mut effects: HashMap<usize, Vec<Effect>> = HashMap::new();
    for mention in mentions {
        let place = flow
            .point_of(mention.node)
            .and_then(|point| place_in(flow, point));
        if let Some(place) = place {
            effects.entry(place).or_default().push(mention.effect);
        }
    }
    effects
}

/// The names that take the errors of functions which release it where they fail, by the statement.
fn verdicts_of<'a>(
    at: Declaration<'a>,
    flow: &Cfg<'a>,
    mentions: &[Mention<'a>],
) -> HashMap<usize, BindingId> {
    let partly = mentions
        .iter()
        .filter(|mention| mention.effect == Effect::Conditional { on_failure: true });
    let verdicts = partly.filter_map(|mention| {
        let place = place_in(flow, flow.point_of(mention.node)?)?;
        Some((place, verdict(at, mention.node)?))
    });
    verdicts.collect()
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
    let last = nodes::targets(statement).last()?;
    (alone && (given || call == argument)).then(|| at.scopes().binding_of(last))?
}

/// Whether the mention is all that another name gets: `y := x`.
fn is_copied(mention: Node<'_>) -> bool {
    let list = mention.parent().filter(|list| list.is(Kind::ExpressionList));
    list.is_some_and(|list| matches!(list.role(), Field::Right | Field::Value))
}

/// `x = nil`
fn assigns_nil(statement: Node<'_>) -> bool {
    let value = statement.field(Field::Right).and_then(|right| right.child(0));
    value.is_some_and(|value| value.is(Kind::Nil))
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
                Effect::Release if self.promises.contains(&node.index()) => known.promised = true,
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
        known.copied |= self.copies.contains(&node.index());
        // `x = nil` tells the closure that someone else has it now.
        let is_given_away = known.copied || (known.promised && assigns_nil(node));
        if again && !known.over && !is_given_away {
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
        let ends_well = matches!(exit, Exit::NoReturn(_)) || self.acquisition.ends_with_process();
        if !known.over && !known.promised && !ends_well {
            self.lose(Lost::Exit(exit), known);
        }
    }
}
