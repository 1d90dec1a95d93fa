//! A campaign's folder: the ledger, what was made of each repository, the summary of all. One program works in it
//! at a time.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::ledger::{Entry, Ledger};
use super::manifest::{Manifest, Repository};
use super::shard::Shard;
use super::unit::Unit;
use super::worker::Repairs;

/// What makes two runs the same campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Names the branch: `unleak/<campaign>`.
    pub campaign: String,
    pub repairs: Repairs,
    /// The text of the change descriptions, before it is filled in.
    pub template: String,
    /// Of the whole manifest, not of the shard.
    pub manifest: String,
    pub version: String,
    pub shard: Option<Shard>,
}

pub struct Campaign {
    pub folder: PathBuf,
    pub ledger: Ledger,
    pub terms: Terms,
    _lock: File,
}

impl Campaign {
    /// Begins a campaign in a folder, or goes on with the same one.
    pub fn begin(folder: &Path, terms: Terms, manifest: &Manifest) -> Result<Campaign> {
        check_name(&terms.campaign)?;
        let lock = lock(folder)?;
        let path = folder.join("ledger.sqlite");
        if let Some(ledger) = Ledger::open(&path)? {
            let known: Terms = serde_json::from_str(&ledger.setting("terms")?)?;
            if let Some(difference) = known.difference(&terms) {
                bail!(
                    "{} holds a campaign with another {difference}; go on with it by `unleak batch resume`, or \
                     choose another folder with --out",
                    folder.display()
                );
            }
            return Ok(Campaign::of(folder, ledger, known, lock));
        }
        let _ = fs::remove_file(&path);
        let holds = |repository: &&Repository| {
            let name = &repository.address.name;
            terms.shard.is_none_or(|shard| shard.holds(name))
        };
        let mine: Vec<&Repository> = manifest.repositories.iter().filter(holds).collect();
        let settings = [("terms", serde_json::to_string(&terms)?)];
        let ledger = Ledger::create(&path, &settings, &mine)?;
        Ok(Campaign::of(folder, ledger, terms, lock))
    }

    /// Goes on with the campaign of a folder.
    pub fn open(folder: &Path) -> Result<Campaign> {
        let (ledger, terms) = look(folder)?;
        Ok(Campaign::of(folder, ledger, terms, lock(folder)?))
    }

    fn of(folder: &Path, ledger: Ledger, terms: Terms, lock: File) -> Campaign {
        Campaign {
            folder: folder.to_owned(),
            ledger,
            terms,
            _lock: lock,
        }
    }

    /// The artifacts of one repository, as an absolute path: git and the user's commands run elsewhere.
    pub fn unit_folder(&self, key: &str) -> PathBuf {
        let folder = unit_folder(&self.folder, key);
        std::path::absolute(&folder).unwrap_or(folder)
    }

    /// For what must not outlive the run. Emptied when a run begins.
    pub fn workshop(&self) -> Result<PathBuf> {
        let folder = self.folder.join("tmp");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        folder
            .canonicalize()
            .context("cannot open the folder for temporary files")
    }

    pub fn branch(&self) -> String {
        format!("unleak/{}", self.terms.campaign)
    }
}

/// Opens a campaign to read, beside a run that may be under way.
pub fn look(folder: &Path) -> Result<(Ledger, Terms)> {
    let Some(ledger) = Ledger::open(&folder.join("ledger.sqlite"))? else {
        bail!(
            "{} holds no campaign; `unleak batch plan` begins one",
            folder.display()
        );
    };
    let terms = serde_json::from_str(&ledger.setting("terms")?)?;
    Ok((ledger, terms))
}

/// Where the artifacts of one repository lie.
pub fn unit_folder(folder: &Path, key: &str) -> PathBuf {
    folder.join("repos").join(key)
}

/// What every settled repository of a campaign came to, by name. An entry without artifacts has none.
pub fn units(folder: &Path, entries: &[Entry]) -> Result<Vec<Option<Unit>>> {
    let read = |entry: &Entry| {
        let folder = unit_folder(folder, &entry.key);
        let is_there = folder.join("unit.json").exists();
        is_there.then(|| Unit::read(&folder)).transpose()
    };
    entries.iter().map(read).collect()
}

impl Terms {
    /// The first thing in which two differ.
    pub fn difference(&self, other: &Terms) -> Option<&'static str> {
        let Terms {
            campaign,
            repairs,
            template,
            manifest,
            version,
            shard,
        } = self;
        let same = [
            (*campaign == other.campaign, "name (--campaign)"),
            (*manifest == other.manifest, "list of repositories"),
            (*repairs == other.repairs, "choice of rules or fixes"),
            (*template == other.template, "template"),
            (*version == other.version, "version of unleak"),
            (*shard == other.shard, "shard"),
        ];
        same.iter().find(|(is_same, _)| !is_same).map(|(_, what)| *what)
    }
}

/// The name becomes part of a branch's name.
fn check_name(name: &str) -> Result<()> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let is_odd = name.is_empty()
        || name.starts_with(['.', '-'])
        || name.ends_with('.')
        || name.ends_with(".lock")
        || name.contains("..");
    if is_odd || !name.chars().all(is_plain) || name.len() > 100 {
        bail!("`{name}` cannot name a campaign; use letters, digits, `-`, `_` and `.`");
    }
    Ok(())
}

fn lock(folder: &Path) -> Result<File> {
    let open = || {
        fs::create_dir_all(folder)?;
        File::create(folder.join("lock"))
    };
    let file = open().with_context(|| format!("cannot write to {}", folder.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!("another run works in {}; wait for its end", folder.display()),
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock the campaign's folder"),
    }
}
