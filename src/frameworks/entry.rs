//! Where a request comes in: Fiber's handlers, and what other functions a server calls for each request or connection.

use std::collections::BTreeSet;

use super::fiber::{FIBER, Handler};
use super::row::Framework;
use super::scope::{Scope, Servers};
use crate::go::syntax::{Field, Node};
use crate::go::{Callee, Declaration, Package, Type};

/// A function that a server calls for each request or connection.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    pub declaration: Declaration<'a>,
    /// The function declaration, method or literal.
    pub function: Node<'a>,
    /// Set where it is a handler or middleware of Fiber.
    pub handler: Option<Handler<'a>>,
    /// How people call such a function: "websocket handler".
    pub what: &'a str,
}

impl<'a> Entry<'a> {
    /// `function` as an entry, by what it takes.
    pub fn of(declaration: Declaration<'a>, function: Node<'a>) -> Option<Entry<'a>> {
        let entry = |handler, what| Entry {
            declaration,
            function,
            handler,
            what,
        };
        if let Some(handler) = Handler::of(declaration, function) {
            return Some(entry(Some(handler), "Fiber handler"));
        }
        let parameters = function.field(Field::Parameters)?.children();
        let written: Vec<Node<'a>> = parameters.filter_map(|node| node.field(Field::Type)).collect();
        if written.is_empty() {
            return None;
        }
        let types: Vec<Type> = written
            .into_iter()
            .map(|node| declaration.type_meant(node))
            .collect();
        let frameworks = Scope::serving(declaration.root());
        let rows = frameworks.flat_map(|framework| framework.entries.iter().map(move |row| (framework, row)));
        let fitting = rows.filter_map(|(framework, row)| Some((row.fits(&types, framework)?, row)));
        let what = fitting
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, row)| &*row.what);
        let deployed = || is_deployed(declaration, function, &types).then_some("HTTP function");
        what.or_else(deployed).map(|what| entry(None, what))
    }

    /// `function`, which is no entry by itself, as one because of the call it is handed to: an adaptor of net/http's
    /// handlers, a route of Fiber.
    pub fn handed(declaration: Declaration<'a>, function: Node<'a>) -> Entry<'a> {
        Entry {
            declaration,
            function,
            handler: None,
            what: "handler",
        }
    }
}

/// Whether a platform for functions calls it for each request: the exported function of a package to import that has
/// exactly the signature of net/http's handlers. Beside Fiber too, which such a function may hand its request to.
fn is_deployed(declaration: Declaration<'_>, function: Node<'_>, types: &[Type]) -> bool {
    let (package, decl) = (declaration.package, declaration.decl());
    let is_handler = matches!(types, [writer, request]
        if writer.is("net/http", "ResponseWriter")
            && matches!(request, Type::Pointer(_)) && request.is("net/http", "Request"));
    let is_exported = decl.receiver.is_none() && decl.title().starts_with(char::is_uppercase);
    let is_importable = package.name != "main" && !package.path.split('/').any(|part| part == "internal");
    is_handler
        && is_exported
        && is_importable
        && declaration.function() == Some(function)
        && function.field(Field::Result).is_none()
        && Scope::of(declaration.root()).servers == Servers::Required
        && !declaration.file().is_test()
}

/// Whether `callee`, called in code seen from `root`, makes handlers of the functions it is given.
pub fn serves(root: &Package, callee: &Callee<'_>) -> bool {
    let Callee::External { path, receiver, name } = callee else {
        return false;
    };
    let listed = |framework: &Framework| {
        let table = match receiver {
            Some(_) => &framework.registers,
            None => &framework.makes_handlers,
        };
        framework.listed(table, path).iter().any(|row| **row == **name)
    };
    Scope::of(root).known().any(listed)
}

/// The names of everything that makes handlers, to look for calls of it.
pub fn serving_names(root: &Package) -> impl Iterator<Item = &str> {
    let tables =
        { Scope::of(root).known() }.flat_map(|framework| [&framework.makes_handlers, &framework.registers]);
    let names: BTreeSet<&str> = tables
        .flat_map(|table| table.values().flatten())
        .map(|name| &**name)
        .collect();
    names.into_iter()
}

