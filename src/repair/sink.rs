//! Writers whose release writes the rest of what they were given: it has to happen before anyone uses what they write
//! to.

use super::unreleased::Unreleased;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, BindingKind, Usage};
use crate::transform::{Reason, Refusal};

/// Why a deferred release would come too late: the function goes on to use what the writer writes to.
pub(super) fn used_before_the_end(site: &Unreleased<'_>) -> Option<Refusal> {
    let acquisition = &site.acquisition;
    let position = acquisition.resource.sink?;
    let sink = acquisition.call.field(Field::Arguments)?.child(position)?;
    let locals = sink.subtree().filter(|node| node.is(Kind::Identifier));
    let mut locals = locals.filter_map(|node| acquisition.at.scopes().binding_of(node));
    let used = locals.find(|local| is_used_behind(site, *local, acquisition.statement))?;
    let name = &acquisition.at.scopes().get(used).name;
    Some(Refusal::new(
        Reason::ControlFlow,
        format!(
            "`{name}` is used below, and the end of it is not written by then: call `{}.Close()` before, and check its error",
            site.subject()
        ),
    ))
}

fn is_used_behind(site: &Unreleased<'_>, local: BindingId, statement: Node<'_>) -> bool {
    let at = site.acquisition.at;
    let mut uses = at.scopes().uses(local, at.tree());
    let behind = |node: Node<'_>| node.start() > statement.end() && at.usage(node) != Usage::FieldKey;
    at.scopes().get(local).kind == BindingKind::Result || uses.any(behind)
}
