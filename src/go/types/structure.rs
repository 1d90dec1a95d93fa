//! What type expressions mean, and the members of types.

use super::infer::{DEPTH, Typer};
use super::{StructField, Type};
use crate::go::package::{Declaration, Package};
use crate::go::resolve::Meaning;
use crate::go::signatures;
use crate::go::source::DeclKind;
use crate::go::syntax::{Field, Kind, Node};

impl<'a> Typer<'a> {
    /// The field or method `name` of a value of type `of`; embedded types are searched breadth first, as Go does.
    pub(super) fn member(self, of: &Type, name: &str) -> Type {
        let mut level = vec![of.pointee().clone()];
        for _ in 0..DEPTH {
            let found = level
                .iter()
                .map(|of| self.own_member(of, name))
                .find(|of| !of.is_unknown());
            if let Some(found) = found {
                return found;
            }
            level = level.iter().flat_map(|of| self.embedded(of)).collect();
            if level.is_empty() {
                break;
            }
        }
        Type::Unknown
    }

    fn own_member(self, of: &Type, name: &str) -> Type {
        let Type::Named { path, name: of_name } = of else {
            return self.field(of, name);
        };
        let package = self.at.package_at(path);
        let declared = package.map_or(Type::Unknown, |package| self.method(package, of_name, name));
        match declared.is_unknown() {
            false => declared,
            true => match self.field(of, name) {
                Type::Unknown => known(path, &format!("{of_name}.{name}")),
                field => field,
            },
        }
    }

    /// A method that `receiver` declares, as a concrete type or as an interface.
    fn method(self, package: &'a Package, receiver: &str, name: &str) -> Type {
        if let Some(method) = self.at.find_method_in(package, receiver, name) {
            let results = method
                .function()
                .and_then(|node| Some(self.within(method).deeper()?.results(node)));
            return results.map_or(Type::Unknown, Type::Func);
        }
        let declaration = self.at.find_name_in(package, receiver);
        let spec = declaration.and_then(|declaration| Some((declaration, type_spec(declaration, receiver)?)));
        let Some((declaration, spec)) = spec else {
            return Type::Unknown;
        };
        let mut methods = spec.descendants().filter(|node| node.is(Kind::MethodElem));
        let method = methods.find(|node| node.field(Field::Name).is_some_and(|node| node.text() == name));
        let results = method.and_then(|node| Some(self.within(declaration).deeper()?.results(node)));
        results.map_or(Type::Unknown, Type::Func)
    }

    fn field(self, of: &Type, name: &str) -> Type {
        match self.underlying(of) {
            Type::Struct(fields) => {
                let mut named = fields.into_iter().filter(|field| field.name == name);
                named.next().map_or(Type::Unknown, |field| field.of)
            }
            _ => Type::Unknown,
        }
    }

