//! The type of an expression, from declarations of the package and the table of signatures.

use super::{OWN, StructField, Type};
use crate::go::calls::Callee;
use crate::go::package::Declaration;
use crate::go::resolve::Meaning;
use crate::go::scope::{BindingId, BindingKind};
use crate::go::signatures;
use crate::go::source::DeclKind;
use crate::go::syntax::{Field, Kind, Node};

/// How many definitions an inference may follow; real code needs a dozen, and cycles must end.
const DEPTH: u32 = 40;

impl<'a> Declaration<'a> {
    /// The type of an expression of this declaration.
    pub fn type_of(self, expression: Node<'_>) -> Type {
        Typer {
            at: self,
            depth: DEPTH,
        }
        .expression(expression)
    }

    /// The type that a type expression of this declaration means.
    pub fn type_meant(self, node: Node<'_>) -> Type {
        Typer {
            at: self,
            depth: DEPTH,
        }
        .meant(node)
    }

    /// The type of a local name.
    pub fn type_of_binding(self, id: BindingId) -> Type {
        Typer {
            at: self,
            depth: DEPTH,
        }
        .binding(id)
    }

    /// The result types of a function declaration or literal of this declaration.
    pub fn results_of(self, function: Node<'_>) -> Vec<Type> {
        Typer {
            at: self,
            depth: DEPTH,
        }
        .results(function)
    }

    /// The types that the struct `name` of this package embeds.
    pub(in crate::go) fn embedded_in(self, name: &str) -> Vec<Type> {
        Typer {
            at: self,
            depth: DEPTH,
        }
        .embedded(&Type::named(OWN, name))
    }
}

/// One inference. Every step into another definition costs depth.
#[derive(Clone, Copy)]
struct Typer<'a> {
    at: Declaration<'a>,
    depth: u32,
}

impl<'a> Typer<'a> {
    fn deeper(self) -> Option<Self> {
        let depth = self.depth.checked_sub(1)?;
        Some(Typer { depth, ..self })
    }

    fn within(self, at: Declaration<'a>) -> Self {
        Typer { at, ..self }
    }

    fn expression(self, node: Node<'_>) -> Type {
        let Some(next) = self.deeper() else {
            return Type::Unknown;
        };
        let operand = |field| {
            node.field(field)
                .map_or(Type::Unknown, |inner| next.expression(inner))
        };
        match node.kind() {
            Kind::Identifier => next.identifier(node),
            Kind::ParenthesizedExpression => node
                .child(0)
                .map_or(Type::Unknown, |inner| next.expression(inner)),
            Kind::SelectorExpression => next.selector(node),
            Kind::CallExpression => next.call(node),
            Kind::CompositeLiteral | Kind::TypeAssertionExpression | Kind::TypeConversionExpression => node
                .field(Field::Type)
                .map_or(Type::Unknown, |inner| next.meant(inner)),
            Kind::UnaryExpression => next.unary(node),
            Kind::BinaryExpression => match node.operator() {
                Some(Kind::Equal | Kind::NotEqual | Kind::And | Kind::Or) => Type::basic("bool"),
                _ => operand(Field::Left),
            },
            Kind::IndexExpression => next.element(&operand(Field::Operand)),
            Kind::SliceExpression => operand(Field::Operand),
            Kind::FuncLiteral => Type::Func(next.results(node)),
            Kind::InterpretedStringLiteral | Kind::RawStringLiteral => Type::basic("string"),
            Kind::IntLiteral | Kind::Iota => Type::basic("int"),
            Kind::FloatLiteral => Type::basic("float64"),
            Kind::RuneLiteral => Type::basic("rune"),
            Kind::True | Kind::False => Type::basic("bool"),
            Kind::Nil => Type::basic("nil"),
            _ => Type::Unknown,
        }
    }

    fn identifier(self, node: Node<'_>) -> Type {
        match self.at.resolve(node) {
            Meaning::Local(id) => self.binding(id),
            Meaning::Package(declaration) => self.package_name(declaration, node.text()),
            _ => Type::Unknown,
        }
    }

    /// The type of a package-level variable, constant or function.
    fn package_name(self, declaration: Declaration<'a>, name: &str) -> Type {
        let Some(there) = self.within(declaration).deeper() else {
            return Type::Unknown;
        };
        match declaration.kind() {
            DeclKind::Func => declaration
                .function()
                .map_or(Type::Unknown, |node| Type::Func(there.results(node))),
            DeclKind::Type => Type::Unknown,
            DeclKind::Var | DeclKind::Const => {
                let specs = declaration.tree().root().subtree();
                let specs = specs.filter(|node| matches!(node.kind(), Kind::VarSpec | Kind::ConstSpec));
                let names = specs.flat_map(|spec| spec.fields(Field::Name).map(move |name| (spec, name)));
                let mut named = names.filter(|(_, node)| node.text() == name);
                named
                    .next()
                    .map_or(Type::Unknown, |(spec, node)| there.spec(spec, node))
            }
        }
    }

