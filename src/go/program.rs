//! All packages that the one under analysis can see: loaded when a name leads there, read no further than asked.

use std::collections::HashMap;
use std::sync::Arc;

use elsa::sync::FrozenMap;

use super::module::Module;
use super::package::Package;
use super::source::SourceFile;

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
            Origin::Loaded { loader, packages } => (loader, packages),
        };
        let slot = match packages.get(path) {
            Some(slot) => slot,
            None => packages.insert(path.to_owned(), Box::new(Slot(load(&**loader, path)))),
        };
        slot.0.as_ref()
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

    fn loader(&self) -> &dyn Loader {
        match &self.origin {
            Origin::Loaded { loader, .. } => &**loader,
            Origin::Altered { base, .. } => base.loader(),
        }
    }

    /// The own packages that import `path`.
    pub fn importers(&self, path: &str) -> impl Iterator<Item = &Package> {
        let paths = self.loader().importers(path);
        paths.into_iter().filter_map(|path| self.package(&path))
    }

    /// All own packages.
    pub fn own(&self) -> impl Iterator<Item = &Package> {
        let paths = self.loader().own();
        paths.into_iter().filter_map(|path| self.package(&path))
    }
}

fn load(loader: &dyn Loader, path: &str) -> Option<Package> {
    let loaded = loader.load(path)?;
    let mut package = Package::new(loaded.dir, loaded.module, loaded.files);
    package.path = path.into();
    package.is_own = loaded.is_own;
    Some(package)
}
