//! What functions, methods, fields and variables of well-known packages are, as the facts spell it: for source that is
//! not at hand. Which of these acquire or release is no business of this floor.

mod spelling;

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use super::types::Type;
use crate::facts::{self, Signature};
use spelling::spelled;

/// The rows of one library, by path and name.
#[derive(Default)]
struct Table {
    /// By `Func`, `Var`, `Type.Method` or `Type.Field`.
    members: HashMap<String, HashMap<String, Type>>,
    /// `type = T`
    aliases: HashMap<String, HashMap<String, Type>>,
    /// `type T`
    shapes: HashMap<String, HashMap<String, Type>>,
    /// The types of which a row tells a part.
    types: HashSet<(String, String)>,
}

/// The type of `path.name`, where `name` is `Func`, `Var`, `Type.Method` or `Type.Field`.
pub(super) fn find(path: &str, name: &str) -> Option<&'static Type> {
    table(path)?.members.get(path)?.get(name)
}

/// What the alias `path.name` stands for.
pub(super) fn alias(path: &str, name: &str) -> Option<&'static Type> {
    table(path)?.aliases.get(path)?.get(name)
}

/// The structure of the declared type `path.name`, as far as anyone needs it.
pub(super) fn shape(path: &str, name: &str) -> Option<&'static Type> {
    table(path)?.shapes.get(path)?.get(name)
}

/// Whether the table tells what the struct `path.name` embeds. Such rows are written with all methods of the type.
pub(super) fn tells_embedded(path: &str, name: &str) -> bool {
    matches!(shape(path, name), Some(Type::Struct(fields)) if !fields.is_empty())
}

/// Whether `path.name` is known to be a type: a row tells a part of it, or names it.
pub(super) fn is_type(path: &str, name: &str) -> bool {
    let is_told = |table: &Table| table.types.contains(&(path.to_owned(), name.to_owned()));
    table(path).is_some_and(is_told) || facts::mentions(path, name)
}

/// Every row. For tests that hold the rows to the source.
pub fn rows() -> Vec<Signature> {
    let files = facts::paths().enumerate();
    files
        .flat_map(|(position, _)| facts::signatures(position))
        .collect()
}

/// The table of the library that the package belongs to.
fn table(path: &str) -> Option<&'static Table> {
    static TABLES: OnceLock<Vec<OnceLock<Table>>> = OnceLock::new();
    let tables = TABLES.get_or_init(|| facts::paths().map(|_| OnceLock::new()).collect());
    let position = facts::position(path)?;
    let table = tables.get(position)?.get_or_init(|| {
        let mut table = Table::default();
        for row in facts::signatures(position) {
            table.add(row);
        }
        table
    });
    Some(table)
}

impl Table {
    /// A row that does not read counts for nothing; a test sees to it that there is none.
    fn add(&mut self, row: Signature) {
        let Signature {
            path,
            name,
            spelled: spelling,
        } = row;
        let (of, into) = match spelling.strip_prefix("type ") {
            Some(alias) if alias.starts_with("= ") => (spelled(&alias[2..]), &mut self.aliases),
            Some(shape) => (spelled(shape), &mut self.shapes),
            None => (spelled(&spelling), &mut self.members),
        };
        let Some(of) = of else {
            return;
        };
        if let Some((receiver, _)) = name.split_once('.') {
            self.types.insert((path.clone(), receiver.to_owned()));
        } else if spelling.starts_with("type ") {
            self.types.insert((path.clone(), name.clone()));
        }
        into.entry(path).or_default().insert(name, of);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_reads() {
        let open = find("database/sql", "Open").unwrap();
        let db = Type::pointer(Type::named("database/sql", "DB"));
        assert_eq!(*open, Type::giving(vec![db, Type::basic("error")]));
        assert_eq!(find("database/sql", "Nothing"), None);
        assert!(is_type("database/sql", "DB") && !is_type("database/sql", "Open"));
        for row in rows() {
            let of = row.spelled.strip_prefix("type ").unwrap_or(&row.spelled);
            let of = of.strip_prefix("= ").unwrap_or(of);
            assert!(spelled(of).is_some(), "{row:?}");
        }
    }
}
