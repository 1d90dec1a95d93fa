//! What functions, methods, fields and variables of packages are, as they are spelt: for source that is not at hand.
//! These sections are the last of a file and by far the longest, so they are read apart from the rest.

use std::collections::{BTreeMap, HashSet};
use std::sync::OnceLock;

use serde::Deserialize;

use super::key::Key;

/// Where the part of a file begins that tells of types.
const START: &str = "\n[types.";

/// Import path to key to spelling.
type Rows = BTreeMap<String, BTreeMap<String, String>>;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The import path.
    pub path: String,
    /// `Func`, `Var`, `Type`, `Type.Method` or `Type.Field`.
    pub name: String,
    /// `func(A, error)` with the results alone, a type, `type T` or `type = T`.
    pub spelled: String,
}

/// A file, cut into what is known of functions and what is known of types.
pub(super) fn cut(text: &str) -> (&str, &str) {
    match text.find(START) {
        Some(at) => text.split_at(at),
        None if text.starts_with(START.trim_start()) => ("", text),
        None => (text, ""),
    }
}

/// The rows of the part that tells of types.
pub(super) fn read(part: &str) -> Result<Vec<Signature>, toml::de::Error> {
    #[derive(Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Part {
        types: Rows,
    }
    let part: Part = toml::from_str(part)?;
    let rows = part.types.into_iter().flat_map(|(path, rows)| {
        let row = move |(key, spelled): (String, String)| Signature {
            path: path.clone(),
            name: name_of(&key),
            spelled,
        };
        rows.into_iter().map(row)
    });
    Ok(rows.collect())
}

/// `(*Type).Method` as `Type.Method`.
fn name_of(key: &str) -> String {
    match Key::parse(key) {
        Some(Key {
            receiver: Some(receiver),
            name,
            ..
        }) => format!("{receiver}.{name}"),
        _ => key.to_owned(),
    }
}

/// Whether a row of any file names the type `path.name`.
pub fn mentions(path: &str, name: &str) -> bool {
    static MENTIONED: OnceLock<HashSet<&'static str>> = OnceLock::new();
    let mentioned = MENTIONED.get_or_init(|| {
        super::files()
            .iter()
            .flat_map(|file| names_in(file.types))
            .collect()
    });
    mentioned.contains(&*format!("{path}.{name}"))
}

/// The names with an import path in the spellings of a part, without reading it as TOML: that would take ten times as
/// long for the one question.
fn names_in(part: &'static str) -> impl Iterator<Item = &'static str> {
    let spellings = part
        .lines()
        .filter_map(|line| line.split_once(" = \"").map(|(_, spelled)| spelled));
    let words = spellings
        .flat_map(|spelled| spelled.split(|c: char| !c.is_ascii_alphanumeric() && !"./-_~".contains(c)));
    words.filter(|word| word.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_cut_where_its_types_begin() {
        assert_eq!(cut("[effects]\n\n[types.\"a\"]\nF = \"int\"\n").0, "[effects]\n");
        let (none, types) = cut("[types.\"a\"]\nF = \"int\"\n\"(*T).M\" = \"func()\"\n");
        assert_eq!(none, "");
        let names: Vec<String> = read(types).unwrap().into_iter().map(|row| row.name).collect();
        assert_eq!(names, ["T.M", "F"]);
    }

    #[test]
    fn every_row_reads_and_its_types_are_known() {
        let mut seen = 0;
        for file in super::super::files() {
            let rows = read(file.types).unwrap_or_else(|error| panic!("{}: {error}", file.path));
            for row in &rows {
                let own = super::super::file_of(&row.path).map(|file| file.path);
                assert_eq!(
                    own,
                    Some(file.path),
                    "{}.{} is looked for elsewhere",
                    row.path,
                    row.name
                );
            }
            seen += rows.len();
        }
        assert!(seen > 5000, "{seen}");
        assert!(mentions("net/http", "Header") && !mentions("net/http", "Get"));
    }
}
