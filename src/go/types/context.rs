//! What untyped constants become where they stand.

use super::Type;
use super::operator::is_comparison;
use super::typer::Typer;
use crate::go::syntax::{Field, Kind, Node};

impl Typer<'_, '_> {
    /// The type of an expression where it stands.
    pub(super) fn settled(self, node: Node<'_>) -> Type {
        match self.raw(node) {
            of if is_nil(&of) => of,
            of if of.is_untyped() => self.converted(node, of),
            Type::Func(signature) if !signature.type_parameters.is_empty() => self.settled_function(node),
            of => of,
        }
    }

    /// A generic function where it is called has the type arguments of that call.
    fn settled_function(self, node: Node<'_>) -> Type {
        let outer = node.parenthesized();
        match outer.parent() {
            Some(call) if call.is(Kind::CallExpression) && outer.role() == Field::Function => {
                self.callable(call, outer)
            }
            Some(declared) if declared.is_function() && outer.role() == Field::Name => self.raw(node),
            _ => Type::Unknown,
        }
    }

    /// The type that the constant `node` is converted to.
    fn converted(self, node: Node<'_>, of: Type) -> Type {
        let Some(next) = self.deeper() else {
            return Type::Unknown;
        };
        let expected = next.expected(node, &of);
        match next.underlying(&expected) {
            Type::Unknown => Type::Unknown,
            Type::Interface(_) => of.defaulted(),
            Type::Basic("error") => of.defaulted(),
            _ => expected.defaulted(),
        }
    }

    /// The type that the place of `node` asks for; `of` where it asks for none.
    fn expected(self, node: Node<'_>, of: &Type) -> Type {
        let Some(parent) = node.parent() else {
            return Type::Unknown;
        };
        match parent.kind() {
            Kind::ParenthesizedExpression => self.expected(parent, of),
            Kind::UnaryExpression => self.result_of(parent, of),
            Kind::BinaryExpression => self.beside(parent, node, of),
            Kind::ExpressionList => self.in_list(parent, node, of),
            Kind::ConstSpec if node.role() == Field::Name => of.clone(),
            Kind::ArgumentList => self.in_arguments(parent, node, of),
            Kind::TypeConversionExpression => match parent.field(Field::Type) {
                Some(to) if self.names_type(to) => self.conversion_target(self.meant(to), of),
                _ => Type::Unknown,
            },
            Kind::LiteralElement => match self.expected_of_element(parent) {
                Type::Unknown if parent.role() == Field::Key => Type::Unknown,
                expected => expected,
            },
            Kind::IndexExpression => match self.raw_underlying(parent.field(Field::Operand)) {
                Type::Map(key, _) if node.role() == Field::Index => (*key).clone(),
                Type::Unknown | Type::Func(_) => Type::Unknown,
                _ if node.role() == Field::Index => Type::basic("int"),
                _ => of.clone(),
            },
            Kind::SendStatement if node.role() == Field::Value => {
                match self.raw_underlying(parent.field(Field::Channel)) {
                    Type::Chan(channel) => channel.element.clone(),
                    _ => Type::Unknown,
                }
            }
            Kind::SliceExpression if node.role() == Field::Operand => of.clone(),
            Kind::SliceExpression => Type::basic("int"),
            Kind::IfStatement | Kind::ForStatement | Kind::ForClause => of.clone(),
            Kind::RangeClause => self.ranged_over(parent, of),
            Kind::ArrayType | Kind::ExpressionStatement | Kind::ExpressionSwitchStatement => of.clone(),
            _ => Type::Unknown,
        }
    }

    fn raw_underlying(self, node: Option<Node<'_>>) -> Type {
        node.map_or(Type::Unknown, |node| self.underlying(&self.raw(node)))
    }

    /// What an untyped operand becomes: the type of the operation, if it has one. Of a constant operation only
    /// the whole is converted, but for comparisons, which are no constants.
    fn result_of(self, operation: Node<'_>, of: &Type) -> Type {
        match self.raw(operation) {
            result if result == Type::basic("untyped bool") => self.converted(operation, result),
            result if result.is_untyped() => of.clone(),
            result => result,
        }
    }

    /// An operand takes the type of the other one, or of the whole.
    fn beside(self, operation: Node<'_>, node: Node<'_>, of: &Type) -> Type {
        let is_left = node.role() == Field::Left;
        let other = match is_left {
            true => operation.field(Field::Right),
            false => operation.field(Field::Left),
        };
        match operation.operator() {
            Some(Kind::ShiftLeft | Kind::ShiftRight) if !is_left => of.clone(),
            Some(operator) if is_comparison(operator) => {
                match other.map_or(Type::Unknown, |other| self.raw(other)) {
                    other if other.is_untyped() => super::operator::wider(of.clone(), other),
                    other => other,
                }
            }
            _ => self.result_of(operation, of),
        }
    }

