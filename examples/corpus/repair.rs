//! `repair`: what `fix --unsafe-fixes` makes of a copy of each repository.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::Corpus;
use crate::report::{Edit, Finding, Fix, Report};

/// Repositories are repaired as they are, wherever they come from.
const FIX: [&str; 4] = ["fix", "--unsafe-fixes", "--allow-dirty", "--allow-no-vcs"];

/// Prints a row for each repository with findings, and what is wrong with the result.
///
/// # Errors
/// Where a repository cannot be copied or a command cannot be run, and at the end where any result was wrong.
pub fn repair(corpus: &Corpus, build: bool) -> Result<()> {
    let mut wrong = Vec::new();
    let mut sizes = Vec::new();
    println!("| repository | findings | fixed | refused | failed | modules built before → after |");
    println!("|---|---|---|---|---|---|");
    for (name, dir) in corpus.checkouts()? {
        let trial = Trial::run(&corpus.unleak, &dir, build).with_context(|| name.clone())?;
        if !trial.report.findings.is_empty() {
            println!("| {name} | {} |", trial.row());
        }
        sizes.extend(trial.sizes);
        wrong.extend(trial.wrong.into_iter().map(|what| format!("{name}: {what}")));
    }
    sizes.sort_unstable();
    if let Some(median) = sizes.get(sizes.len() / 2) {
        println!(
            "\nChanged lines of release and cancel repairs: median {median}, {} repairs",
            sizes.len()
        );
    }
    println!("\n## Wrong: {}\n", wrong.len());
    wrong.iter().for_each(|what| println!("- {what}"));
    ensure!(wrong.is_empty(), "{} results are wrong", wrong.len());
    Ok(())
}

/// One repository, repaired in a copy.
struct Trial {
    report: Report,
    /// Changed lines of each release and cancel repair.
    sizes: Vec<usize>,
    built: (usize, usize),
    wrong: Vec<String>,
}

impl Trial {
    fn run(unleak: &Path, original: &Path, build: bool) -> Result<Trial> {
        let folder = tempfile::tempdir()?;
        let copy = folder.path().join("copy");
        run(Command::new("cp").arg("-a").arg(original).arg(&copy))?;
        let modules = if build { modules_below(&copy)? } else { Vec::new() };
        let built_before: Vec<&PathBuf> = modules.iter().filter(|module| build_of(module).is_ok()).collect();
        let unclean_before = unclean(&copy)?;
        let report = Report::of(unleak, &FIX, &copy)?;
        let sizes = report
            .findings
            .iter()
            .filter_map(|finding| size(original, finding))
            .collect();
        let mut wrong: Vec<String> = unclean(&copy)?.difference(&unclean_before).cloned().collect();
        wrong.extend(left_over(unleak, &copy)?);
        let broken: Vec<String> = built_before
            .iter()
            .filter_map(|module| build_of(module).err())
            .collect();
        let built = (built_before.len(), built_before.len() - broken.len());
        wrong.extend(broken);
        Ok(Trial {
            report,
            sizes,
            built,
            wrong,
        })
    }

    fn row(&self) -> String {
        let count = |outcome: &str| {
            let findings = self.report.findings.iter();
            findings
                .filter(|finding| finding.outcome.as_deref() == Some(outcome))
                .count()
        };
        let all = self.report.findings.len();
        let (before, after) = self.built;
        let [fixed, refused, failed] = ["fixed", "refused", "failed"].map(count);
        format!("{all} | {fixed} | {refused} | {failed} | {before} → {after}")
    }
}

/// What a second run would still change: nothing.
fn left_over(unleak: &Path, dir: &Path) -> Result<Option<String>> {
    let mut command = Command::new(unleak);
    command.args(FIX).arg("--dry-run").arg(dir);
    let patch = command.output()?.stdout;
    let shown = String::from_utf8_lossy(&patch);
    let first = shown.lines().next();
    Ok(first.map(|line| format!("a second run changes {line}")))
}

/// The files that gofmt would change or cannot read, and what it says of the latter.
fn unclean(dir: &Path) -> Result<BTreeSet<String>> {
    let output = Command::new("gofmt")
        .args(["-l", "."])
        .current_dir(dir)
        .output()
        .context("gofmt")?;
    let lines = [output.stdout, output.stderr].concat();
    let shown = String::from_utf8_lossy(&lines);
    Ok(shown.lines().map(|line| format!("gofmt: {line}")).collect())
}

fn modules_below(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut modules = Vec::new();
    for entry in ignore::WalkBuilder::new(dir).standard_filters(false).build() {
        let path = entry?.into_path();
        if path.ends_with("go.mod") {
            modules.extend(path.parent().map(Path::to_path_buf));
        }
    }
    Ok(modules)
}

/// `go build ./...` in a module; its complaint where it fails.
fn build_of(module: &Path) -> Result<(), String> {
    let mut command = Command::new("go");
    command
        .args(["build", "./..."])
        .env("GOFLAGS", "-mod=mod")
        .current_dir(module);
    let output = command.output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("go build: {}", String::from_utf8_lossy(&output.stderr))),
    }
}

/// How many lines the applied fix of a release or cancel finding adds and removes.
fn size(original: &Path, finding: &Finding) -> Option<usize> {
    let counts = matches!(finding.family.as_str(), "release" | "cancel");
    let fix = finding
        .fixes
        .first()
        .filter(|_| counts && finding.outcome.as_deref() == Some("fixed"))?;
    changed_lines(original, fix)
}

/// The lines of the diff, added and removed, over all files of the fix.
fn changed_lines(original: &Path, fix: &Fix) -> Option<usize> {
    let files: BTreeSet<&String> = fix.edits.iter().map(|edit| &edit.path).collect();
    let mut lines = 0;
    for path in files {
        let old = fs::read(original.join(path)).ok()?;
        let new = edited(&old, fix.edits.iter().filter(|edit| edit.path == *path));
        for (was, is) in unleak::text::changed_lines(&old, &new) {
            lines += newlines(&old[was.start..was.end]) + newlines(&new[is.start..is.end]);
        }
    }
    Some(lines)
}

/// `old` with edits that are ascending and disjoint.
fn edited<'a>(old: &[u8], edits: impl Iterator<Item = &'a Edit>) -> Vec<u8> {
    let mut new = Vec::new();
    let mut at = 0;
    for edit in edits {
        new.extend_from_slice(&old[at..edit.start_byte]);
        new.extend_from_slice(edit.text.as_bytes());
        at = edit.end_byte;
    }
    new.extend_from_slice(&old[at..]);
    new
}

fn newlines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot run {command:?}"))?;
    if !status.success() {
        bail!("{command:?} failed");
    }
    Ok(())
}
