//! A resource that is given to a call: followed into functions that can be seen, judged by what is known elsewhere.

use std::collections::HashSet;
use std::rc::Rc;

use super::alias_kind::Step::{Done, Up};
use super::alias_kind::{AliasKind, ParamSummary, Step};
use super::data;
use super::data::is_data;
use super::elements::Element;
use super::handed::{handed, summary};
use super::parameter::{Parameter, parameter};
use super::tracker::Tracker;
use crate::analysis::arg_effect::{self, ArgEffect};
use crate::analysis::context_handover;
use crate::analysis::effect::{Effect, Keep};
use crate::analysis::lifetime::open::open_after;
use crate::analysis::nodes::{called_name, is_deferred, is_started};
use crate::facts::Function;
use crate::go::syntax::{Kind, Node};
use crate::go::{BindingId, Callee, Declaration};
use crate::limits;

impl<'a> Tracker<'a, '_> {
    pub(super) fn argument(&mut self, argument: Node<'a>, list: Node<'a>, grip: AliasKind) -> Step<'a> {
        let call = list.parent().filter(|call| call.is(Kind::CallExpression));
        let Some(call) = call else {
            return Done(Effect::Unknown);
        };
        if is_started(call) {
            return Done(Effect::Keep(Keep::Goroutine));
        }
        let is_context =
            self.resource.is_context && !matches!(grip, AliasKind::Closure(_) | AliasKind::Elements(_));
        match self.at.callee(call) {
            Callee::External { .. } | Callee::Local(_) | Callee::Unknown
                if is_context && !self.is_context(argument) =>
            {
                self.given_derived(call)
            }
            Callee::External { path, receiver, name } if is_context => {
                let function = Function {
                    path: &path,
                    receiver: receiver.as_deref(),
                    name: &name,
                };
                self.given_context(call, context_handover::of_callee(self.at.facts(), function))
            }
            Callee::Local(_) | Callee::Unknown if is_context => {
                self.given_context(call, context_handover::of_name(called_name(call)))
            }
            Callee::External { path, name, .. }
                if grip == AliasKind::Whole && self.resource.is_put_by(&path, &name) =>
            {
                Up(call, AliasKind::Carrier)
            }
            Callee::Builtin(name) if name == "append" => Done(Effect::Keep(Keep::Stored)),
            Callee::Builtin(_) => Done(Effect::Pass),
            Callee::Conversion(_) => Up(call, grip),
            Callee::External { path, receiver, name } => {
                let function = Function {
                    path: &path,
                    receiver: receiver.as_deref(),
                    name: &name,
                };
                self.handed_over(call, arg_effect::of_known(self.at.facts(), function), grip)
            }
            Callee::Package(callee) => match callee.function() {
                Some(function) => self.passed(call, callee, function, argument, grip),
                None => Done(Effect::Unknown),
            },
            Callee::Literal(index) => {
                let literal = self.at.tree().node(index);
                self.passed(call, self.at, literal, argument, grip)
            }
            Callee::Local(_) | Callee::Unknown => {
                self.handed_over(call, arg_effect::of_name(called_name(call)), grip)
            }
        }
    }

    /// The resource is given to code that cannot be seen. What that gives back may hold it, unless it is plain data.
    pub(super) fn handed_over(&self, call: Node<'a>, handover: ArgEffect, grip: AliasKind) -> Step<'a> {
        let may_hold = || !is_data(self.at, &self.at.type_of(call)) && !data::is_used_as_error(self.at, call);
        match (handover, grip) {
            (ArgEffect::Unknown, AliasKind::Whole | AliasKind::Part | AliasKind::Made) if may_hold() => {
                Up(call, AliasKind::Made)
            }
            _ => handed(call, handover, grip),
        }
    }

    /// A call that is given a context: data comes out without it.
    pub(super) fn given_context(&self, call: Node<'a>, handover: ArgEffect) -> Step<'a> {
        match is_data(self.at, &self.at.type_of(call)) {
            true if handover == ArgEffect::Wrap => Done(Effect::Pass),
            _ => handed(call, handover, AliasKind::Derived),
        }
    }

    /// Whether `value`, of a list that `statement` returns, leaves as plain data.
    pub(super) fn leaves_as_data(&self, statement: Node<'a>, list: Node<'a>, value: Node<'a>) -> bool {
        let Some(function) = statement.enclosing_function() else {
            return false;
        };
        let results = self.at.results_of(function);
        let position = list.children().position(|child| child == value).unwrap_or(0);
        match list.children().count() == results.len() {
            true => results.get(position).is_some_and(|of| is_data(self.at, of)),
            false => results.iter().all(|of| is_data(self.at, of)),
        }
    }

    /// What a function that can be seen does with the parameter that takes `argument`.
    pub(super) fn passed(
        &self,
        call: Node<'a>,
        callee: Declaration<'a>,
        function: Node<'a>,
        argument: Node<'a>,
        grip: AliasKind,
    ) -> Step<'a> {
        let siblings = argument.parent().into_iter().flat_map(Node::children);
        let position = siblings.take_while(|sibling| *sibling != argument).count();
        let is_spread = argument.is(Kind::VariadicArgument);
        let (parameter, grip) = match (parameter(callee, function, position, is_spread), grip) {
            (Parameter::Named(binding), _) => (binding, grip),
            (Parameter::Element(slice), _) => match Element::of(grip) {
                Some(element) => (slice, AliasKind::Elements(element)),
                None => return Done(Effect::Unknown),
            },
            (Parameter::Unnamed, _) => return Done(Effect::Pass),
            (Parameter::Unknown, _) => return Done(Effect::Unknown),
        };
        let key = (&*callee.package.path, callee.id, parameter, grip);
        let known = self.fates.borrow().get(&key).copied();
        let fate = known.unwrap_or_else(|| {
            self.fates
                .borrow_mut()
                .insert(key, ParamSummary::Has(Effect::Unknown));
            let fate = self.fate(callee, function, parameter, grip);
            self.fates.borrow_mut().insert(key, fate);
            fate
        });
        match fate {
            ParamSummary::Returned => Up(call, grip),
            // It runs when everything else is done, and knows how that went.
            ParamSummary::Has(Effect::Conditional { .. }) if is_deferred(call) => Done(Effect::Release),
            ParamSummary::Has(effect) => Done(effect),
        }
    }

    pub(super) fn fate(
        &self,
        callee: Declaration<'a>,
        function: Node<'a>,
        parameter: BindingId,
        grip: AliasKind,
    ) -> ParamSummary {
        let look = || {
            let mut inside = self.inside(callee, function);
            inside.hold(parameter, grip);
            let mentions = inside.run();
            summary(&mentions, || {
                open_after(callee, function, parameter, self.resource, &mentions)
            })
        };
        limits::inside(&callee.file().path, look).unwrap_or(ParamSummary::Has(Effect::Unknown))
    }

    /// A tracker for another function, or for another name of the same one.
    pub(super) fn inside(&self, at: Declaration<'a>, function: Node<'a>) -> Self {
        Tracker {
            at,
            function,
            resource: self.resource,
            fates: Rc::clone(&self.fates),
            open: Vec::new(),
            held: HashSet::new(),
            returned: Vec::new(),
            handle: None,
        }
    }
}
