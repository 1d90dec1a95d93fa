//! What the checker asks: what is certain enough to complain about.

use std::sync::Arc;

use super::typer::{Fuel, Typer};
use super::{Signature, Type};
use crate::go::declaration::Declaration;
use crate::go::syntax::{Field, Node};

impl Declaration<'_> {
    /// The type of an expression by itself: a constant stays untyped.
    pub(in crate::go) fn raw_type(self, expression: Node<'_>) -> Type {
        Typer::new(self, &Fuel::default()).raw(expression)
    }

    /// Whether a value of type `of` certainly has no field or method `name`.
    pub(in crate::go) fn lacks(self, of: &Type, name: &str) -> bool {
        let fuel = Fuel::default();
        let is_open = matches!(of.pointee(), Type::Unknown | Type::Parameter(_) | Type::Tuple(_));
        !is_open && Typer::new(self, &fuel).lacks(of, name) && !fuel.cut.get()
    }

    /// The function that `call` calls, with its type arguments; `None` for conversions, builtins and what is unknown.
    pub(in crate::go) fn called_signature(self, call: Node<'_>) -> Option<Arc<Signature>> {
        let fuel = Fuel::default();
        let typer = Typer::new(self, &fuel);
        let function = call.field(Field::Function)?;
        if typer.names_type(function) || typer.builtin_named(function).is_some() {
            return None;
        }
        match typer.callable(call, function) {
            Type::Func(signature) => Some(signature),
            _ => None,
        }
    }

    /// The predeclared function that `call` calls.
    pub(in crate::go) fn builtin_called(self, call: Node<'_>) -> Option<&'static str> {
        let function = call.field(Field::Function)?;
        Typer::new(self, &Fuel::default()).builtin_named(function)
    }

    /// The structure of the type whose literal has this body.
    pub(in crate::go) fn literal_shape(self, body: Node<'_>) -> Type {
        Typer::new(self, &Fuel::default()).shape_of_body(body)
    }
}
