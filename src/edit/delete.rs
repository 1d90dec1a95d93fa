//! Statements that go, with their lines.

use super::lines::{end_of_line_behind, line_at, line_before, line_start, next_line};
use crate::go::SourceFile;
use crate::go::syntax::Node;
use crate::text::{Edit, Span};

/// Deletes a statement with its line. Comments on other lines stay, for code that takes its place; one on the same
/// line goes. A blank line that would be left doubled goes too. `None` where it shares its line with other code.
pub fn delete_statement(file: &SourceFile, statement: Node<'_>) -> Option<Edit> {
    delete_lines(file, statement.span())
}

/// Deletes the statements from `first` to `last` with the lines between them.
pub fn delete_statements(file: &SourceFile, first: Node<'_>, last: Node<'_>) -> Option<Edit> {
    delete_lines(file, Span::new(first.start(), last.end()))
}

/// Deletes the whole lines that `span` covers, where nothing else stands on them.
pub fn delete_lines(file: &SourceFile, span: Span) -> Option<Edit> {
    let source = &file.source;
    let start = line_start(source, span.start);
    let only_blank = source[start..span.start].iter().all(u8::is_ascii_whitespace);
    only_blank.then_some(())?;
    let mut end = end_of_line_behind(file, span.end)?;
    end = next_line(source, end);
    let before = line_before(source, start);
    let clause = |word: &[u8]| before.trim_ascii_start().starts_with(word);
    let opens = before.trim_ascii_end().ends_with(b"{")
        || before.trim_ascii_end().ends_with(b"(")
        || clause(b"case ")
        || clause(b"default:");
    let blank_before = start > 0 && before.trim_ascii().is_empty();
    let behind = line_at(source, end);
    if (blank_before || opens || start == 0) && end < source.len() && behind.trim_ascii().is_empty() {
        end = next_line(source, end);
        return Some(Edit::delete(Span::new(start, end)));
    }
    if blank_before
        && (behind.trim_ascii_start().starts_with(b"}") || behind.trim_ascii_start().starts_with(b")"))
    {
        return Some(Edit::delete(Span::new(start - before.len() - 1, end)));
    }
    Some(Edit::delete(Span::new(start, end)))
}
