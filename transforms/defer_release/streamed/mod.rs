//! Responses of fasthttp's clients, and of Fiber v3's client on top of them, whose bodies are streamed: each holds its
//! connection until the stream is closed, and a host has 512 of them. Responses that are not streamed hold nothing.

use std::sync::Arc;

use crate::analysis::{
    Acquirers, Acquisition, Beside, Effect, Fault, Handle, Lifetime, Resource, ResultIndexes, deferred,
    literal_of,
};
use crate::facts;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Declaration, Usage};
use crate::repair::Unreleased;
use crate::transform::{Family, Finding, Pass, Remedy};
use crate::transforms::defer_release::rules;

mod client;
mod repair;
mod unread;

use client::FASTHTTP;

/// What tells that a package has streamed responses at all.
const TOLD_BY: [&str; 2] = ["StreamResponseBody", "StreamBody"];

/// A response that some path leaves open.
pub struct Streamed<'a> {
    site: Unreleased<'a>,
    /// The statement behind which the response is there.
    origin: Option<Node<'a>>,
}

fn rows<'f>() -> impl Iterator<Item = &'f Resource> {
    facts::libraries().flat_map(|library| &library.streamed)
}

pub fn needles() -> Vec<String> {
    crate::repair::needles(rows())
}

/// Every streamed response of the package that some path loses.
pub fn collect<'a>(pass: &'a Pass<'a>) -> Vec<Streamed<'a>> {
    let holds = |text: &str| {
        let mut files = pass.package.files.iter();
        files.any(|file| memchr::memmem::find(&file.source, text.as_bytes()).is_some())
    };
    if !TOLD_BY.iter().any(|text| holds(text)) {
        return Vec::new();
    }
    pass.candidates(&needles()).flat_map(responses).collect()
}

fn responses(at: Declaration<'_>) -> Vec<Streamed<'_>> {
    let calls = at
        .tree()
        .root()
        .subtree()
        .filter(|node| node.is(Kind::CallExpression));
    calls.filter_map(|call| response(at, call)).collect()
}

fn response<'a>(at: Declaration<'a>, call: Node<'a>) -> Option<Streamed<'a>> {
    let callee = at.callee(call);
    let row = rows().find(|row| row.is_acquired_by(&callee))?;
    let (acquisition, origin) = match &*row.package == FASTHTTP {
        true => filled(at, call, row)?,
        false => given(at, call)?,
    };
    (client::streams(at, call) || acquisition.asks_to_stream()).then_some(())?;
    let mut lifetime = Lifetime::of(&acquisition)?;
    // A client that fills the response once more closes it first; this call is no such one.
    lifetime.mentions.retain(|mention| !call.contains(mention.node));
    let closed_by_hand = closes_the_stream_itself(&acquisition);
    let is_lost = lifetime.losses.iter().any(|loss| loss.certain)
        && !is_released_by_defer(&acquisition, &lifetime)
        && !closed_by_hand;
    is_lost.then(|| Streamed {
        site: Unreleased {
            acquisition,
            lifetime,
        },
        origin,
    })
}

/// `client.Do(req, resp)`, which fills a response that the function made.
fn filled<'a>(
    at: Declaration<'a>,
    call: Node<'a>,
    row: &'static Resource,
) -> Option<(Acquisition<'a>, Option<Node<'a>>)> {
    let function = call.enclosing_function()?;
    let response = call.field(Field::Arguments)?.child(1)?;
    let binding = at.scopes().binding_of(response)?;
    let origin = made_by(at, function, binding)?;
    let unless = |text: &String| memchr::memmem::find(at.bytes(), text.as_bytes()).is_some();
    (!row.unless.iter().any(unless)).then_some(())?;
    let (statement, fault) = error_of(at, call);
    let yields = ResultIndexes {
        resource: row,
        result: 0,
        error: None,
        beside: Beside::default(),
    };
    let acquisition = Acquisition {
        at,
        function,
        call,
        statement,
        resource: row,
        handle: Handle::Local(binding),
        fault,
        yields,
    };
    Some((acquisition, Some(origin)))
}

