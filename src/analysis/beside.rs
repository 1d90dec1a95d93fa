//! What a call gives beside a resource: functions that release it, and the context that carries it.

use super::effect::Hold;
use super::nodes::targets;
use crate::go::syntax::Node;
use crate::go::{BindingId, BindingKind, Declaration};

/// Further results that have to do with the resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// Results that are functions which release it, one bit for each position.
    releasing: u16,
    /// Some of them do more than to call the method that releases it.
    does_more: bool,
    /// The result that is a context which carries it.
    carrier: Option<usize>,
}

impl Beside {
    /// A context that carries it, at this position.
    pub fn carried(carrier: Option<usize>) -> Beside {
        Beside {
            carrier,
            ..Beside::default()
        }
    }

    /// The same with a function that releases it at `position`.
    pub(super) fn with_release(mut self, position: usize, is_plain: bool) -> Beside {
        self.releasing |= u32::try_from(position)
            .ok()
            .and_then(|position| 1u16.checked_shl(position))
            .unwrap_or(0);
        self.does_more |= !is_plain;
        self
    }

    pub(super) fn with_carrier(mut self, position: usize) -> Beside {
        self.carrier = Some(position);
        self
    }

    /// Whether a function comes with it that may do more than to release it.
    pub fn does_more(self) -> bool {
        self.does_more
    }

    /// The names that take these results of the call that `statement` assigns; `None` where somebody else has one.
    pub(super) fn taken_by(
        self,
        at: Declaration<'_>,
        function: Node<'_>,
        statement: Node<'_>,
    ) -> Option<Vec<(BindingId, Hold)>> {
        let mut held = Vec::new();
        for (position, target) in targets(statement).enumerate() {
            let bit = u32::try_from(position)
                .ok()
                .and_then(|position| 1u16.checked_shl(position));
            let hold = match bit {
                _ if self.carrier == Some(position) => Hold::Carrier,
                Some(bit) if self.releasing & bit != 0 => Hold::Release,
                _ => continue,
            };
            if target.text() == "_" {
                continue;
            }
            let binding = at.scopes().binding_of(target)?;
            let name = at.scopes().get(binding);
            let is_own = name.function == function.index() && name.kind != BindingKind::Result;
            is_own.then(|| held.push((binding, hold)))?;
        }
        Some(held)
    }
}
