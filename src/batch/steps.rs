//! A repair taken apart by rule, so that each rule becomes one commit that can be reviewed and reverted alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::Config;
use crate::engine::plan::{Change, compose};
use crate::engine::{Automatic, Engine, Repaired, analyze, repair};
use crate::go::Package;
use crate::transform::Outcome;

/// The changes of one commit within one package, and those that it makes in others.
#[derive(Clone, Debug)]
pub struct PackageStep {
    pub rules: BTreeSet<String>,
    pub findings: usize,
    pub changes: Vec<Change>,
}

/// The steps that lead from the package as it was to the package as repaired. The whole repair is what was
/// verified; where going rule by rule ends elsewhere, it stays one step.
pub fn steps(repaired: &Repaired, engine: &Engine<'_>, unsafe_fixes: bool) -> Vec<PackageStep> {
    let counts = fixed_by_rule(repaired);
    let rules: BTreeSet<String> = counts.keys().cloned().collect();
    if repaired.changes.is_empty() {
        return Vec::new();
    }
    if rules.len() > 1
        && let Some(steps) = by_rule(repaired, &counts, engine, unsafe_fixes)
    {
        return steps;
    }
    vec![whole(repaired)]
}

/// The repair as one step.
pub fn whole(repaired: &Repaired) -> PackageStep {
    let counts = fixed_by_rule(repaired);
    PackageStep {
        findings: counts.values().sum(),
        rules: counts.into_keys().collect(),
        changes: repaired.changes.clone(),
    }
}

/// Steps with one more that was made on the files as those before left them. Where it changes a file that others
/// change, all of these are one step: their commits could not stand in any order.
pub fn with_later(steps: Vec<PackageStep>, later: PackageStep) -> Vec<PackageStep> {
    let mut files: BTreeSet<String> = later.changes.iter().map(|change| change.path.clone()).collect();
    let (mut apart, mut met) = (steps.into_iter().map(Some).collect::<Vec<_>>(), BTreeMap::new());
    loop {
        let meets = |step: &PackageStep| step.changes.iter().any(|change| files.contains(&change.path));
        let found = apart.iter().position(|step| step.as_ref().is_some_and(meets));
        let Some(at) = found else { break };
        if let Some(step) = apart[at].take() {
            files.extend(step.changes.iter().map(|change| change.path.clone()));
            met.insert(at, step);
        }
    }
    let mut joined = PackageStep {
        rules: BTreeSet::new(),
        findings: 0,
        changes: Vec::new(),
    };
    for step in met.into_values().chain([later]) {
        joined.rules.extend(step.rules);
        joined.findings += step.findings;
        compose(&mut joined.changes, step.changes);
    }
    apart.into_iter().flatten().chain([joined]).collect()
}

fn fixed_by_rule(repaired: &Repaired) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (proposal, ending) in repaired.analysis.proposals.iter().zip(&repaired.endings) {
        if ending.outcome == Outcome::Fixed {
            *counts.entry(proposal.finding.rule.slug.to_string()).or_default() += 1;
        }
    }
    counts
}

/// One rule after the other, in the order of their names; nothing where the end is not the verified one.
fn by_rule(
    repaired: &Repaired,
    counts: &BTreeMap<String, usize>,
    engine: &Engine<'_>,
    unsafe_fixes: bool,
) -> Option<Vec<PackageStep>> {
    let mut package = repaired.analysis.package.with_sources([]);
    let mut steps = Vec::new();
    for (rule, findings) in counts {
        let changes = repair_one(&package, rule, engine, unsafe_fixes);
        package = package.with_sources(changes.iter().map(|change| (change.file, change.new.as_slice())));
        steps.push(PackageStep {
            rules: BTreeSet::from([rule.clone()]),
            findings: *findings,
            changes,
        });
    }
    is_reached(&package, repaired).then_some(steps)
}

fn repair_one(package: &Package, rule: &str, engine: &Engine<'_>, unsafe_fixes: bool) -> Vec<Change> {
    let config = Config {
        fixable: vec![rule.to_owned()],
        ..engine.config.clone()
    };
    let engine = Engine {
        suite: engine.suite,
        config: &config,
        sources: engine.sources,
        formatter: engine.formatter,
        compiler: engine.compiler,
    };
    let analysis = analyze(package.with_sources([]), &engine);
    repair(analysis, &engine, &mut Automatic::new(unsafe_fixes, None)).changes
}

fn is_reached(package: &Package, repaired: &Repaired) -> bool {
    let mut wanted: Vec<Arc<[u8]>> = repaired
        .analysis
        .package
        .files
        .iter()
        .map(|file| Arc::clone(&file.source))
        .collect();
    for change in &repaired.changes {
        if let Some(source) = wanted.get_mut(change.file.0) {
            *source = Arc::from(change.new.as_slice());
        }
    }
    let reached = package.files.iter().map(|file| &file.source);
    reached.eq(wanted.iter())
}

/// The steps of all packages as commits: one for each set of rules, those of single rules first.
pub fn united(steps: Vec<PackageStep>) -> Vec<PackageStep> {
    let mut commits: BTreeMap<(usize, BTreeSet<String>), PackageStep> = BTreeMap::new();
    for step in steps.into_iter().filter(|step| !step.changes.is_empty()) {
        let key = (step.rules.len(), step.rules.clone());
        match commits.get_mut(&key) {
            Some(commit) => {
                commit.findings += step.findings;
                commit.changes.extend(step.changes);
            }
            None => {
                commits.insert(key, step);
            }
        }
    }
    commits.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::FileId;

    fn step(rule: &str, files: &[(&str, &str, &str)]) -> PackageStep {
        let change = |(path, old, new): &(&str, &str, &str)| Change {
            file: FileId(0),
            package: "".into(),
            path: (*path).to_owned(),
            old: old.as_bytes().into(),
            new: new.as_bytes().to_vec(),
        };
        PackageStep {
            rules: BTreeSet::from([rule.to_owned()]),
            findings: 1,
            changes: files.iter().map(change).collect(),
        }
    }

    #[test]
    fn a_later_step_is_one_with_those_whose_files_it_changes_and_with_theirs() {
        let steps = vec![
            step("a", &[("x.go", "0", "1"), ("y.go", "0", "1")]),
            step("b", &[("z.go", "0", "1")]),
            step("c", &[("y.go", "1", "2")]),
        ];
        let joined = with_later(steps, step("d", &[("db.go", "0", "1"), ("x.go", "1", "2")]));
        let told: Vec<_> = joined
            .iter()
            .map(|step| {
                let files = step.changes.iter().map(|change| {
                    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                    format!("{} {}-{}", change.path, text(&change.old), text(&change.new))
                });
                (
                    step.rules.len(),
                    step.findings,
                    files.collect::<Vec<_>>().join(", "),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (1, 1, "z.go 0-1".to_owned()),
                (3, 3, "x.go 0-2, y.go 0-2, db.go 0-1".to_owned()),
            ]
        );
    }
}
