//! Where a goroutine can stand for ever apart from the channels that it shares with the function that starts it: at
//! a lock that somebody leaves locked, at a group that is never done, at a channel that nobody serves. Only names that
//! are local to one declaration are judged, with every use in sight; what gets out of sight is taken to be served.
//!
//! `stays` walks a function and asks for each kind of wait: `lock`, `group`, `condition`, `queue`, over an `object` with
//! all its uses and a `way` through the function's flow.

mod condition;
mod group;
mod lock;
mod model;
mod object;
mod queue;
mod stays;
mod way;

pub use model::Stay;
pub use stays::stays;
pub use way::{ends_past, is_reached_past};