    pub(super) fn embedded(self, of: &Type) -> Vec<Type> {
        match self.underlying(of) {
            Type::Struct(fields) => {
                let embedded = fields.into_iter().filter(|field| field.embedded);
                embedded.map(|field| field.of.pointee().clone()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What a type expression means. In calls and conversions types stand where expressions do.
    pub(super) fn meant(self, node: Node<'_>) -> Type {
        let Some(next) = self.deeper() else {
            return Type::Unknown;
        };
        let part = |field| Box::new(node.field(field).map_or(Type::Unknown, |inner| next.meant(inner)));
        let only = || node.child(0).map_or(Type::Unknown, |inner| next.meant(inner));
        match node.kind() {
            Kind::TypeIdentifier | Kind::Identifier => next.type_name(node),
            Kind::QualifiedType => next.qualified(node.field(Field::Package), node.field(Field::Name)),
            Kind::SelectorExpression => next.qualified(node.field(Field::Operand), node.field(Field::Field)),
            Kind::PointerType => Type::Pointer(Box::new(only())),
            Kind::ParenthesizedType | Kind::ParenthesizedExpression | Kind::TypeElem => only(),
            Kind::SliceType => Type::Slice(part(Field::Element)),
            Kind::ArrayType | Kind::ImplicitLengthArrayType => Type::Array(part(Field::Element)),
            Kind::MapType => Type::Map(part(Field::Key), part(Field::Value)),
            Kind::ChannelType => Type::Chan(part(Field::Value)),
            Kind::FunctionType => Type::Func(next.results(node)),
            Kind::GenericType => *part(Field::Type),
            Kind::InterfaceType => Type::Interface,
            Kind::StructType => Type::Struct(next.fields(node)),
            _ => Type::Unknown,
        }
    }

    fn type_name(self, node: Node<'_>) -> Type {
        match self.at.resolve(node) {
            Meaning::Package(declaration) if declaration.kind() == DeclKind::Type => self
                .alias(declaration, node.text())
                .unwrap_or_else(|| Type::named(&self.at.package.path, node.text())),
            Meaning::Universe => Type::basic(node.text()),
            _ => Type::Unknown,
        }
    }

    /// What `type name = T` stands for.
    fn alias(self, declaration: Declaration<'a>, name: &str) -> Option<Type> {
        let alias = type_spec(declaration, name).filter(|spec| spec.is(Kind::TypeAlias))?;
        Some(self.within(declaration).meant(alias.field(Field::Type)?))
    }

    fn qualified(self, package: Option<Node<'_>>, name: Option<Node<'_>>) -> Type {
        let path = package.and_then(|package| match self.at.resolve(package) {
            Meaning::Import(import) => Some(&*import.path),
            _ => None,
        });
        match (path, name) {
            (Some(path), Some(name)) => {
                let package = self.at.package_at(path);
                let declared = package.and_then(|package| self.at.find_name_in(package, name.text()));
                let alias = declared.and_then(|declaration| self.alias(declaration, name.text()));
                alias.unwrap_or_else(|| Type::named(path, name.text()))
            }
            _ => Type::Unknown,
        }
    }

    fn fields(self, structure: Node<'_>) -> Vec<StructField> {
        let list = structure
            .children()
            .find(|node| node.is(Kind::FieldDeclarationList));
        let declarations = list.into_iter().flat_map(Node::children);
        declarations
            .flat_map(|declaration| self.declared_fields(declaration))
            .collect()
    }

    fn declared_fields(self, declaration: Node<'_>) -> Vec<StructField> {
        let Some(written) = declaration.field(Field::Type) else {
            return Vec::new();
        };
        let of = self.meant(written);
        let names: Vec<_> = declaration
            .fields(Field::Name)
            .map(|name| name.text().to_owned())
            .collect();
        if !names.is_empty() {
            let field = |name| StructField {
                name,
                of: of.clone(),
                embedded: false,
            };
            return names.into_iter().map(field).collect();
        }
        let name = match &of {
            Type::Named { name, .. } => name.clone(),
            _ => written.text().rsplit('.').next().unwrap_or("").to_owned(),
        };
        // The grammar keeps the star of `*T` outside the type.
        vec![StructField {
            name,
            of,
            embedded: true,
        }]
    }

    /// The structure behind a named type whose source is at hand; other types are their own.
    pub(super) fn underlying(self, of: &Type) -> Type {
        let Type::Named { path, name } = of else {
            return of.clone();
        };
        let package = self.at.package_at(path);
        let declaration = package.and_then(|package| self.at.find_name_in(package, name));
        let spec = declaration.and_then(|declaration| Some((declaration, type_spec(declaration, name)?)));
        let meant = spec.and_then(|(declaration, spec)| {
            let next = self.within(declaration).deeper()?;
            Some(next.underlying(&next.meant(spec.field(Field::Type)?)))
        });
        meant.unwrap_or(Type::Unknown)
    }
}

/// The spec that declares the type `name`.
fn type_spec<'a>(declaration: Declaration<'a>, name: &str) -> Option<Node<'a>> {
    let specs = declaration.tree().root().subtree();
    let mut specs = specs.filter(|node| matches!(node.kind(), Kind::TypeSpec | Kind::TypeAlias));
    specs.find(|spec| spec.field(Field::Name).is_some_and(|node| node.text() == name))
}

/// What the table of signatures says of `path.name`.
pub(super) fn known(path: &str, name: &str) -> Type {
    signatures::find(path, name).cloned().unwrap_or(Type::Unknown)
}
