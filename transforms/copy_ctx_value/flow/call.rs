//! What becomes of a value that is an argument or a result.

use std::rc::Rc;

use super::super::accessor::Shape;
use super::super::functions::{Known, known};
use super::super::loan::{Entry, Value};
use super::{Keeper, Tracer, converted, lent, place};
use crate::analysis::keeper::{self, Effect};
use crate::analysis::owner::{Frame, outlives};
use crate::analysis::request::callers;
use crate::frameworks::{ContextHandler, RequestContext};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Callee, Declaration, Type};
use crate::limits;

impl<'a> Tracer<'a> {
    pub(super) fn pass(&mut self, value: Value<'a>) -> Option<Value<'a>> {
        let spread = value
            .node
            .parent()
            .filter(|parent| parent.is(Kind::VariadicArgument));
        let argument = spread.unwrap_or(value.node);
        let list = argument.parent().filter(|list| list.is(Kind::ArgumentList))?;
        let call = list.parent().filter(|call| call.is(Kind::CallExpression))?;
        let position = list.children().position(|node| node == argument)?;
        let at = value.at();
        if call.parent().is_some_and(|parent| parent.is(Kind::GoStatement)) {
            let starts = self.starts_in(at, value.frame.function);
            let start = starts.iter().find(|start| start.call == Some(call)).copied();
            start
                .into_iter()
                .for_each(|start| self.detach(value.clone(), start));
            return None;
        }
        if let Some((Effect::Stores, operand)) = keeper::effect(at, call) {
            self.store(&value, Some(operand), call);
            return None;
        }
        match at.callee(call) {
            Callee::Builtin(name) if name == "append" => {
                let copies = spread.is_some() && value.loan.shape != Shape::Group;
                (!copies).then(|| match position {
                    0 => value.disguised(call),
                    _ => value.grouped(call, None),
                })
            }
            Callee::Conversion(of) => converted(value, call, &of),
            callee @ Callee::External { .. } => match known(at.facts(), callee.function()?)? {
                Known::Through => Some(value.same(call)),
                Known::Parts => Some(value.parts(call)),
                Known::Keeps => {
                    let name = callee.function()?.name.to_owned();
                    self.keep(&value, Keeper::Function(name), call);
                    None
                }
            },
            Callee::Package(callee) => {
                self.enter(value, call, callee, position);
                None
            }
            _ => None,
        }
    }

    /// Into a function of the module.
    pub(super) fn enter(
        &mut self,
        value: Value<'a>,
        call: Node<'a>,
        callee: Declaration<'a>,
        position: usize,
    ) {
        let function = callee.function().filter(|_| callee.is_sound());
        let Some(function) = function else { return };
        let Some(binding) = parameter(callee, function, position) else {
            return;
        };
        if RequestContext::of_binding(callee, binding).is_some() {
            return;
        }
        let method = call.field(Field::Function);
        let frame = Frame {
            at: callee,
            function,
            receiver: Some(method.and_then(|method| outlives(value.frame, method))),
        };
        let mut loan = value.loan.clone();
        loan.settled = true;
        let calls = Some(Rc::new(Entry {
            frame: value.frame,
            call,
            up: value.calls.clone(),
        }));
        self.carry(frame, binding, loan, calls, 0);
    }

    /// The function at hand returns it.
    pub(super) fn give_back(&mut self, value: Value<'a>, statement: Node<'a>, result: usize) {
        let at = value.at();
        if statement.enclosing_function() != Some(value.frame.function)
            || !self.given_back.insert((
                place(at),
                value.frame.function.index(),
                result,
                lent(&value.loan, &value.calls),
            ))
        {
            return;
        }
        if let Some(entry) = value.calls.clone() {
            let back = Value {
                frame: entry.frame,
                node: entry.call,
                result,
                calls: entry.up.clone(),
                loan: value.loan,
            };
            return self.follow_outside(back);
        }
        if Some(value.frame.function) != at.function() {
            return;
        }
        self.given.push((result, value.loan.shape));
        for (frame, call) in callers_beside(at) {
            let back = Value {
                frame,
                node: call,
                result,
                calls: None,
                loan: value.loan.clone(),
            };
            // The call itself can be copied where it gives the string and nothing else.
            let back = match at.results_of(value.frame.function).get(result) {
                Some(of) if !is_own_type(of) => back.disguised(call),
                _ if call
                    .parent()
                    .is_some_and(|parent| parent.is(Kind::ExpressionList)) =>
                {
                    back
                }
                _ => back.same(call),
            };
            self.follow_outside(back);
        }
    }

    /// Goes on where the function at hand was called.
    fn follow_outside(&mut self, value: Value<'a>) {
        let path = value.at().file().path.as_str();
        let _ = limits::inside(path, || self.follow(value));
    }

    /// The function at hand puts it into what its parameter `binding` refers to.
    pub(super) fn give_through(&mut self, value: &Value<'a>, binding: BindingId) {
        let at = value.at();
        let name = at.tree().node(at.scopes().get(binding).declared);
        let refers = matches!(at.type_of_binding(binding), Type::Map(..) | Type::Pointer(_));
        let Some(position) = parameter_names(value.frame.function)
            .position(|node| node == name)
            .filter(|_| refers)
        else {
            return;
        };
        let entered = value
            .calls
            .as_ref()
            .map(|entry| (entry.frame, entry.call, entry.up.clone()));
        let calls: Vec<_> = match entered {
            Some(entered) => vec![entered],
            None => callers_beside(at)
                .into_iter()
                .map(|(frame, call)| (frame, call, None))
                .collect(),
        };
        for (frame, call, up) in calls {
            let argument = call.field(Field::Arguments).and_then(|list| list.child(position));
            let argument = argument.map(|argument| argument.field(Field::Operand).unwrap_or(argument));
            let binding = argument.and_then(|name| frame.at.scopes().binding_of(name));
            if let Some(binding) = binding {
                self.carry(frame, binding, value.loan.clone(), up, call.end());
            }
        }
    }
}

/// Whether a value of this type is the string or slice as the context gave it, or holds it in parts.
fn is_own_type(of: &Type) -> bool {
    match of {
        Type::Basic(name) => *name == "string",
        Type::Slice(_) | Type::Map(..) => true,
        _ => false,
    }
}

/// The calls of the package that reach `at`, each with its function.
fn callers_beside<'a>(at: Declaration<'a>) -> Vec<(Frame<'a>, Node<'a>)> {
    let calls = callers(at).into_iter();
    let beside = calls.filter(|(caller, _)| std::ptr::eq(caller.package, at.package) && caller.is_sound());
    let framed = |(at, call): (Declaration<'a>, Node<'a>)| {
        let function = match ContextHandler::around(at, call) {
            Some(handler) => handler.function,
            None => call.enclosing_function()?,
        };
        let frame = Frame {
            at,
            function,
            receiver: None,
        };
        Some((frame, call))
    };
    beside.filter_map(framed).collect()
}

fn parameter_names<'a>(function: Node<'a>) -> impl Iterator<Item = Node<'a>> {
    let declared = function
        .field(Field::Parameters)
        .into_iter()
        .flat_map(Node::children);
    declared
        .flat_map(|declared| declared.fields(Field::Name))
        .filter(|name| name.is(Kind::Identifier) || name.is(Kind::BlankIdentifier))
}

/// The name of the parameter that takes the argument at `position`; a variadic one takes none.
fn parameter(callee: Declaration<'_>, function: Node<'_>, position: usize) -> Option<BindingId> {
    let name = parameter_names(function).nth(position)?;
    let variadic = name
        .parent()
        .is_some_and(|declared| declared.is(Kind::VariadicParameterDeclaration));
    (!variadic).then(|| callee.scopes().binding_of(name)).flatten()
}
