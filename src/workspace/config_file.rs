//! Where a config file lies: `unleak.toml` or `.unleak.toml`, in the scanned root or above it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

use super::git::repository_root;
use super::read::{bytes_of, is_there};
use super::walk::{scanned_root, slashed};

/// No person writes a larger one.
const MAX_CONFIG_BYTES: u64 = 1 << 20;

const NAMES: [&str; 2] = ["unleak.toml", ".unleak.toml"];

/// A config file as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFile {
    /// As people see it.
    pub shown: String,
    pub text: String,
    /// Leads from its folder to the scanned root, with a `/` behind each folder; empty where it does not.
    pub prefix: String,
}

/// Reads `given`, or else the nearest one upward from what `paths` have in common to the root of its repository;
/// without a repository only that folder is looked at.
pub fn config_file(given: Option<&Path>, paths: &[PathBuf]) -> Result<Option<ConfigFile>> {
    let root = scanned_root(paths)?;
    let found = match given {
        Some(given) => given.to_owned(),
        None => match nearest(&root) {
            Some(found) => found,
            None => return Ok(None),
        },
    };
    let here = std::env::current_dir()
        .and_then(fs::canonicalize)
        .unwrap_or_default();
    let shown = found.strip_prefix(&here).unwrap_or(&found).display().to_string();
    let text =
        text_of(&found, given.is_some()).with_context(|| format!("cannot read the config `{shown}`"))?;
    let folder = fs::canonicalize(&found)
        .ok()
        .and_then(|path| Some(path.parent()?.to_owned()));
    let below = folder.and_then(|folder| Some(root.strip_prefix(folder).ok()?.to_owned()));
    let prefix = match below.map(|below| slashed(&below)) {
        Some(below) if !below.is_empty() => format!("{below}/"),
        _ => String::new(),
    };
    Ok(Some(ConfigFile { shown, text, prefix }))
}

fn nearest(root: &Path) -> Option<PathBuf> {
    let last = repository_root(root).unwrap_or_else(|| root.to_owned());
    let folders = root.ancestors().take_while(|folder| folder.starts_with(&last));
    let files = folders.flat_map(|folder| NAMES.map(|name| folder.join(name)));
    files.into_iter().find(|path| is_there(path))
}

/// A file that a person names may be a pipe; one that lies in a tree may not.
fn text_of(path: &Path, is_given: bool) -> Result<String> {
    if is_given {
        return Ok(fs::read_to_string(path)?);
    }
    let bytes = bytes_of(path, MAX_CONFIG_BYTES).map_err(|unread| anyhow!("it {unread}"))?;
    Ok(String::from_utf8(bytes)?)
}
