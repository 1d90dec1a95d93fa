//! How a path loses a resource.

use crate::go::cfg::Exit;
use crate::go::syntax::Node;

/// How a path loses the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lost<'a> {
    /// The function is left here.
    Exit(Exit<'a>),
    /// The name gets another value here.
    Overwritten(Node<'a>),
    /// This `break` or `continue` leaves the turn of the loop that acquired it.
    Jump(Node<'a>),
    /// The block of the loop that acquired it ends.
    End(Node<'a>),
}

impl<'a> Lost<'a> {
    /// The statement that people look at: for an exit at the end of the body, the body.
    pub fn node(self) -> Node<'a> {
        match self {
            Lost::Exit(Exit::Return(node) | Exit::FallOff(node) | Exit::NoReturn(node))
            | Lost::Overwritten(node)
            | Lost::Jump(node)
            | Lost::End(node) => node,
        }
    }
}

/// One way to lose the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeakPath<'a> {
    pub how: Lost<'a>,
    /// Whether it is proven that nobody else has taken over by then, and that acquiring succeeded.
    pub certain: bool,
}
