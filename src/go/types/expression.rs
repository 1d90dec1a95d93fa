//! The type of an expression.

use std::iter::successors;
use std::sync::Arc;

use super::memo::Kept;
use super::typer::Typer;
use super::{Member, Type};
use crate::go::declaration::Declaration;
use crate::go::resolve::Meaning;
use crate::go::source::DeclKind;
use crate::go::syntax::{Field, Kind, Node};

impl<'a> Typer<'a, '_> {
    /// The type of an expression by itself; constants may be untyped.
    pub(super) fn raw(self, node: Node<'_>) -> Type {
        if let Some(of) = literal(node.kind()) {
            return Type::basic(of);
        }
        let is_new = |node: &Node<'_>| !self.is_kept(*node, Kept::Expression);
        let links = successors(inner_link(node), |link| inner_link(*link));
        let chain: Vec<_> = links.take_while(is_new).collect();
        // Long chains are followed from their start, so that each link finds the one before it known.
        if chain.len() > SHORT_CHAIN {
            for link in chain.into_iter().rev() {
                self.kept(link, Kept::Expression, |next| next.inferred(link));
            }
        }
        self.kept(node, Kept::Expression, |next| next.inferred(node))
    }

    /// The type of an expression as a variable would get it.
    pub(super) fn value(self, node: Node<'_>) -> Type {
        self.raw(node).defaulted()
    }

    pub(super) fn value_of(self, node: Option<Node<'_>>) -> Type {
        node.map_or(Type::Unknown, |node| self.value(node))
    }

    fn inferred(self, node: Node<'_>) -> Type {
        match node.kind() {
            Kind::Identifier | Kind::PackageIdentifier => self.identifier(node),
            // Indexes of indexes read as types with type arguments.
            Kind::TypeIdentifier | Kind::QualifiedType => self.named_value(node),
            Kind::GenericType => self.misread_generic(node),
            Kind::ParenthesizedExpression => node.child(0).map_or(Type::Unknown, |inner| self.raw(inner)),
            Kind::SelectorExpression => self.selector(node),
            Kind::CallExpression => self.call(node),
            Kind::TypeConversionExpression => self.conversion(node),
            Kind::CompositeLiteral => self.composite(node),
            Kind::LiteralValue => self.elided(node),
            Kind::TypeAssertionExpression => self.meant_of(node.field(Field::Type)),
            Kind::UnaryExpression => self.unary(node),
            Kind::BinaryExpression => self.binary(node),
            Kind::IndexExpression => self.index(node),
            Kind::TypeInstantiationExpression => self.instantiation(node),
            Kind::SliceExpression => self.sliced(node),
            Kind::FuncLiteral => Type::Func(Arc::new(self.signature(node))),
            _ => Type::Unknown,
        }
    }

    fn identifier(self, node: Node<'_>) -> Type {
        match self.at.resolve(node) {
            Meaning::Local(id) => self.local(id, node),
            Meaning::Package(declaration) => self.package_name(declaration, node.text()),
            Meaning::Unknown => match self.at.dot_imported(node.text()) {
                Some((path, _)) => self.imported_name(path, node.text()),
                None => Type::Unknown,
            },
            _ => Type::Unknown,
        }
    }

    fn selector(self, node: Node<'_>) -> Type {
        let (Some(operand), Some(field)) = (node.field(Field::Operand), node.field(Field::Field)) else {
            return Type::Unknown;
        };
        if let Some(path) = self.imported(operand) {
            return self.imported_name(path, field.text());
        }
        match self.selected(operand, field.text()) {
            Some(member) if self.names_type(operand) => self.method_expression(operand, member),
            Some(member) => member.of,
            None => Type::Unknown,
        }
    }

    /// The field or method that `operand.name` means, where `operand` is no package.
    pub(super) fn selected(self, operand: Node<'_>, name: &str) -> Option<Member<'a>> {
        let of = match self.names_type(operand) {
            true => self.meant(operand),
            false => self.value(operand),
        };
        self.member(&of, name)
    }

    /// `T.Method`: a function that takes its receiver first.
    fn method_expression(self, receiver: Node<'_>, member: Member<'a>) -> Type {
        let Type::Func(mut signature) = member.of else {
            return Type::Unknown;
        };
        if let Some(parameters) = &mut Arc::make_mut(&mut signature).parameters {
            parameters.insert(0, self.meant(receiver));
        }
        Type::Func(signature)
    }

    /// The variable, constant or function `path.name`.
    pub(super) fn imported_name(self, path: &str, name: &str) -> Type {
        let package = self.at.package_at(path);
        let declaration = package.and_then(|package| self.at.find_name_in(package, name));
        match declaration {
            Some(declaration) => self.package_name(declaration, name),
            None => super::member::known(path, name),
        }
    }

    /// The path of the package that an expression names.
    pub(super) fn imported(self, operand: Node<'_>) -> Option<&'a str> {
        match operand.kind() {
            Kind::Identifier => self.at.import_path_of(operand),
            _ => None,
        }
    }

    /// Whether an expression names a type: in conversions, method expressions and as an argument of `new`.
    pub(super) fn names_type(self, node: Node<'_>) -> bool {
        match node.kind() {
            Kind::Identifier | Kind::TypeIdentifier => self.name_is_type(node),
            Kind::SelectorExpression => self.selector_is_type(node),
            Kind::ParenthesizedExpression => node.child(0).is_some_and(|inner| self.names_type(inner)),
            Kind::UnaryExpression => {
                let operand = node.field(Field::Operand);
                node.operator() == Some(Kind::Star) && operand.is_some_and(|inner| self.names_type(inner))
            }
            Kind::IndexExpression => node
                .field(Field::Operand)
                .is_some_and(|inner| self.names_type(inner)),
            Kind::GenericType | Kind::TypeInstantiationExpression => node
                .field(Field::Type)
                .is_some_and(|inner| self.names_type(inner)),
            Kind::QualifiedType => self.qualified_is_type(node),
            kind => is_type_syntax(kind),
        }
    }

    fn name_is_type(self, node: Node<'_>) -> bool {
        use crate::go::scope::BindingKind;
        match self.at.resolve(node) {
            Meaning::Local(id) => {
                let kind = self.at.scopes().get(id).kind;
                matches!(kind, BindingKind::Type | BindingKind::TypeParam)
            }
            Meaning::Package(declaration) => declaration.kind() == DeclKind::Type,
            Meaning::Universe => crate::go::resolve::is_universe_type(node.text()),
            Meaning::Unknown => {
                let found = self.at.dot_imported(node.text());
                found.is_some_and(|(_, declaration)| declaration.kind() == DeclKind::Type)
            }
            Meaning::Import(_) => false,
        }
    }

    fn selector_is_type(self, node: Node<'_>) -> bool {
        let path = node
            .field(Field::Operand)
            .and_then(|operand| self.imported(operand));
        let name = node.field(Field::Field);
        path.zip(name)
            .is_some_and(|(path, name)| self.is_type_of(path, name.text()))
    }

    fn qualified_is_type(self, node: Node<'_>) -> bool {
        let path = node
            .field(Field::Package)
            .and_then(|package| self.at.import_path_of(package));
        let name = node.field(Field::Name);
        path.zip(name)
            .is_some_and(|(path, name)| self.is_type_of(path, name.text()))
    }

    fn is_type_of(self, path: &str, name: &str) -> bool {
        let package = self.at.package_at(path);
        let declared = package.and_then(|package| self.at.find_name_in(package, name));
        match declared {
            Some(declaration) => declaration.kind() == DeclKind::Type,
            None => (path, name) == ("unsafe", "Pointer") || crate::go::signatures::is_type(path, name),
        }
    }

    /// `T(x)`; to the grammar also `f[T](x)` and `functions[i](x)`.
    fn conversion(self, node: Node<'_>) -> Type {
        let Some(of) = node.field(Field::Type) else {
            return Type::Unknown;
        };
        match (self.names_type(of), of.kind()) {
            // `*(*T)(x)` is what the conversion points to.
            (true, Kind::PointerType) => match self.underlying(&self.meant_of(of.child(0))) {
                Type::Pointer(to) => (*to).clone(),
                _ => Type::Unknown,
            },
            (true, _) => self.meant(of),
            (false, _) => self.called(node, of),
        }
    }

    /// Where `type[arguments]` names a function or is an element of something.
    pub(super) fn misread_generic(self, generic: Node<'_>) -> Type {
        let (Some(base), Some(arguments)) = (generic.field(Field::Type), generic.field(Field::TypeArguments))
        else {
            return Type::Unknown;
        };
        match self.named_value(base) {
            Type::Func(signature) if !signature.type_parameters.is_empty() => {
                let arguments: Vec<_> = arguments.children().map(|node| self.meant(node)).collect();
                self.instantiated(&signature, &arguments)
            }
            other => self.element(&other),
        }
    }

    /// The value that what reads as the name of a type means.
    pub(super) fn named_value(self, name: Node<'_>) -> Type {
        match name.kind() {
            Kind::TypeIdentifier => self.identifier(name),
            Kind::QualifiedType => {
                let (Some(operand), Some(field)) = (name.field(Field::Package), name.field(Field::Name))
                else {
                    return Type::Unknown;
                };
                match self.at.import_path_of(operand) {
                    Some(path) => self.imported_name(path, field.text()),
                    None => {
                        let of = self.identifier(operand).defaulted();
                        self.member(&of, field.text())
                            .map_or(Type::Unknown, |member| member.of)
                    }
                }
            }
            _ => Type::Unknown,
        }
    }
}

impl<'a> Declaration<'a> {
    /// The declaration that `name` means by a dot import, with the path of its package. Where one of the file's
    /// dot imports is not at hand, nobody can say.
    pub(crate) fn dot_imported(self, name: &str) -> Option<(&'a str, Declaration<'a>)> {
        if !name.starts_with(char::is_uppercase) || self.package.declares(name) {
            return None;
        }
        let imports = self.file().imports.iter();
        let dots = imports.filter(|import| import.alias.as_deref() == Some("."));
        let mut found = None;
        for import in dots {
            let package = self.package_at(&import.path)?;
            found = found.or_else(|| Some((&*import.path, self.find_name_in(package, name)?)));
        }
        found
    }
}

/// How long a chain may be that is followed from its end.
const SHORT_CHAIN: usize = 8;

/// What a chain of calls, selectors or operators goes on from.
fn inner_link(node: Node<'_>) -> Option<Node<'_>> {
    let fields = [Field::Operand, Field::Function, Field::Left];
    fields.into_iter().find_map(|field| node.field(field))
}

/// The type of a literal, and of the names that the grammar takes for one.
fn literal(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::InterpretedStringLiteral | Kind::RawStringLiteral => "untyped string",
        Kind::IntLiteral | Kind::Iota => "untyped int",
        Kind::FloatLiteral => "untyped float",
        Kind::ImaginaryLiteral => "untyped complex",
        Kind::RuneLiteral => "untyped rune",
        Kind::True | Kind::False => "untyped bool",
        Kind::Nil => "untyped nil",
        _ => return None,
    })
}

/// What is a type by its looks.
pub(super) fn is_type_syntax(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::PointerType
            | Kind::SliceType
            | Kind::ArrayType
            | Kind::ImplicitLengthArrayType
            | Kind::MapType
            | Kind::ChannelType
            | Kind::FunctionType
            | Kind::StructType
            | Kind::InterfaceType
            | Kind::ParenthesizedType
    )
}
