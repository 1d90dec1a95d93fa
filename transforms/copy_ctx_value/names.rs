use std::collections::HashSet;

use crate::go::{DeclId, Declaration};
use crate::rewrite::fresh_local;

/// Names for new locals. Fixes of one run can land side by side, so none is given out twice in a declaration.
#[derive(Default)]
pub struct Names {
    taken: HashSet<(DeclId, String)>,
}

impl Names {
    /// The first of `wanted` that is free in `at`, else one of them with a number.
    pub fn fresh(&mut self, at: Declaration<'_>, wanted: &[String]) -> String {
        let numbered = (2..).flat_map(|number| wanted.iter().map(move |name| format!("{name}{number}")));
        let candidates = wanted.iter().cloned().chain(numbered);
        let is_free =
            |name: &String| fresh_local(at, &[name]) == *name && !self.taken.contains(&(at.id, name.clone()));
        let name = { candidates }
            .find(is_free)
            .expect("names with numbers never run out");
        self.taken.insert((at.id, name.clone()));
        name
    }
}
