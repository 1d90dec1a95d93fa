//! Floor 1: everything that is known about APIs of the standard library and of others, as data. It knows only strings
//! and rows; what the rows mean is said by the floors above.
//!
//! - `key`: how a fact names functions, and the one matcher
//! - `library`: the sections of a file
//! - [`mod@paths`]: the import paths that code asks for by name
//! - `resource`: the rows of what has to be given back
//! - `types`: signatures, for source that is not at hand
//! - `libraries/`: one file a library, found by import path: the facts of `github.com/redis/go-redis/v9` are in
//!   `github.com/redis/go-redis.toml`, those of `net/http` in `std/net/http.toml`, where no file lies nearer
//!
//! A user's rows come by the same door: [`Facts`] asks them before the files. To tell of another library, write its file;
//! nothing else lists it.
//!
//! | section | says |
//! |---|---|
//! | `[effects]` | what functions do with their arguments, and whether a call does anything at all |
//! | `[strings]` | what becomes of a string of the request |
//! | `[results]`, `[variables]` | what stays the same from one request to the next |
//! | `[values]`, `[containers]` | types that are plain data, and those that keep what they are given |
//! | `[[resource]]`, `[[cancel]]`, `[[group]]`, `[[streamed]]` | what has to be given back |
//! | `[[client]]`, `[[underlying]]` | what should live as long as the process, and what it works on |
//! | `[runtime]` | what code does when a test runs it |
//! | `[drivers]`, `[sql]` | of database/sql alone: who registers a driver, which statements need one connection |
//! | `[signatures]`, `[types]` | of which packages signatures are written, and these; always the last sections |

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use include_dir::{Dir, include_dir};

mod key;
mod library;
pub mod paths;
mod resource;
mod types;

pub use key::{Function, Key, Keys};
pub use library::{
    Argument, Containers, Effects, Library, Results, Runtime, Sql, Strings, Values, Variables,
};
pub use resource::{Empty, Resource};
pub use types::{Signature, mentions};

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/facts/libraries");

/// A file of facts, of which each part is read when it is first asked.
struct File {
    /// The import path that it begins with.
    path: &'static str,
    /// Without the part that tells of types.
    text: &'static str,
    types: &'static str,
    library: OnceLock<Library>,
}

impl File {
    fn library(&self) -> &Library {
        self.library.get_or_init(|| parse(self.text).unwrap_or_default())
    }
}

/// Reads a file; what is wrong with one of this crate is told by a test.
fn parse(text: &str) -> Result<Library, toml::de::Error> {
    toml::from_str(text).map(Library::settled)
}

/// The standard library first, then the others by import path.
fn files() -> &'static [File] {
    static FOUND: OnceLock<Vec<File>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let mut found = Vec::new();
        collect(&FILES, &mut found);
        found.sort_by_key(|file: &File| {
            (
                file.path.split('/').next().is_some_and(|host| host.contains('.')),
                file.path,
            )
        });
        found
    })
}

fn collect(folder: &'static Dir<'static>, found: &mut Vec<File>) {
    folder.dirs().for_each(|below| collect(below, found));
    for file in folder.files() {
        let path = file.path().to_str().and_then(|path| path.strip_suffix(".toml"));
        let (Some(path), Some(text)) = (path, file.contents_utf8()) else {
            continue;
        };
        let (text, types) = types::cut(text);
        found.push(File {
            path: path.strip_prefix("std/").unwrap_or(path),
            text,
            types,
            library: OnceLock::new(),
        });
    }
}

/// The import paths that the files begin with.
pub fn paths() -> impl Iterator<Item = &'static str> {
    files().iter().map(|file| file.path)
}

/// What the files say of every library, in the order of [`paths()`].
pub fn libraries<'f>() -> impl Iterator<Item = &'f Library> {
    files().iter().map(|file| -> &'f Library { file.library() })
}

/// Where in [`paths()`] the file is that the facts of a package are in.
pub fn position(path: &str) -> Option<usize> {
    static INDEX: OnceLock<HashMap<&'static str, usize>> = OnceLock::new();
    let index = INDEX.get_or_init(|| {
        paths()
            .enumerate()
            .map(|(position, path)| (path, position))
            .collect()
    });
    let mut rest = path;
    loop {
        if let Some(position) = index.get(rest) {
            return Some(*position);
        }
        rest = rest.rsplit_once('/')?.0;
    }
}

/// The signatures that the file at `position` tells, read anew.
pub fn signatures(position: usize) -> Vec<Signature> {
    let file = files().get(position);
    file.map_or_else(Vec::new, |file| types::read(file.types).unwrap_or_default())
}

/// Whether the package only computes: it asks nobody and changes no files.
pub fn only_computes(path: &str) -> bool {
    let mut known = libraries().flat_map(|library| &library.runtime.computes);
    known.any(|known| key::fits_path(known, path))
}

/// Whether the files tell signatures of the package.
pub fn has_signatures(path: &str) -> bool {
    let told = |file: &File| file.types.contains(&format!("[types.\"{path}\"]"));
    file_of(path).is_some_and(told)
}

fn file_of(path: &str) -> Option<&'static File> {
    position(path).and_then(|position| files().get(position))
}

