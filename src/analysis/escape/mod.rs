//! What becomes of a resource once a local name holds it: each mention releases it, keeps it beyond the function,
//! or only works with it. Aliases, closures, wrappers and functions of the package are followed.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

mod carrier;
mod data;
mod derived;
mod elements;
mod parameter;

use self::data::is_data;
use self::elements::Element;
use self::parameter::{Parameter, parameter};
use super::beside::Beside;
use super::context;
use super::handover::{self, Handover};
use super::lifetime::{self, Open};
use super::unreached::is_unreached;
use crate::facts::Function;
use crate::facts::Resource;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, BindingKind, Callee, DeclId, Declaration, Type, Usage};
use crate::limits;

/// Who else has the resource afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Keep {
    /// The caller.
    Returned,
    /// A field, variable, map, slice, channel or literal.
    Stored,
    /// A goroutine.
    Goroutine,
    /// A closure that outlives the statement.
    Closure,
    /// A function that keeps its argument.
    Passed,
}

/// What one mention does with the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Compares it, or hands it to something that only works with it.
    Pass,
    /// Calls a method or reads a field, which only works when it is there.
    Touch,
    Release,
    Keep(Keep),
    /// Something that depends on it is handed to code that cannot be seen. That code cannot release it.
    Lent,
    /// Handed to a function that releases it on some of its paths and not on others.
    Conditional {
        /// Those are the paths on which it returns an error.
        on_failure: bool,
    },
    /// Handed to code that cannot be seen.
    Unknown,
}

/// An effect and where it happens: a node of the function itself, a literal for what happens inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mention<'a> {
    pub node: Node<'a>,
    pub effect: Effect,
}

/// What a name or an expression has of the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Grip {
    /// The resource as it was acquired.
    Whole,
    /// The part that has to be released.
    Part,
    /// Something that works on it and cannot release it: a decoder. What comes out of it is data.
    Derived,
    /// Something that came out of it and lives as long as it does: the rows of a transaction.
    Child,
    /// What a constructor that cannot be seen made of it: it may keep it, and release it with itself.
    Made,
    /// A function that has this effect when it is called.
    Closure(Effect),
    /// A slice that holds it as one of its elements: the variadic parameter that took it.
    Elements(Element),
    /// A context from which it can be taken out again.
    Carrier,
}

/// What a name has of the resource where it is acquired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hold {
    Resource,
    /// A function that releases it.
    Release,
    /// A context that carries it.
    Carrier,
}

/// What becomes of a resource in a function.
pub struct Followed<'a> {
    pub mentions: Vec<Mention<'a>>,
    /// What the function returns that has to do with it: the position, and the value.
    returned: Vec<(usize, Grip, Node<'a>)>,
}

impl Followed<'_> {
    /// What a call of the function gives beside the resource, which is the result at `position`.
    pub(super) fn beside(&self, position: usize, resource: &Resource) -> Beside {
        let others = self.returned.iter().filter(|(at, ..)| *at != position);
        others.fold(Beside::default(), |beside, (at, grip, value)| match grip {
            Grip::Closure(Effect::Release) => {
                let method = value.field(Field::Field).map(Node::text);
                let is_plain = method.is_some() && method == resource.release.first().map(String::as_str);
                beside.with_release(*at, is_plain)
            }
            Grip::Carrier => beside.with_carrier(*at),
            _ => beside,
        })
    }
}

impl Grip {
    /// What a name that holds the resource has of it.
    fn of(resource: &Resource) -> Grip {
        match resource.called {
            true => Grip::Closure(Effect::Release),
            false => Grip::Whole,
        }
    }
}

enum Step<'a> {
    /// The expression around has it too.
    Up(Node<'a>, Grip),
    Done(Effect),
}
use Step::{Done, Up};

/// What a function does with a parameter, whoever calls it.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// It gives it back.
    Returned,
    Has(Effect),
}

/// The fates that are known, by package, declaration, parameter and grip. A function that is under way is
/// Unknown to itself, so that functions which call each other come to an end.
type Fates<'a> = HashMap<(&'a str, DeclId, BindingId, Grip), Fate>;

/// Everything that `function` does with the resource in `binding`, in no particular order.
pub fn mentions<'a>(
    at: Declaration<'a>,
    function: Node<'a>,
    binding: BindingId,
    resource: &Resource,
) -> Vec<Mention<'a>> {
    follow(at, function, [(binding, Hold::Resource)], resource).mentions
}

