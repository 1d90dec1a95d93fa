//! The climb: from edits to a package that passed every check.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Check, Chosen, Rejection, checker, gofmt, recheck, syntax};
use crate::engine::plan::{Change, Plan, PlanError};
use crate::engine::{Analysis, Engine, analyze};
use crate::go::Package;

/// A package that passed the gate, with some fixes in it.
pub struct Passed {
    pub after: Analysis,
    pub changes: Vec<Change>,
}

/// Climbs the ladder with some fixes together.
pub fn check(before: &Analysis, fixes: &[&Chosen], engine: &Engine<'_>) -> Result<Passed, Rejection> {
    let mut changes = united(&before.package, fixes)?;
    syntax::check(&before.package, &changes)?;
    if let Some(formatter) = engine.formatter {
        gofmt::settle(&mut changes, formatter)?;
    }
    let sources = changes.iter().map(|change| (change.file, change.new.as_slice()));
    let package = before.package.with_sources(sources);
    // A person may write what only they know to compile.
    if fixes.iter().all(|chosen| !chosen.by_hand) {
        checker::check(&before.package, &package, &changes)?;
    }
    let mut after = analyze(package, engine);
    recheck::carry(before, fixes, &mut after)?;
    let touched: BTreeSet<Arc<str>> = changes.iter().map(|change| Arc::clone(&change.package)).collect();
    recheck::others(&before.package, &after.package, &touched, engine)?;
    compile(&after.package, &touched, engine)?;
    Ok(Passed { after, changes })
}

/// The dearest rung, so the last.
fn compile(package: &Package, touched: &BTreeSet<Arc<str>>, engine: &Engine<'_>) -> Result<(), Rejection> {
    let Some(compiler) = engine.compiler else {
        return Ok(());
    };
    let others = touched.iter().filter(|path| **path != package.path);
    let others = others.filter_map(|path| Some(&*package.program()?.package(path)?.dir));
    let folders: Vec<&str> = std::iter::once(&*package.dir).chain(others).collect();
    compiler.compile(package, &folders).map_err(|said| Rejection {
        rung: Check::Build,
        evidence: format!("the result does not pass Go's own tools: {said}"),
    })
}

fn united(package: &Package, fixes: &[&Chosen]) -> Result<Vec<Change>, Rejection> {
    let mut plan = Plan::new(package);
    for chosen in fixes {
        plan.add(&chosen.fix).map_err(|misfit| Rejection {
            rung: Check::Edits,
            evidence: match misfit {
                PlanError::Overlaps => "its edits overlap those of another fix".to_owned(),
                PlanError::OutsideFile => "it edits places that its file does not have".to_owned(),
            },
        })?;
    }
    Ok(plan.changes())
}
