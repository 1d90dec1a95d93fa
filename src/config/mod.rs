//! What a user can set: plain data, filled by the outer floors. [`parse`] reads it from the text of a config file.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::analysis::Resource;
use crate::facts::Facts;
use crate::frameworks::Framework;
use crate::rating::{Applicability, Confidence, Severity};

mod file;
mod paths;
mod renamed;

pub use file::{Fault, Parsed, nearest, parse};
pub use paths::PathPatterns;

/// How an opened pool is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PoolStyle {
    /// `init` where every argument is known then, `once` elsewhere.
    #[default]
    Auto,
    /// Always open at first use.
    Once,
}

/// Limits set on a hoisted `*sql.DB`; `None` leaves database/sql's own (none).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    pub style: PoolStyle,
    pub max_open_conns: Option<u32>,
    /// In minutes.
    pub conn_max_lifetime: Option<u32>,
}

impl Default for Pool {
    fn default() -> Self {
        Pool {
            style: PoolStyle::Auto,
            max_open_conns: Some(25),
            conn_max_lifetime: Some(5),
        }
    }
}

/// What a user makes of a rule's own severity and promise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleChange {
    pub severity: Option<Severity>,
    /// What the rule's fixes count as. Advice stays advice.
    pub applicability: Option<Applicability>,
}

impl RuleChange {
    /// What a fix that promises `promised` counts as.
    pub fn applied_to(self, promised: Applicability) -> Applicability {
        match (promised, self.applicability) {
            (Applicability::DisplayOnly, _) | (_, None) => promised,
            (_, Some(changed)) => changed,
        }
    }

    fn over(self, before: RuleChange) -> RuleChange {
        RuleChange {
            severity: self.severity.or(before.severity),
            applicability: self.applicability.or(before.applicability),
        }
    }
}

/// What holds for the files of some paths only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Override {
    pub paths: PathPatterns,
    pub ignore: Vec<String>,
    pub unfixable: Vec<String>,
    pub min_confidence: Option<Confidence>,
    pub rules: BTreeMap<String, RuleChange>,
}

/// Whose facts count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Profile {
    /// Fiber's where go.mod or the imports name it, else those of all frameworks that are known.
    #[default]
    Auto,
    /// Every rule, with Fiber's handlers alone.
    Fiber,
    /// The rules that need no framework, with the handlers of net/http, gin, echo and chi as well.
    General,
}

/// Which rules run and how they repair.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    pub profile: Profile,
    /// Rule slugs; empty means all.
    pub select: Vec<String>,
    pub ignore: Vec<String>,
    /// Rules whose fixes may be applied; empty means all.
    pub fixable: Vec<String>,
    pub unfixable: Vec<String>,
    /// Findings of which the analysis is less sure are left out.
    pub min_confidence: Confidence,
    /// Files that are not searched.
    pub exclude: PathPatterns,
    pub rules: BTreeMap<String, RuleChange>,
    /// Later ones have the last word.
    pub overrides: Vec<Override>,
    /// Leads from the folder that the patterns start in to where names start: `services/api/`, or nothing.
    pub prefix: String,
    /// The other way round, where names start above that folder.
    pub folder: String,
    pub pool: Pool,
    /// A team's own `[[resource]]` rows.
    pub resources: Vec<Resource>,
    /// A team's own `[[client]]` rows.
    pub clients: Vec<Resource>,
    /// Frameworks that a team describes in `[[framework]]` rows.
    pub frameworks: Vec<Framework>,
    /// What is known of functions, a team's own sections before the rest.
    pub facts: Facts,
    /// Where the config spells something as it was spelt before, and how it is spelt now.
    pub hints: Vec<String>,
}

impl Config {
    /// Whether a finding of the rule in the file `path` is wanted, of which the analysis is `confidence` sure.
    pub fn wants(&self, path: &str, slug: &str, confidence: Confidence) -> bool {
        let local = || self.overrides_of(path);
        let ignored = local().any(|held| is_in(slug, &held.ignore));
        let asked = local().filter_map(|held| held.min_confidence).last();
        is_listed(slug, &self.select, &self.ignore)
            && !ignored
            && confidence >= asked.unwrap_or(self.min_confidence)
    }

    /// Whether fixes of the rule may be applied to the file `path`.
    pub fn fixes(&self, path: &str, slug: &str) -> bool {
        let kept = self.overrides_of(path).any(|held| is_in(slug, &held.unfixable));
        is_listed(slug, &self.fixable, &self.unfixable) && !kept
    }

    /// What the user makes of the rule in the file `path`.
    pub fn change_of(&self, path: &str, slug: &str) -> RuleChange {
        let own = self.rules.get(slug).copied().unwrap_or_default();
        let local = self.overrides_of(path).filter_map(|held| held.rules.get(slug));
        local.fold(own, |before, change| change.over(before))
    }

    /// Whether the file `path` is not to be searched.
    pub fn excludes(&self, path: &str) -> bool {
        !self.exclude.is_empty() && self.exclude.matches(&self.named(path))
    }

    fn overrides_of(&self, path: &str) -> impl Iterator<Item = &Override> {
        let path = self.named(path);
        self.overrides
            .iter()
            .filter(move |held| held.paths.matches(&path))
    }

    /// A name of the run, as the patterns see it.
    fn named(&self, path: &str) -> String {
        match path.strip_prefix(&self.folder) {
            Some(below) => format!("{}{below}", self.prefix),
            None => format!("../{path}"),
        }
    }
}

fn is_listed(slug: &str, wanted: &[String], unwanted: &[String]) -> bool {
    (wanted.is_empty() || is_in(slug, wanted)) && !is_in(slug, unwanted)
}

fn is_in(slug: &str, list: &[String]) -> bool {
    list.iter().any(|name| name == slug)
}
