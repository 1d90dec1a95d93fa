//! Ready choosers: without a person, or with a person's answers given beforehand.

use std::collections::{HashMap, HashSet};

use super::{Choose, Decision, Round};
use crate::transform::{Applicability, Fix, Proposal};

/// Applies the first fix of each finding that keeps its promise, up to a limit.
#[derive(Clone, Debug, Default)]
pub struct Automatic {
    /// Takes fixes that may change behaviour too.
    pub unsafe_fixes: bool,
    pub max_fixes: Option<usize>,
    /// Fingerprints of what the limit was spent on.
    taken: HashSet<String>,
}

impl Automatic {
    pub fn new(unsafe_fixes: bool, max_fixes: Option<usize>) -> Self {
        Automatic {
            unsafe_fixes,
            max_fixes,
            taken: HashSet::new(),
        }
    }

    fn decide(&mut self, proposal: &Proposal) -> Decision {
        let fixes = proposal.remedy.iter().flatten();
        let Some(fix) = fixes.clone().find(|fix| self.allows(fix)) else {
            let may_be_unsafe = fixes
                .clone()
                .any(|fix| fix.applicability == Applicability::Unsafe);
            return Decision::Decline(match may_be_unsafe {
                true => "its fix may change behaviour: --unsafe-fixes applies it".to_owned(),
                false => "its fix is advice only".to_owned(),
            });
        };
        let is_full = self.max_fixes.is_some_and(|limit| self.taken.len() >= limit);
        if is_full && !self.taken.contains(&proposal.fingerprint) {
            return Decision::Later;
        }
        self.taken.insert(proposal.fingerprint.clone());
        Decision::Apply(fix.clone())
    }

    fn allows(&self, fix: &Fix) -> bool {
        match fix.applicability {
            Applicability::Safe => true,
            Applicability::Unsafe => self.unsafe_fixes,
            Applicability::DisplayOnly => false,
        }
    }
}

impl Choose for Automatic {
    fn choose(&mut self, round: &Round<'_>) -> Vec<Decision> {
        round.open.iter().map(|proposal| self.decide(proposal)).collect()
    }
}

/// Answers that a person gave for a whole run, by fingerprint. A fix that had to wait a round is made anew on
/// the new source; it is the approved one when it bears the same title.
#[derive(Clone, Debug, Default)]
pub struct Decided {
    answers: HashMap<String, Decision>,
    asked: HashSet<String>,
}

impl Decided {
    pub fn new(answers: HashMap<String, Decision>) -> Self {
        Decided {
            answers,
            asked: HashSet::new(),
        }
    }

    fn answer(&mut self, proposal: &Proposal) -> Decision {
        let Some(answer) = self.answers.get(&proposal.fingerprint) else {
            return Decision::Later;
        };
        if self.asked.insert(proposal.fingerprint.clone()) {
            return answer.clone();
        }
        match answer {
            Decision::Apply(approved) => {
                let mut fixes = proposal.remedy.iter().flatten();
                let same = fixes.find(|fix| fix.title == approved.title);
                same.cloned().map_or(Decision::Later, Decision::Apply)
            }
            Decision::Suppress(_) => Decision::Later,
            other => other.clone(),
        }
    }
}

impl Choose for Decided {
    fn choose(&mut self, round: &Round<'_>) -> Vec<Decision> {
        round.open.iter().map(|proposal| self.answer(proposal)).collect()
    }
}
