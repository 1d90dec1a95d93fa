//! A resource that nobody takes gets a name, and a deferred release.

use super::at_once::released_at_once;
use super::deferred::deferred;
use super::release::cut_off;
use super::turn;
use super::unreleased::Unreleased;
use crate::edit::NewName;
use crate::go::syntax::{Field, Kind, Node};
use crate::text::Edit;
use crate::transform::{Fix, Reason, Refusal};

/// `_, err := acquire()` ⇒ `x, err := acquire()` with a deferred release, under a name that nothing uses.
pub(super) fn named(site: &Unreleased<'_>) -> Result<Fix, Refusal> {
    let acquisition = &site.acquisition;
    let discarded = || {
        if acquisition.resource.called {
            let message =
                "the cancel function is dropped: give it a name, and call it when the turn or the work ends";
            return Refusal::new(Reason::HandleDiscarded, message);
        }
        let message = format!(
            "the result is dropped: take it, check the error and release it{}",
            match acquisition.resource.name.as_str() {
                "rows" => ", or use Exec where no rows are wanted",
                _ => "",
            }
        );
        Refusal::new(Reason::HandleDiscarded, message)
    };
    if acquisition.resource.read_to_end {
        return Err(cut_off(site));
    }
    let new = NewName::local(
        acquisition.at,
        acquisition.statement,
        &[&acquisition.resource.name],
    );
    let naming = naming(site, &new.name);
    let at_once = released_at_once(site, &new, naming.clone());
    let fix = match (site.lifetime.repeats, naming) {
        (_, None) => Err(discarded()),
        (true, Some(naming)) => turn::deferred(site, &new.name, naming),
        (false, Some(naming)) => {
            deferred(site, &new.name, naming).map_err(|refusal| match acquisition.statement.kind() {
                Kind::AssignmentStatement => discarded(),
                _ => refusal,
            })
        }
    };
    let mut fix = fix.or_else(|refusal| at_once.ok_or(refusal))?;
    fix.names.push(new);
    Ok(fix)
}

/// The edits that give the blank a name: `_, err = acquire()` declares it, too, where everything else it assigns to
/// was declared in the same block, and so stays the same variable.
fn naming(site: &Unreleased<'_>, name: &str) -> Option<Vec<Edit>> {
    let acquisition = &site.acquisition;
    let statement = acquisition.statement;
    let left = statement.field(Field::Left)?;
    let blank = left
        .child(acquisition.yields.result)
        .filter(|blank| blank.text() == "_")?;
    let mut edits = vec![Edit::replace(blank.span(), name)];
    if statement.is(Kind::ShortVarDeclaration) {
        return Some(edits);
    }
    let operator = statement
        .field(Field::Operator)
        .filter(|operator| operator.is(Kind::Assign))?;
    if !statement.is(Kind::AssignmentStatement) || !left.children().all(|target| stays(site, target)) {
        return None;
    }
    edits.push(Edit::replace(operator.span(), ":="));
    Some(edits)
}

/// Whether a `:=` in place of the `=` would take up this target, and not declare another.
pub(super) fn stays(site: &Unreleased<'_>, target: Node<'_>) -> bool {
    let (at, statement) = (site.acquisition.at, site.acquisition.statement);
    let block = statement.parent().and_then(Node::parent);
    let Some(block) = block.filter(|block| block.is(Kind::Block)) else {
        return false;
    };
    // Parameters and the body's own names share one block.
    let function = block.parent().filter(|around| around.is_function());
    let holds =
        |index: usize| index == block.index() || function.is_some_and(|function| function.index() == index);
    let binding = at.scopes().binding_of(target);
    target.text() == "_" || binding.is_some_and(|id| holds(at.scopes().get(id).block))
}
