//! Which function a call reaches.

use std::sync::Arc;

use super::declaration::Declaration;
use super::package::DeclId;
use super::resolve::{Meaning, is_universe_type};
use super::scope::BindingId;
use super::source::DeclKind;
use super::syntax::{Field, Kind, Node};
use super::types::{Origin, Type};
use crate::facts::Function;

/// What a call calls.
#[derive(Clone, Debug)]
pub enum Callee<'a> {
    /// A function or method whose body is at hand: of this package, or of another one of the module.
    Package(Declaration<'a>),
    /// A function (`receiver` is `None`) or method of another package.
    External {
        path: String,
        receiver: Option<String>,
        name: String,
    },
    Builtin(String),
    /// `T(x)`
    Conversion(Type),
    /// A function literal called on the spot, by [`Node::index`].
    Literal(usize),
    /// A function value held by a local name.
    Local(BindingId),
    Unknown,
}

impl Callee<'_> {
    /// The function of another package, as facts name it.
    pub fn function(&self) -> Option<Function<'_>> {
        match self {
            Callee::External { path, receiver, name } => Some(Function {
                path,
                receiver: receiver.as_deref(),
                name,
            }),
            _ => None,
        }
    }

    /// Whether this is the function `name` of the package `path`.
    pub fn is_function(&self, path: &str, name: &str) -> bool {
        matches!(self, Callee::External { path: p, receiver: None, name: n } if p == path && n == name)
    }

    /// Whether this is the method `name` of `path.receiver`.
    pub fn is_method(&self, path: &str, receiver: &str, name: &str) -> bool {
        matches!(self, Callee::External { path: p, receiver: Some(r), name: n }
            if p == path && r == receiver && n == name)
    }
}

