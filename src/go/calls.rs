//! Which function a call reaches.

use super::package::Declaration;
use super::resolve::Meaning;
use super::scope::BindingId;
use super::signatures;
use super::source::DeclKind;
use super::syntax::{Field, Kind, Node};
use super::types::Type;

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
    /// What `call`, a call expression of this declaration, calls.
    pub fn callee(self, call: Node<'_>) -> Callee<'a> {
        match call.field(Field::Function) {
            Some(function) => self.function_meant(function),
            None => Callee::Unknown,
        }
    }

    /// The function an expression means: the callee of a call, or a function passed as a value.
    pub fn function_meant(self, function: Node<'_>) -> Callee<'a> {
        let function = function.unparenthesized();
        match function.kind() {
            Kind::Identifier | Kind::TypeIdentifier => self.named_callee(function),
            Kind::SelectorExpression => self.selected_callee(function),
            Kind::FuncLiteral => Callee::Literal(function.index()),
            // `f[T](x)` reads as an index where the argument could be a value.
            Kind::IndexExpression | Kind::TypeInstantiationExpression => {
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
            Meaning::Universe => {
                let is_type = name.text().starts_with(|c: char| c.is_ascii_lowercase())
                    && !is_builtin_function(name.text());
                match is_type {
                    true => Callee::Conversion(Type::basic(name.text())),
                    false => Callee::Builtin(name.text().to_owned()),
                }
            }
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

    /// The method `name` of a value of type `of`; through embedded types, as Go promotes.
    pub fn method_of(self, of: &Type, name: &str) -> Callee<'a> {
        let Type::Named { path, name: receiver } = of.pointee() else {
            return Callee::Unknown;
        };
        if let Some(callee) = self.declared_method(of, name).or_else(|| self.promoted(of, name)) {
            return callee;
        }
        match self.package_at(path) {
            // Interfaces of the module, and names that do not exist.
            Some(package) if package.is_own => Callee::Unknown,
            _ => external_method(path, receiver, name),
        }
    }

    /// The method that the type itself declares, where the source or the table says so.
    fn declared_method(self, of: &Type, name: &str) -> Option<Callee<'a>> {
        let Type::Named { path, name: receiver } = of.pointee() else {
            return None;
        };
        let package = self.package_at(path);
        match package.and_then(|package| self.find_method_in(package, receiver, name)) {
            Some(method) if method.package.is_own => Some(Callee::Package(method)),
            Some(_) => Some(external_method(path, receiver, name)),
            None => {
                signatures::find(path, &format!("{receiver}.{name}"))?;
                Some(external_method(path, receiver, name))
            }
        }
    }

    /// A method that a struct has from the types it embeds. A type whose source is not at hand counts only where
    /// its method is known by the table; nothing is guessed from spelling.
    fn promoted(self, of: &Type, name: &str) -> Option<Callee<'a>> {
        let mut level = self.embedded_in(of);
        for _ in 0..8 {
            if let Some(callee) = level.iter().find_map(|of| self.declared_method(of, name)) {
                return Some(callee);
            }
            level = level.iter().flat_map(|of| self.embedded_in(of)).collect();
        }
        None
    }
}

fn external_method<'a>(path: &str, receiver: &str, name: &str) -> Callee<'a> {
    Callee::External {
        path: path.to_owned(),
        receiver: Some(receiver.to_owned()),
        name: name.to_owned(),
    }
}

fn is_builtin_function(name: &str) -> bool {
    const FUNCTIONS: [&str; 18] = [
        "append", "cap", "clear", "close", "complex", "copy", "delete", "imag", "len", "make", "max", "min",
        "new", "panic", "print", "println", "real", "recover",
    ];
    FUNCTIONS.contains(&name)
}
