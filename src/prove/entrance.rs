//! How a test reaches a handler: by its name, through the method of a receiver, from the factory that returns it, or
//! through the function that registers it.

use super::returned::is_returned;
use super::scene::Scene;
use super::setting::{Root, argument};
use super::stand_in::{self, Props};
use crate::facts::paths;
use crate::frameworks::Handler;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, DeclKind, Declaration, Meaning, Type};

/// The way in.
#[derive(Debug, Default)]
pub struct Entrance {
    /// Lines before the app is made.
    pub setup: Vec<String>,
    /// Lines that register routes.
    pub routes: Vec<String>,
    pub method: String,
    pub target: String,
    /// The expression that means the handler, or the function that registers it.
    pub callee: String,
    pub props: Props,
}

/// The handler as people call it, and as its test is named after it.
pub fn title(handler: &Handler<'_>) -> String {
    let declared = handler.declaration.title();
    let literal = || registration(handler.declaration, handler.function);
    match handler.function.is(Kind::FuncLiteral).then(literal).flatten() {
        Some(route) => format!("{declared} {}", route.pattern),
        None => declared,
    }
}

pub fn find<'a>(handler: &Handler<'a>, scene: &mut Scene<'a>) -> Result<Entrance, String> {
    let at = handler.declaration;
    if let Some(locals) = &scene.request.locals {
        return Err(format!("it needs {locals}, which another handler stores"));
    }
    let mut entrance = Entrance::default();
    entrance.variables(at, scene)?;
    match handler.function.kind() {
        Kind::FuncLiteral => entrance.through_literal(handler, scene)?,
        _ => {
            let callee = entrance.callee(at, scene)?;
            entrance.register(&callee, scene);
        }
    }
    Ok(entrance)
}

impl Entrance {
    /// Package variables that a start-up would fill.
    fn variables(&mut self, at: Declaration<'_>, scene: &Scene<'_>) -> Result<(), String> {
        for setting in &scene.settings {
            let Root::Variable(name) = &setting.root else {
                continue;
            };
            if is_initialised(at, name) {
                return Err(format!("it uses `{name}`, which the package opens itself"));
            }
            if let Some(value) = stand_in::value(setting, name, &mut self.props)? {
                self.setup.push(format!("{name} = {value}"));
            }
        }
        Ok(())
    }

    /// The function or method of this declaration, its receiver made.
    fn callee(&mut self, at: Declaration<'_>, scene: &Scene<'_>) -> Result<String, String> {
        let name = at.decl().title().to_owned();
        let Some(receiver) = &at.decl().receiver else {
            return Ok(name);
        };
        let of = Type::pointer(Type::named(&at.package.path, receiver));
        let literal = stand_in::literal(at.package, &of, &Root::Receiver, &scene.settings, &mut self.props)?;
        self.setup.push(format!("owner := {literal}"));
        Ok(format!("owner.{name}"))
    }

    /// A route of the test's own.
    fn register(&mut self, callee: &str, scene: &Scene<'_>) {
        self.callee = callee.to_owned();
        let request = &scene.request;
        let version = scene.context();
        let params = || request.params.iter();
        let pattern: String = params().map(|name| format!("/:{name}")).collect();
        let target: String = params().map(|_| "/1").collect();
        let query: Vec<String> = request.queries.iter().map(|name| format!("{name}=1")).collect();
        let or_root = |path: String| if path.is_empty() { "/".to_owned() } else { path };
        self.method = request.method().to_owned();
        let verb = if self.method == "POST" { "Post" } else { "Get" };
        let (pattern, mut target) = (or_root(pattern), or_root(target));
        if !query.is_empty() {
            target = format!("{target}?{}", query.join("&"));
        }
        self.target = target;
        match request.continues {
            true => {
                self.routes.push(format!("app.Use({callee})"));
                let end = format!(
                    "app.{verb}(\"{pattern}\", func(c {version}) error {{ return c.SendString(\"ok\") }})"
                );
                self.routes.push(end);
            }
            false => self.routes.push(format!("app.{verb}(\"{pattern}\", {callee})")),
        }
    }