/// The same for names that hold the resource, release it or carry it, with what the function returns of it.
pub fn follow<'a>(
    at: Declaration<'a>,
    function: Node<'a>,
    holders: impl IntoIterator<Item = (BindingId, Hold)>,
    resource: &Resource,
) -> Followed<'a> {
    let mut tracker = Tracker {
        at,
        function,
        resource,
        fates: Rc::default(),
        open: Vec::new(),
        held: HashSet::new(),
        returned: Vec::new(),
        handle: None,
    };
    for (binding, hold) in holders {
        let grip = match hold {
            Hold::Resource => Grip::of(resource),
            Hold::Release => Grip::Closure(Effect::Release),
            Hold::Carrier => Grip::Carrier,
        };
        tracker.hold(binding, grip);
    }
    let mentions = tracker.run();
    Followed {
        mentions,
        returned: tracker.returned,
    }
}

/// Follows one value through one function.
struct Tracker<'a, 'r> {
    at: Declaration<'a>,
    function: Node<'a>,
    resource: &'r Resource,
    fates: Rc<RefCell<Fates<'a>>>,
    /// Names that hold it and are still to be looked at.
    open: Vec<(BindingId, Grip)>,
    /// With the effect, for functions: one may do several things to the resource, each at a mention of its own.
    held: HashSet<(BindingId, Option<Effect>)>,
    /// What the function returns.
    returned: Vec<(usize, Grip, Node<'a>)>,
    /// The name that held it first.
    handle: Option<BindingId>,
}

impl<'a> Tracker<'a, '_> {
    fn run(&mut self) -> Vec<Mention<'a>> {
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
    fn returned_by_name(&self, binding: BindingId) -> Vec<Mention<'a>> {
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

    fn hold(&mut self, binding: BindingId, grip: Grip) {
        let does = match grip {
            Grip::Closure(effect) => Some(effect),
            _ => None,
        };
        self.handle.get_or_insert(binding);
        if self.held.insert((binding, does)) {
            self.open.push((binding, grip));
        }
    }

    /// The effect of one mention, as the function itself sees it. Giving a name another value is no effect.
    fn mention(&mut self, node: Node<'a>, grip: Grip) -> Option<Mention<'a>> {
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
        if grip == Grip::Carrier
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
            effect = self.effect(literal, Grip::Closure(effect));
        }
        Some(Mention { node: place, effect })
    }

    fn effect(&mut self, expression: Node<'a>, grip: Grip) -> Effect {
        let (mut expression, mut grip, mut touched) = (expression, grip, false);
        loop {
            match self.step(expression, grip) {
                Done(Effect::Pass | Effect::Touch) if grip == Grip::Made => return Effect::Unknown,
                Done(Effect::Pass) if touched => return Effect::Touch,
                Done(effect) => return effect,
                Up(around, next) => {
                    touched |= !matches!(grip, Grip::Closure(_))
                        && expression
                            .parent()
                            .is_some_and(|parent| parent.is(Kind::SelectorExpression));
                    (expression, grip) = (around, next);
                }
            }
        }
    }

