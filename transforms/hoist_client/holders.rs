//! Everyone who gets a pool from a helper, and what becomes of it there.

use std::collections::HashSet;

use super::beneath;
use super::closers::Closer;
use super::draft::{is_chained, is_returned};
use super::state;
use super::uses::{self, Scene, Uses};
use crate::analysis::request::callers;
use crate::analysis::{Acquisition, Effect, Handle, Lifetime, Mention, Resource};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{DeclId, DeclKind, Declaration};
use crate::transform::{Pass, Reason, Refusal};

/// A function that has the pool in a local name.
#[derive(Clone, Debug)]
pub struct Holder<'a> {
    pub acquisition: Acquisition<'a>,
    pub uses: Uses<'a>,
}

/// Follows a pool from the function that returns it to everyone who gets it.
pub struct Helper<'a, 'p> {
    pass: &'p Pass<'a>,
    scene: &'p Scene<'a, 'p>,
    seen: HashSet<(&'a str, DeclId)>,
    pub holders: Vec<Holder<'a>>,
}

impl<'a, 'p> Helper<'a, 'p> {
    pub fn new(pass: &'p Pass<'a>, scene: &'p Scene<'a, 'p>) -> Self {
        Helper {
            pass,
            scene,
            seen: HashSet::new(),
            holders: Vec::new(),
        }
    }

    /// Looks at every caller of the helper, and at theirs where they hand it on.
    pub fn follow(&mut self, at: Declaration<'a>, function: Node<'a>) -> Result<(), Refusal> {
        let is_plain = at.kind() == DeclKind::Func
            && at.function() == Some(function)
            && self.scene.acquirers.passes_on(at).is_some();
        if !is_plain {
            return Err(Refusal::new(
                Reason::Returned,
                format!(
                    "{} returns the pool in a way that cannot be followed: open it once where the program is set up",
                    at.title()
                ),
            ));
        }
        if !self.seen.insert((&at.package.path, at.id)) {
            return Ok(());
        }
        self.check_is_only_called(at)?;
        for (caller, call) in callers(at) {
            self.caller(at, caller, call)?;
        }
        Ok(())
    }

    fn caller(
        &mut self,
        helper: Declaration<'a>,
        caller: Declaration<'a>,
        call: Node<'a>,
    ) -> Result<(), Refusal> {
        let acquisition = self
            .scene
            .acquirers
            .acquisition(caller, call)
            .ok_or_else(|| lost(helper, caller))?;
        state::check(caller, acquisition.function)?;
        match acquisition.handle {
            Handle::Discarded => Ok(()),
            Handle::Elsewhere if is_returned(call) => self.follow(caller, acquisition.function),
            Handle::Elsewhere if is_chained(&acquisition) => Ok(()),
            Handle::Elsewhere => self.stored(acquisition, lost(helper, caller)),
            Handle::Local(_) => {
                let lifetime = Lifetime::of(&acquisition).ok_or_else(|| lost(helper, caller))?;
                let mut uses = match Uses::of(self.scene, &acquisition, &lifetime) {
                    Err(refusal) if refusal.reason == Reason::Reassigned => {
                        return match may_close(&acquisition, &lifetime) {
                            true => Err(placed(refusal, helper, caller, call)),
                            false => self.stored(acquisition, refusal),
                        };
                    }
                    found => found.map_err(|refusal| placed(refusal, helper, caller, call))?,
                };
                if is_main(caller, acquisition.function) {
                    keep_the_last(&mut uses.closes, acquisition.resource);
                }
                let passes_on = !uses.returned.is_empty();
                self.holders.push(Holder { acquisition, uses });
                match passes_on {
                    true => self.follow(caller, acquisition.function),
                    false => Ok(()),
                }
            }
        }
    }

    /// The pool goes where it cannot be followed, which is well where nobody closes it there.
    fn stored(&mut self, acquisition: Acquisition<'a>, refusal: Refusal) -> Result<(), Refusal> {
        self.scene.check_unchanged(acquisition.resource)?;
        let unseen = match self.scene.closer(acquisition.resource) {
            Closer::Somebody(_) => return Err(refusal),
            Closer::Perhaps(_) => Some("Close"),
            Closer::Nobody => None,
        };
        let uses = Uses {
            unseen,
            ..Uses::default()
        };
        self.holders.push(Holder { acquisition, uses });
        Ok(())
    }

