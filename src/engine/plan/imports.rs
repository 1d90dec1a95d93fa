//! The imports of one file after its edits: what was asked for is there, what the edits made superfluous is
//! gone, and everything else stays byte for byte, in a shape that gofmt leaves alone.

use memchr::memmem;

use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Decl, Module, SourceFile};
use crate::text::{EditSet, with_line_ends};
use crate::transform::ImportNeed;

mod add;
mod layout;
mod remove;

/// `edited` with every need met; `before` is the file as it was. Paths are added first: the block that an
/// unused one leaves is then there to take them.
pub(super) fn settle<'n>(
    before: &SourceFile,
    edited: Vec<u8>,
    needs: impl Iterator<Item = &'n ImportNeed>,
    module: Option<&Module>,
) -> Vec<u8> {
    let mut file = SourceFile::new(before.path.clone(), edited);
    let (adds, drops): (Vec<_>, Vec<_>) = needs.partition(|need| matches!(need, ImportNeed::Add(..)));
    for need in adds.into_iter().chain(drops) {
        let edits = match need {
            ImportNeed::Add(_, path) => add::add(&file, path, module),
            ImportNeed::DropIfUnused(_, path) => drop_if_unused(before, &file, path),
            ImportNeed::DropDotIfUnused(_, path, names) => drop_dot_if_unused(&file, path, names),
        };
        if let Some(edits) = edits {
            file = SourceFile::new(
                before.path.clone(),
                with_line_ends(&edits, &file.source).apply(&file.source),
            );
        }
    }
    file.source.to_vec()
}

/// An import goes only when the edits took its last use. One that was never used by the name we know it by has
/// another name, and stays.
fn drop_if_unused(before: &SourceFile, file: &SourceFile, path: &str) -> Option<EditSet> {
    let gives_name = |alias: Option<&str>| !matches!(alias, Some("_" | "."));
    let import = file.imports.iter().find(|import| {
        import.path == path
            && path != "C"
            && gives_name(import.alias.as_deref())
            && uses_package(before, import.name())
            && !uses_package(file, import.name())
    })?;
    Some(remove::remove(file, import))
}

/// A dot import goes when the file mentions none of the names any more that it used of it.
fn drop_dot_if_unused(file: &SourceFile, path: &str, names: &[String]) -> Option<EditSet> {
    let is_meant = |alias: Option<&str>| alias == Some(".");
    let import =
        { file.imports.iter() }.find(|import| import.path == path && is_meant(import.alias.as_deref()))?;
    let mut mentioned = file.decls.iter().flat_map(|decl| {
        let nodes = file.tree(decl).root().subtree();
        nodes.filter(|node| matches!(node.kind(), Kind::Identifier | Kind::TypeIdentifier))
    });
    let is_used = mentioned.any(|node| names.iter().any(|name| name == node.text()));
    (!is_used).then(|| remove::remove(file, import))
}

/// Whether anything in the file means the imported package `name`. A declaration that does not parse uses
/// whatever word it holds.
fn uses_package(file: &SourceFile, name: &str) -> bool {
    let finder = memmem::Finder::new(name);
    let mentioning = |decl: &&Decl| finder.find(decl.span.of(&file.source)).is_some();
    file.decls
        .iter()
        .filter(mentioning)
        .any(|decl| declaration_uses(file, decl, name))
}

fn declaration_uses(file: &SourceFile, decl: &Decl, name: &str) -> bool {
    let tree = file.tree(decl);
    if tree.error().is_some() {
        return true;
    }
    let names_package = |node: Node<'_>| match node.kind() {
        Kind::PackageIdentifier => node.text() == name,
        Kind::Identifier if node.role() == Field::Operand => {
            node.text() == name && file.scopes(decl).binding_of(node).is_none()
        }
        _ => false,
    };
    tree.root().subtree().any(names_package)
}

#[cfg(test)]
mod tests;
