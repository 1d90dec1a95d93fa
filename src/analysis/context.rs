//! What becomes of a context that a function made: whether anything that has it outlives that function.

use std::sync::OnceLock;

use super::escape::{Mention, mentions};
use super::handover::{self, Handover};
use crate::facts::Resource;
use crate::facts::{Facts, Function};
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
        package: "context".to_owned(),
        is_context: true,
        ..Resource::default()
    });
    mentions(at, function, binding, context)
}

/// What a function of another package, or one that cannot be seen, does with a context. It works with it until it
/// returns, and what it gives back may go on doing so, unless its name says that it begins something.
pub(super) fn of_callee(facts: &Facts, function: Function<'_>) -> Handover {
    let Function { path, name, .. } = function;
    match handover::of_known(facts, function) {
        // It runs its function when the context ends.
        _ if path == "context" && name == "AfterFunc" => Handover::Keep,
        // A context or request made of it; what these are given besides, they keep.
        _ if matches!(path, "context" | "net/http") => Handover::Wrap,
        // `db.WithContext(ctx)` gives back what works with it.
        _ if name.starts_with("With") => Handover::Wrap,
        Handover::Keep => Handover::Keep,
        _ => of_name(name),
    }
}

pub(super) fn of_name(name: &str) -> Handover {
    const BEGINNING: [&str; 18] = [
        "async",
        "background",
        "begin",
        "consume",
        "dispatch",
        "enqueue",
        "launch",
        "listen",
        "register",
        "run",
        "schedule",
        "serve",
        "set",
        "spawn",
        "start",
        "store",
        "subscribe",
        "watch",
    ];
    let lower = name.to_ascii_lowercase();
    match BEGINNING.iter().any(|word| lower.starts_with(word)) {
        true => Handover::Keep,
        false => Handover::Wrap,
    }
}
