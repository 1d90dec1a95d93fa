//! Repairs that reach into other packages: one package after the other, each on the files as those before it left
//! them.

use super::rounds::rounds;
use super::run::Run;
use super::{Analysis, Choose, Engine, Repaired, analyze};
use crate::engine::plan::{Change, compose};

/// The files of several packages, as their repairs change them in turn.
#[derive(Default)]
pub struct CrossPackageRepair {
    /// Changes that stand and fall together; no file is in two of them.
    groups: Vec<Vec<Change>>,
}

impl CrossPackageRepair {
    /// Takes in the changes of a package that was repaired beside others.
    pub fn take(&mut self, changes: impl IntoIterator<Item = Change>) {
        let changes: Vec<Change> = changes.into_iter().collect();
        let meets = |group: &Vec<Change>| {
            let mut held = group.iter();
            held.any(|held| changes.iter().any(|change| change.path == held.path))
        };
        let (met, mut apart): (Vec<_>, Vec<_>) = self.groups.drain(..).partition(meets);
        let mut group: Vec<Change> = met.into_iter().flatten().collect();
        compose(&mut group, changes);
        if !group.is_empty() {
            group.sort_by(|a, b| a.path.cmp(&b.path));
            apart.push(group);
        }
        self.groups = apart;
    }

    /// Repairs a package, other packages where its fixes reach into them, on the files as they are by now. Its
    /// changes are those from then on, and are taken in.
    pub fn repair(&mut self, analysis: Analysis, engine: &Engine<'_>, chooser: &mut dyn Choose) -> Repaired {
        let repaired = rounds(self.start(analysis, engine), chooser);
        self.take(repaired.changes.iter().cloned());
        repaired
    }

    fn start<'e>(&self, analysis: Analysis, engine: &'e Engine<'e>) -> Run<'e> {
        let package = &analysis.package;
        let changes = self.groups.iter().flatten();
        let in_sight: Vec<_> = changes
            .filter_map(|change| {
                Some((
                    package.file_of(&change.package, &change.path)?,
                    change.new.as_slice(),
                ))
            })
            .collect();
        if in_sight.is_empty() || !analysis.reaches_out() {
            return Run::new(analysis, engine).reaching_out();
        }
        let now = analyze(package.with_sources(in_sight.iter().copied()), engine);
        let moved = in_sight.into_iter().map(|(file, _)| file).collect();
        Run::new(analysis, engine).reaching_out().continuing(now, moved)
    }

    /// The changes that stand and fall together, each file once.
    pub fn into_groups(self) -> Vec<Vec<Change>> {
        self.groups
    }
}
