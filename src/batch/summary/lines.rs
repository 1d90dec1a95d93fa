//! The findings of a campaign as JSON lines.

use anyhow::Result;
use serde::Serialize;

use super::model::Summary;
use crate::report::write_json_line;

/// One object a line; `kind` says of what.
#[derive(Serialize)]
struct Line<'a, T: Serialize> {
    kind: &'static str,
    #[serde(flatten)]
    value: &'a T,
}

/// Repositories, rules, refusals and findings, for programs.
pub fn json_lines(summary: &Summary) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    push(&mut out, "repository", &summary.repositories)?;
    push(&mut out, "rule", &summary.rules)?;
    push(&mut out, "refusal", &summary.refusals)?;
    push(&mut out, "finding", &summary.findings)?;
    Ok(out)
}

fn push<T: Serialize>(out: &mut Vec<u8>, kind: &'static str, values: &[T]) -> Result<()> {
    for value in values {
        write_json_line(out, &Line { kind, value })?;
    }
    Ok(())
}
