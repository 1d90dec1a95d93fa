//! What a new pool is called.

use super::draft::Draft;
use super::pool::data_source;
use crate::go::syntax::{Field, Kind};
use crate::leak::Resource;

/// Names for the package variable that holds the resource, the best first.
pub fn variables(resource: &Resource) -> Vec<String> {
    match shared_name(resource) {
        "db" => ["db", "pool", "sharedDB"].map(str::to_owned).to_vec(),
        name => vec![name.to_owned(), format!("shared{}", exported(name))],
    }
}

/// Names for the function that opens it.
pub fn functions(resource: &Resource) -> Vec<String> {
    match shared_name(resource) {
        "db" => ["openDB", "openPool", "openShared"].map(str::to_owned).to_vec(),
        name => vec![
            format!("open{}", exported(name)),
            format!("openShared{}", exported(name)),
        ],
    }
}

fn shared_name(resource: &Resource) -> &str {
    resource.shared_name.as_deref().unwrap_or("client")
}

/// `DB` for `db`, `HTTPClient` for `httpClient`.
pub fn exported(name: &str) -> String {
    ["http", "grpc", "db"]
        .into_iter()
        .find_map(|word| Some(word.to_ascii_uppercase() + name.strip_prefix(word)?))
        .unwrap_or_else(|| capitalized(name))
}

/// `db` for `DB`, `redisClient` for `RedisClient`, `httpClient` for `HTTPClient`.
pub fn unexported(name: &str) -> String {
    let capitals = name.chars().take_while(char::is_ascii_uppercase).count();
    match capitals {
        _ if capitals == name.len() => name.to_ascii_lowercase(),
        0 | 1 => uncapitalized(name),
        many => name[..many - 1].to_ascii_lowercase() + &name[many - 1..],
    }
}

/// What the data source is called, beyond being one: `orders` for `ordersDSN` and `os.Getenv("ORDERS_DB_URL")`.
pub fn stem_of(draft: &Draft<'_>) -> Option<String> {
    const EMPTY: [&str; 22] = [
        "addr",
        "address",
        "connection",
        "conn",
        "data",
        "database",
        "db",
        "default",
        "dsn",
        "info",
        "main",
        "mysql",
        "name",
        "pg",
        "postgres",
        "postgresql",
        "source",
        "sql",
        "sqlite",
        "str",
        "string",
        "url",
    ];
    let node = data_source(draft)?;
    let name = match node.kind() {
        Kind::Identifier => node.text(),
        Kind::SelectorExpression => node.field(Field::Field)?.text(),
        Kind::CallExpression => node.field(Field::Arguments)?.child(0)?.text().trim_matches('"'),
        _ => return None,
    };
    let words = words(name)
        .into_iter()
        .filter(|word| !EMPTY.contains(&word.as_str()));
    let words: Vec<String> = words.collect();
    let (first, rest) = words.split_first()?;
    let stem: String = rest
        .iter()
        .fold(first.clone(), |stem, word| stem + &capitalized(word));
    let is_name =
        stem.chars().all(|c| c.is_ascii_alphanumeric()) && stem.starts_with(|c: char| c.is_ascii_lowercase());
    (is_name && stem.len() <= 20).then_some(stem)
}

/// The words of a name in camel case or with underscores, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last_lower = false;
    for c in name.chars() {
        let starts = c == '_' || (c.is_uppercase() && last_lower) || words.is_empty();
        if starts {
            words.push(String::new());
        }
        last_lower = c.is_lowercase() || c.is_numeric();
        if let Some(word) = words.last_mut().filter(|_| c != '_') {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn uncapitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

pub fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_as_people_write_them() {
        assert_eq!(words("ordersDSN"), ["orders", "dsn"]);
        assert_eq!(words("ORDERS_DB_URL"), ["orders", "db", "url"]);
        assert_eq!(words("dbURL"), ["db", "url"]);
    }
}
