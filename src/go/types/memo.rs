//! What was inferred once is not inferred again while the package under analysis stays as it is.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use elsa::sync::FrozenMap;
use foldhash::HashMap;

use super::Type;
use crate::go::package::{DeclId, Package};
use crate::go::syntax::Node;

/// What a type is kept for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kept {
    Expression,
    Binding,
    /// The type behind a declared name.
    Shape,
}

/// A declaration of a package in sight. Packages stay where they are as long as anything refers to them, so their
/// address is their identity.
type Key = (usize, DeclId);

/// Types by the declaration and the node that has them.
#[derive(Default)]
pub struct Memo(FrozenMap<Key, Box<DeclarationMemo>>);

/// What is known of one declaration.
#[derive(Default)]
pub struct DeclarationMemo {
    /// The types of its nodes.
    types: Mutex<HashMap<(u32, Kept), Type>>,
    /// The functions of the module that it calls, by the paths of their packages.
    pub(in crate::go) callees: OnceLock<Vec<(Arc<str>, DeclId)>>,
    /// The variables of its package that it assigns to.
    pub(in crate::go) assigned: OnceLock<Vec<DeclId>>,
    /// Whether its function never comes back to its caller.
    pub(in crate::go) is_final: OnceLock<bool>,
}

impl Memo {
    pub(in crate::go) fn of(&self, package: &Package, declaration: DeclId) -> &DeclarationMemo {
        let key = (std::ptr::from_ref(package).addr(), declaration);
        match self.0.get(&key) {
            Some(known) => known,
            None => self.0.insert(key, Box::default()),
        }
    }
}

impl DeclarationMemo {
    pub(super) fn get(&self, node: Node<'_>, kept: Kept) -> Option<Type> {
        let known = self.types.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(node.index() as u32, kept)).cloned()
    }

    pub(super) fn keep(&self, node: Node<'_>, kept: Kept, of: &Type) {
        let mut known = self.types.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert((node.index() as u32, kept), of.clone());
    }
}
