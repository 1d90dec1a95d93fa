//! Local names.
use super::syntax::Tree;
pub struct Scopes {}
impl Scopes {
    pub fn of(_tree: &Tree) -> Self {
        Scopes {}
    }
}
