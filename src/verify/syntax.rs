//! The parser's own word on a change, relative to what the file was before.

use std::collections::HashSet;

use super::{Rejection, Rung};
use crate::go::{Package, SourceFile};
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
    match first_error(before, &after) {
        None => Ok(()),
        Some(at) => {
            let line = after.lines().position(at).line;
            Err(Rejection {
                rung: Rung::Syntax,
                evidence: format!("the result has a syntax error at {}:{line}", change.path),
            })
        }
    }
}

fn first_error(before: &SourceFile, after: &SourceFile) -> Option<usize> {
    if let Some(at) = after.broken {
        return Some(at);
    }
    let unchanged: HashSet<&[u8]> = declarations(before).map(|span| span.of(&before.source)).collect();
    declarations(after)
        .filter(|span| !unchanged.contains(span.of(&after.source)))
        .find_map(|span| crate::go::syntax::parse(&after.source, span).error())
}

fn declarations(file: &SourceFile) -> impl Iterator<Item = Span> {
    let imports = file.import_decls.iter().copied();
    imports.chain(file.decls.iter().map(|decl| decl.span))
}
