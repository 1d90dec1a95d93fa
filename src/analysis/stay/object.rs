//! Locks, groups and conditions that a function makes, with every call on them.

use crate::facts::paths;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, Declaration, Usage};

/// A local value of which every use is a call of one of its methods.
pub(super) struct Object<'a> {
    pub name: &'a str,
    /// The function that makes it.
    pub home: Node<'a>,
    /// Each call with the name of its method.
    pub calls: Vec<(Node<'a>, &'a str)>,
}

impl<'a> Object<'a> {
    /// What `call` calls a method of. `None` where it is of another type, comes from elsewhere or gets out of sight.
    pub fn of(at: Declaration<'a>, call: Node<'a>, package: &str, types: &[&str]) -> Option<Self> {
        let name = call
            .field(Field::Function)?
            .field(Field::Operand)?
            .unparenthesized();
        let scopes = at.scopes();
        let id = scopes.binding_of(name)?;
        let of = at.type_of_binding(id);
        types.iter().any(|wanted| of.is(package, wanted)).then_some(())?;
        let binding = scopes.get(id);
        let (declared, origin) = (at.tree().node(binding.declared), at.tree().node(binding.origin));
        is_made(at, origin).then_some(())?;
        let calls = scopes.uses(id, at.tree()).map(|held| called(at, held));
        Some(Object {
            name: name.text(),
            home: declared.enclosing_function()?,
            calls: calls.collect::<Option<Vec<_>>>()?,
        })
    }

    /// The calls of one method.
    pub fn of_method(&self, method: &str) -> impl Iterator<Item = Node<'a>> {
        let calls = self.calls.iter().filter(move |(_, name)| *name == method);
        calls.map(|(call, _)| *call)
    }
}

/// Whether a declaration of one name makes its value: `var x T`, `x := T{}`, `x := &T{}`, `x := new(T)`.
fn is_made(at: Declaration<'_>, origin: Node<'_>) -> bool {
    let values = match origin.kind() {
        Kind::VarSpec => origin.field(Field::Value),
        Kind::ShortVarDeclaration => origin.field(Field::Right),
        _ => return false,
    };
    let Some(values) = values else {
        return origin
            .field(Field::Type)
            .is_some_and(|of| !of.is(Kind::PointerType));
    };
    let mut values = values.children();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let pointed = Some(value).filter(|value| value.operator() == Some(Kind::Address));
    let value = pointed
        .and_then(|value| value.field(Field::Operand))
        .unwrap_or(value);
    value.is(Kind::CompositeLiteral)
        || value.is(Kind::CallExpression)
            && (matches!(at.callee(value), Callee::Builtin(name) if name == "new")
                || at.callee(value).is_function(paths::SYNC, "NewCond"))
}

/// The call `x.Method(…)` of a mention of `x`; `x.L.Lock()` is one of the condition's lock.
fn called<'a>(at: Declaration<'a>, held: Node<'a>) -> Option<(Node<'a>, &'a str)> {
    let selector = held.parent().filter(|up| up.is(Kind::SelectorExpression))?;
    let known = at.usage(held) == Usage::Read && selector.field(Field::Operand) == Some(held);
    let method = selector.field(Field::Field).filter(|_| known)?;
    let outer = selector.parent()?;
    let selector = match method.text() {
        "L" if outer.is(Kind::SelectorExpression) => outer,
        _ => selector,
    };
    let call = selector.parent().filter(|up| up.is(Kind::CallExpression))?;
    (call.field(Field::Function) == Some(selector)).then(|| (call, method.text()))
}
