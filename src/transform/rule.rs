//! What a rule is: the class of leaks that it names.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::rating::{Applicability, Severity, spelled_as_serialized};

/// What kind of thing leaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    Release,
    Pool,
    Goroutine,
    Channel,
    Retain,
    Timer,
    Cancel,
    Syncpool,
}

spelled_as_serialized!(Family);

/// The identity of one leak class. A value, so a row of a user's config is a rule like ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Names the defect: `unclosed-rows`.
    pub slug: Arc<str>,
    /// One line for lists.
    pub title: String,
    pub family: Family,
    pub severity: Severity,
    /// The best that a fix of this rule promises.
    pub applicability: Applicability,
    /// The folder in `transforms/` that repairs it.
    pub transform: &'static str,
}

impl Rule {
    /// A rule of ours, as opposed to those that rows of tables describe.
    pub fn new(
        transform: &'static str,
        slug: &str,
        title: &str,
        family: Family,
        severity: Severity,
        applicability: Applicability,
    ) -> Arc<Self> {
        Arc::new(Rule {
            slug: slug.into(),
            title: title.to_owned(),
            family,
            severity,
            applicability,
            transform,
        })
    }
}
