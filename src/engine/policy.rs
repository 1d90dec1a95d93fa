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
        let fix = match allowed_fixes(proposal, self.unsafe_fixes) {
            Ok(fixes) => fixes[0],
            Err(why) => return Decision::Decline(why),
        };
        let is_full = self.max_fixes.is_some_and(|limit| self.taken.len() >= limit);
        if is_full && !self.taken.contains(&proposal.fingerprint) {
            return Decision::Later;
        }
        self.taken.insert(proposal.fingerprint.clone());
        Decision::Apply(fix.clone())
    }
}

/// The fixes of a proposal that may be applied, at least one; or why none may.
pub fn allowed_fixes(proposal: &Proposal, unsafe_fixes: bool) -> Result<Vec<&Fix>, String> {
    let allows = |fix: &&Fix| match fix.applicability {
        Applicability::Safe => true,
        Applicability::Unsafe => unsafe_fixes,
        Applicability::DisplayOnly => false,
    };
    let fixes = proposal.remedy.iter().flatten();
    let allowed: Vec<&Fix> = fixes.clone().filter(allows).collect();
    if !allowed.is_empty() {
        return Ok(allowed);
    }
    let mut left = fixes.map(|fix| fix.applicability);
    Err(
        match left.any(|applicability| applicability == Applicability::Unsafe) {
            true => "its fix may change behaviour: --unsafe-fixes applies it".to_owned(),
            false => "its fix is advice only".to_owned(),
        },
    )
}

impl Choose for Automatic {
    fn choose(&mut self, round: &Round<'_>) -> Vec<Decision> {
        round.open.iter().map(|proposal| self.decide(proposal)).collect()
    }
}

/// Answers that a person gave for a whole run, by fingerprint. A fix that had to wait, for a round or for other
/// packages, is made anew on the new source; it is the approved one when it bears the same title.
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
        let is_first = self.asked.insert(proposal.fingerprint.clone());
        match answer {
            Decision::Apply(approved) => {
                let mut fixes = proposal.remedy.iter().flatten();
                let same = fixes.find(|fix| fix.title == approved.title);
                same.cloned().map_or(Decision::Later, Decision::Apply)
            }
            Decision::Edited(_) | Decision::Suppress(_) if !is_first => Decision::Later,
            other => other.clone(),
        }
    }
}

impl Choose for Decided {
    fn choose(&mut self, round: &Round<'_>) -> Vec<Decision> {
        round.open.iter().map(|proposal| self.answer(proposal)).collect()
    }
}
