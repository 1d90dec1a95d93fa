//! The walk that writes down the paths of a party.

use std::cell::Cell;

use super::answers::Repeated;
use super::path::{End, PATHS, Path, Step, Stop, Trace, VISITS};
use crate::analysis::launch::{
    Action, Launch, Party, Turns, UNBOUNDED, Use, is_clause, loops_around, select_around, turns_of,
    waited_group,
};
use crate::go::cfg::{Condition, Exit, Flow, Paths, Test};
use crate::go::syntax::{Field, Kind, Node};

/// What is known at a point of a path.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct State {
    steps: Vec<Step>,
    /// What runs when the function ends, in the order of the defers.
    deferred: Vec<Step>,
    /// A select went another way than through a channel of the launch.
    missed: bool,
    /// Answers of conditions that stand in the function more than once.
    answers: Vec<(usize, bool)>,
}

impl State {
    fn push(&mut self, step: Step) {
        if !self.steps.contains(&step) {
            self.steps.push(step);
        }
    }
}

/// Follows the paths of a party and writes down what they do.
pub struct Tracer<'a, 'l> {
    pub launch: &'l Launch<'a>,
    pub party: Party,
    pub function: Node<'a>,
    pub repeated: Repeated,
    pub visits: Cell<u32>,
    pub trace: Trace<'a>,
}

impl<'a> Paths<'a> for Tracer<'a, '_> {
    type State = State;

    fn visit(&mut self, node: Node<'a>, state: &mut State) -> Flow {
        self.visits.set(self.visits.get() + 1);
        if self.visits.get() >= VISITS.most || self.trace.paths.len() >= PATHS.most as usize {
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

    fn follow(&mut self, condition: Condition<'a>, state: &mut State) -> Flow {
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
        self.remember(test, condition.holds, state)
    }

    fn choose(&mut self, branch: Node<'a>, way: usize, state: &mut State) -> Flow {
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

    fn leave(&mut self, exit: Exit<'a>, state: &State) {
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
    fn launcher_visit(&mut self, node: Node<'a>, state: &mut State) {
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
            let done = |worker: &usize| self.launch.tells_done(*worker, group);
            self.end(state.steps.clone(), End::Wait { at: node, group });
            let awaited = (0..self.launch.workers.len()).filter(done);
            awaited.for_each(|worker| state.push(Step::Awaited { worker }));
        }
    }

    fn make_again(&mut self, channel: usize, node: Node<'a>, state: &mut State) {
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
    fn operations(&mut self, node: Node<'a>, state: &mut State) {
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

    fn operation(&mut self, channel: usize, held: &Use<'a>, state: &mut State) {
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
    fn finish_loop(&self, looped: Node<'a>, times: Option<u32>, state: &mut State) {
        let times = times.unwrap_or(UNBOUNDED);
        for (channel, held) in self.launch.uses_of(self.party) {
            // What is always followed by the way out was not passed where the loop ends by itself.
            let again = loops_around(held.name, self.function).any(|around| around == looped);
            let inside = again && !looped.contains(self.launch.channels[channel].make);
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

    fn range(&self, looped: Node<'a>, turn: bool, state: &mut State) {
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
    fn defer(&mut self, node: Node<'a>, state: &mut State) {
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
    fn remember(&self, test: Node<'a>, holds: bool, state: &mut State) -> Flow {
        let Some(test) = self.repeated.name(test) else {
            return Flow::Continue;
        };
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
