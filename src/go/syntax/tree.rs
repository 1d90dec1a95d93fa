//! Parsing of one declaration, within a budget of the parser's own operations.

use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::generic_call::with_calls;
use super::kind::Ids;
use super::{Field, Kind, Node};
use crate::text::Span;

/// One node: 20 bytes, in preorder, so a subtree is the range `index..subtree_end`.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) parent: u32,
    pub(super) subtree_end: u32,
    pub(super) kind: Kind,
    pub(super) field: Field,
}

/// The syntax of one declaration (or one whole file), with the source it was read from. Spans are those of the
/// whole file, whatever slice was parsed.
pub struct Tree {
    source: Arc<[u8]>,
    pub(super) entries: Vec<Entry>,
    error: Option<usize>,
    too_deep: Option<usize>,
}

/// How deep code may be nested. What walks a tree by calling itself takes a stack of known size for that; code that
/// people write stays below a hundred, and generated sums and chains below a thousand.
pub const DEEPEST: usize = 4_000;

impl Tree {
    pub fn root(&self) -> Node<'_> {
        Node::new(self, 0)
    }

    /// The node with this [`Node::index`].
    pub fn node(&self, index: usize) -> Node<'_> {
        Node::new(self, index as u32)
    }

    /// The innermost node with exactly this span.
    pub fn at(&self, span: Span) -> Option<Node<'_>> {
        let first = self
            .entries
            .partition_point(|entry| (entry.start as usize) < span.start);
        let starting = self.entries[first..]
            .iter()
            .take_while(|entry| entry.start as usize == span.start);
        let found = starting
            .enumerate()
            .filter(|(_, entry)| entry.end as usize == span.end);
        found.last().map(|(at, _)| self.node(first + at))
    }

    /// The bytes of the whole file.
    pub fn source(&self) -> &[u8] {
        &self.source
    }

    /// Where the first syntax error stands, as a byte offset of the file.
    pub fn error(&self) -> Option<usize> {
        self.error
    }

    /// Where the slice is nested deeper than `DEEPEST`: it is left out, and this is its [`Tree::error`].
    pub fn too_deep(&self) -> Option<usize> {
        self.too_deep
    }
}

/// Parses the bytes of `slice`. Total: nonsense gives a tree with [`Tree::error`] set. A slice that the parser
/// cannot finish within its budget (pathological input is 20 times slower than Go) is an error at its start.
pub fn parse(source: &Arc<[u8]>, slice: Span) -> Tree {
    let text = slice.of(source);
    let tree = parse_text(source, slice, text);
    if tree.error.is_none() {
        return tree;
    }
    let again = without_new(text).map(|text| parse_text(source, slice, &text));
    again.filter(|again| again.error.is_none()).unwrap_or(tree)
}

/// The tree of `text`, which is the slice or reads like it.
fn parse_text(source: &Arc<[u8]>, slice: Span, text: &[u8]) -> Tree {
    let parsed = parse_within_budget(text);
    let tree = parsed.map(|parsed| flatten(source, slice, &parsed));
    tree.unwrap_or_else(|| unreadable(source, slice, slice.start, None))
}

/// What stands for a slice that is left out whole.
fn unreadable(source: &Arc<[u8]>, slice: Span, error: usize, too_deep: Option<usize>) -> Tree {
    Tree {
        source: Arc::clone(source),
        entries: vec![Entry {
            start: slice.start as u32,
            end: slice.end as u32,
            parent: 0,
            subtree_end: 1,
            kind: Kind::Error,
            field: Field::Other,
        }],
        error: Some(error),
        too_deep,
    }
}

/// The text with another name of the same length for `new`, where its argument may be a value: Go 1.26 allows
/// that, and to the grammar the argument of `new` is a type. `None` without such a call.
fn without_new(text: &[u8]) -> Option<Vec<u8>> {
    const TYPES: [&[u8]; 6] = [b"[", b"map[", b"chan ", b"func(", b"struct", b"interface"];
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'.';
    let calls = memchr::memmem::find_iter(text, b"new(").filter(|&at| {
        let argument = text.get(at + 4..).unwrap_or_default().trim_ascii_start();
        let is_name_end = at > 0 && text.get(at - 1).is_some_and(is_word);
        !is_name_end && !TYPES.iter().any(|start| argument.starts_with(start))
    });
    let mut masked: Option<Vec<u8>> = None;
    for at in calls {
        masked.get_or_insert_with(|| text.to_vec())[at..at + 3].copy_from_slice(b"nev");
    }
    masked
}

/// How often the parser may ask whether to go on, which it does after each hundred of its operations: three times what
/// the densest of 7,900 real files and declarations took, one time in 50 bytes, and a start that none came near. No clock
/// decides: the same text has the same tree under any load.
fn budget(bytes: usize) -> usize {
    500 + bytes / 16
}

