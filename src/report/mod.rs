//! What a run tells: one document, and the formats it is written in. Knows findings and positions; asks nobody
//! and touches no file but the stream it is given.
//!
//! `document` is what is told, of what `finding` holds; `reporter` is the contract of the formats, one file each.
//! What comes from scanned code goes through `shown`.

pub use crate::workspace::{Diagnostic, Skip, SkipReason};

mod checkstyle;
mod color;
mod concise;
mod document;
mod finding;
mod github;
mod gitlab;
mod json;
mod junit;
mod markdown;
mod rdjson;
mod reporter;
mod sarif;
mod shown;
mod summary;
mod text;
mod weakness;

pub use checkstyle::Checkstyle;
pub use color::Color;
pub use concise::Concise;
pub use document::{Files, Report, Summary, Tool};
pub use finding::{
    Accepted, Point, ReportedEdit, ReportedFinding, ReportedFix, ReportedRefusal, ReportedRelated,
};
pub use finding::{ReportedSuppression, Source};
pub use github::Github;
pub use gitlab::Gitlab;
pub use json::{Json, JsonLines, write_json, write_json_line};
pub use junit::Junit;
pub use markdown::Markdown;
pub use rdjson::Rdjson;
pub use reporter::{Reporter, RulePage};
pub use sarif::Sarif;
pub use summary::{Run, skipped_line, summary_line, unresolved_line};
pub use text::{Text, write_diagnostics, write_remains};
