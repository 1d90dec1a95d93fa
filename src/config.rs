//! What a user can set: plain data, filled by the outer floors.

use crate::leak::Resource;
use crate::transform::Confidence;

/// How an opened pool is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
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

/// Which rules run and how they repair.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Rule slugs; empty means all.
    pub select: Vec<String>,
    pub ignore: Vec<String>,
    /// Rules whose fixes may be applied; empty means all.
    pub fixable: Vec<String>,
    pub unfixable: Vec<String>,
    /// Findings of which the analysis is less sure are left out.
    pub min_confidence: Confidence,
    pub pool: Pool,
    /// A team's own `[[resource]]` rows.
    pub resources: Vec<Resource>,
}

impl Config {
    /// Whether findings of the rule are wanted.
    pub fn selects(&self, slug: &str) -> bool {
        is_listed(slug, &self.select, &self.ignore)
    }

    /// Whether fixes of the rule may be applied.
    pub fn fixes(&self, slug: &str) -> bool {
        is_listed(slug, &self.fixable, &self.unfixable)
    }
}

fn is_listed(slug: &str, wanted: &[String], unwanted: &[String]) -> bool {
    let named = |list: &[String]| list.iter().any(|name| name == slug);
    (wanted.is_empty() || named(wanted)) && !named(unwanted)
}
