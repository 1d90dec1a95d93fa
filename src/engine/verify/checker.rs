//! What the compiler and vet would say against a change, as far as the built-in checker is certain. What was there
//! before is nobody's fault here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use memchr::memmem;

use super::{Check, Rejection};
use crate::engine::plan::Change;
use crate::go::check::{Complaint, Fault, clashes, hidden, of_declaration, of_file};
use crate::go::syntax::Field;
use crate::go::{Declaration, FileId, Package};

/// Every changed file, in each package that has some.
pub(super) fn check(before: &Package, after: &Package, changes: &[Change]) -> Result<(), Rejection> {
    let mut packages: Vec<&Arc<str>> = changes.iter().map(|change| &change.package).collect();
    packages.sort();
    packages.dedup();
    for path in packages {
        let files: Vec<&str> = changes
            .iter()
            .filter(|change| change.package == *path)
            .map(|change| &*change.path)
            .collect();
        match **path == *before.path {
            true => check_package(before, after, &files)?,
            false => {
                if let (Some(old), Some(new)) = (before.seen_from(path), after.seen_from(path)) {
                    check_package(&old, &new, &files)?;
                }
            }
        }
    }
    Ok(())
}

fn check_package(before: &Package, after: &Package, files: &[&str]) -> Result<(), Rejection> {
    let changed: Vec<FileId> = (0..after.files.len())
        .filter(|at| files.contains(&&*after.files[*at].path))
        .map(FileId)
        .collect();
    let clash = changed.iter().flat_map(|id| clashes(before, after, *id)).next();
    if let Some(clash) = clash {
        return Err(rejection(after, &clash));
    }
    let affected = Affected::of(before, after, &changed);
    let mut known: HashMap<(Fault, String, String), usize> = HashMap::new();
    for complaint in affected.complaints(before, after, &changed) {
        *known.entry(key(&complaint)).or_default() += 1;
    }
    // Where names of the package were declared nowhere before, files are missing (git ignores what is generated), and
    // another such name is no proof.
    let is_name =
        |(fault, name, _): &(Fault, String, String)| *fault == Fault::Undefined && !name.contains('.');
    let is_whole = !known.keys().any(is_name);
    let now = affected.complaints(after, before, &changed).into_iter();
    let mut now = now.filter(|complaint| is_whole || !is_name(&key(complaint)));
    let new = now.find(|complaint| match known.get_mut(&key(complaint)) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    });
    match new {
        None => Ok(()),
        Some(complaint) => Err(rejection(after, &complaint)),
    }
}

/// What makes a complaint an old one. Of code that nothing reaches only the number of places counts: the statement that
/// is named is the first of its place, and a repair may rewrite that or put another before it.
fn key(complaint: &Complaint) -> (Fault, String, String) {
    let (fault, name, within) = complaint.key();
    let name = if fault == Fault::Unreachable { "" } else { name };
    (fault, name.to_owned(), within.to_owned())
}

fn rejection(after: &Package, complaint: &Complaint) -> Rejection {
    let file = after.file(complaint.place.file);
    let at = file.lines().position(complaint.place.span.start);
    Rejection {
        rung: Check::Checker,
        evidence: format!(
            "the built-in checker refuses the result: {}:{}:{}: {complaint}",
            file.path, at.line, at.column
        ),
    }
}

/// Names whose declarations look different from outside: what mentions them is looked at, too.
struct Affected {
    names: HashSet<String>,
}

impl Affected {
    fn of(before: &Package, after: &Package, changed: &[FileId]) -> Self {
        let mut names = HashSet::new();
        for (here, there) in [(before, after), (after, before)] {
            let differing = differing(here, there, changed, facade);
            let declared = differing.iter().flat_map(|at| &at.decl().names);
            names.extend(declared.map(|name| name.text.to_string()));
        }
        names.remove("_");
        Affected { names }
    }

    /// The complaints about what `there` does not have as it is, and about what speaks of that.
    fn complaints(&self, here: &Package, there: &Package, changed: &[FileId]) -> Vec<Complaint> {
        let finders: Vec<_> = self
            .names
            .iter()
            .map(|name| memmem::Finder::new(name.as_bytes()))
            .collect();
        let mentions = |at: &Declaration<'_>| finders.iter().any(|finder| finder.find(at.bytes()).is_some());
        let differing = differing(here, there, changed, whole);
        let beside: Vec<_> = here
            .declarations()
            .filter(|at| mentions(at) && !differing.contains(at))
            .collect();
        let mut complaints: Vec<Complaint> = changed.iter().flat_map(|id| of_file(here, *id)).collect();
        complaints.extend(differing.iter().flat_map(|at| hidden(*at)));
        complaints.extend(differing.into_iter().chain(beside).flat_map(of_declaration));
        complaints
    }
}

/// The declarations of the changed files of which `there` has no equal in the same file.
fn differing<'a>(
    here: &'a Package,
    there: &Package,
    changed: &[FileId],
    look: fn(Declaration<'_>) -> Vec<u8>,
) -> Vec<Declaration<'a>> {
    let held: HashSet<(FileId, Vec<u8>)> = there
        .declarations()
        .filter(|at| changed.contains(&at.id.file))
        .map(|at| (at.id.file, look(at)))
        .collect();
    here.declarations()
        .filter(|at| changed.contains(&at.id.file) && !held.contains(&(at.id.file, look(*at))))
        .collect()
}

fn whole(at: Declaration<'_>) -> Vec<u8> {
    at.bytes().to_vec()
}

/// What others see of a declaration: of a function all but its body.
fn facade(at: Declaration<'_>) -> Vec<u8> {
    let body = at.function().filter(|_| at.kind() == crate::go::DeclKind::Func);
    let body = body.and_then(|function| function.field(Field::Body));
    let end = body.map_or(at.decl().span.end, |body| body.start());
    let length = end.saturating_sub(at.decl().span.start);
    at.bytes().get(..length).unwrap_or_default().to_vec()
}
