//! Tells of loops that nobody ends.
//!
//! `start` finds `go` statements of requests whose function never ends (`crate::analysis::endless`), but for those that a
//! `guard` starts once; `hub` finds loops that send to the channel which they alone receive from. How a loop should end
//! only a person can say, so there is no edit.
//!
//! The page for users is explain.md.

use std::sync::Arc;

use crate::config::Config;
use crate::go::Declaration;
use crate::go::syntax::{Field, Kind, Node};
use crate::text::Span;
use crate::transform::{
    Applicability, Confidence, Family, Finding, Pass, Reason, Refusal, Related, Remedy, Rule, Severity,
    Transform,
};

mod guard;
mod hub;
mod start;

use hub::SelfSend;
use start::Start;

/// Tells of loops that nobody ends. How they should end, only a person can say.
pub struct EndLoop;

pub enum Site<'a> {
    /// A request starts a goroutine that never ends.
    Endless(Start<'a>),
    /// A hub sends to itself.
    SelfSend(SelfSend<'a>),
}

impl Transform for EndLoop {
    type Site<'a> = Site<'a>;

    fn name(&self) -> &'static str {
        "end_loop"
    }

    fn page(&self) -> &'static str {
        include_str!("explain.md")
    }

    fn rules(&self, _config: &Config) -> Vec<Arc<Rule>> {
        vec![endless_goroutine(), self_send()]
    }

    fn needles(&self, _config: &Config) -> Vec<String> {
        vec!["go ".to_owned(), "<-".to_owned()]
    }

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<Site<'a>> {
        let (go, arrow) = (["go ".to_owned()], ["<-".to_owned()]);
        let starts = pass.candidates(&go).flat_map(start::endless);
        let mut sites: Vec<Site<'a>> = starts.map(Site::Endless).collect();
        sites.extend(
            pass.candidates(&arrow)
                .flat_map(hub::self_sends)
                .map(Site::SelfSend),
        );
        sites
    }

    fn finding(&self, _pass: &Pass<'_>, site: &Site<'_>) -> Finding {
        match site {
            Site::Endless(start) => of_start(start),
            Site::SelfSend(send) => of_self_send(send),
        }
    }

    fn fix(&self, _pass: &Pass<'_>, site: &Site<'_>) -> Remedy {
        let message = match site {
            Site::Endless(start) if start.forgotten.is_some() => {
                "give the loop a quit channel, receive from it in the loop, and close it where the entry is deleted"
            }
            Site::Endless(_) => {
                "start the goroutine once, at start-up; or give it a context or a quit channel that is done when the request or its connection ends, and return then"
            }
            Site::SelfSend(_) => {
                "do here what the loop would do on receiving it, or gather the values and do so behind the loop over the others"
            }
        };
        Err(Refusal::new(Reason::NeedsDecision, message))
    }
}

fn endless_goroutine() -> Arc<Rule> {
    rule(
        "endless-goroutine",
        "A request starts a goroutine that never ends",
    )
}

fn self_send() -> Arc<Rule> {
    rule(
        "self-send",
        "A loop sends to the channel that only it receives from",
    )
}

fn rule(slug: &str, title: &str) -> Arc<Rule> {
    Rule::new(
        "end_loop",
        slug,
        title,
        Family::Goroutine,
        Severity::High,
        Applicability::DisplayOnly,
    )
}

fn of_start(start: &Start<'_>) -> Finding {
    let at = start.declaration;
    let mut related = vec![];
    if let Some((declaration, looped)) = start
        .looped
        .filter(|(there, _)| std::ptr::eq(there.package, at.package))
    {
        related.push(Related {
            place: declaration.place_of(head(looped)),
            message: "nothing leaves this loop".to_owned(),
        });
    }
    if let Some((declaration, deletion)) = start.forgotten {
        related.push(Related {
            place: declaration.place(deletion),
            message: "the entry is forgotten here, and its goroutine goes on".to_owned(),
        });
    }
    let steps = start.request.steps().into_iter();
    related.extend(steps.map(|(place, message)| Related { place, message }));
    let message = match start.forgotten {
        Some(_) => "this goroutine never ends, and requests start another one whenever its entry is gone",
        None => "each request starts this goroutine, and it never ends",
    };
    Finding {
        rule: endless_goroutine(),
        place: at.place_of(header(start.statement)),
        message: message.to_owned(),
        confidence: Confidence::High,
        function: Some(at.title()),
        related,
    }
}

fn of_self_send(send: &SelfSend<'_>) -> Finding {
    let (at, name) = (send.sender, send.channel);
    let mut related = vec![Related {
        place: send.receiver.place(send.receive),
        message: format!("{name} is received from here and nowhere else"),
    }];
    related.extend(send.calls.iter().map(|(declaration, call)| Related {
        place: declaration.place(*call),
        message: "called from that loop".to_owned(),
    }));
    Finding {
        rule: self_send(),
        place: at.place(send.send),
        message: format!(
            "{} waits here for ever: it sends to {name}, which has no room and which only its own loop receives from",
            send.receiver.title()
        ),
        confidence: Confidence::High,
        function: Some(at.title()),
        related,
    }
}

/// The word `for`.
fn head(looped: Node<'_>) -> Span {
    Span::new(looped.start(), looped.start() + "for".len())
}

/// A `go` statement without the body of its function.
fn header(statement: Node<'_>) -> Span {
    let literal = statement
        .child(0)
        .and_then(|call| call.field(Field::Function))
        .filter(|function| function.is(Kind::FuncLiteral));
    let signature = literal.and_then(|literal| literal.field(Field::Parameters));
    Span::new(statement.start(), signature.map_or(statement.end(), Node::end))
}

/// Whether two declarations stand in one package.
fn are_neighbours(one: Declaration<'_>, other: Declaration<'_>) -> bool {
    std::ptr::eq(one.package, other.package)
}
