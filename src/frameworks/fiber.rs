//! What is Fiber's alone: its versions differ in more than rows say. Measured on fiber v1.14, v2.52 and v3.5 with
//! their fasthttp versions.

use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Declaration, Module, Package, Type};

use super::major::Major;

/// The import path of Fiber's first version.
pub const FIBER: &str = "github.com/gofiber/fiber";

/// Fiber's major versions; each has its own import path and handler type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    V1,
    V2,
    V3,
}

impl Version {
    pub const ALL: [Version; 3] = [Version::V1, Version::V2, Version::V3];

    pub fn import_path(self) -> &'static str {
        match self {
            Version::V1 => FIBER,
            Version::V2 => "github.com/gofiber/fiber/v2",
            Version::V3 => "github.com/gofiber/fiber/v3",
        }
    }

    /// The version whose request context a parameter of this type is. v1 and v2 hand out a pointer, v3 an interface.
    pub fn of_context(parameter: &Type) -> Option<Version> {
        let Type::Named { path, name, .. } = parameter.pointee() else {
            return None;
        };
        let major = Major::of(path, FIBER).filter(|major| &**name == "Ctx" && major.below.is_empty())?;
        match (major.number, matches!(parameter, Type::Pointer(_))) {
            (1, true) => Some(Version::V1),
            (2, true) => Some(Version::V2),
            (3, false) => Some(Version::V3),
            // Of later ones the shape tells which is the nearest.
            (4.., true) => Some(Version::V2),
            (4.., false) => Some(Version::V3),
            _ => None,
        }
    }
}

impl Version {
    /// The version whose websocket connection `of` is.
    pub fn of_connection(of: &Type) -> Option<Version> {
        const PACKAGES: [(&str, Version); 4] = [
            ("github.com/gofiber/websocket", Version::V1),
            ("github.com/gofiber/websocket/v2", Version::V2),
            ("github.com/gofiber/contrib/websocket", Version::V2),
            ("github.com/gofiber/contrib/v3/websocket", Version::V3),
        ];
        let held = PACKAGES.into_iter().find(|(path, _)| of.is(path, "Conn"));
        held.map(|(_, version)| version)
    }
}

/// Whether `of` is a request context of any Fiber version.
pub fn is_request_context(of: &Type) -> bool {
    Version::of_context(of).is_some()
}

/// A function, method or literal that gets a request context.
#[derive(Clone, Copy, Debug)]
pub struct Handler<'a> {
    pub declaration: Declaration<'a>,
    /// The function declaration, method or literal.
    pub function: Node<'a>,
    /// The context parameter; `None` where it is unnamed or `_`.
    pub context: Option<BindingId>,
    pub version: Version,
}

impl<'a> Handler<'a> {
    /// `function` as a handler, if one of its parameters is a request context.
    pub fn of(declaration: Declaration<'a>, function: Node<'a>) -> Option<Handler<'a>> {
        let parameters = function.field(Field::Parameters)?;
        parameters.children().find_map(|parameter| {
            let of = declaration.type_meant(parameter.field(Field::Type)?);
            let version = Version::of_context(&of)?;
            let name = parameter.field(Field::Name);
            Some(Handler {
                declaration,
                function,
                context: name.and_then(|name| declaration.scopes().binding_of(name)),
                version,
            })
        })
    }

    /// The innermost handler around `node`.
    pub fn around(declaration: Declaration<'a>, node: Node<'a>) -> Option<Handler<'a>> {
        let mut functions = node.ancestors().filter(|node| node.is_function());
        functions.find_map(|function| Handler::of(declaration, function))
    }

    /// The handlers of a declaration, outer ones first.
    pub fn all_of(declaration: Declaration<'a>) -> impl Iterator<Item = Handler<'a>> {
        let functions = declaration
            .tree()
            .root()
            .subtree()
            .filter(|node| node.is_function());
        functions.filter_map(move |function| Handler::of(declaration, function))
    }

    pub fn body(&self) -> Option<Node<'a>> {
        self.function.field(Field::Body)
    }

    /// The name of the context parameter.
    pub fn context_name(&self) -> Option<&'a str> {
        self.context.map(|id| &*self.declaration.scopes().get(id).name)
    }
}

/// The context from which a handler may derive its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParentContext {
    /// `context.Background()`
    Background,
    /// `c.UserContext()`
    UserContext,
    /// `c.Context()`, where that is a `context.Context` of the user
    Context,
}

