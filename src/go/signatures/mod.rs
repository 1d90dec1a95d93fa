//! What functions, methods, fields and variables of well-known packages are, as data: for source that is not at
//! hand. Facts only; which of these acquire or release is no business of this floor.

mod spelling;

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use super::types::Type;
use spelling::spelled;

const TABLES: [&str; 7] = [
    include_str!("std.toml"),
    include_str!("fiber.toml"),
    include_str!("stores.toml"),
    include_str!("databases.toml"),
    include_str!("services.toml"),
    include_str!("messaging.toml"),
    include_str!("platform.toml"),
];

/// Path to name to spelling.
type Rows = HashMap<String, HashMap<String, String>>;

#[derive(Default)]
struct Table {
    /// By path and name: `Func`, `Var`, `Type.Method` or `Type.Field`.
    members: HashMap<String, HashMap<String, Type>>,
    /// `type = T`
    aliases: HashMap<String, HashMap<String, Type>>,
    /// `type T`
    shapes: HashMap<String, HashMap<String, Type>>,
    /// The types that any row tells of.
    types: HashSet<(String, String)>,
}

/// The type of `path.name`, where `name` is `Func`, `Var`, `Type.Method` or `Type.Field`.
pub(super) fn find(path: &str, name: &str) -> Option<&'static Type> {
    table().members.get(path)?.get(name)
}

/// What the alias `path.name` stands for.
pub(super) fn alias(path: &str, name: &str) -> Option<&'static Type> {
    table().aliases.get(path)?.get(name)
}

/// The structure of the declared type `path.name`, as far as anyone needs it.
pub(super) fn shape(path: &str, name: &str) -> Option<&'static Type> {
    table().shapes.get(path)?.get(name)
}

/// Whether the table tells what the struct `path.name` embeds. Such rows are written with all methods of the type.
pub(super) fn tells_embedded(path: &str, name: &str) -> bool {
    matches!(shape(path, name), Some(Type::Struct(fields)) if !fields.is_empty())
}

/// Whether `path.name` is known to be a type.
pub(super) fn is_type(path: &str, name: &str) -> bool {
    table().types.contains(&(path.to_owned(), name.to_owned()))
}

/// Every row, by path and name, with its spelling. For tests that hold the rows to the source.
pub fn rows() -> Vec<(String, String, String)> {
    let mut rows = Vec::new();
    for (path, names) in TABLES.into_iter().flat_map(parsed) {
        rows.extend(
            names
                .into_iter()
                .map(|(name, spelling)| (path.clone(), name, spelling)),
        );
    }
    rows.sort();
    rows
}

fn parsed(text: &str) -> Rows {
    toml::from_str(text).expect("the tables of this crate are read by its tests")
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table = Table::default();
        for (path, name, spelling) in rows() {
            table.add(path, name, &spelling);
        }
        table
    })
}

impl Table {
    /// A row that does not read counts for nothing; a test sees to it that there is none.
    fn add(&mut self, path: String, name: String, spelling: &str) {
        let (of, into) = match spelling.strip_prefix("type ") {
            Some(alias) if alias.starts_with("= ") => (spelled(&alias[2..]), &mut self.aliases),
            Some(shape) => (spelled(shape), &mut self.shapes),
            None => (spelled(spelling), &mut self.members),
        };
        let Some(of) = of else {
            return;
        };
        mentioned(&of, &mut self.types);
        if let Some((receiver, _)) = name.split_once('.') {
            self.types.insert((path.clone(), receiver.to_owned()));
        } else if spelling.starts_with("type ") {
            self.types.insert((path.clone(), name.clone()));
        }
        into.entry(path).or_default().insert(name, of);
    }
}

/// Collects the declared types that a spelling names.
fn mentioned(of: &Type, types: &mut HashSet<(String, String)>) {
    let mut all = |parts: &[Type]| parts.iter().for_each(|part| mentioned(part, types));
    match of {
        Type::Named { path, name, .. } => {
            types.insert((path.to_string(), name.to_string()));
        }
        Type::Pointer(inner) | Type::Slice(inner) => mentioned(inner, types),
        Type::Map(key, value) => {
            mentioned(key, types);
            mentioned(value, types);
        }
        Type::Chan(channel) => mentioned(&channel.element, types),
        Type::Func(signature) => all(&signature.results),
        Type::Struct(fields) => fields.iter().for_each(|field| mentioned(&field.of, types)),
        _ => {}
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
        for (path, name, spelling) in rows() {
            let of = spelling.strip_prefix("type ").unwrap_or(&spelling);
            let of = of.strip_prefix("= ").unwrap_or(of);
            assert!(spelled(of).is_some(), "{path}.{name} = {spelling}");
        }
    }
}
