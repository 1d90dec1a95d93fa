//! What rows of acquire/release knowledge say of calls, types and methods. The rows themselves are facts.

use crate::facts::{Function, Key, Resource};
use crate::go::{Callee, Type};

impl Resource {
    /// Whether a literal of the type `of` is this resource.
    pub fn is_made_as(&self, of: &Type) -> bool {
        let Type::Named { path, name, .. } = of else {
            return false;
        };
        self.is_of(path) && self.literal.iter().any(|literal| **literal == **name)
    }

    /// Whether `callee`, of the module itself or from outside, gives this resource.
    pub fn is_acquired_by(&self, callee: &Callee<'_>) -> bool {
        let function = match callee {
            Callee::Package(callee) => {
                let decl = callee.decl();
                Some(Function {
                    path: &callee.package.path,
                    receiver: decl.receiver.as_deref(),
                    name: decl.title(),
                })
            }
            callee => callee.function(),
        };
        function.is_some_and(|function| {
            self.is_of(function.path) && self.acquire.iter().any(|key| key.names(function))
        })
    }

    /// Whether a method `name` of an interface that gives an `of` gives this resource, as far as its name and its type
    /// can say: `Do(*http.Request) (*http.Response, error)`.
    pub fn is_handed_out_as(&self, name: &str, of: &Type) -> bool {
        let named = |key: &Key| key.receiver.is_some() && key.name == name;
        self.has_type(of) && (self.always_fresh || self.acquire.iter().any(named))
    }

    /// Whether `of` is the type that the row says it gives.
    fn has_type(&self, of: &Type) -> bool {
        let Some(gives) = &self.gives else {
            return false;
        };
        let (gives, of) = match (gives.strip_prefix('*'), of) {
            (Some(gives), Type::Pointer(of)) => (gives, &**of),
            (Some(_), _) => return false,
            (None, of) => (&**gives, of),
        };
        let Type::Named { path, name, .. } = of else {
            return false;
        };
        match gives.rsplit_once('.') {
            Some((package, gives)) => **path == *package && **name == *gives,
            None => self.is_of(path) && **name == *gives,
        }
    }

    /// How a call of each function that acquires begins inside of the row's own package.
    pub fn calls_inside(&self) -> impl Iterator<Item = String> {
        let functions = self.acquire.iter().filter(|key| key.receiver.is_none());
        functions.map(|key| format!("{}(", key.name))
    }

    pub fn is_released_by(&self, method: &str) -> bool {
        self.release.iter().any(|release| release == method)
    }

    /// Whether what both rows give is told of and released in the same way, whoever gives it.
    pub fn is_like(&self, other: &Resource) -> bool {
        let same = |row: &Resource| Resource {
            package: self.package.clone(),
            also: Vec::new(),
            acquire: Vec::new(),
            title: String::new(),
            gives: None,
            always_fresh: false,
            ends_with: None,
            ..row.clone()
        };
        same(self) == same(other)
    }

    /// Whether the method of the whole releases its part.
    pub fn is_spent_by(&self, method: &str) -> bool {
        self.spent_by.iter().any(|spent| spent == method)
    }

    /// Whether the method starts work that goes on without the function.
    pub fn is_started_by(&self, method: &str) -> bool {
        self.started_by.iter().any(|started| started == method)
    }

    /// Whether this function puts it into a context.
    pub fn is_put_by(&self, path: &str, name: &str) -> bool {
        self.is_of(path) && self.put_by.iter().any(|put| put == name)
    }

    /// Whether this function takes it out of a context.
    pub fn is_taken_out_by(&self, path: &str, name: &str) -> bool {
        self.is_of(path) && self.taken_out_by.iter().any(|taken| taken == name)
    }

    /// Whether the method or field gives what lies beneath, through which it can be released.
    pub fn lies_beneath(&self, name: &str) -> bool {
        self.beneath.iter().any(|beneath| beneath == name)
    }

    /// The call that releases what `name` holds: `resp.Body.Close()`.
    pub fn release_of(&self, name: &str, argument: &str) -> Option<String> {
        if self.called {
            return Some(format!("{name}({argument})"));
        }
        let method = self.release.first()?;
        Some(match &self.part {
            Some(part) => format!("{name}.{part}.{method}({argument})"),
            None => format!("{name}.{method}({argument})"),
        })
    }
}
