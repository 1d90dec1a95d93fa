//! Ends goroutines that would wait for a request that is over.
//!
//! Which goroutines share which channels is a launch (`crate::analysis::launch`). `path` and `tracer` write down what each
//! party does along its paths, `answers` which conditions mean the same in both; `blocked` puts the paths together and
//! says who can stand where for ever. `guard` asks everything that decides about a repair, and the repairs are `buffer`,
//! `signal` and `select`, tried in this order.
//!
//! The page for users is explain.md.

use std::rc::Rc;
use std::sync::Arc;

use crate::analysis::launch::{Action, Launch, Party};
use crate::analysis::request::{HandlerChain, request_path};
use crate::config::Config;
use crate::go::Declaration;
use crate::go::syntax::{Field, Kind, Node};
use crate::text::Span;
use crate::transform::{
    Applicability, Confidence, Family, Finding, Fix, Left, Pass, Related, Remedy, Rule, Severity, Transform,
};

mod answers;
mod blocked;
mod buffer;
mod guard;
mod path;
mod select;
mod signal;
mod tracer;

use blocked::Blocked;
use guard::Guard;
use path::End;

const BLOCKED_SEND: &str = "blocked-send";
const BLOCKED_RECEIVE: &str = "blocked-receive";

/// Ends goroutines that would wait for a request that is over.
pub struct CancelGoroutine;

/// A goroutine of a request that can block for ever.
pub struct Site<'a> {
    launch: Rc<Launch<'a>>,
    blocked: Blocked<'a>,
    request: HandlerChain<'a>,
}

impl Transform for CancelGoroutine {
    type Site<'a> = Site<'a>;

    fn name(&self) -> &'static str {
        "cancel_goroutine"
    }

    fn page(&self) -> &'static str {
        include_str!("explain.md")
    }

    fn rules(&self, _config: &Config) -> Vec<Arc<Rule>> {
        vec![rule(Action::Send), rule(Action::Receive)]
    }

    fn needles(&self, _config: &Config) -> Vec<String> {
        vec!["make(chan".to_owned()]
    }

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<Site<'a>> {
        let needles = self.needles(pass.config);
        let launches = pass.candidates(&needles).flat_map(Launch::all_of).map(Rc::new);
        launches.flat_map(sites).collect()
    }

    fn finding(&self, _pass: &Pass<'_>, site: &Site<'_>) -> Finding {
        let declaration = site.launch.declaration;
        Finding {
            rule: rule(site.blocked.action),
            place: declaration.place_of(site.header()),
            message: site.message(),
            confidence: Confidence::High,
            function: Some(declaration.title()),
            related: site.related(),
        }
    }

    fn fix(&self, _pass: &Pass<'_>, site: &Site<'_>) -> Remedy {
        let guard = site.guard();
        guard.check()?;
        let left = Left::of(&site.launch, Party::Worker(site.blocked.worker));
        let operations: Vec<Node<'_>> = guard.operations().map(|(_, held)| held.name).collect();
        left.check_before(&operations)?;
        let select = select::fix(guard);
        // With these the goroutine goes on, so there must be an end behind.
        let simpler = left
            .check_behind(&operations)
            .map(|()| match site.blocked.action {
                Action::Send => buffer::fix(guard),
                _ => signal::fix(guard),
            });
        let fixes = match (simpler, select) {
            (Ok(Some(simpler)), Ok(select)) if guard.is_last() => vec![simpler, select],
            (Ok(Some(buffer)), Ok(select)) => vec![select, buffer],
            (Ok(Some(simpler)), Err(_)) => vec![simpler],
            (Ok(None) | Err(_), Ok(select)) => vec![select],
            (Ok(None), Err(refusal)) | (Err(refusal), Err(_)) => return Err(refusal),
        };
        let leaving = |fix: Fix| fix.leaving(left.told());
        Ok(fixes.into_iter().map(leaving).collect())
    }
}

fn rule(action: Action) -> Arc<Rule> {
    let (slug, title) = match action {
        Action::Send => (
            BLOCKED_SEND,
            "A goroutine of a request sends what nobody may receive",
        ),
        _ => (
            BLOCKED_RECEIVE,
            "A goroutine of a request waits for what nobody may send",
        ),
    };
    Rule::new(
        "cancel_goroutine",
        slug,
        title,
        Family::Goroutine,
        Severity::High,
        Applicability::Safe,
    )
}

