//! What stays the same while requests run: package variables that only set-up code assigns, and functions that read
//! nothing else.

use std::collections::HashSet;

use super::definition::right_of;
use super::live;
use super::reader::{Reader, runs_per_request};
use super::table::{self, Source, source};
use super::value::Known;
use crate::analysis::request::callers;
use crate::facts::paths;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Callee, DeclId, DeclKind, Declaration, Meaning, Type, Usage};
use crate::transform::{Reason, Refusal};

/// Who gives a package variable a new value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    None,
    SetUp,
    PerRequest,
}

/// Who writes the package variable `name`, or could through its address.
pub fn writes(declaration: Declaration<'_>, name: &str) -> Writes {
    let outside = declaration
        .importers()
        .flat_map(|importer| importer.selections(name));
    let outside = outside.map(|(at, node)| (declaration.beside(at), node));
    let named = outside.filter(|(at, node)| {
        let operand = node.field(Field::Operand);
        operand.and_then(|operand| at.import_path_of(operand)) == Some(&declaration.package.path)
    });
    by_whom(
        declaration
            .package
            .mentions(name)
            .into_iter()
            .map(|(at, node)| (declaration.beside(at), node))
            .chain(named),
    )
}

/// Whether a request gives the field that `selector` selects a value: in this package, or in another one where the
/// value it is a field of has the same type.
pub fn is_field_set_per_request<'a>(at: Declaration<'a>, selector: Node<'a>) -> bool {
    let (Some(operand), Some(field)) = (selector.field(Field::Operand), selector.field(Field::Field)) else {
        return false;
    };
    let of = at.type_of(operand);
    let is_named = matches!(of.pointee(), Type::Named { .. });
    let may_be_meant = |other: Declaration<'a>, node: Node<'a>| {
        let held = node
            .field(Field::Operand)
            .map_or(Type::Unknown, |node| other.type_of(node));
        match (is_named, held.pointee()) {
            (true, Type::Named { .. }) => held.pointee() == of.pointee(),
            _ => std::ptr::eq(other.package, at.package),
        }
    };
    let packages = at.own_packages_holding(field.text());
    let selections = packages.flat_map(|package| package.selections(field.text()));
    let meant = selections
        .map(|(other, node)| (at.beside(other), node))
        .filter(|(other, node)| other.usage(*node) != Usage::Read && may_be_meant(*other, *node));
    by_whom(meant) == Writes::PerRequest
}

fn by_whom<'a>(mentions: impl Iterator<Item = (Declaration<'a>, Node<'a>)>) -> Writes {
    let mut found = Writes::None;
    for (declaration, node) in mentions {
        if !matches!(
            declaration.usage(node),
            Usage::Write | Usage::Update | Usage::Address
        ) {
            continue;
        }
        if runs_per_request(declaration, node) {
            return Writes::PerRequest;
        }
        found = Writes::SetUp;
    }
    found
}

/// Whether some caller in the package hands the parameter something of a request.
pub fn is_fed_by_request(at: Declaration<'_>, parameter: BindingId) -> bool {
    let binding = at.scopes().get(parameter);
    let Some(function) = at
        .function()
        .filter(|function| function.index() == binding.function)
    else {
        return true;
    };
    let names = function
        .field(Field::Parameters)
        .into_iter()
        .flat_map(Node::children)
        .flat_map(|declaration| declaration.fields(Field::Name));
    let position = names
        .filter(|name| name.is(Kind::Identifier))
        .position(|name| name.index() == binding.declared);
    callers(at).into_iter().any(|(caller, call)| {
        let arguments = call.field(Field::Arguments);
        let argument = position.and_then(|position| arguments?.child(position));
        argument.is_none_or(|argument| !is_literal(caller, argument))
    })
}

/// Whether the argument is a literal or a constant of the package.
fn is_literal(at: Declaration<'_>, node: Node<'_>) -> bool {
    match node.kind() {
        Kind::InterpretedStringLiteral | Kind::RawStringLiteral => true,
        Kind::Identifier => {
            matches!(at.resolve(node), Meaning::Package(declaration) if declaration.kind() == DeclKind::Const)
        }
        _ => false,
    }
}

/// Whether a function of the package gives the same result, for the same arguments, as long as the process runs.
pub fn is_steady(declaration: Declaration<'_>) -> bool {
    Walk::default().is_steady(declaration)
}

/// How surely the body of a helper without parameters does the same at every call.
/// What it does with `opened`, the client itself, belongs to opening it.
pub fn of_body(at: Declaration<'_>, body: Node<'_>, opened: Option<BindingId>) -> Result<Known, Refusal> {
    let mut known = Known::Running;
    for node in body.descendants() {
        let is_sure = match node.kind() {
            Kind::GoStatement | Kind::SendStatement | Kind::SelectStatement => false,
            Kind::UnaryExpression => node.operator() != Some(Kind::Arrow),
            Kind::CallExpression if is_method_of(at, node, opened) || is_sure_call(at, node) => true,
            Kind::CallExpression => live::check(at, node).map(|()| false)?,
            Kind::Identifier => is_sure_name(at, node)?,
            Kind::SelectorExpression if node.role() != Field::Function => {
                check_part(at, node)?;
                true
            }
            _ => true,
        };
        if !is_sure {
            known = Known::Guess;
        }
    }
    Ok(known)
}

