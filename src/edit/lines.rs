//! Lines of a file: where they start and end, how they are indented and what ends them.

use crate::go::syntax::Node;
use crate::go::{SourceFile, first_indentation};

/// The line ending of the file.
pub fn newline(file: &SourceFile) -> &'static str {
    let first = memchr::memchr(b'\n', &file.source);
    match first {
        Some(at) if at > 0 && file.source[at - 1] == b'\r' => "\r\n",
        _ => "\n",
    }
}

/// The white space at the start of the line that holds `offset`.
pub fn indentation(file: &SourceFile, offset: usize) -> &str {
    let start = line_start(&file.source, offset);
    let blank = file.source[start..]
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    std::str::from_utf8(&file.source[start..start + blank]).unwrap_or("")
}

/// One deeper level of indentation in the style of this file: a tab, or the spaces of its first indented line of
/// code. Comments say nothing: gofmt leaves what stands inside of them alone.
pub fn indentation_unit(file: &SourceFile) -> &str {
    match first_indentation(&file.source) {
        Some(blank) if blank.starts_with(b" ") => std::str::from_utf8(blank).unwrap_or("\t"),
        _ => "\t",
    }
}

/// How deep the statement stands that a block belongs to. Its closing brace knows, where it begins a line: the opening
/// one may end the last of several lines, as behind a long list of parameters.
pub(super) fn indentation_of_block<'a>(file: &'a SourceFile, block: Node<'_>) -> &'a str {
    let brace = block.end().saturating_sub(1);
    let closing = indentation(file, brace);
    match line_start(&file.source, brace) + closing.len() == brace {
        true => closing,
        false => indentation(file, block.start()),
    }
}

/// Whether `name` stands in `bytes` as a word of its own that no dot precedes.
pub(super) fn mentions_word(bytes: &[u8], name: &str) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
    memchr::memmem::find_iter(bytes, name.as_bytes()).any(|at| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let behind = bytes.get(at + name.len());
        !before.is_some_and(|byte| is_word(byte) || *byte == b'.') && !behind.is_some_and(is_word)
    })
}

pub(super) fn laid_out_behind(file: &SourceFile, indent: &str, lines: &[&str]) -> String {
    let (end, unit) = (newline(file), indentation_unit(file));
    let line = |line: &&str| match line.is_empty() {
        true => end.to_owned(),
        false => format!("{end}{indent}{}", nested(line, unit)),
    };
    lines.iter().map(line).collect()
}

/// Leading tabs of generated code become the file's own unit.
pub(super) fn nested(line: &str, unit: &str) -> String {
    let depth = line.bytes().take_while(|byte| *byte == b'\t').count();
    format!("{}{}", unit.repeat(depth), &line[depth..])
}

/// The end of the line behind `offset`, where only a comment may stand between.
pub(super) fn end_of_line_behind(file: &SourceFile, offset: usize) -> Option<usize> {
    let rest = line_rest(&file.source, offset);
    let text = rest.trim_ascii();
    let free =
        text.is_empty() || text.starts_with(b"//") || (text.starts_with(b"/*") && text.ends_with(b"*/"));
    free.then_some(offset + rest.len() - usize::from(rest.ends_with(b"\r")))
}

pub(super) fn line_start(source: &[u8], offset: usize) -> usize {
    memchr::memrchr(b'\n', &source[..offset]).map_or(0, |at| at + 1)
}

/// What stands between `offset` and the end of its line.
pub(super) fn line_rest(source: &[u8], offset: usize) -> &[u8] {
    let rest = &source[offset..];
    &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())]
}

pub(super) fn next_line(source: &[u8], offset: usize) -> usize {
    memchr::memchr(b'\n', &source[offset..]).map_or(source.len(), |at| offset + at + 1)
}

pub(super) fn line_at(source: &[u8], start: usize) -> &[u8] {
    line_rest(source, start)
}

/// The line before the one that starts at `start`, without its newline.
pub(super) fn line_before(source: &[u8], start: usize) -> &[u8] {
    match start.checked_sub(1) {
        Some(newline) => &source[line_start(source, newline)..newline],
        None => &[],
    }
}
