//! A batch of fixes: as many of them as hold together.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{Check, Chosen, Passed, Rejection, check};
use crate::engine::{Analysis, Engine};

/// What the gate says about one fix of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Accepted,
    Rejected(Rejection),
    /// It failed beside fixes that passed: to be tried again on their result.
    Conflicting,
}

/// What the gate let through.
pub struct Admission {
    /// The package with every accepted fix in it; `None` where none was.
    pub passed: Option<Passed>,
    /// Parallel to the batch.
    pub verdicts: Vec<Verdict>,
}

/// Lets as much of the batch through as holds. A batch that fails is halved until the guilty fix is alone; the
/// others are kept.
pub fn admit(before: &Analysis, batch: &[Chosen], engine: &Engine<'_>) -> Admission {
    let mut bisection = Bisection {
        before,
        batch,
        engine,
        accepted: Vec::new(),
        admission: Admission {
            passed: None,
            verdicts: vec![Verdict::Accepted; batch.len()],
        },
    };
    let all: Vec<usize> = (0..batch.len()).collect();
    bisection.admit(&all);
    bisection.admission
}

static WRONG_FIXES_EXPECTED: AtomicBool = AtomicBool::new(false);

/// From here on a fix that the checker refuses is no reason to panic: for tests that make wrong fixes on purpose.
pub fn expect_wrong_fixes() {
    WRONG_FIXES_EXPECTED.store(true, Ordering::Relaxed);
}

/// A fix of ours that by itself does not compile is a bug of ours: a debug build says so at once. Where a person wrote
/// the fix, the bug is theirs.
fn blame(chosen: &Chosen, rejection: &Rejection) {
    let is_bug = rejection.rung == Check::Checker && !chosen.by_hand;
    debug_assert!(
        !is_bug || WRONG_FIXES_EXPECTED.load(Ordering::Relaxed),
        "the fix `{}` is wrong: {rejection}",
        chosen.fix.title
    );
}

struct Bisection<'a> {
    before: &'a Analysis,
    batch: &'a [Chosen],
    engine: &'a Engine<'a>,
    accepted: Vec<usize>,
    admission: Admission,
}

impl Bisection<'_> {
    fn admit(&mut self, candidates: &[usize]) {
        if candidates.is_empty() {
            return;
        }
        let together: Vec<usize> = self.accepted.iter().chain(candidates).copied().collect();
        let fixes: Vec<&Chosen> = together.iter().map(|&at| &self.batch[at]).collect();
        match (check(self.before, &fixes, self.engine), candidates) {
            (Ok(passed), _) => {
                self.admission.passed = Some(passed);
                self.accepted = together;
            }
            (Err(rejection), &[guilty]) => {
                self.admission.verdicts[guilty] = match self.accepted.is_empty() {
                    true => {
                        blame(&self.batch[guilty], &rejection);
                        Verdict::Rejected(rejection)
                    }
                    false => Verdict::Conflicting,
                };
            }
            (Err(_), candidates) => {
                let (left, right) = candidates.split_at(candidates.len() / 2);
                self.admit(left);
                self.admit(right);
            }
        }
    }
}
