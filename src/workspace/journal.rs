//! What a run is about to write, with the bytes that were there. Files that belong together are written one after the
//! other, and a run that is killed between two of them leaves half a repair: the next one finds it here and takes it
//! back. The journal of the last run stays, so that a person can take all of it back.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use base64::prelude::{BASE64_STANDARD, Engine};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::git::{os_string, repository_root};
use super::read::read_whole;
use super::state::state_folder;
use super::walk::naming;
use super::write::{sync_folder, temporary};
use super::{Replacement, Written, holds, write};

/// The run under way.
const PENDING: &str = "pending.json";
/// The run that wrote last.
const LAST: &str = "last.json";
/// Which tree a folder of journals is about.
const ROOT: &str = "root";

/// The journal of one tree, and the only run that may write it.
pub struct Journal {
    root: PathBuf,
    folder: PathBuf,
    _lock: File,
}

/// What became of files that were to get their old bytes back.
#[derive(Debug, Default)]
pub struct Restored {
    pub files: Vec<PathBuf>,
    /// Those that were left as they are, with the reason.
    pub left: Vec<(PathBuf, String)>,
    /// One could not be written now: another time it may.
    is_unfinished: bool,
}

#[derive(Serialize, Deserialize)]
struct Plan {
    schema_version: u32,
    /// Each with the files that stand and fall together.
    groups: Vec<Vec<Entry>>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    path: Bytes,
    old: Bytes,
    new: Bytes,
}

/// Bytes of any kind, in base64.
#[derive(Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[derive(Clone)]
struct Bytes(Vec<u8>);

impl From<Bytes> for String {
    fn from(bytes: Bytes) -> String {
        BASE64_STANDARD.encode(bytes.0)
    }
}

impl TryFrom<String> for Bytes {
    type Error = base64::DecodeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        BASE64_STANDARD.decode(text).map(Bytes)
    }
}

/// How a file compares with what was to be written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Old,
    New,
    /// A file with several names is overwritten from its start: new bytes, and behind them old ones.
    Torn,
    /// Someone else wrote it.
    Other,
}

impl Journal {
    /// The journal of the tree around `paths`. An error where another run has it.
    pub fn open(paths: &[PathBuf]) -> Result<Journal> {
        let root = naming(paths, None)?.scanned;
        let root = repository_root(&root).unwrap_or(root);
        let trees = state_folder()?.join("trees");
        let told = root.as_os_str().as_encoded_bytes();
        let digest = Sha256::digest(told);
        let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let folder = trees.join(name);
        let make = || {
            fs::create_dir_all(&folder)?;
            match holds(&folder.join(ROOT), told) {
                Ok(true) => Ok(()),
                _ => fs::write(folder.join(ROOT), told),
            }
        };
        make().with_context(|| {
            let shown = folder.display();
            format!("cannot keep a journal in {shown}; name another place with XDG_STATE_HOME")
        })?;
        Ok(Journal {
            _lock: lock(&folder, &root)?,
            root,
            folder,
        })
    }

    /// The tree.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Takes back the half repairs of runs that were killed, in this tree, around it and within it.
    pub fn recover(&self) -> Result<Restored> {
        let mut restored = Restored::default();
        recover_in(&self.folder, &mut restored)?;
        let trees = self.folder.parent().unwrap_or(&self.folder);
        for folder in fs::read_dir(trees).into_iter().flatten().flatten() {
            let folder = folder.path();
            let Ok(root) = read_whole(&folder.join(ROOT)).map(|root| PathBuf::from(os_string(&root))) else {
                continue;
            };
            if root.is_absolute() && !root.exists() {
                // Whatever was written there is gone.
                let _ = fs::remove_dir_all(&folder);
                continue;
            }
            let overlaps = root.starts_with(&self.root) || self.root.starts_with(&root);
            if folder != self.folder && overlaps && folder.join(PENDING).exists() {
                let _lock = lock(&folder, &root)?;
                recover_in(&folder, &mut restored)?;
            }
        }
        Ok(restored)
    }

    /// Notes what is about to be written. Nothing is written before this is on disk.
    pub fn begin<'r>(&self, groups: impl Iterator<Item = Vec<Replacement<'r>>>) -> Result<()> {
        let plan = Plan {
            schema_version: 1,
            groups: groups
                .map(|group| group.iter().map(Entry::new).collect())
                .collect(),
        };
        let keep = || -> Result<()> {
            let mut file = temporary(&self.folder)?;
            serde_json::to_writer(&mut file, &plan)?;
            file.flush()?;
            file.as_file().sync_all()?;
            file.persist(self.folder.join(PENDING))?;
            sync_folder(&self.folder);
            Ok(())
        };
        keep().with_context(|| format!("cannot keep a journal in {}", self.folder.display()))
    }

    /// Notes that every file is as it should be.
    pub fn finish(&self) -> Result<()> {
        settle(&self.folder)
    }

    /// Gives every file that the last run wrote its old bytes back; nothing where there was no run.
    pub fn undo(&self) -> Result<Option<Restored>> {
        let Some(plan) = read(&self.folder.join(LAST))? else {
            return Ok(None);
        };
        let mut restored = Restored::default();
        plan.groups.iter().for_each(|group| restored.take_back(group));
        if restored.left.is_empty() {
            fs::remove_file(self.folder.join(LAST)).context("cannot close the journal")?;
        }
        Ok(Some(restored))
    }
}

