//! Releases that a loop defers: each waits for the end of the function, and every turn acquires once more.

use std::sync::Arc;

use super::turn::{self, body_of, loop_around};
use super::unreleased::Unreleased;
use super::{exits, release};
use crate::analysis::request::request_path;
use crate::analysis::{Acquisition, Effect, Handle, Lifetime, Lost, deferred};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Declaration, Meaning};
use crate::rating::Severity;
use crate::transform::{Applicability, Confidence, Family, Finding, Reason, Refusal, Related, Remedy, Rule};

/// Fewer turns than this do no harm.
const MANY: u64 = 10;

/// A resource of which every turn leaves one open until the function returns.
pub struct Piled<'a> {
    /// As if no release were deferred.
    open: Unreleased<'a>,
    looped: Node<'a>,
    /// The statement that defers the release.
    defer: Node<'a>,
    /// Every such statement of the same loop.
    releases: Vec<Node<'a>>,
}

/// Those among the acquisitions of one or more functions.
pub fn piled<'a>(acquisitions: &[Acquisition<'a>]) -> Vec<Piled<'a>> {
    let mut found: Vec<Piled<'a>> = acquisitions.iter().filter_map(Piled::of).collect();
    let defers: Vec<_> = found
        .iter()
        .map(|site| (site.open.acquisition.at, site.looped, site.defer))
        .collect();
    for site in &mut found {
        let same = |(at, looped, _): &&(_, _, _)| *at == site.open.acquisition.at && *looped == site.looped;
        site.releases = defers.iter().filter(same).map(|(.., defer)| *defer).collect();
    }
    found
}

/// The rule of all of them in one family.
pub fn piled_rule(family: Family, severity: Severity, transform: &'static str) -> Rule {
    let (slug, what) = match family {
        Family::Cancel => ("cancel-in-loop", "cancel functions"),
        _ => ("defer-in-loop", "releases"),
    };
    Rule {
        slug: Arc::from(slug),
        title: format!("A loop defers {what}, which all wait for the end of the function"),
        family,
        severity,
        applicability: Applicability::Safe,
        transform,
    }
}

impl<'a> Piled<'a> {
    fn of(acquisition: &Acquisition<'a>) -> Option<Piled<'a>> {
        let looped = loop_around(acquisition)?;
        let body = body_of(looped)?;
        let is_followed = matches!(acquisition.handle, Handle::Local(_)) && !acquisition.resource.set_up_only;
        let is_short =
            has_few_turns(acquisition.at, looped) || (acquisition.ends_with_process() && !is_endless(looped));
        // What a command or a job piles up is given back when it is done; requests come together.
        let matters = || is_endless(looped) || request_path(acquisition.at, looped).is_some();
        (is_followed && !is_short && matters()).then_some(())?;
        let whole = Lifetime::of(acquisition)?;
        (whole.repeats && whole.losses.is_empty()).then_some(())?;
        let mut released = whole
            .mentions
            .iter()
            .filter(|mention| mention.effect == Effect::Release);
        let defer = released.find_map(|mention| deferred(mention.node, acquisition.function))?;
        let lifetime = Lifetime::undeferred(acquisition)?;
        let stays = lifetime.mentions.iter().all(|mention| {
            let works = matches!(mention.effect, Effect::Pass | Effect::Touch | Effect::Release);
            works && body.contains(mention.node)
        });
        let goes_on = lifetime
            .losses
            .iter()
            .any(|loss| loss.certain && goes_on(loss.how));
        (stays && goes_on && body.contains(defer)).then(|| Piled {
            open: Unreleased {
                acquisition: *acquisition,
                lifetime,
            },
            looped,
            defer,
            releases: Vec::new(),
        })
    }

    /// What people are told.
    pub fn finding(&self, family: Family, transform: &'static str) -> Finding {
        let (acquisition, subject) = (&self.open.acquisition, self.open.subject());
        let verb = &acquisition.resource.verb;
        let more = match acquisition.resource.called {
            true => "makes one more context",
            false => "leaves one more open",
        };
        Finding {
            rule: Arc::new(piled_rule(family, self.severity(), transform)),
            place: acquisition.at.place(acquisition.statement),
            message: format!(
                "`{subject}` is {verb} only when the function returns, and every turn of the loop {more}"
            ),
            confidence: Confidence::High,
            function: Some(acquisition.at.title()),
            related: vec![Related {
                place: acquisition.at.place(self.defer),
                message: "deferred here to the end of the function, not of the turn".to_owned(),
            }],
        }
    }

    /// The acquisition, as one whose release is not deferred.
    pub fn open(&self) -> &Unreleased<'a> {
        &self.open
    }

