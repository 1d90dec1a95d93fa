//! The programs of a run: one for each module, shared by the packages in it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::go::Program;
use crate::workspace::{ImportIndexes, ModuleLoader, Unusable};

pub struct Programs {
    root: PathBuf,
    indexes: Arc<ImportIndexes>,
    unusable: Arc<Unusable>,
    /// By the folder of go.mod.
    known: Mutex<HashMap<PathBuf, Option<Arc<Program>>>>,
}

impl Programs {
    /// `root` is where names start.
    pub fn new(root: &Path, indexes: Arc<ImportIndexes>, unusable: Arc<Unusable>) -> Self {
        Programs {
            root: root.to_owned(),
            indexes,
            unusable,
            known: Mutex::default(),
        }
    }

    /// What a package in `folder` can see; `None` outside modules.
    pub fn around(&self, folder: &Path) -> Option<Arc<Program>> {
        let home = folder.ancestors().find(|dir| dir.join("go.mod").is_file())?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let load = || {
            let loader = ModuleLoader::noting(home, &self.root, Arc::clone(&self.unusable))?;
            Some(Arc::new(Program::new(loader.sharing(Arc::clone(&self.indexes)))))
        };
        known.entry(home.to_owned()).or_insert_with(load).clone()
    }
}
