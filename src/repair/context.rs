//! Which context a deferred release is given: one that is there where the defer stands, and not yet cancelled when
//! it runs.

use super::unreleased::Unreleased;
use crate::edit::Rewrite;
use crate::facts::paths;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, Type, Usage};

/// The text of a context for the release of what `site` acquires, its import asked for where it is missing.
///
/// The one that acquiring was given, where it is a name with one value: what the function defers to cancel it was
/// deferred earlier, and so runs later. The user's context of a request is as good, and read while the handler runs.
/// Anything else, and the request's own memory above all, gives way to the background.
pub(super) fn chosen(site: &Unreleased<'_>, rewrite: &mut Rewrite) -> Option<String> {
    let acquisition = &site.acquisition;
    let arguments = acquisition.call.field(Field::Arguments)?;
    let given = arguments.child(0).filter(|given| is_steady(site, *given));
    match given {
        Some(given) => Some(given.text().to_owned()),
        None => {
            let context = rewrite.package_at(acquisition.at, paths::CONTEXT, acquisition.statement)?;
            Some(format!("{context}.Background()"))
        }
    }
}

fn is_steady(site: &Unreleased<'_>, given: Node<'_>) -> bool {
    let at = site.acquisition.at;
    match given.kind() {
        Kind::Identifier => {
            let is_context = matches!(&at.type_of(given), Type::Named { path, name, .. }
                if &**path == paths::CONTEXT && &**name == "Context");
            let Some(binding) = at.scopes().binding_of(given) else {
                return false;
            };
            let mut uses = at.scopes().uses(binding, at.tree());
            is_context && !uses.any(|node| node.start() > given.start() && at.usage(node) == Usage::Write)
        }
        Kind::CallExpression => match at.callee(given) {
            Callee::External { path, receiver, name } => match receiver.as_deref() {
                None => path == paths::CONTEXT && matches!(&*name, "Background" | "TODO"),
                Some("Ctx") => name == "UserContext" && path.starts_with(paths::FIBER_V2),
                _ => false,
            },
            _ => false,
        },
        _ => false,
    }
}
