use std::cell::Cell;

use super::channel::{Action, Party, Use};
use super::launch::{Launch, is_clause, select_around};
use super::turns::{Turns, UNBOUNDED, loops_around, turns_of};
use crate::go::cfg::{Condition, Exit, Flow, Paths, Test, walk};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, Declaration, Usage};
use crate::text::Span;

/// Functions with more paths than this are left alone.
const MAX_VISITS: u32 = 20_000;
const MAX_PATHS: usize = 256;

/// Something that a path did with a channel or a worker, by their places in the launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Items sent or received: as many as the path surely passed, and as many as it may have.
    Pass {
        channel: usize,
        action: Action,
        /// The mention of the channel, by [`Node::index`].
        name: usize,
        least: u32,
        most: u32,
    },
    Close {
        channel: usize,
    },
    /// A range over the channel came to its end, so someone closed it.
    Drained {
        channel: usize,
    },
    Start {
        worker: usize,
    },
    /// The path waited until this worker was done.
    Awaited {
        worker: usize,
    },
}

impl Step {
    fn channel(self) -> Option<usize> {
        match self {
            Step::Pass { channel, .. } | Step::Close { channel } | Step::Drained { channel } => Some(channel),
            _ => None,
        }
    }
}

/// Where a path of the launcher gives up on its workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End<'a> {
    Exit(Exit<'a>),
    /// The `make` runs again, and the channel of the last turn is forgotten.
    Remade(Node<'a>),
    /// The path waits for the workers of a `sync.WaitGroup`.
    Wait {
        at: Node<'a>,
        group: &'a str,
    },
}

impl<'a> End<'a> {
    /// Where people see it: the return, or the brace that ends the function.
    pub fn span(self) -> Span {
        match self {
            End::Exit(Exit::FallOff(body)) => Span::new(body.end() - 1, body.end()),
            End::Exit(Exit::Return(node) | Exit::NoReturn(node)) | End::Remade(node) => node.span(),
            End::Wait { at, .. } => at.span(),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Path<'a> {
    pub steps: Vec<Step>,
    pub end: End<'a>,
}

/// An operation where a worker stands until someone takes the other side, and what it did before.
#[derive(Clone, Debug)]
pub struct Stop<'a> {
    pub before: Vec<Step>,
    /// The operation, or all arms of its select.
    pub arms: Vec<(usize, Use<'a>)>,
}

/// Every path of one party.
#[derive(Debug, Default)]
pub struct Trace<'a> {
    pub paths: Vec<Path<'a>>,
    pub stops: Vec<Stop<'a>>,
}

impl<'a> Trace<'a> {
    /// Of a function that does nothing with any channel.
    fn idle(function: Node<'a>) -> Self {
        let path = Path {
            steps: Vec::new(),
            end: End::Exit(Exit::FallOff(function)),
        };
        Trace {
            paths: vec![path],
            stops: Vec::new(),
        }
    }
}

/// Follows the paths of a party. `None` where they are too many to know.
pub fn trace<'a>(launch: &Launch<'a>, party: Party) -> Option<Trace<'a>> {
    if launch.uses_of(party).next().is_none() && party != Party::Launcher {
        return Some(Trace::idle(launch.home(party).1));
    }
    let (declaration, function) = launch.home(party);
    let cfg = declaration.control_flow(function)?;
    let mut tracer = Tracer {
        launch,
        party,
        function,
        repeated: repeated_conditions(declaration, function),
        visits: Cell::new(0),
        trace: Trace::default(),
    };
    walk(&cfg, cfg.entry(), State::default(), &mut tracer);
    let Tracer {
        visits, mut trace, ..
    } = tracer;
    let known = visits.get() < MAX_VISITS && trace.paths.len() < MAX_PATHS && trace.stops.len() < MAX_PATHS;
    if trace.paths.is_empty() {
        trace.paths = endless(&trace.stops, cfg.body);
    }
    known.then_some(trace)
}

/// The paths of a function that never ends: up to each of its operations and on.
fn endless<'a>(stops: &[Stop<'a>], body: Node<'a>) -> Vec<Path<'a>> {
    let end = End::Exit(Exit::FallOff(body));
    let path = |stop: &Stop<'a>| {
        let taken = stop.arms.iter().map(|(channel, held)| Step::Pass {
            channel: *channel,
            action: held.action,
            name: held.name.index(),
            least: UNBOUNDED,
            most: UNBOUNDED,
        });
        Path {
            steps: stop.before.iter().copied().chain(taken).collect(),
            end,
        }
    };
    stops.iter().map(path).collect()
}

