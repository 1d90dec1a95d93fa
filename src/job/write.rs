//! The end of a repair: changes become files.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use super::Survey;
use crate::plan::Change;
use crate::text::{FilePatch, patch};
use crate::workspace::{Discovery, Replacement, Written, write};

/// Why a file was left as it is.
pub type Unwritten = HashMap<String, String>;

/// The files of a run by the paths that people see.
pub struct Paths<'a> {
    discovery: &'a Discovery,
    by_name: HashMap<String, &'a PathBuf>,
}

impl<'a> Paths<'a> {
    pub fn new<R>(survey: &'a Survey<R>) -> Self {
        let discovery = &survey.discovery;
        let directories = discovery.directories.iter();
        let files = directories.flat_map(|directory| directory.files.iter().chain(&directory.neighbours));
        Paths {
            discovery,
            by_name: files.map(|path| (discovery.shown(path), path)).collect(),
        }
    }

    /// The file that people see as `path`.
    pub fn named(&self, path: &str) -> PathBuf {
        let known = self.by_name.get(path).map(|path| (*path).clone());
        known.unwrap_or_else(|| self.discovery.root.join(path))
    }

    /// The patch of all changes, its files in order.
    pub fn patch<'c>(&self, changes: impl Iterator<Item = &'c Change>) -> Vec<u8> {
        let named = changes.map(|change| (self.discovery.patch_path(&self.named(&change.path)), change));
        let mut named: Vec<(Vec<u8>, &Change)> = named.collect();
        named.sort_by(|(a, _), (b, _)| a.cmp(b));
        let patches = named.iter().map(|(path, change)| {
            patch(&FilePatch {
                path,
                old: &change.old,
                new: &change.new,
            })
        });
        patches.flatten().collect()
    }

    /// Writes the changes of one package, all or, where a file is no longer what was read, none. What was left
    /// as it is comes back with the reason.
    pub fn write(&self, changes: &[Change]) -> Unwritten {
        let moved = changes.iter().find(|change| !self.is_as_read(change));
        if let Some(moved) = moved {
            let why = format!("{} changed while unleak ran; run it again", moved.path);
            return changes
                .iter()
                .map(|change| (change.path.clone(), why.clone()))
                .collect();
        }
        let failed = changes
            .iter()
            .filter_map(|change| Some((change.path.clone(), self.write_one(change)?)));
        failed.collect()
    }

    fn is_as_read(&self, change: &Change) -> bool {
        fs::read(self.named(&change.path)).is_ok_and(|bytes| bytes == *change.old)
    }

    fn write_one(&self, change: &Change) -> Option<String> {
        let replacement = Replacement {
            path: &self.named(&change.path),
            old: &change.old,
            new: &change.new,
        };
        match write(&replacement) {
            Ok(Written::Written | Written::Unchanged) => None,
            Ok(Written::ChangedMeanwhile) => Some("it changed while unleak ran; run it again".to_owned()),
            Err(error) => Some(format!("{error:#}")),
        }
    }
}
