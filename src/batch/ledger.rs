//! The memory of a campaign: one SQLite file that survives a kill at any moment. Knows what was done with each
//! repository and what was published where; knows nothing of how.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde::Serialize;

use super::manifest::Repository;
use super::state::{Publication, State};

/// Raised when older programs could not read the file any more.
const VERSION: i64 = 1;

const SCHEMA: &str = "
CREATE TABLE campaign (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE repository (
    key TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    remote TEXT NOT NULL,
    ref TEXT,
    subdirs TEXT NOT NULL,
    opt_out INTEGER NOT NULL,
    state TEXT NOT NULL,
    message TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    base TEXT NOT NULL DEFAULT '',
    findings INTEGER NOT NULL DEFAULT 0,
    fixed INTEGER NOT NULL DEFAULT 0,
    publication TEXT NOT NULL DEFAULT 'none',
    publication_message TEXT NOT NULL DEFAULT '',
    pushed TEXT NOT NULL DEFAULT '',
    pushed_base TEXT NOT NULL DEFAULT '',
    intended TEXT NOT NULL DEFAULT '',
    is_requested INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    seconds INTEGER NOT NULL,
    key TEXT NOT NULL,
    what TEXT NOT NULL,
    message TEXT NOT NULL
) STRICT;
";

/// One repository as the ledger knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    pub key: String,
    pub name: String,
    #[serde(skip)]
    pub remote: String,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subdirs: Vec<String>,
    #[serde(skip)]
    pub opt_out: bool,
    pub state: State,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    pub attempts: u32,
    /// The commit that was looked at.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub base: String,
    pub findings: u32,
    pub fixed: u32,
    pub publication: Publication,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub publication_message: String,
    /// The commit that our branch had when we last left it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pushed: String,
    /// The commit that was looked at for it.
    #[serde(skip)]
    pub pushed_base: String,
    /// The commit that a push under way, or killed, would leave it at.
    #[serde(skip)]
    pub intended: String,
    /// The forge step is done: a merge request exists.
    pub is_requested: bool,
}

/// Something that happened, for the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Since 1970, UTC.
    pub seconds: i64,
    pub key: String,
    pub what: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// What a repository's turn came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    pub state: State,
    pub message: String,
    pub base: String,
    pub findings: u32,
    pub fixed: u32,
}

pub struct Ledger {
    db: Connection,
}

impl Ledger {
    /// Opens the ledger of a campaign; nothing where there is none.
    pub fn open(path: &Path) -> Result<Option<Ledger>> {
        if !path.exists() {
            return Ok(None);
        }
        let db = Self::connect(path)?;
        let version: i64 = db
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .with_context(|| format!("{} is no ledger of unleak", path.display()))?;
        match version {
            // Killed before the tables were there.
            0 => Ok(None),
            VERSION => Ok(Some(Ledger { db })),
            _ => bail!("{} was written by another version of unleak", path.display()),
        }
    }

