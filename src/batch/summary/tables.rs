//! The same as tables, for spreadsheets.

use anyhow::Result;
use csv::Writer;

use super::model::{Counts, Summary};
use crate::text::printable_lines;

pub fn repositories(summary: &Summary) -> Result<Vec<u8>> {
    let head = ["repository", "ref", "state", "message", "commit", "go_files"];
    let lines = summary.repositories.iter().map(|line| {
        let facts = [
            &line.repository,
            line.reference.as_deref().unwrap_or_default(),
            line.state.as_str(),
            &line.message,
            &line.commit,
            &line.files.to_string(),
        ];
        with_counts(&facts, line.counts)
    });
    table(&[&head[..], &COUNTED].concat(), lines)
}

pub fn rules(summary: &Summary) -> Result<Vec<u8>> {
    let head = ["rule", "title", "severity", "repositories"];
    let lines = summary.rules.iter().map(|line| {
        let (severity, repositories) = (line.severity.to_string(), line.repositories.to_string());
        with_counts(&[&line.rule, &line.title, &severity, &repositories], line.counts)
    });
    table(&[&head[..], &COUNTED].concat(), lines)
}

pub fn refusals(summary: &Summary) -> Result<Vec<u8>> {
    let lines = summary.refusals.iter().map(|line| {
        vec![
            line.rule.clone(),
            line.reason.to_string(),
            line.findings.to_string(),
            line.repositories.to_string(),
        ]
    });
    table(&["rule", "reason", "findings", "repositories"], lines)
}

pub fn findings(summary: &Summary) -> Result<Vec<u8>> {
    let head = [
        "repository",
        "rule",
        "severity",
        "confidence",
        "path",
        "line",
        "column",
        "function",
        "outcome",
        "reason",
        "message",
        "note",
        "fingerprint",
    ];
    let lines = summary.findings.iter().map(|line| {
        let finding = &line.finding;
        let confidence = serde_json::to_value(finding.confidence).ok();
        let outcome = serde_json::to_value(finding.outcome).ok();
        let name = |value: Option<serde_json::Value>| {
            let text = value.as_ref().and_then(|value| value.as_str()).map(str::to_owned);
            text.unwrap_or_default()
        };
        let refusal = finding.refusal.as_ref();
        vec![
            line.repository.clone(),
            finding.rule.clone(),
            finding.severity.to_string(),
            name(confidence),
            finding.path.clone(),
            finding.line.to_string(),
            finding.column.to_string(),
            finding.function.clone().unwrap_or_default(),
            name(outcome),
            refusal
                .map(|refusal| refusal.reason.to_string())
                .unwrap_or_default(),
            finding.message.clone(),
            [finding.note.clone().unwrap_or_default()]
                .into_iter()
                .chain(finding.remains.iter().cloned())
                .collect::<Vec<_>>()
                .join("; "),
            finding.fingerprint.clone(),
        ]
    });
    table(&head, lines)
}

const COUNTED: [&str; 5] = ["findings", "fixed", "refused", "left", "suppressed"];

fn with_counts(facts: &[&str], counts: Counts) -> Vec<String> {
    let numbers = [
        counts.findings,
        counts.fixed,
        counts.refused,
        counts.left,
        counts.suppressed,
    ];
    let facts = facts.iter().map(|fact| (*fact).to_owned());
    facts.chain(numbers.map(|number| number.to_string())).collect()
}

fn table(head: &[&str], lines: impl Iterator<Item = Vec<String>>) -> Result<Vec<u8>> {
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(head)?;
    for line in lines {
        writer.write_record(line.iter().map(|field| plain(field)))?;
    }
    Ok(writer.into_inner()?)
}

/// Names and messages come from repositories that nobody vouches for: control characters are spelled out, and a field
/// that a spreadsheet would run as a formula gets a quote before it.
fn plain(field: &str) -> String {
    let field = printable_lines(field.as_bytes());
    match field.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{field}"),
        false => field,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_is_a_formula() {
        let lines = [vec!["=cmd()".to_owned(), "a,\"b\"\u{1b}\u{202e}".to_owned()]];
        let bytes = table(&["x", "y"], lines.into_iter()).unwrap();
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "x,y\n'=cmd(),\"a,\"\"b\"\"\\u{1b}\\u{202e}\"\n"
        );
    }
}
