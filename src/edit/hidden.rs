//! Names of the language and of packages that something else hides where a repair would write them.

use super::rewrite::ImportNeed;
use crate::go::syntax::Node;
use crate::go::{Declaration, FileId, Package, Word, is_predeclared, package_name, words};
use crate::text::{Edit, EditSet};

/// The first name that the edits write and that means something else in its place: `close` where the package has a
/// function of that name, `context` where a parameter is called so. What the edits only move means what it meant.
/// `is_beside` tells what files declare that a package does not hold, as its tests.
pub fn hidden_name(
    package: &Package,
    edits: &[(FileId, EditSet)],
    imports: &[ImportNeed],
    is_beside: IsBeside<'_>,
) -> Option<String> {
    edits.iter().find_map(|(file, set)| {
        let sight = Sight::of(package, *file, imports, is_beside)?;
        let moved: Vec<&[u8]> = set.iter().map(|edit| edit.span.of(&sight.source)).collect();
        set.iter().find_map(|edit| sight.hidden_in(edit, &moved))
    })
}

/// Whether files of the package's folder that it does not hold declare a name at their top.
pub type IsBeside<'a> = &'a dyn Fn(&Package, &str) -> bool;

/// What a file sees at its top.
struct Sight<'a> {
    /// The package that holds the file.
    package: &'a Package,
    /// The file as that package counts it.
    file: FileId,
    source: std::sync::Arc<[u8]>,
    /// The packages that the fix wants to use by name, as the file calls them; `None` where it cannot.
    wanted: Vec<(String, bool)>,
    is_beside: IsBeside<'a>,
}

impl<'a> Sight<'a> {
    fn of(package: &'a Package, id: FileId, imports: &[ImportNeed], is_beside: IsBeside<'a>) -> Option<Self> {
        let owner = package.owner_of(id)?;
        let held = package.find_file(id)?;
        let file = FileId(owner.files.iter().position(|file| file.path == held.path)?);
        let wanted = imports.iter().filter_map(|need| match need {
            ImportNeed::Add(at, path) if *at == id => Some(called(owner, file, path, is_beside)),
            _ => None,
        });
        Some(Sight {
            package: owner,
            file,
            source: std::sync::Arc::clone(&held.source),
            wanted: wanted.collect(),
            is_beside,
        })
    }

    fn hidden_in(&self, edit: &Edit, moved: &[&[u8]]) -> Option<String> {
        let code = edit.text.as_bytes();
        let is_moved = |name: &[u8]| {
            let holds = |old: &[u8]| words(old).iter().any(|word| word.span.of(old) == name);
            moved.iter().any(|old| holds(old))
        };
        let written = words(code).into_iter().filter(|word| !word.is_selected);
        let mut names = written.map(|word| (word, word.span.of(code)));
        let found = names.find(|(word, name)| {
            let text = std::str::from_utf8(name).unwrap_or_default();
            self.is_hidden(*word, text, edit.span.start) && !is_moved(name)
        })?;
        Some(String::from_utf8_lossy(found.1).into_owned())
    }

    fn is_hidden(&self, word: Word, name: &str, at: usize) -> bool {
        if is_predeclared(name) {
            let is_declared = self.package.declares(name) || (self.is_beside)(self.package, name);
            return is_declared || self.is_imported(name) || self.is_local(name, at);
        }
        let mut wanted = self.wanted.iter().filter(|_| word.selects);
        wanted.any(|(package, can_be_called)| package == name && (!can_be_called || self.is_local(name, at)))
    }

    fn is_imported(&self, name: &str) -> bool {
        self.package.file(self.file).import_named(name).is_some()
    }

    /// Whether a local name of the declaration around `at` is called so there.
    fn is_local(&self, name: &str, at: usize) -> bool {
        let declarations = self.package.declarations();
        let mut around = declarations.filter(|declaration| {
            let span = declaration.decl().span;
            declaration.id.file == self.file && span.start < at && at < span.end
        });
        around.any(|declaration| sees(declaration, name, at))
    }
}

fn sees(declaration: Declaration<'_>, name: &str, at: usize) -> bool {
    let tree = declaration.tree();
    let holds = |node: Node<'_>| node.start() <= at && at <= node.end();
    declaration.scopes().bindings().any(|(_, binding)| {
        binding.name == name && tree.node(binding.declared).end() <= at && holds(tree.node(binding.block))
    })
}

/// How `file` calls the package `path`, and whether that name is not taken by the package or another import.
fn called(package: &Package, file: FileId, path: &str, is_beside: IsBeside<'_>) -> (String, bool) {
    let source = package.file(file);
    let (name, is_named) = match source.import_of(path) {
        Some(import) if import.alias.as_deref() == Some(".") => (package_name(path), false),
        Some(import) => (import.name(), true),
        None => {
            let name = package_name(path);
            (name, !is_beside(package, name))
        }
    };
    let rival = { source.import_named(name) }.is_some_and(|import| import.path != path);
    (name.to_owned(), is_named && !rival && !package.declares(name))
}
