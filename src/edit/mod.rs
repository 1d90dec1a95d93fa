//! The vocabulary of Go edits: insert statements, delete them, find names that are free. Everything keeps the
//! file's own indentation and line ends, and says `None` where a line is laid out so that a person should edit it.
//!
//! `lines` knows where lines start and how they are indented; `insert`, `delete`, `wrap` and `remarks` (statements with
//! their comments) make edits of that, `removal` takes a statement out with everything that only it used, and `rewrite`
//! gathers the edits of a fix. `names` finds free names; `hidden` and `jumps` say where a name cannot be used.

mod delete;
mod extent;
mod hidden;
mod insert;
mod jumps;
mod lines;
mod names;
mod pure;
mod remarks;
mod removal;
mod rewrite;
mod section;
mod shape;
mod wish;
mod wrap;

pub use delete::{delete_lines, delete_statement, delete_statements};
pub use hidden::hidden_name;
pub use insert::{
    insert_after, insert_at_start, insert_before, insert_before_else, insert_declaration_after,
    insert_first_declaration, replace_statement,
};
pub use jumps::jumped_over;
pub use lines::{indentation, indentation_unit, newline};
pub use names::{Brought, NewName, NewNames, fresh_global, renamed, retitled};
pub use pure::{is_pure, is_tractable};
pub use remarks::{
    comment_beside, comments_above, delete_all_with_comments, delete_with_comments, has_comments_around,
    has_comments_behind, insert_above, moved_lines, next_line_of, with_comment_beside,
};
pub use removal::{Obstacle, Removal};
pub use rewrite::{ImportNeed, Rewrite, callable_package, means_unknown};
pub use shape::{declares_one_variable, is_error_check};
pub use wish::asks_for;
pub use wrap::wrap_block;

#[cfg(test)]
mod tests;
