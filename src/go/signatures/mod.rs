//! What functions, methods, fields and variables of well-known packages are, as data: for source that is not at
//! hand. Facts only; which of these acquire or release is no business of this floor.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::types::Type;

const TABLES: [&str; 4] = [
    include_str!("std.toml"),
    include_str!("fiber.toml"),
    include_str!("databases.toml"),
    include_str!("services.toml"),
];

/// The type of `path.name`, where `name` is `Func`, `Var`, `Type.Method` or `Type.Field`.
pub fn find(path: &str, name: &str) -> Option<&'static Type> {
    static TABLE: OnceLock<HashMap<String, HashMap<String, Type>>> = OnceLock::new();
    TABLE.get_or_init(read).get(path)?.get(name)
}

fn read() -> HashMap<String, HashMap<String, Type>> {
    let mut all: HashMap<String, HashMap<String, Type>> = HashMap::new();
    for text in TABLES {
        let table: HashMap<String, HashMap<String, String>> =
            toml::from_str(text).expect("the tables of this crate are read by its tests");
        for (path, names) in table {
            let types = names
                .into_iter()
                .map(|(name, spelling)| (name, spelled(&spelling)));
            all.entry(path).or_default().extend(types);
        }
    }
    all
}

/// Reads `func(A, B)` (the results), `*path/pkg.Name`, `[]T`, `chan T`, `map[K]V` and basic names.
fn spelled(text: &str) -> Type {
    let text = text.trim();
    if let Some(results) = text.strip_prefix("func(").and_then(|rest| rest.strip_suffix(')')) {
        let results = results.split(',').filter(|part| !part.trim().is_empty());
        return Type::Func(results.map(spelled).collect());
    }
    if let Some(inner) = text.strip_prefix('*') {
        return Type::Pointer(Box::new(spelled(inner)));
    }
    if let Some(inner) = text.strip_prefix("[]") {
        return Type::Slice(Box::new(spelled(inner)));
    }
    if let Some(inner) = text.strip_prefix("chan ") {
        return Type::Chan(Box::new(spelled(inner)));
    }
    if let Some((key, value)) = text.strip_prefix("map[").and_then(|rest| rest.split_once(']')) {
        return Type::Map(Box::new(spelled(key)), Box::new(spelled(value)));
    }
    match text.rsplit_once('.') {
        Some((path, name)) => Type::named(path, name),
        None => Type::basic(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_reads() {
        let open = find("database/sql", "Open").unwrap();
        let db = Type::Pointer(Box::new(Type::named("database/sql", "DB")));
        assert_eq!(*open, Type::Func(vec![db, Type::basic("error")]));
        assert_eq!(find("database/sql", "Nothing"), None);
        for (_, names) in read() {
            assert!(names.values().all(|of| !of.is_unknown()));
        }
    }
}