impl<'a> Declaration<'a> {
    /// What `call`, a call expression or conversion of this declaration, calls.
    pub fn callee(self, call: Node<'_>) -> Callee<'a> {
        let function = call.field(Field::Function);
        let converted = || {
            call.field(Field::Type)
                .filter(|_| call.is(Kind::TypeConversionExpression))
        };
        match function.or_else(converted) {
            Some(to) if function.is_none() && self.names_type(to) => Callee::Conversion(self.type_meant(to)),
            Some(function) => self.function_meant(function),
            None => Callee::Unknown,
        }
    }

    /// The functions of the module that this declaration calls, each once, in the order of the source.
    pub fn callees(self) -> Vec<Declaration<'a>> {
        let memo = self.memo();
        if let Some(known) = memo.callees.get() {
            let declared = |(path, id): &(Arc<str>, DeclId)| {
                let package = self.package_at(path)?;
                Some(self.beside(package.declaration(*id)))
            };
            return known.iter().filter_map(declared).collect();
        }
        let mut callees: Vec<Declaration<'a>> = Vec::new();
        let nodes = self.tree().root().subtree();
        for call in nodes.filter(|node| node.is(Kind::CallExpression)) {
            if let Callee::Package(callee) = self.callee(call)
                && !callees.contains(&callee)
            {
                callees.push(callee);
            }
        }
        let is_found = |callee: &Declaration<'a>| {
            let package = self.package_at(&callee.package.path);
            package.is_some_and(|package| std::ptr::eq(package, callee.package))
        };
        if callees.iter().all(is_found) {
            let places = callees
                .iter()
                .map(|callee| (callee.package.path.clone(), callee.id));
            let _ = memo.callees.set(places.collect());
        }
        callees
    }

    /// The variables of its package that this declaration assigns to, each once.
    pub fn assigned_variables(self) -> Vec<Declaration<'a>> {
        let find = || {
            let statements = self.tree().root().subtree();
            let statements = statements.filter(|node| node.is(Kind::AssignmentStatement));
            let targets = statements.filter_map(|node| node.field(Field::Left));
            let mut ids: Vec<DeclId> = Vec::new();
            for target in targets.flat_map(Node::children) {
                if let Meaning::Package(declared) = self.resolve(target)
                    && declared.kind() == DeclKind::Var
                    && !ids.contains(&declared.id)
                {
                    ids.push(declared.id);
                }
            }
            ids
        };
        let known = self.memo().assigned.get_or_init(find).iter();
        let declared = |id: &DeclId| self.beside(self.package.declaration(*id));
        known.map(declared).collect()
    }

    /// The function an expression means: the callee of a call, or a function passed as a value.
    pub fn function_meant(self, function: Node<'_>) -> Callee<'a> {
        let function = function.unparenthesized();
        match function.kind() {
            Kind::Identifier | Kind::TypeIdentifier => self.named_callee(function),
            Kind::SelectorExpression => self.selected_callee(function),
            Kind::QualifiedType => self.qualified_callee(function),
            Kind::FuncLiteral => Callee::Literal(function.index()),
            // `f[T](x)` reads as an index where the argument could be a value.
            Kind::IndexExpression | Kind::TypeInstantiationExpression | Kind::GenericType => {
                if self.names_type(function) {
                    return Callee::Conversion(self.type_meant(function));
                }
                let inner = function.field(Field::Operand).or(function.field(Field::Type));
                inner.map_or(Callee::Unknown, |inner| self.function_meant(inner))
            }
            Kind::SliceType | Kind::MapType | Kind::ChannelType | Kind::FunctionType | Kind::ArrayType => {
                Callee::Conversion(self.type_meant(function))
            }
            _ => Callee::Unknown,
        }
    }

    fn named_callee(self, name: Node<'_>) -> Callee<'a> {
        match self.resolve(name) {
            Meaning::Local(id) => Callee::Local(id),
            Meaning::Package(declaration) => match declaration.kind() {
                DeclKind::Func => Callee::Package(declaration),
                DeclKind::Type => Callee::Conversion(self.type_meant(name)),
                _ => Callee::Unknown,
            },
            Meaning::Universe => match is_universe_type(name.text()) {
                true => Callee::Conversion(self.type_meant(name)),
                false => Callee::Builtin(name.text().to_owned()),
            },
            Meaning::Unknown => self.dot_imported_callee(name.text()),
            Meaning::Import(_) => Callee::Unknown,
        }
    }

    /// A function that the file's only dot import gives it.
    fn dot_imported_callee(self, name: &str) -> Callee<'a> {
        let imports = self.file().imports.iter();
        let mut dots = imports.filter(|import| import.alias.as_deref() == Some("."));
        let is_foreign = name.starts_with(char::is_uppercase) && !self.package.declares(name);
        match (dots.next(), dots.next()) {
            (Some(only), None) if is_foreign => self.imported_callee(&only.path, name.to_owned()),
            _ => Callee::Unknown,
        }
    }

    fn selected_callee(self, selector: Node<'_>) -> Callee<'a> {
        let (Some(operand), Some(field)) = (selector.field(Field::Operand), selector.field(Field::Field))
        else {
            return Callee::Unknown;
        };
        let name = field.text().to_owned();
        if operand.is(Kind::Identifier)
            && let Meaning::Import(import) = self.resolve(operand)
        {
            return self.imported_callee(&import.path, name);
        }
        self.method_of(&self.type_of(operand), &name)
    }

    /// A function of another package where the grammar sees a type.
    fn qualified_callee(self, qualified: Node<'_>) -> Callee<'a> {
        let path = qualified
            .field(Field::Package)
            .and_then(|package| self.import_path_of(package));
        match (path, qualified.field(Field::Name)) {
            (Some(path), Some(name)) => self.imported_callee(path, name.text().to_owned()),
            _ => Callee::Unknown,
        }
    }

    /// `path.name`, called.
    fn imported_callee(self, path: &str, name: String) -> Callee<'a> {
        let package = self.package_at(path);
        let declared = package.and_then(|package| self.find_name_in(package, &name));
        match declared {
            Some(declaration) if declaration.kind() == DeclKind::Type => {
                Callee::Conversion(Type::named(path, &name))
            }
            Some(declaration) if declaration.package.is_own => match declaration.kind() {
                DeclKind::Func => Callee::Package(declaration),
                _ => Callee::Unknown,
            },
            _ => Callee::External {
                path: path.to_owned(),
                receiver: None,
                name,
            },
        }
    }

    /// The method `name` of a value of type `of`; through embedded types, as Go promotes. A type whose source is
    /// not at hand has the methods that are called on it, unless the table says whose they are.
    pub fn method_of(self, of: &Type, name: &str) -> Callee<'a> {
        match self.member(of, name).map(|member| member.origin) {
            Some(Origin::Method(method)) if method.package.is_own => Callee::Package(method),
            Some(Origin::Method(method)) => match &method.decl().receiver {
                Some(receiver) => external_method(&method.package.path, receiver, name),
                None => Callee::Unknown,
            },
            Some(Origin::Table { path, receiver }) => external_method(&path, &receiver, name),
            Some(Origin::Interface {
                named: Some((path, receiver)),
                ..
            }) => self.method_of_foreign(&path, &receiver, name),
            Some(Origin::Interface { named: None, .. } | Origin::Field(_)) => Callee::Unknown,
            None => match of.pointee() {
                Type::Named {
                    path, name: receiver, ..
                } if self.package_at(path).is_none() => external_method(path, receiver, name),
                _ => Callee::Unknown,
            },
        }
    }

    /// A method of an interface: what it does is known for other people's only.
    fn method_of_foreign(self, path: &str, receiver: &str, name: &str) -> Callee<'a> {
        let is_own = self.package_at(path).is_some_and(|package| package.is_own);
        match is_own || path.is_empty() {
            true => Callee::Unknown,
            false => external_method(path, receiver, name),
        }
    }
}

fn external_method<'a>(path: &str, receiver: &str, name: &str) -> Callee<'a> {
    Callee::External {
        path: path.to_owned(),
        receiver: Some(receiver.to_owned()),
        name: name.to_owned(),
    }
}
