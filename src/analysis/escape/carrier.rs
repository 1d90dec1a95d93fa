//! A context that carries the resource: whoever has it can take the resource out again and release it, as an end hook
//! does with the span that a start hook put into the context.

use super::alias_kind::Step::{Done, Up};
use super::alias_kind::{AliasKind, Step};
use super::tracker::Tracker;
use crate::analysis::arg_effect::ArgEffect;
use crate::analysis::context_handover;
use crate::analysis::effect::{Effect, Keep};
use crate::analysis::nodes::{called_name, is_started};
use crate::facts::Function;
use crate::facts::paths;
use crate::go::Callee;
use crate::go::syntax::{Kind, Node};

impl<'a> Tracker<'a, '_> {
    /// What is done with such a context. Code that works with it and comes back leaves the duty where it is.
    pub(super) fn carried(&mut self, expression: Node<'a>, parent: Node<'a>) -> Step<'a> {
        match parent.kind() {
            Kind::ParenthesizedExpression => Up(parent, AliasKind::Carrier),
            Kind::ArgumentList => self.given_carrier(expression, parent),
            Kind::ExpressionList => match self.listed(expression, parent, AliasKind::Carrier) {
                Done(Effect::Keep(Keep::Stored)) if self.hands_on() => Done(Effect::Pass),
                step => step,
            },
            Kind::LiteralElement | Kind::KeyedElement | Kind::LiteralValue | Kind::SendStatement => {
                Done(Effect::Keep(Keep::Stored))
            }
            _ => Done(Effect::Pass),
        }
    }

    fn given_carrier(&mut self, argument: Node<'a>, list: Node<'a>) -> Step<'a> {
        let Some(call) = list
            .parent()
            .filter(|call| call.is(Kind::CallExpression) && !is_started(*call))
        else {
            return Done(Effect::Pass);
        };
        match self.at.callee(call) {
            Callee::External { path, name, .. } if self.resource.is_taken_out_by(&path, &name) => {
                Up(call, AliasKind::Whole)
            }
            Callee::External { path, receiver, name } => {
                let function = Function {
                    path: &path,
                    receiver: receiver.as_deref(),
                    name: &name,
                };
                match context_handover::of_callee(self.at.facts(), function) {
                    ArgEffect::Wrap if matches!(&*path, paths::CONTEXT | paths::NET_HTTP) => {
                        Up(call, AliasKind::Carrier)
                    }
                    ArgEffect::Keep if sets(&name) && !self.hands_on() => Done(Effect::Keep(Keep::Passed)),
                    _ => Done(Effect::Pass),
                }
            }
            Callee::Package(callee) => match callee.function() {
                Some(function) => self.passed_as_carrier(call, callee, function, argument),
                None => Done(Effect::Pass),
            },
            _ if sets(called_name(call)) && !self.hands_on() => Done(Effect::Keep(Keep::Passed)),
            _ => Done(Effect::Pass),
        }
    }

    fn passed_as_carrier(
        &mut self,
        call: Node<'a>,
        callee: crate::go::Declaration<'a>,
        function: Node<'a>,
        argument: Node<'a>,
    ) -> Step<'a> {
        match self.passed(call, callee, function, argument, AliasKind::Carrier) {
            Done(Effect::Unknown | Effect::Lent | Effect::Touch) => Done(Effect::Pass),
            step => step,
        }
    }

    /// Whether the function goes on with the work itself, as a middleware does: what it sets for that work is no
    /// farewell.
    fn hands_on(&self) -> bool {
        let calls = self
            .function
            .descendants()
            .filter(|node| node.is(Kind::CallExpression));
        let mut names = calls.map(called_name);
        names.any(|name| matches!(name, "Next" | "ServeHTTP" | "next"))
    }
}

/// `SetUserContext(ctx)`, `Locals("ctx", ctx)`: who comes later finds it there.
fn sets(name: &str) -> bool {
    name.starts_with("Set") || matches!(name, "Locals" | "Store")
}
