//! The type of an expression, from declarations of the package and the table of signatures.

use super::Type;
use super::structure::known;
use crate::go::calls::Callee;
use crate::go::package::Declaration;
use crate::go::resolve::Meaning;
use crate::go::scope::{BindingId, BindingKind};
use crate::go::source::DeclKind;
use crate::go::syntax::{Field, Kind, Node};

/// How many definitions an inference may follow; real code needs a dozen, and cycles must end.
pub(super) const DEPTH: u32 = 40;

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

    /// The types that the struct `of` embeds, where its source is at hand.
    pub(in crate::go) fn embedded_in(self, of: &Type) -> Vec<Type> {
        Typer {
            at: self,
            depth: DEPTH,
        }
        .embedded(of.pointee())
    }
}

/// One inference. Every step into another definition costs depth.
#[derive(Clone, Copy)]
pub(super) struct Typer<'a> {
    pub(super) at: Declaration<'a>,
    depth: u32,
}

impl<'a> Typer<'a> {
    pub(super) fn deeper(self) -> Option<Self> {
        let depth = self.depth.checked_sub(1)?;
        Some(Typer { depth, ..self })
    }

    pub(super) fn within(self, at: Declaration<'a>) -> Self {
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

    pub(super) fn parameter(self, declaration: Node<'_>) -> Type {
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
            Some(path) => self.imported_name(path, field.text()),
            None => self.member(&self.expression(operand), field.text()),
        }
    }

    /// The variable, constant or function `path.name`.
    fn imported_name(self, path: &str, name: &str) -> Type {
        let package = self.at.package_at(path);
        let declaration = package.and_then(|package| self.at.find_name_in(package, name));
        let declared = declaration.map_or(Type::Unknown, |declaration| self.package_name(declaration, name));
        match declared {
            Type::Unknown => known(path, name),
            declared => declared,
        }
    }

    fn imported(self, operand: Node<'_>) -> Option<&'a str> {
        match operand.kind() {
            Kind::Identifier => self.at.import_path_of(operand),
            _ => None,
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

    pub(super) fn results(self, function: Node<'_>) -> Vec<Type> {
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
}
