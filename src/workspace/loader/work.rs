//! The go.work file around a module.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::MAX_MODULE_BYTES;
use crate::go::Module;
use crate::workspace::files::Files;

/// A workspace with the folders of its modules.
pub(super) struct Work {
    pub(super) folder: PathBuf,
    pub(super) uses: Vec<PathBuf>,
    /// Its `replace` lines, which overrule those of the modules.
    pub(super) module: Module,
}

impl Work {
    /// The workspace that `home` belongs to: as the go command looks for it, and if it uses `home`.
    pub(super) fn around(home: &Path, files: &Files) -> Option<Work> {
        let file = match env::var_os("GOWORK").filter(|value| !value.is_empty()) {
            Some(off) if off == "off" => return None,
            Some(file) => PathBuf::from(file),
            None => home
                .ancestors()
                .map(|dir| dir.join("go.work"))
                .find(|file| files.is_there(file))?,
        };
        let text = files.read_text(&file, MAX_MODULE_BYTES)?;
        let folder = file.parent()?.to_owned();
        let uses = used_by(&text).into_iter();
        let uses: Vec<PathBuf> = uses
            .filter_map(|dir| fs::canonicalize(folder.join(dir)).ok())
            .collect();
        uses.iter().any(|dir| dir == home).then(|| Work {
            module: Module::parse("", &text),
            folder,
            uses,
        })
    }
}

/// The folders that go.work text uses.
fn used_by(text: &str) -> Vec<String> {
    let mut folders = Vec::new();
    let mut in_block = false;
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or("").trim();
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["use", "("] => in_block = true,
            [")"] => in_block = false,
            ["use", folder] => folders.push(folder.trim_matches('"').to_owned()),
            [folder] if in_block => folders.push(folder.trim_matches('"').to_owned()),
            _ => {}
        }
    }
    folders
}
