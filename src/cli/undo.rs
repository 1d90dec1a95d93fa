//! What earlier runs of `fix` left: half repairs of one that was killed, and the last one's old bytes.

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::args::Fix;
use super::console::Console;
use super::exit::Exit;
use super::fix::listed;
use super::interrupt::Whole;
use crate::workspace::{Journal, Restored};

/// The journal of the tree, with what a killed run left half done taken back.
pub fn journal(args: &Fix, console: &Console) -> Result<Journal> {
    let _whole = Whole::writing();
    let journal = Journal::open(&args.selection.paths)?;
    let Restored { files, left, .. } = journal.recover()?;
    if !files.is_empty() {
        let files = listed(&files);
        console.note(&format!(
            "an earlier run was killed in the middle of repairs; these files have their old text again:{files}"
        ));
    }
    if !left.is_empty() {
        bail!(
            "an earlier run was killed in the middle of repairs that cannot be taken back; look at these files, and run \
             again:{}",
            reasons(&left)
        );
    }
    Ok(journal)
}

/// Takes the last run back.
pub fn undo(journal: &Journal, console: &Console) -> Result<Exit> {
    let _whole = Whole::writing();
    let Some(Restored { files, left, .. }) = journal.undo()? else {
        bail!("there is no run to take back in {}", journal.root().display());
    };
    let noun = if files.len() == 1 {
        "file has its"
    } else {
        "files have their"
    };
    console.status(&format!("{} {noun} old text again.", files.len()));
    if !left.is_empty() {
        bail!(
            "these files and what was repaired with them stay as they are:{}",
            reasons(&left)
        );
    }
    Ok(Exit::Clean)
}

fn reasons(left: &[(PathBuf, String)]) -> String {
    let lines = left
        .iter()
        .map(|(path, why)| format!("{}: {why}", listed(std::slice::from_ref(path))));
    lines.collect()
}
