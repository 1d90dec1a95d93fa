//! What is read of `--format json`.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Report {
    pub findings: Vec<Finding>,
    pub diagnostics: Vec<Diagnostic>,
}

#[derive(Deserialize)]
pub struct Diagnostic {
    pub path: String,
    pub message: String,
}

#[derive(Deserialize)]
pub struct Finding {
    pub rule: String,
    pub family: String,
    pub severity: String,
    pub path: String,
    pub start: Point,
    pub message: String,
    pub related: Vec<Related>,
    pub fixes: Vec<Fix>,
    pub refusal: Option<Refusal>,
    pub outcome: Option<String>,
}

#[derive(Deserialize)]
pub struct Related {
    pub path: String,
    pub start: Point,
}

#[derive(Deserialize)]
pub struct Point {
    pub line: usize,
}

#[derive(Deserialize)]
pub struct Fix {
    pub applicability: String,
    pub edits: Vec<Edit>,
}

#[derive(Deserialize)]
pub struct Edit {
    pub path: String,
    pub start_byte: usize,
    pub end_byte: usize,
    pub text: String,
}

#[derive(Deserialize)]
pub struct Refusal {
    pub reason: String,
}

impl Report {
    /// The report of `unleak` with these arguments, its paths relative to `dir`: it is run there.
    ///
    /// # Errors
    /// Where the command cannot be run or does not print a report of files there; the error holds what it said.
    pub fn of(unleak: &Path, arguments: &[&str], dir: &Path) -> Result<Report> {
        let program = fs::canonicalize(unleak).with_context(|| format!("no command {}", unleak.display()))?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .args(["--format", "json", "--exit-zero"])
            .current_dir(dir);
        let output = command
            .output()
            .with_context(|| format!("cannot run {}", unleak.display()))?;
        let said = || format!("{}: {}", dir.display(), String::from_utf8_lossy(&output.stderr));
        let report: Report = serde_json::from_slice(&output.stdout).with_context(said)?;
        // Labels and edits name their files so: a report that does not would count as empty.
        let stranger = report
            .findings
            .iter()
            .find(|finding| !dir.join(&finding.path).is_file());
        match stranger {
            Some(finding) => bail!("{}: there is no {}", dir.display(), finding.path),
            None => Ok(report),
        }
    }
}

impl Finding {
    /// What is offered for it, in a word.
    pub fn remedy(&self) -> String {
        match (self.fixes.first(), &self.refusal) {
            (Some(fix), _) => fix.applicability.clone(),
            (None, Some(refusal)) => format!("refused: {}", refusal.reason),
            (None, None) => "no fix".to_owned(),
        }
    }
}
