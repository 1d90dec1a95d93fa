use memchr::memmem;

use crate::config::Config;
use crate::go::{Declaration, Package};

/// What lies outside the package under analysis, asked for on demand.
pub trait Sources: Sync {
    /// Paths of files of other packages that use `name` of `package`, as far as can be seen.
    fn users_of(&self, package: &Package, name: &str) -> Vec<String>;

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
    /// Sound declarations that hold one of the needles, in files a person wrote. Only these get parsed.
    pub fn candidates(&self, needles: &[String]) -> impl Iterator<Item = Declaration<'a>> {
        let finders: Vec<_> = needles
            .iter()
            .map(|needle| memmem::Finder::new(needle.as_bytes()))
            .collect();
        let package = self.package;
        let holds = move |declaration: &Declaration<'_>| {
            finders
                .iter()
                .any(|finder| finder.find(declaration.bytes()).is_some())
        };
        package
            .declarations()
            .filter(holds)
            .filter(|declaration| declaration.is_sound())
    }
}
