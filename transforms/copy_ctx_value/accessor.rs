//! What a call on a request context gives: memory of the request, or memory of its own.

use super::setting::Settings;
use crate::frameworks::{ContextFacts, RequestContext, Word, is_lent};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, Declaration, Type};

/// What a value has of the request's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    Text,
    Bytes,
    /// A slice, map or struct with such strings in it.
    Group,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    Lent(Shape),
    Own,
    /// The user's context, to be asked for in the handler.
    Context,
    /// A struct that the call fills with strings of the request: its first argument.
    Filled,
    /// What must not be asked for later, with advice in the framework's row.
    Advised,
}

/// A call on a request context that is known.
#[derive(Clone, Debug)]
pub struct Access<'a> {
    pub gives: Gives,
    /// The whole call, or the field selected in what it gives.
    pub node: Node<'a>,
    /// `Params`, or `Request.Header.Peek` for a chain.
    pub name: String,
    /// Of every call in the chain.
    pub arguments: Vec<Node<'a>>,
    /// Whether the call must stay where it is.
    pub is_late: bool,
}

/// What asking a context of this kind for `name` gives, with so many arguments.
fn gives(facts: &ContextFacts, name: &str, arguments: usize, settings: Settings) -> Option<Gives> {
    let lists = |rows: &[Word]| rows.iter().any(|row| is_row(row, name, arguments));
    let is_raw = name.contains('.') && !name.starts_with("Req.");
    let is_immutable = settings.immutable && facts.immutable_by.is_some();
    let lent = |shape| match is_immutable && !is_raw {
        true => Gives::Own,
        false => Gives::Lent(shape),
    };
    let is_bound = name.starts_with("Bind.");
    if lists(&facts.text) || (settings.proxied && lists(&facts.proxied)) {
        return Some(lent(Shape::Text));
    }
    match () {
        () if lists(&facts.bytes) => Some(lent(Shape::Bytes)),
        () if lists(&facts.group) => Some(lent(Shape::Group)),
        () if lists(&facts.own) || lists(&facts.proxied) => Some(Gives::Own),
        () if lists(&facts.context) => Some(Gives::Context),
        // v3 binds strings of the request even where it is told to be immutable.
        () if lists(&facts.filled) && (is_bound || !is_immutable) => Some(Gives::Filled),
        () if facts.advice.keys().any(|key| is_row(key, name, arguments)) => Some(Gives::Advised),
        () => None,
    }
}

fn is_row(row: &str, name: &str, arguments: usize) -> bool {
    match row.split_once('/') {
        Some((row, most)) => row == name && most.parse().is_ok_and(|most: usize| arguments <= most),
        None => row == name,
    }
}

/// What is done with the request context at `mention`: the longest chain of calls on it that is known.
pub fn access<'a>(at: Declaration<'a>, mention: Node<'a>, settings: Settings) -> Option<Access<'a>> {
    let of = at.type_of(mention);
    let request = RequestContext::of(at.root(), &of)?;
    generic(at, mention, &of, request.facts, settings).or_else(|| chained(mention, request.facts, settings))
}

fn chained<'a>(mention: Node<'a>, facts: &ContextFacts, settings: Settings) -> Option<Access<'a>> {
    let (mut node, mut name, mut arguments) = (mention, String::new(), Vec::new());
    let mut longest = None;
    loop {
        let outer = node.parenthesized();
        let Some(selector) = outer
            .parent()
            .filter(|parent| parent.is(Kind::SelectorExpression) && outer.role() == Field::Operand)
        else {
            return longest;
        };
        let field = selector.field(Field::Field)?;
        name = match name.is_empty() {
            true => field.text().to_owned(),
            false => format!("{name}.{}", field.text()),
        };
        let function = selector.parenthesized();
        let call = function
            .parent()
            .filter(|call| call.is(Kind::CallExpression) && function.role() == Field::Function);
        let given = call.and_then(|call| call.field(Field::Arguments));
        let given: Vec<_> = given.into_iter().flat_map(Node::children).collect();
        if let Some(gives) = gives(facts, &name, given.len(), settings) {
            longest = Some(Access {
                gives,
                node: call.unwrap_or(selector),
                is_late: facts.late.iter().any(|row| is_row(row, &name, given.len())),
                arguments: arguments.iter().chain(&given).copied().collect(),
                name: name.clone(),
            });
        }
        arguments.extend(given);
        node = call.unwrap_or(selector);
    }
}

