//! What the Go tools say of a package, told apart by what it is about and where that stands: an edit above a line
//! moves it and the lines that messages name, and makes nothing new.

use std::collections::HashMap;

use crate::text::{LineChange, hunks};

/// One message of a Go tool, in the numbers of the sources that it read.
#[derive(Clone, Debug)]
pub(super) struct Complaint {
    pub shown: String,
    /// Absent where a failure has no place.
    place: Option<Position>,
    /// Without its place, with the lines that explain it.
    message: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Position {
    file: String,
    line: usize,
    /// 0 where the message names a line only.
    column: usize,
}

/// A message is text and the places that it names.
#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Place(Position),
}

/// Where something stood before the edits.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Spot {
    /// On a line that stays, so many bytes behind its indentation.
    Kept { line: usize, column: usize },
    /// On a line that one of the edits removes or adds.
    Changed { hunk: usize },
}

/// A complaint in the numbers that hold before the edits.
#[derive(PartialEq, Eq)]
struct Settled {
    place: Option<(String, Spot)>,
    words: String,
    /// What stands in the line, for one that an edit removes or adds.
    moved: Option<Vec<u8>>,
}

/// How the lines of one file move.
#[derive(Debug)]
struct Lines {
    /// By line from 1.
    before: Vec<Line>,
    after: Vec<Line>,
}

/// Where a line stood, and its bytes.
type Line = (Spot, Vec<u8>);

/// The edited files, by path.
#[derive(Debug, Default)]
pub(super) struct Moves(HashMap<String, Lines>);

impl Moves {
    pub fn note(&mut self, path: &str, old: &[u8], new: &[u8]) {
        self.0.insert(path.to_owned(), Lines::new(old, new));
    }

    /// A message that is there and was not, or is there more often than it was.
    pub fn first_new<'c>(&self, before: &[Complaint], after: &'c [Complaint]) -> Option<&'c Complaint> {
        let mut known: Vec<Settled> = { before.iter() }
            .map(|complaint| self.settled(complaint, |lines| &lines.before))
            .collect();
        let after = after
            .iter()
            .map(|complaint| (complaint, self.settled(complaint, |lines| &lines.after)));
        let open: Vec<_> = { after }
            .filter(|(_, is)| !strike(&mut known, |was| was.place == is.place && was.words == is.words))
            .collect();
        // A line that goes in one place and comes back in another takes along what was said of it.
        let open = open
            .into_iter()
            .find(|(_, is)| !strike(&mut known, |was| was.moved_to(is)));
        open.map(|(complaint, _)| complaint)
    }

    fn settled(&self, complaint: &Complaint, side: fn(&Lines) -> &Vec<Line>) -> Settled {
        let entry = |position: &Position| {
            let lines = self.0.get(&position.file).map(side)?;
            lines.get(position.line.checked_sub(1)?)
        };
        let spot = |position: &Position| match entry(position) {
            Some((Spot::Kept { line, column }, _)) => Spot::Kept {
                line: *line,
                column: position.column.saturating_sub(*column),
            },
            Some((changed, _)) => changed.clone(),
            None => Spot::Kept {
                line: position.line,
                column: position.column,
            },
        };
        let mut words = String::new();
        for piece in &complaint.message {
            match piece {
                Piece::Text(text) => words.push_str(text),
                Piece::Place(named) => words.push_str(&format!("{}:{:?}", named.file, spot(named))),
            }
        }
        let changed = complaint.place.as_ref().and_then(entry);
        Settled {
            // What a return leaves open is said of one return for each name: an edit may put another before it.
            place: { complaint.place.as_ref() }
                .filter(|_| !complaint.is_about_another_line())
                .map(|place| (place.file.clone(), spot(place))),
            words,
            moved: changed
                .filter(|(spot, _)| matches!(spot, Spot::Changed { .. }))
                .map(|(_, bytes)| bytes.trim_ascii().to_vec()),
        }
    }
}

/// Takes out the first of the known ones that matches.
fn strike(known: &mut Vec<Settled>, matches: impl FnMut(&Settled) -> bool) -> bool {
    let at = known.iter().position(matches);
    at.map(|at| known.swap_remove(at)).is_some()
}

impl Settled {
    fn moved_to(&self, other: &Settled) -> bool {
        self.moved.is_some() && self.moved == other.moved && self.words == other.words
    }
}

