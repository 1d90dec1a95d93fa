//! The smaller repair: close the pool when the function returns. It still opens one for every request.

use super::uses::{handle_of, is_given_once};
use crate::analysis::{Acquisition, Effect, Fault, Lifetime};
use crate::edit::{self, Rewrite, is_error_check};
use crate::facts::paths;
use crate::go::Usage;
use crate::go::syntax::{Field, Kind, Node};
use crate::repair::{self, Unreleased};
use crate::text::Edit;
use crate::transform::{Applicability, Fix};

/// The smaller repair of a local pool that stays in its function, where there is one.
pub fn fix(opening: &Acquisition<'_>, lifetime: &Lifetime<'_>) -> Option<Fix> {
    at_the_end(opening, lifetime).or_else(|| on_some_paths(opening, lifetime))
}

/// `fiber.Get(url)` ⇒ `fiber.Get(url).ConnectionClose()`: what it opens goes with its only use.
pub fn ended(opening: &Acquisition<'_>) -> Option<Fix> {
    let method = opening.resource.ended_by.as_deref()?;
    let mut rewrite = Rewrite::new();
    let edit = Edit::insert(opening.call.end(), format!(".{method}()"));
    rewrite.edit(opening.at.id.file, edit).ok()?;
    let title = format!(
        "Close the connection of this {} behind its request",
        opening.resource.name
    );
    Some(Fix::new(title, Applicability::Safe, rewrite))
}

/// Whether the code ends it so already, where it makes it or by its name.
pub fn is_ended(opening: &Acquisition<'_>) -> bool {
    let Some(method) = opening.resource.ended_by.as_deref() else {
        return false;
    };
    let calls = |value: Node<'_>| {
        let selector = value
            .parent()
            .filter(|around| around.is(Kind::SelectorExpression));
        selector
            .and_then(|selector| selector.field(Field::Field))
            .map(Node::text)
            == Some(method)
    };
    let chain = std::iter::successors(Some(opening.call), |call| {
        let selector = call
            .parent()
            .filter(|around| around.is(Kind::SelectorExpression))?;
        selector.parent().filter(|around| around.is(Kind::CallExpression))
    });
    let at = opening.at;
    let named = handle_of(opening)
        .into_iter()
        .flat_map(|held| at.scopes().uses(held, at.tree()));
    chain.into_iter().any(calls)
        || named
            .into_iter()
            .any(|node| at.usage(node) == Usage::Read && calls(node))
}

/// The repair of `defer_release`, for a pool that some paths close, or whose error is checked in some other way.
fn on_some_paths(opening: &Acquisition<'_>, lifetime: &Lifetime<'_>) -> Option<Fix> {
    let stays = lifetime
        .mentions
        .iter()
        .all(|mention| matches!(mention.effect, Effect::Pass | Effect::Touch | Effect::Release));
    let name = &opening.at.scopes().get(handle_of(opening)?).name;
    (stays && !lifetime.losses.is_empty() && !opening.resource.release.is_empty()).then_some(())?;
    let site = Unreleased {
        acquisition: *opening,
        lifetime: Lifetime::of(opening)?,
    };
    let fix = repair::fixes(&site).ok()?.into_iter().next()?;
    let what = opening.resource.name.replace("connection pool", "pool");
    let title = format!("Close `{name}` on every path; each request still opens one {what}");
    Some(Fix { title, ..fix }.lessening())
}

/// `defer db.Close()` behind the error check, where the pool is local, stays there, and nothing closes it yet.
fn at_the_end(opening: &Acquisition<'_>, lifetime: &Lifetime<'_>) -> Option<Fix> {
    let at = opening.at;
    let handle = handle_of(opening)?;
    let stays = lifetime
        .mentions
        .iter()
        .all(|mention| matches!(mention.effect, Effect::Pass | Effect::Touch));
    let is_repeated = opening
        .statement
        .ancestors()
        .take_while(|node| *node != opening.function)
        .any(|node| node.is(Kind::ForStatement));
    let is_one = is_given_once(opening, handle);
    (stays && is_one && !lifetime.losses.is_empty() && !is_repeated).then_some(())?;
    let name = &at.scopes().get(handle).name;
    let anchor = match opening.fault {
        Fault::Never => opening.statement.statement()?,
        Fault::Local(error) => check_behind(opening, &at.scopes().get(error).name)?,
        Fault::Dropped => return None,
    };
    let method = opening.resource.release.first()?;
    let mut rewrite = Rewrite::new();
    let argument = match opening.resource.release_takes_context {
        true => format!("{}.Background()", rewrite.package_at(at, paths::CONTEXT, anchor)?),
        false => String::new(),
    };
    let line = format!("defer {name}.{method}({argument})");
    let edit = edit::insert_after(at.file(), anchor, &[&line])?;
    rewrite.edit(at.id.file, edit).ok()?;
    let what = opening.resource.name.replace("connection pool", "pool");
    let title = format!("Close `{name}` when the function returns; it still opens one {what} per request");
    Some(Fix::new(title, Applicability::Safe, rewrite).lessening())
}

fn check_behind<'a>(opening: &Acquisition<'a>, error: &str) -> Option<Node<'a>> {
    let statement = opening.statement.statement()?;
    (statement == opening.statement || opening.statement.is(Kind::VarSpec)).then_some(())?;
    let mut behind = std::iter::successors(statement.next_sibling(), |node| node.next_sibling());
    behind
        .find(|node| !node.is(Kind::Comment))
        .filter(|next| is_error_check(*next, error))
}
