//! The rounds over one package: who was asked about what, and how it ended.

use std::collections::{BTreeSet, HashMap};
use std::{iter, mem};

use super::analysis::reaches_out;
use super::{Analysis, Choose, Decision, Ending, Engine, Repaired, Round};
use crate::engine::plan::{Change, Plan, PlanError, compose};
use crate::engine::verify::{self, Chosen, Verdict};
use crate::go::{FileId, Package};
use crate::transform::{Fix, Outcome, Proposal, Sources};

pub(super) struct Run<'a> {
    engine: &'a Engine<'a>,
    first: Analysis,
    /// After the last accepted change.
    latest: Option<Analysis>,
    changes: Vec<Change>,
    /// By fingerprint; a deferred one is open still.
    endings: HashMap<String, Ending>,
    /// Whether fixes may edit files of other packages: nobody else does so meanwhile.
    may_reach_out: bool,
    /// Files that others changed since the first analysis: what was written for them by hand may not fit.
    moved: BTreeSet<FileId>,
}

impl<'a> Run<'a> {
    pub(super) fn new(first: Analysis, engine: &'a Engine<'a>) -> Self {
        Run {
            engine,
            first,
            latest: None,
            changes: Vec::new(),
            endings: HashMap::new(),
            may_reach_out: false,
            moved: BTreeSet::new(),
        }
    }

    /// The same, with no other package under repair.
    pub(super) fn reaching_out(self) -> Self {
        Run {
            may_reach_out: true,
            ..self
        }
    }

    /// The same from where others left the files: `now`, with those changed that `moved`.
    pub(super) fn continuing(self, mut now: Analysis, moved: BTreeSet<FileId>) -> Self {
        verify::recognize(&self.first, &mut now);
        Run {
            latest: Some(now),
            moved,
            ..self
        }
    }

    fn current(&self) -> &Analysis {
        self.latest.as_ref().unwrap_or(&self.first)
    }

    /// Asks about every open proposal and notes the answers. What is to be applied, and fits together, comes back.
    pub(super) fn choose(&mut self, chooser: &mut dyn Choose) -> Vec<Chosen> {
        let analysis = self.latest.as_ref().unwrap_or(&self.first);
        let open: Vec<usize> = (0..analysis.proposals.len())
            .filter(|&at| self.is_open(analysis, &analysis.proposals[at]))
            .collect();
        let round = Round {
            analysis,
            open: open.iter().map(|&at| &analysis.proposals[at]).collect(),
        };
        let decisions = chooser
            .choose(&round)
            .into_iter()
            .chain(iter::repeat(Decision::Later));
        let mut decided: Vec<(usize, Decision)> = open.into_iter().zip(decisions).collect();
        // What a person wrote must not wait behind what can be made again.
        decided.sort_by_key(|(_, decision)| !matches!(decision, Decision::Edited(_)));
        let mut sieve = Sieve {
            analysis,
            may_reach_out: self.may_reach_out,
            moved: &self.moved,
            sources: self.engine.sources,
            plan: Plan::new(&analysis.package),
            batch: Vec::new(),
        };
        for (proposal, decision) in decided {
            let fingerprint = analysis.proposals[proposal].fingerprint.clone();
            self.endings.insert(fingerprint, sieve.take(proposal, decision));
        }
        sieve.batch
    }

    fn is_open(&self, analysis: &Analysis, proposal: &Proposal) -> bool {
        let finding = &proposal.finding;
        let path = &analysis.package.file(finding.place.file).path;
        let ending = self.endings.get(&proposal.fingerprint);
        proposal.remedy.is_ok()
            && ending.is_none_or(|ending| ending.outcome == Outcome::Deferred)
            && self.engine.config.fixes(path, &finding.rule.slug)
    }

    /// Puts the batch through the gate and notes each fix's verdict.
    pub(super) fn apply(&mut self, batch: &[Chosen]) {
        let admission = verify::admit(self.current(), batch, self.engine);
        for (chosen, verdict) in batch.iter().zip(admission.verdicts) {
            let proposal = &self.current().proposals[chosen.proposal];
            let ending = match verdict {
                Verdict::Accepted => Ending {
                    remains: remains(&self.current().package, &chosen.fix),
                    ..ended(chosen.outcome, chosen.fix.title.clone())
                },
                Verdict::Rejected(rejection) => ended(Outcome::Failed, rejection.to_string()),
                Verdict::Conflicting => {
                    deferred("its fix does not hold beside another one; the next run tries again")
                }
            };
            self.endings.insert(proposal.fingerprint.clone(), ending);
        }
        if let Some(passed) = admission.passed {
            compose(&mut self.changes, passed.changes);
            self.latest = Some(passed.after);
        }
    }

