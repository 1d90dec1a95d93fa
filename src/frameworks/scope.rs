//! Whose handlers count in a package: the frameworks that are known, those that the user describes among them, and
//! which of them serve.

use std::sync::{Arc, OnceLock};

use serde::Deserialize;

use super::fiber::{FIBER, is_on_fiber};
use super::major::Major;
use super::row::Framework;
use crate::go::Package;

/// Which frameworks serve requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Servers {
    /// Those that the module requires.
    #[default]
    Required,
    /// The one whose import paths begin so.
    Only(&'static str),
    All,
}

impl Servers {
    fn have(self, framework: &Framework) -> bool {
        match self {
            Servers::Only(path) => framework.is_users || framework.path.starts_with(path),
            Servers::Required | Servers::All => true,
        }
    }
}

/// The frameworks that count, as the run has them. It travels with the package under analysis.
#[derive(Debug, Default)]
pub struct Scope {
    pub servers: Servers,
    /// What unleak.toml adds.
    pub users: Vec<Framework>,
}

impl Scope {
    pub fn new(servers: Servers, users: &[Framework]) -> Self {
        let users = users.iter().cloned().map(|framework| Framework {
            is_users: true,
            ..framework
        });
        Scope {
            servers,
            users: users.collect(),
        }
    }

    /// The package, analysed with this in sight.
    pub fn attach(self, package: &mut Package) {
        package.surroundings = Some(Arc::new(self));
    }

    /// That of the package, or one without anything of a user.
    pub fn of(package: &Package) -> &Scope {
        static PLAIN: OnceLock<Scope> = OnceLock::new();
        let attached = package.surroundings.as_ref();
        let attached = attached.and_then(|held| held.downcast_ref::<Scope>());
        attached.unwrap_or_else(|| PLAIN.get_or_init(Scope::default))
    }

    /// Every framework that is known, the user's own first.
    pub fn known(&self) -> impl Iterator<Item = &Framework> {
        self.users.iter().chain(built_in())
    }

    /// Those whose handlers count in a package seen from `root`.
    pub fn serving(root: &Package) -> impl Iterator<Item = &Framework> {
        let scope = Scope::of(root);
        let servers = scope.servers_in(root);
        scope.known().filter(move |framework| servers.have(framework))
    }

    /// Whether handlers of the framework count in code seen from `root`.
    pub fn serves(&self, root: &Package, framework: &Framework) -> bool {
        self.servers_in(root).have(framework)
    }

    /// Whether the user describes the major version of the framework to which the import path belongs: then nobody has
    /// to guess.
    pub fn tells_of(&self, framework: &Framework, path: &str) -> bool {
        let met = Major::of(path, &framework.path).map(|major| major.number);
        let same = self.users.iter().filter(|own| own.path == framework.path);
        let mut told = same.flat_map(Framework::majors);
        told.any(|major| Some(major) == met)
    }

    /// A service on Fiber may well talk net/http, as a client and in its tests; what serves its requests is Fiber.
    fn servers_in(&self, root: &Package) -> Servers {
        match self.servers {
            Servers::Required if is_on_fiber(root) => Servers::Only(FIBER),
            Servers::Required => Servers::All,
            told => told,
        }
    }
}

/// The frameworks that this tool knows by itself.
fn built_in() -> &'static [Framework] {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        framework: Vec<Framework>,
    }
    static TABLE: OnceLock<Vec<Framework>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let file: File = toml::from_str(include_str!("frameworks.toml"))
            .expect("the table of this crate is read by its tests");
        file.framework
    })
}
