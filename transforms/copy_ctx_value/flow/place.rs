//! What becomes of a value that is assigned, stored, ranged over or captured.

use super::super::accessor::Shape;
use super::super::loan::{Loan, Spot, Value};
use super::{Keeper, Kept, Tracer, literal_text};
use crate::analysis::detached::{Detached, Means, waits_for_answer};
use crate::analysis::owner::{Frame, container, owner_of};
use crate::frameworks::holds_context;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingKind, Declaration, Meaning, Type};

impl<'a> Tracer<'a> {
    /// `place[value] = …` and `place[value]++`.
    pub(super) fn key(&mut self, value: Value<'a>, index: Node<'a>) {
        let (parent, statement) = (index.parent(), index.statement());
        let is_place = parent.is_some_and(|parent| {
            parent.role() == Field::Left || matches!(parent.kind(), Kind::IncStatement | Kind::DecStatement)
        });
        let statement = statement.filter(|_| is_place);
        let operand = index.field(Field::Operand);
        let is_map = operand.is_some_and(|operand| matches!(value.at().type_of(operand), Type::Map(..)));
        if let Some(statement) = statement.filter(|_| is_map) {
            self.put(value, index, statement, None);
        }
    }

    pub(super) fn listed(&mut self, value: Value<'a>, list: Node<'a>) -> Option<Value<'a>> {
        let statement = list.parent()?;
        let position = list.children().position(|node| node == value.node)?;
        let only = list.children().count() == 1;
        let taken = if only { value.result } else { position };
        match (statement.kind(), list.role()) {
            (Kind::AssignmentStatement, Field::Right) if statement.operator() == Some(Kind::Assign) => {
                let place = statement.field(Field::Left)?.child(taken)?;
                self.put(value, place, statement, literal_key(place));
                None
            }
            (Kind::ShortVarDeclaration, _) => {
                let left = statement.field(Field::Left)?;
                let paired = left.children().count() == list.children().count();
                self.alias(value, left.child(taken)?, paired, statement);
                None
            }
            (Kind::VarSpec, _) => {
                let names: Vec<_> = statement
                    .fields(Field::Name)
                    .filter(|name| name.is(Kind::Identifier))
                    .collect();
                let paired = names.len() == list.children().count();
                self.alias(value, *names.get(taken)?, paired, statement);
                None
            }
            (Kind::ReturnStatement, _) => {
                self.give_back(value, statement, position);
                None
            }
            _ => None,
        }
    }

    pub(super) fn alias(&mut self, value: Value<'a>, name: Node<'a>, paired: bool, statement: Node<'a>) {
        let at = value.at();
        let Some(binding) = at.scopes().binding_of(name) else {
            return;
        };
        let mut loan = value.loan.clone();
        if !paired && !loan.settled {
            loan.spot = None;
        }
        let of = at.type_of_binding(binding);
        let keeps_type = matches!(of, Type::Basic("string"))
            || (loan.shape == Shape::Bytes && matches!(of, Type::Slice(_)));
        loan.settled |= !keeps_type && !of.is_unknown();
        self.carry(value.frame, binding, loan, value.calls.clone(), statement.end());
    }

    /// The value is assigned to `place`, or is a key of it.
    pub(super) fn put(
        &mut self,
        value: Value<'a>,
        place: Node<'a>,
        statement: Node<'a>,
        part: Option<&'a str>,
    ) {
        if self.store(&value, Some(place), statement) {
            return;
        }
        let at = value.at();
        let place = place.unparenthesized();
        if place.is(Kind::Identifier) {
            return self.alias(value, place, true, statement);
        }
        let Some(root) = root_of(place) else { return };
        let Meaning::Local(binding) = at.resolve(root) else {
            return;
        };
        let held = value.grouped(place, part);
        if at.scopes().get(binding).kind == BindingKind::Param {
            self.give_through(&held, binding);
        }
        self.carry(held.frame, binding, held.loan, held.calls, statement.end());
    }

    pub(super) fn range(&mut self, value: &Value<'a>, clause: Node<'a>) {
        let names = clause.field(Field::Left).into_iter().flat_map(Node::children);
        let is_map = matches!(value.at().type_of(value.node), Type::Map(..));
        for (place, name) in names.enumerate() {
            let Some(binding) = value.at().scopes().binding_of(name) else {
                continue;
            };
            if let Some(part) = value.clone().part(name, None).filter(|_| place == 1 || is_map) {
                // There is no expression that could be copied before the body: only what went into the group can be.
                let spot = value.loan.spot.filter(|_| value.loan.settled);
                let loan = Loan { spot, ..part.loan };
                self.carry(part.frame, binding, loan, part.calls, clause.end());
            }
        }
    }

    pub(super) fn detach(&mut self, value: Value<'a>, start: Detached<'a>) {
        if start.means == Means::Stream && !value.loan.dies_with_handler() {
            return;
        }
        if !start.is_awaited(value.at(), value.frame.function) {
            self.keep(&value, Keeper::Detached(start), start.start);
        }
    }

    /// Whether `place` outlives the request; then the value is kept there.
    pub(super) fn store(&mut self, value: &Value<'a>, place: Option<Node<'a>>, statement: Node<'a>) -> bool {
        let Some((owner, outlives)) = place.and_then(|place| owner_of(value.frame, place)) else {
            return false;
        };
        let Frame { at, function, .. } = value.frame;
        let answered = statement.is(Kind::SendStatement) && waits_for_answer(at, function, statement);
        // Where the context itself is kept, its memory is the lesser harm.
        if !answered && !holds_context(at, statement) && !owner.is_taken_out_here(at, function, statement) {
            self.keep(value, Keeper::Owner(owner, outlives), statement);
        }
        true
    }

    pub(super) fn keep(&mut self, value: &Value<'a>, keeper: Keeper<'a>, node: Node<'a>) {
        let outermost = std::iter::successors(value.calls.as_ref(), |entry| entry.up.as_ref()).last();
        let (frame, place, loan) = match outermost {
            Some(entry) => match copied_inside(value, &keeper, entry.frame.at) {
                Some(loan) => (value.frame, node, loan),
                None => (entry.frame, entry.call, value.loan.clone()),
            },
            None => (value.frame, node, value.loan.clone()),
        };
        self.kept.push(Kept {
            at: frame.at,
            node: place,
            keeper,
            loan,
            inside: (place != node).then_some((value.frame.at, node)),
        });
    }
}

