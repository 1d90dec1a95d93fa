//! Handlers that a function makes and returns.

use crate::frameworks::Handler;
use crate::go::syntax::Kind;

/// Whether the function around it does nothing with the handler but return it.
pub fn is_returned(handler: &Handler<'_>) -> bool {
    let around = handler.declaration.function();
    handler.function.is(Kind::FuncLiteral)
        && handler.function.enclosing_function() == around
        && handler.function.enclosing(Kind::ReturnStatement).is_some()
}
