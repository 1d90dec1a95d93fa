//! Who writes a document, and with what.

use std::io::{self, Write};
use std::sync::Arc;

use super::document::Report;
use crate::transform::Rule;

/// A rule with the page that explains it.
#[derive(Clone, Debug)]
pub struct RulePage {
    pub rule: Arc<Rule>,
    /// Markdown.
    pub page: &'static str,
}

/// Writes a report in one format.
pub trait Reporter {
    fn report(&self, report: &Report, out: &mut dyn Write) -> io::Result<()>;
}
