//! Edits of a text: replacements of spans that do not overlap.

use super::Span;

/// Replaces the bytes of `span` with `text`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

impl Edit {
    pub fn insert(at: usize, text: impl Into<String>) -> Self {
        Edit {
            span: Span::at(at),
            text: text.into(),
        }
    }

    pub fn delete(span: Span) -> Self {
        Edit {
            span,
            text: String::new(),
        }
    }

    pub fn replace(span: Span, text: impl Into<String>) -> Self {
        Edit {
            span,
            text: text.into(),
        }
    }

    /// Two edits conflict when the order of applying them would matter, or one touches bytes of the other.
    /// The same edit twice is one edit.
    fn conflicts_with(&self, other: &Edit) -> bool {
        let (a, b) = (self.span, other.span);
        match (a.is_empty(), b.is_empty()) {
            _ if self == other => false,
            (true, true) => a.start == b.start,
            (true, false) => b.start < a.start && a.start < b.end,
            (false, true) => a.start < b.start && b.start < a.end,
            (false, false) => a.start < b.end && b.start < a.end,
        }
    }
}

/// Two edits want the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict;

/// Edits of one file on one baseline: sorted, disjoint, without doubles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditSet {
    edits: Vec<Edit>,
}

impl EditSet {
    pub fn new() -> Self {
        EditSet::default()
    }

    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Edit> {
        self.edits.iter()
    }

    /// Adds one edit; an identical one is already there and stays single.
    pub fn push(&mut self, edit: Edit) -> Result<(), Conflict> {
        if self.edits.iter().any(|held| held.conflicts_with(&edit)) {
            return Err(Conflict);
        }
        if let Err(at) = self.edits.binary_search(&edit) {
            self.edits.insert(at, edit);
        }
        Ok(())
    }

    /// Both sets as one, or [`Conflict`] with `self` unchanged.
    pub fn union(&mut self, other: &EditSet) -> Result<(), Conflict> {
        let mut merged = self.clone();
        for edit in &other.edits {
            merged.push(edit.clone())?;
        }
        *self = merged;
        Ok(())
    }

    /// The new bytes. Edits outside `source` cannot have been made from it and are a bug of the caller.
    pub fn apply(&self, source: &[u8]) -> Vec<u8> {
        let grown: usize = self.edits.iter().map(|edit| edit.text.len()).sum();
        let mut out = Vec::with_capacity(source.len() + grown);
        let mut done = 0;
        for edit in &self.edits {
            out.extend_from_slice(&source[done..edit.span.start]);
            out.extend_from_slice(edit.text.as_bytes());
            done = edit.span.end;
        }
        out.extend_from_slice(&source[done..]);
        out
    }
}

impl TryFrom<Vec<Edit>> for EditSet {
    type Error = Conflict;

    fn try_from(edits: Vec<Edit>) -> Result<Self, Conflict> {
        let mut set = EditSet::new();
        for edit in edits {
            set.push(edit)?;
        }
        Ok(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(edits: &[Edit]) -> Result<EditSet, Conflict> {
        EditSet::try_from(edits.to_vec())
    }

    #[test]
    fn edits_apply_in_order_of_place_and_not_of_arrival() {
        let edits = [
            Edit::insert(5, "!"),
            Edit::delete(Span::new(0, 1)),
            Edit::replace(Span::new(2, 3), "XY"),
        ];
        assert_eq!(set(&edits).unwrap().apply(b"abcde"), b"bXYde!");
    }

    #[test]
    fn the_same_edit_twice_is_one() {
        let twice = [Edit::insert(1, "x"), Edit::insert(1, "x")];
        assert_eq!(set(&twice).unwrap().apply(b"ab"), b"axb");
    }

    #[test]
    fn overlaps_and_rival_insertions_conflict() {
        let overlap = [Edit::delete(Span::new(0, 3)), Edit::delete(Span::new(2, 4))];
        assert_eq!(set(&overlap), Err(Conflict));
        assert_eq!(set(&[Edit::insert(1, "x"), Edit::insert(1, "y")]), Err(Conflict));
        let inside = [Edit::delete(Span::new(0, 3)), Edit::insert(1, "y")];
        assert_eq!(set(&inside), Err(Conflict));
        let beside = [Edit::delete(Span::new(1, 3)), Edit::insert(1, "y")];
        assert_eq!(set(&beside).unwrap().apply(b"abcd"), b"ayd");
    }

    #[test]
    fn a_failed_union_changes_nothing() {
        let mut held = set(&[Edit::delete(Span::new(0, 2))]).unwrap();
        let before = held.clone();
        let other = set(&[Edit::insert(4, "z"), Edit::insert(1, "x")]).unwrap();
        assert_eq!(held.union(&other), Err(Conflict));
        assert_eq!(held, before);
    }
}
