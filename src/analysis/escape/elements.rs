//! A slice that holds the resource as one of several: a helper that closes everything it is given.

use super::alias_kind::Step::{Done, Up};
use super::alias_kind::{AliasKind, ParamSummary, Step};
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
    pub(super) fn of(grip: AliasKind) -> Option<Element> {
        Some(match grip {
            AliasKind::Whole => Element::Whole,
            AliasKind::Part => Element::Part,
            AliasKind::Derived => Element::Derived,
            AliasKind::Child => Element::Child,
            AliasKind::Closure(effect) => Element::Closure(effect),
            AliasKind::Made | AliasKind::Elements(_) | AliasKind::Carrier => return None,
        })
    }

    fn grip(self) -> AliasKind {
        match self {
            Element::Whole => AliasKind::Whole,
            Element::Part => AliasKind::Part,
            Element::Derived => AliasKind::Derived,
            Element::Child => AliasKind::Child,
            Element::Closure(effect) => AliasKind::Closure(effect),
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
        let grip = AliasKind::Elements(element);
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
            ParamSummary::Returned => Effect::Unknown,
            ParamSummary::Has(effect) => effect,
        }
    }
}
