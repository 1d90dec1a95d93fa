//! Checkstyle's XML, which many review tools read.

use std::io::{self, Write};

use quick_xml::Writer;

use super::shown::shown;
use super::{Report, ReportedFinding, Reporter};
use crate::transform::Severity;

/// Errors by file.
pub struct Checkstyle;

impl Reporter for Checkstyle {
    fn report(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let findings: Vec<&ReportedFinding> = report.told().collect();
        writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
        let mut writer = Writer::new_with_indent(&mut *out, b' ', 2);
        let whole = writer
            .create_element("checkstyle")
            .with_attribute(("version", "4.3"));
        whole.write_inner_content(|writer| {
            for file in findings.chunk_by(|a, b| a.path == b.path) {
                let path = shown(&file[0].path);
                let element = writer.create_element("file").with_attribute(("name", &*path));
                element.write_inner_content(|writer| {
                    file.iter().try_for_each(|finding| write_error(writer, finding))
                })?;
            }
            Ok(())
        })?;
        writeln!(out)
    }
}

fn write_error<W: Write>(writer: &mut Writer<W>, finding: &ReportedFinding) -> io::Result<()> {
    let severity = match finding.severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "info",
    };
    let (line, column) = (finding.start.line.to_string(), finding.start.column.to_string());
    let source = format!("unleak.{}", shown(&finding.rule));
    let error = writer.create_element("error").with_attributes([
        ("line", &*line),
        ("column", &*column),
        ("severity", severity),
        ("message", &*finding.told()),
        ("source", &*source),
    ]);
    error.write_empty()?;
    Ok(())
}
