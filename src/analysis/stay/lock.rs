//! Locks that somebody leaves locked.

use super::model::Stay;
use super::object::Object;
use super::way::{Runner, is_deferred, runner_of, runs_once};
use crate::facts::paths;
use crate::go::cfg::{Condition, Exit, Flow, Paths, Test, walk};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Declaration, Usage};
use crate::limits::Limit;

/// A function that asks more questions than this is not followed.
const ANSWERS: Limit = Limit::new(12, "questions on one path");

/// `lock.Lock()` or `lock.RLock()` where somebody keeps the lock for ever.
pub(super) fn stay<'a>(runner: &Runner<'a, '_>, call: Node<'a>) -> Option<Stay<'a>> {
    let lock = Object::of(runner.at, call, paths::SYNC, &["Mutex", "RWMutex"])?;
    let known = |(_, method): &(Node<'a>, &str)| Change::of(method).is_some();
    lock.calls.iter().all(known).then_some(())?;
    let mut functions: Vec<Node<'a>> = lock
        .calls
        .iter()
        .filter_map(|(call, _)| runner_of(*call))
        .collect();
    functions.sort_by_key(|function| function.index());
    functions.dedup();
    let traced = functions.into_iter().map(|function| {
        let trace = Trace::of(runner, &lock, function)?;
        // A function that gives free what another one took: nothing is known then.
        (!trace.frees_for_others).then_some(trace)
    });
    let traces = traced.collect::<Option<Vec<_>>>()?;
    let own = traces.iter().find(|trace| trace.function == runner.function)?;
    let name = lock.name;
    if own.holds_at(call) {
        return Some(Stay {
            at: call,
            why: format!("the goroutine holds {name} already"),
            always: is_kept_until(runner, &lock, runner.function, call),
        });
    }
    let others = traces.iter().filter(|trace| trace.function != runner.function);
    let mut keepers = others.filter(|trace| trace.keeps_from(call));
    let keeper = keepers.next()?;
    let who = match keeper.function == lock.home {
        true => runner.at.title(),
        false => "another goroutine".to_owned(),
    };
    let starts = keeper.function.contains(runner.function);
    let always = starts && is_kept_until(runner, &lock, keeper.function, call);
    Some(Stay {
        at: call,
        why: match always {
            true => format!("{who} has locked {name} and never unlocks it"),
            false => format!("{who} can end without unlocking {name}"),
        },
        always,
    })
}

/// Whether `function` has surely taken the lock where `call` runs, and never gives it free again.
fn is_kept_until<'a>(runner: &Runner<'a, '_>, lock: &Object<'a>, function: Node<'a>, call: Node<'a>) -> bool {
    let Some(flow) = runner.at.control_flow(function) else {
        return false;
    };
    let own = |(held, _): &&(Node<'a>, &str)| runner_of(*held) == Some(function);
    let frees = lock
        .calls
        .iter()
        .filter(own)
        .filter(|(_, method)| Change::of(method) == Some(Change::Free));
    let frees: Vec<Node<'a>> = frees.map(|(free, _)| *free).collect();
    let is_lasting = |take: Node<'a>| {
        let given = |step: Node<'a>| frees.iter().any(|free| step.contains(*free));
        let point = flow.point_of(take);
        point.is_some_and(|point| !flow.reaches(point.after(), given, |_| false))
    };
    let is_free_at_end = frees.iter().any(|free| is_deferred(*free));
    let mut takes = lock.calls.iter().filter(own).filter(|(take, method)| {
        let hold = match Change::of(method) {
            Some(Change::Take(hold)) => hold,
            _ => return false,
        };
        *take != call && excludes(hold, call) && runner.is_surely_before(*take, call)
    });
    !is_free_at_end && takes.any(|(take, _)| is_lasting(*take))
}

/// What a call does to a lock.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Take(Hold),
    Free,
}

/// How a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Hold {
    Alone,
    Shared,
}

impl Change {
    fn of(method: &str) -> Option<Self> {
        match method {
            "Lock" => Some(Change::Take(Hold::Alone)),
            "RLock" => Some(Change::Take(Hold::Shared)),
            "Unlock" | "RUnlock" => Some(Change::Free),
            _ => None,
        }
    }
}

/// What one function does with the lock.
struct Trace<'a> {
    function: Node<'a>,
    /// How the function holds the lock where it comes to each of its calls.
    found: Vec<(Node<'a>, Option<Hold>)>,
    frees_for_others: bool,
    /// Whether and how some path leaves the lock locked, behind the start of the goroutine where it starts that.
    kept: Option<Hold>,
}

