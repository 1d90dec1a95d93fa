//! Groups of errgroup whose context nobody ends: it is cancelled when Wait returns, or when a function fails.

use std::sync::Arc;

use super::NAME;
use crate::analysis::{Lost, Resource};
use crate::facts;
use crate::go::cfg::{Exit, Point};
use crate::go::syntax::Field;
use crate::rating::Severity;
use crate::repair::{self, Unreleased};
use crate::transform::{Applicability, Family, Finding, Pass, Reason, Refusal, Rule};

fn groups<'f>() -> impl Iterator<Item = &'f Resource> {
    facts::libraries().flat_map(|library| &library.groups)
}

pub(super) fn rule() -> Arc<Rule> {
    Rule::new(
        NAME,
        "unawaited-group",
        "An error group is not awaited on every path, so that nothing ends its context",
        Family::Cancel,
        Severity::Low,
        Applicability::DisplayOnly,
    )
}

pub(super) fn needles() -> Vec<String> {
    vec!["errgroup.WithContext(".to_owned()]
}

/// Every group of the package that some path leaves alone, for certain.
pub(super) fn collect<'a>(pass: &'a Pass<'a>) -> Vec<Unreleased<'a>> {
    let lost = repair::collect(pass, groups(), &needles()).into_iter();
    lost.filter(leaves_work).collect()
}

/// Whether the group is left behind a start of some function, for certain.
fn leaves_work(site: &Unreleased<'_>) -> bool {
    let flow = &site.lifetime.flow;
    let starts = site.lifetime.mentions.iter().filter(|mention| {
        let selector = mention.node.parent();
        let method = selector.and_then(|selector| selector.field(Field::Field));
        method.is_some_and(|method| matches!(method.text(), "Go" | "TryGo"))
    });
    let starts: Vec<_> = starts.filter_map(|mention| flow.point_of(mention.node)).collect();
    let mut losses = site.lifetime.losses.iter().filter(|loss| loss.certain);
    losses.any(|loss| {
        let lost = loss.how.node();
        let leads = |start: &Point| match loss.how {
            Lost::Exit(Exit::Return(_)) | Lost::Jump(_) => {
                flow.reaches(start.after(), |node| node == lost, |_| false)
            }
            _ => true,
        };
        starts.iter().any(leads)
    })
}

pub(super) fn finding(site: &Unreleased<'_>) -> Finding {
    let finding = site.finding(Family::Cancel, NAME);
    Finding {
        rule: rule(),
        message: format!(
            "{}: its context ends only when Wait returns or a function fails, and the errors of its functions are lost",
            finding.message
        ),
        ..finding
    }
}

pub(super) fn refusal() -> Refusal {
    Refusal::new(
        Reason::NeedsDecision,
        "call Wait on every path, if the function can wait for what it started; else make the context with \
         context.WithCancel, and call its cancel function where the work ends",
    )
}
