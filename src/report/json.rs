use std::io::{self, Write};

use super::{Report, Reporter};

/// The whole report as one JSON document.
pub struct Json;

/// One finding a line, for programs that read while the tool writes.
pub struct JsonLines;

impl Reporter for Json {
    fn report(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, report)?;
        out.write_all(b"\n")
    }
}

impl Reporter for JsonLines {
    fn report(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        for finding in &report.findings {
            serde_json::to_writer(&mut *out, finding)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}