impl ParentContext {
    /// The right parent for `context.WithCancel` in a handler. fasthttp's RequestCtx and `c` itself never are: they
    /// are recycled after the handler, and every child of a RequestCtx costs a goroutine until shutdown.
    pub fn of(version: Version, module: Option<&Module>) -> Self {
        let required = module.and_then(|module| module.version_of(version.import_path()));
        if required.is_none() && module.is_some_and(requires_unknown) {
            return ParentContext::Background;
        }
        match (version, required) {
            (Version::V1, _) => ParentContext::Background,
            (Version::V2, Some(required)) if required.numbers < (2, 11, 0) => ParentContext::Background,
            (Version::V2, _) => ParentContext::UserContext,
            (Version::V3, None) => ParentContext::Context,
            (Version::V3, Some(required)) => match required.pre {
                None => ParentContext::Context,
                Some(pre) => ParentContext::of_prerelease(pre),
            },
        }
    }

    /// v3 changed its contexts twice before the release. Commits between tags are not told apart.
    fn of_prerelease(pre: &str) -> Self {
        let number = |tag: &str| {
            pre.strip_prefix(tag)
                .and_then(|number| number.parse::<u32>().ok())
        };
        match (number("beta."), number("rc.")) {
            (Some(..=3), _) => ParentContext::UserContext,
            (Some(4), _) | (_, Some(2..)) => ParentContext::Context,
            _ => ParentContext::Background,
        }
    }
}

/// Whether go.mod requires Fiber for the module's own code, or, without one, a file imports it.
pub fn is_on_fiber(package: &Package) -> bool {
    let is_fiber = |path: &str| Major::of(path, FIBER).is_some_and(|major| major.below.is_empty());
    match &package.module {
        Some(module) => {
            let mut direct = module
                .requires
                .keys()
                .filter(|path| !module.indirect.contains(*path));
            direct.any(|path| is_fiber(path))
        }
        None => {
            let mut imports = package.files.iter().flat_map(|file| &file.imports);
            imports.any(|import| is_fiber(&import.path))
        }
    }
}

/// Whether go.mod requires a version of Fiber that is newer than those that are known.
pub fn requires_unknown(module: &Module) -> bool {
    let majors = module.requires.keys().filter_map(|path| Major::of(path, FIBER));
    { majors }.any(|major| major.below.is_empty() && major.number > 3)
}

/// Whether a handler keeps its context out of the pool for good, as v3 allows.
pub fn is_abandoned(handler: Node<'_>) -> bool {
    let mut selectors = handler
        .descendants()
        .filter(|node| node.is(Kind::SelectorExpression));
    selectors.any(|selector| {
        selector
            .field(Field::Field)
            .is_some_and(|name| name.text() == "Abandon")
    })
}

/// Whether `node` stands in a function that fasthttp runs after the handler: a body stream writer.
pub fn is_stream_writer(literal: Node<'_>) -> bool {
    const WRITERS: [&str; 3] = ["SetBodyStreamWriter", "SendStreamWriter", "NewStreamReader"];
    let Some((call, name)) = call_with(literal) else {
        return false;
    };
    // `SetBodyStreamWriter(fasthttp.StreamWriter(func(w *bufio.Writer) { … }))`
    let name = match name {
        "StreamWriter" => call_with(call).map_or("", |(_, name)| name),
        name => name,
    };
    WRITERS.contains(&name)
}

/// The call that has `argument` among its arguments, and the last word of what it calls.
fn call_with<'a>(argument: Node<'a>) -> Option<(Node<'a>, &'a str)> {
    let call = argument.parent()?.parent()?;
    let is_argument = call
        .field(Field::Arguments)
        .is_some_and(|arguments| arguments.children().any(|held| held == argument));
    let function = call.field(Field::Function).filter(|_| is_argument)?;
    let name = function.field(Field::Field).unwrap_or(function);
    Some((call, name.text()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_follows_the_version() {
        let parent = |version: Version, required: &str| {
            let text = format!("module m\nrequire {} {required}\n", version.import_path());
            ParentContext::of(version, Some(&Module::parse("", &text)))
        };
        use ParentContext::*;
        assert_eq!(parent(Version::V1, "v1.14.6"), Background);
        assert_eq!(parent(Version::V2, "v2.10.0"), Background);
        assert_eq!(parent(Version::V2, "v2.52.15"), UserContext);
        assert_eq!(parent(Version::V3, "v3.0.0-beta.3"), UserContext);
        assert_eq!(parent(Version::V3, "v3.0.0-beta.4"), Context);
        assert_eq!(parent(Version::V3, "v3.0.0-beta.5"), Background);
        assert_eq!(parent(Version::V3, "v3.0.0-rc.1"), Background);
        assert_eq!(parent(Version::V3, "v3.0.0-rc.2"), Context);
        assert_eq!(
            parent(Version::V3, "v3.0.0-20240101000000-abcdefabcdef"),
            Background
        );
        assert_eq!(parent(Version::V3, "v3.5.0"), Context);
        assert_eq!(ParentContext::of(Version::V2, None), UserContext);
        let newer = Module::parse("", "module m\nrequire github.com/gofiber/fiber/v4 v4.0.0\n");
        assert_eq!(ParentContext::of(Version::V3, Some(&newer)), Background);
    }
}
