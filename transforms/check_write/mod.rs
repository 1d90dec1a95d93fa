//! Ends loops that write to a client when the client is gone.
//!
//! `peer` says who is written to, and which writes of a loop nobody checks; `repair` leaves the function where one fails.
//!
//! The page for users is explain.md.

use std::sync::Arc;

use crate::analysis::endless::{Turning, timer_ranged_over};
use crate::config::Config;
use crate::go::Declaration;
use crate::go::syntax::{Field, Kind, Node};
use crate::text::Span;
use crate::transform::{
    Applicability, Confidence, Family, Finding, Pass, Related, Remedy, Rule, Severity, Transform,
};

mod peer;
mod repair;

use peer::{Peer, Write};

/// Ends loops that write to a client when the client is gone.
pub struct CheckWrite;

/// What keeps the loop alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Nothing leaves the loop, whatever the writes say.
    Unchecked,
    /// The loop is left after a failed write only, and can turn for ever without a write.
    Silent,
}

/// A loop that outlives its client.
pub struct Site<'a> {
    declaration: Declaration<'a>,
    looped: Node<'a>,
    peer: Peer,
    fault: Fault,
    /// Writes of the loop; of a stream its flushes, where it has some.
    writes: Vec<Write<'a>>,
}

impl Transform for CheckWrite {
    type Site<'a> = Site<'a>;

    fn name(&self) -> &'static str {
        "check_write"
    }

    fn page(&self) -> &'static str {
        include_str!("explain.md")
    }

    fn is_about_fiber(&self) -> bool {
        true
    }

    fn rules(&self, _config: &Config) -> Vec<Arc<Rule>> {
        vec![
            rule(Peer::Stream, Fault::Unchecked),
            rule(Peer::Socket, Fault::Unchecked),
            rule(Peer::Stream, Fault::Silent),
        ]
    }

    fn needles(&self, _config: &Config) -> Vec<String> {
        [
            "StreamWriter",
            "NewStreamReader",
            ".Flush(",
            ".WriteMessage(",
            ".WriteJSON(",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<Site<'a>> {
        pass.candidates(&self.needles(pass.config))
            .flat_map(sites)
            .collect()
    }

    fn finding(&self, _pass: &Pass<'_>, site: &Site<'_>) -> Finding {
        let head = Span::new(site.looped.start(), site.looped.start() + "for".len());
        let write = site.writes.first().map_or(head, |write| write.call.span());
        let (span, other, told) = match site.fault {
            Fault::Unchecked => (write, head, "this loop never ends"),
            Fault::Silent => (head, write, "only a failed write here would end the loop"),
        };
        Finding {
            rule: rule(site.peer, site.fault),
            place: site.declaration.place_of(span),
            message: site.message(),
            confidence: Confidence::High,
            function: Some(site.declaration.title()),
            related: vec![Related {
                place: site.declaration.place_of(other),
                message: told.to_owned(),
            }],
        }
    }

    fn fix(&self, _pass: &Pass<'_>, site: &Site<'_>) -> Remedy {
        repair::fix(site).map(|fix| vec![fix])
    }
}

fn rule(peer: Peer, fault: Fault) -> Arc<Rule> {
    let (slug, title, applicability) = match (peer, fault) {
        (_, Fault::Silent) => (
            "silent-stream-loop",
            "A response stream waits without writing, so a client that left is never noticed",
            Applicability::DisplayOnly,
        ),
        (Peer::Stream, _) => (
            "unchecked-flush",
            "A response stream goes on writing to a client that has left",
            Applicability::Safe,
        ),
        (Peer::Socket, _) => (
            "unchecked-websocket-write",
            "A websocket loop goes on writing to a client that has left",
            Applicability::Safe,
        ),
    };
    Rule::new(
        "check_write",
        slug,
        title,
        Family::Goroutine,
        Severity::High,
        applicability,
    )
}

/// The loops of a declaration that outlive their clients.
fn sites<'a>(declaration: Declaration<'a>) -> Vec<Site<'a>> {
    let loops = declaration
        .tree()
        .root()
        .subtree()
        .filter(|node| node.is(Kind::ForStatement));
    let site = |looped: Node<'a>| {
        let function = looped.enclosing_function()?;
        let (peer, writes) = peer::writes(declaration, function, looped)?;
        let turning = Turning::of(declaration, function, looped)?;
        let fault = fault(&turning, peer, declaration, function, looped)?;
        Some((peer, writes, fault))
    };
    let mut found: Vec<Site<'a>> = Vec::new();
    for looped in loops {
        let inside = found.iter().any(|held| held.looped.contains(looped));
        if let Some((peer, writes, fault)) = site(looped).filter(|_| !inside) {
            found.push(Site {
                declaration,
                looped,
                peer,
                fault,
                writes,
            });
        }
    }
    found
}

fn fault<'a>(
    turning: &Turning<'a>,
    peer: Peer,
    declaration: Declaration<'a>,
    function: Node<'a>,
    looped: Node<'a>,
) -> Option<Fault> {
    if turning.is_endless() {
        return Some(Fault::Unchecked);
    }
    let writes = |node: Node<'a>| peer::is_write(declaration, function, node);
    let has_no_end = looped.child(0).is_some_and(|first| first.role() == Field::Body)
        || timer_ranged_over(declaration, looped);
    let silent = peer == Peer::Stream
        && has_no_end
        && turning.is_left_only_past(&writes)
        && turning.has_turn_without(&writes, true);
    silent.then_some(Fault::Silent)
}

impl Site<'_> {
    fn message(&self) -> String {
        match (self.peer, self.fault) {
            (_, Fault::Silent) => {
                "this stream ends when a write fails, and some of its turns wait without writing: a client that leaves meanwhile is never noticed".to_owned()
            }
            (Peer::Stream, _) => {
                "nothing ends this stream when its client leaves: the error of the write is not heeded".to_owned()
            }
            (Peer::Socket, _) => {
                "nothing ends this loop when the websocket's client leaves: the error of the write is not heeded".to_owned()
            }
        }
    }
}
