//! Is there a path from an acquisition to an exit on which nobody releases? Paths on which acquiring failed, on
//! which there is nothing to release, or on which someone else took over are none.

use std::collections::{HashMap, HashSet};

use super::acquire::{Acquisition, Fault, Handle};
use super::escape::{self, Effect, Mention};
use crate::go::cfg::{Cfg, Condition, Exit, Flow, Paths, Point, Test, walk};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Callee, Usage};

/// How a path loses the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lost<'a> {
    /// The function is left here.
    Exit(Exit<'a>),
    /// The name gets another value here.
    Overwritten(Node<'a>),
}

impl<'a> Lost<'a> {
    /// The statement that people look at: for an exit at the end of the body, the body.
    pub fn node(self) -> Node<'a> {
        match self {
            Lost::Exit(Exit::Return(node) | Exit::FallOff(node) | Exit::NoReturn(node))
            | Lost::Overwritten(node) => node,
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
}

impl<'a> Lifetime<'a> {
    /// Follows a resource that a local name holds. `None` for other handles and unreachable code.
    pub fn of(acquisition: &Acquisition<'a>) -> Option<Lifetime<'a>> {
        let Handle::Local(handle) = acquisition.handle else {
            return None;
        };
        let flow = acquisition.at.control_flow(acquisition.function)?;
        let start = flow.point_of(acquisition.call)?;
        let found = escape::mentions(acquisition.at, acquisition.function, handle, acquisition.resource);
        let mentions = settled(&flow, found);
        let mut trace = Trace::new(acquisition, handle, &flow, start, &mentions);
        walk(&flow, start.after(), Knowledge::default(), &mut trace);
        let losses = trace.into_losses();
        Some(Lifetime {
            flow,
            mentions,
            losses,
        })
    }
}

/// Code that cannot be seen only works with the resource where the function itself releases it afterwards.
fn settled<'a>(flow: &Cfg<'a>, mut mentions: Vec<Mention<'a>>) -> Vec<Mention<'a>> {
    let points = |wanted: Effect| {
        let found = mentions.iter().filter(move |mention| mention.effect == wanted);
        found
            .filter_map(|mention| flow.point_of(mention.node))
            .collect::<HashSet<Point>>()
    };
    let releases = points(Effect::Release);
    let owned: HashSet<Point> = points(Effect::Unknown)
        .into_iter()
        .filter(|point| reaches(flow, *point, &releases))
        .collect();
    for mention in &mut mentions {
        let point = flow.point_of(mention.node);
        if mention.effect == Effect::Unknown && point.is_some_and(|point| owned.contains(&point)) {
            mention.effect = Effect::Pass;
        }
    }
    mentions
}

fn reaches(flow: &Cfg<'_>, from: Point, goals: &HashSet<Point>) -> bool {
    struct Reach<'g> {
        goals: HashSet<&'g usize>,
        found: bool,
    }
    impl<'t> Paths<'t> for Reach<'_> {
        type State = ();

        fn visit(&mut self, node: Node<'t>, _state: &mut ()) -> Flow {
            self.found |= self.goals.contains(&node.index());
            if self.found { Flow::Stop } else { Flow::Continue }
        }

        fn leave(&mut self, _exit: Exit<'t>, _state: &()) {}
    }
    let nodes: Vec<usize> = goals
        .iter()
        .filter_map(|goal| flow.block(goal.block).nodes.get(goal.index))
        .map(|node| node.index())
        .collect();
    let mut reach = Reach {
        goals: nodes.iter().collect(),
        found: false,
    };
    walk(flow, from.after(), (), &mut reach);
    reach.found
}

/// What is known along a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Knowledge {
    /// The error's name has another value by now.
    error_gone: bool,
    /// Acquiring succeeded, for certain.
    valid: bool,
    /// A branch depended on the error in a way that is not understood.
    doubted: bool,
    /// Code that cannot be seen had the resource.
    shared: bool,
}

/// The client of the walk.
struct Trace<'a, 'l> {
    acquisition: &'l Acquisition<'a>,
    handle: BindingId,
    /// Effects by the index of the statement or condition they happen in.
    effects: HashMap<usize, Vec<Effect>>,
    /// Statements that give the handle another value, the acquisition among them.
    overwrites: HashSet<usize>,
    /// Statements that give the error's name another value.
    error_writes: HashSet<usize>,
    losses: HashMap<Lost<'a>, bool>,
}

impl<'a, 'l> Trace<'a, 'l> {
    fn new(
        acquisition: &'l Acquisition<'a>,
        handle: BindingId,
        flow: &Cfg<'a>,
        start: Point,
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
        let writes = |binding: BindingId| {
            let uses = at.scopes().uses(binding, at.tree());
            let written = uses.filter(|node| at.usage(*node) == Usage::Write);
            written.filter_map(place).collect::<HashSet<usize>>()
        };
        let mut overwrites = writes(handle);
        overwrites.extend(node_at(start));
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
            losses: HashMap::new(),
        }
    }

    fn lose(&mut self, how: Lost<'a>, known: &Knowledge) {
        let certain = !known.shared && (known.valid || !known.doubted);
        *self.losses.entry(how).or_default() |= certain;
    }

    fn into_losses(self) -> Vec<Loss<'a>> {
        let losses = self.losses.into_iter();
        let mut losses: Vec<Loss<'a>> = losses.map(|(how, certain)| Loss { how, certain }).collect();
        losses.sort_by_key(|loss| (loss.how.node().index(), matches!(loss.how, Lost::Overwritten(_))));
        losses
    }

    fn is_error(&self, node: Node<'_>, known: &Knowledge) -> bool {
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
        self.acquisition.at.scopes().binding_of(whole) == Some(self.handle)
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
    fn compared(&self, left: Node<'a>, right: Node<'a>, equal: bool, known: &mut Knowledge) -> Flow {
        let (value, other) = match left.is(Kind::Nil) || self.says_empty(right, left) {
            true => (right, left),
            false => (left, right),
        };
        let is_nil = other.is(Kind::Nil);
        if self.is_error(value, known) || self.is_error(other, known) {
            // Equal to anything but nil, or not equal to nil: it failed.
            if equal != is_nil {
                return Flow::Stop;
            }
            known.valid |= is_nil;
            return Flow::Continue;
        }
        if self.is_handle(value) && is_nil {
            known.valid |= !equal;
            return if equal { Flow::Stop } else { Flow::Continue };
        }
        match equal && self.says_empty(value, other) {
            true => Flow::Stop,
            false => self.doubt(&[left, right], known),
        }
    }

    /// `call`, as a condition, answered `holds`.
    fn answered(&self, call: Node<'a>, holds: bool, known: &mut Knowledge) -> Flow {
        let function = call.field(Field::Function);
        let method = function.and_then(|function| {
            Some((
                function.field(Field::Operand)?,
                function.field(Field::Field)?.text(),
            ))
        });
        let drains = |name: &str| {
            self.acquisition
                .resource
                .drained_by
                .iter()
                .any(|drain| drain == name)
        };
        if let Some((operand, name)) = method
            && !holds
            && drains(name)
            && self.is_handle(operand)
        {
            return Flow::Stop;
        }
        let first = call
            .field(Field::Arguments)
            .and_then(|arguments| arguments.child(0));
        match first.is_some_and(|first| self.is_error(first, known)) && self.asks_for_error(call) {
            true if holds => Flow::Stop,
            true => Flow::Continue,
            false => self.doubt(&[call], known),
        }
    }

    /// Whether `call` tells what kind of error its argument is, which nil is not.
    fn asks_for_error(&self, call: Node<'a>) -> bool {
        let Callee::External {
            path,
            receiver: None,
            name,
        } = self.acquisition.at.callee(call)
        else {
            return false;
        };
        match path.as_str() {
            "errors" => matches!(&*name, "Is" | "As"),
            "os" => matches!(&*name, "IsNotExist" | "IsExist" | "IsPermission" | "IsTimeout"),
            _ => false,
        }
    }

    /// A branch that depends on the error in a way that is not understood.
    fn doubt(&self, conditions: &[Node<'a>], known: &mut Knowledge) -> Flow {
        let mut nodes = conditions.iter().flat_map(|condition| condition.subtree());
        known.doubted |= nodes.any(|node| node.is(Kind::Identifier) && self.is_error(node, known));
        Flow::Continue
    }

    /// In `main` and `init` the process ends, or the resource is there once.
    fn ends_with_process(&self) -> bool {
        let at = self.acquisition.at;
        let declared = at.function() == Some(self.acquisition.function);
        declared && at.decl().receiver.is_none() && matches!(at.decl().title(), "main" | "init")
    }
}

impl<'a> Paths<'a> for Trace<'a, '_> {
    type State = Knowledge;

    fn visit(&mut self, node: Node<'a>, known: &mut Knowledge) -> Flow {
        let effects = self.effects.get(&node.index()).map_or(&[][..], Vec::as_slice);
        for effect in effects {
            match effect {
                Effect::Release | Effect::Keep(_) => return Flow::Stop,
                Effect::Unknown => known.shared = true,
                Effect::Touch => known.valid = true,
                Effect::Pass => {}
            }
        }
        if self.overwrites.contains(&node.index()) {
            self.lose(Lost::Overwritten(node), known);
            return Flow::Stop;
        }
        known.error_gone |= self.error_writes.contains(&node.index());
        Flow::Continue
    }

    fn follow(&mut self, condition: Condition<'a>, known: &mut Knowledge) -> Flow {
        let holds = condition.holds;
        match condition.test {
            Test::Equal(tag, value) => self.compared(tag, value, holds, known),
            Test::True(test) => match (test.kind(), test.operator()) {
                (Kind::BinaryExpression, Some(operator @ (Kind::Equal | Kind::NotEqual))) => {
                    match (test.field(Field::Left), test.field(Field::Right)) {
                        (Some(left), Some(right)) => {
                            self.compared(left, right, (operator == Kind::Equal) == holds, known)
                        }
                        _ => Flow::Continue,
                    }
                }
                (Kind::CallExpression, _) => self.answered(test, holds, known),
                _ => self.doubt(&[test], known),
            },
        }
    }

    fn leave(&mut self, exit: Exit<'a>, known: &Knowledge) {
        if !matches!(exit, Exit::NoReturn(_)) && !self.ends_with_process() {
            self.lose(Lost::Exit(exit), known);
        }
    }
}

#[cfg(test)]
mod tests;
