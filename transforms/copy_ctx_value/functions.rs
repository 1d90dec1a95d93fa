//! Functions of other packages that give back or keep a string they are given.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// The result may share its memory.
    Through,
    /// The result is a slice of parts of it.
    Parts,
    Keeps,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    through: HashMap<String, Vec<String>>,
    parts: HashMap<String, Vec<String>>,
    keep: HashMap<String, Vec<String>>,
}

/// What the function `name`, or method of `receiver`, of the package `path` does with a string; `None` where it is
/// not known to do anything with it.
pub fn known(path: &str, receiver: Option<&str>, name: &str) -> Option<Known> {
    static TABLE: OnceLock<Table> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        toml::from_str(include_str!("functions.toml")).expect("the table of this crate is read by its tests")
    });
    let wanted = match receiver {
        Some(receiver) => format!("{receiver}.{name}"),
        None => name.to_owned(),
    };
    let listed = |rows: &HashMap<String, Vec<String>>| {
        let fits = |row: &String| *row == wanted || row == "*";
        rows.iter()
            .any(|(of, rows)| is_path(of, path) && rows.iter().any(fits))
    };
    match () {
        () if listed(&table.through) => Some(Known::Through),
        () if listed(&table.parts) => Some(Known::Parts),
        () if listed(&table.keep) => Some(Known::Keeps),
        () => None,
    }
}

fn is_path(row: &str, path: &str) -> bool {
    match row.strip_suffix('*') {
        Some(start) => path.starts_with(start),
        None => row == path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_with_their_stars() {
        assert_eq!(known("strings", None, "TrimSpace"), Some(Known::Through));
        assert_eq!(known("strings", None, "Clone"), None);
        let semconv = "go.opentelemetry.io/otel/semconv/v1.26.0";
        assert_eq!(known(semconv, None, "URLPath"), Some(Known::Keeps));
        let prometheus = "github.com/prometheus/client_golang/prometheus";
        assert_eq!(
            known(prometheus, Some("CounterVec"), "WithLabelValues"),
            Some(Known::Keeps)
        );
    }
}
