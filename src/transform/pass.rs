//! What a transform may ask: the package, the settings, and what lies outside of the package.

use std::collections::HashSet;

use crate::config::Config;
use crate::edit;
use crate::go::{Declaration, Package};

/// What lies outside the package under analysis, asked for on demand.
pub trait Sources: Sync {
    /// Paths of files of other packages that use `name` of `package`, as far as can be seen.
    fn users_of(&self, package: &Package, name: &str) -> Vec<String>;

    /// Names that files of the package's folder declare at their top, or import, which the package under analysis does
    /// not hold: its tests, and what was left out of the search. A new name of the package must be none of them.
    fn names_beside(&self, _package: &Package) -> HashSet<String> {
        HashSet::new()
    }

    /// Those of them that are declared, in files of the package itself: no import of the package may be called so, and
    /// they hide what the language declares.
    fn declared_beside(&self, _package: &Package) -> HashSet<String> {
        HashSet::new()
    }

    /// Whether the file that people see as `path` can be written: what needs one that cannot is left out of a repair.
    fn is_writable(&self, _path: &str) -> bool {
        true
    }

    /// Whether the file that people see as `path` is one of those to search: others are not edited either.
    fn is_searched(&self, _path: &str) -> bool {
        true
    }
}

/// No other package is at hand: a single directory, or a test.
pub struct Alone;

impl Sources for Alone {
    fn users_of(&self, _package: &Package, _name: &str) -> Vec<String> {
        Vec::new()
    }
}

/// Everything a transform may ask about one package.
pub struct Pass<'a> {
    pub package: &'a Package,
    pub config: &'a Config,
    pub sources: &'a dyn Sources,
}

impl<'a> Pass<'a> {
    /// A name for a new package-level variable or function that nothing in the package uses, its tests and the files
    /// of other builds among it.
    pub fn fresh_global(&self, wanted: &[&str]) -> String {
        edit::fresh_global(self.package, &self.sources.names_beside(self.package), wanted)
    }

    /// Sound declarations that hold one of the needles, in files a person wrote. Only these get parsed.
    pub fn candidates(&self, needles: &[String]) -> impl Iterator<Item = Declaration<'a>> {
        self.package
            .declarations_with(needles)
            .filter(|declaration| declaration.is_sound())
    }
}
