//! Findings on stdout while the run goes on, for programs that read along.

use std::io;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};

use super::args::Format;
use super::console::Console;
use super::format::Product;
use crate::job::in_order;
use crate::report::{ReportedFinding, write_json_line};
use crate::workspace::Session;

/// Whether lines of JSON go to stdout, and what else is to be written at the end. A file is written whole or not at
/// all, so nobody reads along there.
pub fn split(mut products: Vec<Product<'_>>) -> (bool, Vec<Product<'_>>) {
    let before = products.len();
    products.retain(|product| *product != (Format::Jsonl, None));
    (products.len() < before, products)
}

/// The lines of a run.
pub struct Lines<'a> {
    console: &'a Console,
    /// What kept lines from being written; the rest is not tried.
    failed: Mutex<Option<io::Error>>,
}

impl<'a> Lines<'a> {
    pub fn new(console: &'a Console) -> Self {
        Lines {
            console,
            failed: Mutex::new(None),
        }
    }

    /// Writes what the packages of a folder gave.
    pub fn folder(&self, session: &Session, findings: &[&Vec<ReportedFinding>]) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let findings: Vec<ReportedFinding> = findings.iter().copied().flatten().cloned().collect();
        if failed.is_some() || findings.is_empty() {
            return;
        }
        let findings = in_order(session, findings);
        let written = self.console.flush(|out| {
            let mut findings = findings.iter();
            findings.try_for_each(|finding| write_json_line(out, finding))
        });
        *failed = written.err();
    }

    /// A reader that has seen enough and closed the pipe is no error.
    pub fn end(self) -> Result<()> {
        let failed = self.failed.into_inner().unwrap_or_else(PoisonError::into_inner);
        match failed {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(error).context("cannot write to stdout")
            }
            _ => Ok(()),
        }
    }
}
