//! A repair as edits: made by a transform, checked by the gate, applied whole or not at all.

use super::Related;
use crate::edit::{ImportNeed, NewName, Rewrite};
use crate::go::FileId;
use crate::rating::Applicability;
use crate::text::EditSet;

/// A repair: applied whole or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// A verb phrase: "Close rows when the handler returns".
    pub title: String,
    pub applicability: Applicability,
    /// Per file, on the source the pass was given.
    pub edits: Vec<(FileId, EditSet)>,
    pub imports: Vec<ImportNeed>,
    /// What it newly names: fixes that land together must not take the same name.
    pub names: Vec<NewName>,
    /// Whether it makes the finding less harmful and leaves it in place, so that the gate lets it stay.
    pub lessens: bool,
    /// Where the leak may still happen when it is applied: told wherever the fix is.
    pub leaves: Vec<Related>,
}

impl Fix {
    pub fn new(title: impl Into<String>, applicability: Applicability, rewrite: Rewrite) -> Self {
        let (edits, imports, names) = rewrite.into_parts();
        Fix {
            title: title.into(),
            applicability,
            edits,
            imports,
            names,
            lessens: false,
            leaves: Vec::new(),
        }
    }

    /// This fix as one that makes the finding less harmful and no more.
    pub fn lessening(self) -> Self {
        Fix {
            lessens: true,
            ..self
        }
    }

    /// This fix as one after which there is still something to do.
    pub fn leaving(self, leaves: Vec<Related>) -> Self {
        Fix { leaves, ..self }
    }
}
