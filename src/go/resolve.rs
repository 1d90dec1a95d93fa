//! What a name means beyond its function: package level, imports, universe. And how a mention uses it.

use super::declaration::Declaration;
use super::package::Package;
use super::scope::BindingId;
use super::source::Import;
use super::syntax::{Field, Kind, Node};

/// What an identifier means.
#[derive(Clone, Copy, Debug)]
pub enum Meaning<'a> {
    Local(BindingId),
    /// A package-level name, by its declaration.
    Package(Declaration<'a>),
    Import(&'a Import),
    /// Predeclared: `nil`, `make`, `error`, …
    Universe,
    /// Dot-imported, declared twice behind build tags, or not declared at all.
    Unknown,
}

/// What a mention does to the variable it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    Read,
    /// The whole variable gets a new value.
    Write,
    /// `x++`, `x += 1`: both.
    Update,
    /// `&x`: anything may happen to it.
    Address,
    /// The name of a struct field in a literal (`T{x: 1}`), which mentions no variable.
    FieldKey,
}

const UNIVERSE_TYPES: [&str; 22] = [
    "any",
    "bool",
    "byte",
    "comparable",
    "complex128",
    "complex64",
    "error",
    "float32",
    "float64",
    "int",
    "int16",
    "int32",
    "int64",
    "int8",
    "rune",
    "string",
    "uint",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
    "uintptr",
];

const UNIVERSE_VALUES: [&str; 22] = [
    "append", "cap", "clear", "close", "complex", "copy", "delete", "false", "imag", "iota", "len", "make",
    "max", "min", "new", "nil", "panic", "print", "println", "real", "recover", "true",
];

/// Whether the language declares `name`: `close`, `nil`, `error`, …
pub fn is_predeclared(name: &str) -> bool {
    is_universe_type(name) || UNIVERSE_VALUES.contains(&name)
}

/// Whether `name` is a predeclared type.
pub(super) fn is_universe_type(name: &str) -> bool {
    universe_type(name).is_some()
}

/// The predeclared type `name`, for as long as anyone likes.
pub(super) fn universe_type(name: &str) -> Option<&'static str> {
    UNIVERSE_TYPES.into_iter().find(|known| *known == name)
}

impl<'a> Declaration<'a> {
    /// What an identifier (or type or package identifier) of this declaration means.
    pub fn resolve(self, identifier: Node<'_>) -> Meaning<'a> {
        match self.scopes().binding_of(identifier) {
            Some(id) => Meaning::Local(id),
            None => self.resolve_top(identifier.text()),
        }
    }

    /// What `name` means where no local name hides it.
    pub fn resolve_top(self, name: &str) -> Meaning<'a> {
        let file = self.file();
        if let Some(declaration) = self.find_name_in(self.package, name) {
            return Meaning::Package(declaration);
        }
        if self.package.declares(name) {
            return Meaning::Unknown;
        }
        if let Some(import) = file.import_named(name) {
            return Meaning::Import(import);
        }
        // No dot import hides these: they are written small, and so are not exported.
        if is_predeclared(name) {
            return Meaning::Universe;
        }
        match self.import_called(name) {
            Some(import) => Meaning::Import(import),
            None => Meaning::Unknown,
        }
    }

    /// The import that this file calls `name` although its path does not look like it, by the clauses of the
    /// packages at hand: `github.com/x/go-thing/core` may well be `thingcore`.
    fn import_called(self, name: &str) -> Option<&'a Import> {
        let file = self.file();
        let is_called = |import: &&Import| {
            let package = || self.package_at(&import.path);
            import.alias.is_none() && package().is_some_and(|package| package.name == name)
        };
        file.imports.iter().find(is_called)
    }

    /// The import path that `identifier` stands for, if it names an import.
    pub fn import_path_of(self, identifier: Node<'_>) -> Option<&'a str> {
        match self.resolve(identifier) {
            Meaning::Import(import) => Some(&import.path),
            _ => None,
        }
    }

    /// How a mention of a variable uses it.
    pub fn usage(self, identifier: Node<'_>) -> Usage {
        let Some(parent) = identifier.parent() else {
            return Usage::Read;
        };
        match parent.kind() {
            Kind::ExpressionList if parent.role() == Field::Left => written_by(parent),
            Kind::IncStatement | Kind::DecStatement => Usage::Update,
            Kind::UnaryExpression if parent.operator() == Some(Kind::Address) => Usage::Address,
            Kind::LiteralElement if self.is_field_key(parent) => Usage::FieldKey,
            _ => Usage::Read,
        }
    }

    /// Whether `element` is the key of a struct literal. Keys of map, slice and array literals are expressions;
    /// where the type is named and not of this package, the known maps of Fiber and bson are expressions too.
    fn is_field_key(self, element: Node<'_>) -> bool {
        let keyed = element.parent().filter(|_| element.role() == Field::Key);
        let literal = keyed.and_then(|keyed| keyed.enclosing(Kind::CompositeLiteral));
        let Some(named) = literal.and_then(|literal| literal.field(Field::Type)) else {
            return false;
        };
        match named.kind() {
            Kind::TypeIdentifier => true,
            Kind::QualifiedType => !named.text().ends_with(".Map") && !named.text().ends_with(".M"),
            Kind::GenericType => true,
            _ => false,
        }
    }
}

/// What the statement with this left side does to a variable on it.
fn written_by(left: Node<'_>) -> Usage {
    match left.parent() {
        Some(statement) if statement.is(Kind::AssignmentStatement) => match statement.operator() {
            Some(Kind::Assign) => Usage::Write,
            _ => Usage::Update,
        },
        _ => Usage::Write,
    }
}

impl Package {
    /// Every identifier of the package that means the package-level `name`, its declaration's own left out.
    /// Declarations that do not hold the name are not parsed.
    pub fn mentions<'a>(&'a self, name: &str) -> Vec<(Declaration<'a>, Node<'a>)> {
        let mut found = Vec::new();
        for declaration in self.declarations_holding(name) {
            let declared = |node: Node<'_>| {
                declaration
                    .decl()
                    .names
                    .iter()
                    .any(|name| name.span == node.span())
            };
            let means_it = |node: &Node<'_>| {
                matches!(node.kind(), Kind::Identifier | Kind::TypeIdentifier)
                    && declaration.scopes().binding_of(*node).is_none()
                    && !declared(*node)
                    && declaration.usage(*node) != Usage::FieldKey
            };
            let nodes = declaration.named(name).filter(means_it);
            found.extend(nodes.map(|node| (declaration, node)));
        }
        found
    }

    /// Every selector of the package (`x.name`) that could mean a method or field called `name`.
    pub fn selections<'a>(&'a self, name: &str) -> Vec<(Declaration<'a>, Node<'a>)> {
        let mut found = Vec::new();
        for declaration in self.declarations_holding(name) {
            let named = declaration.named(name);
            let selectors = named.filter(|node| node.is(Kind::SelectorExpression));
            found.extend(selectors.map(|node| (declaration, node)));
        }
        found
    }
}
