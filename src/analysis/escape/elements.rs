//! A slice that holds the resource as one of several: a helper that closes everything it is given.

use super::grip::Step::{Done, Up};
use super::grip::{Fate, Grip, Step};
use super::handed::summary;
use super::tracker::Tracker;
use crate::analysis::effect::Effect;
use crate::analysis::lifetime::open::open_after_turn;
use crate::analysis::nodes::targets;
use crate::go::syntax::{Kind, Node};

/// What an element of the slice has of the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Element {
    Whole,
    Part,
    Derived,
    Child,
    Closure(Effect),
}

impl Element {
    pub(super) fn of(grip: Grip) -> Option<Element> {
        Some(match grip {
            Grip::Whole => Element::Whole,
            Grip::Part => Element::Part,
            Grip::Derived => Element::Derived,
            Grip::Child => Element::Child,
            Grip::Closure(effect) => Element::Closure(effect),
            Grip::Made | Grip::Elements(_) | Grip::Carrier => return None,
        })
    }

    fn grip(self) -> Grip {
        match self {
            Element::Whole => Grip::Whole,
            Element::Part => Grip::Part,
            Element::Derived => Grip::Derived,
            Element::Child => Grip::Child,
            Element::Closure(effect) => Grip::Closure(effect),
        }
    }
}

impl<'a> Tracker<'a, '_> {
    /// What is done with the slice.
    pub(super) fn among_elements(
        &mut self,
        expression: Node<'a>,
        parent: Node<'a>,
        element: Element,
    ) -> Step<'a> {
        let grip = Grip::Elements(element);
        match parent.kind() {
            Kind::ParenthesizedExpression | Kind::VariadicArgument => Up(parent, grip),
            Kind::ArgumentList => self.argument(expression, parent, grip),
            Kind::ExpressionList => self.listed(expression, parent, grip),
            Kind::BinaryExpression => Done(Effect::Pass),
            Kind::RangeClause => Done(self.each(parent, element)),
            _ => Done(Effect::Unknown),
        }
    }

    /// What a loop over the slice does with each of its elements, and so with the resource.
    fn each(&self, clause: Node<'a>, element: Element) -> Effect {
        let value = targets(clause)
            .nth(1)
            .and_then(|name| self.at.scopes().binding_of(name));
        let Some(value) = value else {
            return Effect::Unknown;
        };
        let mut inside = self.inside(self.at, self.function);
        inside.hold(value, element.grip());
        let mentions = inside.run();
        let open = || open_after_turn(self.at, self.function, clause, value, self.resource, &mentions);
        match summary(&mentions, open) {
            Fate::Returned => Effect::Unknown,
            Fate::Has(effect) => effect,
        }
    }
}
