//! The page that people look at: one file, no network, everything escaped.

use anyhow::{Result, anyhow};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Counts, Summary};
use crate::batch::state::State;
use crate::transform::Outcome;

const PAGE: &str = include_str!("page.html");
const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");

/// Repositories in the chart; all of them are in the table.
const MOST_BARS: usize = 20;

/// Letters that fit beside a bar.
const LONGEST_LABEL: usize = 30;

/// The width that the longest bar has.
const WIDTH: usize = 290;

#[derive(Serialize)]
struct Facts<'a> {
    style: &'a str,
    script: &'a str,
    /// Lets the browser run our script and no other, whatever a finding says.
    script_hash: String,
    summary: &'a Summary,
    total: Counts,
    states: Vec<(State, usize)>,
    rule_chart: Chart,
    repository_chart: Chart,
    findings: Vec<Shown<'a>>,
    outcomes: Vec<Outcome>,
}

/// Bars from the most findings to the fewest.
#[derive(Serialize)]
struct Chart {
    bars: Vec<Bar>,
    height: usize,
    hidden: usize,
}

#[derive(Serialize)]
struct Bar {
    /// What a click filters by.
    value: String,
    label: String,
    y: usize,
    counts: Counts,
    fixed: usize,
    refused: usize,
    left: usize,
}

/// A finding with its diff cut into lines.
#[derive(Serialize)]
struct Shown<'a> {
    line: &'a super::FindingLine,
    diff: Vec<(&'static str, &'a str)>,
}

pub fn page(summary: &Summary) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let of_template = |error: minijinja::Error| anyhow!("cannot make the page: {error:#}");
    environment.add_template("page", PAGE).map_err(of_template)?;
    let page = environment.get_template("page").map_err(of_template)?;
    page.render(Serde(facts(summary))).map_err(of_template)
}

fn facts(summary: &Summary) -> Facts<'_> {
    let states = [
        State::Repaired,
        State::Clean,
        State::OptedOut,
        State::Retryable,
        State::Failed,
        State::Pending,
        State::Running,
    ];
    let states = states.map(|state| (state, summary.count(&[state])));
    let rules = summary.rules.iter().map(|line| (line.rule.clone(), line.counts));
    let repositories = summary.repositories.iter();
    let repositories = repositories.map(|line| (line.repository.clone(), line.counts));
    Facts {
        style: STYLE,
        script: SCRIPT,
        script_hash: format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(SCRIPT))),
        summary,
        total: summary.total(),
        states: states.into_iter().filter(|(_, count)| *count > 0).collect(),
        rule_chart: chart(rules.collect()),
        repository_chart: chart(repositories.collect()),
        findings: summary.findings.iter().map(shown).collect(),
        outcomes: vec![
            Outcome::Fixed,
            Outcome::Refused,
            Outcome::Declined,
            Outcome::Deferred,
            Outcome::Failed,
            Outcome::Suppressed,
        ],
    }
}

fn chart(mut lines: Vec<(String, Counts)>) -> Chart {
    lines.retain(|(_, counts)| counts.findings > 0);
    lines.sort_by(|(a, one), (b, other)| other.findings.cmp(&one.findings).then(a.cmp(b)));
    let hidden = lines.len().saturating_sub(MOST_BARS);
    lines.truncate(MOST_BARS);
    let most = lines.first().map_or(1, |(_, counts)| counts.findings.max(1));
    // Something is seen of every count.
    let width = |count: usize| match count {
        0 => 0,
        count => (count * WIDTH / most).max(2),
    };
    let bars = lines.into_iter().enumerate().map(|(at, (value, counts))| Bar {
        label: label(&value),
        value,
        y: at * 24,
        counts,
        fixed: width(counts.fixed),
        refused: width(counts.refused),
        left: width(counts.left),
    });
    let bars: Vec<Bar> = bars.collect();
    Chart {
        height: bars.len() * 24,
        bars,
        hidden,
    }
}

/// The end of a name, which tells repositories apart: owner and repository.
fn label(name: &str) -> String {
    let mut parts: Vec<&str> = name.rsplit('/').take(2).collect();
    parts.reverse();
    let short = parts.join("/");
    let length = short.chars().count();
    match length <= LONGEST_LABEL {
        true => short,
        false => format!(
            "…{}",
            short.chars().skip(length - LONGEST_LABEL + 1).collect::<String>()
        ),
    }
}

fn shown(line: &super::FindingLine) -> Shown<'_> {
    let diff = line.finding.fix.as_ref().map_or("", |fix| fix.diff.as_str());
    let kind = |text: &str| match text.as_bytes() {
        [b'@', b'@', ..] => "hunk",
        [b'-', b'-', b'-', b' ', ..] | [b'+', b'+', b'+', b' ', ..] | [b'd', ..] => "file",
        [b'+', ..] => "add",
        [b'-', ..] => "del",
        _ => "same",
    };
    Shown {
        line,
        diff: diff.lines().map(|text| (kind(text), text)).collect(),
    }
}
