//! What calls give: of functions, of builtins, conversions.

use std::sync::Arc;

use super::typer::Typer;
use super::{Direction, Type};
use crate::go::resolve::{Meaning, is_universe_type};
use crate::go::syntax::{Field, Kind, Node};

impl Typer<'_, '_> {
    pub(super) fn call(self, node: Node<'_>) -> Type {
        let Some(function) = node.field(Field::Function) else {
            return Type::Unknown;
        };
        if self.names_type(function) {
            return self.meant(function);
        }
        match self.builtin_named(function) {
            Some(name) => self.builtin(name, node),
            None => self.called(node, function),
        }
    }

    /// What `function`, called by `call`, gives.
    pub(super) fn called(self, call: Node<'_>, function: Node<'_>) -> Type {
        match self.callable(call, function) {
            Type::Func(signature) => Type::from_values(&signature.results),
            _ => Type::Unknown,
        }
    }

    /// The function that `call` calls, with its type arguments.
    pub(super) fn callable(self, call: Node<'_>, function: Node<'_>) -> Type {
        let Type::Func(signature) = self.underlying(&self.raw(function)) else {
            return Type::Unknown;
        };
        if signature.type_parameters.is_empty() {
            return Type::Func(signature);
        }
        let explicit = call.field(Field::TypeArguments);
        let explicit: Vec<_> = explicit
            .into_iter()
            .flat_map(Node::children)
            .map(|node| self.meant(node))
            .collect();
        match self.instantiated(&signature, &explicit) {
            Type::Func(signature) => self.inferred_from(&signature, &self.arguments(call)),
            other => other,
        }
    }

    /// The arguments of a call; a single call with several results counts as those.
    fn arguments(self, call: Node<'_>) -> Vec<Type> {
        let list: Vec<_> = match call.field(Field::Arguments) {
            Some(list) => list.children().collect(),
            None => call.field(Field::Operand).into_iter().collect(),
        };
        match list.as_slice() {
            [only] => self.raw(*only).values(),
            many => many.iter().map(|argument| self.argument(*argument)).collect(),
        }
    }

    /// `x...` counts as its slice's element, which is what the variadic parameter takes.
    fn argument(self, node: Node<'_>) -> Type {
        match node.kind() {
            Kind::VariadicArgument => node
                .child(0)
                .map_or(Type::Unknown, |inner| self.element(&self.raw(inner))),
            _ => self.raw(node),
        }
    }

    /// The builtin function that an expression names.
    pub(super) fn builtin_named(self, function: Node<'_>) -> Option<&'static str> {
        let function = function.unparenthesized();
        let is_universe = function.is(Kind::Identifier)
            && matches!(self.at.resolve(function), Meaning::Universe)
            && !is_universe_type(function.text());
        let of_unsafe = || {
            let operand = function.field(Field::Operand)?;
            (self.imported(operand)? == "unsafe").then_some("unsafe")
        };
        match is_universe {
            true => Some(function.tree().node(function.index()).text()),
            false => of_unsafe(),
        }
        .map(universe_name)
    }

    fn builtin(self, name: &str, call: Node<'_>) -> Type {
        let arguments = call.field(Field::Arguments);
        let argument = |at| arguments.and_then(|arguments| arguments.child(at));
        match (name, argument(0)) {
            ("make", Some(of)) => self.meant(of),
            ("new", Some(of)) if self.names_type(of) => Type::pointer(self.meant(of)),
            ("new", Some(value)) => Type::pointer(self.value(value)),
            ("append", Some(value)) => self.raw(value),
            ("min" | "max", Some(_)) => self.extreme(arguments),
            ("len" | "cap" | "copy", _) => Type::basic("int"),
            ("recover", _) => Type::any(),
            ("close" | "delete" | "panic" | "print" | "println" | "clear", _) => Type::Tuple(Arc::default()),
            ("unsafe", Some(value)) => self.of_unsafe(call, value),
            ("real" | "imag", Some(value)) => part_of_complex(&self.underlying(&self.raw(value))),
            _ => Type::Unknown,
        }
    }

    /// What the functions of the package unsafe give.
    fn of_unsafe(self, call: Node<'_>, first: Node<'_>) -> Type {
        let name = call
            .field(Field::Function)
            .and_then(|function| function.field(Field::Field));
        match (name.map_or("", Node::text), self.underlying(&self.raw(first))) {
            ("Sizeof" | "Alignof" | "Offsetof", _) => Type::basic("uintptr"),
            ("Add", _) => Type::named("unsafe", "Pointer"),
            ("String", _) => Type::basic("string"),
            ("StringData", _) => Type::pointer(Type::basic("byte")),
            ("Slice", Type::Pointer(element)) => Type::Slice(element),
            ("SliceData", Type::Slice(element)) => Type::Pointer(element),
            _ => Type::Unknown,
        }
    }

    fn extreme(self, arguments: Option<Node<'_>>) -> Type {
        let types: Vec<_> = arguments
            .into_iter()
            .flat_map(Node::children)
            .map(|node| self.raw(node))
            .collect();
        let typed = types.iter().find(|of| !of.is_untyped() && !of.is_unknown());
        match typed {
            Some(of) => of.clone(),
            None if types.contains(&Type::Unknown) => Type::Unknown,
            None => types
                .into_iter()
                .reduce(super::operator::wider)
                .unwrap_or(Type::Unknown),
        }
    }
}

/// The same name, for as long as anyone likes.
fn universe_name(name: &str) -> &'static str {
    const BUILTINS: [&str; 19] = [
        "append", "cap", "clear", "close", "complex", "copy", "delete", "imag", "len", "make", "max", "min",
        "new", "panic", "print", "println", "real", "recover", "unsafe",
    ];
    BUILTINS.into_iter().find(|known| *known == name).unwrap_or("")
}

fn part_of_complex(of: &Type) -> Type {
    match of {
        Type::Basic("complex64") => Type::basic("float32"),
        Type::Basic("complex128") => Type::basic("float64"),
        _ => Type::Unknown,
    }
}

impl Direction {
    /// As the compiler writes it.
    pub(super) fn spelled(self) -> &'static str {
        match self {
            Direction::Both => "chan ",
            Direction::Send => "chan<- ",
            Direction::Receive => "<-chan ",
        }
    }
}
