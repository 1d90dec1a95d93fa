//! A declaration in its package: the place from which names, types and callees are asked.

use std::sync::Arc;

use super::package::{DeclId, FileId, Package, Place};
use super::scope::Scopes;
use super::source::{Decl, DeclKind, SourceFile};
use super::syntax::{Node, Tree};
use super::types::DeclarationMemo;
use crate::facts::Facts;
use crate::text::Span;

/// A declaration with the package around it: the handle through which nodes get their meaning.
#[derive(Clone, Copy)]
pub struct Declaration<'a> {
    /// The package under analysis, which sees the others.
    pub(super) root: &'a Package,
    pub package: &'a Package,
    pub id: DeclId,
}

impl<'a> Declaration<'a> {
    /// The package that an import of `path` means from here; the one under analysis as it is now.
    pub fn package_at(self, path: &str) -> Option<&'a Package> {
        if *path == *self.package.path {
            return Some(self.package);
        }
        match *path == *self.root.path {
            true => Some(self.root),
            false => self.root.program()?.package(path),
        }
    }

    /// The package-level `name` of a package in sight.
    pub fn find_name_in(self, package: &'a Package, name: &str) -> Option<Declaration<'a>> {
        package.find_name(name).map(|found| self.beside(found))
    }

    /// The method `name` of the type `receiver` of a package in sight.
    pub fn find_method_in(self, package: &'a Package, receiver: &str, name: &str) -> Option<Declaration<'a>> {
        package
            .find_method(receiver, name)
            .map(|found| self.beside(found))
    }

    /// The own packages that import this one's, in sight of the same root.
    pub fn importers(self) -> impl Iterator<Item = &'a Package> {
        self.importers_of(&self.package.path)
    }

    /// The own packages that import `path`, in sight of the same root.
    pub fn importers_of(self, path: &str) -> impl Iterator<Item = &'a Package> {
        let program = self.root.program().into_iter();
        let importers = program
            .flat_map(|program| program.importers(path))
            .collect::<Vec<_>>()
            .into_iter();
        importers.map(move |package| self.as_it_is(package))
    }

    /// `package`, or the one under analysis where the two are the same.
    pub(super) fn as_it_is(self, package: &'a Package) -> &'a Package {
        match package.path == self.root.path {
            true => self.root,
            false => package,
        }
    }

    /// The package under analysis, from which this declaration is seen.
    pub fn root(self) -> &'a Package {
        self.root
    }

    /// What is known about APIs, as the package under analysis is told.
    pub fn facts(self) -> &'a Facts {
        &self.root.facts
    }

    /// `other` as seen by the package under analysis.
    pub fn beside(self, other: Declaration<'a>) -> Declaration<'a> {
        Declaration {
            root: self.root,
            ..other
        }
    }

    /// What the package under analysis knows of the types in this declaration.
    pub(in crate::go) fn memo(self) -> &'a DeclarationMemo {
        self.root.memo.of(self.package, self.id)
    }

    pub fn file(self) -> &'a SourceFile {
        self.package.file(self.id.file)
    }

    pub fn decl(self) -> &'a Decl {
        &self.file().decls[self.id.index]
    }

    pub fn kind(self) -> DeclKind {
        self.decl().kind
    }

    pub fn tree(self) -> &'a Tree {
        self.file().tree(self.decl())
    }

    /// The identifiers, type identifiers and selectors that `name` names, in preorder.
    pub(super) fn named(self, name: &str) -> impl Iterator<Item = Node<'a>> {
        self.file().named(self.decl(), name)
    }

    pub fn scopes(self) -> &'a Scopes {
        self.file().scopes(self.decl())
    }

    /// `name`, which this declares, to be kept.
    pub(in crate::go) fn shared_name(self, name: &str) -> Arc<str> {
        let declared = self.decl().names.iter().find(|declared| *declared.text == *name);
        declared.map_or_else(|| name.into(), |declared| Arc::clone(&declared.text))
    }

    pub fn bytes(self) -> &'a [u8] {
        self.decl().span.of(&self.file().source)
    }

    pub fn place(self, node: Node<'_>) -> Place {
        self.place_of(node.span())
    }

    pub fn place_of(self, span: Span) -> Place {
        let file = self.file_id();
        Place { file, span }
    }

    /// The id under which the package under analysis speaks of this declaration's file.
    pub fn file_id(self) -> FileId {
        match std::ptr::eq(self.root, self.package) {
            true => self.id.file,
            false => {
                let file = &self.package.files[self.id.file.0];
                self.root.id_of_foreign(self.package, file)
            }
        }
    }

    /// Whether the parser understood all of it. To the grammar `nil`, `true`, `false` and `iota` are values wherever
    /// they stand, so a declaration that calls something else so is not understood.
    pub fn is_sound(self) -> bool {
        let is_value = |name: &str| matches!(name, "nil" | "true" | "false" | "iota");
        let names_value = || {
            self.scopes()
                .bindings()
                .any(|(_, binding)| is_value(&binding.name))
        };
        self.tree().error().is_none() && !names_value()
    }

    /// The function or method this declares, as a node of its tree.
    pub fn function(self) -> Option<Node<'a>> {
        self.tree().root().subtree().find(|node| node.is_function())
    }

    /// How people call it: `handler`, `Server.list` for methods.
    pub fn title(self) -> String {
        match &self.decl().receiver {
            Some(receiver) => format!("{receiver}.{}", self.decl().title()),
            None => self.decl().title().to_owned(),
        }
    }
}

impl PartialEq for Declaration<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.package, other.package) && self.id == other.id
    }
}

impl Eq for Declaration<'_> {}

impl std::fmt::Debug for Declaration<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.title())
    }
}