    /// A loop that ends gives back what it piled up.
    fn severity(&self) -> Severity {
        let severity = self.open.acquisition.resource.severity;
        match is_endless(self.looped) {
            true => severity,
            false => severity.min(Severity::Medium),
        }
    }

    /// A turn as a function of its own; else a release at each end of the turn in place of the defer, which a panic
    /// passes by.
    pub fn fixes(&self) -> Remedy {
        let at = self.open.acquisition.at;
        let whole = turn::as_function(&self.open.acquisition, self.looped, &self.releases, Vec::new());
        let whole = whole.and_then(|edits| {
            let title = format!(
                "Make a turn of the loop a function, so that it ends with its `{}`",
                self.open.subject()
            );
            release::fix_of(at, title, Applicability::Safe, edits).ok_or_else(crowded)
        });
        let at_ends = exits::released_at_ends(&self.open, self.defer);
        match (whole, at_ends) {
            (Ok(whole), at_ends) => Ok([whole].into_iter().chain(at_ends).collect()),
            (Err(_), Some(at_ends)) => Ok(vec![at_ends]),
            (Err(refusal), None) => Err(refusal),
        }
    }
}

fn crowded() -> Refusal {
    Refusal::new(
        Reason::ControlFlow,
        "the places to change lie too close together: move what one turn does to a function of its own",
    )
}

fn goes_on(lost: Lost<'_>) -> bool {
    match lost {
        Lost::End(_) | Lost::Overwritten(_) => true,
        Lost::Jump(jump) => jump.is(Kind::ContinueStatement),
        Lost::Exit(_) => false,
    }
}

/// `for { … }`
fn is_endless(looped: Node<'_>) -> bool {
    looped.children().all(|part| part.is(Kind::Block))
}

/// Whether the loop says that it takes a few turns only: over a literal, or up to a small number.
fn has_few_turns(at: Declaration<'_>, looped: Node<'_>) -> bool {
    let header = looped.children().find(|part| !part.is(Kind::Block));
    let bound = header.and_then(|header| match header.kind() {
        Kind::ForClause => header.field(Field::Condition)?.field(Field::Right),
        _ => header.field(Field::Right),
    });
    bound.is_some_and(|bound| is_few(at, bound.unparenthesized()))
}

fn is_few(at: Declaration<'_>, bound: Node<'_>) -> bool {
    match bound.kind() {
        Kind::CompositeLiteral => true,
        Kind::IntLiteral => bound.text().parse::<u64>().is_ok_and(|turns| turns < MANY),
        Kind::Identifier => {
            value_of(at, bound).is_some_and(|value| value.is(Kind::IntLiteral) && is_few(at, value))
        }
        _ => false,
    }
}

/// What a name is declared as, where that is one value.
fn value_of<'a>(at: Declaration<'a>, name: Node<'a>) -> Option<Node<'a>> {
    let declared = match at.scopes().binding_of(name) {
        Some(binding) => at.tree().node(at.scopes().get(binding).origin),
        None => match at.resolve(name) {
            Meaning::Package(declaration) => {
                let mut specs = declaration.tree().root().subtree();
                specs.find(|spec| spec.fields(Field::Name).any(|held| held.text() == name.text()))?
            }
            _ => return None,
        },
    };
    let values = declared.field(Field::Value).or(declared.field(Field::Right))?;
    values.child(0).filter(|_| values.children().count() == 1)
}
