//! One decision at a time: what a person is asked about each fix, with which keys, and what follows from it.
//! Knows nothing of Go beyond "does it still parse", and writes no files.

use std::io;

use crate::config::Config;
use crate::engine::{Analysis, Decided, allowed_fixes};
use crate::transform::{Proposal, Rule};

mod answers;
mod card;
mod command;
mod dialogue;
mod hand_edit;
mod session;
mod subject;
mod terminal;
#[cfg(test)]
mod toy;

use card::{Standing, card, prompt};
use command::{Command, help, prompt_keys};
use dialogue::Dialogue;
use hand_edit::{Draft, HandEdit, Rejection};
use session::{Answer, Ending, Item, Reply, Session};
use subject::{Offer, Subject, hand_edit};
pub use terminal::{Terminal, restore};

/// What is to be asked about, and how.
pub struct Questions<'a> {
    /// Every package of the run.
    pub analyses: &'a [Analysis],
    pub config: &'a Config,
    /// Whether fixes that may change behaviour are offered.
    pub unsafe_fixes: bool,
    /// The page of a rule.
    pub explain: &'a dyn Fn(&Rule) -> String,
}

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

impl<'a> Questions<'a> {
    /// Proposals with a fix that may be applied.
    fn subjects(&self) -> Vec<Subject<'a>> {
        let subject = |analysis, proposal| {
            let fixes = allowed_fixes(proposal, self.unsafe_fixes).ok()?;
            Some(Subject::new(analysis, proposal, fixes))
        };
        let of_package = |analysis: &'a Analysis| {
            let open = analysis
                .proposals
                .iter()
                .filter(|proposal| self.is_open(analysis, proposal));
            open.filter_map(move |proposal| subject(analysis, proposal))
        };
        self.analyses.iter().flat_map(of_package).collect()
    }

    fn is_open(&self, analysis: &Analysis, proposal: &Proposal) -> bool {
        let finding = &proposal.finding;
        let path = &analysis.package.file(finding.place.file).path;
        proposal.remedy.is_ok() && self.config.fixes(path, &finding.rule.slug)
    }
}
