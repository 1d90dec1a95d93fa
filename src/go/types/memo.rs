//! What was inferred once is not inferred again while the package under analysis stays as it is.

use elsa::sync::FrozenMap;

use super::Type;
use crate::go::package::{DeclId, Package};

/// What a [`Key`] is kept for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kept {
    Expression,
    Binding,
    /// The type behind a declared name.
    Shape,
}

/// A node of a declaration of a package in sight. Packages stay where they are as long as anything refers to
/// them, so their address is their identity.
type Key = (usize, DeclId, usize, Kept);

/// Types by the node that has them.
#[derive(Default)]
pub struct Memo(FrozenMap<Key, Box<Type>>);

impl Memo {
    pub(super) fn get(&self, at: (&Package, DeclId, usize), kept: Kept) -> Option<&Type> {
        self.0.get(&key(at, kept))
    }

    pub(super) fn keep(&self, at: (&Package, DeclId, usize), kept: Kept, of: &Type) {
        self.0.insert(key(at, kept), Box::new(of.clone()));
    }
}

fn key((package, declaration, node): (&Package, DeclId, usize), kept: Kept) -> Key {
    (std::ptr::from_ref(package) as usize, declaration, node, kept)
}
