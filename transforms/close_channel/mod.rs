//! Closes channels whose receivers wait for that.
//!
//! `mod.rs` finds launches in which a receiver ranges and nobody closes, `early` those where a return comes before the
//! close, `drain` receivers that take whatever comes. `repair` closes where the last send is over.
//!
//! The page for users is explain.md.

use std::rc::Rc;
use std::sync::Arc;

use crate::analysis::launch::{Channel, Launch, Party, Use};
use crate::analysis::request::{HandlerChain, request_path};
use crate::config::Config;
use crate::go::cfg::Exit;
use crate::go::syntax::Node;
use crate::text::Span;
use crate::transform::{
    Applicability, Confidence, Family, Finding, Left, Pass, Related, Remedy, Rule, Severity, Transform,
};

mod drain;
mod early;
mod repair;

use early::Early;

/// How many ways out a finding tells of.
const MAX_EXITS: usize = 3;

/// Closes channels whose receivers wait for that.
pub struct CloseChannel;

/// A receiver that goes on until its channel is closed, which nobody does.
pub struct Site<'a> {
    launch: Rc<Launch<'a>>,
    channel: usize,
    /// The mention of the channel that waits.
    awaits: Use<'a>,
    /// Where the function leaves open what it closes on its other paths.
    early: Option<Early<'a>>,
    request: HandlerChain<'a>,
}

impl Transform for CloseChannel {
    type Site<'a> = Site<'a>;

    fn name(&self) -> &'static str {
        "close_channel"
    }

    fn page(&self) -> &'static str {
        include_str!("explain.md")
    }

    fn rules(&self, _config: &Config) -> Vec<Arc<Rule>> {
        vec![rule()]
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
        let name = site.channel().name;
        let message = match site.awaits.party {
            _ if site.early.is_some() => {
                format!("this goroutine waits for ever where {name} is not closed: it is on some paths only")
            }
            Party::Launcher => format!("this loop never ends, and its request with it: nobody closes {name}"),
            Party::Worker(_) => {
                format!("this goroutine never ends: it waits for more from {name}, which nobody closes")
            }
        };
        Finding {
            rule: rule(),
            place: declaration.place_of(site.place()),
            message,
            confidence: Confidence::High,
            function: Some(declaration.title()),
            related: site.related(),
        }
    }

    fn fix(&self, _pass: &Pass<'_>, site: &Site<'_>) -> Remedy {
        let left = Left::of(&site.launch, site.awaits.party);
        let awaits = [site.awaits.name];
        left.check_before(&awaits)?;
        left.check_behind(&awaits)?;
        let fix = match &site.early {
            Some(early) => early::fix(&site.launch, site.channel, early),
            None => repair::fix(&site.launch, site.channel),
        };
        fix.map(|fix| vec![fix.leaving(left.told())])
    }
}

fn rule() -> Arc<Rule> {
    Rule::new(
        "close_channel",
        "unclosed-channel",
        "A channel of a request is ranged over and never closed",
        Family::Channel,
        Severity::High,
        Applicability::Safe,
    )
}

/// The unclosed channels of a launch, each with the first receiver that waits for the end.
fn sites<'a>(launch: Rc<Launch<'a>>) -> Vec<Site<'a>> {
    let site = |channel: usize| {
        let (awaits, early) = match drain::awaits_close(&launch, channel) {
            Some(awaits) => (awaits, None),
            None => closed_late(&launch, channel)?,
        };
        let request = request_path(launch.declaration, launch.channels[channel].make)?;
        Some(Site {
            launch: Rc::clone(&launch),
            channel,
            awaits,
            early,
            request,
        })
    };
    (0..launch.channels.len()).filter_map(site).collect()
}

/// A goroutine that waits for a close which the function makes on some of its paths only.
fn closed_late<'a>(launch: &Launch<'a>, channel: usize) -> Option<(Use<'a>, Option<Early<'a>>)> {
    let awaits = drain::waiting(launch, channel)?;
    let Party::Worker(worker) = awaits.party else {
        return None;
    };
    Some((awaits, Some(early::early(launch, channel, worker)?)))
}

impl<'a> Site<'a> {
    fn channel(&self) -> &Channel<'a> {
        &self.launch.channels[self.channel]
    }

    /// What never ends, as far as it stands in the launching declaration: the head of the loop, or the start of the
    /// goroutine.
    fn place(&self) -> Span {
        let start = match self.awaits.party {
            Party::Worker(at) if self.launch.workers[at].declaration != self.launch.declaration => {
                return self.launch.workers[at].start.span();
            }
            _ => drain::loop_around(self.awaits.name).map_or(self.awaits.name.start(), Node::start),
        };
        Span::new(start, self.awaits.name.end())
    }

    fn related(&self) -> Vec<Related> {
        let launcher = self.launch.declaration;
        let made = Related {
            place: launcher.place(self.channel().make),
            message: format!("{} is made here", self.channel().name),
        };
        let started = match self.awaits.party {
            Party::Worker(at) => {
                let start = self.launch.workers[at].start;
                let line = Span::new(start.start(), (start.start() + 2).min(start.end()));
                Some(Related {
                    place: launcher.place_of(line),
                    message: "the goroutine starts here".to_owned(),
                })
            }
            Party::Launcher => None,
        };
        let exits = self.early.iter().flat_map(|early| &early.exits);
        let left = exits.map(|exit| Related {
            place: launcher.place_of(match *exit {
                Exit::FallOff(body) => Span::new(body.end().saturating_sub(1), body.end()),
                Exit::Return(node) | Exit::NoReturn(node) => node.span(),
            }),
            message: format!("returns here without closing {}", self.channel().name),
        });
        let steps = self.request.steps().into_iter();
        let calls = steps.map(|(place, message)| Related { place, message });
        let own = [made].into_iter().chain(started);
        let left = Related::first(MAX_EXITS, left.collect());
        own.chain(left).chain(calls).collect()
    }
}
