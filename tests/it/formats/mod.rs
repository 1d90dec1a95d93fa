//! The formats of other programs, written for a bundled service and for a report with a finding of every kind, and
//! held to what those programs take.

use std::path::{Path, PathBuf};

use crate::support::command::{Ran, run};
use serde_json::Value;

mod lines;
mod objects;
mod paths;
mod places;
mod sarif;
mod xml;

fn service() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/apps/v2-leaky")
}

/// What a scan of the bundled service writes in a format.
fn scanned(format: &str) -> String {
    let ran: Ran = run(&service(), &["scan", "--format", format]).expect(1, &["16 findings in 9 files"]);
    String::from_utf8(ran.stdout).unwrap()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}
