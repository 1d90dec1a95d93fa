//! Which files of a module import what: read at the first question, once for everyone who asks.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::files::Files;
use super::loader::MAX_FILE_BYTES;
use super::{WalkOptions, discover};
use crate::go::SourceFile;

/// The indexes of a session.
pub struct ImportIndexes {
    files: Arc<Files>,
    /// By the folder of go.mod.
    known: Mutex<HashMap<PathBuf, Arc<OnceLock<Arc<ImportIndex>>>>>,
}

impl ImportIndexes {
    pub(super) fn new(files: Arc<Files>) -> Self {
        ImportIndexes {
            files,
            known: Mutex::default(),
        }
    }

    /// The index of the module in `home`.
    pub fn of(&self, home: &Path) -> Arc<ImportIndex> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let index = Arc::clone(known.entry(home.to_owned()).or_default());
        drop(known);
        // Read outside the lock: questions about other modules go on.
        Arc::clone(index.get_or_init(|| Arc::new(ImportIndex::read(home, &self.files))))
    }
}

/// The Go files below the folder of a go.mod: tests, what git ignores and modules inside it too.
#[derive(Default)]
pub struct ImportIndex {
    /// In the order of their folders and names.
    pub files: Vec<Importer>,
    /// Places in `files` by the path that is imported.
    importers: HashMap<String, Vec<usize>>,
}

/// A file with the paths it imports.
pub struct Importer {
    pub path: PathBuf,
    pub imports: Vec<String>,
    /// Whether a scan looks at it: no test, and not ignored by git.
    pub is_searched: bool,
}

impl ImportIndex {
    fn read(home: &Path, files: &Files) -> Self {
        let mut index = ImportIndex::default();
        let searched: HashSet<PathBuf> = files_below(home, WalkOptions::default(), files)
            .into_iter()
            .collect();
        let everything = WalkOptions {
            no_ignore: true,
            tests: true,
            threads: 1,
        };
        for path in files_below(home, everything, files) {
            index.add(Importer {
                is_searched: searched.contains(&path),
                imports: imports(&path, files),
                path,
            });
        }
        index
    }

    fn add(&mut self, file: Importer) {
        for path in &file.imports {
            let importers = self.importers.entry(path.clone()).or_default();
            importers.push(self.files.len());
        }
        self.files.push(file);
    }

    /// The files that import `path`.
    pub fn importers_of(&self, path: &str) -> impl Iterator<Item = &Importer> {
        let importers = self.importers.get(path).into_iter().flatten();
        importers.map(|at| &self.files[*at])
    }
}

fn files_below(home: &Path, options: WalkOptions, files: &Files) -> Vec<PathBuf> {
    let discovery = discover(&[home.to_owned()], None, options, files.overlay());
    let directories = discovery.into_iter().flat_map(|discovery| discovery.directories);
    directories.flat_map(|directory| directory.files).collect()
}

fn imports(path: &Path, files: &Files) -> Vec<String> {
    let bytes = files.text(path, MAX_FILE_BYTES).unwrap_or_default();
    let file = SourceFile::new("", bytes);
    file.imports.into_iter().map(|import| import.path).collect()
}
