//! Which files of a module import what: read at the first question, once for everyone who asks.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::loader::MAX_FILE_BYTES;
use super::{WalkOptions, discover, read};
use crate::go::SourceFile;

/// The indexes of a run, by the folder of go.mod.
#[derive(Default)]
pub struct ImportIndexes(Mutex<HashMap<PathBuf, Arc<OnceLock<Arc<ImportIndex>>>>>);

impl ImportIndexes {
    /// The index of the module in `home`.
    pub fn of(&self, home: &Path) -> Arc<ImportIndex> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = Arc::clone(known.entry(home.to_owned()).or_default());
        drop(known);
        // Read outside the lock: questions about other modules go on.
        Arc::clone(index.get_or_init(|| Arc::new(ImportIndex::read(home))))
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
    fn read(home: &Path) -> Self {
        let mut index = ImportIndex::default();
        let searched: HashSet<PathBuf> = files_below(home, WalkOptions::default()).into_iter().collect();
        let everything = WalkOptions {
            no_ignore: true,
            tests: true,
            threads: 1,
        };
        for path in files_below(home, everything) {
            index.add(Importer {
                is_searched: searched.contains(&path),
                imports: imports(&path),
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

fn files_below(home: &Path, options: WalkOptions) -> Vec<PathBuf> {
    let discovery = discover(&[home.to_owned()], None, options);
    let directories = discovery.into_iter().flat_map(|discovery| discovery.directories);
    directories.flat_map(|directory| directory.files).collect()
}

fn imports(path: &Path) -> Vec<String> {
    let bytes = read(path, MAX_FILE_BYTES).unwrap_or_default();
    let file = SourceFile::new("", bytes);
    file.imports.into_iter().map(|import| import.path).collect()
}
