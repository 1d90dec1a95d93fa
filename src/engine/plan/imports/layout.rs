//! How the imports of a file lie on its lines.

use crate::go::{Import, Module, SourceFile};
use crate::text::Span;

/// One `import` declaration.
pub(super) struct Clause<'a> {
    pub span: Span,
    /// Behind the `(`, where it has one.
    pub opened: Option<usize>,
    pub imports: Vec<&'a Import>,
}

impl Clause<'_> {
    /// cgo reads the comment above its import, which must stay alone.
    pub fn is_cgo(&self) -> bool {
        self.imports.iter().any(|import| import.path == "C")
    }
}

/// The import declarations of the file in order.
pub(super) fn clauses(file: &SourceFile) -> Vec<Clause<'_>> {
    let clause = |&span: &Span| {
        let imports: Vec<&Import> = file
            .imports
            .iter()
            .filter(|import| span.contains(import.span))
            .collect();
        let head_end = imports.first().map_or(span.end, |first| first.span.start);
        let head = Span::new(span.start, head_end).of(&file.source);
        Clause {
            span,
            opened: memchr::memchr(b'(', head).map(|at| span.start + at + 1),
            imports,
        }
    };
    file.import_decls.iter().map(clause).collect()
}

/// Imports on consecutive lines: what gofmt sorts as one.
pub(super) fn runs<'a>(lines: Lines<'_>, imports: &[&'a Import]) -> Vec<Vec<&'a Import>> {
    let joined = |a: &&Import, b: &&Import| lines.of(b.span.start) <= lines.of(a.span.end) + 1;
    imports.chunk_by(joined).map(<[_]>::to_vec).collect()
}

/// Whether a path belongs to the standard library: no dot in its first element, and not this module's.
pub(super) fn is_std(path: &str, module: Option<&Module>) -> bool {
    let first = |path: &str| path.split('/').next().unwrap_or_default().to_owned();
    let own = module.is_some_and(|module| first(&module.path) == first(path));
    !own && !first(path).contains('.')
}

/// The lines of a file, by their 1-based numbers.
#[derive(Clone, Copy)]
pub(super) struct Lines<'a>(pub &'a SourceFile);

impl<'a> Lines<'a> {
    pub fn of(self, offset: usize) -> usize {
        self.0.lines().position(offset).line
    }

    pub fn start(self, line: usize) -> usize {
        self.0.lines().start_of(line).unwrap_or(self.0.source.len())
    }

    /// Where the line's text ends, before `\n` or `\r\n`.
    pub fn end(self, line: usize) -> usize {
        let text = Span::new(self.start(line), self.start(line + 1)).of(&self.0.source);
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        self.start(line) + text.len()
    }

    pub fn text(self, line: usize) -> &'a [u8] {
        Span::new(self.start(line), self.end(line))
            .of(&self.0.source)
            .trim_ascii()
    }

    /// A blank line of the file; what lies behind its end is none.
    pub fn is_blank(self, line: usize) -> bool {
        self.0.lines().start_of(line).is_some() && self.text(line).is_empty()
    }

    pub fn is_comment(self, line: usize) -> bool {
        self.text(line).starts_with(b"//")
    }

    /// Whether only white space stands before `offset` on its line.
    pub fn starts_at(self, offset: usize) -> bool {
        let before = Span::new(self.start(self.of(offset)), offset).of(&self.0.source);
        before.trim_ascii().is_empty()
    }

    /// Whether only white space and a comment stand behind `offset` on its line.
    pub fn ends_at(self, offset: usize) -> bool {
        let behind = Span::new(offset, self.end(self.of(offset)).max(offset)).of(&self.0.source);
        let behind = behind.trim_ascii();
        let is_closed = || memchr::memmem::find(behind, b"*/") == Some(behind.len().saturating_sub(2));
        behind.is_empty() || behind.starts_with(b"//") || (behind.starts_with(b"/*") && is_closed())
    }

    /// The white space with which the line of `offset` begins.
    pub fn indent(self, offset: usize) -> String {
        let line = self.of(offset);
        let text = Span::new(self.start(line), self.end(line)).of(&self.0.source);
        let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
        blanks.map(|&byte| char::from(byte)).collect()
    }

    /// The first of the comment lines that stand directly above `line`, below line `floor`; or `line` itself.
    pub fn comment_start(self, line: usize, floor: usize) -> usize {
        let mut first = line;
        while first > floor + 1 && self.is_comment(first - 1) {
            first -= 1;
        }
        first
    }

    pub fn newline(self) -> &'static str {
        crate::edit::newline(self.0)
    }
}
