//! All packages that the one under analysis can see: loaded when a name leads there, read no further than asked.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use elsa::sync::FrozenMap;

use super::module::Module;
use super::package::Package;
use super::source::SourceFile;
use super::words::Words;

/// The source of a package as a [`Loader`] finds it.
pub struct Loaded {
    /// As in [`Package::dir`]; for packages outside the scanned tree, where they lie.
    pub dir: String,
    pub module: Option<Arc<Module>>,
    /// The files that a compiler would take for this machine, tests left out, in the order of their paths.
    pub files: Vec<SourceFile>,
    /// Whether the package belongs to the module at hand (or its workspace), so that its bodies count.
    pub is_own: bool,
}

/// Finds source by import path: the module's packages, vendored ones, the module cache, the standard library.
pub trait Loader: Send + Sync {
    /// The package that an import of `path` means; `None` where its source is not on this machine.
    fn load(&self, path: &str) -> Option<Loaded>;

    /// The import paths of own packages that import `path`, sorted.
    fn importers(&self, path: &str) -> Vec<String>;

    /// The import paths of all own packages, sorted.
    fn own(&self) -> Vec<String>;
}

/// The packages around one module. What was loaded stays as it was read; changes make another program.
pub struct Program {
    origin: Origin,
}

enum Origin {
    Loaded {
        loader: Box<dyn Loader>,
        packages: FrozenMap<String, Box<Slot>>,
        /// What was asked of the loader.
        own: OnceLock<Vec<String>>,
        importers: FrozenMap<String, Vec<String>>,
        /// Which words the own packages hold, by their places in `own`.
        words: OnceLock<Words>,
    },
    Altered {
        base: Arc<Program>,
        packages: HashMap<Arc<str>, Package>,
    },
}

/// A package, or the knowledge that there is none.
struct Slot(Option<Package>);

impl Program {
    pub fn new(loader: impl Loader + 'static) -> Self {
        Program {
            origin: Origin::Loaded {
                loader: Box::new(loader),
                packages: FrozenMap::new(),
                own: OnceLock::new(),
                importers: FrozenMap::new(),
                words: OnceLock::new(),
            },
        }
    }

    /// `base` with these packages in place of those with their paths.
    pub fn altered(base: &Arc<Program>, packages: impl IntoIterator<Item = Package>) -> Self {
        let packages = packages.into_iter();
        Program {
            origin: Origin::Altered {
                base: Arc::clone(base),
                packages: packages
                    .map(|package| (Arc::clone(&package.path), package))
                    .collect(),
            },
        }
    }

    /// The package that an import of `path` means, if its source is at hand.
    pub fn package(&self, path: &str) -> Option<&Package> {
        let (loader, packages) = match &self.origin {
            Origin::Altered { base, packages } => return packages.get(path).or_else(|| base.package(path)),
            Origin::Loaded { loader, packages, .. } => (loader, packages),
        };
        let slot = match packages.get(path) {
            Some(slot) => slot,
            None => packages.insert(path.to_owned(), Box::new(Slot(load(&**loader, path)))),
        };
        slot.0.as_ref()
    }

    /// Whether `path` was asked for and its source is not on this machine.
    pub fn is_missed(&self, path: &str) -> bool {
        match &self.origin {
            Origin::Altered { base, packages } => !packages.contains_key(path) && base.is_missed(path),
            Origin::Loaded { packages, .. } => packages.get(path).is_some_and(|slot| slot.0.is_none()),
        }
    }

    /// The packages that are not as they were loaded.
    pub fn alterations(&self) -> Vec<&Package> {
        let Origin::Altered { base, packages } = &self.origin else {
            return Vec::new();
        };
        let mut found: Vec<&Package> = packages.values().collect();
        let earlier = base.alterations().into_iter();
        found.extend(earlier.filter(|package| !packages.contains_key(&package.path)));
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found
    }

    /// The own packages that import `path`.
    pub fn importers(&self, path: &str) -> impl Iterator<Item = &Package> {
        let paths = self.paths_of_importers(path).iter();
        paths.filter_map(|path| self.package(path))
    }

    fn paths_of_importers(&self, path: &str) -> &[String] {
        match &self.origin {
            Origin::Altered { base, .. } => base.paths_of_importers(path),
            Origin::Loaded {
                loader, importers, ..
            } => match importers.get(path) {
                Some(known) => known,
                None => importers.insert(path.to_owned(), loader.importers(path)),
            },
        }
    }

