use std::fs;

use jsonschema::Validator;
use serde_json::{Value, json};
use unleak::config::Config;
use unleak::report::{Files, Report, ReportedFinding, RulePage, Sarif};
use unleak::transform::{Applicability, Rule, Severity};
use unleak::transforms::suite;

use super::{json, scanned, service};
use crate::support::report::{fix, package, proposal, report, written};

fn rules() -> Vec<RulePage> {
    let config = Config::default();
    let pages = suite().iter().flat_map(|transform| {
        let page = transform.page();
        let rules = transform.rules(&config).into_iter();
        rules.map(move |rule| RulePage { rule, page })
    });
    pages.collect()
}

fn validator() -> Validator {
    let mut schema: Value = serde_json::from_str(include_str!("../../schemas/sarif-2.1.0.json")).unwrap();
    for faulty in ["/definitions/run", "/definitions/toolComponent"] {
        // A pattern with a bracket too much, which strict readers of patterns refuse.
        let language = schema
            .pointer_mut(&format!("{faulty}/properties/language"))
            .unwrap();
        language.as_object_mut().unwrap().remove("pattern");
    }
    let options = jsonschema::options().should_validate_formats(true);
    options.build(&schema).unwrap()
}

fn assert_valid(log: &Value) {
    let validator = validator();
    let errors = validator.iter_errors(log);
    let errors: Vec<String> = errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// What GitHub's code scanning asks for beyond the schema.
fn assert_fit_for_github(log: &Value) {
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for rule in rules {
        for text in ["/shortDescription/text", "/fullDescription/text", "/help/text"] {
            let length = rule.pointer(text).unwrap().as_str().unwrap().chars().count();
            assert!((1..=1024).contains(&length), "{text} of {rule}");
        }
        assert!(rule["properties"]["tags"].as_array().unwrap().len() <= 20);
    }
    let results = run["results"].as_array().unwrap();
    assert!(results.len() <= 25_000);
    for result in results {
        let at = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(result["ruleId"], rules[at]["id"]);
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        assert!(result["partialFingerprints"]["unleak/v1"].is_string());
        let places = result["locations"].as_array().unwrap();
        assert_eq!(places.len(), 1);
        let uri = places[0].pointer("/physicalLocation/artifactLocation/uri");
        assert!(!uri.unwrap().as_str().unwrap().starts_with("file:"), "{result}");
        let region = &places[0]["physicalLocation"]["region"];
        assert!(region["startLine"].as_u64() >= Some(1) && region["startColumn"].as_u64() >= Some(1));
    }
}

#[test]
fn a_bundled_service_keeps_to_the_schema_and_to_githubs_limits() {
    let log = json(&scanned("sarif"));
    assert_valid(&log);
    assert_fit_for_github(&log);
    for (pointer, wrong) in [
        ("/runs/0/columnKind", "utf8"),
        ("/runs/0/results/0/level", "high"),
    ] {
        let mut log = log.clone();
        *log.pointer_mut(pointer).unwrap() = json!(wrong);
        assert!(!validator().is_valid(&log), "{pointer}");
    }
    let run = &log["runs"][0];
    assert_eq!(run["results"].as_array().unwrap().len(), 16);
    let rows = run["tool"]["driver"]["rules"].as_array().unwrap();
    let rows = rows.iter().find(|rule| rule["id"] == "unclosed-rows").unwrap();
    let help = rows["help"]["markdown"].as_str().unwrap();
    assert!(help.contains("## Why it leaks"), "{help}");
    assert_eq!(
        rows["properties"]["tags"],
        json!(["reliability", "release", "external/cwe/cwe-772"])
    );
    let target = &rows["relationships"][0]["target"];
    let taxa = &run["taxonomies"][0]["taxa"];
    assert_eq!(
        taxa[target["index"].as_u64().unwrap() as usize]["id"],
        target["id"]
    );
}

/// Whoever carries out a fix of the log has a file in which the release stands.
#[test]
fn fixes_lead_to_the_repaired_file() {
    let log = json(&scanned("sarif"));
    let results = log["runs"][0]["results"].as_array().unwrap();
    let file = results
        .iter()
        .find(|result| result["ruleId"] == "unclosed-file")
        .unwrap();
    let change = &file["fixes"][0]["artifactChanges"][0];
    let path = change["artifactLocation"]["uri"].as_str().unwrap();
    let source = fs::read_to_string(service().join(path)).unwrap();
    let mut lines: Vec<&str> = source.split_inclusive('\n').collect();
    let replacement = &change["replacements"][0];
    let region = &replacement["deletedRegion"];
    assert_eq!(
        (&region["startColumn"], &region["endColumn"]),
        (&json!(1), &json!(1))
    );
    let line = |key: &str| region[key].as_u64().unwrap() as usize - 1;
    let text = replacement["insertedContent"]["text"].as_str().unwrap();
    lines.splice(line("startLine")..line("endLine"), [text]);
    assert!(lines.concat().contains("\t\tdefer f.Close()\n"));
    let flows = file["codeFlows"].as_array().unwrap();
    assert_eq!(flows.len(), 2, "two returns leak");
    let steps = flows[0]["threadFlows"][0]["locations"].as_array().unwrap();
    assert_eq!(
        steps[1]["location"]["message"]["text"],
        "returns here while `f` is open"
    );
}

#[test]
fn a_finding_of_every_kind_has_its_place() {
    let log = json(&written(&Sarif { rules: &rules() }, &report()));
    assert_valid(&log);
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 5, "what is fixed is no result");
    // The column behind `漢` is one less than in bytes of UTF-8, and the end counts units of UTF-16.
    let region = &results[0]["locations"][0]["physicalLocation"]["region"];
    assert_eq!(
        region,
        &json!({"startLine": 6, "startColumn": 15, "endLine": 6, "endColumn": 37})
    );
    let kinds: Vec<&Value> = results.iter().map(|result| &result["suppressions"]).collect();
    let accepted = json!([{"kind": "inSource", "justification": "closed by the caller"}]);
    assert!(
        kinds.contains(&&accepted) && kinds.contains(&&json!([{"kind": "external"}])),
        "{kinds:?}"
    );
    let levels: Vec<&str> = results
        .iter()
        .map(|result| result["level"].as_str().unwrap())
        .collect();
    assert!(
        ["error", "warning", "note"]
            .iter()
            .all(|level| levels.contains(level)),
        "{levels:?}"
    );
    let fixes: usize = results
        .iter()
        .map(|result| result["fixes"].as_array().map_or(0, Vec::len))
        .sum();
    assert_eq!(fixes, 3, "only those of safe fixes");
    let note = &run["invocations"][0]["toolExecutionNotifications"][0];
    let artifact = &note["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(artifact["uri"], "bad%1B%5B2J.go");
}

#[test]
fn paths_are_uris_and_messages_cannot_command() {
    let package = package();
    let mut finding = ReportedFinding::new(&package, &proposal(Severity::High, Ok(vec![])), None);
    finding.message = "`a\u{1b}[2J\u{202e}` leaks".into();
    finding.path = "a b/c:d#é.go".into();
    let mut outside = finding.clone();
    outside.path = "/elsewhere/x.go".into();
    let report = Report::new(vec![finding, outside], Vec::new(), Files::default());
    let text = written(&Sarif { rules: &[] }, &report);
    assert!(
        !text
            .chars()
            .any(|char| unleak::text::misleads(char) && char != '\n')
    );
    let log = json(&text);
    assert_valid(&log);
    let uri = |at: usize| {
        let place = &log["runs"][0]["results"][at]["locations"][0]["physicalLocation"];
        place["artifactLocation"].clone()
    };
    assert_eq!(uri(0), json!({"uri": "file:///elsewhere/x.go"}));
    assert_eq!(
        uri(1),
        json!({"uri": "a%20b/c%3Ad%23%C3%A9.go", "uriBaseId": "%SRCROOT%"})
    );
    let message = &log["runs"][0]["results"][0]["message"]["text"];
    assert_eq!(message, r"`a\u{1b}[2J\u{202e}` leaks");
}

#[test]
fn no_more_is_told_than_github_takes() {
    let package = package();
    let severe = proposal(Severity::High, Ok(vec![fix(Applicability::Safe, vec![])]));
    let low = ReportedFinding::new(&package, &proposal(Severity::Low, Ok(vec![])), None);
    let mut findings = vec![low; 25_000];
    let mut last = ReportedFinding::new(&package, &severe, None);
    last.path = "z.go".into();
    findings.push(last);
    let log = json(&written(
        &Sarif { rules: &[] },
        &Report::new(findings, Vec::new(), Files::default()),
    ));
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(
        (results.len(), &results[24_999]["level"]),
        (25_000, &json!("error"))
    );
    let note = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
    assert!(
        note.as_str().unwrap().starts_with("1 results were left out"),
        "{note}"
    );
}

#[test]
fn long_titles_are_cut() {
    let held = rules().swap_remove(0);
    let rule = Rule {
        title: "漢".repeat(2000),
        slug: "unclosed-rows".into(),
        ..(*held.rule).clone()
    };
    let rules = [RulePage {
        rule: rule.into(),
        page: "",
    }];
    let log = json(&written(&Sarif { rules: &rules }, &report()));
    let text = log["runs"][0]["tool"]["driver"]["rules"][0]["shortDescription"]["text"].as_str();
    assert_eq!(text.unwrap().chars().count(), 1024);
}
