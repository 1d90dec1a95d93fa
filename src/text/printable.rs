//! Text of unknown origin, so that it cannot command or mislead a terminal.

use std::borrow::Cow;

/// Bytes of an untrusted file or its name, fit for a terminal: control characters and those that reorder text
/// are written as escapes, and so is what is not UTF-8. A tab stays.
pub fn printable(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(misleads) => Cow::Borrowed(text),
        _ => Cow::Owned(bytes.utf8_chunks().map(escaped).collect()),
    }
}

/// Bytes of several lines, fit for a terminal: their ends stay.
pub fn printable_lines(bytes: &[u8]) -> String {
    let lines = bytes.split_inclusive(|&byte| byte == b'\n').map(|line| {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text
            .strip_suffix(b"\r")
            .filter(|_| line.ends_with(b"\n"))
            .unwrap_or(text);
        let end = String::from_utf8_lossy(&line[text.len()..]);
        format!("{}{end}", printable(text))
    });
    lines.collect()
}

fn escaped(chunk: std::str::Utf8Chunk<'_>) -> String {
    let mut out = String::new();
    for char in chunk.valid().chars() {
        match misleads(char) {
            true => out.extend(char.escape_unicode()),
            false => out.push(char),
        }
    }
    for byte in chunk.invalid() {
        out.push_str(&format!("\\x{byte:02x}"));
    }
    out
}

/// Whether a character must not reach a reader as it is: terminals act on control characters, the others make text look
/// like what it is not, and the last two are none (XML forbids them).
pub fn misleads(char: char) -> bool {
    let reorders = matches!(char, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let hides = matches!(
        char,
        '\u{200b}'..='\u{200d}' | '\u{2028}' | '\u{2029}' | '\u{2060}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
    );
    (char.is_control() && char != '\t') || reorders || hides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(printable("\tzażółć 漢字".as_bytes()), Cow::Borrowed(_)));
    }

    #[test]
    fn what_a_terminal_would_obey_is_spelled_out() {
        assert_eq!(printable(b"a\x1b[2Jb\r\n"), r"a\u{1b}[2Jb\u{d}\u{a}");
        assert_eq!(printable("x\u{202e}y\u{9b}".as_bytes()), r"x\u{202e}y\u{9b}");
        assert_eq!(printable(b"caf\xe9\xff!"), r"caf\xe9\xff!");
    }

    #[test]
    fn ends_of_lines_stay() {
        assert_eq!(
            printable_lines(b"a\x1b\r\n\n\tb\rc\r"),
            "a\\u{1b}\r\n\n\tb\\u{d}c\\u{d}"
        );
    }
}
