//! Lines of a text by number, and offsets by line.

use memchr::memchr_iter;

/// A place as people and editors name it: 1-based line and column, the column in UTF-8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// Where each line of a file starts. Lines end at `\n`; a `\r` before it belongs to its line.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<usize>,
}

impl LineIndex {
    pub fn new(source: &[u8]) -> Self {
        let after_newlines = memchr_iter(b'\n', source).map(|at| at + 1);
        LineIndex {
            starts: std::iter::once(0).chain(after_newlines).collect(),
        }
    }

    /// The position of the byte at `offset`.
    pub fn position(&self, offset: usize) -> Position {
        let line = self.starts.partition_point(|&start| start <= offset);
        Position {
            line,
            column: offset - self.starts[line - 1] + 1,
        }
    }

    /// The offset at which the 1-based `line` starts, if the file has that line.
    pub fn start_of(&self, line: usize) -> Option<usize> {
        self.starts.get(line.checked_sub(1)?).copied()
    }
}

/// How many UTF-16 code units the text has; what is no UTF-8 counts as the one that replaces it.
pub fn utf16_len(bytes: &[u8]) -> usize {
    let lengths = bytes
        .utf8_chunks()
        .map(|chunk| chunk.valid().encode_utf16().count() + usize::from(!chunk.invalid().is_empty()));
    lengths.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_bytes_from_one() {
        let index = LineIndex::new("a\né b\r\nc".as_bytes());
        assert_eq!(index.position(0), Position { line: 1, column: 1 });
        assert_eq!(index.position(5), Position { line: 2, column: 4 });
        assert_eq!(index.position(8), Position { line: 3, column: 1 });
        assert_eq!(index.start_of(3), Some(8));
        assert_eq!(index.start_of(0), None);
    }

    #[test]
    fn utf16_counts_pairs_and_what_is_no_text() {
        assert_eq!(utf16_len("a漢😀".as_bytes()), 4);
        assert_eq!(utf16_len(b"a\xffb"), 3);
    }
}