    fn through_literal<'a>(&mut self, handler: &Handler<'a>, scene: &mut Scene<'a>) -> Result<(), String> {
        let at = handler.declaration;
        if let DeclKind::Var = at.kind() {
            let name = at.decl().title().to_owned();
            self.register(&name, scene);
            return Ok(());
        }
        if let Some(route) = registration(at, handler.function) {
            return self.through_registration(at, &route, scene);
        }
        let function = at.function().ok_or("it stands in no function")?;
        if !is_returned(handler) {
            return Err(format!("it is a literal inside {}: give it a name", at.title()));
        }
        let factory = self.callee(at, scene)?;
        let arguments = self.arguments(at, function, scene)?;
        self.register(&format!("{factory}({arguments})"), scene);
        Ok(())
    }

    /// Calls the function that registers the handler, with an app for its router.
    fn through_registration<'a>(
        &mut self,
        at: Declaration<'a>,
        route: &Route,
        scene: &mut Scene<'a>,
    ) -> Result<(), String> {
        if at.decl().receiver.is_none() && matches!(at.decl().title(), "main" | "init") {
            return Err(format!(
                "it is a literal inside {}, which a test cannot call: give it a name",
                at.title()
            ));
        }
        let function = at.function().ok_or("it stands in no function")?;
        only_registers(at, function)?;
        let callee = self.callee(at, scene)?;
        let arguments = self.arguments(at, function, scene)?;
        self.routes.push(format!("{callee}({arguments})"));
        self.callee = callee;
        self.method = route.method.clone();
        self.target = target_of(&route.pattern);
        Ok(())
    }

    /// What a test gives for the parameters of the function around the handler.
    fn arguments<'a>(
        &mut self,
        at: Declaration<'a>,
        function: Node<'a>,
        scene: &Scene<'a>,
    ) -> Result<String, String> {
        let mut arguments = Vec::new();
        for parameter in function
            .field(Field::Parameters)
            .into_iter()
            .flat_map(Node::children)
        {
            // What may be left out is left out.
            if parameter.is(Kind::VariadicParameterDeclaration) {
                continue;
            }
            let of = parameter
                .field(Field::Type)
                .map_or(Type::Unknown, |of| at.type_meant(of));
            let mut names: Vec<&str> = parameter.fields(Field::Name).map(Node::text).collect();
            if names.is_empty() {
                names.push("_");
            }
            for name in names {
                arguments.push(self.argument(at, &of, name, scene)?);
            }
        }
        Ok(arguments.join(", "))
    }

    fn argument(
        &mut self,
        at: Declaration<'_>,
        of: &Type,
        name: &str,
        scene: &Scene<'_>,
    ) -> Result<String, String> {
        let is_router = |of: &Type| {
            let paths = [paths::FIBER, paths::FIBER_V2, paths::FIBER_V3];
            paths
                .iter()
                .any(|path| of.is(path, "Router") || of.is(path, "App"))
        };
        let root = Root::Parameter(name.to_owned());
        let is_used = scene.settings.iter().any(|setting| setting.root == root);
        let wanted = || Err(format!("{} wants `{name}`, which a test cannot make", at.title()));
        match (at.underlying(of), of) {
            (_, of) if is_router(of) => Ok("app".to_owned()),
            (Type::Basic("bool"), _) => Ok("false".to_owned()),
            (_, of) if is_used => stand_in::literal(at.package, of, &root, &scene.settings, &mut self.props),
            (Type::Basic(basic), _) => Ok(if basic == "string" { "\"\"" } else { "0" }.to_owned()),
            (Type::Pointer(_) | Type::Interface(_) | Type::Map(..), _) => Ok("nil".to_owned()),
            (Type::Slice(_) | Type::Func(_) | Type::Chan(_), _) => Ok("nil".to_owned()),
            (Type::Struct(_), Type::Named { path, name, .. })
                if *path == at.package.path || name.starts_with(char::is_uppercase) =>
            {
                stand_in::literal(at.package, of, &root, &[], &mut self.props)
            }
            _ => wanted(),
        }
    }
}

/// Whether a package variable has a value from the start.
fn is_initialised(at: Declaration<'_>, name: &str) -> bool {
    let Meaning::Package(variable) = at.resolve_top(name) else {
        return true;
    };
    let specs = variable
        .tree()
        .root()
        .subtree()
        .filter(|node| node.is(Kind::VarSpec));
    let mut named = specs.filter(|spec| spec.fields(Field::Name).any(|own| own.text() == name));
    named.next().is_none_or(|spec| spec.field(Field::Value).is_some())
}

