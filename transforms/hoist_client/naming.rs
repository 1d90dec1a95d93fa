//! What a new pool is called.

use super::draft::Draft;
use super::pool::data_source;
use super::reader::Reader;
use crate::analysis::Resource;
use crate::go::syntax::{Field, Kind, Node};

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

/// How the client is told apart from others of its kind: by its data source, or by the function it serves.
pub struct Stem {
    /// Whether it names the data, which says more than the plain name.
    pub is_of_data: bool,
    text: String,
}

impl Stem {
    pub fn of(draft: &Draft<'_>) -> Option<Stem> {
        let resource = draft.opening.resource;
        let has_source = resource.limits || !resource.beneath.is_empty();
        let source = data_source(draft).filter(|_| has_source);
        let named = || stem_of_text(&constant(draft, source?)?);
        let data = source.and_then(stem_of_source).or_else(named);
        let is_of_data = data.is_some();
        let text = data.or_else(|| stem_of_function(draft.opening.at.decl().title()))?;
        Some(Stem { is_of_data, text })
    }

    /// `ordersDB`
    pub fn variable(&self, resource: &Resource) -> String {
        self.text.clone() + &exported(shared_name(resource))
    }

    /// `openOrdersDB`
    pub fn function(&self, resource: &Resource) -> String {
        format!("open{}", capitalized(&self.variable(resource)))
    }
}

/// What the function is called, beyond that it opens a client: `reports` for `connectReports` and `ReportsHandler`.
fn stem_of_function(title: &str) -> Option<String> {
    const EMPTY: [&str; 37] = [
        "build",
        "client",
        "conn",
        "connect",
        "connection",
        "controller",
        "create",
        "database",
        "db",
        "fetch",
        "for",
        "get",
        "gorm",
        "handle",
        "handler",
        "http",
        "init",
        "initialize",
        "instance",
        "load",
        "main",
        "make",
        "mongo",
        "mongodb",
        "new",
        "open",
        "pool",
        "redis",
        "request",
        "send",
        "set",
        "setup",
        "shared",
        "sql",
        "to",
        "up",
        "with",
    ];
    joined(&title.replace("PostgreSQL", "Postgres"), &EMPTY)
}

/// What the data source is called, beyond being one: `orders` for `ordersDSN` and `os.Getenv("ORDERS_DB_URL")`.
fn stem_of_source(node: Node<'_>) -> Option<String> {
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
    let name = match node.kind() {
        Kind::Identifier => node.text(),
        Kind::SelectorExpression => node.field(Field::Field)?.text(),
        // The dialector of gorm is made of the data source.
        Kind::CallExpression => match node.field(Field::Arguments)?.child(0)? {
            inner if inner.is(Kind::CallExpression) => return stem_of_source(inner),
            first => first.text().trim_matches('"'),
        },
        _ => return None,
    };
    joined(name, &EMPTY)
}

/// The text of a data source that is constant.
fn constant<'a>(draft: &Draft<'a>, source: Node<'a>) -> Option<String> {
    let opening = &draft.opening;
    let reader = Reader::new(opening.at, Some(opening.function));
    reader.read(source).ok()?.constant
}

/// The database in the text of a data source: `users` for `postgres://localhost/users?sslmode=disable` and `dbname=users`.
fn stem_of_text(text: &str) -> Option<String> {
    let named = text.split_once("dbname=").map(|(_, name)| name);
    let name = named.or_else(|| Some(text.rsplit_once('/')?.1))?;
    let end = name.find(['?', ' ', '&', ';', '\'']).unwrap_or(name.len());
    joined(&name[..end], &["app", "db", "database", "main", "test"])
}

/// The words of a name without those of `empty`, in camel case.
fn joined(name: &str, empty: &[&str]) -> Option<String> {
    let words = words(name)
        .into_iter()
        .filter(|word| !empty.contains(&word.as_str()));
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
    for (at, c) in name.char_indices() {
        let mut next = name[at..].chars().skip(1);
        let ends_capitals = next.next().is_some_and(char::is_lowercase);
        let starts = c == '_' || (c.is_uppercase() && (last_lower || ends_capitals)) || words.is_empty();
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
        assert_eq!(words("getHTTPClient"), ["get", "http", "client"]);
        assert_eq!(stem_of_function("connectReports").as_deref(), Some("reports"));
        assert_eq!(
            stem_of_function("PostgreSQLConnection").as_deref(),
            Some("postgres")
        );
        assert_eq!(stem_of_function("OpenDBConnection"), None);
        assert_eq!(
            stem_of_text("postgres://localhost/users?sslmode=disable").as_deref(),
            Some("users")
        );
        assert_eq!(
            stem_of_text("host=localhost dbname=user_orders port=5432").as_deref(),
            Some("userOrders")
        );
        assert_eq!(stem_of_text("app.db"), None);
    }
}
