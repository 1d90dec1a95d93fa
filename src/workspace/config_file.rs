//! Where a config file lies: `unleak.toml` or `.unleak.toml`, in the folder that is scanned or above it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

use super::git::repository_root;
use super::naming::slashed;
use super::read::{bytes_of, is_there};
use super::walk::naming;

/// No person writes a larger one.
const MAX_CONFIG_BYTES: u64 = 1 << 20;

const NAMES: [&str; 2] = ["unleak.toml", ".unleak.toml"];

/// A config file as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFile {
    /// As people see it.
    pub shown: String,
    pub text: String,
    /// Leads from its folder to where names start, with a `/` behind each folder; empty where it does not.
    pub prefix: String,
    /// Leads from where names start to its folder, likewise.
    pub folder: String,
}

/// Reads `given`, or else the nearest one upward from what `paths` have in common to the root of its repository;
/// without a repository only that folder is looked at. `base` is where the paths start that people see.
pub fn config_file(
    given: Option<&Path>,
    paths: &[PathBuf],
    base: Option<&Path>,
) -> Result<Option<ConfigFile>> {
    let naming = naming(paths, base)?;
    let found = match given {
        Some(given) => given.to_owned(),
        None => match nearest(&naming.scanned) {
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
    // Patterns of a file that lies elsewhere start at what is scanned.
    let folder = folder.filter(|folder| naming.scanned.starts_with(folder));
    let folder = folder.unwrap_or_else(|| naming.scanned.clone());
    Ok(Some(ConfigFile {
        shown,
        text,
        prefix: way(&folder, &naming.root),
        folder: way(&naming.root, &folder),
    }))
}

/// The folders between, each with a `/` behind it; nothing where `to` does not lie below.
fn way(from: &Path, to: &Path) -> String {
    match to.strip_prefix(from).map(slashed) {
        Ok(below) if !below.is_empty() => format!("{below}/"),
        _ => String::new(),
    }
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
