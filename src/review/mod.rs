//! One decision at a time: what a person is asked about each fix, with which keys, and what follows from it.
//! Knows nothing of Go beyond "does it still parse", and writes no files.

mod command;
mod hand_edit;
mod session;

pub use command::{Command, help, prompt_keys};
pub use hand_edit::{Draft, HandEdit, Rejection};
pub use session::{Answer, Ending, Item, Reply, Session};
