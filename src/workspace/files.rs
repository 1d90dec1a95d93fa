//! The files of a run in one state: the disk, with an overlay of what stands for it elsewhere (how a commit had it, or
//! what an editor has not saved). Everyone who reads Go files or module files of a run reads them here, so that all see
//! the same state; and what cannot be used is noted here.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::Diagnostic;
use super::read::{Unread, as_text, bytes_of, is_there};

/// What lies over the disk, by canonical path: the bytes of a file, or none where it is not to be seen.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    /// By folder and name, since folders are listed.
    folders: HashMap<PathBuf, BTreeMap<OsString, Option<Vec<u8>>>>,
}

impl Overlay {
    /// Lays `bytes` over the file, or hides it.
    pub fn set(&mut self, path: &Path, bytes: Option<Vec<u8>>) {
        if let (Some(folder), Some(name)) = (path.parent(), path.file_name()) {
            let names = self.folders.entry(folder.to_owned()).or_default();
            names.insert(name.to_owned(), bytes);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.folders.is_empty()
    }

    /// What lies over the file: nothing, its absence, or its bytes.
    fn over(&self, path: &Path) -> Option<Option<&[u8]>> {
        let names = self.folders.get(path.parent()?)?;
        names.get(path.file_name()?).map(Option::as_deref)
    }

    fn in_folder<'o>(&'o self, folder: &'o Path) -> impl Iterator<Item = (PathBuf, bool)> + 'o {
        let names = self.folders.get(folder).into_iter().flatten();
        names.map(|(name, bytes)| (folder.join(name), bytes.is_some()))
    }

    /// Every path of it, and whether a file is there.
    pub(super) fn paths(&self) -> impl Iterator<Item = (PathBuf, bool)> + '_ {
        self.folders.keys().flat_map(|folder| self.in_folder(folder))
    }
}

/// The disk below an overlay. Files that are there and could not be used are noted: without them a run does not know
/// the whole truth.
#[derive(Debug, Default)]
pub struct Files {
    overlay: Overlay,
    unusable: Mutex<BTreeSet<(PathBuf, String)>>,
}

impl Files {
    pub fn new(overlay: Overlay) -> Self {
        Files {
            overlay,
            unusable: Mutex::default(),
        }
    }

    pub(super) fn overlay(&self) -> &Overlay {
        &self.overlay
    }

    /// The text of a file of at most `limit` bytes, as [`super::read`] reads one.
    pub fn text(&self, path: &Path, limit: u64) -> Result<Vec<u8>, Unread> {
        as_text(self.bytes(path, limit)?)
    }

    fn bytes(&self, path: &Path, limit: u64) -> Result<Vec<u8>, Unread> {
        match self.overlay.over(path) {
            Some(Some(bytes)) if bytes.len() as u64 > limit => Err(Unread::TooLarge(limit)),
            Some(Some(bytes)) => Ok(bytes.to_owned()),
            Some(None) => Err(Unread::Vanished),
            None => bytes_of(path, limit),
        }
    }

    /// The paths in a folder that `wanted` takes, in their order.
    pub fn list(&self, folder: &Path, wanted: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut paths: BTreeSet<PathBuf> = entries.map(|entry| entry.path()).collect();
        for (path, is_there) in self.overlay.in_folder(folder) {
            match is_there {
                true => paths.insert(path),
                false => paths.remove(&path),
            };
        }
        paths.retain(|path| wanted(path));
        paths.into_iter().collect()
    }

    /// The bytes of a file that is looked for at a place where there may be none. What is there and cannot be read is
    /// noted.
    pub(super) fn read(&self, path: &Path, limit: u64) -> Option<Vec<u8>> {
        // A folder of that name means something else.
        if !self.is_there(path) {
            return None;
        }
        self.bytes(path, limit)
            .map_err(|unread| match &unread {
                Unread::Vanished => {}
                Unread::Unreadable(error) if error.kind() == ErrorKind::NotADirectory => {}
                _ => self.note(path, unread.to_string()),
            })
            .ok()
    }

    /// Whether something that is no folder lies at `path`: a file, or what was put in the place of one.
    pub(super) fn is_there(&self, path: &Path) -> bool {
        match self.overlay.over(path) {
            Some(bytes) => bytes.is_some(),
            None => is_there(path),
        }
    }

    /// Whether a file lies at `path`; what was put in the place of one is noted.
    pub(super) fn has_file(&self, path: &Path) -> bool {
        if let Some(bytes) = self.overlay.over(path) {
            return bytes.is_some();
        }
        let found = fs::metadata(path).ok().filter(|found| !found.is_dir());
        let is_special = found.as_ref().is_some_and(|found| !found.is_file());
        if is_special {
            self.note(path, Unread::Special.to_string());
        }
        found.is_some() && !is_special
    }

    /// As text; bytes that are not UTF-8 do not matter there.
    pub(super) fn read_text(&self, path: &Path, limit: u64) -> Option<String> {
        let bytes = self.read(path, limit)?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub(super) fn note(&self, path: &Path, why: String) {
        let mut noted = self.unusable.lock().unwrap_or_else(PoisonError::into_inner);
        noted.insert((path.to_owned(), why));
    }

    pub(super) fn into_unusable(self) -> Vec<(PathBuf, String)> {
        let noted = self.unusable.into_inner().unwrap_or_else(PoisonError::into_inner);
        noted.into_iter().collect()
    }

    /// What could not be used, with each path as `shown` to people.
    pub fn unusable(&self, shown: impl Fn(&Path) -> String) -> Vec<Diagnostic> {
        let noted = self.unusable.lock().unwrap_or_else(PoisonError::into_inner);
        let told = noted.iter().map(|(path, message)| Diagnostic {
            path: shown(path),
            message: message.clone(),
        });
        told.collect()
    }
}
