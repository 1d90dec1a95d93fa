//! What a file of facts says, or a user's config: functions by what is known of them, and the rows of resources.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::key::{Function, Keys};
use super::resource::Resource;

/// What is known of one library.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Library {
    pub effects: Effects,
    pub strings: Strings,
    pub results: Results,
    pub variables: Variables,
    pub values: Values,
    pub containers: Containers,
    pub runtime: Runtime,
    /// What has to be given back.
    #[serde(rename = "resource")]
    pub resources: Vec<Resource>,
    /// Functions that end a context.
    #[serde(rename = "cancel")]
    pub cancels: Vec<Resource>,
    /// Groups of goroutines whose context ends when they are awaited.
    #[serde(rename = "group")]
    pub groups: Vec<Resource>,
    /// Responses whose bodies may still be on their way. `release` lists every method behind which the stream is closed.
    pub streamed: Vec<Resource>,
    /// What should live as long as the process, once for each import path.
    #[serde(rename = "client")]
    pub clients: Vec<Resource>,
    /// What lies beneath clients, by the methods that take it out.
    pub underlying: Vec<Resource>,
    /// The packages that register a driver of database/sql when they are imported, by its name.
    pub drivers: BTreeMap<String, Vec<String>>,
    pub sql: Sql,
    /// The packages whose signatures are written from the source: of all that they export, or of these names.
    pub signatures: BTreeMap<String, Vec<String>>,
}

/// Words of SQL and of data source names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sql {
    /// Beginnings of statements that read or change what one connection remembers.
    pub starts: Vec<String>,
    /// Beginnings that look so and do not.
    pub unless: Vec<String>,
    /// What does so anywhere in a statement.
    pub holds: Vec<String>,
    /// Parts of a data source name whose database is gone with its last connection.
    pub memory: Vec<String>,
}

impl Library {
    /// The rows as they are meant.
    pub(super) fn settled(mut self) -> Library {
        let lists = [
            &mut self.resources,
            &mut self.cancels,
            &mut self.groups,
            &mut self.streamed,
            &mut self.underlying,
            &mut self.clients,
        ];
        for list in lists {
            *list = std::mem::take(list).into_iter().map(Resource::settled).collect();
        }
        let clients = self.clients.into_iter().flat_map(Resource::by_path).collect();
        Library { clients, ..self }
    }
}

#[cfg(test)]
impl Library {
    /// Every key of the sections.
    pub(super) fn keys(&self) -> impl Iterator<Item = &super::Key> {
        let effects = &self.effects;
        let lists = [
            &effects.keeps,
            &effects.releases,
            &effects.reads,
            &effects.wraps,
            &effects.views,
            &effects.pure,
            &effects.runs_later,
            &effects.never_returns,
            &effects.fills,
            &self.strings.through,
            &self.strings.parts,
            &self.strings.keeps,
            &self.results.deterministic,
            &self.results.process_wide,
            &self.results.external,
            &self.results.temporary,
            &self.variables.constant,
            &self.values.data,
            &self.containers.stores,
            &self.containers.removes,
        ];
        lists.into_iter().flat_map(|keys| keys.iter())
    }
}

/// What functions do when they are called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Effects {
    pub keeps: Keys,
    pub releases: Keys,
    pub reads: Keys,
    pub wraps: Keys,
    pub views: Keys,
    /// They only give a value, so that an unused call can go.
    pub pure: Keys,
    /// They run the function they are given in a goroutine of their own, and come back at once.
    pub runs_later: Keys,
    /// They end the goroutine or the process.
    pub never_returns: Keys,
    /// They give what their arguments point to a value of its own, or fail.
    pub fills: Keys,
}

/// What a function does with an argument that can be kept or released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// Stores it, or hands it to someone who releases it.
    Keeps,
    Releases,
    /// Works with it and forgets it.
    Reads,
    /// Gives back something that works on it (a decoder, a buffered reader) and forgets it otherwise.
    Wraps,
    /// Gives back something that works on it and releases it with itself.
    Views,
}

impl Effects {
    /// What `function` does with its arguments, with the number of wildcards that say so.
    pub(super) fn argument(&self, function: Function<'_>) -> Option<(usize, Argument)> {
        let lists = [
            (&self.keeps, Argument::Keeps),
            (&self.releases, Argument::Releases),
            (&self.reads, Argument::Reads),
            (&self.wraps, Argument::Wraps),
            (&self.views, Argument::Views),
        ];
        let said = lists.into_iter();
        let said = said.filter_map(|(keys, argument)| Some((keys.wildcards(function)?, argument)));
        said.min_by_key(|(wildcards, _)| *wildcards)
    }
}

/// What functions do with a string or the bytes they are given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Strings {
    /// The result may be the argument or a part of it.
    pub through: Keys,
    /// The result is a slice of parts of the argument.
    pub parts: Keys,
    /// The argument is kept in the process: as a metric's label, in a cache, in a span that is exported later.
    pub keeps: Keys,
}

/// On what results of functions depend.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Results {
    /// On the arguments alone.
    pub deterministic: Keys,
    /// On what stays the same while the process runs, too.
    pub process_wide: Keys,
    /// On another service or program, which may change what it says.
    pub external: Keys,
    /// The result is meant to go away: a folder of temporary files.
    pub temporary: Keys,
}

/// Types.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Values {
    /// They hold nothing but values, so that a copy stays right.
    pub data: Keys,
}

/// What methods of containers do to what the container holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Containers {
    pub stores: Keys,
    pub removes: Keys,
}

/// What code does when it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Runtime {
    /// Packages that only compute: they ask nobody and change no files. `a/b/*` is every one below `a/b`.
    pub computes: Vec<String>,
}

/// Package-level names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Variables {
    /// They stay as they are.
    pub constant: Keys,
}
