//! The page that people look at: one file, no network, everything escaped.

use anyhow::{Result, anyhow};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, HtmlEscape, Output, UndefinedBehavior, escape_formatter};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::model::{Counts, Summary};
use crate::batch::state::State;
use crate::text::printable_lines;
use crate::transform::Outcome;

const PAGE: &str = include_str!("page.html");
const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");

/// Repositories in the chart; all of them are in the table.
const MOST_BARS: usize = 20;

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
    /// Repositories with findings: one may choose among them.
    found_in: Vec<&'a str>,
    findings: Vec<Shown<'a>>,
    outcomes: Vec<Outcome>,
}

/// Bars from the most findings to the fewest.
#[derive(Serialize)]
struct Chart {
    bars: Vec<Bar>,
    hidden: usize,
}

#[derive(Serialize)]
struct Bar {
    /// What a click filters by.
    value: String,
    label: String,
    counts: Counts,
    /// The class of each part that is not empty, and its width in hundredths of the longest bar.
    parts: Vec<(&'static str, String)>,
}

/// A finding with its diff cut into lines.
#[derive(Serialize)]
struct Shown<'a> {
    line: &'a super::model::FindingLine,
    diff: Vec<(&'static str, &'a str)>,
}

pub fn page(summary: &Summary) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_formatter(write_value);
    environment.add_filter("word", word);
    environment.add_filter("ticked", ticked);
    environment.add_filter("first_sentence", first_sentence);
    let of_template = |error: minijinja::Error| anyhow!("cannot make the page: {error:#}");
    environment.add_template("page", PAGE).map_err(of_template)?;
    let page = environment.get_template("page").map_err(of_template)?;
    page.render(Serde(facts(summary))).map_err(of_template)
}

/// Writes text of repositories so that nothing in it reorders or hides the rest, and no byte of it is none of HTML.
fn write_value(
    out: &mut Output<'_>,
    state: &mut minijinja::State<'_, '_>,
    value: &Value,
) -> Result<(), minijinja::Error> {
    let Some(text) = value.as_str() else {
        return escape_formatter(out, state, value);
    };
    let plain = printable_lines(text.as_bytes());
    let plain = match value.is_safe() {
        true => Value::from_safe_string(plain),
        false => Value::from(plain),
    };
    escape_formatter(out, state, &plain)
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
    let found_in = repositories.clone();
    let found_in = found_in.filter(|line| line.counts.findings + line.counts.suppressed > 0);
    let found_in = found_in.map(|line| line.repository.as_str());
    let repositories = repositories.map(|line| (line.repository.clone(), line.counts));
    Facts {
        style: STYLE,
        script: SCRIPT,
        script_hash: format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(SCRIPT))),
        summary,
        total: summary.total(),
        states: states.into_iter().filter(|(_, count)| *count > 0).collect(),
        rule_chart: chart(rules.collect()),
        found_in: found_in.collect(),
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
    let width = |count: usize| format!("{:.2}", count as f64 * 100.0 / most as f64);
    let bar = |(value, counts): (String, Counts)| {
        let parts = [("f", counts.fixed), ("r", counts.refused), ("l", counts.left)];
        let seen = parts.into_iter().filter(|(_, count)| *count > 0);
        Bar {
            label: label(&value),
            value,
            counts,
            parts: seen.map(|(class, count)| (class, width(count))).collect(),
        }
    };
    Chart {
        bars: lines.into_iter().map(bar).collect(),
        hidden,
    }
}

/// The end of a name, which tells repositories apart: owner and repository.
fn label(name: &str) -> String {
    let name = name.strip_suffix(".git").unwrap_or(name);
    let mut parts: Vec<&str> = name.rsplit('/').take(2).collect();
    parts.reverse();
    parts.join("/")
}

/// States and outcomes in the words of the page. A repository may be `clean` with findings in it, which people
/// would take for another thing.
fn word(name: &str) -> String {
    let word = match name {
        "fixed" => "repaired",
        "clean" => "unchanged",
        "opted-out" => "opted out",
        "retryable" => "to be tried again",
        "pending" | "running" => "not done",
        other => other,
    };
    word.to_owned()
}

/// A page about a rule says why at more length.
fn first_sentence(text: &str) -> String {
    let end = text.find(". ").map_or(text.len(), |end| end + 1);
    text[..end].to_owned()
}

/// A sentence with what stands between backticks set as code.
fn ticked(text: &str) -> Value {
    let mut html = String::new();
    let parts: Vec<&str> = text.split('`').collect();
    for (at, part) in parts.iter().enumerate() {
        let part = HtmlEscape(part);
        html.push_str(&match (at % 2 == 1, at + 1 < parts.len()) {
            (true, true) => format!("<code>{part}</code>"),
            // A backtick without its pair is one.
            (true, false) => format!("`{part}"),
            (false, _) => part.to_string(),
        });
    }
    Value::from_safe_string(html)
}

fn shown(line: &super::model::FindingLine) -> Shown<'_> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_in_sentences_is_set_as_code_and_stays_text() {
        assert_eq!(
            ticked("`a<b>` leaks; `c").to_string(),
            "<code>a&lt;b&gt;</code> leaks; `c"
        );
        assert_eq!(ticked("plain").to_string(), "plain");
    }

    #[test]
    fn the_parts_of_a_bar_add_up_to_its_length() {
        let counts = |fixed, refused| Counts {
            findings: fixed + refused,
            fixed,
            refused,
            ..Counts::default()
        };
        let lines = [("h.io/o/few", counts(1, 0)), ("h.io/o/many", counts(3, 1))];
        let chart = chart(lines.map(|(name, counts)| (name.to_owned(), counts)).to_vec());
        let bars: Vec<_> = chart
            .bars
            .iter()
            .map(|bar| (bar.label.as_str(), &bar.parts))
            .collect();
        let part = |class, width: &str| (class, width.to_owned());
        assert_eq!(bars[0], ("o/many", &vec![part("f", "75.00"), part("r", "25.00")]));
        assert_eq!(bars[1], ("o/few", &vec![part("f", "25.00")]));
    }
}
