//! Light types: enough to know which declaration a name means and which function a call reaches. *Unknown*
//! wherever the source at hand does not say; an answer is the compiler's answer.

mod asked;
mod call;
mod constant;
mod context;
mod definition;
mod expression;
mod generic;
mod literal;
mod meant;
mod member;
mod memo;
mod name;
mod operator;
mod spell;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_expressions;
mod typer;

pub use definition::Definition;
pub(in crate::go) use member::{Member, Origin};
pub(in crate::go) use memo::{DeclarationMemo, Memo};

use std::sync::Arc;

use super::package::{DeclId, Place};

/// Cheap to clone: its parts are shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    Unknown,
    /// A predeclared type, `error` among them, or that of an untyped constant: `untyped int`.
    Basic(&'static str),
    /// A declared type: the path of its package, as in [`crate::go::Package::path`], its name, and what stands
    /// for its type parameters.
    Named {
        path: Arc<str>,
        name: Arc<str>,
        arguments: Arc<[Type]>,
    },
    /// A type declared inside a function.
    Local(Arc<LocalType>),
    /// A type parameter of the declaration at hand.
    Parameter(Arc<str>),
    Pointer(Arc<Type>),
    Slice(Arc<Type>),
    Array(Arc<ArrayType>),
    Map(Arc<Type>, Arc<Type>),
    Chan(Arc<Channel>),
    Func(Arc<Signature>),
    Struct(Arc<[StructField]>),
    Interface(Arc<InterfaceType>),
    /// What a call with no or several results gives.
    Tuple(Arc<[Type]>),
}

/// A type declared inside a function, by the node that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalType {
    pub path: Arc<str>,
    pub name: Arc<str>,
    pub declaration: DeclId,
    /// Its spec, by [`crate::go::syntax::Node::index`].
    pub spec: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrayType {
    pub element: Type,
    /// `None` where the length is more than simple arithmetic.
    pub length: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    pub element: Type,
    pub direction: Direction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Both,
    Send,
    Receive,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// Type parameters that nothing stands for yet, with their constraints.
    pub type_parameters: Vec<(Arc<str>, Type)>,
    /// `None` where only the results are known, as by the table of signatures.
    pub parameters: Option<Vec<Type>>,
    /// Whether the last parameter, a slice, takes any number of arguments.
    pub variadic: bool,
    pub results: Arc<[Type]>,
}

/// A field of a struct, or a method of an interface.
#[derive(Clone, Debug)]
pub struct StructField {
    pub name: Arc<str>,
    pub of: Type,
    pub embedded: bool,
    /// The path of the package that declares it, and where: no part of its identity.
    pub declared: Option<(Arc<str>, Place)>,
}

impl PartialEq for StructField {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.of, self.embedded) == (&other.name, &other.of, other.embedded)
    }
}

impl Eq for StructField {}

/// An interface as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InterfaceType {
    pub methods: Vec<StructField>,
    pub embedded: Vec<Type>,
    /// The types of `~A | B`, without the tilde; for constraints.
    pub terms: Vec<Type>,
}

impl Type {
    pub fn basic(name: &'static str) -> Self {
        Type::Basic(name)
    }

    /// The predeclared type that code calls `name`.
    pub fn predeclared(name: &str) -> Option<Self> {
        match super::resolve::universe_type(name)? {
            "any" => Some(Type::any()),
            name => Some(Type::Basic(name)),
        }
    }

    pub fn named(path: &str, name: &str) -> Self {
        Type::Named {
            path: path.into(),
            name: name.into(),
            arguments: Arc::default(),
        }
    }

    pub fn pointer(to: Type) -> Self {
        Type::Pointer(Arc::new(to))
    }

    pub fn slice(of: Type) -> Self {
        Type::Slice(Arc::new(of))
    }

    /// `any`
    pub fn any() -> Self {
        Type::Interface(Arc::default())
    }

    /// A function of which only the results are known.
    pub fn giving(results: Vec<Type>) -> Self {
        Type::Func(Arc::new(Signature {
            results: results.into(),
            ..Signature::default()
        }))
    }

    /// The pointed-to type, or the type itself.
    pub fn pointee(&self) -> &Type {
        match self {
            Type::Pointer(inner) => inner,
            other => other,
        }
    }

    /// Whether this is `path.name` or a pointer to it.
    pub fn is(&self, path: &str, name: &str) -> bool {
        matches!(self.pointee(), Type::Named { path: p, name: n, .. } if **p == *path && **n == *name)
    }

    pub fn is_error(&self) -> bool {
        matches!(self, Type::Basic("error"))
    }

    pub fn is_unknown(&self) -> bool {
        *self == Type::Unknown
    }

    /// The types of the values an expression of this type gives.
    pub fn values(self) -> Vec<Type> {
        match self {
            Type::Tuple(types) => types.to_vec(),
            one => vec![one],
        }
    }

    fn from_values(types: &Arc<[Type]>) -> Type {
        match &**types {
            [only] => only.clone(),
            _ => Type::Tuple(Arc::clone(types)),
        }
    }

    pub(in crate::go) fn is_untyped(&self) -> bool {
        matches!(self, Type::Basic(name) if name.starts_with("untyped "))
    }

    /// What a variable gets that is declared with a value of this type.
    fn defaulted(self) -> Type {
        let name = match &self {
            Type::Basic(name) => name.strip_prefix("untyped "),
            _ => None,
        };
        match name {
            None | Some("nil") => self,
            Some("float") => Type::Basic("float64"),
            Some("complex") => Type::Basic("complex128"),
            Some(name) => Type::Basic(name),
        }
    }

    /// Whether any part of it is unknown.
    pub fn is_partly_unknown(&self) -> bool {
        match self {
            Type::Unknown => true,
            Type::Basic(_) | Type::Local(_) | Type::Parameter(_) => false,
            Type::Named { arguments, .. } => arguments.iter().any(Type::is_partly_unknown),
            Type::Pointer(inner) | Type::Slice(inner) => inner.is_partly_unknown(),
            Type::Array(array) => array.length.is_none() || array.element.is_partly_unknown(),
            Type::Map(key, value) => key.is_partly_unknown() || value.is_partly_unknown(),
            Type::Chan(channel) => channel.element.is_partly_unknown(),
            Type::Func(signature) => signature.is_partly_unknown(),
            Type::Struct(fields) => fields.iter().any(|field| field.of.is_partly_unknown()),
            Type::Interface(interface) => {
                let methods = interface.methods.iter().map(|method| &method.of);
                methods
                    .chain(&interface.embedded)
                    .chain(&interface.terms)
                    .any(Type::is_partly_unknown)
            }
            Type::Tuple(types) => types.iter().any(Type::is_partly_unknown),
        }
    }
}

impl Signature {
    fn is_partly_unknown(&self) -> bool {
        let parameters = match &self.parameters {
            Some(parameters) => parameters.as_slice(),
            None => return true,
        };
        parameters
            .iter()
            .chain(&*self.results)
            .any(Type::is_partly_unknown)
    }
}
