//! What becomes of a resource once a local name holds it: each mention releases it, keeps it beyond the function,
//! or only works with it. Aliases, closures, wrappers and functions of the package are followed.
//!
//! A `tracker` follows one value through one function: from a use outwards through the expressions around it, by what
//! they have of the resource (`grip`). Of its methods those for one kind of holder stand apart: `derived` works on the
//! resource, a `carrier` is a context that holds it, `elements` a slice. `passing` follows it into functions that take
//! it; `handed` says what a call does that cannot be followed; `data` is what holds nothing any more.

use std::collections::HashSet;
use std::rc::Rc;

use super::beside::Beside;
use super::effect::{Effect, Hold, Mention};
use crate::facts::Resource;
use crate::go::syntax::{Field, Node};
use crate::go::{BindingId, Declaration};

mod alias_kind;
mod carrier;
mod data;
mod derived;
mod elements;
mod handed;
mod parameter;
mod passing;
mod tracker;

use alias_kind::AliasKind;
use tracker::Tracker;

/// What becomes of a resource in a function.
pub struct Followed<'a> {
    pub mentions: Vec<Mention<'a>>,
    /// What the function returns that has to do with it: the position, and the value.
    returned: Vec<(usize, AliasKind, Node<'a>)>,
}

impl Followed<'_> {
    /// What a call of the function gives beside the resource, which is the result at `position`.
    pub(super) fn beside(&self, position: usize, resource: &Resource) -> Beside {
        let others = self.returned.iter().filter(|(at, ..)| *at != position);
        others.fold(Beside::default(), |beside, (at, grip, value)| match grip {
            AliasKind::Closure(Effect::Release) => {
                let method = value.field(Field::Field).map(Node::text);
                let is_plain = method.is_some() && method == resource.release.first().map(String::as_str);
                beside.with_release(*at, is_plain)
            }
            AliasKind::Carrier => beside.with_carrier(*at),
            _ => beside,
        })
    }
}

/// Everything that `function` does with the resource in `binding`, in no particular order.
pub fn mentions<'a>(
    at: Declaration<'a>,
    function: Node<'a>,
    binding: BindingId,
    resource: &Resource,
) -> Vec<Mention<'a>> {
    follow(at, function, [(binding, Hold::Resource)], resource).mentions
}

/// The same for names that hold the resource, release it or carry it, with what the function returns of it.
pub fn follow<'a>(
    at: Declaration<'a>,
    function: Node<'a>,
    holders: impl IntoIterator<Item = (BindingId, Hold)>,
    resource: &Resource,
) -> Followed<'a> {
    let mut tracker = Tracker {
        at,
        function,
        resource,
        fates: Rc::default(),
        open: Vec::new(),
        held: HashSet::new(),
        returned: Vec::new(),
        handle: None,
    };
    for (binding, hold) in holders {
        let grip = match hold {
            Hold::Resource => AliasKind::of(resource),
            Hold::Release => AliasKind::Closure(Effect::Release),
            Hold::Carrier => AliasKind::Carrier,
        };
        tracker.hold(binding, grip);
    }
    let mentions = tracker.run();
    Followed {
        mentions,
        returned: tracker.returned,
    }
}
