//! The edits: the stream closed by a defer, or before each return that leaves it open. The connection goes back to its
//! pool then, where the rest of a body that was not read would be taken for the next answer: so it is closed with the
//! stream unless the body was read to its end.

use std::collections::HashSet;

use super::client::FASTHTTP;
use super::unread::unread;
use crate::analysis::{Effect, Handle, Keep, Lost};
use crate::edit::{self, Rewrite};
use crate::go::cfg::Exit;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Declaration, Usage};
use crate::repair::{Unreleased, place_behind_check};
use crate::text::Edit;
use crate::transform::{Applicability, Fix, Reason, Refusal};

/// Methods that read the body to its end and close the stream behind it.
const DRAINS: [&str; 6] = ["Body", "String", "JSON", "XML", "CBOR", "SwapBody"];

/// What repairs `site`. `origin` is the statement behind which a response that a call fills is there.
///
/// ```text
/// resp := fasthttp.AcquireResponse()   ⇒   the same with `defer resp.CloseBodyStream()` behind it
/// resp, err := cc.Get(url); check      ⇒   the same with `defer resp.Close()` behind it
/// ```
///
/// What is closed a second time, or was never streamed, stays as it is. The memory of the response stays its own: no
/// one gets it who could write over what is still read of it.
pub(super) fn fix<'a>(site: &Unreleased<'a>, origin: Option<Node<'a>>) -> Result<Fix, Refusal> {
    let (at, name) = held(site)?;
    let repair = Repair {
        site,
        name,
        unread: unread(site),
        is_fasthttp: &*site.acquisition.resource.package == FASTHTTP,
    };
    if let Some(refusal) = repair.obstacle() {
        return Err(refusal);
    }
    let repeats = match origin {
        Some(origin) => is_in_loop(origin, site.acquisition.function),
        None => site.lifetime.repeats,
    };
    match repair.may_defer() && !repeats {
        true => repair.deferred(at, origin),
        false => repair.at_exits(at, repeats),
    }
}

fn held<'a>(site: &Unreleased<'a>) -> Result<(Declaration<'a>, &'a str), Refusal> {
    match site.acquisition.handle {
        Handle::Local(binding) => {
            let at = site.acquisition.at;
            Ok((at, &at.scopes().get(binding).name))
        }
        _ => Err(Refusal::new(
            Reason::HandleDiscarded,
            "the response is dropped: take it, check the error and close it",
        )),
    }
}

fn is_in_loop(statement: Node<'_>, function: Node<'_>) -> bool {
    let mut around = statement.ancestors().take_while(|node| *node != function);
    around.any(|node| node.is(Kind::ForStatement))
}

struct Repair<'a, 's> {
    site: &'s Unreleased<'a>,
    name: &'a str,
    /// Losses with something left of the body.
    unread: HashSet<Lost<'a>>,
    is_fasthttp: bool,
}

