//! The control flow of one function body: which statements and conditions run after which, and how the function
//! is left. Knows syntax and nothing else; what a path means is up to the client of [`walk`].

mod build;
mod draw;
mod graph;
mod reachable;
mod search;

pub use graph::{Block, BlockId, Cfg, Condition, Edge, Exit, Point, Test};
pub use search::{Flow, Paths, walk};

#[cfg(test)]
mod tests;
