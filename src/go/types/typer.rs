//! The questions a declaration answers about types, and what one inference may spend on its answer.

use std::cell::Cell;

use super::memo::{DeclarationMemo, Kept};
use super::{Member, Type};
use crate::go::declaration::Declaration;
use crate::go::scope::BindingId;
use crate::go::syntax::Node;
use crate::limits::Limit;

/// How deep definitions may lead. Real code needs a few dozen; the stack of a worker holds several times that.
const DEPTH: Limit = Limit::new(160, "definitions that lead to each other");

/// How many steps one question may take, so that nothing contrived takes long.
const STEPS: Limit = Limit::new(30_000, "steps");

impl<'a> Declaration<'a> {
    /// The type of an expression of this declaration: of an untyped constant, the one it gets here.
    pub fn type_of(self, expression: Node<'_>) -> Type {
        Typer::new(self, &Fuel::default()).settled(expression)
    }

    /// The type that a type expression of this declaration means.
    pub fn type_meant(self, node: Node<'_>) -> Type {
        Typer::new(self, &Fuel::default()).meant(node)
    }

    /// The type of a local name; of a type switch's name, where it has one type in all clauses.
    pub fn type_of_binding(self, id: BindingId) -> Type {
        Typer::new(self, &Fuel::default()).binding(id).defaulted()
    }

    /// The result types of a function declaration or literal of this declaration.
    pub fn results_of(self, function: Node<'_>) -> Vec<Type> {
        Typer::new(self, &Fuel::default()).results(function)
    }

    /// The structure behind `of`, where its source is at hand.
    pub fn underlying(self, of: &Type) -> Type {
        Typer::new(self, &Fuel::default()).underlying(of)
    }

    /// The constraint of a type parameter of this declaration, or of the type it is a method of.
    pub(in crate::go) fn constraint_of(self, parameter: &str) -> Type {
        Typer::new(self, &Fuel::default()).constraint_of(parameter)
    }

    /// The types that the struct `of` embeds, where its source is at hand.
    pub(in crate::go) fn embedded_in(self, of: &Type) -> Vec<Type> {
        Typer::new(self, &Fuel::default()).embedded(of.pointee())
    }

    /// The field or method `name` of a value of type `of`.
    pub(in crate::go) fn member(self, of: &Type, name: &str) -> Option<Member<'a>> {
        Typer::new(self, &Fuel::default()).member(of, name)
    }

    /// Whether a value of static type `of` has a method `name`; `None` where the source at hand does not say.
    pub fn has_method(self, of: &Type, name: &str) -> Option<bool> {
        let fuel = Fuel::default();
        let typer = Typer::new(self, &fuel);
        match typer.member(of, name) {
            Some(member) => Some(matches!(member.of, Type::Func(_))),
            None => typer.lacks(of, name).then_some(false),
        }
    }

    /// Whether an expression names a type.
    pub(in crate::go) fn names_type(self, node: Node<'_>) -> bool {
        Typer::new(self, &Fuel::default()).names_type(node)
    }
}

/// What one question has left.
pub(super) struct Fuel {
    steps: Cell<u32>,
    /// Whether an answer was cut short, so that it is not worth keeping.
    pub(super) cut: Cell<bool>,
    told: Cell<bool>,
}

impl Default for Fuel {
    fn default() -> Self {
        Fuel {
            steps: Cell::new(STEPS.most),
            cut: Cell::new(false),
            told: Cell::new(false),
        }
    }
}

/// One inference. Every step into another definition costs depth.
#[derive(Clone, Copy)]
pub(super) struct Typer<'a, 'q> {
    pub(super) at: Declaration<'a>,
    /// What is known of `at`.
    memo: &'a DeclarationMemo,
    depth: u32,
    fuel: &'q Fuel,
}

impl<'a, 'q> Typer<'a, 'q> {
    pub(super) fn new(at: Declaration<'a>, fuel: &'q Fuel) -> Self {
        Typer {
            at,
            memo: at.memo(),
            depth: DEPTH.most,
            fuel,
        }
    }

    pub(super) fn deeper(self) -> Option<Self> {
        let steps = self.fuel.steps.get().checked_sub(1);
        match (self.depth.checked_sub(1), steps) {
            (Some(depth), Some(steps)) => {
                self.fuel.steps.set(steps);
                Some(Typer { depth, ..self })
            }
            (depth, _) => {
                self.fuel.cut.set(true);
                if !self.fuel.told.replace(true) {
                    let limit = if depth.is_none() { DEPTH } else { STEPS };
                    limit.reached(&self.at.file().path);
                }
                None
            }
        }
    }

    pub(super) fn within(self, at: Declaration<'a>) -> Self {
        Typer {
            at,
            memo: at.memo(),
            ..self
        }
    }

    /// Whether something is kept for `node`.
    pub(super) fn is_kept(self, node: Node<'_>, kept: Kept) -> bool {
        self.memo.get(node, kept).is_some()
    }

    /// What is known for `node`, or is inferred now and kept.
    pub(super) fn kept(self, node: Node<'_>, kept: Kept, infer: impl FnOnce(Self) -> Type) -> Type {
        if let Some(known) = self.memo.get(node, kept) {
            return known;
        }
        let Some(next) = self.deeper() else {
            return Type::Unknown;
        };
        let cut_before = self.fuel.cut.replace(false);
        let of = infer(next);
        if !self.fuel.cut.get() {
            self.memo.keep(node, kept, &of);
        }
        self.fuel.cut.set(cut_before || self.fuel.cut.get());
        of
    }
}
