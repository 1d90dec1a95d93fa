//! Does this code run once per request? It does inside a handler, and in a function of the package that a
//! handler reaches by calls. It does not in `main`, `init`, bodies run by `sync.Once` and set-up code.

use std::collections::{HashSet, VecDeque};

use crate::fiber::Handler;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, DeclId, Declaration, Place};

/// One call on the way from a handler down to the code in question.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// The function that calls.
    pub caller: Declaration<'a>,
    pub call: Node<'a>,
}

/// How a request reaches some code.
#[derive(Clone, Debug)]
pub struct RequestPath<'a> {
    pub handler: Handler<'a>,
    /// The calls from the handler on; empty where the code stands in the handler itself.
    pub calls: Vec<Call<'a>>,
}

impl RequestPath<'_> {
    /// `GetUser → repo.Find → open`: the handler, then each function on the way.
    pub fn titles(&self, reached: Declaration<'_>) -> String {
        let mut titles: Vec<String> = self.calls.iter().map(|call| call.caller.title()).collect();
        titles.push(reached.title());
        titles.dedup();
        titles.join(" → ")
    }

    /// The places of the calls in the package of `reached`, in order.
    pub fn places(&self, reached: Declaration<'_>) -> Vec<Place> {
        let beside = self
            .calls
            .iter()
            .filter(|call| std::ptr::eq(call.caller.package, reached.package));
        beside.map(|call| call.caller.place(call.call)).collect()
    }
}

/// The shortest way on which a request reaches `node`, where one is proven.
pub fn request_path<'a>(declaration: Declaration<'a>, node: Node<'a>) -> Option<RequestPath<'a>> {
    let mut seen: HashSet<(&str, DeclId)> = HashSet::new();
    let mut queue = VecDeque::from([(declaration, node, Vec::new())]);
    while let Some((declaration, node, calls)) = queue.pop_front() {
        match owner(declaration, node) {
            Owner::Handler(handler) => return Some(RequestPath { handler, calls }),
            Owner::Once => {}
            Owner::Function => {
                if seen.insert((&declaration.package.path, declaration.id)) {
                    for (caller, call) in callers(declaration) {
                        let mut calls = calls.clone();
                        calls.insert(0, Call { caller, call });
                        queue.push_back((caller, call, calls));
                    }
                }
            }
        }
    }
    None
}

/// Every call of the module that reaches the function or method `declaration` itself.
pub fn callers<'a>(declaration: Declaration<'a>) -> Vec<(Declaration<'a>, Node<'a>)> {
    let name = declaration.decl().title();
    let package = declaration.package;
    let inside = match &declaration.decl().receiver {
        Some(_) => package.selections(name),
        None => package.mentions(name),
    };
    let is_exported = name.starts_with(char::is_uppercase);
    let importers = declaration.importers().filter(|_| is_exported);
    let outside = importers.flat_map(|importer| importer.selections(name));
    let mentions = inside.into_iter().chain(outside);
    let called = mentions.filter_map(|(caller, mention)| {
        let caller = declaration.beside(caller);
        let call = mention
            .parent()
            .filter(|parent| parent.is(Kind::CallExpression))?;
        let is_callee = call.field(Field::Function) == Some(mention);
        let reaches =
            is_callee && matches!(caller.callee(call), Callee::Package(callee) if callee == declaration);
        reaches.then_some((caller, call))
    });
    called.collect()
}

/// What decides when `node` runs.
enum Owner<'a> {
    Handler(Handler<'a>),
    /// Runs once in the life of the process.
    Once,
    /// The declared function around it, whoever calls that.
    Function,
}

fn owner<'a>(declaration: Declaration<'a>, node: Node<'a>) -> Owner<'a> {
    let functions = node.ancestors().filter(|node| node.is_function());
    for function in functions {
        let handler = Handler::of(declaration, function);
        if let Some(handler) = handler.or_else(|| Handler::of_connection(declaration, function)) {
            return Owner::Handler(handler);
        }
        if function.is(Kind::FuncLiteral) && (runs_once(declaration, function) || is_returned(function)) {
            return Owner::Once;
        }
    }
    let in_function = declaration
        .function()
        .is_some_and(|function| function.contains(node));
    let set_up =
        declaration.decl().receiver.is_none() && matches!(declaration.decl().title(), "main" | "init");
    match in_function && !set_up {
        true => Owner::Function,
        false => Owner::Once,
    }
}