#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct State<'a> {
    steps: Vec<Step>,
    /// What runs when the function ends, in the order of the defers.
    deferred: Vec<Step>,
    /// A select went another way than through a channel of the launch.
    missed: bool,
    /// Answers of conditions that stand in the function more than once.
    answers: Vec<(&'a str, bool)>,
}

impl State<'_> {
    fn push(&mut self, step: Step) {
        if !self.steps.contains(&step) {
            self.steps.push(step);
        }
    }
}

struct Tracer<'a, 'l> {
    launch: &'l Launch<'a>,
    party: Party,
    function: Node<'a>,
    repeated: Vec<&'a str>,
    visits: Cell<u32>,
    trace: Trace<'a>,
}

impl<'a> Paths<'a> for Tracer<'a, '_> {
    type State = State<'a>;

    fn visit(&mut self, node: Node<'a>, state: &mut State<'a>) -> Flow {
        self.visits.set(self.visits.get() + 1);
        if self.visits.get() >= MAX_VISITS || self.trace.paths.len() >= MAX_PATHS {
            return Flow::Stop;
        }
        if self.party == Party::Launcher {
            self.launcher_visit(node, state);
        }
        match node.is(Kind::DeferStatement) {
            true => self.defer(node, state),
            false => self.operations(node, state),
        }
        Flow::Continue
    }

    fn follow(&mut self, condition: Condition<'a>, state: &mut State<'a>) -> Flow {
        let Test::True(test) = condition.test else {
            return Flow::Continue;
        };
        if let Some(looped) = loop_headed_by(test) {
            match turns_of(looped) {
                Turns::Open => self.finish_loop(looped, None, state),
                turns if !condition.holds && !state.missed => self.finish_loop(looped, turns.times(), state),
                _ => {}
            }
        }
        self.remember(test.text(), condition.holds, state)
    }

    fn choose(&mut self, branch: Node<'a>, way: usize, state: &mut State<'a>) -> Flow {
        match branch.kind() {
            Kind::ForStatement => self.range(branch, way == 0, state),
            Kind::SelectStatement => {
                let mut clauses = branch.children().filter(|clause| is_clause(*clause));
                let taken = clauses.nth(way);
                let through = |clause: Node<'a>| self.passes_in(clause.field(Field::Communication));
                let any = branch.children().filter(|clause| is_clause(*clause)).any(through);
                state.missed |= any && !taken.is_some_and(through);
            }
            _ => {}
        }
        Flow::Continue
    }

    fn leave(&mut self, exit: Exit<'a>, state: &State<'a>) {
        let mut steps = state.steps.clone();
        for step in state.deferred.iter().rev() {
            self.stop_in_defer(*step, &steps);
            steps.push(*step);
        }
        // A panic is no way in which requests are answered.
        if self.party != Party::Launcher || !matches!(exit, Exit::NoReturn(_)) {
            self.end(steps, End::Exit(exit));
        }
    }
}

