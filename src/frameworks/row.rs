//! Rows of the table of frameworks: what a framework's own file and `[[framework]]` of unleak.toml say. What is not
//! spelt as Go spells it does not get past reading, so that both are refused at the same door.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::major::Major;
use crate::go::{Type, is_identifier, is_import_path};

/// A framework, with the functions that it calls for requests.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Framework {
    /// How people call it: `gin`.
    pub name: Word,
    /// The import path of its first major version.
    pub path: ImportPath,
    #[serde(default, rename = "entry")]
    pub entries: Vec<EntryRow>,
    /// Functions that make handlers of functions they are given, by import path.
    #[serde(default)]
    pub makes_handlers: BTreeMap<ImportPath, Vec<Word>>,
    /// Methods that register functions as handlers, by import path.
    #[serde(default)]
    pub registers: BTreeMap<ImportPath, Vec<Word>>,
    /// Whether unleak.toml brought it: what a user describes counts whatever else serves requests.
    #[serde(skip)]
    pub is_users: bool,
}

/// A function that a server calls for each request or connection.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryRow {
    /// How people call it: `websocket handler`.
    pub what: Word,
    /// Types that must all be among the parameters.
    pub takes: Types,
    /// Set where what it takes is a request context that goes to another request afterwards.
    pub context: Option<ContextFacts>,
}

/// What may be done with a request context, and until when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContextFacts {
    /// What its handlers return.
    pub answers: Answers,
    /// The method that gives a copy which may outlive the handler.
    pub copy: Option<Name>,
    /// Methods that the copy answers alike, beside the getters.
    pub copied: Vec<Name>,
    /// Methods that are as right after the handler.
    pub lasting: Vec<Name>,
    pub text: Vec<Word>,
    pub bytes: Vec<Word>,
    pub group: Vec<Word>,
    /// Text where the server's config sets `proxied_by`, memory of its own elsewhere.
    pub proxied: Vec<Word>,
    pub own: Vec<Word>,
    pub context: Vec<Word>,
    pub late: Vec<Word>,
    pub filled: Vec<Word>,
    /// Functions of the package that take the context first.
    pub generic: Vec<Name>,
    /// The field of the server's config that makes strings own.
    pub immutable_by: Option<Name>,
    pub proxied_by: Option<Name>,
    /// What to do instead of asking late, with `{start}` for what asks.
    pub advice: BTreeMap<Word, Word>,
    /// The getters whose value a method changes, by that method.
    pub setters: BTreeMap<Name, Vec<Word>>,
}

impl ContextFacts {
    /// Whether its getters give memory that the next request overwrites.
    pub fn lends(&self) -> bool {
        let lent = [&self.text, &self.bytes, &self.group, &self.proxied, &self.filled];
        lent.iter().any(|rows| !rows.is_empty())
    }
}

/// What a handler returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answers {
    #[default]
    None,
    Error,
}

/// A type as Go spells it, with its whole import path: `*github.com/gin-gonic/gin.Context`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct TypeName {
    pub is_pointer: bool,
    pub path: String,
    pub name: String,
}

impl TypeName {
    /// Whether `of` is this type, or its like in another major version that no row of the framework speaks of; then
    /// it is told how far that version is.
    pub fn fits(&self, of: &Type, framework: &Framework) -> Option<Distance> {
        let Type::Named { path, name, .. } = of.pointee() else {
            return None;
        };
        let has_shape = **name == *self.name && matches!(of, Type::Pointer(_)) == self.is_pointer;
        has_shape.then(|| framework.distance(path, &self.path)).flatten()
    }
}

/// How far two major versions are apart: 0 is the same one, and older ones are nearer than newer ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Distance(u32, bool);

impl Distance {
    pub fn between(met: u32, known: u32) -> Distance {
        Distance(met.abs_diff(known), known > met)
    }

    pub fn is_guess(self) -> bool {
        self != Distance::default()
    }
}

impl Framework {
    /// How far the import path `met` is from `known`: the same, or the same package of a version without rows.
    fn distance(&self, met: &str, known: &str) -> Option<Distance> {
        if met == known {
            return Some(Distance::default());
        }
        let (met, known) = (Major::of(met, &self.path)?, Major::of(known, &self.path)?);
        let is_unknown = met.below == known.below && !self.majors().any(|major| major == met.number);
        is_unknown.then(|| Distance::between(met.number, known.number))
    }

    /// The major versions that rows speak of.
    pub fn majors(&self) -> impl Iterator<Item = u32> {
        let types = self.entries.iter().flat_map(|entry| &entry.takes.0);
        let types = types.map(|taken| &*taken.path);
        let keys = self.makes_handlers.keys().chain(self.registers.keys());
        let paths = types.chain(keys.map(|path| &**path));
        paths.filter_map(|path| Some(Major::of(path, &self.path)?.number))
    }

    /// The request contexts that it hands out, each with the import path of its package.
    pub fn contexts(&self) -> impl Iterator<Item = (&str, &ContextFacts)> {
        self.entries
            .iter()
            .filter_map(|row| Some((&*row.takes.0.first()?.path, row.context.as_ref()?)))
    }

    /// The names that `table` lists for the package `met`, or for its nearest known version.
    pub fn listed<'t>(&self, table: &'t BTreeMap<ImportPath, Vec<Word>>, met: &str) -> &'t [Word] {
        let near = table
            .iter()
            .filter_map(|row| Some((self.distance(met, row.0)?, row.1)));
        near.min_by_key(|(distance, _)| *distance)
            .map_or(&[], |(_, names)| names)
    }
}

impl EntryRow {
    /// Whether a function with parameters of these types is such an entry, and by how far a guess.
    pub fn fits(&self, types: &[Type], framework: &Framework) -> Option<Distance> {
        let nearest = |taken: &TypeName| types.iter().filter_map(|of| taken.fits(of, framework)).min();
        let distances: Option<Vec<Distance>> = self.takes.0.iter().map(nearest).collect();
        distances?.into_iter().max()
    }
}

impl TryFrom<String> for TypeName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let pointed = text.strip_prefix('*');
        let named = pointed.unwrap_or(&text).rsplit_once('.');
        match named.filter(|(path, name)| is_import_path(path) && is_identifier(name)) {
            Some((path, name)) => Ok(TypeName {
                is_pointer: pointed.is_some(),
                path: path.to_owned(),
                name: name.to_owned(),
            }),
            None => Err(format!(
                "`{text}` is no type with its import path, as in `*example.com/web.Context`"
            )),
        }
    }
}

/// At least one type.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<TypeName>")]
pub struct Types(pub Vec<TypeName>);

impl TryFrom<Vec<TypeName>> for Types {
    type Error = &'static str;

    fn try_from(types: Vec<TypeName>) -> Result<Self, Self::Error> {
        match types.is_empty() {
            true => Err("`takes` needs a type: without one every function would be an entry"),
            false => Ok(Types(types)),
        }
    }
}

/// Declares a text that is checked as it is read.
macro_rules! checked {
    ($(#[$doc:meta])* $name:ident, $fits:expr, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                let fits: fn(&str) -> bool = $fits;
                match fits(&text) {
                    true => Ok($name(text)),
                    false => Err(format!("`{}` is no {}", text.escape_debug(), $what)),
                }
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::ops::Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }
    };
}

checked!(
    /// A word or a few, on one line.
    Word,
    |text| !text.trim().is_empty() && !text.chars().any(char::is_control),
    "word of one line"
);
checked!(
    /// A name of Go's.
    Name,
    is_identifier,
    "name"
);
checked!(
    /// A path as an import spells it.
    ImportPath,
    is_import_path,
    "import path"
);
