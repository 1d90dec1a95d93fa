//! The repair of one repository, in a process of its own: a crash, a flood of memory or a clock that runs out ends
//! this process and nothing else. Reads a worktree, writes the artifacts of one unit.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::process::confine;
use super::rules::notes;
use super::steps::{PackageStep, steps, united, whole, with_later};
use super::unit::{Step, Unit, UnitFinding, UnitFix, UnitRefusal};
use crate::config::Config;
use crate::engine::Formatter;
use crate::engine::plan::{Change, preview};
use crate::engine::{Automatic, Repaired, allowed_fixes, repair};
use crate::go::Package;
use crate::job::{Job, Paths, RunResult, Stage, reported};
use crate::report::{Json, Report, ReportedFinding, Reporter};
use crate::transform::{Applicability, Confidence, Outcome, Proposal, Suite};
use crate::workspace::{Gofmt, Overlay, WalkOptions};

/// A diff longer than this is cut: it is in the patch.
const LONGEST_DIFF: usize = 20_000;

/// Which repairs a campaign makes. Part of its identity: every shard has the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repairs {
    pub select: Vec<String>,
    pub ignore: Vec<String>,
    pub fixable: Vec<String>,
    pub unfixable: Vec<String>,
    pub min_confidence: Confidence,
    pub unsafe_fixes: bool,
    pub tests: bool,
    /// Without it the parser alone judges the result.
    pub gofmt: bool,
}

/// What a worker is to do, read from its stdin.
#[derive(Debug, Serialize, Deserialize)]
pub struct Assignment {
    pub worktree: PathBuf,
    pub staging: PathBuf,
    pub repository: String,
    pub reference: Option<String>,
    pub subdirs: Vec<String>,
    pub commit: String,
    pub repairs: Repairs,
    pub threads: usize,
    /// In bytes.
    pub memory: Option<u64>,
}

/// A package after its repair.
struct Treated {
    findings: Vec<(ReportedFinding, Option<Shown>)>,
    /// Those of the first turn.
    steps: Vec<PackageStep>,
}

/// A fix to be shown.
struct Shown {
    title: String,
    applicability: Applicability,
    /// What it changes alone.
    changes: Vec<Change>,
}

/// Does the assignment that `input` holds.
pub fn work(input: &[u8], suite: &Suite) -> Result<()> {
    let assignment: Assignment =
        serde_json::from_slice(input).context("this command is for batch runs only")?;
    confine(assignment.memory);
    let gofmt = assignment.repairs.gofmt.then(Gofmt::find).flatten();
    if assignment.repairs.gofmt && gofmt.is_none() {
        bail!("gofmt was not found on this machine");
    }
    gofmt.as_ref().map_or(Ok(()), probe)?;
    let config = assignment.repairs.config();
    let worktree = assignment
        .worktree
        .canonicalize()
        .context("cannot open the worktree")?;
    let paths = assignment.paths(&worktree)?;
    let job = Job {
        suite,
        config: &config,
        formatter: gofmt.as_ref().map(|gofmt| gofmt as &dyn Formatter),
        toolchain: None,
        paths: &paths,
        base: Some(&worktree),
        walk: WalkOptions {
            // A fresh checkout holds tracked files only; ignore rules, of this machine even, have no say.
            no_ignore: true,
            tests: assignment.repairs.tests,
            threads: assignment.threads,
        },
        overlay: Overlay::default(),
        stop: &AtomicBool::new(false),
    };
    let unsafe_fixes = assignment.repairs.unsafe_fixes;
    let automatic = || Automatic::new(unsafe_fixes, None);
    let survey = job.run(|analysis, engine| {
        Stage::of(
            analysis,
            |analysis| repair(analysis, engine, &mut automatic()),
            |repaired| Treated::of(repaired, steps(repaired, engine, unsafe_fixes)),
        )
    })?;
    let mut later = Vec::new();
    let (survey, changes) = job.second_turn(survey, |_, analysis, engine, joint| {
        let repaired = joint.repair(analysis, engine, &mut automatic());
        later.push(whole(&repaired));
        Treated::of(&repaired, Vec::new())
    });
    assignment.write(survey, changes.concat(), later, suite, &config)
}

/// Lets gofmt show that it runs under our limits. One that does not would turn down every repair, and a repository
/// would look as if nothing in it could be repaired.
fn probe(gofmt: &Gofmt) -> Result<()> {
    let source: &[u8] = b"package probe\n";
    let formatted = Gofmt::format(gofmt, &[source])?;
    match formatted.first() {
        Some(Ok(bytes)) if bytes == source => Ok(()),
        _ => bail!("gofmt does not run here; it may need more memory than the limit (--memory)"),
    }
}

impl Repairs {
    fn config(&self) -> Config {
        Config {
            select: self.select.clone(),
            ignore: self.ignore.clone(),
            fixable: self.fixable.clone(),
            unfixable: self.unfixable.clone(),
            min_confidence: self.min_confidence,
            ..Config::default()
        }
    }
}

impl Treated {
    fn of(repaired: &Repaired, steps: Vec<PackageStep>) -> Self {
        let findings = reported(&repaired.analysis, Some(&repaired.endings));
        let package = &repaired.analysis.package;
        let shown = repaired.analysis.proposals.iter().map(|it| shown(package, it));
        // Suppressed findings come after the open ones, and nothing is proposed for them.
        let shown = shown.chain(std::iter::repeat_with(|| None));
        Treated {
            findings: findings.into_iter().zip(shown).collect(),
            steps,
        }
    }
}

