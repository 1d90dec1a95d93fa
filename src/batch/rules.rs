//! What a change description says about a rule, taken from the rule's own page.

use std::collections::BTreeSet;

use super::unit::{RuleNote, Unit};
use crate::config::Config;
use crate::transform::Suite;

/// The rules that came up in a unit, by name.
pub fn notes(unit: &Unit, suite: &Suite, config: &Config) -> Vec<RuleNote> {
    let met: BTreeSet<&str> = unit
        .findings
        .iter()
        .map(|finding| finding.rule.as_str())
        .collect();
    let mut notes = Vec::new();
    for transform in suite {
        let page = transform.page();
        for rule in transform.rules(config) {
            if met.contains(&*rule.slug) {
                notes.push(RuleNote {
                    rule: rule.slug.to_string(),
                    title: rule.title.clone(),
                    severity: rule.severity,
                    why: paragraph(page, "Why it leaks"),
                    safety: paragraph(page, "Is the fix safe?"),
                });
            }
        }
    }
    notes.sort_by(|a, b| a.rule.cmp(&b.rule));
    notes
}

/// The first paragraph under a heading, as one line.
fn paragraph(page: &str, heading: &str) -> String {
    let lines = page.lines().skip_while(|line| {
        let title = line.trim_start_matches('#');
        title.len() == line.len() || title.trim() != heading
    });
    let text = lines.skip(1).skip_while(|line| line.trim().is_empty());
    let text: Vec<&str> = text
        .take_while(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(str::trim)
        .collect();
    text.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_is_found_under_its_heading() {
        let page = "# x\n\n## Why it leaks\n\nOne\ntwo.\n\nThree.\n## Is the fix safe?\nYes.\n";
        assert_eq!(paragraph(page, "Why it leaks"), "One two.");
        assert_eq!(paragraph(page, "Is the fix safe?"), "Yes.");
        assert_eq!(paragraph(page, "Nowhere"), "");
    }
}
