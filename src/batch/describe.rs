//! The text of a merge request: why, what per rule, how safe, how to opt out. A template that users may replace.

use anyhow::{Context, Result, anyhow};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::cache::OPT_OUT;
use super::campaign::Terms;
use super::unit::{Unit, UnitFinding};
use crate::text::printable;
use crate::transform::{Outcome, Severity};

/// The template that is used unless the user gives one.
pub const TEMPLATE: &str = include_str!("change.md");

/// What a template may use.
#[derive(Serialize)]
struct Facts<'a> {
    title: String,
    repository: &'a str,
    commit: &'a str,
    campaign: &'a str,
    branch: String,
    found: usize,
    fixed: usize,
    repaired: Vec<UnitFinding>,
    left: Vec<UnitFinding>,
    rules: Vec<RuleLine<'a>>,
    gofmt: bool,
    unsafe_fixes: bool,
    opt_out: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
struct RuleLine<'a> {
    rule: &'a str,
    title: &'a str,
    severity: Severity,
    why: &'a str,
    safety: &'a str,
    fixed: usize,
    left: usize,
}

/// Says what is wrong with a template before a campaign begins.
pub fn check(template: &str) -> Result<()> {
    environment(template).map(drop)
}

/// What the merge request is called.
pub fn title(unit: &Unit) -> String {
    match unit.count(Outcome::Fixed) {
        1 => "Repair a resource leak".to_owned(),
        count => format!("Repair {count} resource leaks"),
    }
}

/// Fills the template in for one repository.
pub fn describe(unit: &Unit, terms: &Terms) -> Result<String> {
    let environment = environment(&terms.template)?;
    let of = |wanted: Outcome| unit.findings.iter().filter(move |it| it.outcome == wanted);
    let is_left = |it: &&UnitFinding| !matches!(it.outcome, Outcome::Fixed | Outcome::Suppressed);
    let left: Vec<&UnitFinding> = unit.findings.iter().filter(is_left).collect();
    let rules: Vec<RuleLine<'_>> = unit
        .rules
        .iter()
        .map(|note| RuleLine {
            rule: &note.rule,
            title: note.title.trim_end_matches('.'),
            severity: note.severity,
            why: &note.why,
            safety: &note.safety,
            fixed: of(Outcome::Fixed).filter(|it| it.rule == note.rule).count(),
            left: left.iter().filter(|it| it.rule == note.rule).count(),
        })
        .collect();
    let facts = Facts {
        title: title(unit),
        repository: &unit.repository,
        commit: &unit.commit,
        campaign: &terms.campaign,
        branch: format!("unleak/{}", terms.campaign),
        found: unit.found(),
        fixed: unit.count(Outcome::Fixed),
        repaired: of(Outcome::Fixed).map(harmless).collect(),
        left: left.into_iter().map(harmless).collect(),
        rules,
        gofmt: terms.repairs.gofmt,
        unsafe_fixes: terms.repairs.unsafe_fixes,
        opt_out: OPT_OUT,
        version: &terms.version,
    };
    let text = environment.get_template("change")?.render(Serde(facts));
    text.map_err(|error| anyhow!("{error:#}"))
        .context("cannot fill in the template")
}

/// The finding in words that stay on their line and in their quotes: names of files are up to the repository, and what
/// they say must not stand in a merge request as if we said it.
fn harmless(finding: &UnitFinding) -> UnitFinding {
    let line = |text: &String| printable(text.as_bytes()).into_owned();
    let lines = |texts: &[String]| texts.iter().map(line).collect();
    let mut told = finding.clone();
    told.path = line(&finding.path).replace('`', "'");
    told.function = finding.function.as_ref().map(line);
    told.message = line(&finding.message);
    told.note = finding.note.as_ref().map(line);
    told.related = lines(&finding.related);
    told.remains = lines(&finding.remains);
    if let Some(refusal) = &mut told.refusal {
        refusal.message = line(&refusal.message);
    }
    if let Some(fix) = &mut told.fix {
        fix.title = line(&fix.title);
    }
    told
}

fn environment(template: &str) -> Result<Environment<'_>> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_syntax(SyntaxConfig::builder().keep_trailing_newline(true).build()?);
    let added = environment.add_template("change", template);
    added
        .map_err(|error| anyhow!("{error:#}"))
        .context("the template cannot be read")?;
    Ok(environment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_say_nothing_in_our_name() {
        let finding: UnitFinding = serde_json::from_value(serde_json::json!({
            "rule": "unclosed-file", "severity": "medium", "confidence": "high", "fingerprint": "x",
            "path": "a`\n\n# Please run this\n`.go", "line": 1, "column": 1,
            "message": "`f` is never closed", "outcome": "declined", "note": "b\n.go is read-only",
        }))
        .unwrap();
        let told = harmless(&finding);
        assert_eq!(told.path, "a'\\u{a}\\u{a}# Please run this\\u{a}'.go");
        assert_eq!(told.message, "`f` is never closed");
        assert_eq!(told.note.as_deref(), Some("b\\u{a}.go is read-only"));
    }
}
