//! Operators, indexing and slicing.

use std::sync::Arc;

use super::typer::Typer;
use super::{ArrayType, Type};
use crate::go::syntax::{Field, Kind, Node};

impl Typer<'_, '_> {
    pub(super) fn unary(self, node: Node<'_>) -> Type {
        let Some(operand) = node.field(Field::Operand) else {
            return Type::Unknown;
        };
        match node.operator() {
            Some(Kind::Address) => Type::pointer(self.value(operand)),
            Some(Kind::Star) if self.names_type(operand) => Type::pointer(self.meant(operand)),
            Some(Kind::Star) => match self.underlying(&self.raw(operand)) {
                Type::Pointer(inner) => (*inner).clone(),
                _ => Type::Unknown,
            },
            Some(Kind::Arrow) => match self.underlying(&self.raw(operand)) {
                Type::Chan(channel) => channel.element.clone(),
                _ => Type::Unknown,
            },
            _ => self.raw(operand),
        }
    }

    pub(super) fn binary(self, node: Node<'_>) -> Type {
        let (Some(left), Some(right)) = (node.field(Field::Left), node.field(Field::Right)) else {
            return Type::Unknown;
        };
        match node.operator() {
            Some(operator) if is_comparison(operator) => Type::basic("untyped bool"),
            Some(Kind::ShiftLeft | Kind::ShiftRight) => self.shift(left, right),
            _ => self.arithmetic(self.raw(left), || self.raw(right)),
        }
    }

    /// Both operands have one type, but for untyped constants, which follow the other one.
    fn arithmetic(self, left: Type, right: impl FnOnce() -> Type) -> Type {
        if !left.is_untyped() && !left.is_unknown() {
            return left;
        }
        let right = right();
        match (left.is_untyped(), right.is_untyped()) {
            (true, true) => wider(left, right),
            // What the left operand is, is then told by the right one, unless that is a mere constant.
            (false, true) => Type::Unknown,
            _ => right,
        }
    }

    /// The type of a shift is that of its left operand. Where only the count is no constant, an untyped left
    /// operand gets its type from afar.
    fn shift(self, left: Node<'_>, right: Node<'_>) -> Type {
        match self.raw(left) {
            of if !of.is_untyped() => of,
            _ if self.raw(right).is_untyped() || self.constant(right).is_some() => Type::basic("untyped int"),
            _ => Type::Unknown,
        }
    }

    pub(super) fn index(self, node: Node<'_>) -> Type {
        let Some(operand) = node.field(Field::Operand) else {
            return Type::Unknown;
        };
        match self.raw(operand) {
            Type::Func(signature) if !signature.type_parameters.is_empty() => {
                let argument = self.meant_of(node.field(Field::Index));
                self.instantiated(&signature, &[argument])
            }
            of => self.element(&of),
        }
    }

    /// `f[A, B]`; to the grammar also `x.y[i.j][k.l]`.
    pub(super) fn instantiation(self, node: Node<'_>) -> Type {
        let Some(function) = node.field(Field::Type) else {
            return Type::Unknown;
        };
        match self.raw(function) {
            Type::Func(signature) if !signature.type_parameters.is_empty() => {
                let arguments: Vec<_> = node.children().skip(1).map(|node| self.meant(node)).collect();
                self.instantiated(&signature, &arguments)
            }
            of => self.element(&of),
        }
    }

    /// What indexing gives.
    pub(super) fn element(self, of: &Type) -> Type {
        match self.underlying(of) {
            Type::Slice(element) | Type::Map(_, element) => (*element).clone(),
            Type::Array(array) => array.element.clone(),
            Type::Pointer(inner) => match self.underlying(&inner) {
                Type::Array(array) => array.element.clone(),
                _ => Type::Unknown,
            },
            Type::Basic("string" | "untyped string") => Type::basic("byte"),
            _ => Type::Unknown,
        }
    }

    pub(super) fn sliced(self, node: Node<'_>) -> Type {
        let of = self.value_of(node.field(Field::Operand));
        let of_array = |array: Arc<ArrayType>| Type::slice(array.element.clone());
        match self.underlying(&of) {
            Type::Slice(_) | Type::Basic(_) => of,
            Type::Array(array) => of_array(array),
            Type::Pointer(inner) => match self.underlying(&inner) {
                Type::Array(array) => of_array(array),
                _ => Type::Unknown,
            },
            _ => Type::Unknown,
        }
    }
}

pub(super) fn is_comparison(operator: Kind) -> bool {
    matches!(
        operator,
        Kind::Equal | Kind::NotEqual | Kind::Less | Kind::LessEqual | Kind::Greater | Kind::GreaterEqual
    )
}

/// Of two untyped constants' types the one that their sum has.
pub(super) fn wider(left: Type, right: Type) -> Type {
    const ORDER: [&str; 4] = ["untyped int", "untyped rune", "untyped float", "untyped complex"];
    let rank = |of: &Type| match of {
        Type::Basic(name) => ORDER.iter().position(|known| known == name),
        _ => None,
    };
    match rank(&right) > rank(&left) {
        true => right,
        false => left,
    }
}