fn parse_within_budget(text: &[u8]) -> Option<tree_sitter::Tree> {
    thread_local! {
        static PARSER: RefCell<tree_sitter::Parser> = RefCell::new(go_parser());
    }
    let asked = Cell::new(0);
    let mut progress = |_: &tree_sitter::ParseState| {
        asked.set(asked.get() + 1);
        match asked.get() < budget(text.len()) {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    };
    PARSER.with_borrow_mut(|parser| {
        let options = tree_sitter::ParseOptions::new().progress_callback(&mut progress);
        // A declaration ends with its line, and `var x T` without an end of line is no declaration to the grammar.
        let mut read = |at: usize, _| match text.get(at..) {
            Some([]) => b"\n",
            Some(rest) => rest,
            None => &[],
        };
        let tree = parser.parse_with_options(&mut read, None, Some(options));
        parser.reset();
        tree
    })
}

fn go_parser() -> tree_sitter::Parser {
    let mut parser = tree_sitter::Parser::new();
    parser
        .set_language(&tree_sitter_go::LANGUAGE.into())
        .expect("the Go grammar fits the parser it is released with");
    parser
}

/// Copies named nodes and field-bearing tokens into the array, in one walk without recursion.
fn flatten(source: &Arc<[u8]>, slice: Span, parsed: &tree_sitter::Tree) -> Tree {
    let place = |byte: usize| (slice.start + byte).min(slice.end);
    let ids = Ids::get();
    let mut entries: Vec<Entry> = Vec::new();
    let mut open: Vec<u32> = Vec::new();
    let mut error = None;
    let mut cursor = parsed.walk();
    loop {
        let node = cursor.node();
        let field = ids.field(cursor.field_id());
        if node.is_error() || node.is_missing() {
            error.get_or_insert(place(node.start_byte()));
        }
        let kept = node.is_named() || field != Field::Other;
        if kept {
            let (start, mut end) = (place(node.start_byte()), place(node.end_byte()));
            let kind = ids.kind(node.kind_id());
            // To the grammar, a line comment ends with the `\n`; its `\r` ends the line as well.
            if kind == Kind::Comment && source[start..end].ends_with(b"\r") {
                end -= 1;
            }
            entries.push(Entry {
                start: start as u32,
                end: end as u32,
                parent: open.last().copied().unwrap_or(0),
                subtree_end: 0,
                kind,
                field,
            });
        }
        if kept && cursor.goto_first_child() {
            open.push(entries.len() as u32 - 1);
            if open.len() > DEEPEST {
                let at = place(node.start_byte());
                return unreadable(source, slice, at, Some(at));
            }
            continue;
        }
        if kept {
            close(&mut entries, None);
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return Tree {
                    source: Arc::clone(source),
                    entries: with_calls(source, entries),
                    error,
                    too_deep: None,
                };
            }
            close(&mut entries, open.pop());
        }
    }
}

/// Ends the subtree of `index`, or of the last entry.
fn close(entries: &mut [Entry], index: Option<u32>) {
    let end = entries.len() as u32;
    let index = index.unwrap_or(end - 1);
    entries[index as usize].subtree_end = end;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(source: &str) -> Tree {
        parse(&Arc::from(source.as_bytes()), Span::new(0, source.len()))
    }

    #[test]
    fn spans_of_a_slice_are_those_of_the_file() {
        let source: Arc<[u8]> = Arc::from(&b"package p\n\nfunc f() { g(1) }\n"[..]);
        let tree = parse(&source, Span::new(11, source.len()));
        let call = tree
            .root()
            .descendants()
            .find(|node| node.kind() == Kind::CallExpression)
            .unwrap();
        assert_eq!(call.text(), "g(1)");
        assert_eq!(call.field(Field::Function).unwrap().text(), "g");
        assert_eq!(tree.error(), None);
    }

    #[test]
    fn a_declaration_needs_no_end_of_line() {
        for source in ["var x T", "var x *T", "type t *T", "var x []T"] {
            let tree = tree(source);
            assert_eq!(tree.error(), None, "{source}");
            assert!(tree.root().subtree().all(|node| node.end() <= source.len()));
        }
    }

    #[test]
    fn broken_code_is_a_tree_with_an_error() {
        assert!(tree("func f( {").error().is_some());
        assert!(tree("\u{0}\u{1}%%%").error().is_some());
        assert_eq!(tree("").error(), None);
    }

    #[test]
    fn new_takes_values_as_of_go_1_26() {
        let values = tree("func f() {\n\tx := new(g(1).y)\n\ty := new([]int)\n\tz := new(map[string]T)\n}");
        assert_eq!(values.error(), None);
        let mut calls = values
            .root()
            .descendants()
            .filter(|node| node.is(Kind::CallExpression));
        let call = calls.next().unwrap();
        assert_eq!(call.text(), "new(g(1).y)");
        assert_eq!(call.field(Field::Function).unwrap().text(), "new");
        assert!(tree("func f() { new(g( }").error().is_some());
    }

    #[test]
    fn what_is_nested_too_deep_is_left_out() {
        let nested = |depth: usize| format!("var x = {}1{}", "(".repeat(depth), ")".repeat(depth));
        let most = tree(&nested(DEEPEST - 10));
        assert_eq!((most.error(), most.too_deep()), (None, None));
        assert!(most.root().descendants().count() > DEEPEST - 10);
        for depth in [DEEPEST, 20_000] {
            let left_out = tree(&nested(depth));
            assert!(left_out.too_deep().is_some());
            assert_eq!(left_out.too_deep(), left_out.error());
            assert_eq!(left_out.root().descendants().count(), 0);
        }
    }
}