/// Lets one run at a time write to a tree.
fn lock(folder: &Path, root: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let path = folder.join("lock");
    let mut file = options
        .open(&path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            bail!(
                "another `unleak fix` writes to {} (process {holder}); run again when it has ended",
                root.display()
            );
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("cannot lock {}", path.display()));
        }
    }
    // Only for people: without it the lock holds as well.
    let _ = file
        .set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| write!(file, "{}", std::process::id()));
    Ok(file)
}

/// Takes back what a killed run left half done, and what it left lying about.
fn recover_in(folder: &Path, restored: &mut Restored) -> Result<()> {
    let Some(plan) = read(&folder.join(PENDING))? else {
        return Ok(());
    };
    for group in &plan.groups {
        let states: Vec<State> = group.iter().map(|entry| entry.state().0).collect();
        let is_whole = |whole: State| states.iter().all(|state| *state == whole);
        if !is_whole(State::Old) && !is_whole(State::New) {
            restored.take_back(group);
        }
        group.iter().for_each(Entry::tidy);
    }
    match restored.is_unfinished {
        true => Ok(()),
        false => settle(folder),
    }
}

/// The run under way becomes the last one.
fn settle(folder: &Path) -> Result<()> {
    fs::rename(folder.join(PENDING), folder.join(LAST)).context("cannot close the journal")
}

fn read(path: &Path) -> Result<Option<Plan>> {
    if !path.exists() {
        return Ok(None);
    }
    let bytes = read_whole(path).with_context(|| format!("cannot read {}", path.display()))?;
    let plan: Plan = serde_json::from_slice(&bytes)
        .with_context(|| format!("{} is no journal; delete it to go on", path.display()))?;
    Ok(Some(plan))
}

impl Restored {
    /// Gives a whole group its old bytes back, unless someone else wrote one of its files.
    fn take_back(&mut self, group: &[Entry]) {
        let seen: Vec<(State, Vec<u8>)> = group.iter().map(Entry::state).collect();
        let is_other = |seen: &(State, Vec<u8>)| seen.0 == State::Other;
        if seen.iter().any(is_other) {
            let others = group.iter().zip(&seen).filter(|(_, seen)| is_other(seen));
            self.left
                .extend(others.map(|(entry, _)| (entry.path(), "it was changed since".to_owned())));
            return;
        }
        for (entry, (state, bytes)) in group.iter().zip(seen) {
            if state != State::Old {
                self.give_back(entry, &bytes);
            }
        }
    }

    fn give_back(&mut self, entry: &Entry, held: &[u8]) {
        let path = entry.path();
        let replacement = Replacement {
            path: &path,
            old: held,
            new: &entry.old.0,
        };
        let why = match write(&replacement) {
            Ok(Written::Written | Written::Unchanged) => return self.files.push(path),
            Ok(Written::ChangedMeanwhile) => "it was changed meanwhile".to_owned(),
            Err(error) => format!("{error:#}"),
        };
        self.left.push((path, why));
        self.is_unfinished = true;
    }
}

impl Entry {
    fn new(replacement: &Replacement<'_>) -> Entry {
        // The file itself, where a link leads to it: another one may lie behind the link later.
        let path = fs::canonicalize(replacement.path).unwrap_or_else(|_| replacement.path.to_owned());
        Entry {
            path: Bytes(path.into_os_string().into_encoded_bytes()),
            old: Bytes(replacement.old.to_vec()),
            new: Bytes(replacement.new.to_vec()),
        }
    }

    fn path(&self) -> PathBuf {
        os_string(&self.path.0).into()
    }

    /// How the file is by now, and its bytes.
    fn state(&self) -> (State, Vec<u8>) {
        let (old, new) = (&self.old.0, &self.new.0);
        let Ok(held) = read_whole(&self.path()) else {
            return (State::Other, Vec::new());
        };
        let state = match () {
            () if held == *old => State::Old,
            () if held == *new => State::New,
            () if is_torn(&held, old, new) => State::Torn,
            () => State::Other,
        };
        (state, held)
    }

    /// Removes what a killed run left beside the file while it was replaced.
    fn tidy(&self) {
        let path = self.path();
        let beside = path.parent().map(fs::read_dir).into_iter().flatten().flatten();
        let is_ours = |name: &[u8]| name.starts_with(b".unleak-") && name.ends_with(b".tmp");
        let left = beside.flatten().filter(|entry| {
            is_ours(entry.file_name().as_encoded_bytes())
                && entry.file_type().is_ok_and(|kind| kind.is_file())
        });
        left.for_each(|entry| drop(fs::remove_file(entry.path())));
    }
}

/// Whether the first bytes are those of `new` and all behind them those of `old`.
fn is_torn(held: &[u8], old: &[u8], new: &[u8]) -> bool {
    let written = held.iter().zip(new).take_while(|(a, b)| a == b).count();
    written > 0 && held[written..] == *old.get(written..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_half_overwritten_is_known() {
        let (old, new) = (b"aaaa-bbbb".as_slice(), b"aaXX-bb".as_slice());
        for written in 1..=new.len() {
            let held = [&new[..written], &old[written..]].concat();
            assert!(is_torn(&held, old, new), "{written}");
        }
        let longer = b"aaaa-bbbb-cccc".as_slice();
        for written in 1..longer.len() {
            let held = [&longer[..written], old.get(written..).unwrap_or_default()].concat();
            assert!(is_torn(&held, old, longer), "{written}");
        }
        for held in [b"aaYY-bbbb".as_slice(), b"", b"aaXX-bb-and-more"] {
            assert!(!is_torn(held, old, new));
        }
    }
}
