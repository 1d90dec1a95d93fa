//! The go.mod that holds for a folder.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::files::Files;
use super::loader::MAX_MODULE_BYTES;
use super::naming::slashed;
use crate::go::Module;

/// The go.mod that holds for a folder: found upwards, read at the first question and remembered.
pub struct Modules {
    root: PathBuf,
    files: Arc<Files>,
    known: Mutex<HashMap<PathBuf, Option<Arc<Module>>>>,
}

impl Modules {
    /// `root` is where names start, absolute; a go.mod that cannot be used is noted in `files`.
    pub fn new(root: impl Into<PathBuf>, files: Arc<Files>) -> Self {
        Modules {
            root: root.into(),
            files,
            known: Mutex::default(),
        }
    }

    /// The module of the absolute folder `dir`, as the go command would find it. A go.mod *above* the scanned
    /// root is told as if it lay at the root (the path grows by the folders between), so that import paths
    /// of scanned packages come out right.
    pub fn nearest(&self, dir: &Path) -> Option<Arc<Module>> {
        if let Some(known) = self.remembered(dir) {
            return known;
        }
        let found = match self.read(dir) {
            Some(module) => Some(Arc::new(module)),
            None => dir.parent().and_then(|parent| self.nearest(parent)),
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(dir.to_owned(), found.clone());
        found
    }

    fn remembered(&self, dir: &Path) -> Option<Option<Arc<Module>>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(dir).cloned()
    }

    fn read(&self, dir: &Path) -> Option<Module> {
        let text = self.files.read_text(&dir.join("go.mod"), MAX_MODULE_BYTES)?;
        if let Ok(below) = dir.strip_prefix(&self.root) {
            return Some(Module::parse(slashed(below), &text));
        }
        let mut module = Module::parse("", &text);
        if let Ok(between) = self.root.strip_prefix(dir) {
            module.path = format!("{}/{}", module.path, slashed(between));
        }
        Some(module)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_nearest_go_mod_holds_and_one_above_the_root_is_moved_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path();
        fs::create_dir_all(top.join("svc/api/handlers")).unwrap();
        fs::create_dir_all(top.join("svc/tool/x")).unwrap();
        fs::write(top.join("go.mod"), "module example.com/app\ngo 1.22\n").unwrap();
        fs::write(top.join("svc/tool/go.mod"), "module example.com/tool\n").unwrap();

        let modules = Modules::new(top.join("svc"), Arc::default());
        let api = modules.nearest(&top.join("svc/api/handlers")).unwrap();
        assert_eq!((api.path.as_str(), api.dir.as_str()), ("example.com/app/svc", ""));
        assert!(api.has_go(1, 22));
        let tool = modules.nearest(&top.join("svc/tool/x")).unwrap();
        assert_eq!(
            (tool.path.as_str(), tool.dir.as_str()),
            ("example.com/tool", "tool")
        );
        let again = modules.nearest(&top.join("svc/tool/x")).unwrap();
        assert!(Arc::ptr_eq(&tool, &again));
    }
}
