//! Go source as a compact array of nodes. tree-sitter is used in `tree` only and stays hidden there, so a
//! faster parser can take its place.

mod generic_call;
mod kind;
mod named;
mod node;
mod tree;

pub use kind::{Field, Kind};
pub(super) use named::Named;
pub use node::Node;
pub use tree::{Tree, parse};
