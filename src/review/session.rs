//! Which proposals were accepted, declined or suppressed, and what the next key does to that. Knows neither
//! terminal nor Go: a proposal is its rule, its file and the number of its alternatives.

use super::command::Command;

/// What the session knows of a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub rule: String,
    pub file: String,
    /// How many fixes there are to choose from; at least one.
    pub alternatives: usize,
}

/// What became of a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Apply the fix with this index among the alternatives.
    Accept(usize),
    Decline,
    /// Keep the leak, with a comment that gives this reason.
    Suppress(String),
}

/// How the session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// What was accepted is applied.
    Keep,
    /// Nothing is written.
    Restore,
}

/// What the terminal does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Show the current proposal.
    Show,
    /// The key had no effect, and this is why.
    Note(&'static str),
    /// Show the keys.
    Help,
    /// Show the page of the current rule.
    Explain,
    /// Ask for a reason and hand it to [`Session::suppress`].
    AskReason,
    /// Let the person edit the fix and report it with [`Session::edited`].
    Edit,
    Done(Ending),
}

#[derive(Clone, Debug)]
struct Entry {
    item: Item,
    /// The alternative on show.
    shown: usize,
    answer: Option<Answer>,
}

impl Entry {
    fn verdict(&self, accept: bool) -> Answer {
        match accept {
            true => Answer::Accept(self.shown),
            false => Answer::Decline,
        }
    }
}

/// What one decision changed, so that it can be taken back.
#[derive(Debug)]
struct Step {
    at: usize,
    before: Vec<(usize, Option<Answer>)>,
}

/// The decisions of one run.
#[derive(Debug)]
pub struct Session {
    entries: Vec<Entry>,
    at: usize,
    history: Vec<Step>,
}

impl Session {
    pub fn new(items: impl IntoIterator<Item = Item>) -> Self {
        let entry = |item| Entry {
            item,
            shown: 0,
            answer: None,
        };
        Session {
            entries: items.into_iter().map(entry).collect(),
            at: 0,
            history: Vec::new(),
        }
    }

    /// The index of the proposal on show.
    pub fn position(&self) -> usize {
        self.at
    }

    /// How many proposals there are, decided or not.
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// The alternative on show for the current proposal, and how many there are.
    pub fn alternative(&self) -> (usize, usize) {
        self.entries
            .get(self.at)
            .map_or((0, 0), |entry| (entry.shown, entry.item.alternatives))
    }

    pub fn answer(&self, index: usize) -> Option<&Answer> {
        self.entries.get(index)?.answer.as_ref()
    }

    /// How many proposals the last decision answered.
    pub fn last_covered(&self) -> usize {
        self.history.last().map_or(0, |step| step.before.len())
    }

    /// Does what a key says.
    pub fn obey(&mut self, command: Command) -> Reply {
        match command {
            Command::Accept => self.decide_current(|entry| Answer::Accept(entry.shown)),
            Command::Decline => self.decide_current(|_| Answer::Decline),
            Command::AcceptRestOfFile => self.decide_rest_of_file(true),
            Command::DeclineRestOfFile => self.decide_rest_of_file(false),
            Command::AcceptRule => self.decide_rule(true),
            Command::DeclineRule => self.decide_rule(false),
            Command::Quit => self.quit(),
            Command::QuitAndRestore => Reply::Done(Ending::Restore),
            Command::Undo => self.undo(),
            Command::Back => self.back(),
            Command::Forward => self.forward(),
            Command::NextAlternative => self.next_alternative(),
            Command::Edit => Reply::Edit,
            Command::Suppress => Reply::AskReason,
            Command::Explain => Reply::Explain,
            Command::Help => Reply::Help,
        }
    }

    /// Suppresses the current proposal. A suppression without a reason helps nobody and is not taken.
    pub fn suppress(&mut self, reason: &str) -> Reply {
        match reason.trim() {
            "" => Reply::Note("A suppression needs a reason; nothing was decided."),
            reason => self.decide_current(|_| Answer::Suppress(reason.to_owned())),
        }
    }

    /// The person edited the fix: the result is one more alternative, on show and accepted. It stays among the
    /// alternatives whatever is decided later.
    pub fn edited(&mut self) -> Reply {
        if let Some(entry) = self.entries.get_mut(self.at) {
            entry.shown = entry.item.alternatives;
            entry.item.alternatives += 1;
        }
        self.decide_current(|entry| Answer::Accept(entry.shown))
    }

    fn decide_current(&mut self, answer: impl Fn(&Entry) -> Answer) -> Reply {
        self.decide(|_, _| false, answer)
    }

    fn decide_rest_of_file(&mut self, accept: bool) -> Reply {
        let (at, file) = (self.at, self.current(|item| &item.file));
        let rest = |index: usize, item: &Item| index > at && item.file == file;
        self.decide(rest, |entry| entry.verdict(accept))
    }

