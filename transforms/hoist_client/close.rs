//! The smaller repair: close the pool when the function returns. It still opens one for every request.

use super::uses::{handle_of, is_given_once};
use crate::go::syntax::{Kind, Node};
use crate::leak::{Acquisition, Effect, Fault, Lifetime};
use crate::rewrite::{self, Rewrite, is_error_check};
use crate::transform::{Applicability, Fix};

/// `defer db.Close()` behind the error check, where the pool is local, stays there, and nothing closes it yet.
pub fn fix(opening: &Acquisition<'_>, lifetime: &Lifetime<'_>) -> Option<Fix> {
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
        true => format!("{}.Background()", rewrite.package_at(at, "context", anchor)?),
        false => String::new(),
    };
    let line = format!("defer {name}.{method}({argument})");
    let edit = rewrite::insert_after(at.file(), anchor, &[&line])?;
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
