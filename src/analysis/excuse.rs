//! Texts that say that a call gives nothing to release: the method HEAD of a request, a pipeline that writes its result.

use std::collections::HashSet;

use crate::facts::Resource;
use crate::facts::paths;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, BindingKind, Declaration, Type};

/// Whether one of the row's texts stands in the call or in what its arguments are made of. Where that cannot be seen,
/// the whole declaration counts.
pub(super) fn is_excused(at: Declaration<'_>, call: Node<'_>, resource: &Resource) -> bool {
    let said = |text: &[u8]| {
        let mut texts = resource.unless.iter();
        texts.any(|excuse| memchr::memmem::find(text, excuse.as_bytes()).is_some())
    };
    if !said(at.bytes()) {
        return false;
    }
    let arguments = call.field(Field::Arguments).into_iter();
    let mut open: Vec<(Node<'_>, bool)> = arguments.map(|list| (list, true)).collect();
    let mut seen: HashSet<BindingId> = HashSet::new();
    while let Some((node, is_direct)) = open.pop() {
        if said(node.text().as_bytes()) {
            return true;
        }
        let names = node.subtree().filter(|name| name.is(Kind::Identifier));
        let names = names.filter_map(|name| at.scopes().binding_of(name));
        for name in names.filter(|name| seen.insert(*name)).collect::<Vec<_>>() {
            match made_of(at, call, name) {
                Some(statements) => open.extend(statements.into_iter().map(|node| (node, false))),
                None if is_direct && is_plain(&at.type_of_binding(name)) => {}
                None => return true,
            }
        }
    }
    false
}

/// The statements before `call` that say what the local `name` is or change it; `None` where others do.
fn made_of<'a>(at: Declaration<'a>, call: Node<'_>, name: BindingId) -> Option<Vec<Node<'a>>> {
    let held = at.scopes().get(name);
    let is_own = call.enclosing_function().map(Node::index) == Some(held.function);
    (held.kind == BindingKind::Var && is_own).then_some(())?;
    let tree = at.tree();
    let declared = std::iter::once(tree.node(held.declared));
    let nodes = declared.chain(at.scopes().uses(name, tree));
    let before = nodes.filter(|node| node.start() < call.start());
    let statements = before.map(|node| node.statement());
    statements.collect()
}

/// Whether a value of this type given as an argument is no request or pipeline itself.
fn is_plain(of: &Type) -> bool {
    matches!(of, Type::Basic(_)) || of.is(paths::CONTEXT, "Context")
}
