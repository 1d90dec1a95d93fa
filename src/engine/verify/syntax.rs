//! The parser's own word on a change, relative to what the file was before: it reads as Go.

use std::collections::HashSet;

use super::{Check, Rejection};
use crate::engine::plan::Change;
use crate::go::syntax::parse;
use crate::go::{Package, SourceFile};
use crate::text::Span;

/// Every changed declaration parses, and the file still falls into declarations.
pub(super) fn check(package: &Package, changes: &[Change]) -> Result<(), Rejection> {
    changes
        .iter()
        .try_for_each(|change| check_file(package.file(change.file), change))
}

fn check_file(before: &SourceFile, change: &Change) -> Result<(), Rejection> {
    let after = SourceFile::new(change.path.clone(), change.new.as_slice());
    match first_error(before, &after) {
        None => Ok(()),
        Some(at) => Err(Rejection {
            rung: Check::Syntax,
            evidence: format!(
                "the result has a syntax error at {}:{}",
                after.path,
                after.lines().position(at).line
            ),
        }),
    }
}

fn first_error(before: &SourceFile, after: &SourceFile) -> Option<usize> {
    let broken = || changed(after, before).find_map(|span| parse(&after.source, span).error());
    after.broken.or_else(broken)
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
