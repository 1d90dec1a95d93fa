//! JUnit's XML, which every CI shows as tests.

use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::BytesText;

use super::shown::{leading, shown};
use super::{Report, ReportedFinding, Reporter};

/// A suite for each file, a failed test for each finding, a skipped one for each that a person accepted. A run without
/// findings is one test that passes, one that did not see everything has a test in error.
pub struct Junit;

impl Reporter for Junit {
    fn report(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let shows = |finding: &&ReportedFinding| {
            finding.is_remaining() || finding.is_suppressed() || !finding.remains.is_empty()
        };
        let findings: Vec<&ReportedFinding> = report.findings.iter().filter(shows).collect();
        let failed = findings.iter().filter(|finding| !finding.is_suppressed()).count();
        let run = Suite {
            name: "unleak",
            tests: usize::from(findings.is_empty() || report.is_incomplete),
            failures: 0,
            errors: usize::from(report.is_incomplete),
            skipped: 0,
        };
        writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
        let mut writer = Writer::new_with_indent(&mut *out, b' ', 2);
        let whole = writer.create_element("testsuites").with_attributes([
            ("name", "unleak"),
            ("tests", &*(findings.len() + run.tests).to_string()),
            ("failures", &*failed.to_string()),
            ("errors", &*run.errors.to_string()),
        ]);
        whole.write_inner_content(|writer| {
            if run.tests > 0 {
                run.write(writer, |writer| write_run(writer, report))?;
            }
            for file in findings.chunk_by(|a, b| a.path == b.path) {
                write_file(writer, file)?;
            }
            Ok(())
        })?;
        writeln!(out)
    }
}

struct Suite<'s> {
    name: &'s str,
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Suite<'_> {
    fn write<W: Write>(
        &self,
        writer: &mut Writer<W>,
        cases: impl FnOnce(&mut Writer<W>) -> io::Result<()>,
    ) -> io::Result<()> {
        let suite = writer.create_element("testsuite").with_attributes([
            ("name", self.name),
            ("tests", &*self.tests.to_string()),
            ("failures", &*self.failures.to_string()),
            ("errors", &*self.errors.to_string()),
            ("skipped", &*self.skipped.to_string()),
        ]);
        suite.write_inner_content(cases)?;
        Ok(())
    }
}

/// The test that the run itself is.
fn write_run<W: Write>(writer: &mut Writer<W>, report: &Report) -> io::Result<()> {
    let case = writer
        .create_element("testcase")
        .with_attributes([("name", "scan"), ("classname", "unleak")]);
    if !report.is_incomplete {
        case.write_empty()?;
        return Ok(());
    }
    let told = report.diagnostics.iter();
    let told =
        told.map(|diagnostic| format!("{}: {}\n", leading(&diagnostic.path), shown(&diagnostic.message)));
    let told: String = told.collect();
    case.write_inner_content(|writer| {
        let error = writer
            .create_element("error")
            .with_attribute(("message", "not everything could be looked at"));
        error.write_text_content(BytesText::new(&told))?;
        Ok(())
    })?;
    Ok(())
}

fn write_file<W: Write>(writer: &mut Writer<W>, findings: &[&ReportedFinding]) -> io::Result<()> {
    let skipped = findings.iter().filter(|finding| finding.is_suppressed()).count();
    let path = shown(&findings[0].path);
    let suite = Suite {
        name: &path,
        tests: findings.len(),
        failures: findings.len() - skipped,
        errors: 0,
        skipped,
    };
    suite.write(writer, |writer| {
        findings
            .iter()
            .try_for_each(|finding| write_case(writer, finding))
    })
}

fn write_case<W: Write>(writer: &mut Writer<W>, finding: &ReportedFinding) -> io::Result<()> {
    let (path, rule, point) = (shown(&finding.path), shown(&finding.rule), finding.start);
    let name = format!("{rule} ({}:{})", point.line, point.column);
    let case = writer
        .create_element("testcase")
        .with_attributes([("name", &*name), ("classname", &*path)]);
    case.write_inner_content(|writer| {
        if let Some(suppressed) = &finding.suppressed {
            let reason = shown(&suppressed.reason);
            let skipped = writer.create_element("skipped");
            skipped.with_attribute(("message", &*reason)).write_empty()?;
            return Ok(());
        }
        let (severity, message) = (finding.severity.to_string(), finding.told());
        let failure = writer
            .create_element("failure")
            .with_attributes([("type", &*severity), ("message", &*message)]);
        failure.write_text_content(BytesText::new(&body(finding)))?;
        Ok(())
    })?;
    Ok(())
}

/// What a person reads who opens the failure.
fn body(finding: &ReportedFinding) -> String {
    let point = finding.start;
    let place = format!("{}:{}:{}", leading(&finding.path), point.line, point.column);
    let mut lines = vec![format!("{place}: {}", finding.told())];
    lines.extend(finding.related.iter().map(|related| {
        let at = related.start;
        let place = format!("{}:{}:{}", leading(&related.path), at.line, at.column);
        format!("{place}: {}", shown(&related.message))
    }));
    let fixes = finding.fixes.iter();
    lines.extend(fixes.map(|fix| format!("{} ({})", shown(&fix.title), fix.applicability)));
    lines.join("\n")
}
