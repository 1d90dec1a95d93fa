//! What the facts know: which calls open a pool, who registers a driver, and which SQL lives in one
//! connection; and what the facts say of values.

use crate::analysis::Resource;
use crate::facts::{self, Function, Library, Sql};
use crate::go::{Callee, Declaration};

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

/// Which calls open a client.
pub fn clients<'f>() -> impl Iterator<Item = &'f Resource> {
    facts::libraries().flat_map(|library| &library.clients)
}

/// What lies beneath clients, by the methods that take it out.
pub fn underlying<'f>() -> impl Iterator<Item = &'f Resource> {
    facts::libraries().flat_map(|library| &library.underlying)
}

/// The packages of which an import registers the driver.
pub fn registrars(driver: &str) -> &'static [String] {
    let mut libraries = facts::libraries();
    let registrars = libraries.find_map(|library| library.drivers.get(driver));
    registrars.map_or(&[], Vec::as_slice)
}

/// Whether a statement reads or changes what its connection remembers.
pub fn is_stateful(sql: &str) -> bool {
    let words: Vec<&str> = sql.split_whitespace().collect();
    let sql = words.join(" ").to_ascii_uppercase();
    let starts = |word: &String| {
        sql.strip_prefix(word.as_str())
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() && !is_temporary(word)))
    };
    words_of_sql().any(|known| {
        let begins = known.starts.iter().any(starts) && !known.unless.iter().any(starts);
        begins || known.holds.iter().any(|word| sql.contains(word.as_str()))
    })
}

/// The text in which a data source says that its database is gone with its last connection.
pub fn memory_in(key: &str) -> Option<&str> {
    let mut texts = key.split('"');
    texts
        .find(|text| words_of_sql().any(|known| known.memory.iter().any(|word| text.contains(word.as_str()))))
}

fn words_of_sql() -> impl Iterator<Item = &'static Sql> {
    facts::libraries().map(|library| &library.sql)
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
        for sql in [
            "SET search_path TO x",
            " pragma foreign_keys = ON",
            "CREATE TEMPORARY TABLE t (a int)",
            "SELECT last_insert_id()",
            "begin;",
        ] {
            assert!(is_stateful(sql), "{sql}");
        }
        for sql in [
            "UPDATE t SET a = 1",
            "SELECT 1",
            "SETTINGS",
            "SET LOCAL x = 1",
            "SELECT use FROM t",
            "INSERT INTO \"user\" (a) VALUES (1)",
        ] {
            assert!(!is_stateful(sql), "{sql}");
        }
    }

    #[test]
    fn drivers_and_sources_are_known() {
        assert_eq!(registrars("postgres"), ["github.com/lib/pq"]);
        assert!(registrars("own").is_empty());
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
