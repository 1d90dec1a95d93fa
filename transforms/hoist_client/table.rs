//! What `clients.toml` knows: which calls open a pool, who registers a driver, which values stay the same, and
//! which SQL lives in one connection.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::analysis::Resource;
use crate::go::Callee;

/// Functions, and methods as `Type.Method`, by import path; `*` is every one.
type Names = HashMap<String, Vec<String>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    #[serde(rename = "client")]
    pub clients: Vec<Resource>,
    /// What lies beneath clients, and the methods that take it out.
    pub beneath: Vec<Resource>,
    drivers: Names,
    constant: Names,
    pure: Names,
    steady: Names,
    live: Names,
    temporary: Names,
    state: State,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    starts: Vec<String>,
    unless: Vec<String>,
    holds: Vec<String>,
    memory: Vec<String>,
}

/// What is known of a function of another package, as the source of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The same for the same arguments.
    Pure,
    /// The same as long as the process runs.
    Steady,
    /// What another service says at the moment.
    Live,
    /// Something that is meant to go away.
    Temporary,
    Unknown,
}

impl Table {
    pub fn get() -> &'static Table {
        static TABLE: OnceLock<Table> = OnceLock::new();
        TABLE.get_or_init(|| {
            let table: Table = toml::from_str(include_str!("clients.toml"))
                .expect("the table of this crate is read by its tests");
            let clients = table.clients.into_iter().flat_map(Resource::by_path).collect();
            Table { clients, ..table }
        })
    }

    /// The packages of which an import registers the driver.
    pub fn registrars(&self, driver: &str) -> &[String] {
        self.drivers.get(driver).map_or(&[], Vec::as_slice)
    }

    pub fn source(&self, callee: &Callee<'_>) -> Source {
        let kinds = [
            (&self.pure, Source::Pure),
            (&self.steady, Source::Steady),
            (&self.live, Source::Live),
            (&self.temporary, Source::Temporary),
        ];
        let found = kinds.into_iter().find(|(names, _)| lists(names, callee));
        found.map_or(Source::Unknown, |(_, source)| source)
    }

    /// Whether a package-level name of another package stays as it is.
    pub fn is_constant(&self, path: &str) -> bool {
        self.constant.contains_key(path)
    }

    /// Whether a statement reads or changes what its connection remembers.
    pub fn is_stateful(&self, sql: &str) -> bool {
        let words: Vec<&str> = sql.split_whitespace().collect();
        let sql = words.join(" ").to_ascii_uppercase();
        let starts = |word: &String| {
            sql.strip_prefix(word.as_str()).is_some_and(|rest| {
                !rest.starts_with(|c: char| c.is_ascii_alphanumeric() && !is_temporary(word))
            })
        };
        let state = &self.state;
        let begins = state.starts.iter().any(starts) && !state.unless.iter().any(starts);
        begins || state.holds.iter().any(|word| sql.contains(word.as_str()))
    }

    /// The text in which a data source says that its database is gone with its last connection.
    pub fn memory_in<'k>(&self, key: &'k str) -> Option<&'k str> {
        let mut texts = key.split('"');
        texts.find(|text| self.state.memory.iter().any(|word| text.contains(word.as_str())))
    }
}

/// `CREATE TEMP` goes on as `CREATE TEMPORARY`.
fn is_temporary(word: &str) -> bool {
    word.ends_with("TEMP")
}

fn lists(names: &Names, callee: &Callee<'_>) -> bool {
    let Callee::External { path, receiver, name } = callee else {
        return false;
    };
    let Some(rows) = names.get(path) else {
        return false;
    };
    rows.iter().any(|row| match (row.split_once('.'), receiver) {
        (Some((of, method)), Some(receiver)) => of == receiver && method == name,
        (None, None) => row == name || row == "*",
        (None, Some(_)) => row == "*",
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_that_live_in_one_connection_are_known() {
        let table = Table::get();
        for sql in [
            "SET search_path TO x",
            " pragma foreign_keys = ON",
            "CREATE TEMPORARY TABLE t (a int)",
            "SELECT last_insert_id()",
            "begin;",
        ] {
            assert!(table.is_stateful(sql), "{sql}");
        }
        for sql in [
            "UPDATE t SET a = 1",
            "SELECT 1",
            "SETTINGS",
            "SET LOCAL x = 1",
            "SELECT use FROM t",
            "INSERT INTO \"user\" (a) VALUES (1)",
        ] {
            assert!(!table.is_stateful(sql), "{sql}");
        }
    }

    #[test]
    fn drivers_and_sources_are_known() {
        let table = Table::get();
        assert_eq!(table.registrars("postgres"), ["github.com/lib/pq"]);
        assert!(table.registrars("own").is_empty());
        let function = |path: &str, name: &str| Callee::External {
            path: path.to_owned(),
            receiver: None,
            name: name.to_owned(),
        };
        assert_eq!(table.source(&function("fmt", "Sprintf")), Source::Pure);
        assert_eq!(table.source(&function("os", "Getenv")), Source::Steady);
        assert_eq!(table.source(&function("os", "TempDir")), Source::Temporary);
        assert_eq!(table.source(&function("example.com/x", "DSN")), Source::Unknown);
    }
}
