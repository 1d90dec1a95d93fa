//! The suite's own word on a change: what was repaired is gone, and nothing new came.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Check, Chosen, Rejection};
use crate::engine::{Analysis, Engine, analyze};
use crate::go::Package;

/// Compares the findings around a change. Those that stay keep the fingerprint they had, so that a person is
/// not asked twice about one finding because its equal beside it was repaired.
pub(super) fn carry(before: &Analysis, chosen: &[&Chosen], after: &mut Analysis) -> Result<(), Rejection> {
    let is_chosen = |at: &usize| chosen.iter().any(|fix| fix.proposal == *at);
    let mut stay: Vec<usize> = (0..before.proposals.len()).filter(|at| !is_chosen(at)).collect();
    let partial = chosen.iter().filter(|fix| fix.by_hand || fix.fix.lessens);
    let mut may_stay: Vec<usize> = partial.map(|fix| fix.proposal).collect();
    let partners = partners(before, [&mut stay, &mut may_stay], after);
    if let Some(at) = partners.iter().position(Option::is_none) {
        return Err(unexpected(before, chosen, after, at));
    }
    rename(before, &partners, after);
    Ok(())
}

/// Gives the findings of a package that others changed the fingerprints they had before.
pub fn recognize(before: &Analysis, after: &mut Analysis) {
    let mut all = (0..before.proposals.len()).collect();
    let partners = partners(before, [&mut all], after);
    rename(before, &partners, after);
}

/// For each finding of `after`, the same one among the candidates of `before`, the first list first.
fn partners<const N: usize>(
    before: &Analysis,
    candidates: [&mut Vec<usize>; N],
    after: &Analysis,
) -> Vec<Option<usize>> {
    let mut partners: Vec<Option<usize>> = vec![None; after.proposals.len()];
    for candidates in candidates {
        // First by the whole key; what a fix has reworded is then known by rule and function.
        for alike in [Analysis::same_key, Analysis::akin_key] {
            for (at, partner) in partners.iter_mut().enumerate().filter(|(_, held)| held.is_none()) {
                let found = candidates.iter().position(|&old| alike(before, old, after, at));
                *partner = found.map(|found| candidates.remove(found));
            }
        }
    }
    partners
}

fn rename(before: &Analysis, partners: &[Option<usize>], after: &mut Analysis) {
    for (proposal, partner) in after.proposals.iter_mut().zip(partners) {
        if let Some(old) = partner {
            proposal.fingerprint = before.proposals[*old].fingerprint.clone();
        }
    }
}

/// The other packages that a change reaches into say nothing new either, each as the one under analysis.
pub(super) fn others(
    before: &Package,
    after: &Package,
    touched: &BTreeSet<Arc<str>>,
    engine: &Engine<'_>,
) -> Result<(), Rejection> {
    let others = touched.iter().filter(|path| **path != before.path);
    let mut pairs = others.filter_map(|path| Some((before.seen_from(path)?, after.seen_from(path)?)));
    pairs.try_for_each(|(old, new)| carry(&analyze(old, engine), &[], &mut analyze(new, engine)))
}

fn unexpected(before: &Analysis, chosen: &[&Chosen], after: &Analysis, at: usize) -> Rejection {
    let remains = chosen
        .iter()
        .any(|fix| Analysis::akin_key(before, fix.proposal, after, at));
    let finding = &after.proposals[at].finding;
    let file = after.package.file(finding.place.file);
    let line = file.lines().position(finding.place.span.start).line;
    let what = if remains { "still finds" } else { "newly finds" };
    Rejection {
        rung: Check::Recheck,
        evidence: format!("the result {what} {} at {}:{line}", finding.rule.slug, file.path),
    }
}
