//! One decision at a time: what a person is asked about each fix, with which keys, and what follows from it.
//! Knows nothing of Go beyond "does it still parse", and writes no files.
//!
//! [`Questions`] gives the `subject`s. The `session` knows which of them is asked, what was answered and what a `command`
//! does to that; a `card` shows one; the `dialogue` joins both at the `terminal`, with `hand_edit` for what a person
//! writes. `answers` makes decisions of it.

use std::io;

use crate::engine::Decided;

mod answers;
mod card;
mod command;
mod dialogue;
mod hand_edit;
mod questions;
mod session;
mod subject;
mod terminal;
#[cfg(test)]
mod toy;

use dialogue::Dialogue;
pub use questions::Questions;
use session::Ending;
pub use terminal::{Terminal, restore};

/// How a review ended.
pub enum Review {
    /// The answers for each package, parallel to [`Questions::analyses`].
    Decided(Vec<Decided>),
    /// The person quit and wants nothing written.
    Restored,
    /// Ctrl-C: nothing is written.
    Interrupted,
}

/// Asks about every fix of a run, before anything is written.
pub fn review(questions: &Questions<'_>, terminal: Terminal) -> io::Result<Review> {
    let subjects = questions.subjects();
    let mut dialogue = Dialogue::new(subjects, terminal, questions.explain);
    match dialogue.hold() {
        Ok(Ending::Keep) => Ok(Review::Decided(answers::of(questions, &dialogue))),
        Ok(Ending::Restore) => dialogue.take_leave().map(|()| Review::Restored),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            dialogue.take_leave().map(|()| Review::Interrupted)
        }
        Err(error) => Err(error),
    }
}
