//! Containers of other packages that keep what their methods are given.

use crate::facts::Library;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, Declaration};

/// What a method does to what the value keeps. Its results are another matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Stores,
    Removes,
}

/// What `call` does to the value it is called on, with that value: `m` of `m.Store(k, v)`, `delete(m, k)`.
pub fn effect<'a>(at: Declaration<'_>, call: Node<'a>) -> Option<(Effect, Node<'a>)> {
    match at.callee(call) {
        Callee::Builtin(name) if matches!(&*name, "delete" | "clear") => {
            let kept = call.field(Field::Arguments)?.child(0)?;
            Some((Effect::Removes, kept))
        }
        callee => {
            let function = callee.function()?;
            let said = |library: &Library| {
                let containers = &library.containers;
                match (
                    containers.stores.name(function),
                    containers.removes.name(function),
                ) {
                    (true, _) => Some(Effect::Stores),
                    (_, true) => Some(Effect::Removes),
                    _ => None,
                }
            };
            let effect = at.facts().find(function.path, said)?;
            let operand = call.field(Field::Function)?.field(Field::Operand)?;
            Some((effect, operand))
        }
    }
}

/// The call that a statement consists of, deferred or not.
pub fn called(statement: Node<'_>) -> Option<Node<'_>> {
    let is_call = matches!(statement.kind(), Kind::ExpressionStatement | Kind::DeferStatement);
    statement
        .child(0)
        .filter(|call| is_call && call.is(Kind::CallExpression))
}
