//! Edits of several files and their wishes about imports, gathered for one fix.

use std::collections::BTreeMap;

use super::lines::mentions_word;
use super::names::NewName;
use crate::go::syntax::{Kind, Node};
use crate::go::{Declaration, FileId, Meaning, Package, Usage, package_name};
use crate::text::{Conflict, Edit, EditSet, Span};

/// A wish about a file's imports. Intent and not text, so that two fixes never fight over an import block.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ImportNeed {
    /// The file uses this path under its own package name.
    Add(FileId, String),
    /// The fix removed a use; the import goes when it was the last.
    DropIfUnused(FileId, String),
    /// The same for a dot import, with the names that the file uses of it.
    DropDotIfUnused(FileId, String, Vec<String>),
}

/// Edits of several files and their wishes about imports, gathered for one fix.
#[derive(Clone, Debug, Default)]
pub struct Rewrite {
    edits: BTreeMap<FileId, EditSet>,
    imports: Vec<ImportNeed>,
    names: Vec<NewName>,
}

impl Rewrite {
    pub fn new() -> Self {
        Rewrite::default()
    }

    pub fn edit(&mut self, file: FileId, edit: Edit) -> Result<(), Conflict> {
        self.edits.entry(file).or_default().push(edit)
    }

    pub fn need(&mut self, need: ImportNeed) {
        if !self.imports.contains(&need) {
            self.imports.push(need);
        }
    }

    /// Says that the edits bring this name.
    pub fn introduce(&mut self, name: NewName) {
        if !self.names.contains(&name) {
            self.names.push(name);
        }
    }

    /// The name by which code at `at` can call the package `path`, its import asked for where it is missing.
    /// `None` where the name means something else there.
    pub fn package_at(&mut self, declaration: Declaration<'_>, path: &str, at: Node<'_>) -> Option<String> {
        let name = callable_package(declaration.package, declaration.id.file, path)?;
        if declaration.scopes().visible(&name, at).is_some() {
            return None;
        }
        self.need(ImportNeed::Add(declaration.file_id(), path.to_owned()));
        Some(name)
    }

    /// Asks to drop every import that code in `span` uses, should that have been the last use.
    pub fn drop_imports_of(&mut self, declaration: Declaration<'_>, span: Span) {
        let inside = declaration
            .tree()
            .root()
            .subtree()
            .filter(|node| span.contains(node.span()));
        let names = inside.filter(|node| {
            let kinds = [Kind::Identifier, Kind::PackageIdentifier, Kind::TypeIdentifier];
            kinds.contains(&node.kind())
        });
        for name in names {
            match declaration.resolve(name) {
                Meaning::Import(import) => self.need(ImportNeed::DropIfUnused(
                    declaration.file_id(),
                    import.path.clone(),
                )),
                Meaning::Unknown => self.drop_dot_import_of(declaration, name.text()),
                _ => {}
            }
        }
    }

    fn drop_dot_import_of(&mut self, declaration: Declaration<'_>, name: &str) {
        let Some((path, _)) = declaration.dot_imported(name) else {
            return;
        };
        let all = declaration.file().decls.iter().flat_map(|decl| {
            let nodes = declaration.file().tree(decl).root().subtree();
            nodes.filter(|node| matches!(node.kind(), Kind::Identifier | Kind::TypeIdentifier))
        });
        let mut used: Vec<String> = all
            .map(|node| node.text().to_owned())
            .filter(|name| {
                declaration
                    .dot_imported(name)
                    .is_some_and(|(other, _)| other == path)
            })
            .collect();
        used.sort();
        used.dedup();
        self.need(ImportNeed::DropDotIfUnused(
            declaration.file_id(),
            path.to_owned(),
            used,
        ));
    }

    pub fn into_parts(self) -> (Vec<(FileId, EditSet)>, Vec<ImportNeed>, Vec<NewName>) {
        (self.edits.into_iter().collect(), self.imports, self.names)
    }
}

/// The name by which top-level code of `file` can call the package `path`, imported already or not. `None` where
/// that name is taken by the package or by another import.
pub fn callable_package(package: &Package, file: FileId, path: &str) -> Option<String> {
    let source = package.file(file);
    let name = match source.import_of(path) {
        Some(import) if import.alias.as_deref() == Some(".") => return None,
        Some(import) => import.name(),
        None => package_name(path),
    };
    let rival = source
        .import_named(name)
        .is_some_and(|import| import.path != path);
    let is_new = source.import_of(path).is_none();
    let unknown = is_new && unknown_uses(package, name).any(|declaration| declaration.id.file == file);
    (!rival && !unknown && !package.declares(name)).then(|| name.to_owned())
}

/// Whether some code of the package calls something `name` of which nothing at hand says what it is: an import whose
/// path suggests another name, or a file that is missing.
pub fn means_unknown(package: &Package, name: &str) -> bool {
    unknown_uses(package, name).next().is_some()
}

pub(super) fn unknown_uses<'a>(package: &'a Package, name: &'a str) -> impl Iterator<Item = Declaration<'a>> {
    let holding = package
        .declarations()
        .filter(move |declaration| mentions_word(declaration.bytes(), name));
    holding.filter(move |declaration| {
        let named = |node: &Node<'_>| node.is(Kind::Identifier) && node.text() == name;
        let mut uses = declaration.tree().root().subtree().filter(named);
        uses.any(|node| {
            let is_key = declaration.usage(node) == Usage::FieldKey;
            !is_key && matches!(declaration.resolve(node), Meaning::Unknown)
        })
    })
}
