//! Composite literals, and those inside them that leave their type out.

use std::sync::Arc;

use super::typer::Typer;
use super::{ArrayType, StructField, Type};
use crate::go::syntax::{Field, Kind, Node};

impl Typer<'_, '_> {
    pub(super) fn composite(self, node: Node<'_>) -> Type {
        let Some(written) = node.field(Field::Type) else {
            return Type::Unknown;
        };
        match (written.kind(), node.field(Field::Body)) {
            (Kind::ImplicitLengthArrayType, Some(body)) => Type::Array(Arc::new(ArrayType {
                element: self.meant_of(written.field(Field::Element)),
                length: self.elements(body),
            })),
            _ => self.meant(written),
        }
    }

    /// How long `[...]T{…}` is.
    fn elements(self, body: Node<'_>) -> Option<u64> {
        let (mut next, mut length) = (0, 0);
        for element in body.children() {
            if element.is(Kind::KeyedElement) {
                let key = element.field(Field::Key)?.child(0)?;
                next = u64::try_from(self.constant(key)?).ok()?;
            }
            next += 1;
            length = length.max(next);
        }
        Some(length)
    }

    /// `{…}` inside another literal: an element, or what the element points to.
    pub(super) fn elided(self, node: Node<'_>) -> Type {
        match node.parent() {
            Some(element) if element.is(Kind::LiteralElement) => self.expected_of_element(element),
            _ => Type::Unknown,
        }
    }

    /// The type that a key or value in a composite literal has to have.
    pub(super) fn expected_of_element(self, element: Node<'_>) -> Type {
        let is_key = element.role() == Field::Key;
        let keyed = element.parent().filter(|parent| parent.is(Kind::KeyedElement));
        let Some(body) = keyed.or(Some(element)).and_then(Node::parent) else {
            return Type::Unknown;
        };
        match self.shape_of_body(body) {
            Type::Slice(_) | Type::Array(_) if is_key => Type::basic("int"),
            Type::Slice(of) => (*of).clone(),
            Type::Array(array) => array.element.clone(),
            Type::Map(of, _) if is_key => (*of).clone(),
            Type::Map(_, of) => (*of).clone(),
            Type::Struct(fields) => self.expected_field(&fields, element, keyed, body),
            _ => Type::Unknown,
        }
    }

    fn expected_field(
        self,
        fields: &[StructField],
        element: Node<'_>,
        keyed: Option<Node<'_>>,
        body: Node<'_>,
    ) -> Type {
        let key = keyed.and_then(|keyed| keyed.field(Field::Key));
        let field = match key {
            Some(key) if key == element => None,
            Some(key) => fields.iter().find(|field| *field.name == *key.text()),
            None => body
                .children()
                .position(|child| child == element)
                .and_then(|at| fields.get(at)),
        };
        field.map_or(Type::Unknown, |field| field.of.clone())
    }

    /// The structure of the type whose literal has this body.
    pub(super) fn shape_of_body(self, body: Node<'_>) -> Type {
        let of = match body.parent() {
            Some(literal) if literal.is(Kind::CompositeLiteral) => self.raw(literal),
            Some(element) if element.is(Kind::LiteralElement) => self.raw(body),
            _ => Type::Unknown,
        };
        match self.underlying(&of) {
            Type::Pointer(to) => self.underlying(&to),
            shape => shape,
        }
    }
}
