//! What type expressions mean, and the structure behind names of types.

use std::sync::Arc;

use super::generic::{Bindings, core_term, substituted};
use super::memo::Kept;
use super::typer::Typer;
use super::{ArrayType, Channel, Direction, InterfaceType, LocalType, Signature, StructField, Type};
use crate::go::declaration::Declaration;
use crate::go::resolve::Meaning;
use crate::go::scope::{BindingId, BindingKind};
use crate::go::signatures;
use crate::go::source::DeclKind;
use crate::go::syntax::{Field, Kind, Node};
use crate::text::Span;

impl<'a> Typer<'a, '_> {
    pub(super) fn meant_of(self, node: Option<Node<'_>>) -> Type {
        node.map_or(Type::Unknown, |node| self.meant(node))
    }

    /// What a type expression means. In calls and conversions types stand where expressions do.
    pub(super) fn meant(self, node: Node<'_>) -> Type {
        let Some(next) = self.deeper() else {
            return Type::Unknown;
        };
        let part = |field| next.meant_of(node.field(field));
        match node.kind() {
            Kind::TypeIdentifier | Kind::Identifier => next.type_name(node, Vec::new()),
            Kind::QualifiedType | Kind::SelectorExpression => next.qualified(node, Vec::new()),
            Kind::GenericType | Kind::TypeInstantiationExpression | Kind::IndexExpression => {
                next.generic_type(node)
            }
            Kind::PointerType => Type::pointer(next.meant_of(node.child(0))),
            Kind::UnaryExpression if node.operator() == Some(Kind::Star) => {
                Type::pointer(part(Field::Operand))
            }
            Kind::ParenthesizedType | Kind::ParenthesizedExpression => next.meant_of(node.child(0)),
            Kind::TypeElem | Kind::TypeConstraint => next.constraint(node),
            Kind::SliceType => Type::slice(part(Field::Element)),
            Kind::ArrayType => Type::Array(Arc::new(ArrayType {
                element: part(Field::Element),
                length: next.length(node),
            })),
            Kind::MapType => Type::Map(Arc::new(part(Field::Key)), Arc::new(part(Field::Value))),
            Kind::ChannelType => Type::Chan(Arc::new(Channel {
                element: part(Field::Value),
                direction: direction(node),
            })),
            Kind::FunctionType => Type::Func(Arc::new(next.signature(node))),
            Kind::InterfaceType => Type::Interface(Arc::new(next.interface(node))),
            Kind::StructType => Type::Struct(next.fields(node).into()),
            _ => Type::Unknown,
        }
    }

    fn length(self, array: Node<'_>) -> Option<u64> {
        u64::try_from(self.constant(array.field(Field::Length)?)?).ok()
    }

    fn type_name(self, node: Node<'_>, arguments: Vec<Type>) -> Type {
        match self.at.resolve(node) {
            Meaning::Local(id) => self.local_type(id),
            Meaning::Package(declaration) => self.declared_type(declaration, node.text(), arguments),
            Meaning::Universe => Type::predeclared(node.text()).unwrap_or(Type::Unknown),
            Meaning::Unknown => match self.at.dot_imported(node.text()) {
                Some((_, declaration)) => self.declared_type(declaration, node.text(), arguments),
                None => Type::Unknown,
            },
            _ => Type::Unknown,
        }
    }

    fn local_type(self, id: BindingId) -> Type {
        let binding = self.at.scopes().get(id);
        let origin = self.at.tree().node(binding.origin);
        match (binding.kind, origin.kind()) {
            (BindingKind::TypeParam, _) => Type::Parameter((*binding.name).into()),
            (BindingKind::Type, Kind::TypeAlias) => self.meant_of(origin.field(Field::Type)),
            (BindingKind::Type, _) => Type::Local(Arc::new(LocalType {
                path: Arc::clone(&self.at.package.path),
                name: (*binding.name).into(),
                declaration: self.at.id,
                spec: binding.origin,
            })),
            _ => Type::Unknown,
        }
    }

    /// The type that a package declares as `name`.
    fn declared_type(self, declaration: Declaration<'a>, name: &str, arguments: Vec<Type>) -> Type {
        if declaration.kind() != DeclKind::Type {
            return Type::Unknown;
        }
        match type_spec(declaration, name) {
            Some(spec) if spec.is(Kind::TypeAlias) => {
                let of = self.within(declaration).meant_of(spec.field(Field::Type));
                bound_to(&of, spec, &arguments)
            }
            _ => Type::Named {
                path: Arc::clone(&declaration.package.path),
                name: declaration.shared_name(name),
                arguments: arguments.into(),
            },
        }
    }

    fn qualified(self, node: Node<'_>, arguments: Vec<Type>) -> Type {
        let (package, name) = match node.kind() {
            Kind::QualifiedType => (node.field(Field::Package), node.field(Field::Name)),
            _ => (node.field(Field::Operand), node.field(Field::Field)),
        };
        let (Some(package), Some(name)) = (package, name) else {
            return Type::Unknown;
        };
        let Some(path) = self.at.import_path_of(package) else {
            return Type::Unknown;
        };
        let loaded = self.at.package_at(path);
        let declared = loaded.and_then(|loaded| self.at.find_name_in(loaded, name.text()));
        match declared {
            Some(declaration) => self.declared_type(declaration, name.text(), arguments),
            None => match signatures::alias(path, name.text()) {
                Some(of) => of.clone(),
                None => Type::Named {
                    path: path.into(),
                    name: name.text().into(),
                    arguments: arguments.into(),
                },
            },
        }
    }

    /// `T[A, B]`, which in expressions reads as an index.
    fn generic_type(self, node: Node<'_>) -> Type {
        let (base, arguments): (_, Vec<Node<'_>>) = match node.kind() {
            Kind::GenericType => {
                let list = node.field(Field::TypeArguments);
                (
                    node.field(Field::Type),
                    list.into_iter().flat_map(Node::children).collect(),
                )
            }
            Kind::IndexExpression => (
                node.field(Field::Operand),
                node.field(Field::Index).into_iter().collect(),
            ),
            _ => (node.field(Field::Type), node.children().skip(1).collect()),
        };
        let arguments = arguments.into_iter().map(|node| self.meant(node)).collect();
        match base {
            Some(base) if matches!(base.kind(), Kind::TypeIdentifier | Kind::Identifier) => {
                self.type_name(base, arguments)
            }
            Some(base) => self.qualified(base, arguments),
            None => Type::Unknown,
        }
    }

    /// An element of an interface or a constraint: one type, or a union.
    fn constraint(self, node: Node<'_>) -> Type {
        let terms: Vec<_> = node.children().collect();
        match terms.as_slice() {
            [only] if !only.is(Kind::NegatedType) => self.meant(*only),
            many => Type::Interface(Arc::new(InterfaceType {
                terms: many.iter().map(|term| self.term(*term)).collect(),
                ..InterfaceType::default()
            })),
        }
    }

    fn term(self, node: Node<'_>) -> Type {
        match node.kind() {
            Kind::NegatedType => self.meant_of(node.child(0)),
            _ => self.meant(node),
        }
    }

    fn interface(self, node: Node<'_>) -> InterfaceType {
        let mut interface = InterfaceType::default();
        for element in node.children() {
            match element.kind() {
                Kind::MethodElem => interface.methods.extend(self.interface_method(element)),
                Kind::TypeElem => match self.constraint(element) {
                    Type::Interface(inner) if !inner.terms.is_empty() => {
                        interface.terms.extend(inner.terms.iter().cloned());
                    }
                    of => interface.embedded.push(of),
                },
                _ => {}
            }
        }
        interface
    }

    fn interface_method(self, element: Node<'_>) -> Option<StructField> {
        let name = element.field(Field::Name)?;
        Some(StructField {
            name: name.text().into(),
            of: Type::Func(Arc::new(self.signature(element))),
            embedded: false,
            declared: Some((Arc::clone(&self.at.package.path), self.at.place(name))),
        })
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
        let field = |name: Node<'_>, of: Type, embedded| StructField {
            name: name.text().into(),
            of,
            embedded,
            declared: Some((Arc::clone(&self.at.package.path), self.at.place(name))),
        };
        let names = declaration.fields(Field::Name);
        let names: Vec<_> = names.filter(|name| name.is(Kind::FieldIdentifier)).collect();
        if !names.is_empty() {
            return names
                .into_iter()
                .map(|name| field(name, of.clone(), false))
                .collect();
        }
        // The grammar keeps the star of `*T` outside the type.
        let of = match declaration.bytes().first() {
            Some(b'*') => Type::pointer(of),
            _ => of,
        };
        vec![field(last_name(written), of, true)]
    }

    /// The type of a declared function or method; of a method without its receiver.
    pub(super) fn declared_signature(self, function: Node<'_>) -> Type {
        self.kept(function, Kept::Shape, |next| {
            Type::Func(Arc::new(next.signature(function)))
        })
    }

    /// The signature of a function declaration, literal, type or interface method.
    pub(super) fn signature(self, function: Node<'_>) -> Signature {
        let list = function.field(Field::Parameters);
        let last = list.and_then(|list| list.children().last());
        Signature {
            type_parameters: self.type_parameters(function),
            parameters: Some(list.map_or_else(Vec::new, |list| self.listed(list))),
            variadic: last.is_some_and(|last| last.is(Kind::VariadicParameterDeclaration)),
            results: self.results(function).into(),
        }
    }

    fn type_parameters(self, owner: Node<'_>) -> Vec<(Arc<str>, Type)> {
        let Some(list) = owner.field(Field::TypeParameters) else {
            return Vec::new();
        };
        let mut parameters = Vec::new();
        for declaration in list.children() {
            let constraint = self.meant_of(declaration.field(Field::Type));
            let names = declaration.fields(Field::Name);
            let names = names.filter(|name| name.is(Kind::Identifier));
            parameters.extend(names.map(|name| (name.text().into(), constraint.clone())));
        }
        parameters
    }

    pub(super) fn results(self, function: Node<'_>) -> Vec<Type> {
        match function.field(Field::Result) {
            None => Vec::new(),
            Some(list) if list.is(Kind::ParameterList) => self.listed(list),
            Some(only) => vec![self.meant(only)],
        }
    }

    /// The types of a parameter list, one for each name.
    fn listed(self, list: Node<'_>) -> Vec<Type> {
        let mut types = Vec::new();
        for parameter in list.children() {
            let names = parameter.fields(Field::Name);
            let names = names.filter(|name| name.is(Kind::Identifier)).count();
            let of = self.parameter(parameter);
            types.extend(std::iter::repeat_n(of, names.max(1)));
        }
        types
    }

    pub(super) fn parameter(self, declaration: Node<'_>) -> Type {
        let of = self.meant_of(declaration.field(Field::Type));
        match declaration.kind() {
            Kind::VariadicParameterDeclaration => Type::slice(of),
            _ => of,
        }
    }

    /// The structure behind a declared type whose source is at hand, and behind a type parameter whose
    /// constraint allows only one; other types are their own.
    pub(super) fn underlying(self, of: &Type) -> Type {
        let Some(next) = self.deeper() else {
            return Type::Unknown;
        };
        match of {
            Type::Named {
                path,
                name,
                arguments,
            } => next.shape(path, name, arguments),
            Type::Local(local) => next.local_shape(local),
            Type::Parameter(name) => match core_term(&next.constraint_of(name)) {
                Some(core) => next.underlying(core),
                None => of.clone(),
            },
            _ => of.clone(),
        }
    }

    fn shape(self, path: &str, name: &str, arguments: &[Type]) -> Type {
        let package = self.at.package_at(path);
        let declaration = package.and_then(|package| self.at.find_name_in(package, name));
        let spec = declaration.and_then(|declaration| Some((declaration, type_spec(declaration, name)?)));
        let Some((declaration, spec)) = spec else {
            return signatures::shape(path, name).cloned().unwrap_or(Type::Unknown);
        };
        let there = self.within(declaration);
        let shape = there.kept(spec, Kept::Shape, |next| {
            next.underlying(&next.meant_of(spec.field(Field::Type)))
        });
        bound_to(&shape, spec, arguments)
    }

    fn local_shape(self, local: &LocalType) -> Type {
        let Some(package) = self.at.package_at(&local.path) else {
            return Type::Unknown;
        };
        let declaration = self.at.beside(package.declaration(local.declaration));
        let spec = declaration.tree().node(local.spec);
        self.within(declaration).kept(spec, Kept::Shape, |next| {
            next.underlying(&next.meant_of(spec.field(Field::Type)))
        })
    }

    /// The constraint of a type parameter of the declaration at hand.
    pub(super) fn constraint_of(self, name: &str) -> Type {
        let mut bindings = self.at.scopes().bindings().map(|(_, binding)| binding);
        let binding = bindings.find(|binding| binding.kind == BindingKind::TypeParam && binding.name == name);
        let Some(binding) = binding else {
            return Type::Unknown;
        };
        let origin = self.at.tree().node(binding.origin);
        match origin.kind() {
            Kind::TypeParameterDeclaration => self.meant_of(origin.field(Field::Type)),
            _ => self.constraint_of_receiver(origin, name),
        }
    }

    /// The constraint of `T` in `func (r *R[T]) …`, which the declaration of `R` tells.
    fn constraint_of_receiver(self, receiver: Node<'_>, name: &str) -> Type {
        let names = receiver_parameters(receiver);
        let position = names.iter().position(|known| **known == *name);
        let of = self.parameter(receiver);
        let (Type::Named { path, name: of, .. }, Some(position)) = (of.pointee(), position) else {
            return Type::Unknown;
        };
        let package = self.at.package_at(path);
        let declaration = package.and_then(|package| self.at.find_name_in(package, of));
        let Some((declaration, spec)) =
            declaration.and_then(|declaration| Some((declaration, type_spec(declaration, of)?)))
        else {
            return Type::Unknown;
        };
        let parameters = self.within(declaration).type_parameters(spec);
        let bindings: Bindings = parameters
            .iter()
            .zip(&names)
            .map(|((parameter, _), name)| (Arc::clone(parameter), Type::Parameter(Arc::clone(name))))
            .collect();
        let constraint = parameters.get(position).map(|(_, constraint)| constraint);
        constraint.map_or(Type::Unknown, |constraint| substituted(constraint, &bindings))
    }
}

