//! The report as one JSON document, or as one finding a line.

use std::io::{self, Write};

use serde::Serialize;

use super::{Report, Reporter};
use crate::text::misleads;

/// The whole report as one JSON document.
pub struct Json;

/// One finding a line, for programs that read while the tool writes.
pub struct JsonLines;

impl Reporter for Json {
    fn report(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        write_json(out, report)
    }
}

impl Reporter for JsonLines {
    fn report(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        for finding in &report.findings {
            write_json_line(out, finding)?;
        }
        Ok(())
    }
}

/// A document over several lines, in which no character commands or misleads.
pub fn write_json(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    writeln!(out, "{}", harmless(&serde_json::to_string_pretty(value)?))
}

/// The same on one line.
pub fn write_json_line(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    writeln!(out, "{}", harmless(&serde_json::to_string(value)?))
}

/// JSON that says the same, in which no character of a string commands a terminal or reorders its text. Between
/// strings there are none but line ends, which strings hold escaped already.
fn harmless(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for char in json.chars() {
        match misleads(char) && char != '\n' {
            true => {
                let units = char.encode_utf16(&mut [0; 2]).to_vec();
                out.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
            }
            false => out.push(char),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_misleads_is_escaped_and_stays_the_same_value() {
        let text = "a\u{1b}[2J\u{9b}\u{7f}\u{202e}\n\u{2066}漢\t";
        let mut out = Vec::new();
        write_json(&mut out, &[text]).unwrap();
        let json = String::from_utf8(out).unwrap();
        assert!(
            json.contains(r"a\u001b[2J\u009b\u007f\u202e\n\u2066漢\t"),
            "{json}"
        );
        let back: Vec<String> = serde_json::from_str(&json).unwrap();
        assert_eq!(back, [text]);
    }
}