/// A function is called by a test only where it does nothing but register: its calls, handlers left out, are those of
/// routers and of functions that return handlers.
fn only_registers<'a>(at: Declaration<'a>, function: Node<'a>) -> Result<(), String> {
    let calls = function
        .shallow_descendants()
        .filter(|node| node.is(Kind::CallExpression));
    for call in calls {
        let is_plain = match at.callee(call) {
            Callee::External { path, .. } => path.starts_with(paths::FIBER),
            Callee::Package(callee) => returns_at_once(callee),
            Callee::Builtin(_) | Callee::Conversion(_) => true,
            _ => is_routing(call),
        };
        if !is_plain {
            return Err(format!(
                "{} does more than register it ({}): give the handler a name",
                at.title(),
                call.text()
            ));
        }
    }
    Ok(())
}

/// Router values are not typed everywhere, their methods are known.
fn is_routing(call: Node<'_>) -> bool {
    let name = call
        .field(Field::Function)
        .and_then(|function| function.field(Field::Field));
    name.is_some_and(|name| name.text() == "Group" || verb(name.text()).is_some())
}

fn returns_at_once(callee: Declaration<'_>) -> bool {
    let body = callee.function().and_then(|function| function.field(Field::Body));
    let statements = body
        .and_then(|body| body.child(0))
        .map(|list| list.children().collect::<Vec<_>>());
    matches!(statements.as_deref(), Some([only]) if only.is(Kind::ReturnStatement))
}

/// How a literal is registered.
pub struct Route {
    method: String,
    pattern: String,
}

fn registration<'a>(at: Declaration<'a>, literal: Node<'a>) -> Option<Route> {
    let call = literal
        .parent()?
        .parent()
        .filter(|call| call.is(Kind::CallExpression))?;
    let function = call.field(Field::Function)?;
    let method = verb(function.field(Field::Field)?.text())?;
    let path = text_of(argument(call, 0)?)?;
    let prefix = prefix_of(at, function.field(Field::Operand)?, 8)?;
    Some(Route {
        method: method.to_owned(),
        pattern: format!("{prefix}{path}"),
    })
}

fn verb(name: &str) -> Option<&'static str> {
    let verbs = [
        ("Get", "GET"),
        ("Post", "POST"),
        ("Put", "PUT"),
        ("Patch", "PATCH"),
        ("Delete", "DELETE"),
        ("All", "GET"),
    ];
    verbs
        .into_iter()
        .find(|(known, _)| *known == name)
        .map(|(_, verb)| verb)
}

fn text_of(literal: Node<'_>) -> Option<String> {
    let is_literal = literal.is(Kind::InterpretedStringLiteral) || literal.is(Kind::RawStringLiteral);
    is_literal.then(|| literal.text().trim_matches(['"', '`']).to_owned())
}

/// What the groups on the way add: a router that the function is given adds nothing.
fn prefix_of<'a>(at: Declaration<'a>, router: Node<'a>, depth: u32) -> Option<String> {
    let router = router.unparenthesized();
    match router.kind() {
        Kind::Identifier => {
            let Meaning::Local(id) = at.resolve(router) else {
                return None;
            };
            let origin = at.tree().node(at.scopes().get(id).origin);
            match origin.is(Kind::ParameterDeclaration) {
                true => Some(String::new()),
                false => prefix_of(at, origin.field(Field::Right)?.child(0)?, depth.checked_sub(1)?),
            }
        }
        Kind::CallExpression => {
            let function = router.field(Field::Function)?;
            let is_group = function.field(Field::Field)?.text() == "Group";
            let before = prefix_of(at, function.field(Field::Operand)?, depth.checked_sub(1)?)?;
            let own = text_of(argument(router, 0)?)?;
            is_group.then(|| format!("{before}{own}"))
        }
        _ => None,
    }
}

/// A path that fits the pattern.
fn target_of(pattern: &str) -> String {
    let parts = pattern
        .split('/')
        .map(|part| match part.starts_with([':', '*', '+']) {
            true => "1",
            false => part,
        });
    parts.collect::<Vec<_>>().join("/")
}
