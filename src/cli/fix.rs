//! Repair: choose, verify, and write or show.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::aftermath::Aftermath;
use super::args::{Fix, Verify};
use super::console::Console;
use super::exit::Exit;
use super::format::{Product, products};
use super::interrupt::{Whole, is_stopped};
use super::rules;
use super::selection::set;
use super::undo::{journal, undo};
use super::verifiers::Verifiers;
use crate::config::Config;
use crate::engine::plan::Change;
use crate::engine::{Analysis, Automatic, Decided, Repaired, allowed_fixes, repair};
use crate::job::{Job, Paths, RunResult, Stage, reported};
use crate::report::{ReportedFinding, Run};
use crate::review::{Questions, Review, Terminal, review};
use crate::workspace::{Journal, git};

/// A run after its repairs: the findings of each package, and all changes in groups that stand and fall together.
struct Treated {
    survey: RunResult<Vec<ReportedFinding>>,
    changes: Vec<Vec<Change>>,
}

impl From<(RunResult<Vec<ReportedFinding>>, Vec<Vec<Change>>)> for Treated {
    fn from((survey, changes): (RunResult<Vec<ReportedFinding>>, Vec<Vec<Change>>)) -> Self {
        Treated { survey, changes }
    }
}

/// What is kept of a package until the end of the run.
fn findings(repaired: &Repaired) -> Vec<ReportedFinding> {
    reported(&repaired.analysis, Some(&repaired.endings))
}

/// Applies fixes, or shows them as a patch.
pub fn fix(args: &Fix, console: &Console) -> Result<Exit> {
    if args.selection.untrusted && args.verify == Verify::Test {
        bail!(
            "--verify test runs code of the tree, which --untrusted forbids; --verify build compiles it only"
        );
    }
    let products = products(&args.format, args.selection.output.as_deref())?;
    let journal = match args.dry_run {
        true => None,
        false => Some(journal(args, console)?),
    };
    if let (Some(journal), true) = (&journal, args.undo) {
        return undo(journal, console);
    }
    let config = config(args)?;
    console.hints(&config);
    let judges = Verifiers::find(args.verify, args.allow_network)?;
    let job = args.selection.job(&config, &judges);
    let treatment = Treatment {
        args,
        config: &config,
        job: &job,
    };
    let Some(treated) = treatment.run()? else {
        return Ok(Exit::Interrupted);
    };
    if args.verify == Verify::Auto && !treated.changes.is_empty() {
        console.note(judges.strongest());
    }
    match &journal {
        None => show(args, console, &treated),
        Some(journal) => write(args, &products, &config, console, treated, journal),
    }
}

fn config(args: &Fix) -> Result<Config> {
    let mut config = args.selection.config()?;
    set(&mut config.fixable, &args.fixable);
    set(&mut config.unfixable, &args.unfixable);
    rules::known_in(&config, &args.fixable)?;
    rules::known_in(&config, &args.unfixable)?;
    Ok(config)
}

struct Treatment<'a> {
    args: &'a Fix,
    config: &'a Config,
    job: &'a Job<'a>,
}

impl Treatment<'_> {
    /// Repairs every package; nothing where the person broke off.
    fn run(&self) -> Result<Option<Treated>> {
        let unsafe_fixes = self.args.unsafe_fixes;
        if self.args.interactive {
            return self.ask();
        }
        let mut chooser = Automatic::new(unsafe_fixes, self.args.max_fixes);
        let survey = self.job.run(|analysis, engine| match self.args.max_fixes {
            // A limit counts over the whole run, in its order.
            Some(_) => Stage::Waiting(Box::new(analysis)),
            None => Stage::of(
                analysis,
                |analysis| repair(analysis, engine, &mut Automatic::new(unsafe_fixes, None)),
                findings,
            ),
        })?;
        let treated = self.job.second_turn(survey, |_, analysis, engine, joint| {
            findings(&joint.repair(analysis, engine, &mut chooser))
        });
        Ok(Some(treated.into()))
    }

    /// Asks about everything before anything is repaired.
    fn ask(&self) -> Result<Option<Treated>> {
        let Some(terminal) = Terminal::open() else {
            bail!("--interactive needs a terminal; without one, --dry-run shows every fix as a patch");
        };
        let survey = self.job.run(|analysis, _| analysis)?;
        if !self.args.dry_run {
            self.guard_offers(&survey)?;
        }
        let questions = Questions {
            analyses: &survey.results,
            config: self.config,
            unsafe_fixes: self.args.unsafe_fixes,
            explain: &|rule| {
                rules::page_of(self.config, &rule.slug)
                    .unwrap_or_default()
                    .to_owned()
            },
        };
        let mut answers = match review(&questions, terminal).context("cannot talk to the terminal")? {
            Review::Decided(answers) => answers,
            // Without answers everything is left to a later run.
            Review::Restored => survey.results.iter().map(|_| Decided::default()).collect(),
            Review::Interrupted => return Ok(None),
        };
        let mut survey = survey;
        let analyses = std::mem::take(&mut survey.results).into_iter();
        let waiting = analyses.map(|analysis| Stage::Waiting(Box::new(analysis)));
        let survey = survey.with_results(waiting.collect());
        let treated = self.job.second_turn(survey, |at, analysis, engine, joint| {
            findings(&joint.repair(analysis, engine, &mut answers[at]))
        });
        Ok(Some(treated.into()))
    }

    /// Looks at the work tree before the person's time is spent.
    fn guard_offers(&self, survey: &RunResult<Analysis>) -> Result<()> {
        let paths = Paths::new(survey);
        let mut targets = BTreeSet::new();
        for analysis in &survey.results {
            for proposal in &analysis.proposals {
                let fixes = allowed_fixes(proposal, self.args.unsafe_fixes).unwrap_or_default();
                let files = fixes.iter().flat_map(|fix| &fix.edits);
                targets.extend(files.map(|(file, _)| paths.named(&analysis.package.file(*file).path)));
            }
        }
        guard(self.args, &targets.into_iter().collect::<Vec<_>>())
    }
}

