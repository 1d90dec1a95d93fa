//! Comments, lines and constraints.

use unleak::go::SourceFile;
use unleak::go::syntax::{Kind, Node};
use unleak::text::{Edit, Span};

use super::{Random, functions, lists, text};

/// A comment where one may stand: before, behind and within statements, at the ends of blocks.
pub fn comment(file: &SourceFile, random: &mut Random) -> Option<Vec<Edit>> {
    let lists = lists(file);
    let list = random.pick(&lists)?;
    let statement = random.pick(list)?;
    let (start, end) = (statement.start(), statement.end());
    Some(vec![match random.below(8) {
        0 => Edit::insert(start, "// Why this is so.\n"),
        1 => Edit::insert(start, "/* why */ "),
        2 => Edit::insert(end, " // so it is"),
        3 => Edit::insert(end, "\n// What follows."),
        4 => Edit::insert(end, " /* one */ // two"),
        5 => Edit::insert(list.last()?.end(), "\n// The end."),
        6 => Edit::insert(start, "//nolint:errcheck // reason\n\n// Apart.\n\n"),
        _ => {
            let inner: Vec<Node<'_>> = statement
                .descendants()
                .filter(|node| !node.is(Kind::Other))
                .collect();
            Edit::insert(random.pick(&inner)?.start(), "/* here */ ")
        }
    }])
}

/// Two statements on one line.
pub fn join_lines(file: &SourceFile, random: &mut Random) -> Option<Vec<Edit>> {
    let lists = lists(file);
    let list = random.pick(&lists)?;
    let pairs: Vec<_> = list.windows(2).collect();
    let pair = random.pick(&pairs)?;
    let between = Span::new(pair[0].end(), pair[1].start());
    let is_blank = text(file, between).trim().is_empty();
    is_blank.then(|| vec![Edit::replace(between, "; ")])
}

/// A build constraint that holds, or a comment above the package clause.
pub fn constrain(file: &SourceFile, random: &mut Random) -> Option<Vec<Edit>> {
    let all = functions(file);
    let head = *random.pick(&[
        "//go:build !windows && !plan9\n\n",
        "//go:build go1.18\n// +build go1.18\n\n",
        "/* Licence. */\n\n",
    ])?;
    match all.is_empty() || file.source.starts_with(b"//go:build") {
        true => None,
        false => Some(vec![Edit::insert(0, head)]),
    }
}

pub fn with_crlf(source: &mut Vec<u8>) {
    let text = String::from_utf8_lossy(source)
        .replace("\r\n", "\n")
        .replace('\n', "\r\n");
    *source = text.into_bytes();
}