    /// The paths of all own packages.
    fn paths_of_own(&self) -> &[String] {
        match &self.origin {
            Origin::Altered { base, .. } => base.paths_of_own(),
            Origin::Loaded { loader, own, .. } => own.get_or_init(|| loader.own()),
        }
    }

    /// The own packages that may hold the word `name`, and the one at `always`.
    pub fn own_holding(&self, name: &str, always: &str) -> impl Iterator<Item = &Package> {
        let paths = self.paths_of_own();
        let mut places: Vec<usize> = self.words().holding(name).collect();
        let is_altered = |path: &String| *path == *always || self.is_altered(path);
        places.extend(
            (0..)
                .zip(paths)
                .filter(|(_, path)| is_altered(path))
                .map(|(at, _)| at),
        );
        places.sort_unstable();
        places.dedup();
        places.into_iter().filter_map(move |at| self.package(&paths[at]))
    }

    fn is_altered(&self, path: &str) -> bool {
        match &self.origin {
            Origin::Altered { base, packages } => packages.contains_key(path) || base.is_altered(path),
            Origin::Loaded { .. } => false,
        }
    }

    /// The words of the own packages as they were loaded.
    fn words(&self) -> &Words {
        match &self.origin {
            Origin::Altered { base, .. } => base.words(),
            Origin::Loaded { words, .. } => words.get_or_init(|| {
                let packages = self.paths_of_own().iter().map(|path| self.package(path));
                let files = packages.map(|package| package.map_or(&[][..], |package| &package.files));
                Words::of_all(files.map(|files| files.iter().map(|file| file.words()).collect()))
            }),
        }
    }
}

fn load(loader: &dyn Loader, path: &str) -> Option<Package> {
    let loaded = loader.load(path)?;
    let mut package = Package::new(loaded.dir, loaded.module, loaded.files);
    package.path = path.into();
    package.is_own = loaded.is_own;
    Some(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packages of one file each, by path.
    struct Files(Vec<(&'static str, &'static str)>);

    impl Loader for Files {
        fn load(&self, path: &str) -> Option<Loaded> {
            let (_, source) = self.0.iter().find(|(held, _)| *held == path)?;
            Some(Loaded {
                dir: path.to_owned(),
                module: None,
                files: vec![SourceFile::new(format!("{path}/f.go"), source.as_bytes())],
                is_own: true,
            })
        }

        fn importers(&self, _path: &str) -> Vec<String> {
            Vec::new()
        }

        fn own(&self) -> Vec<String> {
            self.0.iter().map(|(path, _)| (*path).to_owned()).collect()
        }
    }

    fn holding(program: &Program, name: &str, always: &str) -> Vec<String> {
        let packages = program.own_holding(name, always);
        packages.map(|package| package.path.to_string()).collect()
    }

    #[test]
    fn packages_are_found_by_the_words_they_hold() {
        let files = Files(vec![
            ("m/a", "package a\n\nfunc Open() {}\n"),
            ("m/b", "package b\n\nfunc OpenAll() {}\n"),
            ("m/c", "package c\n\nvar x = a.Open()\n"),
        ]);
        let program = Program::new(files);
        assert_eq!(holding(&program, "Open", ""), ["m/a", "m/c"]);
        assert_eq!(holding(&program, "Open", "m/b"), ["m/a", "m/b", "m/c"]);
        assert!(holding(&program, "Shut", "m/none").is_empty());
    }

    #[test]
    fn altered_packages_are_always_looked_into() {
        let program = Arc::new(Program::new(Files(vec![
            ("m/a", "package a\n\nfunc Open() {}\n"),
            ("m/b", "package b\n"),
        ])));
        let b = program.package("m/b").unwrap();
        let source = b"package b\n\nvar x = a.Open()\n".as_slice();
        let mut changed = b.with_sources([(crate::go::FileId(0), source)]);
        changed.path = "m/b".into();
        let altered = Program::altered(&program, [changed]);
        assert_eq!(holding(&altered, "Open", ""), ["m/a", "m/b"]);
        assert_eq!(holding(&program, "Open", ""), ["m/a"]);
    }
}
