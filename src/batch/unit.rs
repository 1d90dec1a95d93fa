//! What is known about one repository after its turn: the document from which every summary is made. Holds no
//! times and no paths of this machine, so that any machine writes the same bytes.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::report::write_json;
use crate::transform::{Applicability, Confidence, Outcome, Reason, Severity};

/// One repository: what was found in it and what would be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    pub schema_version: u32,
    /// The canonical name.
    pub repository: String,
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subdirs: Vec<String>,
    /// The commit that was looked at, and that the patch fits.
    pub commit: String,
    /// Go files seen.
    pub files: usize,
    /// Those that came up, by name.
    pub rules: Vec<RuleNote>,
    /// Sorted by path, start and rule.
    pub findings: Vec<UnitFinding>,
    /// In the order in which they are to be made.
    pub commits: Vec<Step>,
    pub diagnostics: Vec<String>,
}

/// What people should know about a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleNote {
    pub rule: String,
    pub title: String,
    pub severity: Severity,
    /// The first paragraph of why it leaks.
    pub why: String,
    /// The first paragraph on whether the fix is safe.
    pub safety: String,
}

/// A finding, its fix and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitFinding {
    pub rule: String,
    pub severity: Severity,
    pub confidence: Confidence,
    /// Relative to the repository.
    pub path: String,
    pub line: usize,
    pub column: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    pub message: String,
    pub fingerprint: String,
    /// Places that explain it: `path:line message`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<String>,
    pub outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Where the leak may still happen although it counts as fixed: `path:line: why`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remains: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<UnitRefusal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<UnitFix>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitRefusal {
    pub reason: Reason,
    pub message: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitFix {
    pub title: String,
    pub applicability: Applicability,
    /// The fix alone, for reading.
    pub diff: String,
}

/// One commit to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// One rule; several where their repairs cannot be told apart.
    pub rules: Vec<String>,
    /// Findings that it settles.
    pub findings: usize,
    /// The file in `commits/`.
    pub patch: String,
}

impl Unit {
    pub fn read(folder: &Path) -> Result<Unit> {
        let path = folder.join("unit.json");
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_slice(&bytes).with_context(|| format!("{} is damaged", path.display()))
    }

    pub fn write(&self, folder: &Path) -> Result<()> {
        let mut bytes = Vec::new();
        write_json(&mut bytes, self)?;
        let path = folder.join("unit.json");
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Findings that ended so.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.outcome == outcome)
            .count()
    }

    /// Findings that nobody accepted.
    pub fn found(&self) -> usize {
        self.findings.len() - self.count(Outcome::Suppressed)
    }
}

impl Unit {
    /// The findings that a commit settles.
    pub fn fixed_by<'a>(&'a self, step: &'a Step) -> impl Iterator<Item = &'a UnitFinding> {
        let fixed = self.findings.iter().filter(|it| it.outcome == Outcome::Fixed);
        fixed.filter(|finding| step.rules.contains(&finding.rule))
    }
}
