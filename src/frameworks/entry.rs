//! Where a request comes in: Fiber's handlers, and what other functions a server calls for each request or connection.

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use serde::Deserialize;

use super::{Handler, Version};
use crate::go::syntax::{Field, Node};
use crate::go::{Callee, Declaration, Servers, Type};

/// A function that a server calls for each request or connection.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    pub declaration: Declaration<'a>,
    /// The function declaration, method or literal.
    pub function: Node<'a>,
    /// Set where it is a handler or middleware of Fiber.
    pub handler: Option<Handler<'a>>,
    /// How people call such a function: "websocket handler".
    pub what: &'static str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    entry: Vec<Row>,
    /// Function names by import path.
    served: HashMap<String, Vec<String>>,
    /// Method names by import path.
    registers: HashMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    framework: String,
    what: String,
    /// Types that must all be among the parameters.
    takes: Vec<String>,
}

impl Table {
    fn get() -> &'static Table {
        static TABLE: OnceLock<Table> = OnceLock::new();
        TABLE.get_or_init(|| {
            toml::from_str(include_str!("frameworks.toml"))
                .expect("the table of this crate is read by its tests")
        })
    }
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
        let servers = servers_of(declaration);
        let mut rows = Table::get().entry.iter();
        let row = rows.find(|row| row.is_served_by(servers) && row.fits(&types));
        let what = row.map(|row| &*row.what);
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

impl Row {
    fn is_served_by(&self, servers: Servers) -> bool {
        match servers {
            Servers::Only(framework) => self.framework.starts_with(framework),
            Servers::Required | Servers::All => true,
        }
    }

    fn fits(&self, types: &[Type]) -> bool {
        let is_taken = |spelling: &String| types.iter().any(|of| is_spelled(of, spelling));
        self.takes.iter().all(is_taken)
    }
}

/// Whether a platform for functions calls it for each request: the exported function of a package to import that has
/// exactly the signature of net/http's handlers. Beside Fiber too, which such a function may hand its request to.
fn is_deployed(declaration: Declaration<'_>, function: Node<'_>, types: &[Type]) -> bool {
    let (package, decl) = (declaration.package, declaration.decl());
    let is_handler = matches!(types, [writer, request]
        if writer.is("net/http", "ResponseWriter") && is_spelled(request, "*net/http.Request"));
    let is_exported = decl.receiver.is_none() && decl.title().starts_with(char::is_uppercase);
    let is_importable = package.name != "main" && !package.path.split('/').any(|part| part == "internal");
    is_handler
        && is_exported
        && is_importable
        && declaration.function() == Some(function)
        && function.field(Field::Result).is_none()
        && declaration.root().servers == Servers::Required
        && !declaration.file().is_test()
}

/// Whether `of` is the type that a row spells `path.Name` or `*path.Name`.
fn is_spelled(of: &Type, spelling: &str) -> bool {
    let pointed = spelling.strip_prefix('*');
    let named = pointed.unwrap_or(spelling).rsplit_once('.');
    let is_pointer = matches!(of, Type::Pointer(_));
    is_pointer == pointed.is_some() && named.is_some_and(|(path, name)| of.is(path, name))
}

/// Whose handlers count in this code. A service on Fiber may well talk net/http, as a client and in its tests; what
/// serves its requests is Fiber.
fn servers_of(declaration: Declaration<'_>) -> Servers {
    let root = declaration.root();
    match root.servers {
        Servers::Required if is_on_fiber(root) => Servers::Only(Version::V1.import_path()),
        Servers::Required => Servers::All,
        told => told,
    }
}

/// Whether go.mod requires Fiber, or, without one, a file imports it.
pub fn is_on_fiber(package: &crate::go::Package) -> bool {
    let is_fiber = |path: &str| Version::ALL.iter().any(|version| version.import_path() == path);
    match &package.module {
        Some(module) => module.requires.iter().any(|(path, _)| is_fiber(path)),
        None => {
            let mut imports = package.files.iter().flat_map(|file| &file.imports);
            imports.any(|import| is_fiber(&import.path))
        }
    }
}

/// Whether `callee` makes handlers of the functions it is given.
pub fn serves(callee: &Callee<'_>) -> bool {
    let Callee::External { path, receiver, name } = callee else {
        return false;
    };
    let table = Table::get();
    let rows = match receiver {
        Some(_) => &table.registers,
        None => &table.served,
    };
    rows.get(path).is_some_and(|names| names.contains(name))
}

/// The names of everything that makes handlers, to look for calls of it.
pub fn serving_names() -> impl Iterator<Item = &'static str> {
    let table = Table::get();
    let names: BTreeSet<&str> = { table.served.values().chain(table.registers.values()) }
        .flatten()
        .map(|name| &**name)
        .collect();
    names.into_iter()
}

/// Whether functions in a literal of this type are called back for requests: the config of a middleware.
pub fn is_called_back(of: &Type) -> bool {
    let is_middleware = |path: &str| {
        let below = path.strip_prefix(Version::V1.import_path());
        let is_own = below.is_some_and(|below| below.contains("/middleware/"));
        is_own || path.starts_with("github.com/gofiber/contrib/")
    };
    matches!(of.pointee(), Type::Named { path, name, .. } if is_middleware(path) && name.starts_with("Config"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::{Package, SourceFile};

    fn what(source: &str, servers: Servers) -> Option<&'static str> {
        let file = SourceFile::new("p/f.go", format!("package p\n\n{source}\n").into_bytes());
        let mut package = Package::new("p", None, vec![file]);
        package.servers = servers;
        let declaration = package.find_name("f").unwrap();
        Entry::of(declaration, declaration.function().unwrap()).map(|entry| entry.what)
    }

    #[test]
    fn the_parameters_tell() {
        let socket = "import \"github.com/gofiber/contrib/websocket\"\n\nfunc f(conn *websocket.Conn) {}";
        assert_eq!(what(socket, Servers::Required), Some("websocket handler"));
        let http = "import \"net/http\"\n\nfunc f(w http.ResponseWriter, r *http.Request) {}";
        assert_eq!(what(http, Servers::All), Some("net/http handler"));
        assert_eq!(what(http, Servers::Required), Some("net/http handler"));
        assert_eq!(what(http, Servers::Only("github.com/gofiber/fiber")), None);
        let client = "import \"net/http\"\n\nfunc f(r *http.Request) {}";
        assert_eq!(what(client, Servers::All), None);
        let gin = "import \"github.com/gin-gonic/gin\"\n\nfunc f(c *gin.Context) {}";
        assert_eq!(what(gin, Servers::All), Some("gin handler"));
        assert_eq!(what("func f() {}", Servers::All), None);
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
            Entry::of(declaration, declaration.function().unwrap()).map(|entry| entry.what)
        };
        let serve = "func Serve(w http.ResponseWriter, r *http.Request)";
        assert_eq!(told("p", serve), Some("HTTP function"));
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
    fn a_service_on_fiber_is_served_by_fiber() {
        let source = "import (\n\t\"net/http\"\n\n\t\"github.com/gofiber/fiber/v2\"\n)\n\nvar app = fiber.New()\n\nfunc f(w http.ResponseWriter, r *http.Request) {}";
        assert_eq!(what(source, Servers::Required), None);
        assert_eq!(what(source, Servers::All), Some("net/http handler"));
    }
}
