//! Light types: enough to know which method a call means. *Unknown* wherever the source at hand does not say.

mod infer;
mod structure;
#[cfg(test)]
mod tests;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    Unknown,
    /// A predeclared type, or `nil` and untyped constants by their default type.
    Basic(String),
    /// A declared type: the path of its package, as in [`crate::go::Package::path`], and its name.
    Named {
        path: String,
        name: String,
    },
    Pointer(Box<Type>),
    Slice(Box<Type>),
    Array(Box<Type>),
    Map(Box<Type>, Box<Type>),
    Chan(Box<Type>),
    /// A function with its results.
    Func(Vec<Type>),
    Struct(Vec<StructField>),
    Interface,
    /// What a call with several results gives.
    Tuple(Vec<Type>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StructField {
    pub name: String,
    pub of: Type,
    pub embedded: bool,
}

impl Type {
    pub fn basic(name: &str) -> Self {
        Type::Basic(name.to_owned())
    }

    pub fn named(path: &str, name: &str) -> Self {
        Type::Named {
            path: path.to_owned(),
            name: name.to_owned(),
        }
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
        matches!(self.pointee(), Type::Named { path: p, name: n } if p == path && n == name)
    }

    pub fn is_error(&self) -> bool {
        *self == Type::basic("error")
    }

    pub fn is_unknown(&self) -> bool {
        *self == Type::Unknown
    }

    /// The types of the values an expression of this type gives.
    pub fn values(self) -> Vec<Type> {
        match self {
            Type::Tuple(types) => types,
            one => vec![one],
        }
    }

    fn from_values(mut types: Vec<Type>) -> Type {
        match types.len() {
            1 => types.remove(0),
            _ => Type::Tuple(types),
        }
    }
}
