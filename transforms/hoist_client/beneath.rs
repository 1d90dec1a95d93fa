//! What lies beneath a client: the `*sql.DB` of a gorm.DB. Through it the pool is limited, asked and pinged, which does
//! a shared one no harm, and closed, which ends it for everyone.

use super::closers::{may_release_beneath, releases_beneath};
use super::definition::right_of;
use super::draft::is_chained;
use super::fault::{self, Rest};
use super::removable::{deferred, only_reports, removable_close};
use super::table;
use super::uses::{handle_of, is_closed, is_given_once};
use crate::analysis::reached::{Reached, called};
use crate::analysis::{Acquirers, Acquisition, Effect, Fault, Handle, Lifetime, Resource, mentions};
use crate::edit::is_error_check;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Declaration, Usage};

/// What a function does with what it takes out of the client.
pub enum Fate<'a> {
    /// It sets limits, asks and pings.
    Used,
    /// It closes it, in statements that can go.
    Closed {
        goes: Vec<Node<'a>>,
        /// Whether it does so on every path.
        always: bool,
    },
    /// It closes it in a way that cannot be taken out.
    Ended,
    /// Others have it then.
    Out,
}

/// The call that takes out what lies beneath the client at `mention`, or beneath what a chain of calls makes of it.
pub fn taken_at<'a>(mention: Node<'a>, resource: &Resource) -> Option<Node<'a>> {
    let mut value = mention;
    loop {
        let selector = selector_on(value)?;
        let call = selector
            .parent()
            .filter(|call| call.field(Field::Function) == Some(selector))?;
        if is_beneath(selector, resource) {
            return Some(call);
        }
        value = call;
    }
}

fn selector_on(value: Node<'_>) -> Option<Node<'_>> {
    let around = value.parent()?;
    (around.is(Kind::SelectorExpression) && around.field(Field::Operand) == Some(value)).then_some(around)
}

fn is_beneath(selector: Node<'_>, resource: &Resource) -> bool {
    let method = selector.field(Field::Field).map_or("", Node::text);
    resource.beneath.iter().any(|beneath| beneath == method)
}

/// Whether `function` closes what it takes out of something else than the client itself, which may share that with the
/// client: a session of it. `taken` are the calls that are looked at one by one.
pub fn closes_otherwise<'a>(
    at: Declaration<'a>,
    function: Node<'a>,
    taken: &[Node<'a>],
    resource: &Resource,
) -> bool {
    let is_other = |node: &Node<'a>| {
        let is_known = taken
            .iter()
            .any(|call| call.field(Field::Function) == Some(*node));
        node.is(Kind::SelectorExpression) && is_beneath(*node, resource) && !is_known
    };
    let takes = function.descendants().any(|node| is_other(&node));
    let mut nodes = function.descendants();
    takes && nodes.any(|node| may_release_beneath(at, node, resource))
}

/// The client from which a local name got what it holds: `db` for `pool` of `pool, err := db.DB()`.
pub fn source_of<'a>(at: Declaration<'a>, held: Node<'a>, resource: &Resource) -> Option<Node<'a>> {
    let binding = at.scopes().get(at.scopes().binding_of(held)?);
    let value = right_of(at.tree().node(binding.origin)).next()?;
    let selector = value.field(Field::Function)?;
    selector
        .field(Field::Operand)
        .filter(|_| is_beneath(selector, resource))
}

/// What `function`, which holds the client, does with what `call` takes out of it.
pub fn fate<'a>(at: Declaration<'a>, function: Node<'a>, call: Node<'a>) -> Fate<'a> {
    let acquirers = Acquirers::new(table::underlying());
    let Some(taken) = acquirers.acquisition(at, call) else {
        return Fate::Out;
    };
    match (taken.handle, selector_on(call)) {
        (Handle::Local(_), _) => Taken { function, taken }.fate(),
        (Handle::Discarded, _) => Fate::Used,
        (Handle::Elsewhere, _) if is_chained(&taken) => Fate::Used,
        (Handle::Elsewhere, Some(selector)) => {
            let statement = selector
                .parent()
                .and_then(|close| removable_close(at, function, close));
            statement.map_or(Fate::Ended, |statement| Fate::Closed {
                goes: vec![statement],
                always: false,
            })
        }
        (Handle::Elsewhere, None) => Fate::Out,
    }
}