    fn binding(self, id: BindingId) -> Type {
        let Some(next) = self.deeper() else {
            return Type::Unknown;
        };
        let tree = self.at.tree();
        let binding = self.at.scopes().get(id);
        let (origin, name) = (tree.node(binding.origin), tree.node(binding.declared));
        match binding.kind {
            BindingKind::Receiver | BindingKind::Param | BindingKind::Result => next.parameter(origin),
            BindingKind::Range => next.ranged(origin, name),
            BindingKind::Var | BindingKind::Const => match origin.kind() {
                Kind::VarSpec | Kind::ConstSpec => next.spec(origin, name),
                _ => next.assigned(origin, name),
            },
            BindingKind::TypeParam | BindingKind::TypeSwitch | BindingKind::Type => Type::Unknown,
        }
    }

    fn parameter(self, declaration: Node<'_>) -> Type {
        let of = declaration
            .field(Field::Type)
            .map_or(Type::Unknown, |node| self.meant(node));
        match declaration.kind() {
            Kind::VariadicParameterDeclaration => Type::Slice(Box::new(of)),
            _ => of,
        }
    }

    /// `var a, b T = x, y`
    fn spec(self, spec: Node<'_>, name: Node<'_>) -> Type {
        if let Some(declared) = spec.field(Field::Type) {
            return self.meant(declared);
        }
        let position = spec
            .fields(Field::Name)
            .filter(|node| node.is(Kind::Identifier))
            .position(|node| node == name);
        match (spec.field(Field::Value), position) {
            (Some(values), Some(position)) => self.value_at(values, position),
            _ => Type::Unknown,
        }
    }

    /// `a, b := x, y` and the receive arms of a select.
    fn assigned(self, statement: Node<'_>, name: Node<'_>) -> Type {
        let (Some(left), Some(right)) = (statement.field(Field::Left), statement.field(Field::Right)) else {
            return Type::Unknown;
        };
        match left.children().position(|node| node == name) {
            Some(position) if right.is(Kind::ExpressionList) => self.value_at(right, position),
            Some(0) => self.expression(right),
            Some(_) => Type::basic("bool"),
            None => Type::Unknown,
        }
    }

    /// The type of the value at `position` of a right-hand side, through a call with several results.
    fn value_at(self, values: Node<'_>, position: usize) -> Type {
        let expressions: Vec<_> = values.children().collect();
        match expressions.as_slice() {
            [only] if position > 0 => match only.unparenthesized().kind() {
                Kind::CallExpression => self
                    .expression(*only)
                    .values()
                    .into_iter()
                    .nth(position)
                    .unwrap_or(Type::Unknown),
                _ => Type::basic("bool"),
            },
            [only] => self
                .expression(*only)
                .values()
                .into_iter()
                .next()
                .unwrap_or(Type::Unknown),
            many => many
                .get(position)
                .map_or(Type::Unknown, |node| self.expression(*node)),
        }
    }

    fn ranged(self, clause: Node<'_>, name: Node<'_>) -> Type {
        let position = clause
            .field(Field::Left)
            .and_then(|left| left.children().position(|node| node == name));
        let over = clause
            .field(Field::Right)
            .map_or(Type::Unknown, |node| self.expression(node));
        match (self.underlying(&over), position) {
            (Type::Map(key, _), Some(0)) => *key,
            (Type::Map(_, value), Some(_)) => *value,
            (Type::Chan(element), Some(0)) => *element,
            (Type::Slice(_) | Type::Array(_) | Type::Basic(_), Some(0)) => Type::basic("int"),
            (Type::Slice(element) | Type::Array(element), Some(_)) => *element,
            (Type::Basic(name), Some(_)) if name == "string" => Type::basic("rune"),
            _ => Type::Unknown,
        }
    }

    fn unary(self, node: Node<'_>) -> Type {
        let Some(operand) = node.field(Field::Operand).map(|inner| self.expression(inner)) else {
            return Type::Unknown;
        };
        match node.operator() {
            Some(Kind::Address) => Type::Pointer(Box::new(operand)),
            Some(Kind::Star) => match operand {
                Type::Pointer(inner) => *inner,
                _ => Type::Unknown,
            },
            Some(Kind::Arrow) => match self.underlying(&operand) {
                Type::Chan(element) => *element,
                _ => Type::Unknown,
            },
            _ => operand,
        }
    }

