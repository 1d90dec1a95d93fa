//! What is found: a place, and why nothing ends the wait there.

use crate::go::syntax::Node;

/// A place where a goroutine can stand for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stay<'a> {
    /// The call, operation or `select {}`.
    pub at: Node<'a>,
    /// Why nothing ends it, in words.
    pub why: String,
    /// Whether whoever comes here stays; otherwise some paths leave it so.
    pub always: bool,
}
