//! The suite's own word on a change: what was repaired is gone, and nothing new came.

use super::{Chosen, Rejection, Rung};
use crate::pipeline::Analysis;

/// Compares the findings around a change. Those that stay keep the fingerprint they had, so that a person is
/// not asked twice about one finding because its equal beside it was repaired.
pub(super) fn carry(before: &Analysis, chosen: &[&Chosen], after: &mut Analysis) -> Result<(), Rejection> {
    let is_chosen = |at: &usize| chosen.iter().any(|fix| fix.proposal == *at);
    let mut stay: Vec<usize> = (0..before.proposals.len()).filter(|at| !is_chosen(at)).collect();
    let partial = chosen.iter().filter(|fix| fix.by_hand || fix.fix.lessens);
    let mut may_stay: Vec<usize> = partial.map(|fix| fix.proposal).collect();
    let mut partner: Vec<Option<usize>> = vec![None; after.proposals.len()];
    for candidates in [&mut stay, &mut may_stay] {
        // First by the whole key; what a fix has reworded is then known by rule and function.
        for alike in [Analysis::same_key, Analysis::akin_key] {
            for (at, partner) in partner.iter_mut().enumerate().filter(|(_, held)| held.is_none()) {
                let found = candidates.iter().position(|&old| alike(before, old, after, at));
                *partner = found.map(|found| candidates.remove(found));
            }
        }
    }
    if let Some(at) = partner.iter().position(Option::is_none) {
        return Err(unexpected(before, chosen, after, at));
    }
    for (proposal, old) in after.proposals.iter_mut().zip(partner.into_iter().flatten()) {
        proposal.fingerprint = before.proposals[old].fingerprint.clone();
    }
    Ok(())
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
        rung: Rung::Recheck,
        evidence: format!("the result {what} {} at {}:{line}", finding.rule.slug, file.path),
    }
}