    fn decide_rule(&mut self, accept: bool) -> Reply {
        let rule = self.current(|item| &item.rule);
        self.decide(|_, item| item.rule == rule, |entry| entry.verdict(accept))
    }

    fn current(&self, part: impl Fn(&Item) -> &String) -> String {
        let entry = self.entries.get(self.at);
        entry.map(|entry| part(&entry.item).clone()).unwrap_or_default()
    }

    /// Answers the proposal on show, and the open ones among those that `covered` names.
    fn decide(&mut self, covered: impl Fn(usize, &Item) -> bool, answer: impl Fn(&Entry) -> Answer) -> Reply {
        let at = self.at;
        let mut before = Vec::new();
        for (index, entry) in self.entries.iter_mut().enumerate() {
            if index == at || (entry.answer.is_none() && covered(index, &entry.item)) {
                let new = Some(answer(entry));
                before.push((index, std::mem::replace(&mut entry.answer, new)));
            }
        }
        self.history.push(Step { at, before });
        self.proceed()
    }

    /// On to the next open proposal, from the top again after the last one.
    fn proceed(&mut self) -> Reply {
        match self.next_open(self.at) {
            Some(open) => {
                self.at = open;
                Reply::Show
            }
            None => Reply::Done(Ending::Keep),
        }
    }

    fn next_open(&self, from: usize) -> Option<usize> {
        let count = self.entries.len();
        let around = (from..count).chain(0..from.min(count));
        let mut open = around.filter(|&index| self.entries[index].answer.is_none());
        open.next()
    }

    /// Keeps what was accepted; everything open stays as it is.
    fn quit(&mut self) -> Reply {
        for entry in &mut self.entries {
            entry.answer.get_or_insert(Answer::Decline);
        }
        Reply::Done(Ending::Keep)
    }

    fn undo(&mut self) -> Reply {
        let Some(step) = self.history.pop() else {
            return Reply::Note("There is no decision to take back.");
        };
        for (index, answer) in step.before {
            self.entries[index].answer = answer;
        }
        self.at = step.at;
        Reply::Show
    }

    fn back(&mut self) -> Reply {
        match self.at.checked_sub(1) {
            Some(at) => self.move_to(at),
            None => Reply::Note("This is the first one."),
        }
    }

    fn forward(&mut self) -> Reply {
        match self.at + 1 {
            at if at < self.entries.len() => self.move_to(at),
            _ => Reply::Note("This is the last one."),
        }
    }

    fn move_to(&mut self, at: usize) -> Reply {
        self.at = at;
        Reply::Show
    }

