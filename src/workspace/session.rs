//! One state of the trees under some paths, for as long as somebody works on it: what was discovered, the files as they
//! are to be seen, and what was read of their modules. Runs, proofs, batches and editors borrow it, so that all
//! packages are looked at in one state and nothing is read twice.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;

use super::files::{Files, Overlay};
use super::{
    Diagnostic, Discovery, ImportIndex, ImportIndexes, ModuleLoader, Modules, Unread, WalkOptions, discover,
};
use crate::go::{Module, Program};

pub struct Session {
    pub discovery: Discovery,
    files: Arc<Files>,
    modules: Modules,
    indexes: Arc<ImportIndexes>,
    /// One for each module, shared by the packages in it, by the folder of go.mod.
    programs: Mutex<HashMap<PathBuf, Option<Arc<Program>>>>,
}

impl Session {
    /// Discovers what lies under `paths`; people see paths relative to `base`. `overlay` stands for what lies on the
    /// disk.
    pub fn open(
        paths: &[PathBuf],
        base: Option<&Path>,
        walk: WalkOptions,
        overlay: Overlay,
    ) -> Result<Session> {
        let discovery = discover(paths, base, walk, &overlay)?;
        let files = Arc::new(Files::new(overlay));
        Ok(Session {
            modules: Modules::new(&discovery.root, Arc::clone(&files)),
            indexes: Arc::new(ImportIndexes::new(Arc::clone(&files))),
            programs: Mutex::default(),
            discovery,
            files,
        })
    }

    /// The text of a file of at most `limit` bytes.
    pub fn text(&self, path: &Path, limit: u64) -> Result<Vec<u8>, Unread> {
        self.files.text(path, limit)
    }

    /// The paths in a folder that `wanted` takes, in their order.
    pub fn list(&self, folder: &Path, wanted: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
        self.files.list(folder, wanted)
    }

    /// The module of the absolute folder `dir`.
    pub fn module_of(&self, dir: &Path) -> Option<Arc<Module>> {
        self.modules.nearest(dir)
    }

    /// What a package in `folder` can see; `None` outside modules.
    pub fn program_around(&self, folder: &Path) -> Option<Arc<Program>> {
        let home = self.home_of(folder)?;
        let mut known = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        let load = || {
            let loader = ModuleLoader::seeing(home, &self.discovery.root, Arc::clone(&self.files))?;
            Some(Arc::new(Program::new(loader.sharing(Arc::clone(&self.indexes)))))
        };
        known.entry(home.to_owned()).or_insert_with(load).clone()
    }

    /// Who imports what in the module that holds `folder`.
    pub fn index_around(&self, folder: &Path) -> Option<Arc<ImportIndex>> {
        Some(self.indexes.of(self.home_of(folder)?))
    }

    /// The folder of the go.mod that holds for `folder`.
    fn home_of<'p>(&self, folder: &'p Path) -> Option<&'p Path> {
        let mut above = folder.ancestors();
        above.find(|dir| self.files.has_file(&dir.join("go.mod")))
    }

    /// Files beside the sources that could not be used: without them the result is not the whole truth.
    pub fn unusable(&self) -> Vec<Diagnostic> {
        self.files.unusable(|path| self.discovery.shown(path))
    }
}
