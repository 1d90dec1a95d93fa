//! What a name or an expression has of a resource, and how that goes on.

use super::elements::Element;
use crate::analysis::effect::Effect;
use crate::facts::Resource;
use crate::go::syntax::Node;

/// What a name or an expression has of the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum AliasKind {
    /// The resource as it was acquired.
    Whole,
    /// The part that has to be released.
    Part,
    /// Something that works on it and cannot release it: a decoder. What comes out of it is data.
    Derived,
    /// Something that came out of it and lives as long as it does: the rows of a transaction.
    Child,
    /// What a constructor that cannot be seen made of it: it may keep it, and release it with itself.
    Made,
    /// A function that has this effect when it is called.
    Closure(Effect),
    /// A slice that holds it as one of its elements: the variadic parameter that took it.
    Elements(Element),
    /// A context from which it can be taken out again.
    Carrier,
}

impl AliasKind {
    /// What a name that holds the resource has of it.
    pub(super) fn of(resource: &Resource) -> AliasKind {
        match resource.called {
            true => AliasKind::Closure(Effect::Release),
            false => AliasKind::Whole,
        }
    }
}

pub(super) enum Step<'a> {
    /// The expression around has it too.
    Up(Node<'a>, AliasKind),
    Done(Effect),
}

/// What a function does with a parameter, whoever calls it.
#[derive(Clone, Copy, Debug)]
pub(super) enum ParamSummary {
    /// It gives it back.
    Returned,
    Has(Effect),
}
