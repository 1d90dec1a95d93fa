//! An acquisition whose resource some path loses, and what people are told of it.

use std::sync::Arc;

use super::rules::rule_of;
use crate::analysis::{Acquisition, Effect, Handle, Hold, Lifetime, Lost};
use crate::go::cfg::Exit;
use crate::go::syntax::Node;
use crate::text::Span;
use crate::transform::{Confidence, Family, Finding, Related};

/// How many ways to lose a resource a finding tells of.
pub(super) const MAX_RELATED: usize = 3;

/// An acquisition whose resource some path loses.
pub struct Unreleased<'a> {
    pub acquisition: Acquisition<'a>,
    pub lifetime: Lifetime<'a>,
}

impl<'a> Unreleased<'a> {
    /// What people are told, under the rule of the row.
    pub fn finding(&self, family: Family, transform: &'static str) -> Finding {
        let acquisition = &self.acquisition;
        Finding {
            rule: Arc::new(rule_of(acquisition.resource, family, transform)),
            place: acquisition.at.place(acquisition.statement),
            message: self.message(),
            confidence: match self.is_certain() {
                true => Confidence::High,
                false => Confidence::Low,
            },
            function: Some(acquisition.at.title()),
            related: self.related(),
        }
    }

    pub(super) fn is_certain(&self) -> bool {
        self.lifetime.losses.iter().any(|loss| loss.certain)
    }

    /// The name of the function that came with the resource and is there to release it, where it may do more than that.
    pub(super) fn release_beside(&self) -> Option<&'a str> {
        let beside = self.acquisition.yields.beside;
        let mut names = self
            .acquisition
            .holders()
            .into_iter()
            .filter(|(_, hold)| *hold == Hold::Release);
        let name = names
            .next()
            .filter(|_| beside.does_more() && names.next().is_none());
        name.map(|(name, _)| &*self.acquisition.at.scopes().get(name).name)
    }

    /// The local name that holds the resource.
    pub(super) fn name(&self) -> Option<&'a str> {
        match self.acquisition.handle {
            Handle::Local(binding) => Some(&self.acquisition.at.scopes().get(binding).name),
            _ => None,
        }
    }

    /// What has to be released, as the code calls it or could call it: `resp.Body`.
    pub(super) fn subject(&self) -> String {
        let resource = self.acquisition.resource;
        let name = self.name().unwrap_or(&resource.name);
        match &resource.part {
            Some(part) => format!("{name}.{part}"),
            None => name.to_owned(),
        }
    }

    fn message(&self) -> String {
        let verb = &self.acquisition.resource.verb;
        let subject = self.subject();
        match (self.name(), self.lifetime.is_ever_released()) {
            (None, _) => format!("`{subject}` is dropped here and can never be {verb}"),
            (_, true) => format!("`{subject}` is not {verb} on every path"),
            (_, false) => format!("`{subject}` is never {verb}"),
        }
    }

    /// The places where the resource is lost, the certain ones first.
    fn related(&self) -> Vec<Related> {
        let losses = &self.lifetime.losses;
        let certain = losses.iter().filter(|loss| loss.certain);
        let uncertain = losses.iter().filter(|loss| !loss.certain);
        let told = certain.chain(uncertain).map(|loss| self.told(loss.how));
        Related::first(MAX_RELATED, told.collect())
    }

    fn told(&self, lost: Lost<'_>) -> Related {
        let (subject, at) = (self.subject(), self.acquisition.at);
        let state = match &*self.acquisition.resource.verb {
            "closed" => format!("while `{subject}` is open"),
            verb => format!("before `{subject}` is {verb}"),
        };
        let message = match lost {
            Lost::Exit(Exit::Return(_)) => format!("returns here {state}"),
            Lost::Exit(_) => format!("the function ends here {state}"),
            Lost::Jump(_) => format!("goes on here {state}"),
            Lost::End(_) => format!("this turn of the loop ends {state}"),
            Lost::Overwritten(_) => format!("`{subject}` gets another value here while the last one is open"),
        };
        Related {
            place: at.place_of(place_of(lost)),
            message,
        }
    }
}

/// Where people look for a loss: the closing brace of a body that just ends.
pub(super) fn place_of(lost: Lost<'_>) -> Span {
    let node: Node<'_> = lost.node();
    match lost {
        Lost::Exit(Exit::FallOff(_)) | Lost::End(_) => Span::new(node.end().saturating_sub(1), node.end()),
        _ => node.span(),
    }
}

impl<'a> Unreleased<'a> {
    /// The local name, for sites that have one.
    pub(super) fn held_name(&self) -> &'a str {
        self.name().unwrap_or_default()
    }

    /// The mentions that release.
    pub(super) fn releases(&self) -> Vec<Node<'a>> {
        let mentions = self.lifetime.mentions.iter();
        let released = mentions.filter(|mention| mention.effect == Effect::Release);
        released.map(|mention| mention.node).collect()
    }
}
