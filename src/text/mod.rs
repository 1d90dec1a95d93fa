//! Floor 0: bytes, lines, edits and diffs. Knows nothing of Go.

mod diff;
mod edit;
mod lines;
mod printable;
mod span;

pub use diff::{DiffLine, FilePatch, Hunk, LineChange, LineRange, changed_lines, hunks, patch};
pub use edit::{Conflict, Edit, EditSet};
pub use lines::{LineIndex, Position};
pub use printable::printable;
pub use span::Span;