/// The word `go`.
fn keyword(start: Node<'_>) -> Span {
    Span::new(start.start(), (start.start() + "go".len()).min(start.end()))
}

/// The blocked goroutines of a launch, as far as a request starts them.
fn sites<'a>(launch: Rc<Launch<'a>>) -> Vec<Site<'a>> {
    let site = |blocked: Blocked<'a>| {
        let start = launch.workers[blocked.worker].start;
        let request = request_path(launch.declaration, start)?;
        Some(Site {
            launch: Rc::clone(&launch),
            blocked,
            request,
        })
    };
    blocked::find(&launch).into_iter().filter_map(site).collect()
}

impl<'a> Site<'a> {
    fn guard(&self) -> Guard<'a, '_> {
        Guard {
            launch: &self.launch,
            blocked: &self.blocked,
        }
    }

    /// The `go` statement without the body of its function.
    fn header(&self) -> Span {
        let worker = &self.launch.workers[self.blocked.worker];
        let literal = Some(worker.function).filter(|function| function.is(Kind::FuncLiteral));
        let signature = literal.and_then(|literal| literal.field(Field::Parameters));
        let end = signature.map_or(worker.start.end(), Node::end);
        Span::new(worker.start.start(), end)
    }

    fn message(&self) -> String {
        let names = self.guard().names();
        let function = self.launch.declaration.title();
        match (self.blocked.action, self.blocked.end) {
            (Action::Send, End::Wait { .. }) => {
                format!(
                    "this goroutine blocks for ever on its send to {names}, and {function} with it: it waits instead of receiving"
                )
            }
            (Action::Receive, _) if self.launch.workers[self.blocked.worker].is_stream() => {
                format!(
                    "this body is never finished: its writer waits for {names}, from which {function} takes as well, and nobody sends twice or closes it"
                )
            }
            (Action::Send, _) => {
                format!(
                    "this goroutine blocks for ever on its send to {names}: {function} can give up without receiving"
                )
            }
            _ => format!(
                "this goroutine waits for ever for {names}: {function} can return without sending to it or closing it"
            ),
        }
    }

    fn related(&self) -> Vec<Related> {
        let (worker, _) = self.guard().worker();
        let launcher = self.launch.declaration;
        // Places of other packages have files of their own.
        let is_here = |at: Declaration<'_>| std::ptr::eq(at.package, launcher.package);
        let stops = self.blocked.stops.iter().filter_map(|arms| arms.first());
        let stops = stops.filter(|_| is_here(worker)).filter_map(|(_, held)| {
            Some(Related {
                place: worker.place(held.operation()?),
                message: "blocks here".to_owned(),
            })
        });
        let end = Related {
            place: launcher.place_of(self.blocked.end.span()),
            message: match self.blocked.end {
                End::Exit(_) => "returns here and leaves the goroutine behind",
                End::Remade(_) => "the next turn makes a new channel and forgets this one",
                End::Wait { .. } => "waits here for the goroutine",
            }
            .to_owned(),
        };
        let made = self.guard().channels().into_iter().map(|at| {
            let channel = &self.launch.channels[at];
            Related {
                place: launcher.place(channel.make),
                message: format!("{} is made here", channel.name),
            }
        });
        let steps = self.request.steps().into_iter();
        let calls = steps.map(|(place, message)| Related { place, message });
        stops
            .chain([end])
            .chain(made)
            .chain(self.givers())
            .chain(calls)
            .collect()
    }

    /// Who sends what the handler takes from its stream.
    fn givers(&self) -> Vec<Related> {
        let workers = &self.launch.workers;
        if !workers[self.blocked.worker].is_stream() {
            return Vec::new();
        }
        let channels = self.guard().channels();
        let sends = |worker: usize| {
            let mut uses = self.launch.uses_of(Party::Worker(worker));
            uses.any(|(at, held)| channels.contains(&at) && held.action == Action::Send)
        };
        let givers = (0..workers.len()).filter(|worker| sends(*worker));
        let told = givers.map(|worker| Related {
            place: self.launch.declaration.place_of(keyword(workers[worker].start)),
            message: "its only item comes from here".to_owned(),
        });
        told.collect()
    }
}
