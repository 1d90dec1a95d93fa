//! What becomes of a context that a function made: whether anything that has it outlives that function.

use std::sync::OnceLock;

use super::effect::Mention;
use super::escape::mentions;
use crate::facts::Resource;
use crate::facts::paths;
use crate::go::syntax::Node;
use crate::go::{BindingId, Declaration};

/// Everything that `function` does with the context in `binding`.
pub fn mentions_of_context<'a>(
    at: Declaration<'a>,
    function: Node<'a>,
    binding: BindingId,
) -> Vec<Mention<'a>> {
    static CONTEXT: OnceLock<Resource> = OnceLock::new();
    let context = CONTEXT.get_or_init(|| Resource {
        name: "ctx".to_owned(),
        package: paths::CONTEXT.to_owned(),
        is_context: true,
        ..Resource::default()
    });
    mentions(at, function, binding, context)
}