/// Whether functions in a literal of this type are called back for requests: the config of a middleware.
pub fn is_called_back(of: &Type) -> bool {
    let is_middleware = |path: &str| {
        let below = path.strip_prefix(FIBER);
        let is_own = below.is_some_and(|below| below.contains("/middleware/"));
        is_own || path.starts_with("github.com/gofiber/contrib/")
    };
    matches!(of.pointee(), Type::Named { path, name, .. } if is_middleware(path) && name.starts_with("Config"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::{Module, SourceFile};

    fn what(source: &str, servers: Servers) -> Option<String> {
        told(source, Scope::new(servers, &[]))
    }

    fn told(source: &str, scope: Scope) -> Option<String> {
        let file = SourceFile::new("p/f.go", format!("package p\n\n{source}\n").into_bytes());
        let mut package = Package::new("p", None, vec![file]);
        scope.attach(&mut package);
        let declaration = package.find_name("f").unwrap();
        let entry = Entry::of(declaration, declaration.function().unwrap());
        entry.map(|entry| entry.what.to_owned())
    }

    #[test]
    fn the_parameters_tell() {
        let socket = "import \"github.com/gofiber/contrib/websocket\"\n\nfunc f(conn *websocket.Conn) {}";
        assert_eq!(
            what(socket, Servers::Required).as_deref(),
            Some("websocket handler")
        );
        let http = "import \"net/http\"\n\nfunc f(w http.ResponseWriter, r *http.Request) {}";
        assert_eq!(what(http, Servers::All).as_deref(), Some("net/http handler"));
        assert_eq!(what(http, Servers::Required).as_deref(), Some("net/http handler"));
        assert_eq!(what(http, Servers::Only("github.com/gofiber/fiber")), None);
        let client = "import \"net/http\"\n\nfunc f(r *http.Request) {}";
        assert_eq!(what(client, Servers::All), None);
        let gin = "import \"github.com/gin-gonic/gin\"\n\nfunc f(c *gin.Context) {}";
        assert_eq!(what(gin, Servers::All).as_deref(), Some("gin handler"));
        assert_eq!(what("func f() {}", Servers::All), None);
    }

    #[test]
    fn a_version_without_rows_counts_as_the_nearest_whose_handlers_look_alike() {
        let handler = |path: &str, of: &str| {
            let source = format!("import w \"{path}\"\n\nfunc f(c {of}) {{}}");
            what(&source, Servers::All)
        };
        let gin = "github.com/gin-gonic/gin/v2";
        assert_eq!(handler(gin, "*w.Context").as_deref(), Some("gin handler"));
        assert_eq!(handler(gin, "w.Context"), None);
        let echo = "github.com/labstack/echo/v6";
        assert_eq!(handler(echo, "*w.Context").as_deref(), Some("echo handler"));
        assert_eq!(handler(echo, "w.Context").as_deref(), Some("echo handler"));
        // A version with rows is taken at their word.
        assert_eq!(handler("github.com/labstack/echo/v5", "w.Context"), None);
        assert_eq!(handler("github.com/labstack/echo/v4", "*w.Context"), None);
        assert_eq!(
            handler("github.com/gofiber/fiber/v4", "w.Ctx").as_deref(),
            Some("Fiber handler")
        );
        assert_eq!(
            handler("github.com/gofiber/fiber/v4", "w.Req"),
            None,
            "an Express-style handler takes two"
        );
    }

    #[test]
    fn what_a_user_describes_counts_beside_fiber() {
        let row = "name = \"web\"\npath = \"example.com/web\"\n[[entry]]\nwhat = \"web handler\"\ntakes = [\"*example.com/web.Call\"]";
        let users: Vec<Framework> = vec![toml::from_str(row).unwrap()];
        let source = |path: &str| {
            format!(
                "import (\n\t\"github.com/gofiber/fiber/v2\"\n\n\t\"{path}\"\n)\n\nvar app = fiber.New()\n\nfunc f(c *web.Call) {{}}"
            )
        };
        let scope = || Scope::new(Servers::Required, &users);
        let met = told(&source("example.com/web"), scope());
        assert_eq!(met.as_deref(), Some("web handler"));
        let newer = "import web \"example.com/web/v3\"\n\nfunc f(c *web.Call) {}";
        assert_eq!(told(newer, scope()).as_deref(), Some("web handler"));
        assert_eq!(told(&source("example.com/other"), scope()), None);
    }

    #[test]
    fn an_exported_function_of_the_signature_of_handlers_is_called_by_its_platform() {
        let told = |package: &str, function: &str| {
            let source = format!(
                "package {package}\n\nimport (\n\t\"net/http\"\n\n\t\"github.com/gofiber/fiber/v2\"\n)\n\nvar app = fiber.New()\n\n{function} {{}}\n"
            );
            let file = SourceFile::new("p/f.go", source.into_bytes());
            let package = Package::new("p", None, vec![file]);
            let declaration = package.declarations().last().unwrap();
            let entry = Entry::of(declaration, declaration.function().unwrap());
            entry.map(|entry| entry.what.to_owned())
        };
        let serve = "func Serve(w http.ResponseWriter, r *http.Request)";
        assert_eq!(told("p", serve).as_deref(), Some("HTTP function"));
        assert_eq!(told("main", serve), None);
        assert_eq!(
            told("p", "func serve(w http.ResponseWriter, r *http.Request)"),
            None
        );
        assert_eq!(
            told("p", "func Serve(w http.ResponseWriter, r *http.Request) error"),
            None
        );
        assert_eq!(
            told(
                "p",
                "func Serve(a *fiber.App, w http.ResponseWriter, r *http.Request)"
            ),
            None
        );
        assert_eq!(
            told("p", "func (t T) Serve(w http.ResponseWriter, r *http.Request)"),
            None
        );
    }

    #[test]
    fn what_only_a_requirement_requires_serves_nothing() {
        let source = "import \"net/http\"\n\nfunc f(w http.ResponseWriter, r *http.Request) {}";
        let entry = |requirement: &str| {
            let module = Module::parse("", &format!("module m\n\nrequire {requirement}\n"));
            let file = SourceFile::new("p/f.go", format!("package p\n\n{source}\n").into_bytes());
            let package = Package::new("p", Some(module.into()), vec![file]);
            let declaration = package.find_name("f").unwrap();
            Entry::of(declaration, declaration.function().unwrap()).is_some()
        };
        assert!(!entry("github.com/gofiber/fiber/v2 v2.52.15"));
        assert!(entry("github.com/gofiber/fiber/v2 v2.52.15 // indirect"));
    }

    #[test]
    fn a_service_on_fiber_is_served_by_fiber() {
        let source = "import (\n\t\"net/http\"\n\n\t\"github.com/gofiber/fiber/v2\"\n)\n\nvar app = fiber.New()\n\nfunc f(w http.ResponseWriter, r *http.Request) {}";
        assert_eq!(what(source, Servers::Required), None);
        assert_eq!(what(source, Servers::All).as_deref(), Some("net/http handler"));
    }
}
