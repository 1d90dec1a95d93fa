//! Request contexts that go to another request when their handler has returned, and the functions that get one.

use super::row::{ContextFacts, Framework, TypeName};
use super::scope::{Scope, Servers};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, BindingKind, Callee, Declaration, Package, Type, package_name};

/// What is known about the type of a request context.
#[derive(Clone, Copy, Debug)]
pub struct RequestContext<'a> {
    pub framework: &'a Framework,
    pub facts: &'a ContextFacts,
    /// As the row spells it.
    pub of: &'a TypeName,
    /// Whether it belongs to a version of which no row speaks.
    pub is_guess: bool,
}

impl<'a> RequestContext<'a> {
    /// What is known about `of`, in code seen from `root`.
    pub fn of(root: &'a Package, of: &Type) -> Option<Self> {
        let Type::Named { path, name, .. } = of.pointee() else {
            return None;
        };
        let scope = Scope::of(root);
        let rows = scope.known().flat_map(|framework| {
            let contexts = framework
                .entries
                .iter()
                .filter_map(|row| Some((row, row.context.as_ref()?)));
            contexts.filter_map(move |(row, facts)| Some((framework, facts, row.takes.0.first()?)))
        });
        let named = rows.filter(|(.., taken)| *taken.name == **name);
        let fitting = named.filter_map(|row| Some((row.2.fits(of, row.0)?, row)));
        let fitting = fitting
            .filter(|(distance, (framework, ..))| !(distance.is_guess() && scope.tells_of(framework, path)));
        // Asked last: it reads go.mod.
        let fitting = fitting.filter(|(_, (framework, ..))| scope.serves(root, framework));
        let (distance, (framework, facts, of)) = fitting.min_by_key(|(distance, _)| *distance)?;
        Some(RequestContext {
            framework,
            facts,
            of,
            is_guess: distance.is_guess(),
        })
    }

    /// What is known about the type of a name.
    pub fn of_binding(at: Declaration<'a>, id: BindingId) -> Option<Self> {
        RequestContext::of(at.root(), &at.type_of_binding(id))
    }
}

/// A function, method or literal that gets a request context.
#[derive(Clone, Copy, Debug)]
pub struct ContextHandler<'a> {
    pub declaration: Declaration<'a>,
    /// The function declaration, method or literal.
    pub function: Node<'a>,
    /// The context parameter; `None` where it is unnamed or `_`.
    pub context: Option<BindingId>,
    pub request: RequestContext<'a>,
}

impl<'a> ContextHandler<'a> {
    /// `function` as one, if one of its parameters is a request context.
    pub fn of(declaration: Declaration<'a>, function: Node<'a>) -> Option<Self> {
        let parameters = function.field(Field::Parameters)?;
        parameters.children().find_map(|parameter| {
            let of = declaration.type_meant(parameter.field(Field::Type)?);
            let request = RequestContext::of(declaration.root(), &of)?;
            let name = parameter.field(Field::Name);
            Some(ContextHandler {
                declaration,
                function,
                context: name.and_then(|name| declaration.scopes().binding_of(name)),
                request,
            })
        })
    }

    /// The innermost one around `node`.
    pub fn around(declaration: Declaration<'a>, node: Node<'a>) -> Option<Self> {
        let mut functions = node.ancestors().filter(|node| node.is_function());
        functions.find_map(|function| ContextHandler::of(declaration, function))
    }

    /// Those of a declaration, outer ones first.
    pub fn all_of(declaration: Declaration<'a>) -> impl Iterator<Item = Self> {
        let nodes = declaration.tree().root().subtree();
        let functions = nodes.filter(|node| node.is_function());
        functions.filter_map(move |function| ContextHandler::of(declaration, function))
    }
}

/// Whether the binding, which is of a request context's type, has the one that the framework lent: a parameter, or
/// another name of one. What a copy or a constructor gave belongs to whoever asked for it.
pub fn is_lent(at: Declaration<'_>, id: BindingId) -> bool {
    let mut id = id;
    let mut names = at.scopes().bindings().count();
    loop {
        let binding = at.scopes().get(id);
        if binding.kind == BindingKind::Param {
            return true;
        }
        let origin = at.tree().node(binding.origin);
        let Some(named) = initial(at.tree().node(binding.declared), origin) else {
            return false;
        };
        names -= 1;
        match at.scopes().binding_of(named.unparenthesized()) {
            Some(other) if other != id && names > 0 => id = other,
            _ => return false,
        }
    }
}

