//! Tells of routes and hooks that requests register: an app keeps them all.
//!
//! All in this file; it finds registrations that a request reaches, on an app that outlives it.
//!
//! The page for users is explain.md.

use std::sync::Arc;

use crate::analysis::request::{HandlerChain, request_path};
use crate::config::Config;
use crate::facts::paths;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Declaration, Type};
use crate::transform::{
    Applicability, Confidence, Family, Finding, Pass, Reason, Refusal, Related, Remedy, Rule, Severity,
    Transform,
};

/// Tells of routes and hooks that requests register: an app keeps them all.
pub struct RegisterOnce;

pub struct Site<'a> {
    declaration: Declaration<'a>,
    call: Node<'a>,
    method: &'a str,
    request: HandlerChain<'a>,
}

impl Transform for RegisterOnce {
    type Site<'a> = Site<'a>;

    fn name(&self) -> &'static str {
        "register_once"
    }

    fn page(&self) -> &'static str {
        include_str!("explain.md")
    }

    fn is_about_fiber(&self) -> bool {
        true
    }

    fn rules(&self, _config: &Config) -> Vec<Arc<Rule>> {
        vec![rule()]
    }

    fn needles(&self, _config: &Config) -> Vec<String> {
        let routes = ROUTES.iter().map(|name| format!(".{name}("));
        routes.chain([".Hooks(".to_owned()]).collect()
    }

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<Site<'a>> {
        let site = |declaration: Declaration<'a>| sites(declaration);
        pass.candidates(&self.needles(pass.config))
            .flat_map(site)
            .collect()
    }

    fn finding(&self, _pass: &Pass<'_>, site: &Site<'_>) -> Finding {
        let at = site.declaration;
        let calls = site.request.calls.iter();
        let calls = calls.filter(|call| std::ptr::eq(call.caller.package, at.package));
        Finding {
            rule: rule(),
            place: at.place(site.call.field(Field::Function).unwrap_or(site.call)),
            message: format!(
                "each request registers this anew with {}, and the app keeps all of them: memory grows, and every later request passes them",
                site.method
            ),
            confidence: Confidence::High,
            function: Some(at.title()),
            related: calls
                .map(|call| Related {
                    place: call.caller.place(call.call),
                    message: format!("called for each request by {}", call.caller.title()),
                })
                .collect(),
        }
    }

    fn fix(&self, _pass: &Pass<'_>, _site: &Site<'_>) -> Remedy {
        let message = "register it once at start-up, before the app listens; what differs by request belongs into the handler, as a parameter or in Locals";
        Err(Refusal::new(Reason::NeedsDecision, message))
    }
}

/// Methods of an app, group or router that add to it for good.
const ROUTES: [&str; 14] = [
    "Get", "Head", "Post", "Put", "Delete", "Connect", "Options", "Trace", "Patch", "All", "Add", "Use",
    "Static", "Mount",
];

/// Hooks that an app keeps.
const HOOKS: [&str; 8] = [
    "OnRoute",
    "OnName",
    "OnGroup",
    "OnGroupName",
    "OnListen",
    "OnShutdown",
    "OnPreShutdown",
    "OnPostShutdown",
];

fn rule() -> Arc<Rule> {
    Rule::new(
        "register_once",
        "route-per-request",
        "A request registers a route or hook, which the app keeps",
        Family::Retain,
        Severity::High,
        Applicability::DisplayOnly,
    )
}

fn sites<'a>(declaration: Declaration<'a>) -> Vec<Site<'a>> {
    let calls = declaration
        .tree()
        .root()
        .subtree()
        .filter(|node| node.is(Kind::CallExpression));
    let site = |call: Node<'a>| {
        let method = registers(declaration, call)?;
        let request = request_path(declaration, call)?;
        (!is_made_here(declaration, call)).then_some(Site {
            declaration,
            call,
            method,
            request,
        })
    };
    calls.filter_map(site).collect()
}

/// The method by which the call adds to an app.
fn registers<'a>(declaration: Declaration<'a>, call: Node<'a>) -> Option<&'a str> {
    let function = call
        .field(Field::Function)
        .filter(|function| function.is(Kind::SelectorExpression))?;
    let (operand, method) = (
        function.field(Field::Operand)?,
        function.field(Field::Field)?.text(),
    );
    let known = ROUTES.contains(&method) && is_router(&declaration.type_of(operand));
    let hooks = || {
        let named = operand.field(Field::Function)?;
        let on_app = named.field(Field::Field)?.text() == "Hooks"
            && is_router(&declaration.type_of(named.field(Field::Operand)?));
        (on_app && HOOKS.contains(&method)).then_some(())
    };
    (known || hooks().is_some()).then_some(method)
}

fn is_router(of: &Type) -> bool {
    const PACKAGES: [&str; 3] = [paths::FIBER, paths::FIBER_V2, paths::FIBER_V3];
    PACKAGES
        .iter()
        .any(|path| ["App", "Group", "Router"].iter().any(|name| of.is(path, name)))
}

/// Whether the app is made for the request itself, as tests and tools do: it goes with the request.
fn is_made_here(declaration: Declaration<'_>, call: Node<'_>) -> bool {
    let mut root = call;
    while let Some(inner) = root.field(Field::Function).or(root.field(Field::Operand)) {
        root = inner;
    }
    let Some(id) = declaration.scopes().binding_of(root) else {
        return false;
    };
    let origin = declaration.tree().node(declaration.scopes().get(id).origin);
    let mut parts = origin.descendants();
    let local = declaration.scopes().get(id).function;
    parts.any(|part| {
        part.text() == "fiber.New"
            && part
                .enclosing_function()
                .is_some_and(|around| around.index() == local)
    })
}