/// `fiber.Params[string](c, "id")`
fn generic<'a>(
    at: Declaration<'a>,
    mention: Node<'a>,
    of: &Type,
    facts: &ContextFacts,
    settings: Settings,
) -> Option<Access<'a>> {
    let list = mention.parent().filter(|list| list.is(Kind::ArgumentList))?;
    let call = list.parent().filter(|call| call.is(Kind::CallExpression))?;
    let Callee::External {
        path,
        receiver: None,
        name,
    } = at.callee(call)
    else {
        return None;
    };
    let is_beside = matches!(of.pointee(), Type::Named { path: own, .. } if **own == *path);
    let getter = is_beside && facts.generic.iter().any(|row| **row == *name);
    let gives_text = call
        .field(Field::Function)
        .is_some_and(|function| function.text().ends_with("[string]"));
    (getter && list.child(0) == Some(mention)).then(|| Access {
        gives: match gives_text && !settings.immutable {
            true => Gives::Lent(Shape::Text),
            false => Gives::Own,
        },
        node: call,
        name,
        arguments: list.children().skip(1).collect(),
        is_late: false,
    })
}

/// Every mention below `function` of a name that has a request context, which its framework lent.
pub fn contexts_in<'a>(at: Declaration<'a>, function: Node<'a>) -> Vec<Node<'a>> {
    let bindings = at.scopes().bindings().map(|(id, _)| id);
    let held = bindings.filter(|id| RequestContext::of_binding(at, *id).is_some() && is_lent(at, *id));
    let mut found: Vec<Node<'a>> = held
        .flat_map(|id| at.scopes().uses(id, at.tree()))
        .filter(|node| function.contains(*node))
        .collect();
    found.sort_by_key(|node| node.index());
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frameworks::ContextHandler;
    use crate::go::{Package, SourceFile};

    #[test]
    fn rows_tell_lent_from_own_memory() {
        let plain = Settings::default();
        let immutable = Settings {
            immutable: true,
            ..plain
        };
        let v2 = facts("*fiber.Ctx", "github.com/gofiber/fiber/v2");
        let v2 = |name: &str, arguments, settings| gives(&v2, name, arguments, settings);
        assert_eq!(v2("Params", 1, plain), Some(Gives::Lent(Shape::Text)));
        assert_eq!(v2("Params", 1, immutable), Some(Gives::Own));
        assert_eq!(v2("Request.Body", 0, immutable), Some(Gives::Lent(Shape::Bytes)));
        assert_eq!(v2("Path", 1, plain), None);
        assert_eq!(v2("IP", 0, plain), Some(Gives::Own));
        let proxied = Settings {
            proxied: true,
            ..plain
        };
        assert_eq!(v2("IP", 0, proxied), Some(Gives::Lent(Shape::Text)));
        let v3 = facts("fiber.Ctx", "github.com/gofiber/fiber/v3");
        let v3 = |name: &str, settings| gives(&v3, name, 1, settings);
        assert_eq!(v3("Bind.Query", immutable), Some(Gives::Filled));
        assert_eq!(v3("Method", plain), None);
        let gin = facts("*gin.Context", "github.com/gin-gonic/gin");
        assert_eq!(gives(&gin, "Param", 1, plain), Some(Gives::Own));
        assert_eq!(gives(&gin, "Request.Context", 0, plain), Some(Gives::Advised));
        assert!(gin.text.is_empty() && gin.bytes.is_empty() && gin.group.is_empty());
    }

    /// The facts about the type `of` of the package `path`.
    fn facts(of: &str, path: &str) -> ContextFacts {
        let base = of.trim_start_matches('*').split('.').next().unwrap();
        let source = format!("package p\n\nimport {base} \"{path}\"\n\nfunc f(c {of}) {{}}\n");
        let package = Package::new("p", None, vec![SourceFile::new("p/f.go", source.into_bytes())]);
        let at = package.find_name("f").unwrap();
        let handler = ContextHandler::of(at, at.function().unwrap()).unwrap();
        handler.request.facts.clone()
    }
}
