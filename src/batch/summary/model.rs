//! What a campaign came to, as every format of the summary tells it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::batch::campaign::Terms;
use crate::batch::ledger::Entry;
use crate::batch::state::State;
use crate::batch::unit::{Unit, UnitFinding};
use crate::transform::{Outcome, Reason, Severity};

/// What a campaign came to.
#[derive(Debug, Serialize)]
pub struct Summary {
    pub campaign: String,
    pub version: String,
    pub repositories: Vec<RepositoryLine>,
    pub rules: Vec<RuleLine>,
    pub refusals: Vec<RefusalLine>,
    pub findings: Vec<FindingLine>,
}

/// How the findings of something ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All but the suppressed ones.
    pub findings: usize,
    pub fixed: usize,
    pub refused: usize,
    /// Declined, deferred or failed.
    pub left: usize,
    pub suppressed: usize,
}

#[derive(Debug, Serialize)]
pub struct RepositoryLine {
    pub repository: String,
    pub key: String,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    pub state: State,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub commit: String,
    /// Go files seen.
    pub files: usize,
    #[serde(flatten)]
    pub counts: Counts,
}

#[derive(Debug, Serialize)]
pub struct RuleLine {
    pub rule: String,
    pub title: String,
    /// In a sentence or two.
    pub why: String,
    pub severity: Severity,
    /// In how many it came up.
    pub repositories: usize,
    #[serde(flatten)]
    pub counts: Counts,
}

#[derive(Debug, Serialize)]
pub struct RefusalLine {
    pub rule: String,
    pub reason: Reason,
    pub findings: usize,
    pub repositories: usize,
}

#[derive(Debug, Serialize)]
pub struct FindingLine {
    pub repository: String,
    #[serde(flatten)]
    pub finding: UnitFinding,
}

impl Counts {
    fn add(&mut self, finding: &UnitFinding) {
        self.findings += usize::from(finding.outcome != Outcome::Suppressed);
        match finding.outcome {
            Outcome::Fixed => self.fixed += 1,
            Outcome::Refused => self.refused += 1,
            Outcome::Suppressed => self.suppressed += 1,
            Outcome::Declined | Outcome::Deferred | Outcome::Failed => self.left += 1,
        }
    }
}

impl Summary {
    /// `units` are parallel to `entries`.
    pub fn new(terms: &Terms, entries: &[Entry], units: Vec<Option<Unit>>) -> Summary {
        let repositories = entries
            .iter()
            .zip(&units)
            .map(|(entry, unit)| line(entry, unit.as_ref()));
        let repositories = repositories.collect();
        let units: Vec<Unit> = units.into_iter().flatten().collect();
        let (rules, refusals) = (rules(&units), refusals(&units));
        let findings = units.into_iter().flat_map(|unit| {
            let repository = unit.repository;
            unit.findings.into_iter().map(move |finding| FindingLine {
                repository: repository.clone(),
                finding,
            })
        });
        Summary {
            campaign: terms.campaign.clone(),
            version: terms.version.clone(),
            repositories,
            rules,
            refusals,
            findings: findings.collect(),
        }
    }

    /// How many repositories stand so.
    pub fn count(&self, states: &[State]) -> usize {
        let lines = self.repositories.iter();
        lines.filter(|line| states.contains(&line.state)).count()
    }

    pub fn total(&self) -> Counts {
        let mut counts = Counts::default();
        self.findings.iter().for_each(|line| counts.add(&line.finding));
        counts
    }
}

fn line(entry: &Entry, unit: Option<&Unit>) -> RepositoryLine {
    let mut counts = Counts::default();
    let findings = unit.into_iter().flat_map(|unit| &unit.findings);
    findings.for_each(|finding| counts.add(finding));
    RepositoryLine {
        repository: entry.name.clone(),
        key: entry.key.clone(),
        reference: entry.reference.clone(),
        state: entry.state,
        message: entry.message.clone(),
        commit: entry.base.clone(),
        files: unit.map_or(0, |unit| unit.files),
        counts,
    }
}

fn rules(units: &[Unit]) -> Vec<RuleLine> {
    let mut rules: BTreeMap<&str, RuleLine> = BTreeMap::new();
    for unit in units {
        for note in &unit.rules {
            let line = rules.entry(&note.rule).or_insert_with(|| RuleLine {
                rule: note.rule.clone(),
                title: note.title.trim_end_matches('.').to_owned(),
                why: note.why.clone(),
                severity: note.severity,
                repositories: 0,
                counts: Counts::default(),
            });
            line.repositories += 1;
            let findings = unit.findings.iter().filter(|finding| finding.rule == note.rule);
            findings.for_each(|finding| line.counts.add(finding));
        }
    }
    rules.into_values().collect()
}

fn refusals(units: &[Unit]) -> Vec<RefusalLine> {
    // Repositories come one after the other, so the last one seen tells whether this one is new.
    let mut refusals: BTreeMap<(&str, Reason), (usize, usize, &str)> = BTreeMap::new();
    for unit in units {
        for finding in unit.findings.iter().filter(|it| it.outcome == Outcome::Refused) {
            if let Some(refusal) = &finding.refusal {
                let (findings, repositories, last) = refusals
                    .entry((&finding.rule, refusal.reason))
                    .or_insert((0, 0, ""));
                *findings += 1;
                *repositories += usize::from(*last != unit.repository);
                *last = &unit.repository;
            }
        }
    }
    let lines = refusals
        .into_iter()
        .map(|((rule, reason), (findings, repositories, _))| RefusalLine {
            rule: rule.to_owned(),
            reason,
            findings,
            repositories,
        });
    lines.collect()
}
