//! Floor 0: bytes, lines, edits and diffs. Knows nothing of Go.

mod diff;
mod edit;
mod line_ends;
mod lines;
mod printable;
mod span;

pub use diff::{DiffLine, FilePatch, Hunk, LineChange, LineRange, changed_lines, hunks, patch};
pub use edit::{Conflict, Edit, EditSet};
pub use line_ends::with_line_ends;
pub use lines::{LineIndex, Position, utf16_len};
pub use printable::{misleads, printable, printable_lines};
pub use span::Span;