/// A field, or a variable of another package, that requests assign is not the same at every call.
fn check_part(at: Declaration<'_>, selector: Node<'_>) -> Result<(), Refusal> {
    let refused = Reader::new(at, None).read(selector).err();
    match refused.filter(|refusal| refusal.reason == Reason::RequestDependent) {
        Some(refusal) => Err(refusal),
        None => Ok(()),
    }
}

/// Whether a method of the name `opened` is called.
fn is_method_of(at: Declaration<'_>, call: Node<'_>, opened: Option<BindingId>) -> bool {
    let operand = call
        .field(Field::Function)
        .and_then(|function| function.field(Field::Operand));
    opened.is_some() && operand.and_then(|operand| at.scopes().binding_of(operand)) == opened
}

/// Calls that set a client up belong to opening it.
fn is_sure_call(at: Declaration<'_>, call: Node<'_>) -> bool {
    let opens = |path: &str| {
        let mut rows = table::clients();
        rows.any(|row| row.package == path)
    };
    match at.callee(call) {
        Callee::Builtin(_) | Callee::Conversion(_) | Callee::Literal(_) => true,
        Callee::Package(declaration) => is_steady(declaration),
        Callee::Local(id) => is_cancel(at, id),
        Callee::External { ref path, .. } if opens(path) => true,
        callee => matches!(source(at, &callee), Source::Pure | Source::Steady),
    }
}

/// Whether the name holds what ends a context that was made here: `ctx, cancel := context.WithTimeout(…)`.
fn is_cancel(at: Declaration<'_>, id: BindingId) -> bool {
    let made = right_of(at.tree().node(at.scopes().get(id).origin)).next();
    let callee = made
        .filter(|made| made.is(Kind::CallExpression))
        .map(|made| at.callee(made));
    matches!(callee, Some(Callee::External { ref path, receiver: None, .. }) if path == paths::CONTEXT)
}

fn is_sure_name(at: Declaration<'_>, name: Node<'_>) -> Result<bool, Refusal> {
    let Meaning::Package(declaration) = at.resolve(name) else {
        return Ok(true);
    };
    if declaration.kind() != DeclKind::Var {
        return Ok(true);
    }
    if at.usage(name) != Usage::Read {
        return Ok(false);
    }
    match writes(declaration, name.text()) {
        Writes::PerRequest => Err(Refusal::new(
            Reason::RequestDependent,
            format!(
                "`{}` is assigned while requests run: keep a map of pools, one for each of its values",
                name.text()
            ),
        )),
        _ => Ok(true),
    }
}

#[derive(Default)]
struct Walk<'a> {
    seen: HashSet<(&'a str, DeclId)>,
}

impl<'a> Walk<'a> {
    fn is_steady(&mut self, at: Declaration<'a>) -> bool {
        // A function that calls itself is not understood.
        let key = (&*at.package.path, at.id);
        if !self.seen.insert(key) || !at.is_sound() {
            return false;
        }
        let body = at.function().and_then(|function| function.field(Field::Body));
        let steady = body.is_some_and(|body| body.descendants().all(|node| self.keeps_steady(at, node)));
        self.seen.remove(&key);
        steady
    }

    fn keeps_steady(&mut self, at: Declaration<'a>, node: Node<'a>) -> bool {
        match node.kind() {
            Kind::GoStatement | Kind::SendStatement | Kind::SelectStatement | Kind::FuncLiteral => false,
            Kind::UnaryExpression => node.operator() != Some(Kind::Arrow),
            Kind::CallExpression => self.is_steady_call(at, node),
            Kind::Identifier => is_steady_name(at, node),
            Kind::SelectorExpression | Kind::IndexExpression => {
                at.usage(node) == Usage::Read || is_local(at, node)
            }
            _ => true,
        }
    }

    fn is_steady_call(&mut self, at: Declaration<'a>, call: Node<'a>) -> bool {
        match at.callee(call) {
            Callee::Builtin(_) | Callee::Conversion(_) => true,
            Callee::Package(declaration) => self.is_steady(declaration),
            callee => matches!(source(at, &callee), Source::Pure | Source::Steady),
        }
    }
}

/// Whether a part of a local name is meant.
fn is_local(at: Declaration<'_>, node: Node<'_>) -> bool {
    let base = std::iter::successors(Some(node), |node| node.field(Field::Operand)).last();
    base.is_some_and(|base| matches!(at.resolve(base), Meaning::Local(_)))
}

/// Local names and constants are; a package variable is where only set-up code assigns it.
fn is_steady_name(at: Declaration<'_>, name: Node<'_>) -> bool {
    match at.resolve(name) {
        Meaning::Package(declaration) if declaration.kind() == DeclKind::Var => {
            at.usage(name) == Usage::Read && writes(declaration, name.text()) != Writes::PerRequest
        }
        _ => true,
    }
}
