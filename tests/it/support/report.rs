//! A report with a finding of every kind, of a package in memory.

use std::sync::Arc;

use unleak::engine::Ending;
use unleak::go::{FileId, Package, Place, SourceFile};
use unleak::report::{Accepted, Diagnostic, Files, Report, ReportedFinding, Reporter, Skip, SkipReason};
use unleak::text::{Edit, EditSet, Span};
use unleak::transform::{
    Applicability, Confidence, Family, Finding, Fix, ImportNeed, Outcome, Proposal, Reason, Refusal, Related,
    Rule, Severity,
};

pub const HANDLER: &str = "package api

import \"database/sql\"

func list(db *sql.DB) error {
\trows, err := db.Query(\"SELECT '漢'\")
\tif err != nil {
\t\treturn err
\t}
\treturn rows.Err()
}
";

pub fn package() -> Package {
    Package::new(
        "api",
        None,
        vec![SourceFile::new("api/list.go", HANDLER.as_bytes())],
    )
}

/// The place of `text` in the handler.
pub fn place(text: &str) -> Place {
    let start = HANDLER.find(text).unwrap();
    Place {
        file: FileId(0),
        span: Span::new(start, start + text.len()),
    }
}

pub fn proposal(severity: Severity, remedy: Result<Vec<Fix>, Refusal>) -> Proposal {
    let rule = Rule {
        slug: "unclosed-rows".into(),
        title: "Rows are not closed".into(),
        family: Family::Release,
        severity,
        applicability: Applicability::Safe,
        transform: "defer_release",
    };
    Proposal {
        finding: Finding {
            rule: Arc::new(rule),
            place: place("db.Query(\"SELECT '漢'\")"),
            message: "rows are not closed on every path".into(),
            confidence: Confidence::High,
            function: Some("list".into()),
            related: vec![Related {
                place: place("return rows.Err()"),
                message: "returns here without closing".into(),
            }],
        },
        remedy,
        fingerprint: "0123abcd".into(),
    }
}

pub fn fix(applicability: Applicability, imports: Vec<ImportNeed>) -> Fix {
    let at = HANDLER.find("\treturn rows").unwrap();
    let mut edits = EditSet::new();
    edits.push(Edit::insert(at, "\tdefer rows.Close()\n")).unwrap();
    Fix {
        title: "Close rows when the function returns".into(),
        applicability,
        edits: vec![(FileId(0), edits)],
        imports,
        names: Vec::new(),
        lessens: false,
        leaves: Vec::new(),
    }
}

pub fn refusal() -> Refusal {
    Refusal::new(
        Reason::Escapes,
        "rows are stored in a field, whose owner cannot be seen",
    )
}

pub fn ended(outcome: Outcome, note: &str) -> Ending {
    let note = Some(note.to_owned()).filter(|note| !note.is_empty());
    Ending {
        outcome,
        note,
        remains: Vec::new(),
    }
}

/// A finding of every kind.
pub fn report() -> Report {
    let package = package();
    let safe = proposal(Severity::High, Ok(vec![fix(Applicability::Safe, vec![])]));
    let imports = vec![ImportNeed::Add(FileId(0), "time".into())];
    let risky = proposal(Severity::Medium, Ok(vec![fix(Applicability::Unsafe, imports)]));
    let refused = proposal(Severity::Low, Err(refusal()));
    let findings = vec![
        ReportedFinding::new(&package, &safe, None),
        ReportedFinding::new(&package, &safe, Some(&ended(Outcome::Fixed, ""))),
        ReportedFinding::new(&package, &risky, Some(&ended(Outcome::Failed, "gofmt: 3:4: odd"))),
        ReportedFinding::new(&package, &refused, Some(&ended(Outcome::Refused, ""))),
        ReportedFinding::new(&package, &safe, None).suppressed(Accepted::Comment, "closed by the caller"),
        ReportedFinding::new(&package, &safe, None).suppressed(Accepted::Baseline, ""),
    ];
    let diagnostics = vec![Diagnostic {
        path: "bad\u{1b}[2J.go".into(),
        message: "1:1: no package clause".into(),
    }];
    let skip = |path: &str, reason| Skip {
        path: path.into(),
        reason,
    };
    let skipped = vec![
        skip("vendor", SkipReason::Vendored),
        skip("b.go", SkipReason::Generated),
        skip("a.go", SkipReason::Generated),
    ];
    let files = Files {
        seen: 4,
        parsed: 1,
        skipped,
    };
    Report::new(findings, diagnostics, files)
}

pub fn written(reporter: &dyn Reporter, report: &Report) -> String {
    let mut out = Vec::new();
    reporter.report(report, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}
