//! What a function that is given a context does with it, by what is known of it.

use super::arg_effect::{self, ArgEffect};
use crate::facts::paths;
use crate::facts::{Facts, Function};

/// What a function of another package, or one that cannot be seen, does with a context. It works with it until it
/// returns, and what it gives back may go on doing so, unless its name says that it begins something.
pub(super) fn of_callee(facts: &Facts, function: Function<'_>) -> ArgEffect {
    let Function { path, name, .. } = function;
    match arg_effect::of_known(facts, function) {
        // It runs its function when the context ends.
        _ if path == paths::CONTEXT && name == "AfterFunc" => ArgEffect::Keep,
        // A context or request made of it; what these are given besides, they keep.
        _ if matches!(path, paths::CONTEXT | paths::NET_HTTP) => ArgEffect::Wrap,
        // `db.WithContext(ctx)` gives back what works with it.
        _ if name.starts_with("With") => ArgEffect::Wrap,
        ArgEffect::Keep => ArgEffect::Keep,
        _ => of_name(name),
    }
}

pub(super) fn of_name(name: &str) -> ArgEffect {
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
        true => ArgEffect::Keep,
        false => ArgEffect::Wrap,
    }
}
