//! The parser's own word on a change, relative to what the file was before: it reads as Go, and no local variable
//! lost its last use, which the compiler would refuse.

use std::collections::{HashMap, HashSet};

use super::{Rejection, Rung};
use crate::go::syntax::parse;
use crate::go::{BindingKind, Package, Scopes, SourceFile};
use crate::plan::Change;
use crate::text::Span;

/// Every changed declaration parses, and the file still falls into declarations.
pub(super) fn check(package: &Package, changes: &[Change]) -> Result<(), Rejection> {
    changes
        .iter()
        .try_for_each(|change| check_file(package.file(change.file), change))
}

fn check_file(before: &SourceFile, change: &Change) -> Result<(), Rejection> {
    let after = SourceFile::new(change.path.clone(), change.new.as_slice());
    if let Some(at) = first_error(before, &after) {
        return Err(rejection(&after, at, "the result has a syntax error"));
    }
    match first_unused(before, &after) {
        None => Ok(()),
        Some((name, at)) => Err(rejection(
            &after,
            at,
            &format!("nothing uses `{name}` in the result"),
        )),
    }
}

fn rejection(after: &SourceFile, at: usize, what: &str) -> Rejection {
    let line = after.lines().position(at).line;
    Rejection {
        rung: Rung::Syntax,
        evidence: format!("{what} at {}:{line}", after.path),
    }
}

fn first_error(before: &SourceFile, after: &SourceFile) -> Option<usize> {
    let broken = || changed(after, before).find_map(|span| parse(&after.source, span).error());
    after.broken.or_else(broken)
}

/// A local variable without a use, beyond those of that name which had none before.
fn first_unused(before: &SourceFile, after: &SourceFile) -> Option<(String, usize)> {
    let mut known: HashMap<String, usize> = HashMap::new();
    for (name, _) in changed(before, after).flat_map(|span| unused(before, span)) {
        *known.entry(name).or_default() += 1;
    }
    let mut now = changed(after, before).flat_map(|span| unused(after, span));
    now.find(|(name, _)| match known.get_mut(name) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    })
}

fn unused(file: &SourceFile, declaration: Span) -> Vec<(String, usize)> {
    let tree = parse(&file.source, declaration);
    let scopes = Scopes::of(&tree);
    let unused = scopes.bindings().filter(|(_, binding)| {
        let is_variable = matches!(binding.kind, BindingKind::Var | BindingKind::Range);
        is_variable && binding.uses.is_empty() && binding.name != "_"
    });
    unused
        .map(|(_, binding)| (binding.name.clone(), tree.node(binding.declared).start()))
        .collect()
}

/// The declarations of `file` that `other` does not have as they are.
fn changed<'f>(file: &'f SourceFile, other: &SourceFile) -> impl Iterator<Item = Span> + use<'f> {
    let same: HashSet<Vec<u8>> = declarations(other)
        .map(|span| span.of(&other.source).to_vec())
        .collect();
    declarations(file).filter(move |span| !same.contains(span.of(&file.source)))
}

fn declarations(file: &SourceFile) -> impl Iterator<Item = Span> {
    let imports = file.import_decls.iter().copied();
    imports.chain(file.decls.iter().map(|decl| decl.span))
}
