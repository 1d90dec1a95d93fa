//! Who of a launch can stand where for ever: the paths of all parties, put together.

use super::path::{End, Path, Step, Stop, Trace, trace};
use crate::analysis::launch::{
    Action, FOREVER, Launch, Party, Turns, UNBOUNDED, Use, leaves, loops_around, select_around, turns_of,
};
use crate::go::syntax::{Kind, Node};
use crate::limits::Limit;

/// Where there are more combinations of paths than this, none is tried.
const COMBINATIONS: Limit = Limit::new(512, "combinations of paths");

/// A goroutine that can stand at an operation for ever.
#[derive(Clone, Debug)]
pub struct Blocked<'a> {
    pub worker: usize,
    /// [`Action::Send`] or [`Action::Receive`].
    pub action: Action,
    /// Where it can stand: each operation, or all arms of a select, with the places of the channels.
    pub stops: Vec<Vec<(usize, Use<'a>)>>,
    /// Where the launcher gives up on it; the first such place in the source.
    pub end: End<'a>,
}

/// The goroutines of a launch that some path of it leaves blocked. Empty where the paths are not known.
pub fn find<'a>(launch: &Launch<'a>) -> Vec<Blocked<'a>> {
    let traces = (0..launch.workers.len()).map(|at| trace(launch, Party::Worker(at)));
    let traces: Option<Vec<_>> = traces.collect();
    let Some((workers, launcher)) = traces.zip(trace(launch, Party::Launcher)) else {
        return Vec::new();
    };
    let judge = Judge { launch, workers };
    (0..launch.workers.len())
        .flat_map(|worker| judge.blocked(worker, &launcher.paths))
        .collect()
}

/// What some paths pass together, by channel.
#[derive(Clone)]
struct Tally(Vec<Passed>);

#[derive(Clone, Copy, Default)]
struct Passed {
    sent: u32,
    /// Surely, and perhaps.
    received: (u32, u32),
    closed: bool,
    drained: bool,
}

impl Tally {
    fn empty(launch: &Launch<'_>) -> Self {
        Tally(vec![Passed::default(); launch.channels.len()])
    }

    /// Adds the steps of a party that runs `instances` times, for each channel.
    fn add(&mut self, steps: &[Step], instances: impl Fn(usize) -> u32) {
        for step in steps {
            match *step {
                Step::Pass {
                    channel,
                    action,
                    least,
                    most,
                    ..
                } => {
                    let passed = &mut self.0[channel];
                    let times = |once: u32| once.saturating_mul(instances(channel));
                    if action == Action::Send {
                        passed.sent = passed.sent.saturating_add(times(most));
                    } else {
                        passed.received.0 = passed.received.0.saturating_add(times(least));
                        passed.received.1 = passed.received.1.saturating_add(times(most));
                    }
                }
                Step::Close { channel } => self.0[channel].closed |= instances(channel) > 0,
                Step::Drained { channel } => self.0[channel].drained |= instances(channel) > 0,
                Step::Start { .. } | Step::Awaited { .. } => {}
            }
        }
    }
}

struct Judge<'a, 'l> {
    launch: &'l Launch<'a>,
    workers: Vec<Trace<'a>>,
}

