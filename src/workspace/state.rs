//! Where programs keep what one run leaves for the next.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result};

/// The folder for our own state, which may not be there yet.
pub(super) fn state_folder() -> Result<PathBuf> {
    let set = |name: &str| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    set("XDG_STATE_HOME")
        .or_else(|| set("LOCALAPPDATA"))
        .or_else(|| Some(env::home_dir()?.join(".local/state")))
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join("unleak"))
        .context("cannot tell where to keep the journal of a run; name a folder with XDG_STATE_HOME")
}