    fn step(&mut self, expression: Node<'a>, grip: Grip) -> Step<'a> {
        let Some(parent) = expression.parent() else {
            return Done(Effect::Unknown);
        };
        if let Some(step) = self.derived(expression, parent, grip) {
            return step;
        }
        match grip {
            Grip::Elements(element) => return self.among_elements(expression, parent, element),
            Grip::Carrier => return self.carried(expression, parent),
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
            Kind::RangeClause if grip == Grip::Child => {
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
            Kind::UnaryExpression if matches!(grip, Grip::Derived | Grip::Child) => Done(Effect::Pass),
            _ => Done(Effect::Unknown),
        }
    }

    /// `x.field` or `x.method`.
    fn selected(&mut self, selector: Node<'a>, grip: Grip) -> Step<'a> {
        let name = selector.field(Field::Field).map_or("", Node::text);
        let part = self.resource.part.as_deref();
        match grip {
            Grip::Whole if part == Some(name) => Up(selector, Grip::Part),
            Grip::Whole if self.resource.is_started_by(name) => {
                method(selector, Effect::Keep(Keep::Goroutine))
            }
            Grip::Whole if self.resource.is_spent_by(name) => method(selector, Effect::Release),
            Grip::Whole if part.is_some() => Done(run_by(selector, Effect::Touch)),
            // A field that holds what the resource is made of.
            Grip::Whole if self.resource.lies_beneath(name) && selector.role() != Field::Function => {
                Up(selector, Grip::Whole)
            }
            Grip::Whole | Grip::Part if self.resource.is_released_by(name) => {
                method(selector, Effect::Release)
            }
            // It ends, and what it was made of with it.
            Grip::Made if handover::of_name(name) == Handover::Release => Done(Effect::Keep(Keep::Passed)),
            Grip::Made => self.made_of_made(selector),
            Grip::Derived => Done(run_by(selector, Effect::Touch)),
            Grip::Whole | Grip::Part | Grip::Child => self.taken_out(selector),
            Grip::Closure(_) | Grip::Elements(_) | Grip::Carrier => Done(Effect::Unknown),
        }
    }

    /// A method of what was made of the resource may give something that has it, too: `zerolog.New(f).With()`.
    fn made_of_made(&self, selector: Node<'a>) -> Step<'a> {
        let call = selector
            .parent()
            .filter(|call| call.is(Kind::CallExpression) && selector.role() == Field::Function);
        match call.filter(|call| !is_started(*call) && !is_data(self.at, &self.at.type_of(*call))) {
            Some(call) => Up(call, Grip::Made),
            None => Done(Effect::Unknown),
        }
    }

    /// What a method gives or a field holds: data of its own, or something that dies with the resource.
    fn taken_out(&self, selector: Node<'a>) -> Step<'a> {
        let call = selector
            .parent()
            .filter(|call| call.is(Kind::CallExpression) && selector.role() == Field::Function);
        let taken = call.unwrap_or(selector);
        let effect = run_by(selector, Effect::Touch);
        if call.is_none() && matches!(self.at.type_of(selector), Type::Func(_)) {
            return Up(selector, Grip::Closure(effect));
        }
        let of = self.at.type_of(taken);
        let named = selector
            .field(Field::Field)
            .is_some_and(|name| name.text().ends_with("Closer"));
        let is_view = call.is_some() && (is_closer(&of) || (of.is_unknown() && named));
        // A view of it that closes it: `decoder.IOReadCloser()`.
        if is_view && effect == Effect::Touch && self.resource.is_released_by("Close") {
            return Up(taken, Grip::Part);
        }
        match effect != Effect::Touch || is_data(self.at, &of) {
            true => Done(effect),
            false => Up(taken, Grip::Child),
        }
    }

    fn argument(&mut self, argument: Node<'a>, list: Node<'a>, grip: Grip) -> Step<'a> {
        let call = list.parent().filter(|call| call.is(Kind::CallExpression));
        let Some(call) = call else {
            return Done(Effect::Unknown);
        };
        if is_started(call) {
            return Done(Effect::Keep(Keep::Goroutine));
        }
        let is_context = self.resource.is_context && !matches!(grip, Grip::Closure(_) | Grip::Elements(_));
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
                self.given_context(call, context::of_callee(self.at.facts(), function))
            }
            Callee::Local(_) | Callee::Unknown if is_context => {
                self.given_context(call, context::of_name(called_name(call)))
            }
            Callee::External { path, name, .. }
                if grip == Grip::Whole && self.resource.is_put_by(&path, &name) =>
            {
                Up(call, Grip::Carrier)
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
                self.handed_over(call, handover::of_known(self.at.facts(), function), grip)
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
                self.handed_over(call, handover::of_name(called_name(call)), grip)
            }
        }
    }

    /// The resource is given to code that cannot be seen. What that gives back may hold it, unless it is plain data.
    fn handed_over(&self, call: Node<'a>, handover: Handover, grip: Grip) -> Step<'a> {
        let may_hold = || !is_data(self.at, &self.at.type_of(call)) && !data::is_used_as_error(self.at, call);
        match (handover, grip) {
            (Handover::Unknown, Grip::Whole | Grip::Part | Grip::Made) if may_hold() => Up(call, Grip::Made),
            _ => handed(call, handover, grip),
        }
    }

    /// A call that is given a context: data comes out without it.
    fn given_context(&self, call: Node<'a>, handover: Handover) -> Step<'a> {
        match is_data(self.at, &self.at.type_of(call)) {
            true if handover == Handover::Wrap => Done(Effect::Pass),
            _ => handed(call, handover, Grip::Derived),
        }
    }

    /// Whether `value`, of a list that `statement` returns, leaves as plain data.
    fn leaves_as_data(&self, statement: Node<'a>, list: Node<'a>, value: Node<'a>) -> bool {
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
    fn passed(
        &self,
        call: Node<'a>,
        callee: Declaration<'a>,
        function: Node<'a>,
        argument: Node<'a>,
        grip: Grip,
    ) -> Step<'a> {
        let siblings = argument.parent().into_iter().flat_map(Node::children);
        let position = siblings.take_while(|sibling| *sibling != argument).count();
        let is_spread = argument.is(Kind::VariadicArgument);
        let (parameter, grip) = match (parameter(callee, function, position, is_spread), grip) {
            (Parameter::Named(binding), _) => (binding, grip),
            (Parameter::Element(slice), _) => match Element::of(grip) {
                Some(element) => (slice, Grip::Elements(element)),
                None => return Done(Effect::Unknown),
            },
            (Parameter::Unnamed, _) => return Done(Effect::Pass),
            (Parameter::Unknown, _) => return Done(Effect::Unknown),
        };
        let key = (&*callee.package.path, callee.id, parameter, grip);
        let known = self.fates.borrow().get(&key).copied();
        let fate = known.unwrap_or_else(|| {
            self.fates.borrow_mut().insert(key, Fate::Has(Effect::Unknown));
            let fate = self.fate(callee, function, parameter, grip);
            self.fates.borrow_mut().insert(key, fate);
            fate
        });
        match fate {
            Fate::Returned => Up(call, grip),
            // It runs when everything else is done, and knows how that went.
            Fate::Has(Effect::Conditional { .. }) if is_deferred(call) => Done(Effect::Release),
            Fate::Has(effect) => Done(effect),
        }
    }

    fn fate(&self, callee: Declaration<'a>, function: Node<'a>, parameter: BindingId, grip: Grip) -> Fate {
        let look = || {
            let mut inside = self.inside(callee, function);
            inside.hold(parameter, grip);
            let mentions = inside.run();
            summary(&mentions, || {
                lifetime::open_after(callee, function, parameter, self.resource, &mentions)
            })
        };
        limits::inside(&callee.file().path, look).unwrap_or(Fate::Has(Effect::Unknown))
    }

    /// A tracker for another function, or for another name of the same one.
    fn inside(&self, at: Declaration<'a>, function: Node<'a>) -> Self {
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

    fn listed(&mut self, expression: Node<'a>, list: Node<'a>, grip: Grip) -> Step<'a> {
        let Some(statement) = list.parent() else {
            return Done(Effect::Unknown);
        };
        match (statement.kind(), list.role()) {
            (Kind::ReturnStatement, _)
                if matches!(grip, Grip::Derived | Grip::Child | Grip::Made)
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
    fn assigned(&mut self, statement: Node<'a>, list: Node<'a>, value: Node<'a>, grip: Grip) -> Effect {
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

    fn taken_by(&mut self, target: Node<'a>, grip: Grip) -> Effect {
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
            _ if self.handle == Some(id) && grip == Grip::Made => Effect::Keep(Keep::Stored),
            _ => {
                self.hold(id, grip);
                Effect::Pass
            }
        }
    }

    /// Follows the variables of a `range`.
    fn hold_all(&mut self, clause: Node<'a>, grip: Grip) {
        for target in targets(clause) {
            if !is_data(self.at, &self.at.type_of(target)) {
                self.taken_by(target, grip);
            }
        }
    }
}

/// What the statement declares or assigns to, in order.
pub(super) fn targets<'a>(statement: Node<'a>) -> impl Iterator<Item = Node<'a>> {
    let names = statement
        .fields(Field::Name)
        .filter(|name| name.is(Kind::Identifier) || name.is(Kind::BlankIdentifier));
    let left = statement.field(Field::Left).into_iter().flat_map(Node::children);
    names.chain(left)
}

/// A function that has the resource is called.
fn called(call: Node<'_>, grip: Grip) -> Effect {
    match grip {
        Grip::Closure(_) if is_started(call) => Effect::Keep(Keep::Goroutine),
        Grip::Closure(effect) => effect,
        _ => Effect::Unknown,
    }
}

/// `effect`, unless another goroutine runs the method.
fn run_by(selector: Node<'_>, effect: Effect) -> Effect {
    let call = selector
        .parent()
        .filter(|call| call.is(Kind::CallExpression) && selector.role() == Field::Function);
    match call.is_some_and(is_started) {
        true => Effect::Keep(Keep::Goroutine),
        false => effect,
    }
}

/// A method that has this effect, called or as a value.
fn method(selector: Node<'_>, effect: Effect) -> Step<'_> {
    match selector.role() == Field::Function {
        true => Done(run_by(selector, effect)),
        false => Up(selector, Grip::Closure(effect)),
    }
}

/// Whether the type says no more than that the value can be closed, beside reading and writing.
fn is_closer(of: &Type) -> bool {
    ["Closer", "ReadCloser", "WriteCloser", "ReadWriteCloser"]
        .iter()
        .any(|name| of.is("io", name))
}

fn is_deferred(call: Node<'_>) -> bool {
    call.parent()
        .is_some_and(|parent| parent.is(Kind::DeferStatement))
}

fn is_started(call: Node<'_>) -> bool {
    call.parent().is_some_and(|parent| parent.is(Kind::GoStatement))
}

fn called_name(call: Node<'_>) -> &str {
    let function = call.field(Field::Function);
    let name = function.map(|function| function.field(Field::Field).unwrap_or(function));
    name.map_or("", Node::text)
}

fn handed(call: Node<'_>, handover: Handover, grip: Grip) -> Step<'_> {
    match (handover, grip) {
        (Handover::Keep, Grip::Closure(_)) => Done(Effect::Keep(Keep::Closure)),
        (Handover::Keep, _) => Done(Effect::Keep(Keep::Passed)),
        // A closure that releases was given away to be run: when, is its receiver's business.
        (_, Grip::Closure(Effect::Release)) => Done(Effect::Release),
        (Handover::Use, Grip::Closure(effect)) => Done(effect),
        (Handover::Use, _) => Done(Effect::Pass),
        (Handover::Wrap, Grip::Closure(_)) => Up(call, grip),
        (Handover::Wrap, Grip::Child) => Up(call, grip),
        (Handover::Wrap, _) => Up(call, Grip::Derived),
        (Handover::View, Grip::Whole | Grip::Part) => Up(call, Grip::Part),
        (Handover::View, _) => Up(call, grip),
        // What came out of it cannot release it.
        (Handover::Release, Grip::Derived | Grip::Child) => Done(Effect::Pass),
        (Handover::Release, Grip::Closure(_)) => Done(Effect::Unknown),
        (Handover::Release, _) => Done(Effect::Release),
        (Handover::Unknown, Grip::Derived | Grip::Child) => Done(Effect::Lent),
        (Handover::Unknown, Grip::Whole | Grip::Made) if handover::makes(called_name(call)) => {
            Up(call, Grip::Made)
        }
        (Handover::Unknown, _) => Done(Effect::Unknown),
    }
}

/// What a function does that has these effects on its parameter. `open` tells which paths leave the resource open.
fn summary(mentions: &[Mention<'_>], open: impl Fn() -> Open) -> Fate {
    let any = |wanted: fn(Effect) -> bool| mentions.iter().any(|mention| wanted(mention.effect));
    if any(|effect| matches!(effect, Effect::Release | Effect::Conditional { .. })) {
        return Fate::Has(match open() {
            Open::Never => Effect::Release,
            Open::Successes => Effect::Conditional { on_failure: true },
            Open::Sometimes => Effect::Conditional { on_failure: false },
        });
    }
    if any(|effect| matches!(effect, Effect::Keep(keep) if keep != Keep::Returned)) {
        return Fate::Has(Effect::Keep(Keep::Passed));
    }
    for unseen in [Effect::Unknown, Effect::Lent] {
        if mentions.iter().any(|mention| mention.effect == unseen) {
            return Fate::Has(unseen);
        }
    }
    match any(|effect| effect == Effect::Keep(Keep::Returned)) {
        true => Fate::Returned,
        false => Fate::Has(Effect::Pass),
    }
}
