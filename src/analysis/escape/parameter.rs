//! Which parameter takes an argument.

use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Declaration};

/// What takes the argument at some position of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parameter {
    Named(BindingId),
    /// The slice of a variadic parameter, which the argument is an element of.
    Element(BindingId),
    Unnamed,
    Unknown,
}

/// The parameter that takes the argument at `position`. `is_spread` says that the argument is `all...`.
pub(super) fn parameter(
    callee: Declaration<'_>,
    function: Node<'_>,
    position: usize,
    is_spread: bool,
) -> Parameter {
    let mut before = 0;
    let declarations = function
        .field(Field::Parameters)
        .into_iter()
        .flat_map(Node::children);
    for declaration in declarations {
        let names: Vec<_> = declaration
            .fields(Field::Name)
            .filter(|name| matches!(name.kind(), Kind::Identifier | Kind::BlankIdentifier))
            .collect();
        let named = |index: usize| {
            let name = names.get(index).copied();
            name.and_then(|name| callee.scopes().binding_of(name))
        };
        if declaration.is(Kind::VariadicParameterDeclaration) {
            return match named(0) {
                Some(slice) if is_spread => Parameter::Named(slice),
                Some(slice) => Parameter::Element(slice),
                None => Parameter::Unnamed,
            };
        }
        let count = names.len().max(1);
        if position < before + count {
            return named(position - before).map_or(Parameter::Unnamed, Parameter::Named);
        }
        before += count;
    }
    Parameter::Unknown
}
