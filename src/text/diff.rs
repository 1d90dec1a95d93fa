//! Diffs composed on bytes, split only at `\n`: what is not UTF-8, a lone `\r` or a missing final newline goes
//! through a patch unchanged.

use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices, group_diff_ops};

use super::{LineIndex, Span};

/// The context lines that patches carry, as git's do.
const CONTEXT: usize = 3;

/// One file before and after.
pub struct FilePatch<'a> {
    /// Relative to the repository's root, with `/`.
    pub path: &'a [u8],
    pub old: &'a [u8],
    pub new: &'a [u8],
}

/// Consecutive changed lines with the context around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk<'a> {
    pub old: LineRange,
    pub new: LineRange,
    pub lines: Vec<DiffLine<'a>>,
}

/// Lines of one side: `start` counts from 1, and names the line *before* where `len` is 0, as patches do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineRange {
    pub start: usize,
    pub len: usize,
}

/// One line of a hunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiffLine<'a> {
    pub change: LineChange,
    /// Its 1-based number before the change; a line that was added has none.
    pub old_number: Option<usize>,
    /// Its 1-based number after the change; a line that was removed has none.
    pub new_number: Option<usize>,
    /// With its `\n`, which only the last line of a file can lack.
    pub bytes: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineChange {
    Kept,
    Removed,
    Added,
}

impl LineChange {
    /// The character that a patch puts before the line.
    pub fn sign(self) -> char {
        match self {
            LineChange::Kept => ' ',
            LineChange::Removed => '-',
            LineChange::Added => '+',
        }
    }
}

impl<'a> DiffLine<'a> {
    /// A line by its 0-based places; it has at least one.
    fn new(bytes: &'a [u8], old: Option<usize>, new: Option<usize>) -> Self {
        DiffLine {
            change: match (old, new) {
                (_, None) => LineChange::Removed,
                (None, Some(_)) => LineChange::Added,
                (Some(_), Some(_)) => LineChange::Kept,
            },
            old_number: old.map(|at| at + 1),
            new_number: new.map(|at| at + 1),
            bytes,
        }
    }

    /// Whether a `\n` ends it.
    pub fn is_terminated(&self) -> bool {
        self.bytes.ends_with(b"\n")
    }
}

/// What `git apply` takes for this file; empty where nothing changed.
pub fn patch(file: &FilePatch<'_>) -> Vec<u8> {
    let hunks = hunks(file.old, file.new, CONTEXT);
    if hunks.is_empty() {
        return Vec::new();
    }
    let (old_name, new_name) = (quoted(b"a/", file.path), quoted(b"b/", file.path));
    // Readers of patches take a name to end at the first tab; git writes one behind names that hold a space.
    let tab: &[u8] = if file.path.contains(&b' ') { b"\t" } else { b"" };
    let mut out = [b"diff --git ", &*old_name, b" ", &new_name, b"\n"].concat();
    out.extend([b"--- ", &*old_name, tab, b"\n+++ ", &new_name, tab, b"\n"].concat());
    for hunk in &hunks {
        write_hunk(&mut out, hunk);
    }
    out
}

/// The changes from `old` to `new`, each with up to `context` unchanged lines around it.
pub fn hunks<'a>(old: &'a [u8], new: &'a [u8], context: usize) -> Vec<Hunk<'a>> {
    if old == new {
        return Vec::new();
    }
    let old_lines: Vec<&[u8]> = old.split_inclusive(|&byte| byte == b'\n').collect();
    let new_lines: Vec<&[u8]> = new.split_inclusive(|&byte| byte == b'\n').collect();
    let ops = capture_diff_slices(Algorithm::Myers, &old_lines, &new_lines);
    let groups = group_diff_ops(ops, context);
    groups
        .iter()
        .map(|group| hunk(group, &old_lines, &new_lines))
        .collect()
}

/// The changed lines of both sides, pair by pair: putting the new ones in the old ones' place makes `new`.
pub fn changed_lines(old: &[u8], new: &[u8]) -> Vec<(Span, Span)> {
    let same = common_lines(old, new);
    let (old, new) = (&old[same..], &new[same..]);
    let (old_lines, new_lines) = (LineIndex::new(old), LineIndex::new(new));
    let span = |lines: &LineIndex, range: LineRange, size: usize| {
        let first = if range.len == 0 {
            range.start + 1
        } else {
            range.start
        };
        let at = |line| same + lines.start_of(line).unwrap_or(size);
        Span::new(at(first), at(first + range.len))
    };
    hunks(old, new, 0)
        .iter()
        .map(|hunk| {
            let was = span(&old_lines, hunk.old, old.len());
            (was, span(&new_lines, hunk.new, new.len()))
        })
        .collect()
}

/// How many bytes of whole lines both begin with: most of a file, found without cutting it into lines.
fn common_lines(old: &[u8], new: &[u8]) -> usize {
    let same = old.iter().zip(new).take_while(|(was, is)| was == is).count();
    memchr::memrchr(b'\n', &old[..same]).map_or(0, |newline| newline + 1)
}

