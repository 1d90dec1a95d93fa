//! Calls the cancel function of a context when the function that made it returns.
//!
//! The cancel function is a resource like others: rows of `src/facts` say who gives one, `crate::repair` finds the paths
//! that lose it and makes the repair. `group` is about error groups, whose context only `Wait` ends.
//!
//! The page for users is explain.md.

use std::sync::Arc;

use crate::analysis::{Effect, Keep, Resource, mentions_of_context};
use crate::config::Config;
use crate::facts;
use crate::go::syntax::{Field, Node};
use crate::rating::Severity;
use crate::repair::{self, Piled, Unreleased};
use crate::transform::{Family, Finding, Pass, Reason, Refusal, Remedy, Rule, Transform};

mod group;

/// Calls the cancel function of a context when the function that made it returns.
pub struct CallCancel;

const NAME: &str = "call_cancel";

fn cancels<'f>() -> impl Iterator<Item = &'f Resource> {
    facts::libraries().flat_map(|library| &library.cancels)
}

/// What leaks.
pub enum Site<'a> {
    Unreleased(Box<Unreleased<'a>>),
    Piled(Box<Piled<'a>>),
    Group(Box<Unreleased<'a>>),
}

impl Transform for CallCancel {
    type Site<'a> = Site<'a>;

    fn name(&self) -> &'static str {
        NAME
    }

    fn page(&self) -> &'static str {
        include_str!("explain.md")
    }

    fn rules(&self, _config: &Config) -> Vec<Arc<Rule>> {
        let mut rules = repair::rules(cancels(), Family::Cancel, NAME);
        rules.push(Arc::new(repair::piled_rule(Family::Cancel, Severity::Low, NAME)));
        rules.push(group::rule());
        rules
    }

    fn needles(&self, _config: &Config) -> Vec<String> {
        let mut needles = repair::needles(cancels());
        needles.extend(group::needles());
        needles
    }

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<Site<'a>> {
        let acquired = repair::acquisitions(pass, cancels(), &repair::needles(cancels()));
        let piled = repair::piled(&acquired).into_iter();
        let piled: Vec<_> = piled.map(|site| Site::Piled(Box::new(site))).collect();
        let lost = acquired.into_iter().filter_map(repair::leaking);
        let lost = lost.map(|site| Site::Unreleased(Box::new(site)));
        let groups = group::collect(pass).into_iter();
        let groups = groups.map(|site| Site::Group(Box::new(site)));
        lost.chain(piled).chain(groups).collect()
    }

    fn finding(&self, _pass: &Pass<'_>, site: &Site<'_>) -> Finding {
        match site {
            Site::Unreleased(site) => site.finding(Family::Cancel, NAME),
            Site::Piled(site) => site.finding(Family::Cancel, NAME),
            Site::Group(site) => group::finding(site),
        }
    }

    /// `ctx, _ := context.WithTimeout(p, d)` ⇒ `ctx, cancel := context.WithTimeout(p, d)` and `defer cancel()`.
    ///
    /// The context ends with the function, or with the turn of a loop. That cuts nothing off where nothing that
    /// outlives the function or the turn has it.
    fn fix(&self, _pass: &Pass<'_>, site: &Site<'_>) -> Remedy {
        let open = match site {
            Site::Unreleased(site) => &**site,
            Site::Piled(site) => site.open(),
            Site::Group(_) => return Err(group::refusal()),
        };
        match (outliving(open), site) {
            (Some(refusal), _) => Err(refusal),
            (None, Site::Piled(site)) => site.fixes(),
            (None, _) => repair::fixes(open),
        }
    }
}

/// Why the context may be needed after the function returned.
fn outliving(site: &Unreleased<'_>) -> Option<Refusal> {
    let acquisition = &site.acquisition;
    let at = acquisition.at;
    let refuse = |reason, message: &str| Some(Refusal::new(reason, message));
    let Some(target) = context_target(acquisition.statement) else {
        return refuse(
            Reason::Escapes,
            "the context has no name here: give it one, and its cancel function too",
        );
    };
    if target.text() == "_" {
        return None;
    }
    let local = at.scopes().binding_of(target);
    let local = local.filter(|id| at.scopes().get(*id).function == acquisition.function.index());
    let Some(binding) = local else {
        return refuse(
            Reason::Escapes,
            "the context is kept outside this function: keep its cancel function beside it, and call that when the \
             work is over",
        );
    };
    let mentions = mentions_of_context(at, acquisition.function, binding);
    let turn = repair::turn_around(acquisition);
    let goes_on = |turn: Node<'_>| mentions.iter().any(|mention| !turn.contains(mention.node));
    if turn.is_some_and(goes_on) {
        return refuse(
            Reason::InLoop,
            "what works with the context is used behind the loop, or in other turns of it: call the cancel function \
             where that use ends",
        );
    }
    mentions.iter().find_map(|mention| match mention.effect {
        Effect::Keep(Keep::Goroutine) => refuse(
            Reason::Escapes,
            "a goroutine works with the context: call the cancel function where that work ends",
        ),
        Effect::Keep(Keep::Returned) => refuse(
            Reason::Returned,
            "what works with the context is returned: return the cancel function, too",
        ),
        Effect::Keep(Keep::Closure) => refuse(
            Reason::FeedsStream,
            "a closure that outlives the function works with the context: make it, and defer its cancel function, \
             in there",
        ),
        Effect::Keep(Keep::Stored | Keep::Passed) => refuse(
            Reason::Escapes,
            "the context is kept by something that outlives the function: call the cancel function where that ends",
        ),
        Effect::Unknown | Effect::Conditional { .. } | Effect::Lent => refuse(
            Reason::Escapes,
            "the context is handed to code that cannot be seen here: check that it is done when the function returns",
        ),
        Effect::Pass | Effect::Touch | Effect::Release => None,
    })
}

/// What the context is assigned to.
fn context_target(statement: Node<'_>) -> Option<Node<'_>> {
    let left = statement.field(Field::Left);
    left.map_or_else(|| statement.field(Field::Name), |left| left.child(0))
}