    pub(super) fn finish(mut self) -> Repaired {
        let mut endings = mem::take(&mut self.endings);
        for left in &self.current().proposals {
            let noted = endings.remove(&left.fingerprint);
            endings.insert(left.fingerprint.clone(), ending_of_remaining(left, noted));
        }
        let went = || ended(Outcome::Fixed, "went with the repair of another finding");
        let ending = |proposal: &Proposal| endings.get(&proposal.fingerprint).cloned().unwrap_or_else(went);
        self.changes.sort_by(|a, b| a.path.cmp(&b.path));
        Repaired {
            endings: self.first.proposals.iter().map(ending).collect(),
            changes: self.changes,
            analysis: self.first,
        }
    }
}

/// Sorts decisions into what this round tries and what it leaves.
struct Sieve<'a> {
    analysis: &'a Analysis,
    may_reach_out: bool,
    moved: &'a BTreeSet<FileId>,
    sources: &'a dyn Sources,
    plan: Plan<'a>,
    batch: Vec<Chosen>,
}

impl Sieve<'_> {
    /// How the proposal stands until the gate has spoken.
    fn take(&mut self, proposal: usize, decision: Decision) -> Ending {
        let by_hand = matches!(decision, Decision::Edited(_));
        if let Decision::Edited(fix) | Decision::Suppress(fix) = &decision
            && fix.edits.iter().any(|(file, _)| self.moved.contains(file))
        {
            return deferred("another repair changed its file meanwhile: decide again in the next run");
        }
        let (fix, outcome) = match decision {
            Decision::Apply(fix) | Decision::Edited(fix) => (fix, Outcome::Fixed),
            Decision::Suppress(fix) => (fix, Outcome::Suppressed),
            Decision::Decline(why) => return ended(Outcome::Declined, why),
            Decision::Later => return deferred("left to a later run"),
        };
        if let Some(path) = self.locked(&fix) {
            let note = format!("{path} is read-only: make it writable, and run again");
            return ended(Outcome::Declined, note);
        }
        if !self.may_take(&fix) {
            return deferred("its fix reaches into other packages; the next run applies it");
        }
        let fix = self.plan.fitted(fix);
        // A fix outside its file goes on to the gate, which says so.
        if self.plan.add(&fix) != Err(PlanError::Overlaps) {
            self.batch.push(Chosen {
                proposal,
                fix,
                outcome,
                by_hand,
            });
        }
        deferred("its fix overlaps another one; the next run applies it")
    }

    /// A file of the fix that cannot be written: the others are repaired all the same.
    fn locked(&self, fix: &Fix) -> Option<&str> {
        let package = &self.analysis.package;
        let files = fix.edits.iter().filter_map(|(file, _)| package.find_file(*file));
        let mut paths = files.map(|file| file.path.as_str());
        paths.find(|path| !self.sources.is_writable(path))
    }

    fn may_take(&self, fix: &Fix) -> bool {
        self.may_reach_out || !reaches_out(&self.analysis.package, fix)
    }
}

/// How a finding ended that is there after the last round.
fn ending_of_remaining(left: &Proposal, noted: Option<Ending>) -> Ending {
    match (noted, &left.remedy) {
        (Some(ending), _) if ending.outcome == Outcome::Fixed => {
            let title = ending.note.unwrap_or_default();
            ended(Outcome::Declined, format!("{title}; the finding is still there"))
        }
        (Some(ending), _) if ending.outcome != Outcome::Deferred => ending,
        (_, Err(refusal)) => ended(Outcome::Refused, refusal.message.clone()),
        (Some(ending), Ok(_)) => ending,
        (None, Ok(_)) => ended(Outcome::Declined, "fixes of this rule are switched off"),
    }
}

fn ended(outcome: Outcome, note: impl Into<String>) -> Ending {
    Ending {
        outcome,
        note: Some(note.into()),
        remains: Vec::new(),
    }
}

/// What the fix leaves, each with its place.
fn remains(package: &Package, fix: &Fix) -> Vec<String> {
    let told = fix.leaves.iter().map(|left| {
        let file = package.file(left.place.file);
        let line = file.lines().position(left.place.span.start).line;
        format!("{}:{line}: {}", file.path, left.message)
    });
    told.collect()
}

fn deferred(note: &str) -> Ending {
    ended(Outcome::Deferred, note)
}
