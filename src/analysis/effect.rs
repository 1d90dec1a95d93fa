//! What happens to a resource, in the words that all analyses of values share.

use crate::go::syntax::Node;

/// Who else has the resource afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Keep {
    /// The caller.
    Returned,
    /// A field, variable, map, slice, channel or literal.
    Stored,
    /// A goroutine.
    Goroutine,
    /// A closure that outlives the statement.
    Closure,
    /// A function that keeps its argument.
    Passed,
}

/// What one mention does with the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Compares it, or hands it to something that only works with it.
    Pass,
    /// Calls a method or reads a field, which only works when it is there.
    Touch,
    Release,
    Keep(Keep),
    /// Something that depends on it is handed to code that cannot be seen. That code cannot release it.
    Lent,
    /// Handed to a function that releases it on some of its paths and not on others.
    Conditional {
        /// Those are the paths on which it returns an error.
        on_failure: bool,
    },
    /// Handed to code that cannot be seen.
    Unknown,
}

/// An effect and where it happens: a node of the function itself, a literal for what happens inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mention<'a> {
    pub node: Node<'a>,
    pub effect: Effect,
}

/// What a name has of the resource where it is acquired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hold {
    Resource,
    /// A function that releases it.
    Release,
    /// A context that carries it.
    Carrier,
}
