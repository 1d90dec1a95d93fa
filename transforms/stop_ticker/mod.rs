//! Stops tickers when nobody listens any more.
//!
//! `ticker` finds timers and what is wrong with each, under the rules of the module's Go version: from 1.23 on the collector
//! takes those that nobody refers to. `repair` stops them, or makes one timer of many.
//!
//! The page for users is explain.md.

use std::sync::Arc;

use crate::analysis::request::request_path;
use crate::config::Config;
use crate::go::Declaration;
use crate::go::syntax::{Field, Node};
use crate::transform::{
    Applicability, Confidence, Family, Finding, Pass, Reason, Refusal, Related, Remedy, Rule, Severity,
    Transform,
};

mod repair;
mod ticker;

use ticker::{Fault, Timer};

/// The Go version from which the garbage collector takes timers that nobody refers to.
const COLLECTED_SINCE: (u32, u32) = (1, 23);

/// Stops tickers when nobody listens any more.
pub struct StopTicker;

pub struct Site<'a> {
    declaration: Declaration<'a>,
    timer: Timer<'a>,
}

impl Transform for StopTicker {
    type Site<'a> = Site<'a>;

    fn name(&self) -> &'static str {
        "stop_ticker"
    }

    fn page(&self) -> &'static str {
        include_str!("explain.md")
    }

    fn rules(&self, _config: &Config) -> Vec<Arc<Rule>> {
        [
            Fault::Unstopped,
            Fault::Tick,
            Fault::PerTurn,
            Fault::PiledUp,
            Fault::TooEarly,
        ]
        .map(rule)
        .to_vec()
    }

    fn needles(&self, _config: &Config) -> Vec<String> {
        ["NewTicker(", "Tick(", "After("].map(str::to_owned).to_vec()
    }

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<Site<'a>> {
        let module = pass.package.module.as_deref();
        let is_old = module
            .and_then(|module| module.go)
            .is_some_and(|go| go < COLLECTED_SINCE);
        let site = move |declaration: Declaration<'a>| {
            let timers = ticker::timers(declaration).into_iter();
            timers
                .map(move |timer| Site { declaration, timer })
                .filter(move |site| site.leaks(is_old))
        };
        pass.candidates(&self.needles(pass.config))
            .flat_map(site)
            .collect()
    }

    fn finding(&self, _pass: &Pass<'_>, site: &Site<'_>) -> Finding {
        let at = site.declaration;
        let (node, related) = match (site.timer.fault, site.timer.related) {
            (Fault::TooEarly, Some((stop, _))) => (stop, Some((site.timer.call, "this ticker never ticks"))),
            (_, related) => (site.timer.call, related),
        };
        let listens = site
            .timer
            .stream
            .map(|(_, held)| (held, "the stream listens here"));
        let related = related.into_iter().chain(listens).map(|(node, message)| Related {
            place: at.place(node),
            message: message.to_owned(),
        });
        Finding {
            rule: rule(site.timer.fault),
            place: at.place(node),
            message: message(site.timer.fault).to_owned(),
            confidence: Confidence::High,
            function: Some(at.title()),
            related: related.collect(),
        }
    }

    fn fix(&self, _pass: &Pass<'_>, site: &Site<'_>) -> Remedy {
        let decide = |message: &str| Err(Refusal::new(Reason::NeedsDecision, message));
        let (at, timer) = (site.declaration, &site.timer);
        let fix = match timer.fault {
            Fault::Unstopped => repair::stop_at_return(at, timer),
            Fault::Tick => repair::own_ticker(at, timer),
            Fault::TooEarly => repair::into_stream(at, timer),
            Fault::PerTurn => {
                return decide(
                    "make one timer with time.NewTimer before the loop, and Reset it in each turn",
                );
            }
            Fault::PiledUp => {
                return decide(
                    "put the turn into a function of its own, so that its defer runs at the end of each turn",
                );
            }
        };
        fix.map(|fix| vec![fix])
    }
}

fn rule(fault: Fault) -> Arc<Rule> {
    let (slug, title, severity, applicability) = match fault {
        Fault::Unstopped => (
            "unstopped-ticker",
            "A ticker of a request is never stopped (Go before 1.23)",
            Severity::Medium,
            Applicability::Safe,
        ),
        Fault::Tick => (
            "tick-per-request",
            "time.Tick makes a ticker for each request that nobody can stop (Go before 1.23)",
            Severity::Medium,
            Applicability::Safe,
        ),
        Fault::PerTurn => (
            "timer-per-turn",
            "time.After makes a timer in each turn of a loop (Go before 1.23)",
            Severity::Low,
            Applicability::DisplayOnly,
        ),
        Fault::PiledUp => (
            "ticker-per-turn",
            "Tickers of a loop are stopped when the function returns, not when their turn ends",
            Severity::Medium,
            Applicability::DisplayOnly,
        ),
        Fault::TooEarly => (
            "ticker-stopped-before-stream",
            "A ticker of a response stream is stopped before the stream begins",
            Severity::Medium,
            Applicability::Unsafe,
        ),
    };
    // What leaks there is the goroutine of a client that nobody notices to be gone.
    let family = match fault {
        Fault::TooEarly => Family::Goroutine,
        _ => Family::Timer,
    };
    Rule::new("stop_ticker", slug, title, family, severity, applicability)
}

fn message(fault: Fault) -> &'static str {
    match fault {
        Fault::Unstopped => {
            "each request makes this ticker, and nobody stops it: before Go 1.23 it ticks for ever"
        }
        Fault::Tick => {
            "each request makes this ticker, and nobody can stop it: before Go 1.23 it ticks for ever"
        }
        Fault::PerTurn => {
            "each turn makes a timer, which before Go 1.23 stays until it fires, however soon the turn ends"
        }
        Fault::PiledUp => {
            "each turn makes a ticker, and all of them tick until the function returns: the defer stands in the loop"
        }
        Fault::TooEarly => {
            "the handler stops this heartbeat when it returns, which is before its stream begins: a client that leaves is not noticed"
        }
    }
}

impl Site<'_> {
    /// Whether this fault leaks here: most do before Go 1.23 only, and where requests come by.
    fn leaks(&self, is_old: bool) -> bool {
        let per_request = || request_path(self.declaration, self.timer.call).is_some();
        match self.timer.fault {
            Fault::PiledUp | Fault::TooEarly => true,
            Fault::Unstopped | Fault::Tick | Fault::PerTurn => is_old && per_request(),
        }
    }
}

/// Where a ticker belongs that a stream listens to.
fn body_of<'a>(literal: Node<'a>) -> Option<Node<'a>> {
    literal.field(Field::Body)
}
