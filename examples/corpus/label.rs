//! Labels made by hand, one a line: repo (`owner/name`), path, line, family, verdict (`leak` or `clean`),
//! confidence, reason. Further columns are for people.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::report::Finding;

/// Labels point at the statement or at the call in it.
const NEAR: usize = 2;

/// Reasons that begin so are matters of policy, not of detection.
const POLICY: [&str; 3] = ["CHURN", "DONTCARE", "GO123"];

pub struct Label {
    pub repo: String,
    pub path: String,
    pub line: usize,
    pub family: String,
    pub is_leak: bool,
    pub is_certain: bool,
    pub reason: String,
}

impl Label {
    /// The labels of a file below its head line.
    ///
    /// # Errors
    /// Where the file cannot be read, or a line is not a label.
    pub fn read(path: &Path) -> Result<Vec<Label>> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let parsed = |(at, line)| {
            Label::parse(line).with_context(|| format!("{}:{}: not a label", path.display(), at + 1))
        };
        text.lines().enumerate().skip(1).map(parsed).collect()
    }

    fn parse(line: &str) -> Result<Label> {
        let columns: Vec<&str> = line.split('\t').collect();
        let [repo, path, at, family, verdict, confidence, reason, ..] = columns[..] else {
            bail!("{} columns, 7 expected", columns.len());
        };
        Ok(Label {
            repo: repo.to_owned(),
            path: path.to_owned(),
            line: at.parse().context("the third column is not a line number")?,
            family: family.to_owned(),
            is_leak: verdict == "leak",
            is_certain: confidence == "high",
            reason: reason.to_owned(),
        })
    }

    pub fn is_policy(&self) -> bool {
        POLICY.iter().any(|word| self.reason.starts_with(word))
    }

    /// Whether `finding` speaks of this label: it starts near it, or names the line of a leak as a caller on the way.
    /// A clean call of a helper that leaks elsewhere is no leak for being on the way.
    pub fn is_met_by(&self, finding: &Finding) -> bool {
        let is_near = |path: &str, line: usize, most| path == self.path && line.abs_diff(self.line) <= most;
        let mut related = finding.related.iter();
        kind(&finding.family) == kind(&self.family)
            && (is_near(&finding.path, finding.start.line, NEAR)
                || self.is_leak && related.any(|related| is_near(&related.path, related.start.line, 0)))
    }
}

/// A channel that nobody closes and the goroutine that waits for it are one leak.
fn kind(family: &str) -> &str {
    match family {
        "channel" => "goroutine",
        other => other,
    }
}