    /// Makes the ledger of a new campaign. It is there whole or not at all.
    pub fn create(path: &Path, settings: &[(&str, String)], repositories: &[&Repository]) -> Result<Ledger> {
        let mut db = Self::connect(path)?;
        let transaction = db.transaction()?;
        transaction.execute_batch(SCHEMA)?;
        for (name, value) in settings {
            transaction.execute("INSERT INTO campaign VALUES (?1, ?2)", params![name, value])?;
        }
        for repository in repositories {
            let subdirs = serde_json::to_string(&repository.subdirs)?;
            transaction.execute(
                "INSERT INTO repository (key, name, remote, ref, subdirs, opt_out, state) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    repository.key(),
                    repository.address.name,
                    repository.address.remote,
                    repository.reference,
                    subdirs,
                    repository.opt_out,
                    State::Pending.as_str()
                ],
            )?;
        }
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()?;
        Ok(Ledger { db })
    }

    fn connect(path: &Path) -> Result<Connection> {
        let db = Connection::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        // `batch status` may look on while a run writes.
        db.busy_timeout(Duration::from_secs(10))?;
        db.pragma_update(None, "synchronous", "FULL")?;
        Ok(db)
    }

    /// A setting given when the campaign was made.
    pub fn setting(&self, name: &str) -> Result<String> {
        let value = self
            .db
            .query_row("SELECT value FROM campaign WHERE name = ?1", [name], |row| {
                row.get(0)
            });
        value.with_context(|| format!("the ledger does not know its {name}"))
    }

    /// All repositories, by name.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        let mut statement = self.db.prepare(&format!("{SELECT} ORDER BY name"))?;
        let entries = statement.query_map([], entry)?;
        Ok(entries.collect::<Result<_, _>>()?)
    }

    pub fn entry(&self, key: &str) -> Result<Option<Entry>> {
        let mut statement = self.db.prepare(&format!("{SELECT} WHERE key = ?1"))?;
        Ok(statement.query_row([key], entry).optional()?)
    }

    /// What was under way when an earlier run ended is to be done again.
    pub fn recover(&mut self) -> Result<()> {
        let (pending, running) = (State::Pending.as_str(), State::Running.as_str());
        let change = "UPDATE repository SET state = ?1 WHERE state = ?2";
        self.db.execute(change, params![pending, running])?;
        Ok(())
    }

    /// Puts repositories in one of these states back to the start.
    pub fn reset(&mut self, states: &[State]) -> Result<()> {
        let change = "UPDATE repository SET state = ?1 WHERE state = ?2";
        for state in states {
            let to = State::Pending.as_str();
            self.db.execute(change, params![to, state.as_str()])?;
        }
        Ok(())
    }

    pub fn begin(&mut self, key: &str) -> Result<()> {
        let change = "UPDATE repository SET state = ?2, attempts = attempts + 1 WHERE key = ?1";
        self.change(key, "begun", "", |transaction| {
            transaction.execute(change, params![key, State::Running.as_str()])
        })
    }

    pub fn finish(&mut self, key: &str, turn: &Turn) -> Result<()> {
        let change = "UPDATE repository SET state = ?2, message = ?3, base = ?4, findings = ?5, fixed = ?6 \
                      WHERE key = ?1";
        let values = params![
            key,
            turn.state.as_str(),
            turn.message,
            turn.base,
            turn.findings,
            turn.fixed
        ];
        self.change(key, turn.state.as_str(), &turn.message, |transaction| {
            transaction.execute(change, values)
        })
    }

    /// Notes a push before it is made: whatever happens to us, the branch is known to be ours.
    pub fn intend(&mut self, key: &str, commit: &str) -> Result<()> {
        let change = "UPDATE repository SET publication = ?2, intended = ?3 WHERE key = ?1";
        self.change(key, "pushing", commit, |transaction| {
            transaction.execute(change, params![key, Publication::Pushing.as_str(), commit])
        })
    }

    pub fn pushed(&mut self, key: &str, commit: &str, base: &str) -> Result<()> {
        let change = "UPDATE repository SET publication = ?2, publication_message = '', pushed = ?3, \
                      pushed_base = ?4, intended = '' WHERE key = ?1";
        self.change(key, "pushed", commit, |transaction| {
            transaction.execute(change, params![key, Publication::Pushed.as_str(), commit, base])
        })
    }

    /// `told` is the command that opens the merge request, or what it printed.
    pub fn requested(&mut self, key: &str, told: &str) -> Result<()> {
        let change = "UPDATE repository SET is_requested = 1 WHERE key = ?1";
        self.change(key, "requested", told, |transaction| {
            transaction.execute(change, [key])
        })
    }

    pub fn rolled_back(&mut self, key: &str) -> Result<()> {
        let change = "UPDATE repository SET publication = ?2, publication_message = '', pushed = '', \
                      intended = '', is_requested = 0 WHERE key = ?1";
        self.change(key, "rolled-back", "", |transaction| {
            transaction.execute(change, params![key, Publication::RolledBack.as_str()])
        })
    }

    /// Notes why a publication stands where it does.
    pub fn stands(&mut self, key: &str, publication: Publication, message: &str) -> Result<()> {
        let change = "UPDATE repository SET publication = ?2, publication_message = ?3 WHERE key = ?1";
        self.change(key, publication.as_str(), message, |transaction| {
            transaction.execute(change, params![key, publication.as_str(), message])
        })
    }

    /// A change of one repository together with its line in the journal.
    fn change(
        &mut self,
        key: &str,
        what: &str,
        message: &str,
        make: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<usize>,
    ) -> Result<()> {
        let transaction = self.db.transaction()?;
        make(&transaction)?;
        let seconds = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        transaction.execute(
            "INSERT INTO event (seconds, key, what, message) VALUES (?1, ?2, ?3, ?4)",
            params![i64::try_from(seconds).unwrap_or(i64::MAX), key, what, message],
        )?;
        transaction.commit().context("cannot write the ledger")
    }

    /// The journal, oldest first.
    pub fn events(&self) -> Result<Vec<Event>> {
        let query = "SELECT seconds, key, what, message FROM event ORDER BY id";
        let mut statement = self.db.prepare(query)?;
        let events = statement.query_map([], |row| {
            Ok(Event {
                seconds: row.get(0)?,
                key: row.get(1)?,
                what: row.get(2)?,
                message: row.get(3)?,
            })
        })?;
        Ok(events.collect::<Result<_, _>>()?)
    }

    /// Takes in what other ledgers know of their repositories.
    pub fn adopt(&mut self, entries: &[Entry]) -> Result<()> {
        let transaction = self.db.transaction()?;
        for entry in entries {
            transaction.execute(
                "UPDATE repository SET state = ?2, message = ?3, attempts = ?4, base = ?5, findings = ?6, \
                 fixed = ?7, publication = ?8, publication_message = ?9, pushed = ?10, intended = ?11, \
                 is_requested = ?12, pushed_base = ?13 WHERE key = ?1",
                params![
                    entry.key,
                    entry.state.as_str(),
                    entry.message,
                    entry.attempts,
                    entry.base,
                    entry.findings,
                    entry.fixed,
                    entry.publication.as_str(),
                    entry.publication_message,
                    entry.pushed,
                    entry.intended,
                    entry.is_requested,
                    entry.pushed_base
                ],
            )?;
        }
        transaction.commit().context("cannot write the ledger")
    }
}

const SELECT: &str = "SELECT key, name, remote, ref, subdirs, opt_out, state, message, attempts, base, findings, \
                      fixed, publication, publication_message, pushed, pushed_base, intended, is_requested FROM repository";

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let subdirs: String = row.get("subdirs")?;
    let state: String = row.get("state")?;
    let publication: String = row.get("publication")?;
    Ok(Entry {
        key: row.get("key")?,
        name: row.get("name")?,
        remote: row.get("remote")?,
        reference: row.get("ref")?,
        // Written by us, as JSON.
        subdirs: serde_json::from_str(&subdirs).unwrap_or_default(),
        opt_out: row.get("opt_out")?,
        state: State::of(&state).unwrap_or(State::Pending),
        message: row.get("message")?,
        attempts: row.get("attempts")?,
        base: row.get("base")?,
        findings: row.get("findings")?,
        fixed: row.get("fixed")?,
        publication: Publication::of(&publication).unwrap_or(Publication::None),
        publication_message: row.get("publication_message")?,
        pushed: row.get("pushed")?,
        pushed_base: row.get("pushed_base")?,
        intended: row.get("intended")?,
        is_requested: row.get("is_requested")?,
    })
}
