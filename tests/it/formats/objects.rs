use std::collections::HashSet;
use std::fs;

use serde_json::{Value, json};
use unleak::report::{Files, Gitlab, Rdjson, Report, ReportedFinding};
use unleak::transform::Severity;

use super::lines::{assert_harmless, hostile};
use super::{json, scanned, service};
use crate::support::report::{package, proposal, report, written};

#[test]
fn gitlab_gets_issues_with_fingerprints_of_their_own() {
    let issues = json(&scanned("gitlab"));
    let issues = issues.as_array().unwrap();
    assert_eq!(issues.len(), 16);
    let prints: HashSet<&str> = issues
        .iter()
        .map(|issue| issue["fingerprint"].as_str().unwrap())
        .collect();
    assert_eq!(prints.len(), 16);
    let file = issues
        .iter()
        .find(|issue| issue["check_name"] == "unclosed-file")
        .unwrap();
    assert_eq!(file["description"], "`f` is never closed");
    assert_eq!(file["severity"], "major");
    assert_eq!(
        file["location"],
        json!({"path": "internal/handlers/handlers.go", "lines": {"begin": 69, "end": 69}})
    );
}

#[test]
fn gitlab_gets_the_same_fingerprint_once() {
    let finding = ReportedFinding::new(&package(), &proposal(Severity::Low, Ok(vec![])), None);
    let report = Report::new(vec![finding.clone(), finding], Vec::new(), Files::default());
    let issues = json(&written(&Gitlab, &report));
    let prints = [&issues[0]["fingerprint"], &issues[1]["fingerprint"]];
    assert_eq!(prints, [&json!("0123abcd"), &json!("0123abcd-2")]);
    assert_eq!(issues[0]["severity"], "minor");
}

/// Whoever takes a suggestion has the repaired file.
#[test]
fn rdjson_suggests_repairs_that_are_one_change() {
    let document = json(&scanned("rdjson"));
    assert_eq!(document["source"], json!({"name": "unleak"}));
    let diagnostics = document["diagnostics"].as_array().unwrap();
    assert_eq!(diagnostics.len(), 16);
    let of = |rule: &str| {
        diagnostics
            .iter()
            .find(|held| held["code"]["value"] == rule)
            .unwrap()
    };
    let file = of("unclosed-file");
    assert_eq!(file["severity"], "WARNING");
    let start = json!({"line": 69, "column": 3});
    assert_eq!(file["location"]["range"]["start"], start);
    assert_eq!(file["related_locations"].as_array().unwrap().len(), 2);
    let suggestion = &file["suggestions"][0];
    let range = json!({"start": {"line": 73, "column": 1}, "end": {"line": 73, "column": 1}});
    assert_eq!(suggestion["range"], range);
    assert_eq!(suggestion["text"], "\t\tdefer f.Close()\n");
    let source = fs::read_to_string(service().join("internal/handlers/handlers.go")).unwrap();
    assert_eq!(
        source.lines().nth(71),
        Some("\t\t}"),
        "it stands behind the check"
    );
    // One pool for all requests takes several changes, which nobody must accept one by one.
    assert_eq!(of("per-request-sql-open")["suggestions"], json!([]));
}

#[test]
fn what_is_repaired_has_no_suggestion_and_unsafe_repairs_are_none() {
    let document = json(&written(&Rdjson, &report()));
    let diagnostics = document["diagnostics"].as_array().unwrap();
    let severities: Vec<&Value> = diagnostics.iter().map(|held| &held["severity"]).collect();
    assert_eq!(severities, [&json!("ERROR"), &json!("WARNING"), &json!("INFO")]);
    let counts = diagnostics
        .iter()
        .map(|held| held["suggestions"].as_array().unwrap().len());
    assert_eq!(counts.collect::<Vec<_>>(), [1, 0, 0]);
}

#[test]
fn strings_hold_nothing_harmful() {
    assert_harmless(&written(&Gitlab, &hostile()));
    let text = written(&Rdjson, &hostile());
    assert_harmless(&text);
    let path = &json(&text)["diagnostics"][0]["location"]["path"];
    assert_eq!(
        path, "a,b:c\n::error::x\u{1b}[2J.go",
        "a path is read back as it is"
    );
}
