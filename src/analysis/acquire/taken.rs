//! Who takes what an acquisition gives: a local name, a named result, nobody, or code elsewhere.

use super::Acquirers;
use crate::analysis::acquisition::{Fault, Handle, ResultIndexes};
use crate::analysis::literals::assigned_value;
use crate::analysis::nodes::targets;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingKind, Declaration};

impl<'a> Acquirers<'a> {
    /// Whether names of this kind are followed.
    pub(super) fn may_hold(&self, kind: BindingKind) -> bool {
        kind == BindingKind::Var || (kind == BindingKind::Result && self.follows_results)
    }

    /// Who takes the results of `call`.
    pub(super) fn taken(
        &self,
        at: Declaration<'a>,
        function: Node<'a>,
        call: Node<'a>,
        yields: ResultIndexes<'a>,
    ) -> (Node<'a>, Handle, Fault) {
        let Some(parent) = call.parenthesized().parent() else {
            return (call, Handle::Elsewhere, Fault::Dropped);
        };
        if parent.is(Kind::ExpressionStatement) {
            return (parent, Handle::Discarded, Fault::Dropped);
        }
        let statement = parent
            .parent()
            .filter(|_| matches!(parent.role(), Field::Right | Field::Value));
        let Some(statement) = statement.filter(|statement| assigned_value(*statement) == Some(call)) else {
            return (call, Handle::Elsewhere, Fault::Dropped);
        };
        let local = |position: usize| {
            let target = targets(statement).nth(position)?;
            if target.text() == "_" {
                return Some(None);
            }
            let binding = at.scopes().binding_of(target)?;
            (at.scopes().get(binding).function == function.index()).then_some(Some(binding))
        };
        let may_hold = |binding| match at.scopes().get(binding).kind {
            BindingKind::Result => self.follows_results,
            _ => true,
        };
        let handle = match local(yields.result) {
            Some(Some(binding)) if may_hold(binding) => Handle::Local(binding),
            Some(None) => Handle::Discarded,
            _ => Handle::Elsewhere,
        };
        (statement, handle, fault_of(at, statement, yields))
    }
}

/// Where the error goes of what `statement` assigns.
fn fault_of<'a>(at: Declaration<'a>, statement: Node<'a>, yields: ResultIndexes<'a>) -> Fault {
    // It may be a name of a function around.
    let error = yields.error.map(|position| {
        let target = targets(statement).nth(position)?;
        at.scopes().binding_of(target)
    });
    match error {
        None => Fault::Never,
        Some(Some(binding)) => Fault::Local(binding),
        Some(None) => Fault::Dropped,
    }
}

/// The names of the results of `function`, which a `return` without values gives.
pub(super) fn named_results(function: Node<'_>) -> Vec<Node<'_>> {
    let results = function.field(Field::Result);
    let list = results.filter(|list| list.is(Kind::ParameterList)).into_iter();
    let names = list.flat_map(Node::children);
    names.flat_map(|declared| declared.fields(Field::Name)).collect()
}