/// The statement by which `function` makes the response that `binding` holds, and no other.
fn made_by<'a>(at: Declaration<'a>, function: Node<'a>, binding: BindingId) -> Option<Node<'a>> {
    let held = at.scopes().get(binding);
    let statement = at.tree().node(held.origin);
    let is_own = held.function == function.index() && statement.is(Kind::ShortVarDeclaration);
    let value = statement.field(Field::Right).filter(|_| is_own)?;
    let made = value.child(0).filter(|_| value.children().count() == 1)?;
    let is_made = match made.kind() {
        Kind::CallExpression => {
            at.callee(made).is_function(FASTHTTP, "AcquireResponse")
                || made.text() == "new(fasthttp.Response)"
        }
        _ => literal_of(made).is_some(),
    };
    let changed = |node: Node<'_>| matches!(at.usage(node), Usage::Write | Usage::Address);
    let mut uses = at.scopes().uses(binding, at.tree());
    (is_made && !uses.any(changed)).then_some(statement)
}

/// Where the error of `call` goes, its only result.
fn error_of<'a>(at: Declaration<'a>, call: Node<'a>) -> (Node<'a>, Fault) {
    let list = call.parent().filter(|list| list.role() == Field::Right);
    let Some(statement) = list.and_then(Node::parent) else {
        return (call.statement().unwrap_or(call), Fault::Dropped);
    };
    let target = statement.field(Field::Left).and_then(|left| left.child(0));
    let name = target.and_then(|target| at.scopes().binding_of(target));
    (statement, name.map_or(Fault::Dropped, Fault::Local))
}

/// `resp, err := cc.Get(url)`
fn given<'a>(at: Declaration<'a>, call: Node<'a>) -> Option<(Acquisition<'a>, Option<Node<'a>>)> {
    let acquisition = Acquirers::new(rows()).acquisition(at, call)?;
    Some((acquisition, None))
}

/// Whether the stream is asked for a Close of its own, which ends it as well.
fn closes_the_stream_itself(acquisition: &Acquisition<'_>) -> bool {
    const CLOSERS: [&str; 4] = [
        "io.Closer",
        "io.ReadCloser",
        "CloseWithError",
        "ReadCloserWithError",
    ];
    let text = acquisition.function.bytes();
    let mut closers = CLOSERS.iter();
    closers.any(|closer| memchr::memmem::find(text, closer.as_bytes()).is_some())
}

/// Whether a release was deferred before the response was filled, as it should be.
fn is_released_by_defer(acquisition: &Acquisition<'_>, lifetime: &Lifetime<'_>) -> bool {
    lifetime.mentions.iter().any(|mention| {
        mention.effect == Effect::Release
            && mention.node.start() < acquisition.call.start()
            && deferred(mention.node, acquisition.function).is_some()
    })
}

/// What only these acquisitions are asked.
trait Asked {
    fn asks_to_stream(&self) -> bool;
}

impl Asked for Acquisition<'_> {
    /// `resp.StreamBody = true` on every way to the call.
    fn asks_to_stream(&self) -> bool {
        let Handle::Local(binding) = self.handle else {
            return false;
        };
        let mut uses = self.at.scopes().uses(binding, self.at.tree());
        uses.any(|held| {
            client::set_to(held, "StreamBody").is_some_and(|(statement, value)| {
                let block = statement.parent();
                let before = statement.end() < self.call.start();
                let always = block.is_some_and(|block| block.contains(self.call));
                value.is(Kind::True) && before && always
            })
        })
    }
}

impl Streamed<'_> {
    pub fn finding(&self) -> Finding {
        let finding = self.site.finding(Family::Release, rules::NAME);
        Finding {
            rule: Arc::new(rules::streamed()),
            message: format!(
                "{}: its body is streamed, and holds a connection",
                finding.message
            ),
            ..finding
        }
    }

    pub fn fix(&self) -> Remedy {
        repair::fix(&self.site, self.origin).map(|fix| vec![fix])
    }
}