/// What lies beneath, in a local name.
struct Taken<'a> {
    /// The function that holds the client; the taking may stand in a literal of it.
    function: Node<'a>,
    taken: Acquisition<'a>,
}

impl<'a> Taken<'a> {
    fn fate(&self) -> Fate<'a> {
        let (at, resource) = (self.taken.at, self.taken.resource);
        let Some(held) = handle_of(&self.taken).filter(|held| is_given_once(&self.taken, *held)) else {
            return Fate::Out;
        };
        let mut releases = 0;
        for mention in mentions(at, self.taken.function, held, resource) {
            match mention.effect {
                Effect::Pass | Effect::Touch | Effect::Lent => {}
                Effect::Release => releases += 1,
                Effect::Conditional { .. } => return Fate::Ended,
                Effect::Keep(_) | Effect::Unknown => return Fate::Out,
            }
        }
        if releases == 0 {
            return Fate::Used;
        }
        let uses = at.scopes().uses(held, at.tree());
        let closes: Vec<Node<'a>> = uses.filter_map(|node| close_on(node, resource)).collect();
        let goes = self.whole_branch(&closes).or_else(|| self.statements(&closes));
        match goes.filter(|_| releases <= closes.len()) {
            Some(goes) => Fate::Closed {
                goes: self.collapsed(goes),
                always: Lifetime::of(&self.taken).is_some_and(|lifetime| is_closed(&lifetime)),
            },
            None => Fate::Ended,
        }
    }

    /// `if pool, err := db.DB(); err == nil { pool.Close() }`
    fn whole_branch(&self, closes: &[Node<'a>]) -> Option<Vec<Node<'a>>> {
        let statement = self.taken.statement;
        let branch = statement
            .parent()
            .filter(|branch| branch.is(Kind::IfStatement) && statement.role() == Field::Initializer)?;
        let body = branch.field(Field::Consequence)?;
        let is_close = |statement: Node<'a>| closes.iter().any(|close| close.statement() == Some(statement));
        let mut statements = body.children().flat_map(Node::children);
        let is_plain = branch.field(Field::Alternative).is_none() && branch.role() != Field::Alternative;
        (is_plain && statements.all(is_close)).then(|| vec![branch])
    }

    /// The closing statements, and the taking with its error check where nothing else needs it.
    fn statements(&self, closes: &[Node<'a>]) -> Option<Vec<Node<'a>>> {
        let at = self.taken.at;
        let mut goes = Vec::new();
        for close in closes {
            goes.push(removable_close(at, self.function, *close)?);
        }
        let held = handle_of(&self.taken)?;
        let is_gone = |node: Node<'a>| goes.iter().any(|gone: &Node<'a>| gone.contains(node));
        let mut reads = at.scopes().uses(held, at.tree());
        if reads.any(|node| at.usage(node) == Usage::Read && !is_gone(node)) {
            return Some(goes);
        }
        let taking = self.taken.statement.statement()?;
        (taking == self.taken.statement).then_some(())?;
        goes.push(taking);
        goes.extend(self.error_check()?);
        let spans: Vec<_> = goes.iter().map(|node| node.span()).collect();
        (fault::without(&self.taken, &spans)? == Rest::Nothing).then_some(goes)
    }

    /// The check behind the taking, which must do no more than report; none is as well.
    fn error_check(&self) -> Option<Option<Node<'a>>> {
        let Fault::Local(error) = self.taken.fault else {
            return Some(None);
        };
        let name = &self.taken.at.scopes().get(error).name;
        let behind = std::iter::successors(self.taken.statement.next_sibling(), |node| node.next_sibling());
        let check = { behind }
            .find(|node| !node.is(Kind::Comment))
            .filter(|next| is_error_check(*next, name));
        let is_quiet = |check: Node<'a>| check.field(Field::Consequence).is_some_and(only_reports);
        match check {
            Some(check) if !is_quiet(check) => None,
            check => Some(check),
        }
    }

    /// The statement that defers a literal, where nothing of its body stays.
    fn collapsed(&self, goes: Vec<Node<'a>>) -> Vec<Node<'a>> {
        let literal = self.taken.function;
        let body = literal.field(Field::Body).into_iter().flat_map(Node::children);
        let mut statements = body.flat_map(Node::children);
        let all_go = statements.all(|statement| goes.contains(&statement));
        match deferred(literal, self.function).filter(|_| all_go) {
            Some(whole) => vec![whole],
            None => goes,
        }
    }
}

/// The call of the closing method on `name`.
fn close_on<'a>(name: Node<'a>, resource: &Resource) -> Option<Node<'a>> {
    let selector = selector_on(name)?;
    let method = selector.field(Field::Field)?.text();
    selector
        .parent()
        .filter(|call| call.field(Field::Function) == Some(selector) && resource.is_released_by(method))
}