/// Whether the value of `node` is, holds or captures a request context: `c`, `entry{c}`, `func() { c.Next() }`.
pub fn holds_context(at: Declaration<'_>, node: Node<'_>) -> bool {
    let mut names = node.subtree().filter(|inner| inner.is(Kind::Identifier));
    names.any(|name| {
        let inside = name.ancestors().take_while(|around| node.contains(*around));
        let is_captured = { inside }.any(|around| around.is(Kind::FuncLiteral));
        let list = name.parent();
        let is_handed = list.is_some_and(|list| list.is(Kind::ArgumentList))
            && !list
                .and_then(Node::parent)
                .is_some_and(|call| matches!(at.callee(call), Callee::Builtin(_)));
        let is_asked = list.is_some_and(|list| list.is(Kind::SelectorExpression));
        (is_captured || !(is_handed || is_asked))
            && RequestContext::of(at.root(), &at.type_of(name)).is_some()
    })
}

/// Whether somebody who calls the function hands it a copy of a context, which may outlive the handler.
pub fn is_handed_copy(handler: &ContextHandler<'_>, callers: &[(Declaration<'_>, Node<'_>)]) -> bool {
    let names = handler
        .function
        .field(Field::Parameters)
        .into_iter()
        .flat_map(Node::children);
    let mut names = names.flat_map(|parameter| parameter.fields(Field::Name).filter(|name| is_name(*name)));
    let is_context = |name: Node<'_>| handler.declaration.scopes().binding_of(name) == handler.context;
    let position = names.position(is_context);
    let Some((position, copy)) = position.zip(handler.request.facts.copy.as_ref()) else {
        return false;
    };
    callers.iter().any(|(at, call)| {
        let argument = call.field(Field::Arguments).and_then(|list| list.child(position));
        argument.is_some_and(|argument| is_copy(*at, argument.unparenthesized(), copy))
    })
}

/// Whether `value` is `c.Copy()`, or a name that begins with that.
fn is_copy(at: Declaration<'_>, value: Node<'_>, copy: &str) -> bool {
    match value.kind() {
        Kind::CallExpression => {
            let called = value.field(Field::Function);
            let method = called.and_then(|called| called.field(Field::Field));
            method.is_some_and(|method| method.text() == copy)
        }
        Kind::Identifier => at.scopes().binding_of(value).is_some_and(|id| {
            let binding = at.scopes().get(id);
            let value = initial(at.tree().node(binding.declared), at.tree().node(binding.origin));
            value.is_some_and(|value| value.is(Kind::CallExpression) && is_copy(at, value, copy))
        }),
        _ => false,
    }
}

fn is_name(node: Node<'_>) -> bool {
    matches!(node.kind(), Kind::Identifier | Kind::BlankIdentifier)
}

/// The value that `name` begins with in `origin`: a short declaration or a `var`.
fn initial<'a>(name: Node<'a>, origin: Node<'a>) -> Option<Node<'a>> {
    let values = origin.field(Field::Right).or(origin.field(Field::Value))?;
    let left = origin.field(Field::Left).into_iter().flat_map(Node::children);
    let mut names = left.chain(origin.fields(Field::Name).filter(|name| is_name(*name)));
    let position = names.position(|held| held == name)?;
    values.child(position)
}

/// The texts of which code that names a request context holds one: `gin.Context`, and for Fiber the bare name, which
/// is none of anybody else's.
pub fn context_needles(users: &[Framework]) -> Vec<String> {
    let scope = Scope::new(Servers::All, users);
    let rows = scope.known().flat_map(|framework| &framework.entries);
    let types = rows
        .filter(|row| row.context.is_some())
        .flat_map(|row| &row.takes.0);
    let mut needles: Vec<String> = types.map(needle).collect();
    needles.sort();
    needles.dedup();
    needles
}

/// `Context` alone is in every second file.
fn needle(of: &TypeName) -> String {
    if of.name != "Context" {
        return of.name.clone();
    }
    format!("{}.{}", package_name(&of.path), of.name)
}
