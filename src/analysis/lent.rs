//! Whether the context that a function gets is the one that goes to another request.

use super::request::callers;
use crate::frameworks::{ContextHandler, is_handed_copy};
use crate::go::syntax::{Field, Kind};

/// Whether nobody is seen to hand the function a copy, which may outlive the handler.
pub fn gets_lent_context(handler: &ContextHandler<'_>) -> bool {
    if handler.request.facts.copy.is_none() {
        return true;
    }
    let at = handler.declaration;
    let called_at_once = handler
        .function
        .parent()
        .filter(|call| call.is(Kind::CallExpression) && handler.function.role() == Field::Function);
    let calls = match called_at_once {
        Some(call) => vec![(at, call)],
        None if at.function() == Some(handler.function) => callers(at),
        None => Vec::new(),
    };
    !is_handed_copy(handler, &calls)
}