impl<'a> Tracer<'a, '_> {
    fn end(&mut self, steps: Vec<Step>, end: End<'a>) {
        self.trace.paths.push(Path { steps, end });
    }

    /// Makes, starts and waits.
    fn launcher_visit(&mut self, node: Node<'a>, state: &mut State<'a>) {
        for (at, channel) in self.launch.channels.iter().enumerate() {
            if node.contains(channel.make) {
                self.make_again(at, node, state);
            }
        }
        for (worker, started) in self.launch.workers.iter().enumerate() {
            if node.contains(started.start) {
                state.push(Step::Start { worker });
            }
        }
        if let Some(group) = waited_group(node).filter(|_| !node.is(Kind::DeferStatement)) {
            let done = |worker: &usize| is_done_in(self.launch.workers[*worker].function, group);
            self.end(state.steps.clone(), End::Wait { at: node, group });
            let awaited = (0..self.launch.workers.len()).filter(done);
            awaited.for_each(|worker| state.push(Step::Awaited { worker }));
        }
    }

    fn make_again(&mut self, channel: usize, node: Node<'a>, state: &mut State<'a>) {
        let shared = |worker: usize| self.launch.shares(worker, channel);
        let concerns = |step: &Step| match *step {
            Step::Start { worker } | Step::Awaited { worker } => shared(worker),
            step => step.channel() == Some(channel),
        };
        if state.steps.iter().any(concerns) {
            self.trace.paths.push(Path {
                steps: state.steps.clone(),
                end: End::Remade(node),
            });
            state.steps.retain(|step| !concerns(step));
        }
    }

    /// The party's operations that run as part of `node`; receives first, as in `out <- <-in`.
    fn operations(&mut self, node: Node<'a>, state: &mut State<'a>) {
        let here = |held: &&(usize, &Use<'a>)| {
            node.contains(held.1.name) && held.1.name.enclosing_function() == Some(self.function)
        };
        let uses: Vec<_> = self.launch.uses_of(self.party).collect();
        let mut here: Vec<_> = uses.iter().filter(here).copied().collect();
        here.sort_by_key(|(_, held)| held.action == Action::Send);
        for (channel, held) in here {
            self.operation(channel, held, state);
        }
    }

    fn operation(&mut self, channel: usize, held: &Use<'a>, state: &mut State<'a>) {
        match held.action {
            Action::Send | Action::Receive => {
                if self.party != Party::Launcher
                    && let Some(arms) = self.launch.arms(self.party, held)
                {
                    let before = state.steps.clone();
                    self.trace.stops.push(Stop { before, arms });
                }
                state.push(self.pass(channel, held));
            }
            Action::Close => state.push(Step::Close { channel }),
            Action::Range | Action::Measure => {}
        }
    }

    /// One run of an operation. In loops whose turns are counted a path may leave after the first; in other loops
    /// only the code's author knows how often it runs.
    fn pass(&self, channel: usize, held: &Use<'a>) -> Step {
        let make = self.launch.channels[channel].make;
        let loops: Vec<_> = loops_around(held.name, self.function)
            .filter(|looped| !looped.contains(make))
            .map(turns_of)
            .collect();
        let counted = loops.iter().all(|turns| turns.is_counted());
        let most = loops.iter().map(|turns| turns.times().unwrap_or(UNBOUNDED));
        let most = most.fold(1, u32::saturating_mul);
        let launcher = self.party == Party::Launcher;
        Step::Pass {
            channel,
            action: held.action,
            name: held.name.index(),
            least: if counted { 1 } else { UNBOUNDED },
            most: if counted && launcher { 1 } else { most },
        }
    }

    /// A loop came to its end by itself: it passed every item it was meant to.
    fn finish_loop(&self, looped: Node<'a>, times: Option<u32>, state: &mut State<'a>) {
        let times = times.unwrap_or(UNBOUNDED);
        for (channel, held) in self.launch.uses_of(self.party) {
            let inside = looped.contains(held.name) && !looped.contains(self.launch.channels[channel].make);
            if inside && matches!(held.action, Action::Send | Action::Receive) {
                let name = held.name.index();
                let single = |step: &Step| matches!(step, Step::Pass { name: held, .. } if *held == name);
                state.steps.retain(|step| !single(step));
                state.push(Step::Pass {
                    channel,
                    action: held.action,
                    name,
                    least: times,
                    most: times,
                });
            }
        }
    }

    fn range(&self, looped: Node<'a>, turn: bool, state: &mut State<'a>) {
        let clause = looped.children().find(|child| child.is(Kind::RangeClause));
        let ranged = clause.and_then(|clause| clause.field(Field::Right));
        let mut uses = self.launch.uses_of(self.party);
        let over = uses.find(|(_, held)| held.action == Action::Range && Some(held.name) == ranged);
        match (over, turn) {
            (Some((channel, held)), true) => state.push(Step::Pass {
                channel,
                action: Action::Receive,
                name: held.name.index(),
                least: 1,
                most: if self.party == Party::Launcher {
                    1
                } else {
                    UNBOUNDED
                },
            }),
            (Some((channel, _)), false) => state.push(Step::Drained { channel }),
            (None, false) if !state.missed => self.finish_loop(looped, turns_of(looped).times(), state),
            _ => {}
        }
    }

    /// What `defer` puts off until the end. A send that reports a recovered panic runs instead of the others.
    fn defer(&mut self, node: Node<'a>, state: &mut State<'a>) {
        let recovers = node
            .descendants()
            .any(|inner| inner.is(Kind::Identifier) && inner.text() == "recover");
        let uses: Vec<_> = self.launch.uses_of(self.party).collect();
        for (channel, held) in uses.into_iter().filter(|(_, held)| node.contains(held.name)) {
            let step = match held.action {
                Action::Close => Step::Close { channel },
                Action::Send | Action::Receive if self.party != Party::Launcher => self.pass(channel, held),
                // How often a deferred function of the launcher takes something is not followed.
                _ => Step::Pass {
                    channel,
                    action: Action::Receive,
                    name: held.name.index(),
                    least: UNBOUNDED,
                    most: UNBOUNDED,
                },
            };
            match recovers && held.action == Action::Send {
                true => {
                    self.stop_in_defer(step, &state.steps.clone());
                    self.end(vec![step], End::Exit(Exit::NoReturn(node)));
                }
                false => state.deferred.push(step),
            }
        }
    }

    fn stop_in_defer(&mut self, step: Step, before: &[Step]) {
        let Step::Pass { channel, action, .. } = step else {
            return;
        };
        let uses = self.launch.channels[channel].uses_of(self.party);
        let mut uses = uses.filter(|held| held.deferred && held.action == action);
        if self.party != Party::Launcher
            && let Some(held) = uses.next()
            && let Some(arms) = self.launch.arms(self.party, held)
        {
            let before = before.to_vec();
            self.trace.stops.push(Stop { before, arms });
        }
    }

    /// Whether an arm waits for a channel of the launch.
    fn passes_in(&self, communication: Option<Node<'a>>) -> bool {
        let Some(communication) = communication else {
            return false;
        };
        let mut uses = self.launch.uses_of(self.party);
        uses.any(|(_, held)| communication.contains(held.name) && select_around(held.name).is_some())
    }

    /// Keeps the answer of a repeated condition; a path that answers it otherwise cannot be taken.
    fn remember(&self, test: &'a str, holds: bool, state: &mut State<'a>) -> Flow {
        if !self.repeated.contains(&test) {
            return Flow::Continue;
        }
        match state.answers.iter().find(|(held, _)| *held == test) {
            Some((_, answer)) if *answer != holds => return Flow::Stop,
            Some(_) => {}
            None => state.answers.push((test, holds)),
        }
        Flow::Continue
    }
}

