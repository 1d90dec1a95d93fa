//! Names that hold one resource after another. A plain `defer x.Close()` takes what the name holds where it stands, and
//! so is exact; whatever would ask the name later is not.

use super::spot::Spot;
use super::unreleased::Unreleased;
use crate::analysis::Handle;
use crate::go::cfg::Point;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, BindingKind, Usage};
use crate::transform::{Reason, Refusal};

/// Whether a name holds more than the resource at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Several {
    No,
    /// One after another, by assignments of the function itself.
    InTurn,
    /// A loop, a closure or a pointer may change what it holds.
    Unclear,
}

/// What the name of the resource holds beside it.
pub(super) fn held_by(site: &Unreleased<'_>) -> Several {
    let Some(binding) = held(site) else {
        return Several::No;
    };
    let at = site.acquisition.at;
    let variable = at.scopes().get(binding);
    let origin = at.tree().node(variable.origin);
    let declared_empty = variable.kind == BindingKind::Result
        || (origin.is(Kind::VarSpec) && origin.field(Field::Value).is_none());
    let declared_here = site
        .acquisition
        .statement
        .contains(at.tree().node(variable.declared));
    let others: Vec<Node<'_>> = other_writes(site, binding).collect();
    if (declared_here || declared_empty) && others.is_empty() {
        return Several::No;
    }
    let is_plain = |node: &Node<'_>| {
        at.usage(*node) == Usage::Write && node.enclosing_function() == Some(site.acquisition.function)
    };
    match !site.lifetime.repeats && others.iter().all(is_plain) {
        true => Several::InTurn,
        false => Several::Unclear,
    }
}

pub(super) fn refusal(site: &Unreleased<'_>) -> Refusal {
    let message = format!(
        "`{}` holds several in turn: give each a name of its own",
        site.held_name()
    );
    Refusal::new(Reason::Reassigned, message)
}

/// Why no defer is added: a release further down serves this and other values of the name.
pub(super) fn shared_below(site: &Unreleased<'_>, spot: Spot<'_>) -> Option<Refusal> {
    let (binding, flow) = (held(site)?, &site.lifetime.flow);
    (held_by(site) != Several::No).then_some(())?;
    let start = flow.point_of(site.acquisition.call)?;
    let changes: Vec<Point> = other_writes(site, binding)
        .filter_map(|node| flow.point_of(node))
        .collect();
    let is_change = |node| flow.point_of(node).is_some_and(|point| changes.contains(&point));
    let mut elsewhere = site.releases().into_iter().filter(|release| {
        spot.list().is_none_or(|list| !list.contains(*release))
            && flow.point_of(*release).is_some_and(|point| {
                flow.reaches(
                    start.after(),
                    |node| flow.point_of(node) == Some(point),
                    is_change,
                )
            })
    });
    elsewhere.next()?;
    let message = format!(
        "what is {} below is this or another `{}`: give each a name of its own, and defer behind each",
        site.acquisition.resource.verb,
        site.held_name()
    );
    Some(Refusal::new(Reason::Reassigned, message))
}

/// Whether the name still holds the resource at `later`, which stands in `list` behind the offset `from`.
pub(super) fn still_holds(
    site: &Unreleased<'_>,
    from: usize,
    list: Option<Node<'_>>,
    later: Node<'_>,
) -> bool {
    if held_by(site) == Several::No {
        return true;
    }
    let between = |node: Node<'_>| node.start() >= from && node.start() < later.start();
    let is_changed = held(site).is_some_and(|binding| other_writes(site, binding).any(between));
    list.is_some_and(|list| list.contains(later)) && !is_changed
}

/// Whether the name may hold something else, or nothing, by the time the function ends.
pub(super) fn may_change(site: &Unreleased<'_>) -> bool {
    let at = site.acquisition.at;
    let is_forgotten = held(site).is_some_and(|binding| at.scopes().uses(binding, at.tree()).any(forgets));
    // A return gives a result the value that it names.
    let is_result = held(site).is_some_and(|held| at.scopes().get(held).kind == BindingKind::Result);
    is_forgotten || is_result || held_by(site) != Several::No
}

fn held(site: &Unreleased<'_>) -> Option<BindingId> {
    match site.acquisition.handle {
        Handle::Local(binding) => Some(binding),
        _ => None,
    }
}

/// Where the name gets another value, or code of others may give it one.
fn other_writes<'a>(site: &Unreleased<'a>, binding: BindingId) -> impl Iterator<Item = Node<'a>> {
    let (at, statement) = (site.acquisition.at, site.acquisition.statement);
    let uses = at.scopes().uses(binding, at.tree());
    uses.filter(move |node| {
        matches!(at.usage(*node), Usage::Write | Usage::Address)
            && !statement.contains(*node)
            && !forgets(*node)
    })
}

/// Whether the mention is the left side of `x = nil`, which gives the name no other resource.
fn forgets(mention: Node<'_>) -> bool {
    let list = mention.parent().filter(|list| list.role() == Field::Left);
    let value = list
        .filter(|list| list.children().count() == 1)
        .and_then(Node::parent)
        .and_then(|statement| statement.field(Field::Right)?.child(0));
    value.is_some_and(|value| value.is(Kind::Nil))
}
