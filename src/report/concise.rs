//! One line a finding, for editors and grep.

use std::io::{self, Write};

use super::shown::{leading, shown};
use super::{Report, Reporter};

/// One finding a line: `path:line:column: severity rule message`, as editors and `grep` know it.
pub struct Concise;

impl Reporter for Concise {
    fn report(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        for finding in report.told() {
            let (path, point, rule) = (leading(&finding.path), finding.start, shown(&finding.rule));
            let (severity, message) = (finding.severity, finding.told());
            writeln!(
                out,
                "{path}:{}:{}: {severity} {rule} {message}",
                point.line, point.column
            )?;
        }
        Ok(())
    }
}