/// The loan with its spot where it is stored, in a function of the same package: one copy there serves every caller.
fn copied_inside<'a>(value: &Value<'a>, keeper: &Keeper<'_>, caller: Declaration<'a>) -> Option<Loan<'a>> {
    let (at, shape) = (value.frame.at, value.loan.shape);
    let is_stored = matches!(keeper, Keeper::Owner(..)) && std::ptr::eq(at.package, caller.package);
    let is_plain = match at.type_of(value.node) {
        Type::Basic(name) => shape == Shape::Text && name == "string",
        Type::Slice(element) => shape == Shape::Bytes && *element == Type::basic("byte"),
        _ => false,
    };
    (is_stored && is_plain).then(|| Loan {
        spot: Some(Spot {
            at,
            node: value.node,
            shape,
        }),
        ..value.loan.clone()
    })
}

/// The key or field that an assignment to `place` sets.
fn literal_key(place: Node<'_>) -> Option<&str> {
    match place.kind() {
        Kind::SelectorExpression => place.field(Field::Field).map(Node::text),
        Kind::IndexExpression => place.field(Field::Index).and_then(literal_text),
        _ => None,
    }
}

fn root_of(place: Node<'_>) -> Option<Node<'_>> {
    let mut place = container(place);
    while matches!(place.kind(), Kind::SelectorExpression | Kind::UnaryExpression) {
        place = container(place.field(Field::Operand)?);
    }
    place.is(Kind::Identifier).then_some(place)
}