/// Whether the literal is handed to `sync.Once.Do`, `sync.OnceFunc`, `sync.OnceValue` or `sync.OnceValues`.
fn runs_once(declaration: Declaration<'_>, literal: Node<'_>) -> bool {
    let Some(call) = literal
        .parent()
        .and_then(Node::parent)
        .filter(|call| call.is(Kind::CallExpression))
    else {
        return false;
    };
    match declaration.callee(call) {
        Callee::External { path, receiver, name } => {
            path == "sync"
                && match receiver.as_deref() {
                    Some("Once") => name == "Do",
                    None => name.starts_with("Once"),
                    _ => false,
                }
        }
        _ => false,
    }
}

/// Whether the literal is what its function returns: when it runs is then up to someone else.
fn is_returned(literal: Node<'_>) -> bool {
    let list = literal.parent().filter(|list| list.is(Kind::ExpressionList));
    list.and_then(Node::parent)
        .is_some_and(|parent| parent.is(Kind::ReturnStatement))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::{Package, SourceFile};

    const HEADER: &str =
        "package p\n\nimport (\n\t\"sync\"\n\n\t\"github.com/gofiber/fiber/v2\"\n)\n\nvar once sync.Once\n\n";

    /// The way on which a request reaches the call `mark()`, as titles.
    fn reached(code: &str) -> Option<String> {
        let file = SourceFile::new("p/f.go", format!("{HEADER}{code}\n").into_bytes());
        let package = Package::new("p", None, vec![file]);
        let marks = package.mentions("mark");
        let (declaration, mark) = marks.into_iter().find(|(d, _)| d.decl().title() != "mark")?;
        request_path(declaration, mark).map(|path| path.titles(declaration))
    }

    #[test]
    fn handlers_of_every_shape_are_per_request() {
        for code in [
            "func mark() {}\nfunc h(c *fiber.Ctx) error { mark(); return nil }",
            "func mark() {}\ntype s struct{}\nfunc (s) h(ctx *fiber.Ctx) error { mark(); return nil }",
            "func mark() {}\nfunc h() fiber.Handler { return func(c *fiber.Ctx) error { mark(); return nil } }",
            "func mark() {}\nfunc main() { fiber.New().Get(\"/\", func(c *fiber.Ctx) error { mark(); return nil }) }",
            "func mark() {}\nvar h = func(c *fiber.Ctx) error { mark(); return nil }",
            "func mark() {}\nfunc h(c *fiber.Ctx) error { go func() { mark() }(); return nil }",
        ] {
            assert!(reached(code).is_some(), "{code}");
        }
    }

    #[test]
    fn helpers_are_reached_through_calls() {
        let code = "func mark() {}\ntype repo struct{}\nfunc (r *repo) find() { open() }\nfunc open() { mark() }\nfunc list(c *fiber.Ctx) error { new(repo).find(); return nil }\nvar _ = (&repo{}).find";
        assert_eq!(reached(code).as_deref(), Some("list → repo.find → open"));
    }

    #[test]
    fn set_up_code_is_not_per_request() {
        for code in [
            "func mark() {}\nfunc main() { open() }\nfunc open() { mark() }",
            "func mark() {}\nfunc init() { mark() }",
            "func mark() int { return 0 }\nvar x = mark()",
            "func mark() {}\nfunc h(c *fiber.Ctx) error { once.Do(func() { mark() }); return nil }",
            "func mark() {}\nfunc h() fiber.Handler { mark(); return func(c *fiber.Ctx) error { return nil } }",
            "func mark() {}\nfunc lonely() { mark() }",
        ] {
            assert_eq!(reached(code), None, "{code}");
        }
    }
}