/// Whether a function that `call` hands the client to takes out and closes what lies beneath it, or may do so.
pub fn is_closed_by<'a>(at: Declaration<'a>, call: Node<'a>, resource: &Resource) -> bool {
    let callee = called(at, call).filter(|_| !resource.beneath.is_empty());
    let mut reached = Reached::from_all(callee);
    let closes = |(at, _): (Declaration<'a>, Node<'a>)| {
        let mut nodes = at.tree().root().subtree();
        nodes.any(|node| node.is(Kind::SelectorExpression) && is_beneath(node, resource))
            && releases_beneath(at, resource)
    };
    reached.any(closes) || reached.is_cut()
}

/// Whether the function that opens a client closes what lies beneath it on every path behind the opening's check.
pub fn is_closed_beneath(opening: &Acquisition<'_>) -> bool {
    let (at, resource) = (opening.at, opening.resource);
    let Some(held) = handle_of(opening).filter(|_| !resource.beneath.is_empty()) else {
        return false;
    };
    let uses = at.scopes().uses(held, at.tree());
    let mut taken = uses.filter_map(|node| taken_at(node, resource));
    taken.any(|call| {
        let fate = fate(at, opening.function, call);
        matches!(fate, Fate::Closed { always: true, .. }) && is_right_behind(opening, call)
    })
}

/// Whether nothing but error checks stands between the opening and the statement that holds `taking`.
pub fn is_right_behind(opening: &Acquisition<'_>, taking: Node<'_>) -> bool {
    let behind = opening.statement.statement().and_then(Node::next_sibling);
    let mut behind = std::iter::successors(behind, |node| node.next_sibling());
    let is_check = |node: &Node<'_>| match opening.fault {
        Fault::Local(error) => is_error_check(*node, &opening.at.scopes().get(error).name),
        _ => false,
    };
    let next = behind.find(|node| !node.is(Kind::Comment) && !is_check(node));
    next.is_some_and(|next| next.contains(taking))
}

/// Whether the function, which gives its caller the client, may have closed what lies beneath it by then.
pub fn is_handed_over_closed<'a>(opening: &Acquisition<'a>, handed: &[Node<'a>]) -> bool {
    let (at, function) = (opening.at, opening.function);
    let Some(flow) = at.control_flow(function) else {
        return true;
    };
    let is_handed = |node: Node<'a>| handed.iter().any(|value| node.contains(*value));
    let may_close = |call: &Node<'a>| {
        let closes_here = call
            .field(Field::Function)
            .is_some_and(|selector| may_release_beneath(at, selector, opening.resource));
        closes_here || is_closed_by(at, *call, opening.resource)
    };
    let calls = function
        .descendants()
        .filter(|node| node.is(Kind::CallExpression));
    calls.filter(may_close).any(|call| {
        let is_deferred = crate::analysis::deferred(call, function).is_some();
        let point = flow.point_of(call).filter(|_| !is_deferred);
        point.is_none_or(|point| flow.reaches(point.after(), is_handed, |_| false))
    })
}