impl<'a> Judge<'a, '_> {
    /// The sends and the receives at which the worker can stand.
    fn blocked(&self, worker: usize, paths: &[Path<'a>]) -> Vec<Blocked<'a>> {
        let mut found: Vec<Blocked<'a>> = Vec::new();
        for path in paths.iter().filter(|path| self.abandons(path, worker)) {
            let stops = self.workers[worker].stops.iter();
            for stop in stops.filter(|stop| !self.takes_tokens(stop)) {
                if self.can_stand(worker, stop, path) {
                    note(&mut found, worker, stop, path);
                }
            }
        }
        found
    }

    fn takes_tokens(&self, stop: &Stop<'a>) -> bool {
        stop.arms
            .iter()
            .any(|(channel, _)| self.launch.channels[*channel].is_semaphore())
    }

    /// Whether the path starts the worker and ends with it at large.
    fn abandons(&self, path: &Path<'a>, worker: usize) -> bool {
        let concerns = match path.end {
            End::Wait { group, .. } => self.launch.tells_done(worker, group),
            _ => true,
        };
        concerns
            && path.steps.contains(&Step::Start { worker })
            && !path.steps.contains(&Step::Awaited { worker })
    }

    /// Whether the others can run so that nobody ever takes the other side of the stop.
    fn can_stand(&self, worker: usize, stop: &Stop<'a>, path: &Path<'a>) -> bool {
        let mut passed = Tally::empty(self.launch);
        let own = |step: &Step| matches!(step, Step::Pass { name, .. } if stop.arms.iter().any(|(_, held)| held.name.index() == *name));
        let before: Vec<Step> = stop.before.iter().filter(|step| !own(step)).copied().collect();
        passed.add(&before, |_| 1);
        for other in &self.workers[worker].paths {
            passed.add(&other.steps, |channel| self.instances(worker, channel) - 1);
        }
        let others = (0..self.workers.len()).filter(|at| *at != worker);
        let started = |at: &usize| {
            path.steps.contains(&Step::Start { worker: *at }) || self.launch.workers[*at].is_stream()
        };
        let others: Vec<usize> = others.filter(started).collect();
        let paths = others.iter().map(|at| self.workers[*at].paths.len());
        let case = Case { worker, stop, path };
        if paths.fold(1, usize::saturating_mul) > COMBINATIONS.most as usize {
            COMBINATIONS.reached(&self.launch.declaration.file().path);
            return false;
        }
        self.some_run(&others, passed, &case)
    }

    /// Whether some choice of paths of the other workers leaves the stop alone.
    fn some_run(&self, others: &[usize], passed: Tally, case: &Case<'a, '_>) -> bool {
        let Some((other, rest)) = others.split_first() else {
            return self.is_explained(&passed, case) && self.is_alone(&passed, case);
        };
        let paths = self.workers[*other].paths.iter();
        let mut paths = paths.filter(|path| !self.stands_ready(*other, path, case));
        paths.any(|path| {
            let mut passed = passed.clone();
            passed.add(&path.steps, |channel| self.instances(*other, channel));
            self.some_run(rest, passed, case)
        })
    }

    /// Whether the other worker cannot have come along this path by then: it stands at a select for what nobody has
    /// given it, and another arm of that takes the other side of the stop.
    fn stands_ready(&self, other: usize, path: &Path<'a>, case: &Case<'a, '_>) -> bool {
        let given = |channel: usize| {
            let sends = |held: &Use<'a>| held.action == Action::Send;
            self.launch.channels[channel].uses.iter().any(sends)
                || self.is_closed_by_worker(channel)
                || case.path.steps.contains(&Step::Close { channel })
        };
        let is_met = |channel: usize, action: Action| {
            let mut arms = case.stop.arms.iter();
            arms.any(|(wanted, held)| *wanted == channel && held.action != action)
        };
        path.steps.iter().any(|step| match *step {
            Step::Pass {
                channel,
                action: Action::Receive,
                name,
                ..
            } if !given(channel) => {
                let name = self.launch.workers[other].declaration.tree().node(name);
                let select = select_around(name);
                let mut uses = self.launch.uses_of(Party::Worker(other));
                select.is_some()
                    && uses.any(|(at, held)| select_around(held.name) == select && is_met(at, held.action))
            }
            _ => false,
        })
    }

    /// How many goroutines of a worker share one channel.
    fn instances(&self, worker: usize, channel: usize) -> u32 {
        let make = self.launch.channels[channel].make;
        let loops = loops_around(self.launch.workers[worker].start, self.launch.function);
        let turns = loops.filter(|looped| !looped.contains(make)).map(turns_of);
        turns
            .fold(1_u32, |all, turns| {
                all.saturating_mul(turns.times().unwrap_or(UNBOUNDED))
            })
            .max(1)
    }

    /// What the launcher passed on its path. What it does beside each start of the worker, it does as often as that.
    fn launcher_tally(&self, case: &Case<'a, '_>) -> Tally {
        let mut launcher = Tally::empty(self.launch);
        for step in &case.path.steps {
            let beside = |channel: usize| match *step {
                Step::Pass { name, .. } => self.is_beside_start(case.worker, name, channel),
                _ => false,
            };
            launcher.add(&[*step], |channel| match beside(channel) {
                true => self.instances(case.worker, channel),
                false => 1,
            });
        }
        launcher
    }

    /// Whether the launcher's operation `name` stands in the very loops that start the worker again and again.
    fn is_beside_start(&self, worker: usize, name: usize, channel: usize) -> bool {
        let make = self.launch.channels[channel].make;
        let around = |node: Node<'a>| {
            let loops = loops_around(node, self.launch.function);
            loops.filter(|looped| !looped.contains(make)).collect::<Vec<_>>()
        };
        let start = around(self.launch.workers[worker].start);
        !start.is_empty() && around(self.launch.declaration.tree().node(name)) == start
    }

    /// Whether everything that the launcher passed on its path was on offer by then.
    fn is_explained(&self, passed: &Tally, case: &Case<'a, '_>) -> bool {
        let launcher = self.launcher_tally(case);
        let mut passed = passed.clone();
        for (channel, held) in &case.stop.arms {
            // In a loop, the operation was passed before the turn in which it stands.
            let earlier = self.wanted(case.worker, held) - 1;
            let counts = &mut passed.0[*channel];
            match held.action {
                Action::Send => counts.sent = counts.sent.saturating_add(earlier),
                _ => counts.received.1 = counts.received.1.saturating_add(earlier),
            }
        }
        let mut channels = self.launch.channels.iter().zip(launcher.0.iter().zip(&passed.0));
        channels.all(|(channel, (own, others))| {
            let closed = own.closed || others.closed;
            let taken = own.received.0;
            let received = taken >= UNBOUNDED || closed || own.sent > 0 || taken <= others.sent;
            let room = others.received.1.saturating_add(channel.capacity);
            let sent = own.sent >= UNBOUNDED || own.received.0 > 0 || own.sent <= room;
            received && sent && (!own.drained || closed)
        })
    }

    /// Whether no arm of the stop finds its other side.
    fn is_alone(&self, passed: &Tally, case: &Case<'a, '_>) -> bool {
        let launcher = self.launcher_tally(case);
        let alone = |(channel, held): &(usize, Use<'a>)| {
            let (own, others) = (launcher.0[*channel], passed.0[*channel]);
            let wanted = self.wanted(case.worker, held);
            match held.action {
                Action::Send => {
                    let room = self.launch.channels[*channel].capacity;
                    let taken = own
                        .received
                        .0
                        .saturating_add(others.received.0)
                        .saturating_add(room);
                    let sent = others.sent.saturating_add(own.sent).saturating_add(wanted);
                    !own.drained && !others.drained && falls_short(taken, sent)
                }
                _ => {
                    let given = own.sent.saturating_add(others.sent);
                    let closed = own.closed || self.is_closed_by_worker(*channel);
                    // Who asks and is answered on one channel takes an answer, not what the worker waits for.
                    let competing = if own.sent == 0 { own.received.0 } else { 0 };
                    let taken = competing.saturating_add(others.received.1);
                    !closed && falls_short(given, taken.saturating_add(wanted))
                }
            }
        };
        case.stop.arms.iter().all(alone)
    }

    /// How often the worker runs the operation. An arm that leaves its loop runs once; so may a receive in a loop
    /// that some condition ends.
    fn wanted(&self, worker: usize, held: &Use<'a>) -> u32 {
        let clause = held.name.enclosing(Kind::CommunicationCase);
        let runs_once = |looped: Node<'a>| {
            let last = clause.is_some_and(|clause| looped.contains(clause) && leaves(clause, looped));
            last || (held.action != Action::Send && turns_of(looped) == Turns::Open)
        };
        let loops = loops_around(held.name, self.launch.workers[worker].function);
        let turns = loops.filter(|looped| !runs_once(*looped)).map(turns_of);
        turns.fold(1_u32, |all, turns| {
            all.saturating_mul(turns.times().unwrap_or(UNBOUNDED))
        })
    }

    fn is_closed_by_worker(&self, channel: usize) -> bool {
        let mut uses = self.launch.channels[channel].uses.iter();
        uses.any(|held| held.action == Action::Close && held.party != Party::Launcher)
    }
}

/// Whether `have` operations are too few for `want` on the other side. Two numbers that only the code's author
/// knows are taken to agree.
fn falls_short(have: u32, want: u32) -> bool {
    have < want && (have < UNBOUNDED || want >= FOREVER)
}

/// One stop of one worker under one path of the launcher.
struct Case<'a, 'c> {
    worker: usize,
    stop: &'c Stop<'a>,
    path: &'c Path<'a>,
}

fn note<'a>(found: &mut Vec<Blocked<'a>>, worker: usize, stop: &Stop<'a>, path: &Path<'a>) {
    let Some((_, first)) = stop.arms.first() else {
        return;
    };
    let at = found.iter().position(|held| held.action == first.action);
    let at = at.unwrap_or_else(|| {
        found.push(Blocked {
            worker,
            action: first.action,
            stops: Vec::new(),
            end: path.end,
        });
        found.len() - 1
    });
    let held = &mut found[at];
    let known = |arms: &Vec<(usize, Use<'a>)>| arms.first().is_some_and(|(_, arm)| arm.name == first.name);
    if !held.stops.iter().any(known) {
        held.stops.push(stop.arms.clone());
    }
    if path.end.span().start < held.end.span().start {
        held.end = path.end;
    }
}
