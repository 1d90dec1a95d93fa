//! Types of the standard library that keep what their methods are given.

use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, Declaration};

/// What a method does to what the value keeps. Its results are another matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Stores,
    Removes,
}

const KEEPERS: [(&str, &str, &[&str], &[&str]); 5] = [
    (
        "sync",
        "Map",
        &["Store", "LoadOrStore", "Swap", "CompareAndSwap"],
        &["Delete", "LoadAndDelete", "CompareAndDelete", "Clear"],
    ),
    ("sync", "Pool", &["Put"], &[]),
    ("sync/atomic", "Value", &["Store", "Swap", "CompareAndSwap"], &[]),
    (
        "sync/atomic",
        "Pointer",
        &["Store", "Swap", "CompareAndSwap"],
        &[],
    ),
    (
        "container/list",
        "List",
        &["PushBack", "PushFront"],
        &["Init", "Remove"],
    ),
];

/// What `call` does to the value it is called on, with that value: `m` of `m.Store(k, v)`, `delete(m, k)`.
pub fn effect<'a>(at: Declaration<'_>, call: Node<'a>) -> Option<(Effect, Node<'a>)> {
    match at.callee(call) {
        Callee::External {
            path,
            receiver: Some(receiver),
            name,
        } => {
            let (.., stores, removes) = KEEPERS
                .iter()
                .find(|keeper| (keeper.0, keeper.1) == (&path, &receiver))?;
            let operand = call.field(Field::Function)?.field(Field::Operand)?;
            match (stores.contains(&&*name), removes.contains(&&*name)) {
                (true, _) => Some((Effect::Stores, operand)),
                (_, true) => Some((Effect::Removes, operand)),
                _ => None,
            }
        }
        Callee::Builtin(name) if matches!(&*name, "delete" | "clear") => {
            let kept = call.field(Field::Arguments)?.child(0)?;
            Some((Effect::Removes, kept))
        }
        _ => None,
    }
}

/// The call that a statement consists of, deferred or not.
pub fn called(statement: Node<'_>) -> Option<Node<'_>> {
    let is_call = matches!(statement.kind(), Kind::ExpressionStatement | Kind::DeferStatement);
    statement
        .child(0)
        .filter(|call| is_call && call.is(Kind::CallExpression))
}
