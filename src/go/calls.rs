//! Which function a call reaches.

use super::package::Declaration;
use super::resolve::Meaning;
use super::scope::BindingId;
use super::signatures;
use super::source::DeclKind;
use super::syntax::{Field, Kind, Node};
use super::types::{OWN, Type};

/// What a call calls.
#[derive(Clone, Debug)]
pub enum Callee<'a> {
    /// A function or method of this package.
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
            return Callee::External {
                path: import.path.clone(),
                receiver: None,
                name,
            };
        }
        self.method_of(&self.type_of(operand), &name)
    }

    /// The method `name` of a value of type `of`; through embedded types, as Go promotes.
    pub fn method_of(self, of: &Type, name: &str) -> Callee<'a> {
        match of.pointee() {
            Type::Named { path, name: receiver } if path == OWN => {
                match self.package.find_method(receiver, name) {
                    Some(method) => Callee::Package(method),
                    None => self.promoted(receiver, name),
                }
            }
            Type::Named { path, name: receiver } => Callee::External {
                path: path.clone(),
                receiver: Some(receiver.clone()),
                name: name.to_owned(),
            },
            _ => Callee::Unknown,
        }
    }

    /// A method that `receiver`, a struct of this package, has from the types it embeds. A foreign type counts
    /// only where its method is known by the table; nothing is guessed from spelling.
    fn promoted(self, receiver: &str, name: &str) -> Callee<'a> {
        let mut level = self.embedded_in(receiver);
        for _ in 0..8 {
            if let Some(callee) = level.iter().find_map(|of| self.declared_method(of, name)) {
                return callee;
            }
            let own = level.iter().filter_map(|of| match of.pointee() {
                Type::Named { path, name } if path == OWN => Some(name),
                _ => None,
            });
            level = own.flat_map(|inner| self.embedded_in(inner)).collect();
        }
        Callee::Unknown
    }

    /// The method that the type itself declares, where the source or the table says so.
    fn declared_method(self, of: &Type, name: &str) -> Option<Callee<'a>> {
        let Type::Named { path, name: receiver } = of.pointee() else {
            return None;
        };
        if path == OWN {
            return self.package.find_method(receiver, name).map(Callee::Package);
        }
        signatures::find(path, &format!("{receiver}.{name}"))?;
        Some(Callee::External {
            path: path.clone(),
            receiver: Some(receiver.clone()),
            name: name.to_owned(),
        })
    }
}

fn is_builtin_function(name: &str) -> bool {
    const FUNCTIONS: [&str; 18] = [
        "append", "cap", "clear", "close", "complex", "copy", "delete", "imag", "len", "make", "max", "min",
        "new", "panic", "print", "println", "real", "recover",
    ];
    FUNCTIONS.contains(&name)
}
