//! Which repair a loss gets: a deferred release behind the error check, or a release before each return that leaks.

use super::apart;
use super::deferred::deferred;
use super::discarded::named;
use super::exits::released_at_exits;
use super::release::{cut_off, deferred_line, obstacle, release_call, title, unseen};
use super::several::{self, Several};
use super::statics;
use super::turn;
use super::unchecked::{self, Check};
use super::unreleased::Unreleased;
use crate::analysis::{Effect, Fault, Handle};
use crate::edit::{self, Rewrite};
use crate::go::syntax::{Field, Kind, Node};
use crate::transform::{Applicability, Fix, Reason, Refusal, Remedy};

/// What repairs `site`, or why nothing does.
pub fn fixes(site: &Unreleased<'_>) -> Remedy {
    match site.acquisition.handle {
        Handle::Local(_) => held(site),
        // Nobody took it, but a context that carries it may leave.
        _ => match obstacle(site).filter(|refusal| refusal.reason != Reason::InLoop) {
            Some(refusal) => Err(refusal),
            None => named(site).map(|fix| vec![fix]),
        },
    }
}

/// A resource that a name holds: deferred where it stays in the function, else released before each leaking return.
fn held(site: &Unreleased<'_>) -> Remedy {
    if !site.is_certain() {
        return Err(unseen(site));
    }
    if is_unread(site) {
        return Err(cut_off(site));
    }
    if let Some(refusal) = statics::obstacle(site) {
        return apart::taken_apart(site).map(|fix| vec![fix]).ok_or(refusal);
    }
    let obstacle = match several::held_by(site) {
        Several::No => obstacle(site),
        // A defer takes what the name holds where it stands. Anything else would ask the name later.
        Several::InTurn if obstacle(site).is_none() => None,
        Several::InTurn | Several::Unclear => return Err(several::refusal(site)),
    };
    match obstacle {
        // What releases it may do more, which is done on some paths already.
        None if site.acquisition.yields.beside.does_more() => match released_at_exits(site) {
            Some(fix) => Ok(vec![fix]),
            None => deferred_or_checked(site),
        },
        None => deferred_or_checked(site),
        Some(refusal) if site.acquisition.resource.sink.is_some() => Err(refusal),
        Some(refusal) => match released_at_exits(site) {
            Some(fix) => Ok(vec![fix]),
            None if refusal.reason == Reason::InLoop => {
                turn::deferred(site, site.held_name(), Vec::new()).map(|fix| vec![fix])
            }
            None => Err(refusal),
        },
    }
}

/// Whether nobody reads what has to be read to its end.
fn is_unread(site: &Unreleased<'_>) -> bool {
    let mentions = site.lifetime.mentions.iter();
    let mut others = mentions.filter(|mention| mention.effect != Effect::Release);
    site.acquisition.resource.read_to_end && !others.any(|mention| is_worked_with(mention.node))
}

/// Whether the name, or a part of it, is an argument or has a method called.
fn is_worked_with(name: Node<'_>) -> bool {
    let mut whole = name;
    while let Some(around) = whole
        .parent()
        .filter(|around| around.is(Kind::SelectorExpression))
    {
        whole = around;
    }
    let is_called = whole != name && whole.role() == Field::Function;
    is_called || whole.parent().is_some_and(|around| around.is(Kind::ArgumentList))
}

/// Where the error is dropped and the resource used all the same, a failure is a panic: the check of the error goes
/// before the guarded defer.
fn deferred_or_checked(site: &Unreleased<'_>) -> Remedy {
    let deferred = deferred(site, site.held_name(), Vec::new());
    if site.acquisition.fault != Fault::Dropped
        || site.acquisition.resource.nil_safe
        || !is_used_blindly(site)
    {
        return deferred.map(|fix| vec![fix]);
    }
    match unchecked::check(site) {
        Some(check) => Ok(checked(site, &check)?.into_iter().collect()),
        None => Err(Refusal::new(
            Reason::ErrorIgnored,
            format!(
                "the error is dropped and `{}` is used all the same: check the error, then release it",
                site.held_name()
            ),
        )),
    }
}

/// Whether nothing asks if the resource is there before it is used.
fn is_used_blindly(site: &Unreleased<'_>) -> bool {
    let mentions = &site.lifetime.mentions;
    let asks = |node: Node<'_>| {
        node.parent()
            .is_some_and(|parent| matches!(parent.operator(), Some(Kind::Equal | Kind::NotEqual)))
    };
    let touched = mentions.iter().any(|mention| mention.effect == Effect::Touch);
    touched && !mentions.iter().any(|mention| asks(mention.node))
}

/// `x, _ := acquire()` ⇒ the same with its error checked as the function reports errors, and a deferred release.
/// Where acquiring fails, the function panicked and now returns the error.
fn checked(site: &Unreleased<'_>, check: &Check<'_>) -> Result<Option<Fix>, Refusal> {
    let at = site.acquisition.at;
    let mut rewrite = Rewrite::new();
    check.new.iter().for_each(|new| rewrite.introduce(new.clone()));
    let release = release_call(site, site.held_name(), &mut rewrite)?;
    let line = deferred_line(at.file(), &release, site);
    let [condition, leave, end] = &check.lines;
    let lines = [condition.as_str(), leave, end, line.as_str()];
    let Some(insert) = edit::insert_after(at.file(), check.statement, &lines) else {
        return Ok(None);
    };
    for edit in [check.naming.clone(), insert] {
        if rewrite.edit(at.id.file, edit).is_err() {
            return Ok(None);
        }
    }
    let title = format!(
        "Check the error, and {}",
        lower_first(&title(site, site.held_name()))
    );
    Ok(Some(Fix::new(title, Applicability::Unsafe, rewrite)))
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}