/// The fix that is made, or that would be, if it were allowed.
fn shown(package: &Package, proposal: &Proposal) -> Option<Shown> {
    let fixes = proposal.remedy.as_ref().ok()?;
    let allowed = allowed_fixes(proposal, true).ok();
    let fix = allowed
        .and_then(|fixes| fixes.first().copied())
        .or(fixes.first())?;
    Some(Shown {
        title: fix.title.clone(),
        applicability: fix.applicability,
        changes: preview(package, fix),
    })
}

impl Shown {
    fn render(self, paths: &Paths<'_>) -> UnitFix {
        let diff = paths.patch(self.changes.iter());
        UnitFix {
            title: self.title,
            applicability: self.applicability,
            diff: cut(String::from_utf8_lossy(&diff).into_owned()),
        }
    }
}

fn cut(mut diff: String) -> String {
    if diff.len() > LONGEST_DIFF {
        let end = (0..=LONGEST_DIFF).rev().find(|&at| diff.is_char_boundary(at));
        diff.truncate(end.unwrap_or_default());
        diff.push_str("\n… the rest is in fix.patch\n");
    }
    diff
}

impl Assignment {
    /// The folders to look at. None leads out of the worktree.
    fn paths(&self, root: &Path) -> Result<Vec<PathBuf>> {
        if self.subdirs.is_empty() {
            return Ok(vec![root.to_owned()]);
        }
        let paths = self.subdirs.iter().map(|subdir| {
            let path = root.join(subdir).canonicalize().ok();
            match path.filter(|path| path.is_dir() && path.starts_with(root)) {
                Some(path) => Ok(path),
                None => bail!("it has no folder `{subdir}` with Go files"),
            }
        });
        paths.collect()
    }

    fn write(
        &self,
        mut survey: RunResult<Treated>,
        changes: Vec<Change>,
        later: Vec<PackageStep>,
        suite: &Suite,
        config: &Config,
    ) -> Result<()> {
        let commits = self.write_patches(&mut survey, &changes, later)?;
        let results = std::mem::take(&mut survey.results);
        let (mut findings, mut fixes) = (Vec::new(), HashMap::new());
        let paths = Paths::new(&survey);
        for (finding, shown) in results.into_iter().flat_map(|treated| treated.findings) {
            if let Some(shown) = shown {
                fixes.insert(finding.fingerprint.clone(), shown.render(&paths));
            }
            findings.push(finding);
        }
        let report = survey.report(findings);
        let mut unit = self.unit(&report, commits);
        for finding in &mut unit.findings {
            finding.fix = fixes.remove(&finding.fingerprint);
        }
        unit.rules = notes(&unit, suite, config);
        let mut json = Vec::new();
        Json.report(&report, &mut json)?;
        self.put("report.json", &json)?;
        unit.write(&self.staging)
    }

    /// The whole patch and that of each commit.
    fn write_patches(
        &self,
        survey: &mut RunResult<Treated>,
        changes: &[Change],
        later: Vec<PackageStep>,
    ) -> Result<Vec<Step>> {
        let taken = survey.results.iter_mut();
        let steps = taken
            .flat_map(|treated| std::mem::take(&mut treated.steps))
            .collect();
        let packages = united(later.into_iter().fold(steps, with_later));
        let paths = Paths::new(survey);
        let whole = paths.patch(changes.iter());
        if whole.is_empty() {
            return Ok(Vec::new());
        }
        self.put("fix.patch", &whole)?;
        let mut commits = Vec::new();
        for (at, step) in packages.iter().enumerate() {
            let rules: Vec<String> = step.rules.iter().cloned().collect();
            let name = match rules.as_slice() {
                [rule] => rule.as_str(),
                _ => "several-rules",
            };
            let file = format!("{:02}-{name}.patch", at + 1);
            self.put(&format!("commits/{file}"), &paths.patch(step.changes.iter()))?;
            commits.push(Step {
                findings: step.findings,
                patch: file,
                rules,
            });
        }
        Ok(commits)
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.staging.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
    }

    fn unit(&self, report: &Report, commits: Vec<Step>) -> Unit {
        let diagnostics = report.diagnostics.iter();
        Unit {
            schema_version: 1,
            repository: self.repository.clone(),
            reference: self.reference.clone(),
            subdirs: self.subdirs.clone(),
            commit: self.commit.clone(),
            files: report.files.seen,
            rules: Vec::new(),
            findings: report.findings.iter().map(unit_finding).collect(),
            commits,
            diagnostics: diagnostics
                .map(|diagnostic| format!("{}: {}", diagnostic.path, diagnostic.message))
                .collect(),
        }
    }
}

fn unit_finding(finding: &ReportedFinding) -> UnitFinding {
    let related = finding.related.iter();
    UnitFinding {
        rule: finding.rule.clone(),
        severity: finding.severity,
        confidence: finding.confidence,
        path: finding.path.clone(),
        line: finding.start.line,
        column: finding.start.column,
        function: finding.function.clone(),
        message: finding.message.clone(),
        fingerprint: finding.fingerprint.clone(),
        related: related
            .map(|related| format!("{}:{} {}", related.path, related.start.line, related.message))
            .collect(),
        outcome: finding.outcome.unwrap_or(Outcome::Deferred),
        note: finding.note.clone(),
        remains: finding.remains.clone(),
        refusal: finding.refusal.as_ref().map(|refusal| UnitRefusal {
            reason: refusal.reason,
            message: refusal.message.clone(),
        }),
        fix: None,
    }
}
