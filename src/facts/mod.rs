//! Floor 1: everything that is known about APIs of the standard library and of others, as data. It knows only strings
//! and rows; what the rows mean is said by the floors above.
//!
//! - [`key`]: how a fact names functions, and the one matcher
//! - [`library`]: the sections of a file
//! - [`resource`]: the rows of what has to be given back
//! - `libraries/`: one file a library, found by import path: the facts of `github.com/redis/go-redis/v9` are in
//!   `github.com/redis/go-redis.toml`, those of `net/http` in `std/net/http.toml`, where no file lies nearer
//!
//! A user's rows come by the same door: [`Facts`] asks them before the files.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use include_dir::{Dir, include_dir};

mod key;
mod library;
mod resource;

pub use key::{Function, Key, Keys};
pub use library::{Argument, Effects, Library, Results, Sql, Strings, Variables};
pub use resource::{Empty, Resource};

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/facts/libraries");

/// A file of facts, read when it is first asked.
struct File {
    text: &'static str,
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

/// The files by the import path they begin with.
fn files() -> &'static HashMap<&'static str, File> {
    static INDEX: OnceLock<HashMap<&'static str, File>> = OnceLock::new();
    INDEX.get_or_init(|| {
        let mut index = HashMap::new();
        collect(&FILES, &mut index);
        index
    })
}

fn collect(folder: &'static Dir<'static>, index: &mut HashMap<&'static str, File>) {
    folder.dirs().for_each(|below| collect(below, index));
    for file in folder.files() {
        let path = file.path().to_str().and_then(|path| path.strip_suffix(".toml"));
        let (Some(path), Some(text)) = (path, file.contents_utf8()) else {
            continue;
        };
        let library = OnceLock::new();
        index.insert(path.strip_prefix("std/").unwrap_or(path), File { text, library });
    }
}

/// The import paths that the files begin with.
pub fn paths() -> impl Iterator<Item = &'static str> {
    files().keys().copied()
}

/// What the files say of every library: the standard library first, then the others by import path.
pub fn libraries<'f>() -> impl Iterator<Item = &'f Library> {
    static SORTED: OnceLock<Vec<&'static Library>> = OnceLock::new();
    let sorted = SORTED.get_or_init(|| {
        let mut all: Vec<_> = files().iter().collect();
        all.sort_by_key(|(path, _)| {
            (
                path.split('/').next().is_some_and(|host| host.contains('.')),
                **path,
            )
        });
        all.into_iter().map(|(_, file)| file.library()).collect()
    });
    sorted.iter().map(|library| -> &'f Library { library })
}

/// The file that the facts of a package are in.
fn file_of(path: &str) -> Option<&'static File> {
    let files = files();
    let mut rest = path;
    loop {
        if let Some(file) = files.get(rest) {
            return Some(file);
        }
        rest = rest.rsplit_once('/')?.0;
    }
}

/// What is known: a user's own facts before those of the files.
#[derive(Clone, Debug, Default)]
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
        for (path, file) in files() {
            let library = parse(file.text).unwrap_or_else(|error| panic!("{path}: {error}"));
            for key in library.keys() {
                let own = key.path.as_deref().unwrap_or_else(|| panic!("{path}: {key}"));
                let file = file_of(own).map(|file| file.text.as_ptr());
                let found = files()[path].text.as_ptr();
                assert_eq!(
                    file,
                    Some(found),
                    "{key} is looked for elsewhere than in {path}.toml"
                );
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