/// The loop whose header asks `test`.
fn loop_headed_by(test: Node<'_>) -> Option<Node<'_>> {
    let looped = test.enclosing(Kind::ForStatement)?;
    let body = looped.field(Field::Body)?;
    (!body.contains(test)).then_some(looped)
}

/// `wg` of a `wg.Wait()` that runs as part of `node`.
pub fn waited_group(node: Node<'_>) -> Option<&str> {
    let mut calls = node
        .shallow_descendants()
        .filter(|inner| inner.is(Kind::CallExpression));
    calls.find_map(|call| receiver_of(call, "Wait"))
}

/// The receiver of `call`, if it calls `method` without arguments.
fn receiver_of<'a>(call: Node<'a>, method: &str) -> Option<&'a str> {
    let function = call.field(Field::Function)?;
    let named = function.field(Field::Field)?.text() == method;
    let bare = call.field(Field::Arguments)?.child(0).is_none();
    (named && bare).then(|| function.field(Field::Operand).map(Node::text))?
}

/// Whether `function` tells the wait group `group` that it is done.
pub fn is_done_in(function: Node<'_>, group: &str) -> bool {
    let mut calls = function
        .descendants()
        .filter(|inner| inner.is(Kind::CallExpression));
    calls.any(|call| receiver_of(call, "Done") == Some(group))
}

/// Conditions that stand in `function` twice and mean the same each time: their names never change.
fn repeated_conditions<'a>(declaration: Declaration<'a>, function: Node<'a>) -> Vec<&'a str> {
    let scopes = declaration.scopes();
    let steady = |name: Node<'a>| {
        scopes.binding_of(name).is_none_or(|id| {
            let mut uses = scopes.uses(id, declaration.tree());
            uses.all(|other| declaration.usage(other) == Usage::Read)
        })
    };
    let pure = |test: &Node<'a>| {
        test.subtree().all(|inner| match inner.kind() {
            Kind::Identifier => steady(inner),
            Kind::CallExpression => {
                matches!(declaration.callee(inner), Callee::Builtin(name) if name == "len")
            }
            Kind::FuncLiteral | Kind::IndexExpression | Kind::SelectorExpression => false,
            Kind::UnaryExpression => inner.operator() != Some(Kind::Arrow),
            _ => true,
        })
    };
    let ifs = function
        .shallow_descendants()
        .filter(|node| node.is(Kind::IfStatement));
    let parts = ifs
        .filter_map(|node| node.field(Field::Condition))
        .flat_map(Node::subtree);
    let tests: Vec<_> = parts.filter(pure).map(Node::text).collect();
    let twice = |test: &&str| tests.iter().filter(|other| *other == test).count() > 1;
    tests.iter().copied().filter(twice).collect()
}