    /// Right-hand sides, results and the values of cases.
    fn in_list(self, list: Node<'_>, node: Node<'_>, of: &Type) -> Type {
        let (Some(statement), Some(position)) =
            (list.parent(), list.children().position(|child| child == node))
        else {
            return Type::Unknown;
        };
        match statement.kind() {
            Kind::ShortVarDeclaration => self.declared_again(statement, position, of),
            Kind::AssignmentStatement => {
                match statement.field(Field::Left).and_then(|left| left.child(position)) {
                    Some(left) if left.text() == "_" => of.clone(),
                    Some(_) if is_shift(statement) => Type::Unknown,
                    Some(left) => self.raw(left),
                    None => Type::Unknown,
                }
            }
            Kind::VarSpec | Kind::ConstSpec => match statement.field(Field::Type) {
                Some(declared) => self.meant(declared),
                None => of.clone(),
            },
            Kind::ReturnStatement => self.returned(statement, position),
            Kind::ExpressionCase => self.compared_case(statement),
            _ => Type::Unknown,
        }
    }

    /// `x, err := 1, f()` where `x` is known from before.
    fn declared_again(self, statement: Node<'_>, position: usize, of: &Type) -> Type {
        let name = statement.field(Field::Left).and_then(|left| left.child(position));
        let Some(name) = name else {
            return Type::Unknown;
        };
        match self.at.scopes().binding_of(name) {
            Some(id) if self.at.scopes().get(id).declared != name.index() => self.binding(id),
            _ => of.clone(),
        }
    }

    fn returned(self, statement: Node<'_>, position: usize) -> Type {
        let function = statement.enclosing_function();
        let results = function.map_or_else(Vec::new, |function| self.results(function));
        results.into_iter().nth(position).unwrap_or(Type::Unknown)
    }

    fn compared_case(self, case: Node<'_>) -> Type {
        let switch = case.parent();
        match switch.and_then(|switch| switch.field(Field::Value)) {
            Some(value) => self.value(value),
            None => Type::basic("bool"),
        }
    }

    fn ranged_over(self, clause: Node<'_>, of: &Type) -> Type {
        match clause.field(Field::Left) {
            Some(left) if !clause.defines() => match left.child(0) {
                Some(name) if name.text() != "_" => self.raw(name),
                _ => of.clone(),
            },
            _ => of.clone(),
        }
    }

    fn in_arguments(self, list: Node<'_>, node: Node<'_>, of: &Type) -> Type {
        let Some(call) = list.parent() else {
            return Type::Unknown;
        };
        let (Some(function), Some(position)) = (
            call.field(Field::Function),
            list.children().position(|child| child == node),
        ) else {
            return Type::Unknown;
        };
        if self.names_type(function) {
            return self.conversion_target(self.meant(function), of);
        }
        match self.builtin_named(function) {
            Some(name) => self.builtin_parameter(name, call, position, of),
            None => self.parameter_at(call, function, position),
        }
    }

    /// A constant conversion converts its operand, but for numbers that become strings.
    fn conversion_target(self, to: Type, of: &Type) -> Type {
        let is_string = *of == Type::basic("untyped string");
        match self.underlying(&to) {
            Type::Basic(name) if (name == "string") != is_string => of.clone(),
            Type::Basic(_) => to,
            Type::Unknown => Type::Unknown,
            _ => of.clone(),
        }
    }

    fn builtin_parameter(self, name: &str, call: Node<'_>, position: usize, of: &Type) -> Type {
        match (name, position) {
            ("make", 1..) => Type::basic("int"),
            ("append", 1..) => {
                let slice = call.field(Field::Arguments).and_then(|list| list.child(0));
                slice.map_or(Type::Unknown, |slice| self.element(&self.raw(slice)))
            }
            ("min" | "max", _) => self.result_of(call, of),
            ("len" | "panic" | "print" | "println" | "new", _) => of.clone(),
            ("delete", 1) => {
                let map = call.field(Field::Arguments).and_then(|list| list.child(0));
                match self.raw_underlying(map) {
                    Type::Map(key, _) => (*key).clone(),
                    _ => Type::Unknown,
                }
            }
            _ => Type::Unknown,
        }
    }

    fn parameter_at(self, call: Node<'_>, function: Node<'_>, position: usize) -> Type {
        let Type::Func(signature) = self.callable(call, function) else {
            return Type::Unknown;
        };
        let Some(parameters) = &signature.parameters else {
            return Type::Unknown;
        };
        let last = parameters.len().saturating_sub(1);
        match parameters.get(position.min(last)) {
            Some(Type::Slice(element)) if signature.variadic && position >= last => (**element).clone(),
            Some(of) => of.clone(),
            None => Type::Unknown,
        }
    }
}

fn is_nil(of: &Type) -> bool {
    matches!(of, Type::Basic("untyped nil"))
}

fn is_shift(assignment: Node<'_>) -> bool {
    let operator = assignment.field(Field::Operator);
    operator.is_some_and(|operator| matches!(operator.text(), "<<=" | ">>="))
}
