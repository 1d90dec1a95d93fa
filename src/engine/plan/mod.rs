//! From chosen fixes to new file contents: edits united per file, imports settled once per file. Pure and
//! deterministic; a fix goes in whole or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::edit::{Brought, NewName, NewNames, renamed, retitled};
use crate::go::{FileId, Package};
use crate::text::{Edit, EditSet, with_line_ends};
use crate::transform::{Fix, ImportNeed};

mod imports;

/// One file before and after: all that a sink writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// As the package under analysis speaks of it.
    pub file: FileId,
    /// The import path of the package that holds it.
    pub package: Arc<str>,
    /// As in [`crate::go::SourceFile::path`].
    pub path: String,
    pub old: Arc<[u8]>,
    pub new: Vec<u8>,
}

/// Why a fix does not go into a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanError {
    /// It wants bytes that another fix of the plan changes, or a name that another one brings.
    Overlaps,
    /// It edits what the file does not have: a bug of the transform.
    OutsideFile,
}

/// Fixes that fit together, on the sources that one package sees.
pub struct Plan<'a> {
    package: &'a Package,
    edits: BTreeMap<FileId, EditSet>,
    imports: BTreeSet<ImportNeed>,
    names: NewNames,
}

impl<'a> Plan<'a> {
    pub fn new(package: &'a Package) -> Self {
        Plan {
            package,
            edits: BTreeMap::new(),
            imports: BTreeSet::new(),
            names: NewNames::default(),
        }
    }

    /// The fix with names of its own, where fixes of the plan bring the ones it has.
    pub fn fitted(&self, mut fix: Fix) -> Fix {
        let (edits, imports) = self.held();
        let plan = brought(&[], &edits, &imports);
        while let Some(rival) = self.names.rival(&brought_by(&fix), &plan).cloned() {
            let Some(new) = self.names.another(self.package, &rival, &brought_by(&fix)) else {
                break;
            };
            fix.edits = renamed(&fix.edits, &rival, &new.name);
            fix.title = retitled(&fix.title, &rival.name, &new.name);
            let mut names = fix.names.iter_mut();
            if let Some(held) = names.find(|held| **held == rival) {
                *held = new;
            }
        }
        fix
    }

    fn held(&self) -> (Vec<(FileId, EditSet)>, Vec<ImportNeed>) {
        let edits = self.edits.iter().map(|(file, set)| (*file, set.clone()));
        (edits.collect(), self.imports.iter().cloned().collect())
    }

    /// Whether it brings a name that a fix of the plan brings to the same code.
    fn mistakes(&self, fix: &Fix) -> bool {
        let (edits, imports) = self.held();
        let (fix, plan) = (brought_by(fix), brought(&[], &edits, &imports));
        self.names.rival(&fix, &plan).is_some() || self.names.meets_imports(&fix, &plan)
    }

    /// Takes the fix in, or leaves the plan as it was.
    pub fn add(&mut self, fix: &Fix) -> Result<(), PlanError> {
        if self.mistakes(fix) {
            return Err(PlanError::Overlaps);
        }
        let mut edits = self.edits.clone();
        for (file, set) in &fix.edits {
            let source = self.package.find_file(*file).ok_or(PlanError::OutsideFile)?;
            if !set.iter().all(|edit| fits(edit, &source.source)) {
                return Err(PlanError::OutsideFile);
            }
            let held = edits.entry(*file).or_default();
            held.union(set).map_err(|_| PlanError::Overlaps)?;
        }
        self.edits = edits;
        self.imports.extend(fix.imports.iter().cloned());
        self.names.take(&fix.names);
        Ok(())
    }

    /// The files that come out different, in the order of their ids.
    pub fn changes(&self) -> Vec<Change> {
        let edited = self.edits.keys().copied();
        let importing = self.imports.iter().map(file_of);
        let files: BTreeSet<FileId> = edited.chain(importing).collect();
        files.into_iter().filter_map(|file| self.change(file)).collect()
    }

    fn change(&self, id: FileId) -> Option<Change> {
        let file = self.package.find_file(id)?;
        let owner = self.package.owner_of(id)?;
        let edited = match self.edits.get(&id) {
            Some(edits) => with_line_ends(edits, &file.source).apply(&file.source),
            None => file.source.to_vec(),
        };
        let needs = self.imports.iter().filter(|need| file_of(need) == id);
        let new = imports::settle(file, edited, needs, owner.module.as_deref());
        (new != *file.source).then(|| Change {
            file: id,
            package: Arc::clone(&owner.path),
            path: file.path.clone(),
            old: Arc::clone(&file.source),
            new,
        })
    }
}

/// Adds later changes to earlier ones: each file once, from what it was first to what it is last.
pub fn compose(changes: &mut Vec<Change>, later: impl IntoIterator<Item = Change>) {
    for change in later {
        match changes.iter_mut().find(|held| held.path == change.path) {
            Some(held) => held.new = change.new,
            None => changes.push(change),
        }
    }
    changes.retain(|change| *change.new != *change.old);
}

fn brought_by(fix: &Fix) -> Brought<'_> {
    brought(&fix.names, &fix.edits, &fix.imports)
}

fn brought<'f>(
    names: &'f [NewName],
    edits: &'f [(FileId, EditSet)],
    imports: &'f [ImportNeed],
) -> Brought<'f> {
    Brought {
        names,
        edits,
        imports,
    }
}

fn file_of(need: &ImportNeed) -> FileId {
    match need {
        ImportNeed::Add(file, _)
        | ImportNeed::DropIfUnused(file, _)
        | ImportNeed::DropDotIfUnused(file, ..) => *file,
    }
}

fn fits(edit: &Edit, source: &[u8]) -> bool {
    edit.span.start <= edit.span.end && edit.span.end <= source.len()
}

/// What one fix alone changes, its imports settled: what a person is shown. Empty where the fix does not fit.
pub fn preview(package: &Package, fix: &Fix) -> Vec<Change> {
    let mut plan = Plan::new(package);
    match plan.add(fix) {
        Ok(()) => plan.changes(),
        Err(_) => Vec::new(),
    }
}