/// What `of`, read in the declaration of a generic type or alias, is with `arguments`.
fn bound_to(of: &Type, spec: Node<'_>, arguments: &[Type]) -> Type {
    let names = parameter_names(spec);
    if names.is_empty() {
        return of.clone();
    }
    let given = |at: usize| arguments.get(at).cloned().unwrap_or(Type::Unknown);
    let bindings = names.into_iter().enumerate().map(|(at, name)| (name, given(at)));
    substituted(of, &bindings.collect())
}

/// The names of the type parameters that a spec or function declares.
pub(super) fn parameter_names(owner: Node<'_>) -> Vec<Arc<str>> {
    let list = owner.field(Field::TypeParameters).into_iter();
    let names = list
        .flat_map(Node::children)
        .flat_map(|node| node.fields(Field::Name));
    names
        .filter(|name| name.is(Kind::Identifier))
        .map(|name| name.text().into())
        .collect()
}

/// The names that a method's receiver gives to the type parameters of its type.
pub(super) fn receiver_parameters(receiver: Node<'_>) -> Vec<Arc<str>> {
    let generic = receiver.descendants().find(|node| node.is(Kind::GenericType));
    let arguments = generic.and_then(|generic| generic.field(Field::TypeArguments));
    arguments
        .into_iter()
        .flat_map(Node::children)
        .map(|name| name.text().into())
        .collect()
}

/// The spec that declares the type `name`.
pub(super) fn type_spec<'a>(declaration: Declaration<'a>, name: &str) -> Option<Node<'a>> {
    let names = &declaration.decl().names;
    let name = names.iter().find(|declared| *declared.text == *name)?;
    let node = declaration.tree().at(name.span)?;
    node.parent()
        .filter(|spec| matches!(spec.kind(), Kind::TypeSpec | Kind::TypeAlias))
}

/// The name that `p.T[A]` ends with.
fn last_name(written: Node<'_>) -> Node<'_> {
    let inner = written.field(Field::Type).unwrap_or(written);
    inner.field(Field::Name).unwrap_or(inner)
}

/// `chan T`, `chan<- T` or `<-chan T`: the arrow is no node of its own.
fn direction(channel: Node<'_>) -> Direction {
    let value = channel.field(Field::Value).map_or(channel.end(), Node::start);
    let head = Span::new(channel.start(), value).of(channel.tree().source());
    match head.windows(2).position(|pair| pair == b"<-") {
        None => Direction::Both,
        Some(0) => Direction::Receive,
        Some(_) => Direction::Send,
    }
}