impl<'a> Trace<'a> {
    /// `None` where its paths are too many to know, or what decides between them is.
    fn of(runner: &Runner<'a, '_>, lock: &Object<'a>, function: Node<'a>) -> Option<Self> {
        let flow = runner.at.control_flow(function)?;
        let starts = function.contains(runner.function) && function != runner.function;
        let own = |(call, _): &&(Node<'a>, &str)| runner_of(*call) == Some(function);
        let mut calls = lock.calls.iter().filter(own);
        if calls.any(|(call, _)| depends_on_flag(runner.at, *call, function)) {
            return None;
        }
        let mut tracer = Tracer {
            lock,
            start: starts.then_some(runner.function),
            at: runner.at,
            lost: false,
            trace: Trace {
                function,
                found: Vec::new(),
                frees_for_others: false,
                kept: None,
            },
        };
        walk(&flow, flow.entry(), State::default(), &mut tracer);
        // A second run would find the lock as the first one left it.
        let once = runs_once(function, lock.home) || function == lock.home;
        (!tracer.lost && once).then_some(tracer.trace)
    }

    /// Whether the function can come to its own call with the lock in its hands, so that it stays.
    fn holds_at(&self, call: Node<'a>) -> bool {
        let mut here = self.found.iter().filter(|(at, _)| *at == call);
        here.any(|(_, held)| held.is_some_and(|held| excludes(held, call)))
    }

    /// Whether it keeps the lock so that `call` of another function stays.
    fn keeps_from(&self, call: Node<'a>) -> bool {
        self.kept.is_some_and(|held| excludes(held, call))
    }
}

/// Readers share.
fn excludes(held: Hold, call: Node<'_>) -> bool {
    let method = call
        .field(Field::Function)
        .and_then(|function| function.field(Field::Field));
    held == Hold::Alone || method.is_some_and(|method| method.text() == "Lock")
}

/// Whether every name in the condition keeps its value.
fn is_settled(at: Declaration<'_>, test: Node<'_>) -> bool {
    let mut names = test.subtree().filter(|inner| inner.is(Kind::Identifier));
    names.all(|name| {
        let scopes = at.scopes();
        scopes.binding_of(name).is_none_or(|id| {
            let mut uses = scopes.uses(id, at.tree());
            uses.all(|held| at.usage(held) == Usage::Read)
        })
    })
}

/// Whether the call stands under a condition that changes, and what follows runs either way: the author may know
/// from it whether the lock is held.
fn depends_on_flag<'a>(at: Declaration<'a>, call: Node<'a>, function: Node<'a>) -> bool {
    let mut around = call.ancestors().take_while(|up| *up != function);
    around.any(|up| {
        let asked = up.field(Field::Condition).filter(|_| up.is(Kind::IfStatement));
        let changes = asked.is_some_and(|asked| !is_settled(at, asked));
        let arms = [Field::Consequence, Field::Alternative];
        let mut arms = arms.iter().filter_map(|arm| up.field(*arm));
        changes && arms.any(|arm| arm.contains(call) && !leaves_at_end(arm))
    })
}

/// Whether the last statement of a block is a jump.
fn leaves_at_end(arm: Node<'_>) -> bool {
    let list = arm.children().find(|child| child.is(Kind::StatementList));
    let last = list.and_then(|list| list.children().filter(|child| !child.is(Kind::Comment)).last());
    last.is_some_and(|last| {
        matches!(
            last.kind(),
            Kind::ReturnStatement | Kind::BreakStatement | Kind::ContinueStatement | Kind::GotoStatement
        )
    })
}

#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct State<'a> {
    held: Option<Hold>,
    started: bool,
    frees_at_end: bool,
    /// Answers to conditions, by their text: a path that answers one in two ways is not taken.
    answers: Vec<((&'a str, &'a str), bool)>,
}

struct Tracer<'a, 'l> {
    lock: &'l Object<'a>,
    /// The goroutine that this function starts.
    start: Option<Node<'a>>,
    at: Declaration<'a>,
    lost: bool,
    trace: Trace<'a>,
}

impl<'a> Paths<'a> for Tracer<'a, '_> {
    type State = State<'a>;

    fn visit(&mut self, node: Node<'a>, state: &mut State<'a>) -> Flow {
        if self.start.is_some_and(|start| node.contains(start)) {
            state.started = true;
        }
        let runs = |call: &Node<'a>| node.contains(*call) && runner_of(*call) == Some(self.trace.function);
        let calls = self.lock.calls.iter().filter(|(call, _)| runs(call));
        for (call, method) in calls {
            let Some(change) = Change::of(method) else {
                continue;
            };
            if is_deferred(*call) {
                state.frees_at_end |= change == Change::Free;
                continue;
            }
            match change {
                Change::Take(hold) => {
                    self.trace.found.push((*call, state.held));
                    state.held = Some(hold);
                }
                Change::Free => {
                    self.trace.frees_for_others |= state.held.is_none();
                    state.held = None;
                }
            }
        }
        Flow::Continue
    }

    fn follow(&mut self, condition: Condition<'a>, state: &mut State<'a>) -> Flow {
        let question = match condition.test {
            Test::True(test) if !is_settled(self.at, test) => return Flow::Continue,
            Test::True(test) => (test.text(), ""),
            Test::Equal(tag, value) => (tag.text(), value.text()),
        };
        let known = state.answers.iter().find(|(held, _)| *held == question);
        match known {
            Some((_, holds)) if *holds != condition.holds => return Flow::Stop,
            Some(_) => {}
            None if state.answers.len() >= ANSWERS.most as usize => {
                ANSWERS.reached(&self.at.file().path);
                self.lost = true;
            }
            None => state.answers.push((question, condition.holds)),
        }
        match self.lost {
            true => Flow::Stop,
            false => Flow::Continue,
        }
    }

    fn leave(&mut self, exit: Exit<'a>, state: &State<'a>) {
        let counts = self.start.is_none() || state.started;
        let is_panic = matches!(exit, Exit::NoReturn(_));
        // A deferred call frees what another function took, where this one has nothing.
        self.trace.frees_for_others |= state.frees_at_end && state.held.is_none();
        if counts && !is_panic && !state.frees_at_end && self.trace.kept != Some(Hold::Alone) {
            self.trace.kept = state.held.or(self.trace.kept);
        }
    }
}