    fn next_alternative(&mut self) -> Reply {
        match self.entries.get_mut(self.at) {
            Some(entry) if entry.item.alternatives > 1 => {
                entry.shown = (entry.shown + 1) % entry.item.alternatives;
                Reply::Show
            }
            _ => Reply::Note("There is no other fix for this one."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &str = "unclosed-rows";
    const OPEN: &str = "per-request-sql-open";

    fn session(items: &[(&str, &str)]) -> Session {
        Session::new(items.iter().map(|(rule, file)| item(rule, file)))
    }

    fn item(rule: &str, file: &str) -> Item {
        Item {
            rule: rule.to_owned(),
            file: file.to_owned(),
            alternatives: 2,
        }
    }

    /// Four proposals in two files.
    fn four() -> Session {
        session(&[(ROWS, "a.go"), (OPEN, "a.go"), (ROWS, "b.go"), (ROWS, "a.go")])
    }

    fn press(session: &mut Session, keys: &str) -> Reply {
        let mut reply = Reply::Show;
        for key in keys.chars() {
            reply = session.obey(Command::of(key).expect("a key with a command"));
        }
        reply
    }

    /// One letter for each proposal: y, n, s, or `.` while it is open.
    fn answers(session: &Session) -> String {
        let letter = |index| match session.answer(index) {
            Some(Answer::Accept(_)) => 'y',
            Some(Answer::Decline) => 'n',
            Some(Answer::Suppress(_)) => 's',
            None => '.',
        };
        (0..session.count()).map(letter).collect()
    }

    #[test]
    fn yes_and_no_walk_to_the_end() {
        let mut session = four();
        assert_eq!(press(&mut session, "yny"), Reply::Show);
        assert_eq!(session.position(), 3);
        assert_eq!(press(&mut session, "n"), Reply::Done(Ending::Keep));
        assert_eq!(answers(&session), "ynyn");
    }

    #[test]
    fn quit_keeps_what_was_accepted_and_leaves_the_rest() {
        let mut session = four();
        assert_eq!(press(&mut session, "yq"), Reply::Done(Ending::Keep));
        assert_eq!(answers(&session), "ynnn");
    }

    #[test]
    fn quit_and_restore_ends_whatever_is_open() {
        let mut session = four();
        assert_eq!(press(&mut session, "yQ"), Reply::Done(Ending::Restore));
    }

    #[test]
    fn the_rest_of_a_file_starts_here() {
        let mut session = four();
        press(&mut session, "ja");
        assert_eq!(answers(&session), ".y.y");
        assert_eq!(session.position(), 2);
        assert_eq!(press(&mut session, "d"), Reply::Show);
        assert_eq!(answers(&session), ".yny");
        assert_eq!(session.position(), 0);
    }

    #[test]
    fn a_rule_is_decided_everywhere_but_not_over_earlier_decisions() {
        let mut session = four();
        press(&mut session, "njA");
        assert_eq!(answers(&session), "n.yy");
        let mut session = four();
        press(&mut session, "x");
        assert_eq!(answers(&session), "n.nn");
        assert_eq!(session.position(), 1);
    }

    #[test]
    fn undo_takes_back_one_decision_with_all_it_covered() {
        let mut session = four();
        press(&mut session, "nj");
        press(&mut session, "A");
        assert_eq!(session.last_covered(), 2);
        assert_eq!(press(&mut session, "u"), Reply::Show);
        assert_eq!((answers(&session).as_str(), session.position()), ("n...", 2));
        press(&mut session, "u");
        assert_eq!((answers(&session).as_str(), session.position()), ("....", 0));
        assert!(matches!(press(&mut session, "u"), Reply::Note(_)));
    }

    #[test]
    fn a_decision_can_be_changed_by_going_back() {
        let mut session = four();
        assert_eq!(press(&mut session, "yk"), Reply::Show);
        assert_eq!(session.position(), 0);
        press(&mut session, "n");
        assert_eq!((answers(&session).as_str(), session.position()), ("n...", 1));
        press(&mut session, "u");
        assert_eq!((answers(&session).as_str(), session.position()), ("y...", 0));
    }

    #[test]
    fn moving_stops_at_both_ends() {
        let mut session = four();
        assert!(matches!(press(&mut session, "k"), Reply::Note(_)));
        press(&mut session, "jjj");
        assert!(matches!(press(&mut session, "j"), Reply::Note(_)));
        assert_eq!(session.position(), 3);
    }

    #[test]
    fn what_was_passed_over_is_asked_again_at_the_end() {
        let mut session = four();
        assert_eq!(press(&mut session, "jnnn"), Reply::Show);
        assert_eq!(session.position(), 0);
        assert_eq!(press(&mut session, "y"), Reply::Done(Ending::Keep));
    }

    #[test]
    fn tab_goes_around_the_alternatives_and_yes_takes_the_one_on_show() {
        let mut session = four();
        press(&mut session, "	");
        assert_eq!(session.alternative(), (1, 2));
        press(&mut session, "		y");
        assert_eq!(session.answer(0), Some(&Answer::Accept(1)));
        let single = Item {
            alternatives: 1,
            ..item(ROWS, "a.go")
        };
        let mut session = Session::new([single]);
        assert!(matches!(press(&mut session, "	"), Reply::Note(_)));
    }

    #[test]
    fn a_hand_edit_is_accepted_and_survives_every_later_decision() {
        let mut session = four();
        assert_eq!(press(&mut session, "e"), Reply::Edit);
        assert_eq!(session.edited(), Reply::Show);
        assert_eq!(session.answer(0), Some(&Answer::Accept(2)));
        press(&mut session, "u");
        assert_eq!((session.answer(0), session.alternative()), (None, (2, 3)));
        press(&mut session, "y");
        assert_eq!(session.answer(0), Some(&Answer::Accept(2)));
        press(&mut session, "kA");
        assert_eq!(session.answer(0), Some(&Answer::Accept(2)));
        assert_eq!(session.answer(2), Some(&Answer::Accept(0)));
    }

    #[test]
    fn a_suppression_needs_a_reason() {
        let mut session = four();
        assert_eq!(press(&mut session, "s"), Reply::AskReason);
        assert!(matches!(session.suppress(" 	"), Reply::Note(_)));
        assert_eq!(session.answer(0), None);
        assert_eq!(session.suppress(" closed by the caller "), Reply::Show);
        let reason = Answer::Suppress("closed by the caller".to_owned());
        assert_eq!(session.answer(0), Some(&reason));
    }

    #[test]
    fn asking_for_help_or_a_page_decides_nothing() {
        let mut session = four();
        assert_eq!(press(&mut session, "?"), Reply::Help);
        assert_eq!(press(&mut session, "i"), Reply::Explain);
        assert_eq!(answers(&session), "....");
    }

    #[test]
    fn an_empty_session_bears_every_key() {
        let mut session = Session::new([]);
        for key in "ynadeAxukj\tsi?".chars() {
            press(&mut session, &key.to_string());
        }
        assert_eq!(session.count(), 0);
    }
}