impl<'a> Repair<'a, '_> {
    /// Why neither a defer nor a Close at the exits would do.
    fn obstacle(&self) -> Option<Refusal> {
        let acquisition = &self.site.acquisition;
        let (at, name) = (acquisition.at, self.name);
        let Handle::Local(binding) = acquisition.handle else {
            return None;
        };
        let written = |node: Node<'_>| {
            matches!(at.usage(node), Usage::Write | Usage::Address) && !acquisition.statement.contains(node)
        };
        if at.scopes().uses(binding, at.tree()).any(written) {
            let message =
                format!("`{name}` holds several in turn: give each a name of its own, and close each");
            return Some(Refusal::new(Reason::Reassigned, message));
        }
        let mut effects = self.site.lifetime.mentions.iter().map(|mention| mention.effect);
        let message = match effects.find(|effect| !is_seen(*effect))? {
            Effect::Keep(_) => format!(
                "`{name}` is used by a goroutine or closure that may outlive the function: close it where that ends"
            ),
            _ => {
                format!("`{name}` is handed to code that cannot be seen here: check that it is closed there")
            }
        };
        Some(Refusal::new(Reason::Escapes, message))
    }

    /// Whether nothing keeps the stream, and nothing gives the response back.
    fn may_defer(&self) -> bool {
        self.site
            .lifetime
            .mentions
            .iter()
            .all(|mention| match mention.effect {
                Effect::Release => method_of(mention.node)
                    .is_some_and(|method| method.starts_with("Body") || DRAINS.contains(&method)),
                effect => !matches!(effect, Effect::Keep(_)),
            })
    }

    fn deferred(&self, at: Declaration<'a>, origin: Option<Node<'a>>) -> Result<Fix, Refusal> {
        let behind = match origin {
            Some(origin) => origin,
            None => place_behind_check(self.site)?,
        };
        let close = match self.is_fasthttp || self.is_read_from() {
            true => self.close(),
            false => format!("{}.Close()", self.name),
        };
        let beside = self.dropped_at_exits(at);
        let lines = match beside.is_some() {
            true => vec![format!("defer {close}")],
            false => vec![
                "defer func() {".to_owned(),
                format!("\t{}", self.drop_connection()),
                format!("\t{close}"),
                "}()".to_owned(),
            ],
        };
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let edit = edit::insert_after(at.file(), behind, &lines).ok_or_else(crowded)?;
        let edits = beside.into_iter().flatten().chain([edit]).collect();
        let title = format!("Close the stream of `{}` when the function returns", self.name);
        self.fix(at, title, edits)
    }

    /// Where some returns come with the whole body read, whose connections serve again: what closes the connection on
    /// the other returns. `None` where all are alike, or one of the others leaves no place for it.
    fn dropped_at_exits(&self, at: Declaration<'a>) -> Option<Vec<Edit>> {
        let losses = self.site.lifetime.losses.iter().map(|loss| loss.how);
        let (unread, read): (Vec<_>, Vec<_>) = losses.partition(|lost| self.unread.contains(lost));
        if read.is_empty() {
            return None;
        }
        let dropped = unread.into_iter().map(|lost| {
            let Lost::Exit(Exit::Return(exit)) = lost else {
                return None;
            };
            let mut mentions = self.site.lifetime.mentions.iter();
            let safe = mentions.all(|mention| !exit.contains(mention.node) || is_number(mention.node))
                && !exit.contains(self.site.acquisition.call)
                && self.is_known_at(at, exit);
            let line = self.drop_connection();
            edit::insert_before(at.file(), exit, &[&line]).filter(|_| safe)
        });
        dropped.collect()
    }

    /// Whether the name means the response there, and there surely is one.
    fn is_known_at(&self, at: Declaration<'a>, exit: Node<'a>) -> bool {
        let Handle::Local(binding) = self.site.acquisition.handle else {
            return false;
        };
        at.scopes().visible(self.name, exit) == Some(binding)
            && (self.is_fasthttp || self.site.lifetime.is_held_at(exit))
    }

    /// The same before each return that leaves it open, where others release it or hand its stream on.
    fn at_exits(&self, at: Declaration<'a>, repeats: bool) -> Result<Fix, Refusal> {
        let edits: Option<Vec<Edit>> = self
            .site
            .lifetime
            .losses
            .iter()
            .map(|loss| self.before(at, loss.how).filter(|_| loss.certain))
            .collect();
        let message = match repeats {
            true => {
                "a defer in this loop would run only when the function returns: move the body to a function"
            }
            false => "it is released or handed on elsewhere: close it where it is not, on every such path",
        };
        let reason = if repeats {
            Reason::InLoop
        } else {
            Reason::ControlFlow
        };
        let edits = edits.ok_or_else(|| Refusal::new(reason, message))?;
        let title = format!(
            "Close the stream of `{}` before the returns that leave it open",
            self.name
        );
        self.fix(at, title, edits)
    }

    fn before(&self, at: Declaration<'a>, lost: Lost<'a>) -> Option<Edit> {
        let (Lost::Exit(Exit::Return(exit)) | Lost::Jump(exit)) = lost else {
            return None;
        };
        let mut mentions = self.site.lifetime.mentions.iter();
        let safe = self.is_known_at(at, exit)
            && self.site.lifetime.is_held_at(exit)
            && mentions.all(|mention| !exit.contains(mention.node) || is_unharmed(mention.node))
            && !exit.contains(self.site.acquisition.call);
        let close = self.close();
        let drop = self.drop_connection();
        let lines = match self.unread.contains(&lost) {
            true => vec![drop.as_str(), close.as_str()],
            false => vec![close.as_str()],
        };
        edit::insert_before(at.file(), exit, &lines).filter(|_| safe)
    }

    fn fix(&self, at: Declaration<'a>, title: String, edits: Vec<Edit>) -> Result<Fix, Refusal> {
        let mut rewrite = Rewrite::new();
        for edit in edits {
            rewrite.edit(at.id.file, edit).map_err(|_| crowded())?;
        }
        Ok(Fix::new(title, Applicability::Safe, rewrite))
    }

    /// Closes the stream, and leaves the response with its memory alone.
    fn close(&self) -> String {
        format!("{}{}.CloseBodyStream()", self.name, self.raw())
    }

    fn drop_connection(&self) -> String {
        format!("{}{}.SetConnectionClose()", self.name, self.raw())
    }

    fn raw(&self) -> &'static str {
        if self.is_fasthttp { "" } else { ".RawResponse" }
    }

    /// Whether anything but numbers and the stream is read, which would lie in memory that a Close of Fiber's client
    /// gives away.
    fn is_read_from(&self) -> bool {
        let harmless = |method: &str| {
            matches!(
                method,
                "StatusCode" | "Status" | "BodyStream" | "IsStreaming" | "Save"
            )
        };
        let mut mentions = self.site.lifetime.mentions.iter();
        mentions.any(|mention| !method_of(mention.node).is_some_and(harmless) && !is_compared(mention.node))
    }
}

fn crowded() -> Refusal {
    let message = "the place for it shares its line with other code: give it lines of its own";
    Refusal::new(Reason::ControlFlow, message)
}

fn is_seen(effect: Effect) -> bool {
    !matches!(
        effect,
        Effect::Keep(Keep::Goroutine | Keep::Closure)
            | Effect::Unknown
            | Effect::Conditional { .. }
            | Effect::Lent
    )
}

/// The field or method that is selected of `mention`.
fn method_of(mention: Node<'_>) -> Option<&str> {
    let selector = mention
        .parent()
        .filter(|parent| parent.is(Kind::SelectorExpression))?;
    selector.field(Field::Field).map(Node::text)
}

fn is_compared(mention: Node<'_>) -> bool {
    mention
        .parent()
        .is_some_and(|parent| parent.is(Kind::BinaryExpression))
}

fn is_number(mention: Node<'_>) -> bool {
    method_of(mention).is_some_and(|method| matches!(method, "StatusCode" | "Status"))
}

/// Whether what is read here is as good when the stream is closed.
fn is_unharmed(mention: Node<'_>) -> bool {
    is_number(mention) || method_of(mention) == Some("Header")
}
