//! Follows one value through one function.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::alias_kind::Step::{Done, Up};
use super::alias_kind::{AliasKind, ParamSummary, Step};
use super::data::is_data;
use super::handed::{called, method, run_by};
use crate::analysis::arg_effect::{self, ArgEffect};
use crate::analysis::effect::{Effect, Keep, Mention};
use crate::analysis::nodes::{is_started, targets};
use crate::analysis::unreached::is_unreached;
use crate::facts::Resource;
use crate::facts::paths;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, BindingKind, DeclId, Declaration, Type, Usage};

/// The fates that are known, by package, declaration, parameter and grip. A function that is under way is
/// Unknown to itself, so that functions which call each other come to an end.
pub(super) type Fates<'a> = HashMap<(&'a str, DeclId, BindingId, AliasKind), ParamSummary>;

/// Follows one value through one function.
pub(super) struct Tracker<'a, 'r> {
    pub(super) at: Declaration<'a>,
    pub(super) function: Node<'a>,
    pub(super) resource: &'r Resource,
    pub(super) fates: Rc<RefCell<Fates<'a>>>,
    /// Names that hold it and are still to be looked at.
    pub(super) open: Vec<(BindingId, AliasKind)>,
    /// With the effect, for functions: one may do several things to the resource, each at a mention of its own.
    pub(super) held: HashSet<(BindingId, Option<Effect>)>,
    /// What the function returns.
    pub(super) returned: Vec<(usize, AliasKind, Node<'a>)>,
    /// The name that held it first.
    pub(super) handle: Option<BindingId>,
}

impl<'a> Tracker<'a, '_> {
    pub(super) fn run(&mut self) -> Vec<Mention<'a>> {
        let mut found = Vec::new();
        while let Some((binding, grip)) = self.open.pop() {
            let uses = self.at.scopes().uses(binding, self.at.tree());
            let uses = uses.filter(|node| self.function.contains(*node));
            for node in uses.collect::<Vec<_>>() {
                found.extend(self.mention(node, grip));
            }
            found.extend(self.returned_by_name(binding));
        }
        found
    }

    /// The returns without values, where `binding` is a result of the function: they hand over what it holds.
    pub(super) fn returned_by_name(&self, binding: BindingId) -> Vec<Mention<'a>> {
        let name = self.at.scopes().get(binding);
        let is_result = name.kind == BindingKind::Result && name.function == self.function.index();
        let body = self.function.field(Field::Body).filter(|_| is_result).into_iter();
        let nodes = body.flat_map(Node::shallow_descendants);
        let bare = nodes.filter(|node| node.is(Kind::ReturnStatement) && node.children().next().is_none());
        let hands_over = |node| Mention {
            node,
            effect: Effect::Keep(Keep::Returned),
        };
        bare.map(hands_over).collect()
    }

    pub(super) fn hold(&mut self, binding: BindingId, grip: AliasKind) {
        let does = match grip {
            AliasKind::Closure(effect) => Some(effect),
            _ => None,
        };
        self.handle.get_or_insert(binding);
        if self.held.insert((binding, does)) {
            self.open.push((binding, grip));
        }
    }

    /// The effect of one mention, as the function itself sees it. Giving a name another value is no effect.
    pub(super) fn mention(&mut self, node: Node<'a>, grip: AliasKind) -> Option<Mention<'a>> {
        match self.at.usage(node) {
            Usage::Write | Usage::FieldKey => return None,
            Usage::Address => {
                return Some(Mention {
                    node,
                    effect: Effect::Unknown,
                });
            }
            Usage::Read | Usage::Update => {}
        }
        let mut effect = self.effect(node, grip);
        // Work under a context is no business of the resource that it carries.
        if grip == AliasKind::Carrier
            && !matches!(
                effect,
                Effect::Release | Effect::Conditional { .. } | Effect::Keep(_)
            )
        {
            return None;
        }
        if effect == Effect::Release && is_unreached(self.at, self.function, node) {
            effect = Effect::Pass;
        }
        let mut place = node;
        while let Some(literal) = place
            .enclosing_function()
            .filter(|literal| *literal != self.function)
        {
            // What a literal returns goes to whoever calls it, which is not followed.
            if effect == Effect::Keep(Keep::Returned) {
                effect = Effect::Unknown;
            }
            place = literal;
            effect = self.effect(literal, AliasKind::Closure(effect));
        }
        Some(Mention { node: place, effect })
    }

    pub(super) fn effect(&mut self, expression: Node<'a>, grip: AliasKind) -> Effect {
        let (mut expression, mut grip, mut touched) = (expression, grip, false);
        loop {
            match self.step(expression, grip) {
                Done(Effect::Pass | Effect::Touch) if grip == AliasKind::Made => return Effect::Unknown,
                Done(Effect::Pass) if touched => return Effect::Touch,
                Done(effect) => return effect,
                Up(around, next) => {
                    touched |= !matches!(grip, AliasKind::Closure(_))
                        && expression
                            .parent()
                            .is_some_and(|parent| parent.is(Kind::SelectorExpression));
                    (expression, grip) = (around, next);
                }
            }
        }
    }

    pub(super) fn step(&mut self, expression: Node<'a>, grip: AliasKind) -> Step<'a> {
        let Some(parent) = expression.parent() else {
            return Done(Effect::Unknown);
        };
        if let Some(step) = self.derived(expression, parent, grip) {
            return step;
        }
        match grip {
            AliasKind::Elements(element) => return self.among_elements(expression, parent, element),
            AliasKind::Carrier => return self.carried(expression, parent),
            _ => {}
        }
        match parent.kind() {
            Kind::ParenthesizedExpression
            | Kind::TypeAssertionExpression
            | Kind::TypeConversionExpression => Up(parent, grip),
            Kind::SelectorExpression => self.selected(parent, grip),
            Kind::ArgumentList => self.argument(expression, parent, grip),
            Kind::CallExpression => Done(called(parent, grip)),
            Kind::ExpressionList => self.listed(expression, parent, grip),
            Kind::LiteralElement | Kind::KeyedElement | Kind::LiteralValue | Kind::SendStatement => {
                Done(Effect::Keep(Keep::Stored))
            }
            Kind::RangeClause if grip == AliasKind::Child => {
                self.hold_all(parent, grip);
                Done(Effect::Pass)
            }
            Kind::BinaryExpression
            | Kind::ExpressionStatement
            | Kind::IndexExpression
            | Kind::SliceExpression
            | Kind::RangeClause
            | Kind::IfStatement
            | Kind::ForStatement
            | Kind::ForClause
            | Kind::DeferStatement
            | Kind::IncStatement
            | Kind::DecStatement => Done(Effect::Pass),
            Kind::UnaryExpression if matches!(grip, AliasKind::Derived | AliasKind::Child) => {
                Done(Effect::Pass)
            }
            _ => Done(Effect::Unknown),
        }
    }

    /// `x.field` or `x.method`.
    pub(super) fn selected(&mut self, selector: Node<'a>, grip: AliasKind) -> Step<'a> {
        let name = selector.field(Field::Field).map_or("", Node::text);
        let part = self.resource.part.as_deref();
        match grip {
            AliasKind::Whole if part == Some(name) => Up(selector, AliasKind::Part),
            AliasKind::Whole if self.resource.is_started_by(name) => {
                method(selector, Effect::Keep(Keep::Goroutine))
            }
            AliasKind::Whole if self.resource.is_spent_by(name) => method(selector, Effect::Release),
            AliasKind::Whole if part.is_some() => Done(run_by(selector, Effect::Touch)),
            // A field that holds what the resource is made of.
            AliasKind::Whole if self.resource.lies_beneath(name) && selector.role() != Field::Function => {
                Up(selector, AliasKind::Whole)
            }
            AliasKind::Whole | AliasKind::Part if self.resource.is_released_by(name) => {
                method(selector, Effect::Release)
            }
            // It ends, and what it was made of with it.
            AliasKind::Made if arg_effect::of_name(name) == ArgEffect::Release => {
                Done(Effect::Keep(Keep::Passed))
            }
            AliasKind::Made => self.made_of_made(selector),
            AliasKind::Derived => Done(run_by(selector, Effect::Touch)),
            AliasKind::Whole | AliasKind::Part | AliasKind::Child => self.taken_out(selector),
            AliasKind::Closure(_) | AliasKind::Elements(_) | AliasKind::Carrier => Done(Effect::Unknown),
        }
    }

    /// A method of what was made of the resource may give something that has it, too: `zerolog.New(f).With()`.
    pub(super) fn made_of_made(&self, selector: Node<'a>) -> Step<'a> {
        let call = selector
            .parent()
            .filter(|call| call.is(Kind::CallExpression) && selector.role() == Field::Function);
        match call.filter(|call| !is_started(*call) && !is_data(self.at, &self.at.type_of(*call))) {
            Some(call) => Up(call, AliasKind::Made),
            None => Done(Effect::Unknown),
        }
    }

    /// What a method gives or a field holds: data of its own, or something that dies with the resource.
    pub(super) fn taken_out(&self, selector: Node<'a>) -> Step<'a> {
        let call = selector
            .parent()
            .filter(|call| call.is(Kind::CallExpression) && selector.role() == Field::Function);
        let taken = call.unwrap_or(selector);
        let effect = run_by(selector, Effect::Touch);
        if call.is_none() && matches!(self.at.type_of(selector), Type::Func(_)) {
            return Up(selector, AliasKind::Closure(effect));
        }
        let of = self.at.type_of(taken);
        let named = selector
            .field(Field::Field)
            .is_some_and(|name| name.text().ends_with("Closer"));
        let is_view = call.is_some() && (is_closer(&of) || (of.is_unknown() && named));
        // A view of it that closes it: `decoder.IOReadCloser()`.
        if is_view && effect == Effect::Touch && self.resource.is_released_by("Close") {
            return Up(taken, AliasKind::Part);
        }
        match effect != Effect::Touch || is_data(self.at, &of) {
            true => Done(effect),
            false => Up(taken, AliasKind::Child),
        }
    }

    pub(super) fn listed(&mut self, expression: Node<'a>, list: Node<'a>, grip: AliasKind) -> Step<'a> {
        let Some(statement) = list.parent() else {
            return Done(Effect::Unknown);
        };
        match (statement.kind(), list.role()) {
            (Kind::ReturnStatement, _)
                if matches!(grip, AliasKind::Derived | AliasKind::Child | AliasKind::Made)
                    && self.leaves_as_data(statement, list, expression) =>
            {
                Done(Effect::Pass)
            }
            (Kind::ReturnStatement, _) => {
                if statement.enclosing_function() == Some(self.function) {
                    let position = list.children().take_while(|child| *child != expression).count();
                    self.returned.push((position, grip, expression));
                }
                Done(Effect::Keep(Keep::Returned))
            }
            (Kind::ExpressionCase, _) => Done(Effect::Pass),
            (_, Field::Left) => Done(Effect::Pass),
            (_, Field::Right | Field::Value) => Done(self.assigned(statement, list, expression, grip)),
            _ => Done(Effect::Unknown),
        }
    }

    /// Local names that take the value are followed; anything else keeps it. Where one call gives several values,
    /// each that is no plain data may have it.
    pub(super) fn assigned(
        &mut self,
        statement: Node<'a>,
        list: Node<'a>,
        value: Node<'a>,
        grip: AliasKind,
    ) -> Effect {
        let position = list.children().position(|child| child == value).unwrap_or(0);
        let spread = list.children().count() == 1;
        let mut worst = Effect::Pass;
        for (at, target) in targets(statement).enumerate() {
            if at == position || (spread && !is_data(self.at, &self.at.type_of(target))) {
                let effect = self.taken_by(target, grip);
                worst = if effect == Effect::Pass { worst } else { effect };
            }
        }
        worst
    }

    pub(super) fn taken_by(&mut self, target: Node<'a>, grip: AliasKind) -> Effect {
        if target.text() == "_" {
            return Effect::Pass;
        }
        let Some(id) = self.at.scopes().binding_of(target) else {
            return Effect::Keep(Keep::Stored);
        };
        match self.at.scopes().get(id) {
            binding if !self.function.contains(self.at.tree().node(binding.function)) => {
                Effect::Keep(Keep::Stored)
            }
            binding if binding.kind == BindingKind::Result => Effect::Keep(Keep::Returned),
            // `conn = tls.Client(conn, config)`: from here on the name is another's, who has it.
            _ if self.handle == Some(id) && grip == AliasKind::Made => Effect::Keep(Keep::Stored),
            _ => {
                self.hold(id, grip);
                Effect::Pass
            }
        }
    }

    /// Follows the variables of a `range`.
    pub(super) fn hold_all(&mut self, clause: Node<'a>, grip: AliasKind) {
        for target in targets(clause) {
            if !is_data(self.at, &self.at.type_of(target)) {
                self.taken_by(target, grip);
            }
        }
    }
}

/// Whether the type says no more than that the value can be closed, beside reading and writing.
pub(super) fn is_closer(of: &Type) -> bool {
    ["Closer", "ReadCloser", "WriteCloser", "ReadWriteCloser"]
        .iter()
        .any(|name| of.is(paths::IO, name))
}
