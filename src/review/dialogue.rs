//! The review itself: show a card, read a key, follow it.

use std::io;

use super::card::{Standing, card, prompt};
use super::command::{Command, help};
use super::hand_edit::Rejection;
use super::session::{Answer, Ending, Reply, Session};
use super::subject::{Offer, Subject, hand_edit};
use super::terminal::Terminal;
use crate::transform::Rule;

/// A review under way.
pub struct Dialogue<'a> {
    pub subjects: Vec<Subject<'a>>,
    pub session: Session,
    terminal: Terminal,
    explain: &'a dyn Fn(&Rule) -> String,
}

impl<'a> Dialogue<'a> {
    pub fn new(subjects: Vec<Subject<'a>>, terminal: Terminal, explain: &'a dyn Fn(&Rule) -> String) -> Self {
        Dialogue {
            session: Session::new(subjects.iter().map(Subject::item)),
            subjects,
            terminal,
            explain,
        }
    }

    /// Asks until everything is decided or the person leaves.
    pub fn hold(&mut self) -> io::Result<Ending> {
        if self.subjects.is_empty() {
            return Ok(Ending::Keep);
        }
        let mut reply = Reply::Show;
        loop {
            if let Some(ending) = self.follow(reply)? {
                return Ok(ending);
            }
            reply = self.hear()?;
        }
    }

    /// Tells that nothing came of it.
    pub fn take_leave(&self) -> io::Result<()> {
        self.note("Nothing was written.")
    }

    fn standing(&self) -> Standing<'_> {
        let position = self.session.position();
        Standing {
            position,
            count: self.session.count(),
            alternative: self.session.alternative(),
            answer: self.session.answer(position),
        }
    }

    /// Reads keys until one is a command.
    fn hear(&mut self) -> io::Result<Reply> {
        self.terminal.show(&prompt(self.standing()))?;
        let key = self.terminal.read_key()?;
        self.terminal
            .show(&format!("{}\n", if key == '\t' { ' ' } else { key }))?;
        let Some(command) = Command::of(key) else {
            return Ok(Reply::Note("Press ? to see what the keys do."));
        };
        let reply = self.session.obey(command);
        if reply == Reply::Show && command.decides_many() {
            self.tell_how_many()?;
        }
        Ok(reply)
    }

    fn tell_how_many(&self) -> io::Result<()> {
        let count = self.session.last_covered();
        let noun = if count == 1 { "finding" } else { "findings" };
        self.note(&format!("{count} {noun} decided; u takes that back."))
    }

    fn note(&self, text: &str) -> io::Result<()> {
        self.terminal.show(&format!("{text}\n"))
    }

    /// Does what a reply asks for; `Some` ends the review.
    fn follow(&mut self, reply: Reply) -> io::Result<Option<Ending>> {
        match reply {
            Reply::Done(ending) => return Ok(Some(ending)),
            Reply::Note(text) => self.note(text)?,
            Reply::Show => self.show_card()?,
            Reply::Help => self.show_before_card(&help())?,
            Reply::Explain => self.show_before_card(&self.page())?,
            Reply::AskReason => {
                let reason = self.terminal.ask_line("Reason for keeping it")?;
                let reply = self.session.suppress(&reason);
                return self.follow(reply);
            }
            Reply::Edit => {
                let reply = self.edit()?;
                return self.follow(reply);
            }
        }
        Ok(None)
    }

    fn show_card(&self) -> io::Result<()> {
        match self.subjects.get(self.session.position()) {
            Some(subject) => self.terminal.show(&card(subject, self.standing())),
            None => Ok(()),
        }
    }

    fn show_before_card(&self, text: &str) -> io::Result<()> {
        self.terminal.show(&format!("\n{}\n", text.trim_end()))?;
        self.show_card()
    }

    fn page(&self) -> String {
        let subject = self.subjects.get(self.session.position());
        subject
            .map(|subject| (self.explain)(&subject.finding().rule))
            .unwrap_or_default()
    }

    /// Hands the fix on show to an editor, again and again until it is Go or the person gives up.
    fn edit(&mut self) -> io::Result<Reply> {
        let shown = self.session.alternative().0;
        let subject = self.subjects.get(self.session.position());
        let Some((subject, offer)) = subject.and_then(|subject| Some((subject, subject.offers.get(shown)?)))
        else {
            return Ok(Reply::Show);
        };
        let changes = subject.draft(offer);
        let mut text = hand_edit(&changes).buffer();
        loop {
            let Some(edited) = self.terminal.edit(&text)? else {
                return Ok(Reply::Note("The editor did not end well; nothing was decided."));
            };
            let rejection = match self.check(subject, subject.edited(offer, &changes, &edited)) {
                Ok(edited) => return Ok(self.accept(edited)),
                Err(rejection) => rejection,
            };
            if !rejection.deserves_another_try() {
                self.note(&rejection.to_string())?;
                return Ok(Reply::Show);
            }
            if !self
                .terminal
                .confirm(&format!("{rejection} Edit again? `n` drops the edit."))?
            {
                return Ok(Reply::Show);
            }
            text = edited;
        }
    }

    /// Of two edits of the same lines only one could be kept, and the other would be lost work.
    fn check(&self, subject: &Subject<'_>, edited: Result<Offer, Rejection>) -> Result<Offer, Rejection> {
        let edited = edited?;
        let rival = |(at, other): &(usize, &Subject<'_>)| {
            *at != self.session.position()
                && std::ptr::eq(subject.analysis, other.analysis)
                && self
                    .accepted_edit(*at, other)
                    .is_some_and(|held| held.overlaps(&edited))
        };
        match self.subjects.iter().enumerate().find(rival) {
            Some((at, _)) => Err(Rejection::Overlaps(at + 1)),
            None => Ok(edited),
        }
    }

    fn accepted_edit<'s>(&self, at: usize, subject: &'s Subject<'_>) -> Option<&'s Offer> {
        match self.session.answer(at) {
            Some(Answer::Accept(offer)) => subject.offers.get(*offer).filter(|offer| offer.by_hand),
            _ => None,
        }
    }

    fn accept(&mut self, edited: Offer) -> Reply {
        if let Some(subject) = self.subjects.get_mut(self.session.position()) {
            subject.offers.push(edited);
        }
        self.session.edited()
    }
}
