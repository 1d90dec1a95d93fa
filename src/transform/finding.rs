//! A leak as people are told of it, and how it ends.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Remedy, Rule};
use crate::go::Place;
use crate::rating::Confidence;

/// A leak, told to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub rule: Arc<Rule>,
    /// Where the resource is acquired.
    pub place: Place,
    pub message: String,
    pub confidence: Confidence,
    /// The declared function or method that holds the place: `queryHandler`, `(*Server).list`.
    pub function: Option<String>,
    pub related: Vec<Related>,
}

/// A further place that explains a finding: the acquire, the return that leaks, a caller on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    pub place: Place,
    pub message: String,
}

impl Related {
    /// The first of many places; the last of them says how many there are besides.
    pub fn first(shown: usize, mut all: Vec<Related>) -> Vec<Related> {
        let more = all.len().saturating_sub(shown);
        all.truncate(shown);
        if let (1.., Some(last)) = (more, all.last_mut()) {
            let places = if more == 1 { "place" } else { "places" };
            last.message
                .push_str(&format!(", and so in {more} more {places}"));
        }
        all
    }
}

/// A finding with what can be done about it: what a person is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    pub finding: Finding,
    /// The fixes, best first; the others are its alternatives. Never empty.
    pub remedy: Remedy,
    /// Rule, package, function, snippet and ordinal as one hex string: survives moved lines.
    pub fingerprint: String,
}

/// How a finding ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Fixed,
    Refused,
    Deferred,
    Declined,
    Failed,
    Suppressed,
}
