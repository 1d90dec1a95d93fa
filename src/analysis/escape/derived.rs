//! What was made with a context, and so may need it as long as it lives: requests, responses and their bodies, rows,
//! commands and their pipes, streams. Plain values that come out of them do not.

use super::alias_kind::Step::{Done, Up};
use super::alias_kind::{AliasKind, Step};
use super::data::is_data;
use super::handed::handed;
use super::tracker::Tracker;
use crate::analysis::arg_effect::{self, ArgEffect};
use crate::analysis::effect::{Effect, Keep};
use crate::analysis::nodes::{called_name, targets};
use crate::facts::paths;
use crate::go::Type;
use crate::go::syntax::{Field, Kind, Node};

impl<'a> Tracker<'a, '_> {
    /// One step of what was derived from a context; `None` where the general rules are right.
    pub(super) fn derived(
        &mut self,
        expression: Node<'a>,
        parent: Node<'a>,
        grip: AliasKind,
    ) -> Option<Step<'a>> {
        if !self.resource.is_context || !matches!(grip, AliasKind::Derived | AliasKind::Child) {
            return None;
        }
        match parent.kind() {
            Kind::SelectorExpression => Some(self.selected_of_derived(parent)),
            Kind::IndexExpression | Kind::SliceExpression
                if parent.field(Field::Operand) == Some(expression) =>
            {
                Some(self.taken(parent))
            }
            // `*p`, `<-stream`
            Kind::UnaryExpression | Kind::TypeConversionExpression | Kind::TypeAssertionExpression => {
                Some(self.taken(parent))
            }
            Kind::RangeClause => {
                for target in targets(parent).collect::<Vec<_>>() {
                    if !is_data(self.at, &self.at.type_of(target)) {
                        let effect = self.taken_by(target, AliasKind::Derived);
                        if effect != Effect::Pass {
                            return Some(Done(effect));
                        }
                    }
                }
                Some(Done(Effect::Pass))
            }
            _ => None,
        }
    }

    fn taken(&self, value: Node<'a>) -> Step<'a> {
        match is_data(self.at, &self.at.type_of(value)) {
            true => Done(Effect::Pass),
            false => Up(value, AliasKind::Derived),
        }
    }

    /// A field of it, or what a method of it gives.
    fn selected_of_derived(&self, selector: Node<'a>) -> Step<'a> {
        let call = selector
            .parent()
            .filter(|call| call.is(Kind::CallExpression) && selector.role() == Field::Function);
        let Some(call) = call else {
            return match self.at.type_of(selector) {
                Type::Func(_) => Up(selector, AliasKind::Closure(Effect::Touch)),
                of if is_data(self.at, &of) => Done(Effect::Touch),
                _ => Up(selector, AliasKind::Derived),
            };
        };
        if call.parent().is_some_and(|parent| parent.is(Kind::GoStatement)) {
            return Done(Effect::Keep(Keep::Goroutine));
        }
        if self.goes_on(selector) {
            return Done(Effect::Keep(Keep::Passed));
        }
        match is_data(self.at, &self.at.type_of(call)) {
            true => Done(Effect::Touch),
            false => Up(call, AliasKind::Derived),
        }
    }

    /// Whether the method starts what it is called on, and the function does not wait for its end: `cmd.Start()`.
    fn goes_on(&self, selector: Node<'a>) -> bool {
        let (Some(name), Some(started)) = (selector.field(Field::Field), selector.field(Field::Operand))
        else {
            return false;
        };
        let starts = ["Start", "Launch", "Spawn", "Listen", "Serve"];
        let waits = |node: &Node<'a>| {
            let same = node
                .field(Field::Operand)
                .is_some_and(|operand| operand.text() == started.text());
            let method = node.field(Field::Field).map_or("", Node::text);
            node.is(Kind::SelectorExpression) && same && method.starts_with("Wait")
        };
        starts.iter().any(|word| name.text().starts_with(word))
            && !self.function.descendants().any(|node| waits(&node))
    }

    /// Whether code that is given `argument` is given the context itself, or the request that carries it: both are
    /// made to be handed on, and to be done with when the call returns.
    pub(super) fn is_context(&self, argument: Node<'a>) -> bool {
        let of = self.at.type_of(argument);
        of.is(paths::CONTEXT, "Context") || of.pointee().is(paths::NET_HTTP, "Request")
    }

    /// A call that is given something made with the context.
    pub(super) fn given_derived(&self, call: Node<'a>) -> Step<'a> {
        let handover = match self.at.callee(call).function() {
            Some(function) => arg_effect::of_known(self.at.facts(), function),
            None => arg_effect::of_name(called_name(call)),
        };
        match handover {
            ArgEffect::Wrap if is_data(self.at, &self.at.type_of(call)) => Done(Effect::Pass),
            ArgEffect::Unknown if arg_effect::makes(called_name(call)) => Up(call, AliasKind::Derived),
            _ => handed(call, handover, AliasKind::Derived),
        }
    }
}