fn hunk<'a>(group: &[DiffOp], old: &[&'a [u8]], new: &[&'a [u8]]) -> Hunk<'a> {
    let lines: Vec<_> = group.iter().flat_map(|op| lines_of(op, old, new)).collect();
    let (old_before, new_before) = group
        .first()
        .map_or((0, 0), |op| (op.old_range().start, op.new_range().start));
    let old_len = lines.iter().filter(|line| line.old_number.is_some()).count();
    let new_len = lines.iter().filter(|line| line.new_number.is_some()).count();
    Hunk {
        old: LineRange::new(old_before, old_len),
        new: LineRange::new(new_before, new_len),
        lines,
    }
}

fn lines_of<'a>(op: &DiffOp, old: &[&'a [u8]], new: &[&'a [u8]]) -> Vec<DiffLine<'a>> {
    let (tag, old_range, new_range) = op.as_tag_tuple();
    if tag == DiffTag::Equal {
        let pairs = old_range.zip(new_range);
        return pairs
            .map(|(was, is)| DiffLine::new(old[was], Some(was), Some(is)))
            .collect();
    }
    let removed = old_range.map(|at| DiffLine::new(old[at], Some(at), None));
    let added = new_range.map(|at| DiffLine::new(new[at], None, Some(at)));
    removed.chain(added).collect()
}

impl LineRange {
    /// `before` lines come before the range.
    fn new(before: usize, len: usize) -> Self {
        let start = if len == 0 { before } else { before + 1 };
        LineRange { start, len }
    }
}

impl std::fmt::Display for LineRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.len {
            1 => write!(f, "{}", self.start),
            len => write!(f, "{},{len}", self.start),
        }
    }
}

fn write_hunk(out: &mut Vec<u8>, hunk: &Hunk<'_>) {
    out.extend(format!("@@ -{} +{} @@\n", hunk.old, hunk.new).bytes());
    for line in &hunk.lines {
        out.push(line.change.sign() as u8);
        out.extend_from_slice(line.bytes);
        if !line.is_terminated() {
            out.extend_from_slice(b"\n\\ No newline at end of file\n");
        }
    }
}

/// The name as git writes it in a patch: as it is, or as a C string where a byte of it is not printable ASCII.
fn quoted(prefix: &[u8], path: &[u8]) -> Vec<u8> {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if path.iter().all(is_plain) {
        return [prefix, path].concat();
    }
    let mut out = [b"\"", prefix].concat();
    for byte in path {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', *byte]),
            0x07..=0x0d => out.extend([b'\\', b"abtnvfr"[usize::from(byte - 0x07)]]),
            plain if is_plain(plain) => out.push(*plain),
            odd => out.extend(format!("\\{odd:03o}").bytes()),
        }
    }
    out.push(b'"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(path: &str, old: &str, new: &str) -> String {
        let file = FilePatch {
            path: path.as_bytes(),
            old: old.as_bytes(),
            new: new.as_bytes(),
        };
        String::from_utf8(patch(&file)).unwrap()
    }

    #[test]
    fn a_patch_reads_as_git_writes_it() {
        let expected = "diff --git a/x/a.go b/x/a.go\n--- a/x/a.go\n+++ b/x/a.go\n@@ -2,5 +2,6 @@\n 2\n 3\n 4\n\
                        -5\n+five\n+5½\n 6\n\\ No newline at end of file\n";
        let old = "1\n2\n3\n4\n5\n6";
        assert_eq!(patched("x/a.go", old, "1\n2\n3\n4\nfive\n5½\n6"), expected);
        assert_eq!(patched("x/a.go", old, old), "");
    }

    #[test]
    fn changes_far_apart_are_hunks_of_their_own() {
        let old = "a\n1\n2\n3\n4\n5\n6\n7\nb\n";
        let new = "A\n1\n2\n3\n4\n5\n6\n7\nB\n";
        let ranges: Vec<_> = hunks(old.as_bytes(), new.as_bytes(), 3)
            .iter()
            .map(|hunk| format!("{} {}", hunk.old, hunk.new))
            .collect();
        assert_eq!(ranges, ["1,4 1,4", "6,4 6,4"]);
    }

    #[test]
    fn lines_carry_their_numbers_on_both_sides() {
        let hunks = hunks(b"a\nb\n", b"a\nx\r\nb\n", 1);
        let numbers: Vec<_> = hunks[0]
            .lines
            .iter()
            .map(|line| (line.change.sign(), line.old_number, line.new_number))
            .collect();
        assert_eq!(
            numbers,
            [
                (' ', Some(1), Some(1)),
                ('+', None, Some(2)),
                (' ', Some(2), Some(3))
            ]
        );
    }

    #[test]
    fn changed_lines_put_in_place_make_the_new_file() {
        let files = [
            "",
            "a",
            "a\n",
            "a\nb\n",
            "b\n",
            "a\nx\nb\nc",
            "x\nb\nc\n",
            "\r\n\na\nc",
        ];
        for (old, new) in files
            .iter()
            .flat_map(|old| files.map(|new| (old.as_bytes(), new.as_bytes())))
        {
            let mut out = old.to_vec();
            for (was, is) in changed_lines(old, new).into_iter().rev() {
                out.splice(was.range(), is.of(new).iter().copied());
            }
            assert_eq!(out, new, "from {:?}", String::from_utf8_lossy(old));
        }
    }

    #[test]
    fn odd_names_are_quoted_as_git_does() {
        assert_eq!(quoted(b"a/", b"plain name.go"), b"a/plain name.go");
        assert_eq!(
            quoted(b"a/", "é\t\"\\\u{1}.go".as_bytes()),
            br#""a/\303\251\t\"\\\001.go""#
        );
        assert!(patched("a b.go", "", "x\n").contains("--- a/a b.go\t\n+++ b/a b.go\t\n@@ -0,0 +1 @@\n"));
    }
}