/// Refuses to write what git could not give back.
fn guard(args: &Fix, targets: &[PathBuf]) -> Result<()> {
    if args.allow_dirty && args.allow_no_vcs {
        return Ok(());
    }
    let exposure = git::exposure(targets)?;
    if !args.allow_dirty && !exposure.dirty.is_empty() {
        bail!(
            "these files have changes that are not committed; commit or stash them, or pass --allow-dirty:{}",
            listed(&exposure.dirty)
        );
    }
    if !args.allow_no_vcs && !exposure.unversioned.is_empty() {
        bail!(
            "these files are in no git repository, so a repair could not be taken back; pass --allow-no-vcs to \
             write them anyway:{}",
            listed(&exposure.unversioned)
        );
    }
    Ok(())
}

/// The first of the paths, one a line, relative to the current folder.
pub fn listed(paths: &[PathBuf]) -> String {
    const SHOWN: usize = 10;
    let here = std::env::current_dir()
        .and_then(std::fs::canonicalize)
        .unwrap_or_default();
    let shown = paths.iter().take(SHOWN).map(|path| {
        let path = path.strip_prefix(&here).unwrap_or(path);
        format!("\n  {}", path.display())
    });
    let mut lines: String = shown.collect();
    if paths.len() > SHOWN {
        lines.push_str(&format!("\n  and {} more", paths.len() - SHOWN));
    }
    lines
}

/// Prints the patch.
fn show(args: &Fix, console: &Console, treated: &Treated) -> Result<Exit> {
    let survey = &treated.survey;
    let patch = Paths::new(survey).patch(treated.changes.iter().flatten());
    let report = survey.report(survey.results.concat());
    console.bytes(args.selection.output.as_deref(), &patch)?;
    console.closing(&report, Run::DryRun);
    Ok(args.selection.exit(&report, !patch.is_empty()))
}

/// Writes the changed files.
fn write(
    args: &Fix,
    products: &[Product<'_>],
    config: &Config,
    console: &Console,
    treated: Treated,
    journal: &Journal,
) -> Result<Exit> {
    let Treated { mut survey, changes } = treated;
    let paths = Paths::new(&survey);
    let changed = changes.iter().flatten();
    let targets: Vec<PathBuf> = changed.map(|change| paths.named(&change.path)).collect();
    guard(args, &targets)?;
    // What was written has to be told, too.
    let Some(_whole) = Whole::begin() else {
        return Ok(Exit::Interrupted);
    };
    let aftermath = written(&paths, &changes, journal)?;
    let findings = survey.results.iter();
    let findings = findings.flat_map(|findings| aftermath.told(findings)).collect();
    survey.is_incomplete |= aftermath.has_failures();
    survey.diagnostics.extend(aftermath.diagnostics());
    let report = survey.report(findings);
    args.selection.write(&report, products, config, console)?;
    console.closing(&report, Run::Fix);
    if aftermath.not_begun() > 0 {
        let (left, all) = (aftermath.not_begun(), targets.len());
        console.note(&format!(
            "interrupted: {left} of {all} changed files were not written"
        ));
    }
    Ok(args.selection.exit(&report, false))
}

/// Writes one group after the other until the run is to end.
fn written(paths: &Paths<'_>, groups: &[Vec<Change>], journal: &Journal) -> Result<Aftermath> {
    let _whole = Whole::writing();
    let mut aftermath = Aftermath::default();
    if groups.is_empty() {
        return Ok(aftermath);
    }
    paths.announce(groups, journal)?;
    for group in groups {
        match is_stopped() {
            true => aftermath.interrupted(group.iter().map(|change| &change.path)),
            false => aftermath.failed(paths.write(group)),
        }
    }
    journal.finish()?;
    Ok(aftermath)
}
