//! What `clients.toml` knows: which calls open a pool, who registers a driver, and which SQL lives in one
//! connection; and what the facts say of values.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::analysis::Resource;
use crate::facts::{Function, Library};
use crate::go::{Callee, Declaration};

/// Import paths by the name of a driver.
type Names = HashMap<String, Vec<String>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    #[serde(rename = "client")]
    pub clients: Vec<Resource>,
    /// What lies beneath clients, and the methods that take it out.
    pub beneath: Vec<Resource>,
    drivers: Names,
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

/// What is known of `callee` as the source of a value.
pub fn source(at: Declaration<'_>, callee: &Callee<'_>) -> Source {
    let Some(function) = callee.function() else {
        return Source::Unknown;
    };
    let said = |library: &Library| {
        let results = &library.results;
        let lists = [
            (&results.deterministic, Source::Pure),
            (&results.process_wide, Source::Steady),
            (&results.external, Source::Live),
            (&results.temporary, Source::Temporary),
        ];
        let mut lists = lists.into_iter();
        lists
            .find(|(keys, _)| keys.name(function))
            .map(|(_, source)| source)
    };
    at.facts().find(function.path, said).unwrap_or(Source::Unknown)
}

/// Whether a package-level name of another package stays as it is.
pub fn is_constant(at: Declaration<'_>, path: &str, name: &str) -> bool {
    let variable = Function {
        path,
        receiver: None,
        name,
    };
    let says = |library: &Library| library.variables.constant.name(variable).then_some(());
    at.facts().find(path, says).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::{Package, SourceFile};

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
        let file = SourceFile::new("p/f.go", b"package p\n\nvar x int\n".as_slice());
        let package = Package::new("p", None, vec![file]);
        let at = package.find_name("x").unwrap();
        let source = |path: &str, name: &str| {
            let callee = Callee::External {
                path: path.to_owned(),
                receiver: None,
                name: name.to_owned(),
            };
            source(at, &callee)
        };
        assert_eq!(source("fmt", "Sprintf"), Source::Pure);
        assert_eq!(source("os", "Getenv"), Source::Steady);
        assert_eq!(source("os", "TempDir"), Source::Temporary);
        assert_eq!(source("example.com/x", "DSN"), Source::Unknown);
    }
}
