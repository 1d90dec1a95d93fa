//! The rules and needles of a table of resources.

use std::sync::Arc;

use crate::analysis::Resource;
use crate::transform::{Applicability, Family, Rule};

/// The rules of a table, each once.
pub fn rules<'r>(
    table: impl IntoIterator<Item = &'r Resource>,
    family: Family,
    transform: &'static str,
) -> Vec<Arc<Rule>> {
    let mut rules: Vec<Arc<Rule>> = Vec::new();
    for row in table {
        if !rules.iter().any(|held| *held.slug == *row.rule) {
            rules.push(Arc::new(rule_of(row, family, transform)));
        }
    }
    rules
}

pub(super) fn rule_of(row: &Resource, family: Family, transform: &'static str) -> Rule {
    let title = match row.title.is_empty() {
        true => format!("A {} is not {} on every path", row.name, row.verb),
        false => row.title.clone(),
    };
    Rule {
        slug: Arc::from(&*row.rule),
        title,
        family,
        severity: row.severity,
        applicability: Applicability::Safe,
        transform,
    }
}

/// Literals of which a declaration must hold one to acquire by this table.
pub fn needles<'r>(table: impl IntoIterator<Item = &'r Resource>) -> Vec<String> {
    let keys = table.into_iter().flat_map(|row| &row.acquire);
    let mut needles: Vec<String> = keys.map(|key| format!(".{}(", key.name)).collect();
    needles.sort();
    needles.dedup();
    needles
}
