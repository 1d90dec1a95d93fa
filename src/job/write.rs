//! The end of a repair: changes become files.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::Result;

use super::run_result::RunResult;
use crate::engine::plan::Change;
use crate::text::{FilePatch, patch};
use crate::workspace::{Discovery, Journal, Replacement, Written, holds, write};

/// Why a file was left as it is.
pub type Unwritten = HashMap<String, String>;

/// The files of a run by the paths that people see.
pub struct Paths<'a> {
    discovery: &'a Discovery,
    by_name: HashMap<String, &'a PathBuf>,
}

impl<'a> Paths<'a> {
    pub fn new<R>(survey: &'a RunResult<R>) -> Self {
        let discovery = &survey.session.discovery;
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

    /// Writes changes that stand and fall together: all, or none where a file is no longer what was read or cannot
    /// be written. What was left as it is comes back with the reason.
    pub fn write(&self, changes: &[Change]) -> Unwritten {
        if let Some(moved) = changes.iter().find(|change| !self.is_as_read(change)) {
            let why = format!("{} changed while unleak ran; run it again", moved.path);
            return unwritten(changes, |_| why.clone());
        }
        let failed = changes
            .iter()
            .enumerate()
            .find_map(|(at, change)| Some((at, self.write_one(change)?)));
        let Some((at, why)) = failed else {
            return Unwritten::new();
        };
        let (written, guilty) = (&changes[..at], &changes[at].path);
        let mut left = unwritten(changes, |change| match change.path == *guilty {
            true => why.clone(),
            false => format!("it belongs to the same repair as {guilty}, which could not be written"),
        });
        for change in written {
            if let Some(why) = self.write_one(&taken_back(change)) {
                left.insert(
                    change.path.clone(),
                    format!("it is written and could not be taken back: {why}"),
                );
            }
        }
        left
    }

    /// Notes in `journal` what is about to be written.
    pub fn announce(&self, groups: &[Vec<Change>], journal: &Journal) -> Result<()> {
        let named = groups.iter().map(|group| {
            let paths = group.iter().map(|change| self.named(&change.path));
            paths.zip(group).collect::<Vec<_>>()
        });
        let named: Vec<Vec<(PathBuf, &Change)>> = named.collect();
        journal.begin(named.iter().map(|group| {
            let replacements = group.iter().map(|(path, change)| Replacement {
                path,
                old: &change.old,
                new: &change.new,
            });
            replacements.collect()
        }))
    }

    fn is_as_read(&self, change: &Change) -> bool {
        holds(&self.named(&change.path), &change.old).unwrap_or(false)
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

fn unwritten(changes: &[Change], why: impl Fn(&Change) -> String) -> Unwritten {
    changes
        .iter()
        .map(|change| (change.path.clone(), why(change)))
        .collect()
}

fn taken_back(change: &Change) -> Change {
    Change {
        old: change.new.as_slice().into(),
        new: change.old.to_vec(),
        ..change.clone()
    }
}
