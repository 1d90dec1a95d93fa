//! Who else in a module uses a package: answered from an index that is built at the first question.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memchr::memmem;

use crate::go::{Package, SourceFile};
use crate::transform::Sources;
use crate::workspace::{Discovery, ImportIndex, ImportIndexes, read};

use super::MAX_FILE_BYTES;

/// The packages of the modules around a scanned root, the parts outside the root too: a repair that relies on
/// nobody else using a name must not depend on where the scan began.
pub struct ModuleUsers<'a> {
    discovery: &'a Discovery,
    indexes: Arc<ImportIndexes>,
}

impl<'a> ModuleUsers<'a> {
    pub fn new(discovery: &'a Discovery) -> Self {
        ModuleUsers {
            discovery,
            indexes: Arc::default(),
        }
    }

    /// The same with the indexes that others ask, too.
    pub fn sharing(self, indexes: Arc<ImportIndexes>) -> Self {
        ModuleUsers { indexes, ..self }
    }

    /// The index of the module that holds `dir`.
    fn index(&self, dir: &Path) -> Option<Arc<ImportIndex>> {
        let home = dir.ancestors().find(|dir| dir.join("go.mod").is_file())?;
        Some(self.indexes.of(home))
    }
}

impl Sources for ModuleUsers<'_> {
    fn users_of(&self, package: &Package, name: &str) -> Vec<String> {
        let dir = self.discovery.root.join(&package.dir);
        let tests = tests_beside(&dir).into_iter().filter(|path| mentions(path, name));
        let mut users: Vec<PathBuf> = tests.collect();
        if let (Some(import_path), Some(index)) = (package.import_path(), self.index(&dir)) {
            let importers = index.importers_of(&import_path).map(|file| &file.path);
            users.extend(importers.filter(|path| uses(path, &import_path, name)).cloned());
        }
        let mut users: Vec<String> = users.iter().map(|path| self.discovery.shown(path)).collect();
        users.retain(|user| package.files.iter().all(|file| file.path != *user));
        users.sort();
        users.dedup();
        users
    }

    fn is_searched(&self, path: &str) -> bool {
        self.discovery.searches(path)
    }
}

/// Test files of the package itself see its private names, and are no part of the package under analysis.
fn tests_beside(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let is_test = |path: &PathBuf| path.as_os_str().as_encoded_bytes().ends_with(b"_test.go");
    entries.map(|entry| entry.path()).filter(is_test).collect()
}

/// Whether the file holds the word `name`.
fn mentions(path: &Path, name: &str) -> bool {
    let bytes = read(path, MAX_FILE_BYTES).unwrap_or_default();
    holds_word(&bytes, name.as_bytes())
}

/// Whether the file says `name` of the package it imports, or imports it without a name of its own.
fn uses(path: &Path, import_path: &str, name: &str) -> bool {
    let bytes = read(path, MAX_FILE_BYTES).unwrap_or_default();
    let file = SourceFile::new("", bytes);
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
