//! From what a person answered to what the engine is told.

use std::collections::{BTreeSet, HashMap};

use super::dialogue::Dialogue;
use super::questions::Questions;
use super::session::{Answer, Session};
use super::subject::Subject;
use crate::engine::{Analysis, Decided, Decision, allowed_fixes, suppress};

/// The answers for each package of the questions.
pub fn of(questions: &Questions<'_>, dialogue: &Dialogue<'_>) -> Vec<Decided> {
    let answers = Answers {
        subjects: &dialogue.subjects,
        session: &dialogue.session,
    };
    let decided = |analysis| {
        let mut decisions = unasked(questions, analysis);
        decisions.extend(answers.decisions(analysis));
        Decided::new(decisions)
    };
    questions.analyses.iter().map(decided).collect()
}

/// Findings that were not asked about are declined with the reason. By fingerprint, as all answers of one package.
fn unasked(questions: &Questions<'_>, analysis: &Analysis) -> HashMap<String, Decision> {
    let declined = |proposal: &crate::transform::Proposal| {
        let why = allowed_fixes(proposal, questions.unsafe_fixes).err()?;
        Some((proposal.fingerprint.clone(), Decision::Decline(why)))
    };
    analysis.proposals.iter().filter_map(declined).collect()
}

struct Answers<'d, 'a> {
    subjects: &'d [Subject<'a>],
    session: &'d Session,
}

impl<'a> Answers<'_, 'a> {
    fn decisions(&self, analysis: &Analysis) -> impl Iterator<Item = (String, Decision)> {
        let subjects = self.subjects.iter().enumerate();
        let of_package = subjects.filter(|(_, subject)| std::ptr::eq(subject.analysis, analysis));
        of_package.map(|(at, subject)| {
            let fingerprint = subject.proposal.fingerprint.clone();
            (fingerprint, self.decision(subject, self.session.answer(at)))
        })
    }

    fn decision(&self, subject: &Subject<'a>, answer: Option<&Answer>) -> Decision {
        match answer {
            Some(Answer::Accept(at)) => subject.acceptance(*at),
            Some(Answer::Decline) => Decision::Decline("declined in the review".to_owned()),
            Some(Answer::Suppress(_)) => self.suppression(subject),
            None => Decision::Later,
        }
    }

    /// One comment for all findings of a line that are suppressed: of two, one would stand too far up.
    fn suppression(&self, subject: &Subject<'a>) -> Decision {
        let (mut rules, mut reasons) = (BTreeSet::new(), BTreeSet::new());
        for (at, other) in self.subjects.iter().enumerate() {
            if let Some(Answer::Suppress(reason)) = self.session.answer(at)
                && is_beside(subject, other)
            {
                rules.insert(&*other.finding().rule.slug);
                reasons.insert(reason.as_str());
            }
        }
        let rules: Vec<&str> = rules.into_iter().collect();
        let reasons: Vec<&str> = reasons.into_iter().collect();
        let package = &subject.analysis.package;
        Decision::Suppress(suppress(
            package,
            subject.finding().place,
            &rules,
            &reasons.join("; "),
        ))
    }
}

/// Whether both start on the same line.
fn is_beside(subject: &Subject<'_>, other: &Subject<'_>) -> bool {
    let file = |subject: &Subject<'_>| subject.finding().place.file;
    std::ptr::eq(subject.analysis, other.analysis)
        && file(subject) == file(other)
        && subject.line() == other.line()
}

#[cfg(test)]
mod tests {
    use super::super::command::Command;
    use super::super::toy;
    use super::*;
    use crate::config::Config;
    use crate::engine::{Ending, repair};
    use crate::transform::Outcome;

    /// How the findings of `source` end, and what the file is then, when the session went like this.
    fn outcome(source: &str, unsafe_fixes: bool, talk: impl Fn(&mut Session)) -> (Vec<Ending>, String) {
        let mut analyses = vec![toy::analysis(source)];
        let config = Config::default();
        let questions = Questions {
            analyses: &analyses,
            config: &config,
            unsafe_fixes,
            explain: &|_| String::new(),
        };
        let subjects = questions.subjects();
        let mut session = Session::new(subjects.iter().map(Subject::item));
        talk(&mut session);
        let answers = Answers {
            subjects: &subjects,
            session: &session,
        };
        let mut decisions = unasked(&questions, &analyses[0]);
        decisions.extend(answers.decisions(&analyses[0]));
        let repaired = repair(
            analyses.remove(0),
            &toy::engine(&config),
            &mut Decided::new(decisions),
        );
        let new = repaired.changes.first().map(|change| change.new.clone());
        (
            repaired.endings,
            String::from_utf8(new.unwrap_or_default()).unwrap(),
        )
    }

    #[test]
    fn a_suppression_is_a_comment_with_the_reason_above_the_line() {
        let (endings, new) = outcome(toy::SOURCE, false, |session| {
            session.suppress("closed by use");
        });
        assert_eq!(endings[0].outcome, Outcome::Suppressed);
        let comment = "\t//unleak:ignore unclosed-toy closed by use\n\tx := open()\n";
        assert!(new.contains(comment), "{new}");
    }

    #[test]
    fn findings_on_one_line_share_one_comment() {
        let source = toy::SOURCE.replace("open()", "open(twice)");
        let (endings, new) = outcome(&source, false, |session| {
            session.suppress("one");
            session.suppress("two");
        });
        assert_eq!(endings.len(), 2);
        assert!(endings.iter().all(|ending| ending.outcome == Outcome::Suppressed));
        let comment = "\t//unleak:ignore twice-toy,unclosed-toy one; two\n\tx := open(twice)\n";
        assert!(new.contains(comment), "{new}");
    }

    #[test]
    fn what_is_declined_or_not_offered_stays() {
        let (endings, new) = outcome(toy::SOURCE, false, |session| {
            session.obey(Command::Decline);
        });
        assert_eq!((endings[0].outcome, new.as_str()), (Outcome::Declined, ""));
        let source = toy::SOURCE.replace("open()", "open(unsafe)");
        let (endings, new) = outcome(&source, false, |session| assert_eq!(session.count(), 0));
        assert_eq!((endings[0].outcome, new.as_str()), (Outcome::Declined, ""));
        assert!(
            endings[0]
                .note
                .as_deref()
                .unwrap_or_default()
                .contains("--unsafe-fixes")
        );
        let (endings, _) = outcome(&source, true, |session| {
            session.obey(Command::Accept);
        });
        assert_eq!(endings[0].outcome, Outcome::Fixed);
    }

    #[test]
    fn the_alternative_on_show_is_the_one_applied() {
        let (_, new) = outcome(toy::SOURCE, true, |session| {
            session.obey(Command::NextAlternative);
            session.obey(Command::Accept);
        });
        assert!(new.contains("\tx := open()\n\tio.Close(x)\n"), "{new}");
    }
}
