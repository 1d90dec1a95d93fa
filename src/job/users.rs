//! Who else in a module uses a package: answered from an index that is built at the first question.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use memchr::memmem;

use crate::go::{Package, SourceFile};
use crate::transform::Sources;
use crate::workspace::{MAX_SOURCE_BYTES, Session};

/// Of a file that is too large to be analysed the names still count.
const MAX_NAMED_BYTES: u64 = 1 << 28;

/// The packages of the modules around what is scanned, the parts outside of it too: a repair that relies on
/// nobody else using a name must not depend on where the scan began.
pub struct ModuleUsers<'a> {
    session: &'a Session,
}

impl<'a> ModuleUsers<'a> {
    pub fn new(session: &'a Session) -> Self {
        ModuleUsers { session }
    }

    fn folder(&self, package: &Package) -> PathBuf {
        self.session.discovery.root.join(&package.dir)
    }

    fn shown(&self, path: &Path) -> String {
        self.session.discovery.shown(path)
    }

    /// The files of the package's folder that it does not hold.
    fn files_beside(&self, package: &Package) -> impl Iterator<Item = SourceFile> {
        let held: HashSet<&str> = package.files.iter().map(|file| file.path.as_str()).collect();
        let mut files = self.session.list(&self.folder(package), is_built);
        files.retain(|path| !held.contains(self.shown(path).as_str()));
        let read = |path: PathBuf| self.session.text(&path, MAX_NAMED_BYTES).unwrap_or_default();
        files.into_iter().map(move |path| SourceFile::new("", read(path)))
    }

    /// Test files of the package itself see its private names, and are no part of the package under analysis.
    fn tests_beside(&self, folder: &Path) -> Vec<PathBuf> {
        let is_test = |path: &Path| path.as_os_str().as_encoded_bytes().ends_with(b"_test.go");
        self.session.list(folder, |path| is_built(path) && is_test(path))
    }

    /// Whether the file holds the word `name`.
    fn mentions(&self, path: &Path, name: &str) -> bool {
        let bytes = self.session.text(path, MAX_SOURCE_BYTES).unwrap_or_default();
        holds_word(&bytes, name.as_bytes())
    }

    /// Whether the file says `name` of the package it imports, or imports it without a name of its own.
    fn uses(&self, path: &Path, import_path: &str, name: &str) -> bool {
        let bytes = self.session.text(path, MAX_SOURCE_BYTES).unwrap_or_default();
        uses(&SourceFile::new("", bytes), import_path, name)
    }
}

impl Sources for ModuleUsers<'_> {
    fn users_of(&self, package: &Package, name: &str) -> Vec<String> {
        let dir = self.folder(package);
        let tests = self.tests_beside(&dir).into_iter();
        let tests = tests.filter(|path| self.mentions(path, name));
        let mut users: Vec<PathBuf> = tests.collect();
        if let (Some(import_path), Some(index)) = (package.import_path(), self.session.index_around(&dir)) {
            let importers = index.importers_of(&import_path).map(|file| &file.path);
            users.extend(
                importers
                    .filter(|path| self.uses(path, &import_path, name))
                    .cloned(),
            );
        }
        let mut users: Vec<String> = users.iter().map(|path| self.shown(path)).collect();
        users.retain(|user| package.files.iter().all(|file| file.path != *user));
        users.sort();
        users.dedup();
        users
    }

    fn names_beside(&self, package: &Package) -> HashSet<String> {
        let others = self.files_beside(package);
        others.flat_map(|file| names_of(&file, &package.name)).collect()
    }

    fn declared_beside(&self, package: &Package) -> HashSet<String> {
        let own = self
            .files_beside(package)
            .filter(|file| file.package == package.name);
        own.flat_map(|file| declared(&file).collect::<Vec<_>>()).collect()
    }

    fn is_writable(&self, path: &str) -> bool {
        let found = fs::metadata(self.session.discovery.root.join(path));
        !found.is_ok_and(|found| found.permissions().readonly())
    }

    fn is_searched(&self, path: &str) -> bool {
        self.session.discovery.searches(path)
    }
}

/// Whether some build takes the file.
fn is_built(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    name.ends_with(b".go") && !name.starts_with(b"_") && !name.starts_with(b".")
}

/// The names that the file shares with the package `package`: what it declares and imports, or, in a test of its own
/// package, what a dot import of `package` would meet.
fn names_of(file: &SourceFile, package: &str) -> Vec<String> {
    let is_outside = file.package.strip_suffix("_test") == Some(package);
    if file.package != package && !is_outside {
        return Vec::new();
    }
    let imported = file.imports.iter().map(|import| import.name().to_owned());
    let counts = |name: &String| !is_outside || name.starts_with(char::is_uppercase);
    declared(file).chain(imported).filter(counts).collect()
}

fn declared(file: &SourceFile) -> impl Iterator<Item = String> {
    let plain = file.decls.iter().filter(|decl| decl.receiver.is_none());
    let names = plain.flat_map(|decl| &decl.names);
    names.map(|name| name.text.to_string())
}

/// Whether the file says `name` of the package it imports, or imports it without a name of its own.
fn uses(file: &SourceFile, import_path: &str, name: &str) -> bool {
    let imports = file.imports.iter().filter(|import| import.path == import_path);
    let mut aliases = imports.map(|import| import.alias.as_deref());
    aliases.any(|alias| match alias {
        Some("_") => false,
        Some(".") => holds_word(&file.source, name.as_bytes()),
        // Without an alias the package's own name is a guess, so any qualifier counts.
        None => holds_word(&file.source, format!(".{name}").as_bytes()),
        Some(alias) => holds_word(&file.source, format!("{alias}.{name}").as_bytes()),
    })
}

fn holds_word(bytes: &[u8], word: &[u8]) -> bool {
    let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    memmem::find_iter(bytes, word).any(|at| {
        let starts = !is_word(word.first()) || !is_word(at.checked_sub(1).and_then(|at| bytes.get(at)));
        starts && !is_word(bytes.get(at + word.len()))
    })
}
