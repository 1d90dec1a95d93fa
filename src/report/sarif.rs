//! SARIF 2.1.0, within what GitHub's code scanning takes.

use std::io::{self, Write};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::finding::{Point, ReportedEdit, ReportedFinding, ReportedFix, ReportedRelated};
use super::json::write_json;
use super::shown::shown;
use super::weakness::{WEAKNESSES, weakness_of};
use super::{Accepted, Diagnostic, Report, Reporter, RulePage};
use crate::transform::{Applicability, Family, Severity};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// GitHub refuses a run with more results.
const MOST_RESULTS: usize = 25_000;
/// GitHub cuts descriptions behind this many characters.
const LONGEST_DESCRIPTION: usize = 1024;
/// What paths are relative to, by the name that everybody uses.
const BASE: &str = "%SRCROOT%";

/// What needs no escape in a path of a URI.
const PATH: AsciiSet = NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// For code scanning: one run, its rules those that were found.
pub struct Sarif<'r> {
    pub rules: &'r [RulePage],
}

impl Reporter for Sarif<'_> {
    fn report(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        write_json(out, &self.log(report))
    }
}

impl Sarif<'_> {
    fn log(&self, report: &Report) -> Value {
        let findings = most_severe(report);
        let mut slugs: Vec<&str> = findings.iter().map(|finding| finding.rule.as_str()).collect();
        slugs.sort_unstable();
        slugs.dedup();
        let rules: Vec<Value> = slugs.iter().map(|slug| self.descriptor(slug)).collect();
        let results = findings.iter().map(|finding| {
            let at = slugs.binary_search(&finding.rule.as_str()).unwrap_or_default();
            result(finding, at)
        });
        let results: Vec<Value> = results.collect();
        json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": {"driver": {
                    "name": report.tool.name,
                    "version": report.tool.version,
                    "semanticVersion": report.tool.version,
                    "rules": rules,
                    "supportedTaxonomies": [{"name": "CWE", "index": 0}],
                }},
                "taxonomies": [taxonomy()],
                "invocations": [invocation(report, findings.len())],
                "originalUriBaseIds": {BASE: {"description": {"text": "The folder that paths are relative to."}}},
                "columnKind": "utf16CodeUnits",
                "results": results,
            }],
        })
    }

    fn descriptor(&self, slug: &str) -> Value {
        let Some(RulePage { rule, page }) = self.rules.iter().find(|held| *held.rule.slug == *slug) else {
            return json!({"id": slug});
        };
        let why = why_it_leaks(page).unwrap_or_else(|| rule.title.clone());
        let mut tags = vec!["reliability".to_owned(), rule.family.to_string()];
        let weakness = weakness_of(rule);
        tags.extend(weakness.map(|at| format!("external/cwe/cwe-{}", WEAKNESSES[at].number)));
        let relationships = weakness.map(|at| {
            let target = json!({
                "id": WEAKNESSES[at].number.to_string(),
                "index": at,
                "toolComponent": {"name": "CWE", "index": 0},
            });
            json!({"target": target, "kinds": ["superset"]})
        });
        json!({
            "id": slug,
            "shortDescription": {"text": shortened(&rule.title)},
            "fullDescription": {"text": shortened(&why)},
            "help": {
                "text": format!("{}. `unleak explain {slug}` tells more.", rule.title),
                "markdown": page,
            },
            "defaultConfiguration": {"level": level(rule.severity)},
            "properties": {"tags": tags, "problem.severity": problem(rule.severity)},
            "relationships": Vec::from_iter(relationships),
        })
    }
}

/// What is told and what a person accepted; where that is more than GitHub takes, the most severe of it.
fn most_severe(report: &Report) -> Vec<&ReportedFinding> {
    let accepted = report.findings.iter().filter(|finding| finding.is_suppressed());
    let mut findings: Vec<&ReportedFinding> = report.told().chain(accepted).collect();
    if findings.len() > MOST_RESULTS {
        findings.sort_by_key(|finding| (finding.is_suppressed(), std::cmp::Reverse(finding.severity)));
        findings.truncate(MOST_RESULTS);
    }
    findings.sort_by(|a, b| a.order().cmp(&b.order()));
    findings
}

