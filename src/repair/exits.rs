//! A release before each exit that leaks, where a defer would come too late or take what others need.

use super::literal::lost_in_literals;
use super::release::{fix_of, release_call};
use super::unreleased::Unreleased;
use crate::analysis::{Handle, Hold, Lost};
use crate::edit::{self, Rewrite};
use crate::go::cfg::Exit;
use crate::go::syntax::{Field, Kind, Node};
use crate::text::Edit;
use crate::transform::{Applicability, Fix};

/// `return nil, err` ⇒ `x.Close()` before it, for each return that leaks, where a defer would also close what other
/// paths hand over, or would wait for the end of a loop. The same before `continue` and `break`, and at the end of the
/// loop's body. `None` unless each of these places always comes with the resource and does not use it.
pub(super) fn released_at_exits(site: &Unreleased<'_>) -> Option<Fix> {
    let mut rewrite = Rewrite::new();
    let release = release_call(site, site.held_name(), &mut rewrite).ok()?;
    for loss in &site.lifetime.losses {
        let edit = released_at(site, loss.how, &release).filter(|_| loss.certain)?;
        rewrite.edit(site.acquisition.at.id.file, edit).ok()?;
    }
    let title = match site.lifetime.repeats {
        true => format!("Release `{}` at each end of the loop's turn", site.subject()),
        false => format!("Release `{}` before the returns that leak it", site.subject()),
    };
    Some(Fix::new(title, Applicability::Safe, rewrite).leaving(lost_in_literals(site)))
}

/// `defer x.Close()` in a loop ⇒ a release at each end of the turn that comes with the resource. A panic within the
/// turn passes those by, where it ran into the defer.
pub(super) fn released_at_ends(site: &Unreleased<'_>, defer: Node<'_>) -> Option<Fix> {
    let file = site.acquisition.at.file();
    let released = site.acquisition.resource.release.first()?;
    let call = defer.child(0)?.field(Field::Function)?;
    let is_plain = call
        .field(Field::Field)
        .is_some_and(|method| method.text() == *released);
    is_plain.then_some(())?;
    let gone = edit::delete_with_comments(file, defer)?;
    let fix = released_at_exits(site)?;
    let edits = fix
        .edits
        .into_iter()
        .flat_map(|(_, edits)| edits.iter().cloned().collect::<Vec<_>>());
    let edits = edits.chain([gone]).collect();
    let title = format!(
        "Release `{}` at each end of the loop's turn, and not by a defer",
        site.subject()
    );
    fix_of(site.acquisition.at, title, Applicability::Unsafe, edits)
}

fn released_at(site: &Unreleased<'_>, lost: Lost<'_>, release: &str) -> Option<Edit> {
    let at = site.acquisition.at;
    let mut held = site.acquisition.holders();
    held.retain(|(_, hold)| *hold != Hold::Carrier);
    let means = |binding, node| at.scopes().visible(&at.scopes().get(binding).name, node) == Some(binding);
    let known = |node| {
        matches!(site.acquisition.handle, Handle::Local(_))
            && held.iter().all(|(binding, _)| means(*binding, node))
    };
    let mut mentions = site.lifetime.mentions.iter().map(|mention| mention.node);
    match lost {
        Lost::Exit(Exit::Return(exit)) | Lost::Jump(exit) => {
            let uses = mentions.any(|node| exit.contains(node) && !reads_beside(site, node));
            let safe = !uses && known(exit) && site.lifetime.is_held_at(exit);
            edit::insert_before(at.file(), exit, &[release]).filter(|_| safe)
        }
        Lost::End(block) => {
            let list = block.children().find(|child| child.is(Kind::StatementList))?;
            let last = list.children().last()?;
            let safe = site.lifetime.is_held_at_end && known(last);
            edit::insert_after(at.file(), last, &[release]).filter(|_| safe)
        }
        _ => None,
    }
}

/// Whether the mention reads a field beside the part that is released, which is as good afterwards: the status of a
/// response.
fn reads_beside(site: &Unreleased<'_>, mention: Node<'_>) -> bool {
    let selector = mention
        .parent()
        .filter(|parent| parent.is(Kind::SelectorExpression));
    let called = |selector: Node<'_>| selector.role() == Field::Function;
    let field = selector
        .filter(|selector| !called(*selector))
        .and_then(|selector| selector.field(Field::Field));
    match (&site.acquisition.resource.part, field) {
        (Some(part), Some(field)) => field.text() != part,
        _ => false,
    }
}