    fn element(self, of: &Type) -> Type {
        match self.underlying(of.pointee()) {
            Type::Slice(element) | Type::Array(element) | Type::Map(_, element) => *element,
            Type::Basic(name) if name == "string" => Type::basic("byte"),
            _ => Type::Unknown,
        }
    }

    fn selector(self, node: Node<'_>) -> Type {
        let (Some(operand), Some(field)) = (node.field(Field::Operand), node.field(Field::Field)) else {
            return Type::Unknown;
        };
        match self.imported(operand) {
            Some(path) => signatures::find(path, field.text())
                .cloned()
                .unwrap_or(Type::Unknown),
            None => self.member(&self.expression(operand), field.text()),
        }
    }

    fn imported(self, operand: Node<'_>) -> Option<&'a str> {
        match operand.kind() {
            Kind::Identifier => self.at.import_path_of(operand),
            _ => None,
        }
    }

    /// The field or method `name` of a value of type `of`; embedded types are searched breadth first, as Go does.
    fn member(self, of: &Type, name: &str) -> Type {
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
        if let Type::Named { path, name: of_name } = of {
            if path != OWN {
                return signatures::find(path, &format!("{of_name}.{name}"))
                    .cloned()
                    .unwrap_or(Type::Unknown);
            }
            if let Some(method) = self.at.package.find_method(of_name, name) {
                let results = method
                    .function()
                    .and_then(|node| Some(self.within(method).deeper()?.results(node)));
                return results.map_or(Type::Unknown, Type::Func);
            }
        }
        match self.underlying(of) {
            Type::Struct(fields) => {
                let mut named = fields.into_iter().filter(|field| field.name == name);
                named.next().map_or(Type::Unknown, |field| field.of)
            }
            _ => Type::Unknown,
        }
    }

    fn embedded(self, of: &Type) -> Vec<Type> {
        match self.underlying(of) {
            Type::Struct(fields) => {
                let embedded = fields.into_iter().filter(|field| field.embedded);
                embedded.map(|field| field.of.pointee().clone()).collect()
            }
            _ => Vec::new(),
        }
    }

    fn call(self, node: Node<'_>) -> Type {
        match self.at.callee(node) {
            Callee::Builtin(name) => self.builtin(&name, node),
            Callee::Package(declaration) => {
                let there = self.within(declaration).deeper();
                let results = declaration
                    .function()
                    .and_then(|function| Some(there?.results(function)));
                results.map_or(Type::Unknown, Type::from_values)
            }
            Callee::Conversion(of) => of,
            _ => match node
                .field(Field::Function)
                .map(|function| self.expression(function))
            {
                Some(Type::Func(results)) => Type::from_values(results),
                _ => Type::Unknown,
            },
        }
    }

    fn builtin(self, name: &str, call: Node<'_>) -> Type {
        let first = call
            .field(Field::Arguments)
            .and_then(|arguments| arguments.child(0));
        match (name, first) {
            ("make", Some(of)) => self.meant(of),
            ("new", Some(of)) => Type::Pointer(Box::new(self.meant(of))),
            ("append" | "min" | "max", Some(value)) => self.expression(value),
            ("len" | "cap" | "copy", _) => Type::basic("int"),
            _ => Type::Unknown,
        }
    }

    fn results(self, function: Node<'_>) -> Vec<Type> {
        let Some(result) = function.field(Field::Result) else {
            return Vec::new();
        };
        if !result.is(Kind::ParameterList) {
            return vec![self.meant(result)];
        }
        let mut types = Vec::new();
        for parameter in result.children() {
            let names = parameter
                .fields(Field::Name)
                .filter(|name| name.is(Kind::Identifier))
                .count();
            let of = self.parameter(parameter);
            types.extend(std::iter::repeat_n(of, names.max(1)));
        }
        types
    }

    /// What a type expression means. In calls and conversions types stand where expressions do.
    fn meant(self, node: Node<'_>) -> Type {
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
                .unwrap_or_else(|| Type::named(OWN, node.text())),
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
            (Some(path), Some(name)) => Type::named(path, name.text()),
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

    /// The structure behind a named type of this package; other types are their own.
    fn underlying(self, of: &Type) -> Type {
        let Type::Named { path, name } = of else {
            return of.clone();
        };
        let declaration = self.at.package.find_name(name).filter(|_| path == OWN);
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