/// What is known: a user's own facts before those of the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    own: Option<Arc<Library>>,
}

impl Facts {
    /// The files, and what a user says beside them.
    pub fn with(own: Library) -> Facts {
        Facts {
            own: Some(Arc::new(own)),
        }
    }

    /// Those that may tell of the package, the user's first.
    fn of(&self, path: &str) -> impl Iterator<Item = &Library> {
        let built_in = file_of(path).map(File::library);
        self.own.as_deref().into_iter().chain(built_in)
    }

    /// What `function` does with an argument. The user has the first word, then the key with the fewest wildcards.
    pub fn argument(&self, function: Function<'_>) -> Option<Argument> {
        let mut libraries = self.of(function.path);
        libraries.find_map(|library| library.effects.argument(function).map(|(_, argument)| argument))
    }

    /// Whether a call of `function` with this many arguments only gives a value.
    pub fn is_pure(&self, function: Function<'_>, arguments: usize) -> bool {
        self.of(function.path)
            .any(|library| library.effects.pure.name_call(function, arguments))
    }

    /// Whether `function` runs the function it is given in a goroutine of its own.
    pub fn runs_later(&self, function: Function<'_>) -> bool {
        self.of(function.path)
            .any(|library| library.effects.runs_later.name(function))
    }

    /// Whether `function` ends the goroutine or the process.
    pub fn never_returns(&self, function: Function<'_>) -> bool {
        self.of(function.path)
            .any(|library| library.effects.never_returns.name(function))
    }

    /// Whether `function` gives what its arguments point to a value of its own, or fails.
    pub fn fills(&self, function: Function<'_>) -> bool {
        self.of(function.path)
            .any(|library| library.effects.fills.name(function))
    }

    /// Whether the type holds nothing but values.
    pub fn is_data(&self, path: &str, name: &str) -> bool {
        let of = Function {
            path,
            receiver: None,
            name,
        };
        self.of(path).any(|library| library.values.data.name(of))
    }

    /// The first library that a question has an answer from.
    pub fn find<T>(&self, path: &str, question: impl Fn(&Library) -> Option<T>) -> Option<T> {
        self.of(path).find_map(question)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function<'a>(path: &'a str, receiver: Option<&'a str>, name: &'a str) -> Function<'a> {
        Function { path, receiver, name }
    }

    #[test]
    fn every_file_reads_and_tells_of_its_own_packages() {
        for file in files() {
            let path = file.path;
            let library = parse(file.text).unwrap_or_else(|error| panic!("{path}: {error}"));
            for key in library.keys() {
                let own = key.path.as_deref().unwrap_or_else(|| panic!("{path}: {key}"));
                let found = file_of(own).map(|file| file.path);
                assert_eq!(found, Some(path), "{key} is looked for elsewhere");
            }
        }
    }

    #[test]
    fn the_user_has_the_first_word() {
        let own = parse("[effects]\nreleases = [\"fmt.Println\"]\npure = [\"example.com/x.F\"]\n").unwrap();
        let (files, facts) = (Facts::default(), Facts::with(own));
        let print = function("fmt", None, "Println");
        assert_eq!(files.argument(print), Some(Argument::Reads));
        assert_eq!(facts.argument(print), Some(Argument::Releases));
        assert!(facts.is_pure(function("example.com/x", None, "F"), 0));
        assert!(!files.is_pure(function("example.com/x", None, "F"), 0));
    }

    #[test]
    fn a_name_decides_before_a_star() {
        let facts = Facts::default();
        assert_eq!(
            facts.argument(function("bufio", None, "NewScanner")),
            Some(Argument::Wraps)
        );
        assert_eq!(
            facts.argument(function("log", None, "SetOutput")),
            Some(Argument::Keeps)
        );
        assert_eq!(
            facts.argument(function("database/sql", Some("Rows"), "Scan")),
            Some(Argument::Reads)
        );
        assert_eq!(
            facts.argument(function("net/http", None, "MaxBytesReader")),
            Some(Argument::Views)
        );
        assert_eq!(facts.argument(function("io", None, "Pipe")), None);
        let fiber = |arguments| {
            facts.is_pure(
                function("github.com/gofiber/fiber/v2", Some("Ctx"), "Locals"),
                arguments,
            )
        };
        assert!(fiber(1) && !fiber(2));
    }
}