/// The first paragraph of that section of a page.
fn why_it_leaks(page: &str) -> Option<String> {
    let (_, section) = page.split_once("## Why it leaks")?;
    let paragraph = section.trim_start().split("\n\n").next()?;
    Some(paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn taxonomy() -> Value {
    let taxa = WEAKNESSES.iter().map(|weakness| {
        json!({
            "id": weakness.number.to_string(),
            "shortDescription": {"text": weakness.name},
            "helpUri": format!("https://cwe.mitre.org/data/definitions/{}.html", weakness.number),
        })
    });
    json!({
        "name": "CWE",
        "organization": "MITRE",
        "shortDescription": {"text": "The MITRE Common Weakness Enumeration"},
        "informationUri": "https://cwe.mitre.org/",
        "isComprehensive": false,
        "taxa": taxa.collect::<Vec<_>>(),
    })
}

fn invocation(report: &Report, told: usize) -> Value {
    let mut notes: Vec<Value> = report.diagnostics.iter().map(notification).collect();
    let suppressed = report.summary.suppressed;
    let left_out = (report.told().count() + suppressed).saturating_sub(told);
    if left_out > 0 {
        let text = format!(
            "{left_out} results were left out, the least severe ones: no more than {told} are taken."
        );
        notes.push(json!({"level": "warning", "message": {"text": text}}));
    }
    json!({
        "executionSuccessful": !report.is_incomplete,
        "toolExecutionNotifications": notes,
    })
}

fn notification(diagnostic: &Diagnostic) -> Value {
    let mut note = json!({"level": "warning", "message": message(&diagnostic.message)});
    if !diagnostic.path.is_empty() {
        note["locations"] = json!([{"physicalLocation": {"artifactLocation": artifact(&diagnostic.path)}}]);
    }
    note
}

fn result(finding: &ReportedFinding, rule: usize) -> Value {
    let mut place = location(&finding.path, finding.start, finding.end);
    if let Some(function) = &finding.function {
        place["logicalLocations"] = json!([{"fullyQualifiedName": shown(function), "kind": "function"}]);
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "level": level(finding.severity),
        "message": {"text": finding.told()},
        "locations": [place],
        "partialFingerprints": {"unleak/v1": finding.fingerprint},
        "properties": {"confidence": finding.confidence},
        "suppressions": suppressions(finding),
    });
    let mut put = |key: &str, values: Vec<Value>| {
        if !values.is_empty() {
            result[key] = values.into();
        }
    };
    put("relatedLocations", finding.related.iter().map(related).collect());
    put("codeFlows", code_flows(finding));
    put("fixes", finding.fixes.iter().filter_map(fix).collect());
    result
}

fn suppressions(finding: &ReportedFinding) -> Vec<Value> {
    let held = finding.suppressed.iter().map(|suppressed| {
        let kind = match suppressed.by {
            Accepted::Comment => "inSource",
            Accepted::Baseline => "external",
        };
        match suppressed.reason.is_empty() {
            true => json!({"kind": kind}),
            false => json!({"kind": kind, "justification": shown(&suppressed.reason)}),
        }
    });
    held.collect()
}

/// One for each way on which the resource is lost. The places that explain a lifetime are the ends of such ways where
/// they come after the acquire; what they are in other families does not follow each other.
fn code_flows(finding: &ReportedFinding) -> Vec<Value> {
    if !matches!(finding.family, Family::Release | Family::Cancel | Family::Timer) {
        return Vec::new();
    }
    let ends = finding
        .related
        .iter()
        .filter(|related| related.path == finding.path && related.start > finding.start);
    let start = step(
        location(&finding.path, finding.start, finding.end),
        &finding.message,
    );
    let flow = |end: &ReportedRelated| {
        let end = step(location(&end.path, end.start, end.end), &end.message);
        json!({"threadFlows": [{"locations": [start, end]}]})
    };
    ends.map(flow).collect()
}

fn step(mut place: Value, text: &str) -> Value {
    place["message"] = message(text);
    json!({ "location": place })
}

fn related(related: &ReportedRelated) -> Value {
    let mut place = location(&related.path, related.start, related.end);
    place["message"] = message(&related.message);
    place
}

/// Only what keeps behaviour: a viewer applies these at a click.
fn fix(fix: &ReportedFix) -> Option<Value> {
    if fix.applicability != Applicability::Safe || fix.edits.is_empty() {
        return None;
    }
    let changes = fix.edits.chunk_by(|a, b| a.path == b.path).map(|edits| {
        let replacements: Vec<Value> = edits.iter().map(replacement).collect();
        json!({"artifactLocation": artifact(&edits[0].path), "replacements": replacements})
    });
    Some(json!({
        "description": message(&fix.title),
        "artifactChanges": changes.collect::<Vec<_>>(),
    }))
}

fn replacement(edit: &ReportedEdit) -> Value {
    json!({
        "deletedRegion": region(edit.start, edit.end),
        "insertedContent": {"text": edit.text},
    })
}

fn location(path: &str, start: Point, end: Point) -> Value {
    json!({"physicalLocation": {"artifactLocation": artifact(path), "region": region(start, end)}})
}

fn region(start: Point, end: Point) -> Value {
    json!({
        "startLine": start.line,
        "startColumn": start.utf16,
        "endLine": end.line,
        "endColumn": end.utf16,
    })
}

fn artifact(path: &str) -> Value {
    let encoded = utf8_percent_encode(path, &PATH).to_string();
    match path.starts_with('/') {
        true => json!({"uri": format!("file://{encoded}")}),
        false => json!({"uri": encoded, "uriBaseId": BASE}),
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

fn problem(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "recommendation",
    }
}

fn message(text: &str) -> Value {
    json!({"text": shown(text)})
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_DESCRIPTION - 1) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
