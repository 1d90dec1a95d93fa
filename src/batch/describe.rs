//! The text of a merge request: why, what per rule, how safe, how to opt out. A template that users may replace.

use anyhow::{Context, Result, anyhow};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::cache::OPT_OUT;
use super::campaign::Terms;
use super::unit::{Unit, UnitFinding};
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
    repaired: Vec<&'a UnitFinding>,
    left: Vec<&'a UnitFinding>,
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
        repaired: of(Outcome::Fixed).collect(),
        left,
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