    /// Tests, function values and calls through an interface could close what they get.
    fn check_is_only_called(&self, at: Declaration<'a>) -> Result<(), Refusal> {
        let name = at.decl().title();
        let calls = callers(at);
        let seen: HashSet<&str> = calls.iter().map(|(caller, _)| &*caller.file().path).collect();
        let users = self.pass.sources.users_of(at.package, name);
        if let Some(user) = users.iter().find(|user| !seen.contains(user.as_str())) {
            return Err(Refusal::new(
                Reason::UsedElsewhere,
                format!(
                    "{user} uses {} too, and could close the pool: open it once where the program is set up",
                    at.title()
                ),
            ));
        }
        let is_called = |(other, node): &(Declaration<'a>, Node<'a>)| {
            let mut calls = calls.iter();
            calls.any(|(caller, call)| {
                caller.file().path == other.file().path && call.field(Field::Function) == Some(*node)
            })
        };
        let outside = at.importers().flat_map(|importer| importer.selections(name));
        let outside = outside.filter(|(other, node)| names_package(at, *other, *node));
        let inside = match at.decl().receiver {
            Some(_) => at.package.selections(name),
            None => at.package.mentions(name),
        };
        // `redis.Client` is no mention of a function `Client`.
        let inside = inside
            .into_iter()
            .filter(|(_, node)| !node.parent().is_some_and(|around| around.is(Kind::QualifiedType)));
        match inside.chain(outside).all(|mention| is_called(&mention)) {
            true => Ok(()),
            false => Err(Refusal::new(
                Reason::Escapes,
                format!(
                    "{} is handed over as a value or called through an interface, so not all of its users can be seen",
                    at.title()
                ),
            )),
        }
    }
}

/// Whether a selector of another package means the function `at`, or could mean the method.
fn names_package(at: Declaration<'_>, other: Declaration<'_>, selector: Node<'_>) -> bool {
    let operand = selector.field(Field::Operand);
    let path = operand
        .filter(|node| node.is(Kind::Identifier))
        .and_then(|node| at.beside(other).import_path_of(node));
    match path {
        Some(path) => *path == *at.package.path,
        None => at.decl().receiver.is_some(),
    }
}

/// Leaves in `main` what closes when that ends, with what gives it the value that it closes.
fn keep_the_last(closes: &mut Vec<Node<'_>>, resource: &Resource) {
    let gives_no_value = |statement: &Node<'_>| {
        let mut methods = statement
            .descendants()
            .filter_map(|node| node.field(Field::Field));
        let closes = methods.any(|method| method.text() == "Close" || resource.is_released_by(method.text()));
        closes || statement.is(Kind::ExpressionStatement)
    };
    if closes.iter().any(|close| ends_the_process(*close)) {
        closes.retain(|close| !ends_the_process(*close) && gives_no_value(close));
    }
}

/// Whether a close of `main` runs when that ends, and the process with it: deferred, or its last statement.
fn ends_the_process(close: Node<'_>) -> bool {
    let mut behind = std::iter::successors(close.next_sibling(), |node| node.next_sibling());
    let mut is_last = || behind.all(|node| node.is(Kind::Comment));
    let is_of_body = || {
        close
            .enclosing(Kind::Block)
            .and_then(Node::parent)
            .is_some_and(Node::is_function)
    };
    close.is(Kind::DeferStatement) || (is_of_body() && is_last())
}

/// `main` may close what it holds when it ends: then the process does.
fn is_main(at: Declaration<'_>, function: Node<'_>) -> bool {
    at.decl().title() == "main" && at.decl().receiver.is_none() && at.function() == Some(function)
}

/// Whether the function that got the client closes what its name holds, in any way and whichever client that is.
fn may_close(acquisition: &Acquisition<'_>, lifetime: &Lifetime<'_>) -> bool {
    let (at, resource) = (acquisition.at, acquisition.resource);
    let closes = |node: Node<'_>| {
        let around = node.parent();
        let method = around.and_then(|around| around.field(Field::Field));
        method.is_some_and(|method| resource.is_released_by(method.text()))
            || beneath::taken_at(node, resource).is_some()
    };
    let handed = |node: Node<'_>| {
        let list = node.parent().filter(|list| list.is(Kind::ArgumentList));
        let call = list.and_then(Node::parent);
        call.is_some_and(|call| beneath::is_closed_by(at, call, resource))
    };
    let mut held = uses::handle_of(acquisition)
        .into_iter()
        .flat_map(|held| at.scopes().uses(held, at.tree()));
    let releases = |mention: &Mention<'_>| mention.effect == Effect::Release;
    lifetime.mentions.iter().any(releases) || held.any(|node| closes(node) || handed(node))
}

/// The refusal with the place of a caller that people do not have before their eyes.
fn placed(refusal: Refusal, helper: Declaration<'_>, caller: Declaration<'_>, call: Node<'_>) -> Refusal {
    let place = place_seen_from(helper, caller, call);
    Refusal::new(refusal.reason, format!("{place}{}", refusal.message))
}

/// `in listUsers (api/users.go:12), `, where that is in another package.
pub fn place_seen_from(helper: Declaration<'_>, caller: Declaration<'_>, call: Node<'_>) -> String {
    if std::ptr::eq(helper.package, caller.package) {
        return String::new();
    }
    let line = caller.file().lines().position(call.start()).line;
    format!("in {} ({}:{line}), ", caller.title(), caller.file().path)
}

fn lost(helper: Declaration<'_>, caller: Declaration<'_>) -> Refusal {
    Refusal::new(
        Reason::Escapes,
        format!(
            "{} keeps the pool of {} where others can reach it: open it once where the program is set up",
            caller.title(),
            helper.title()
        ),
    )
}
