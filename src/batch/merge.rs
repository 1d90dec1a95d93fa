//! Shards become one campaign again: each exactly once, and the same result as one machine would have made.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::address::Address;
use super::campaign::{Terms, look, unit_folder};
use super::ledger::{Entry, Ledger};
use super::manifest::Repository;
use super::summary::{Summary, summarize};

/// A shard's folder, read.
struct Part {
    folder: PathBuf,
    terms: Terms,
    entries: Vec<Entry>,
}

/// Merges the campaigns of `folders` into `out`, a new folder.
pub fn merge(folders: &[PathBuf], out: &Path) -> Result<Summary> {
    if out.join("ledger.sqlite").exists() {
        bail!(
            "{} holds a campaign already; choose another folder with --out",
            out.display()
        );
    }
    let parts: Vec<Part> = folders
        .iter()
        .map(|folder| Part::read(folder))
        .collect::<Result<_>>()?;
    let terms = united(&parts)?;
    let held = held(&parts)?;
    fs::create_dir_all(out).with_context(|| format!("cannot create {}", out.display()))?;
    for (part, entry) in &held {
        let from = unit_folder(&part.folder, &entry.key);
        if from.exists() {
            copy(&from, &unit_folder(out, &entry.key))?;
        }
    }
    let entries: Vec<Entry> = held.into_iter().map(|(_, entry)| entry.clone()).collect();
    // Last, so that a merge that was killed is no campaign yet.
    write_ledger(out, &terms, &entries)?;
    summarize(out, &terms, &entries)
}

/// What the parts hold, by name; an error where two hold the same.
fn held(parts: &[Part]) -> Result<Vec<(&Part, &Entry)>> {
    let mut held: Vec<(&Part, &Entry)> = parts
        .iter()
        .flat_map(|part| part.entries.iter().map(move |entry| (part, entry)))
        .collect();
    held.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
    match held.windows(2).find(|pair| pair[0].1.name == pair[1].1.name) {
        Some(pair) => bail!("{} is in two of the shards", pair[0].1.name),
        None => Ok(held),
    }
}

/// Writes the ledger of the whole under another name first: it is there whole or not at all.
fn write_ledger(out: &Path, terms: &Terms, entries: &[Entry]) -> Result<()> {
    let repositories: Vec<Repository> = entries.iter().map(repository).collect();
    let settings = [("terms", serde_json::to_string(terms)?)];
    let listed: Vec<&Repository> = repositories.iter().collect();
    let unfinished = out.join("ledger.merging");
    let _ = fs::remove_file(&unfinished);
    let mut ledger = Ledger::create(&unfinished, &settings, &listed)?;
    ledger.adopt(entries)?;
    drop(ledger);
    fs::rename(&unfinished, out.join("ledger.sqlite")).context("cannot write the ledger")
}

impl Part {
    fn read(folder: &Path) -> Result<Part> {
        let (ledger, terms) = look(folder)?;
        Ok(Part {
            folder: folder.to_owned(),
            entries: ledger.entries()?,
            terms,
        })
    }
}

/// The terms of the whole, if the parts are all of its shards.
fn united(parts: &[Part]) -> Result<Terms> {
    let Some(first) = parts.first() else {
        bail!("there is nothing to merge; name the folders of the shards");
    };
    let whole = |part: &Part| Terms {
        shard: None,
        ..part.terms.clone()
    };
    let terms = whole(first);
    let mut by_index: BTreeMap<u32, &Path> = BTreeMap::new();
    let mut count = None;
    for part in parts {
        let shown = part.folder.display();
        if let Some(difference) = terms.difference(&whole(part)) {
            bail!(
                "{shown} and {} are not of one campaign: they have another {difference}",
                first.folder.display()
            );
        }
        let Some(shard) = part.terms.shard else {
            bail!("{shown} is a whole campaign and no shard");
        };
        if *count.get_or_insert(shard.count) != shard.count {
            bail!(
                "{shown} is shard {shard}, while others are of {}",
                count.unwrap_or_default()
            );
        }
        if let Some(other) = by_index.insert(shard.index, &part.folder) {
            bail!("shard {shard} is there twice: {} and {shown}", other.display());
        }
        if let Some(stray) = part.entries.iter().find(|entry| !shard.holds(&entry.name)) {
            bail!("{shown} holds {}, which is not in shard {shard}", stray.name);
        }
    }
    let count = count.unwrap_or_default();
    let missing = (1..=count).filter(|index| !by_index.contains_key(index));
    let missing: Vec<String> = missing.map(|index| format!("{index}/{count}")).collect();
    match missing.as_slice() {
        [] => Ok(terms),
        _ => bail!("shards are missing: {}", missing.join(", ")),
    }
}

fn repository(entry: &Entry) -> Repository {
    Repository {
        address: Address {
            name: entry.name.clone(),
            remote: entry.remote.clone(),
        },
        reference: entry.reference.clone(),
        subdirs: entry.subdirs.clone(),
        opt_out: entry.opt_out,
    }
}

/// Copies a folder of artifacts: files, and folders of files.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        fs::remove_dir_all(to).with_context(|| format!("cannot replace {}", to.display()))?;
    }
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)
                .with_context(|| format!("cannot copy {}", entry.path().display()))?;
        }
    }
    Ok(())
}
