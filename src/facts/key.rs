//! The one way to name functions in facts: as Go spells them.
//!
//! | key | names |
//! |---|---|
//! | `net/http.Get` | a function |
//! | `(*net/http.Client).Do`, `(io.Reader).Read` | a method; whether the receiver is a pointer is told as Go tells it, and makes no difference |
//! | `strings.*` | every function of a package |
//! | `(*database/sql.DB).*`, `(gorm.io/gorm.*).*` | every method of a type, of every type of a package |
//! | `go.opentelemetry.io/otel/semconv/*.String` | the same function in every package below a path |
//! | `(*github.com/gofiber/fiber/v2.Ctx).Locals/1` | a call of it with at most one argument |
//!
//! `*` stands for a whole name and is the only wildcard; a key without one decides before a key with one. Where a row
//! says of which package it speaks, its keys leave the package out, as code of that package does: `(*DB).Query`,
//! `Open`.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

/// The name that stands for every name.
const ANY: &str = "*";

/// A function or method of some package, as a call of it resolves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Function<'a> {
    /// The import path.
    pub path: &'a str,
    /// The type that the method belongs to.
    pub receiver: Option<&'a str>,
    pub name: &'a str,
}

/// What a fact is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// `None` where the row tells the package.
    pub path: Option<String>,
    pub receiver: Option<String>,
    pub name: String,
    /// The most arguments with which it is the call that is meant.
    pub most: Option<usize>,
    text: String,
}

impl Key {
    /// `None` where `text` is no key.
    pub fn parse(text: &str) -> Option<Key> {
        let (name, most) = match text.rsplit_once('/').map(|(name, most)| (name, most.parse())) {
            Some((name, Ok(most))) => (name, Some(most)),
            _ => (text, None),
        };
        let (of, receiver, name) = match name.strip_prefix('(') {
            Some(rest) => {
                let (of, name) = rest.split_once(").")?;
                let (path, receiver) = qualified(of.strip_prefix('*').filter(|_| of != ANY).unwrap_or(of));
                (path, Some(receiver), name)
            }
            None => {
                let (path, name) = qualified(name);
                (path, None, name)
            }
        };
        let is_told = |name: &str| !name.is_empty() && !name.contains(['(', ')', '/', ' ']);
        (is_told(name) && !name.contains('.') && receiver.is_none_or(is_told) && of != Some("")).then(|| {
            Key {
                path: of.map(str::to_owned),
                receiver: receiver.map(str::to_owned),
                name: name.to_owned(),
                most,
                text: text.to_owned(),
            }
        })
    }

    /// The key that `text` is, or a name that is none and fits nothing.
    pub(super) fn lenient(text: &str) -> Key {
        Key::parse(text).unwrap_or_else(|| Key {
            path: None,
            receiver: None,
            name: text.to_owned(),
            most: None,
            text: text.to_owned(),
        })
    }

    /// Whether it names `function`, and by how many wildcards.
    fn wildcards(&self, function: Function<'_>) -> Option<usize> {
        let by_path = match &self.path {
            Some(path) => path_wildcards(path, function.path)?,
            None => 0,
        };
        let by_receiver = match (&self.receiver, function.receiver) {
            (Some(own), Some(asked)) => name_wildcards(own, asked)?,
            (None, None) => 0,
            _ => return None,
        };
        Some(by_path + by_receiver + name_wildcards(&self.name, function.name)?)
    }

    /// Whether it names `function`.
    pub fn names(&self, function: Function<'_>) -> bool {
        self.wildcards(function).is_some()
    }

    /// The key as it is written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// `path.Name`, or `Name` alone.
fn qualified(text: &str) -> (Option<&str>, &str) {
    match text.rsplit_once('.') {
        Some((path, name)) => (Some(path), name),
        None => (None, text),
    }
}

fn name_wildcards(own: &str, asked: &str) -> Option<usize> {
    match own == asked {
        true => Some(0),
        false => (own == ANY).then_some(1),
    }
}

/// Whether an import path is the one that a row tells; `a/b/*` is every package below `a/b`.
pub(super) fn fits_path(own: &str, asked: &str) -> bool {
    path_wildcards(own, asked).is_some()
}

fn path_wildcards(own: &str, asked: &str) -> Option<usize> {
    let below = |above: &str| asked.len() > above.len() && asked.starts_with(above);
    match own.strip_suffix(ANY).filter(|above| above.ends_with('/')) {
        Some(above) => below(above).then_some(1),
        None => (own == asked).then_some(0),
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Key, D::Error> {
        let text = String::deserialize(deserializer)?;
        let key = Key::parse(&text).filter(|key| key.path.is_some());
        key.ok_or_else(|| {
            de::Error::custom(format!(
                "`{text}` names no function: write `example.com/pkg.Func` or `(*example.com/pkg.Type).Method`"
            ))
        })
    }
}

/// Functions of which the same is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Keys(Vec<Key>);

impl Keys {
    /// Whether one of them names `function`.
    pub fn name(&self, function: Function<'_>) -> bool {
        self.0.iter().any(|key| key.names(function))
    }

    /// Whether one of them names a call of `function` with this many arguments.
    pub fn name_call(&self, function: Function<'_>, arguments: usize) -> bool {
        let fits = |key: &Key| key.most.is_none_or(|most| arguments <= most);
        self.0.iter().any(|key| fits(key) && key.names(function))
    }

    /// The fewest wildcards by which one of them names `function`.
    pub(super) fn wildcards(&self, function: Function<'_>) -> Option<usize> {
        self.0.iter().filter_map(|key| key.wildcards(function)).min()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(key: &str, path: &str, receiver: Option<&str>, name: &str) -> bool {
        let key = Key::parse(key).unwrap_or_else(|| panic!("{key} is no key"));
        key.names(Function { path, receiver, name })
    }

    #[test]
    fn keys_are_spelled_as_go_spells_functions() {
        assert!(names("net/http.Get", "net/http", None, "Get"));
        assert!(!names("net/http.Get", "net/http", Some("Client"), "Get"));
        assert!(names("(*net/http.Client).Do", "net/http", Some("Client"), "Do"));
        assert!(names("(io.Reader).Read", "io", Some("Reader"), "Read"));
        assert!(names(
            "gopkg.in/yaml.v3.NewDecoder",
            "gopkg.in/yaml.v3",
            None,
            "NewDecoder"
        ));
        assert!(names("(*DB).Query", "any/path", Some("DB"), "Query"));
        let key = Key::parse("(*example.com/x.T).M/1").unwrap();
        assert_eq!((key.most, &*key.name), (Some(1), "M"));
    }

    #[test]
    fn a_star_is_a_whole_name() {
        assert!(names("strings.*", "strings", None, "Cut"));
        assert!(!names("strings.*", "strings", Some("Builder"), "Len"));
        assert!(names("(gorm.io/gorm.*).*", "gorm.io/gorm", Some("DB"), "Find"));
        assert!(names("(*).Watch", "any/path", Some("PodInterface"), "Watch"));
        assert!(names("a.b/c/*.*", "a.b/c/d/e", None, "F"));
        assert!(!names("a.b/c/*.*", "a.b/c", None, "F"));
        assert!(!names("a.b/c*.*", "a.b/cd", None, "F"));
    }

    #[test]
    fn what_names_nothing_is_no_key() {
        for text in [
            "",
            "(*x/y.T)",
            "(*x/y.T).",
            ".F",
            "x/y.",
            "a b.(F)",
            "(x/y.T).A.B",
        ] {
            assert_eq!(Key::parse(text), None, "{text}");
        }
    }
}
