//! One report in every format: the JSON against its schema, the text as a terminal shows it.

use std::io::Write;

use crate::support::report::{HANDLER, ended, fix, package, proposal, report, written};
use anstream::StripStream;
use jsonschema::Validator;
use serde_json::{Value, json};
use unleak::engine::Ending;
use unleak::go::{FileId, Place};
use unleak::report::{
    Color, Files, Json, JsonLines, Report, ReportedFinding, Reporter, Run, Text, skipped_line, summary_line,
    write_diagnostics, write_remains,
};
use unleak::text::Span;
use unleak::transform::{Applicability, Confidence, Family, Outcome, Reason, Related, Severity};

fn plain(write: impl FnOnce(&mut dyn Write)) -> String {
    let mut out = StripStream::new(Vec::new());
    write(&mut out);
    String::from_utf8(out.into_inner()).unwrap()
}

fn schema() -> Value {
    serde_json::from_str(include_str!("../../schema/findings.schema.json")).unwrap()
}

fn assert_valid(schema: &Value, document: &Value) {
    let validator: Validator = jsonschema::validator_for(schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn json_keeps_to_its_schema() {
    let document: Value = serde_json::from_str(&written(&Json, &report())).unwrap();
    assert_valid(&schema(), &document);
    let empty = Report::new(Vec::new(), Vec::new(), Files::default());
    assert_valid(&schema(), &serde_json::to_value(empty).unwrap());
}

#[test]
fn the_schema_refuses_what_it_does_not_know() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let document: Value = serde_json::from_str(&written(&Json, &report())).unwrap();
    for (pointer, wrong) in [
        ("/findings/0/start/line", json!(0)),
        ("/findings/0/severity", json!("grave")),
        (
            "/findings/0/start",
            json!({"line": 1, "column": 1, "byte": 0, "more": 1}),
        ),
        ("/schema_version", json!(2)),
        ("/files/skipped/0/reason", json!("whim")),
    ] {
        let mut document = document.clone();
        *document.pointer_mut(pointer).unwrap() = wrong;
        assert!(!validator.is_valid(&document), "{pointer}");
    }
}

/// The names that an enum is spelled with, out of what serde says about one that it does not know.
fn names<T: serde::de::DeserializeOwned>() -> Vec<String> {
    let said = match serde_json::from_str::<T>("\"?\"") {
        Ok(_) => panic!("`?` is no name"),
        Err(error) => error.to_string(),
    };
    let quoted = said.split('`').skip(1).step_by(2).skip(1);
    quoted.map(str::to_owned).collect()
}

#[test]
fn the_schema_knows_every_name() {
    let schema = schema();
    for (pointer, names) in [
        (
            "/$defs/finding/properties/refusal/properties/reason",
            names::<Reason>(),
        ),
        ("/$defs/finding/properties/family", names::<Family>()),
        ("/$defs/finding/properties/confidence", names::<Confidence>()),
        ("/$defs/severity", names::<Severity>()),
        ("/$defs/fix/properties/applicability", names::<Applicability>()),
    ] {
        assert_eq!(
            schema.pointer(pointer).unwrap()["enum"],
            json!(names),
            "{pointer}"
        );
    }
}

#[test]
fn json_lines_are_findings() {
    let mut one = schema();
    one["$ref"] = json!("#/$defs/finding");
    for key in ["required", "properties", "additionalProperties"] {
        one.as_object_mut().unwrap().remove(key);
    }
    let lines = written(&JsonLines, &report());
    assert_eq!(lines.lines().count(), 6);
    for line in lines.lines() {
        assert_valid(&one, &serde_json::from_str(line).unwrap());
    }
}

#[test]
fn places_and_edits_are_those_of_the_file() {
    let document = serde_json::to_value(report()).unwrap();
    let finding = &document["findings"][0];
    assert_eq!(finding["start"], json!({"line": 6, "column": 15, "byte": 80}));
    assert_eq!(finding["end"], json!({"line": 6, "column": 39, "byte": 104}));
    assert_eq!(finding["related"][0]["start"]["line"], 10);
    let edit = &finding["fixes"][0]["edits"][0];
    let at = HANDLER.find("\treturn rows").unwrap();
    assert_eq!(
        edit,
        &json!({"path": "api/list.go", "start_byte": at, "end_byte": at, "text": "\tdefer rows.Close()\n"})
    );
    assert_eq!(document["summary"]["findings"], 4);
    assert_eq!(document["summary"]["fixed"], 1);
    assert_eq!(document["summary"]["suppressed"], 2);
    assert_eq!(
        document["summary"]["by_severity"],
        json!({"high": 2, "medium": 1, "low": 1})
    );
}

/// Whoever carries out the edits of the document has the file that `fix` writes, imports included.
#[test]
fn edits_bring_their_imports() {
    let report = report();
    let unsafe_fix = report
        .findings
        .iter()
        .find(|finding| finding.severity == Severity::Medium)
        .unwrap();
    let mut file = HANDLER.as_bytes().to_vec();
    for edit in unsafe_fix.fixes[0].edits.iter().rev() {
        file.splice(edit.start_byte..edit.end_byte, edit.text.bytes());
    }
    let file = String::from_utf8(file).unwrap();
    assert!(file.contains("\t\"database/sql\"\n\t\"time\"\n"), "{file}");
    assert!(
        file.contains("\tdefer rows.Close()\n\treturn rows.Err()\n"),
        "{file}"
    );
}

#[test]
fn text_shows_the_line_the_reasons_and_the_remedy() {
    let text = plain(|out| Text.report(&report(), out).unwrap());
    let first = "\
api/list.go:6:15: high[unclosed-rows] rows are not closed on every path
  |
6 |     rows, err := db.Query(\"SELECT '漢'\")
  |                  ^^^^^^^^^^^^^^^^^^^^^^^
  = note: api/list.go:10:2: returns here without closing
  = help: Close rows when the function returns (safe)

";
    assert!(text.starts_with(first), "{text}");
    assert!(
        text.contains("(unsafe: it may change behaviour)\n  = not applied: gofmt: 3:4: odd\n\n"),
        "{text}"
    );
    assert!(
        text.contains("  = no fix: rows are stored in a field, whose owner cannot be seen\n\n"),
        "{text}"
    );
    assert_eq!(
        text.matches("[unclosed-rows]").count(),
        3,
        "fixed and suppressed ones are not shown"
    );
}

#[test]
fn the_end_of_a_run_is_told_in_calm_lines() {
    let all = report();
    assert_eq!(
        summary_line(&all, Run::Fix),
        "Fixed 1 of 4 findings: 1 without a fix, 1 whose fix did not pass the checks. 2 suppressed."
    );
    assert_eq!(
        summary_line(&all, Run::Scan),
        "3 findings in 1 file (1 high, 1 medium, 1 low). 1 fixable with `unleak fix`, 1 more with \
         `--unsafe-fixes`. 2 suppressed."
    );
    assert_eq!(
        skipped_line(&all).unwrap(),
        "Left out: 2 generated files, 1 vendored folder."
    );
    let seen = Files {
        seen: 1,
        ..Files::default()
    };
    let none = Report::new(Vec::new(), Vec::new(), seen);
    assert_eq!(summary_line(&none, Run::DryRun), "No leaks found in 1 file.");
    assert_eq!(skipped_line(&none), None);
}

#[test]
fn untrusted_text_cannot_command_the_terminal() {
    let mut report = report();
    report.findings[0].path = "a\u{1b}]0;x\u{7}.go".into();
    report.findings[0].source.as_mut().unwrap().line = b"\x1b[2J\xff".to_vec();
    report.findings[0].source.as_mut().unwrap().marked = 0..5;
    let text = written(&Text, &report);
    assert!(
        text.contains(r"a\u{1b}]0;x\u{7}.go") && text.contains(r"\u{1b}[2J\xff"),
        "{text}"
    );
    let warnings = plain(|out| write_diagnostics(&report, out).unwrap());
    assert_eq!(warnings, "warning: bad\\u{1b}[2J.go: 1:1: no package clause\n");
}

#[test]
fn colours_are_a_choice() {
    let render = |color: Color| {
        let mut stream = color.stream(Vec::new());
        Text.report(&report(), &mut stream).unwrap();
        String::from_utf8(stream.into_inner()).unwrap()
    };
    assert!(render(Color::Always).contains('\u{1b}'));
    assert!(!render(Color::Never).contains('\u{1b}'));
}

#[test]
fn what_a_repair_leaves_is_told() {
    let package = package();
    let at = HANDLER.find("return rows.Err()").unwrap();
    let left = Related {
        place: Place {
            file: FileId(0),
            span: Span::new(at, at + "return".len()),
        },
        message: "the rows may still wait here".into(),
    };
    let half = fix(Applicability::Safe, vec![]).leaving(vec![left]);
    let ending = Ending {
        remains: vec!["api/list.go:10: the rows may still wait here".into()],
        ..ended(Outcome::Fixed, "Close rows when the function returns")
    };
    let finding = ReportedFinding::new(&package, &proposal(Severity::High, Ok(vec![half])), Some(&ending));
    let report = Report::new(vec![finding], Vec::new(), Files::default());
    assert_valid(&schema(), &serde_json::to_value(&report).unwrap());
    let text = plain(|out| Text.report(&report, out).unwrap());
    let told = [
        "= note: api/list.go:10:2: with this, the rows may still wait here",
        "= repaired, but: api/list.go:10: the rows may still wait here",
    ];
    assert!(told.iter().all(|line| text.contains(line)), "{text}");
    let line = summary_line(&report, Run::Fix);
    assert_eq!(line, "Fixed 1 of 1 finding. 1 repair leaves something to do.");
    let beside = plain(|out| write_remains(&report, out).unwrap());
    assert_eq!(beside, "left: api/list.go:10: the rows may still wait here\n");
}
