//! The rules by name: listed, explained, and found again when mistyped.

use std::io::{self, Write};
use std::sync::Arc;

use anyhow::{Result, bail};
use serde::Serialize;

use super::args::{Explain, ListFormat, Rules};
use super::console::Console;
use super::exit::Exit;
use crate::config::{Config, nearest};
use crate::report::{RulePage, write_json};
use crate::transform::{Applicability, Family, Rule, Severity};
use crate::transforms::suite;

#[derive(Serialize)]
struct Listed<'a> {
    rule: &'a str,
    title: &'a str,
    family: Family,
    severity: Severity,
    applicability: Applicability,
    transform: &'a str,
}

/// Every rule of the suite and of the config's rows, by name.
fn all(config: &Config) -> Vec<Arc<Rule>> {
    let mut rules: Vec<Arc<Rule>> = suite()
        .iter()
        .flat_map(|transform| transform.rules(config))
        .collect();
    rules.sort_by(|a, b| a.slug.cmp(&b.slug));
    rules
}

pub fn list(args: &Rules, console: &Console) -> Result<Exit> {
    let config = args.settings.config(&[], None, false)?;
    let rules = all(&config);
    let listed: Vec<Listed<'_>> = rules.iter().map(|rule| listed(rule)).collect();
    console.product(None, |out| match args.format {
        ListFormat::Json => write_json(out, &listed),
        ListFormat::Text => write_table(out, &listed),
    })?;
    Ok(Exit::Clean)
}

fn listed(rule: &Rule) -> Listed<'_> {
    Listed {
        rule: &rule.slug,
        title: &rule.title,
        family: rule.family,
        severity: rule.severity,
        applicability: rule.applicability,
        transform: rule.transform,
    }
}

fn write_table(out: &mut dyn Write, rules: &[Listed<'_>]) -> io::Result<()> {
    let width = rules.iter().map(|rule| rule.rule.len()).max().unwrap_or_default();
    for rule in rules {
        // Padding applies to text, and these display themselves.
        let (severity, applicability) = (rule.severity.to_string(), rule.applicability.to_string());
        writeln!(
            out,
            "{:width$}  {severity:8}  {applicability:12}  {}",
            rule.rule, rule.title
        )?;
    }
    Ok(())
}

pub fn explain(args: &Explain, console: &Console) -> Result<Exit> {
    let config = args.settings.config(&[], None, false)?;
    known_in(&config, std::slice::from_ref(&args.rule))?;
    let page = page_of(&config, &args.rule).unwrap_or_default();
    console.product(None, |out| writeln!(out, "{}", page.trim_end()))?;
    Ok(Exit::Clean)
}

/// The page of the transform that serves the rule.
pub fn page_of(config: &Config, slug: &str) -> Option<&'static str> {
    let found = pages(config).into_iter().find(|held| *held.rule.slug == *slug);
    found.map(|held| held.page)
}

/// Every rule with the page of the transform that serves it.
pub fn pages(config: &Config) -> Vec<RulePage> {
    let of = |rule: &Rule| {
        suite()
            .iter()
            .find(|transform| transform.name() == rule.transform)
    };
    let page = |rule: Arc<Rule>| RulePage {
        page: of(&rule).map_or("", |transform| transform.page()),
        rule,
    };
    all(config).into_iter().map(page).collect()
}

/// Refuses names that no rule of the suite has.
pub fn known(names: &[String]) -> Result<()> {
    known_in(&Config::default(), names)
}

/// Refuses names that no rule has, the config's own included.
pub fn known_in(config: &Config, names: &[String]) -> Result<()> {
    let rules = all(config);
    for name in names {
        if rules.iter().any(|rule| *rule.slug == **name) {
            continue;
        }
        match nearest(name, rules.iter().map(|rule| &*rule.slug)) {
            Some(slug) => bail!("there is no rule `{name}`; did you mean `{slug}`?"),
            None => bail!("there is no rule `{name}`; `unleak rules` lists them"),
        }
    }
    Ok(())
}
