//! What a handler takes from outside of the request, and what it does with that.

use crate::facts::paths;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingKind, Callee, Declaration, Meaning, Type};

/// A value that the handler reads from its surroundings: `h.cfg.DataDir`, a captured `cfg.PosterDir`, the package
/// variable `catalog`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    pub root: Root,
    /// The fields from the root on, each with its type; empty where the root itself is the value.
    pub fields: Vec<(String, Type)>,
    pub of: Type,
    pub used_as: UsedAs,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    Receiver,
    /// A parameter of the function around a handler that is a literal.
    Parameter(String),
    Variable(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsedAs {
    Value,
    /// A folder or file name.
    Path,
    /// The address of another service.
    Address,
}

pub(super) fn is_request_parameter(at: Declaration<'_>, name: Node<'_>) -> bool {
    crate::frameworks::is_request_context(&at.type_of(name))
}

pub(super) fn driver_of(call: Node<'_>) -> Option<String> {
    let driver = argument(call, 0).filter(|driver| driver.is(Kind::InterpretedStringLiteral))?;
    Some(driver.text().trim_matches('"').to_owned())
}

pub fn argument(call: Node<'_>, at: usize) -> Option<Node<'_>> {
    call.field(Field::Arguments)?.child(at)
}

/// Whether a context is the request's: then a test can end it.
pub(super) fn is_of_request(at: Declaration<'_>, context: Node<'_>, depth: u32) -> bool {
    let context = context.unparenthesized();
    match context.kind() {
        Kind::CallExpression => match at.callee(context) {
            Callee::External { path, receiver, name } => {
                let of_fiber = path.starts_with(paths::FIBER) && receiver.is_some();
                let derived = path == paths::CONTEXT && name.starts_with("With") && name != "WithoutCancel";
                let parent = argument(context, 0).filter(|_| depth > 0);
                (of_fiber && (name == "UserContext" || (name == "Context" && path.ends_with("/v3"))))
                    || (derived && parent.is_some_and(|parent| is_of_request(at, parent, depth - 1)))
            }
            _ => false,
        },
        Kind::Identifier => {
            let Meaning::Local(id) = at.resolve(context) else {
                return false;
            };
            let binding = at.scopes().get(id);
            let tree = at.tree();
            let first = || {
                tree.node(binding.origin)
                    .field(Field::Right)
                    .and_then(|right| right.child(0))
            };
            match binding.kind {
                // Whoever calls hands on the request's own: every caller on the way is looked at.
                BindingKind::Param => at.type_of(context).is(paths::CONTEXT, "Context"),
                BindingKind::Var if depth > 0 => {
                    first().is_some_and(|first| is_of_request(at, first, depth - 1))
                }
                _ => false,
            }
        }
        _ => false,
    }
}

/// What a value is used as, by the call it goes to; a local name in between is followed.
pub(super) fn used_as(at: Declaration<'_>, node: Node<'_>, depth: u32) -> UsedAs {
    let statement = node.statement();
    for ancestor in node.ancestors() {
        if Some(ancestor) == statement.and_then(Node::parent) {
            break;
        }
        if ancestor.is(Kind::CallExpression)
            && let Callee::External { path, receiver, name } = at.callee(ancestor)
        {
            match (&*path, receiver.as_deref(), &*name) {
                (paths::PATH_FILEPATH | paths::PATH | paths::OS, _, _)
                | (_, Some("Ctx"), "SaveFile" | "SendFile") => {
                    return UsedAs::Path;
                }
                (paths::NET_HTTP | paths::NET_URL, _, _) => return UsedAs::Address,
                _ => {}
            }
        }
    }
    let declared = statement.filter(|statement| statement.is(Kind::ShortVarDeclaration) && depth > 0);
    let name = declared.and_then(|statement| statement.field(Field::Left)?.child(0));
    let Some(id) = name.and_then(|name| at.scopes().binding_of(name)) else {
        return UsedAs::Value;
    };
    let uses = at.scopes().uses(id, at.tree());
    let mut meant = uses.map(|used| used_as(at, used, depth - 1));
    meant.find(|used| *used != UsedAs::Value).unwrap_or(UsedAs::Value)
}