impl Lines {
    /// Lines that differ in their indentation only are the same.
    fn new(old: &[u8], new: &[u8]) -> Self {
        let (was, is) = (bare(old), bare(new));
        let mut kept: HashMap<usize, usize> = HashMap::new();
        let (mut gone, mut come) = (HashMap::new(), HashMap::new());
        let (mut old_at, mut new_at) = (1, 1);
        for (at, hunk) in hunks(&was, &is, 0).iter().enumerate() {
            // A range without lines names the line before it.
            let first = hunk.new.start + usize::from(hunk.new.len == 0);
            while new_at < first {
                kept.insert(new_at, old_at);
                (old_at, new_at) = (old_at + 1, new_at + 1);
            }
            for line in &hunk.lines {
                match line.change {
                    LineChange::Removed => gone.insert(old_at, at),
                    LineChange::Added => come.insert(new_at, at),
                    LineChange::Kept => kept.insert(new_at, old_at),
                };
                old_at += usize::from(line.change != LineChange::Added);
                new_at += usize::from(line.change != LineChange::Removed);
            }
        }
        let shift = |line: usize| (line + old_at).saturating_sub(new_at);
        let row = |bytes: &[u8], changed: Option<&usize>, line: usize| {
            let column = bytes.len() - bytes.trim_ascii_start().len();
            let spot = match changed {
                Some(hunk) => Spot::Changed { hunk: *hunk },
                None => Spot::Kept { line, column },
            };
            (spot, bytes.to_vec())
        };
        let numbered = |bytes| (1..).zip(rows(bytes));
        Lines {
            before: numbered(old)
                .map(|(line, bytes)| row(bytes, gone.get(&line), line))
                .collect(),
            after: numbered(new)
                .map(|(line, bytes)| {
                    let stood = kept.get(&line).copied().unwrap_or_else(|| shift(line));
                    row(bytes, come.get(&line), stood)
                })
                .collect(),
        }
    }
}

fn rows(source: &[u8]) -> impl Iterator<Item = &[u8]> {
    source.split(|byte| *byte == b'\n')
}

/// The lines without what is around them.
fn bare(source: &[u8]) -> Vec<u8> {
    let trimmed: Vec<&[u8]> = rows(source).map(<[u8]>::trim_ascii).collect();
    trimmed.join(&b'\n')
}

impl Complaint {
    /// `./file.go:3:2: message`, vet's type errors with a word in front. `seen` makes of a path the one that people
    /// see.
    pub fn placed(line: &str, seen: &dyn Fn(&str) -> String) -> Option<Self> {
        let line = line.strip_prefix("vet: ").unwrap_or(line);
        let (stem, rest) = line.split_once(".go:")?;
        let file = seen(&format!("{stem}.go"));
        let (place, said) = position(file, rest)?;
        Some(Complaint {
            shown: format!("{}:{rest}", place.file),
            message: pieces(said, &place.file, seen),
            place: Some(place),
        })
    }

    pub fn whole(line: Option<&str>) -> Self {
        let line = line.unwrap_or("go failed without a reason").trim();
        Complaint {
            shown: line.to_owned(),
            place: None,
            message: vec![Piece::Text(line.to_owned())],
        }
    }

    /// Takes up a line that stands, indented, below the message and explains it.
    pub fn explain(&mut self, line: &str, seen: &dyn Fn(&str) -> String) {
        let file = self.place.as_ref().map_or("", |place| &place.file).to_owned();
        self.message.extend(pieces(line, &file, seen));
    }

    fn is_about_another_line(&self) -> bool {
        let is = |text: &str| text.ends_with("defined on line ");
        let mut texts = self.message.iter();
        texts.any(|piece| matches!(piece, Piece::Text(text) if is(text)))
    }
}

/// `3:2: rest`, or `3: rest`.
fn position(file: String, text: &str) -> Option<(Position, &str)> {
    let (line, rest) = number(text)?;
    let behind = rest.strip_prefix(':').and_then(number);
    let (column, rest) = behind.unwrap_or((0, rest));
    Some((Position { file, line, column }, rest))
}

fn number(text: &str) -> Option<(usize, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

/// The words before the number of a line in the file that the message is about.
const LINE_WORDS: [&str; 3] = ["on line ", "at line ", "at L"];

/// Cuts a message where it names a place: `file.go:3:2`, `on line 3`. What it quotes from the source names none.
fn pieces(text: &str, file: &str, seen: &dyn Fn(&str) -> String) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let (mut from, mut at) = (0, 0);
    let is_quoted = |at: usize| text[..at].matches('"').count() % 2 == 1;
    while let Some((start, end, place)) = next_place(text, at, file, seen) {
        at = end;
        if is_quoted(start) {
            continue;
        }
        pieces.push(Piece::Text(text[from..start].to_owned()));
        pieces.push(Piece::Place(place));
        from = end;
    }
    pieces.push(Piece::Text(text[from..].to_owned()));
    pieces
}

/// The first place that is named from `at` on, with where its name begins and ends.
fn next_place(
    text: &str,
    at: usize,
    file: &str,
    seen: &dyn Fn(&str) -> String,
) -> Option<(usize, usize, Position)> {
    let rest = &text[at..];
    let by_words = LINE_WORDS.iter().filter_map(|words| {
        let start = at + rest.find(words)? + words.len();
        let (line, behind) = number(&text[start..])?;
        let place = Position {
            file: file.to_owned(),
            line,
            column: 0,
        };
        Some((start, text.len() - behind.len(), place))
    });
    let by_path = rest.find(".go:").and_then(|dot| {
        let dot = at + dot;
        let is_end = |c: char| c.is_whitespace() || matches!(c, '(' | '"' | '`' | '\'');
        let start = text[..dot].rfind(is_end).map_or(0, |end| {
            end + text[end..].chars().next().map_or(1, char::len_utf8)
        });
        let path = seen(&text[start..dot + ".go".len()]);
        let (place, behind) = position(path, &text[dot + ".go:".len()..])?;
        Some((start, text.len() - behind.len(), place))
    });
    by_words.chain(by_path).min_by_key(|(start, ..)| *start)
}

#[cfg(test)]
mod tests {
    use super::{Complaint, Moves};

    const OLD: &str = "package p\n\nfunc f() {\n\ta := open()\n\tb := open()\n\tuse(a, b)\n\treturn\n}\n";

    fn said(lines: &[&str]) -> Vec<Complaint> {
        let seen = |path: &str| path.trim_start_matches("./").to_owned();
        let mut all: Vec<Complaint> = Vec::new();
        for line in lines {
            match line.strip_prefix('\t') {
                Some(line) => all.last_mut().unwrap().explain(line, &seen),
                None => all.push(Complaint::placed(line, &seen).unwrap()),
            }
        }
        all
    }

    fn new_of(new: &str, before: &[&str], after: &[&str]) -> Option<String> {
        let mut moves = Moves::default();
        moves.note("p.go", OLD.as_bytes(), new.as_bytes());
        let (before, after) = (said(before), said(after));
        let found = moves.first_new(&before, &after);
        found.map(|complaint| complaint.shown.clone())
    }

    #[test]
    fn lines_in_messages_move_with_the_code() {
        let new = OLD.replace("\tb :=", "\tdefer a.Close()\n\tb :=");
        let before = [
            "p.go:5:2: b is lost",
            "p.go:7:2: b defined on line 5",
            "p.go:7:2: a defined on line 4",
        ];
        let after = ["p.go:6:2: b is lost", "p.go:8:2: b defined on line 6"];
        assert_eq!(new_of(&new, &before, &after), None);
        let other = ["p.go:6:2: b is lost", "p.go:8:2: b defined on line 5"];
        assert_eq!(
            new_of(&new, &before, &other).unwrap(),
            "p.go:8:2: b defined on line 5"
        );
    }

    #[test]
    fn lines_that_go_move_what_is_below() {
        let new = OLD.replace("\ta := open()\n", "");
        let old = ["./p.go:7:2: x redeclared", "\t./p.go:6:6: other declaration of x"];
        let after = ["./p.go:6:2: x redeclared", "\t./p.go:5:6: other declaration of x"];
        assert_eq!(new_of(&new, &old, &after), None);
        assert_eq!(new_of(&new, &old, &old).unwrap(), "p.go:7:2: x redeclared");
    }

    #[test]
    fn the_same_words_of_another_line_are_new() {
        let new = OLD.replace("\tuse", "\tdefer a.Close()\n\tuse");
        assert_eq!(
            new_of(&new, &["p.go:5:2: lost"], &["p.go:4:2: lost"]).unwrap(),
            "p.go:4:2: lost"
        );
        let twice = ["p.go:5:2: lost", "p.go:5:2: lost"];
        assert_eq!(
            new_of(&new, &["p.go:5:2: lost"], &twice).unwrap(),
            "p.go:5:2: lost"
        );
        assert_eq!(
            new_of(&new, &["p.go:5:2: lost"], &["p.go:5:7: lost"]).unwrap(),
            "p.go:5:7: lost"
        );
        assert!(new_of(&new, &[], &["p.go:6:2: lost"]).is_some());
    }

    #[test]
    fn code_that_is_indented_or_moved_keeps_its_complaints() {
        let wrapped = OLD.replace("\tuse(a, b)\n", "\tfunc() {\n\t\tuse(a, b)\n\t}()\n");
        assert_eq!(
            new_of(&wrapped, &["p.go:6:6: copies"], &["p.go:7:7: copies"]),
            None
        );
        let moved = OLD
            .replace("\ta := open()\n", "")
            .replace("\treturn\n", "\treturn\n\ta := open()\n");
        assert_eq!(new_of(&moved, &["p.go:4:2: lost"], &["p.go:7:2: lost"]), None);
    }

    #[test]
    fn a_line_that_the_source_speaks_of_is_no_place() {
        let new = OLD.replace("\tuse", "\tdefer a.Close()\n\tuse");
        let message = "format \"on line 7\" has arguments";
        let (before, after) = (format!("p.go:7:2: {message}"), format!("p.go:8:2: {message}"));
        assert_eq!(new_of(&new, &[&before], &[&after]), None);
    }
}
