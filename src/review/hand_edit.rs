//! A fix changed by hand: what the editor is given, and how its result becomes edits again. Only the lines
//! that differ from the source become edits, so that a hand edit gets in the way of as few other fixes as the
//! fix it came from.

use std::fmt;

use crate::go::{FileId, SourceFile};
use crate::text::{Edit, EditSet, LineChange, LineIndex, LineRange, Span, hunks, printable};

/// As many unchanged lines as the person saw around the change.
const CONTEXT: usize = 3;

/// What stands before each region when there are several.
const MARK: &str = "//// unleak: ";

/// One file with the fix applied, as the person edits it.
pub struct Draft<'a> {
    pub file: FileId,
    pub path: &'a str,
    pub old: &'a [u8],
    pub new: &'a [u8],
}

/// The changed regions of a fix, on their way through an editor.
pub struct HandEdit<'a> {
    drafts: Vec<Draft<'a>>,
    regions: Vec<Region>,
}

/// Whole lines of a draft's new text.
struct Region {
    draft: usize,
    lines: LineRange,
    span: Span,
}

/// Why the editor's result is no fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// Nothing was changed.
    Unchanged,
    /// Everything was deleted: how people leave an editor that asks for a text.
    Emptied,
    /// The source as it was before the fix.
    TakenBack,
    /// The lines that tell the regions apart are gone.
    MarksLost,
    /// The bytes are not UTF-8, as Go source must be.
    NotUtf8,
    /// The file would not be Go any more.
    DoesNotParse { path: String, line: usize },
    /// It changes the same lines as an accepted edit of the proposal with this number.
    Overlaps(usize),
}

impl Rejection {
    /// Whether the person edited something that would be lost.
    pub fn deserves_another_try(&self) -> bool {
        !matches!(
            self,
            Rejection::Unchanged | Rejection::Emptied | Rejection::TakenBack
        )
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rejection::Unchanged => write!(f, "Nothing was edited, so nothing was decided."),
            Rejection::Emptied => write!(f, "Everything was deleted, so nothing was decided."),
            Rejection::TakenBack => write!(f, "That is the code as it was; `n` leaves it so."),
            Rejection::MarksLost => write!(f, "The lines that begin with `{}` must stay.", MARK.trim()),
            Rejection::NotUtf8 => write!(f, "The edited text is not UTF-8."),
            Rejection::Overlaps(number) => {
                write!(f, "It changes the same lines as your edit of number {number}.")
            }
            Rejection::DoesNotParse { path, line } => {
                write!(f, "{}:{line} would not parse.", printable(path.as_bytes()))
            }
        }
    }
}

impl<'a> HandEdit<'a> {
    pub fn new(drafts: Vec<Draft<'a>>) -> Self {
        let regions = drafts
            .iter()
            .enumerate()
            .flat_map(|(at, draft)| regions(at, draft));
        HandEdit {
            regions: regions.collect(),
            drafts,
        }
    }

    /// What the editor opens: the changed lines with some context, nothing else when they are in one place.
    pub fn buffer(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for region in &self.regions {
            out.extend(self.mark(region).into_bytes());
            out.extend(self.text(region));
            if !out.ends_with(b"\n") {
                out.push(b'\n');
            }
        }
        out
    }

    fn text(&self, region: &Region) -> &'a [u8] {
        region.span.of(self.drafts[region.draft].new)
    }

    /// The line before a region; empty for the only one.
    fn mark(&self, region: &Region) -> String {
        let path = self.drafts[region.draft].path;
        match self.regions.len() {
            1 => String::new(),
            _ => format!("{MARK}{path}, from line {}\n", region.lines.start),
        }
    }

    /// The edits that lead from the source to what came back from the editor.
    pub fn accept(&self, edited: &[u8]) -> Result<Vec<(FileId, EditSet)>, Rejection> {
        if edited == self.buffer() {
            return Err(Rejection::Unchanged);
        }
        if edited.trim_ascii().is_empty() {
            return Err(Rejection::Emptied);
        }
        let texts = self.split(edited)?;
        let drafts = self.drafts.iter().enumerate();
        let edits = drafts.map(|(at, draft)| edits_of(draft, &self.compose(at, &texts)));
        let edits: Vec<_> = edits.collect::<Result<_, _>>()?;
        let made: Vec<_> = edits.into_iter().filter(|(_, set)| !set.is_empty()).collect();
        if made.is_empty() {
            return Err(Rejection::TakenBack);
        }
        Ok(made)
    }

    /// The text of each region.
    fn split<'e>(&self, edited: &'e [u8]) -> Result<Vec<&'e [u8]>, Rejection> {
        let mut texts = Vec::new();
        let mut rest = edited;
        for region in &self.regions {
            let mark = self.mark(region);
            rest = rest.strip_prefix(mark.as_bytes()).ok_or(Rejection::MarksLost)?;
            let text = &rest[..next_mark(rest)];
            texts.push(text);
            rest = &rest[text.len()..];
        }
        match rest.is_empty() {
            true => Ok(texts),
            false => Err(Rejection::MarksLost),
        }
    }

    /// The new text of one draft, with its regions as edited.
    fn compose(&self, draft: usize, texts: &[&[u8]]) -> Vec<u8> {
        let new = self.drafts[draft].new;
        let (mut out, mut done) = (Vec::new(), 0);
        let edited = self.regions.iter().zip(texts);
        for (region, text) in edited.filter(|(region, _)| region.draft == draft) {
            out.extend_from_slice(&new[done..region.span.start]);
            out.extend(with_line_ends_of(self.text(region), text));
            done = region.span.end;
        }
        out.extend_from_slice(&new[done..]);
        out
    }
}

fn regions(at: usize, draft: &Draft<'_>) -> Vec<Region> {
    let index = LineIndex::new(draft.new);
    let start_of = |line| index.start_of(line).unwrap_or(draft.new.len());
    let region = |lines: LineRange| Region {
        draft: at,
        lines,
        span: bytes_of(lines, start_of),
    };
    hunks(draft.old, draft.new, CONTEXT)
        .iter()
        .map(|hunk| region(hunk.new))
        .collect()
}

/// The bytes of some lines. An empty range names the line before it.
fn bytes_of(lines: LineRange, start_of: impl Fn(usize) -> usize) -> Span {
    match lines.len {
        0 => Span::at(start_of(lines.start + 1)),
        len => Span::new(start_of(lines.start), start_of(lines.start + len)),
    }
}

/// Where the next region's mark starts, or the end.
fn next_mark(text: &[u8]) -> usize {
    let lines = text.split_inclusive(|&byte| byte == b'\n');
    let before = lines.take_while(|line| !line.starts_with(MARK.as_bytes()));
    before.map(<[u8]>::len).sum()
}

/// Editors end lines in their own way and add a last `\n`: the file's way holds.
fn with_line_ends_of(before: &[u8], edited: &[u8]) -> Vec<u8> {
    let is_crlf = before
        .split_inclusive(|&byte| byte == b'\n')
        .all(|line| line.ends_with(b"\r\n"));
    let mut out = Vec::with_capacity(edited.len() + 2);
    for line in edited.split_inclusive(|&byte| byte == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        out.extend_from_slice(text);
        if is_crlf && !text.ends_with(b"\r") {
            out.push(b'\r');
        }
        out.push(b'\n');
    }
    if !before.ends_with(b"\n") {
        out.truncate(out.trim_ascii_end().len());
    }
    out
}

/// The edits from a draft's source to `edited`, if that is still Go.
fn edits_of(draft: &Draft<'_>, edited: &[u8]) -> Result<(FileId, EditSet), Rejection> {
    let index = LineIndex::new(draft.old);
    let start_of = |line| index.start_of(line).unwrap_or(draft.old.len());
    let mut set = EditSet::new();
    for hunk in hunks(draft.old, edited, 0) {
        let added = hunk.lines.iter().filter(|line| line.change == LineChange::Added);
        let text: Vec<u8> = added.flat_map(|line| line.bytes).copied().collect();
        let text = String::from_utf8(text).map_err(|_| Rejection::NotUtf8)?;
        let edit = Edit::replace(bytes_of(hunk.old, start_of), text);
        // Hunks of one diff are apart, so that no two of them can conflict.
        let _ = set.push(edit);
    }
    check_syntax(draft, edited)?;
    Ok((draft.file, set))
}

/// A file that had no syntax error must not get one, and one that had some must not get more.
fn check_syntax(draft: &Draft<'_>, edited: &[u8]) -> Result<(), Rejection> {
    let errors = syntax_errors(draft.path, edited);
    match errors.first() {
        Some(&at) if errors.len() > syntax_errors(draft.path, draft.old).len() => {
            Err(Rejection::DoesNotParse {
                path: draft.path.to_owned(),
                line: LineIndex::new(edited).position(at).line,
            })
        }
        _ => Ok(()),
    }
}

/// One for each declaration that does not parse, and one for a file that cannot be cut into declarations.
fn syntax_errors(path: &str, source: &[u8]) -> Vec<usize> {
    let file = SourceFile::new(path, source);
    let in_declarations = file.decls.iter().filter_map(|decl| file.tree(decl).error());
    file.broken.into_iter().chain(in_declarations).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "package p\n\nfunc f() {\n\tx := open()\n\tuse(x)\n}\n";
    const NEW: &str = "package p\n\nfunc f() {\n\tx := open()\n\tdefer x.Close()\n\tuse(x)\n}\n";

    fn draft<'a>(old: &'a str, new: &'a str) -> Draft<'a> {
        Draft {
            file: FileId(0),
            path: "p/f.go",
            old: old.as_bytes(),
            new: new.as_bytes(),
        }
    }

    fn edit<'a>(old: &'a str, new: &'a str) -> HandEdit<'a> {
        HandEdit::new(vec![draft(old, new)])
    }

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    /// The whole file after a session in an editor.
    fn result(edit: &HandEdit<'_>, edited: &str) -> Result<String, Rejection> {
        let sets = edit.accept(edited.as_bytes())?;
        Ok(text(sets[0].1.apply(edit.drafts[0].old)))
    }

    #[test]
    fn the_editor_gets_the_new_lines_and_gives_back_edits_of_the_old_ones() {
        let edit = edit(OLD, NEW);
        let buffer = text(edit.buffer());
        assert_eq!(
            buffer,
            "\nfunc f() {\n\tx := open()\n\tdefer x.Close()\n\tuse(x)\n}\n"
        );
        let edited = buffer.replace("x.Close()", "release(x)");
        assert_eq!(
            result(&edit, &edited).unwrap(),
            NEW.replace("x.Close()", "release(x)")
        );
        let sets = edit.accept(edited.as_bytes()).unwrap();
        let edits: Vec<_> = sets[0].1.iter().collect();
        assert_eq!(
            edits,
            [&Edit::insert(OLD.find("\tuse").unwrap(), "\tdefer release(x)\n")]
        );
    }

    #[test]
    fn what_does_not_parse_is_named_by_its_line() {
        let edit = edit(OLD, NEW);
        let edited = text(edit.buffer()).replace("x.Close()", "x.Close(");
        assert!(matches!(
            result(&edit, &edited),
            Err(Rejection::DoesNotParse { .. })
        ));
        let edited = text(edit.buffer()).replace("\tdefer x.Close()", "\t%%%");
        let rejection = result(&edit, &edited).unwrap_err();
        assert_eq!(rejection.to_string(), "p/f.go:5 would not parse.");
    }

    #[test]
    fn an_error_that_was_there_before_is_no_reason_to_reject() {
        let broken = |text: &str| format!("{text}\nfunc g() {{ x := }}\n");
        let (old, new) = (broken(OLD), broken(NEW));
        let edit = edit(&old, &new);
        let edited = text(edit.buffer()).replace("x.Close()", "release(x)");
        assert!(result(&edit, &edited).is_ok());
    }

    #[test]
    fn leaving_without_a_change_decides_nothing() {
        let edit = edit(OLD, NEW);
        assert_eq!(edit.accept(&edit.buffer()), Err(Rejection::Unchanged));
        assert_eq!(edit.accept(b"\n \n"), Err(Rejection::Emptied));
    }

    #[test]
    fn regions_far_apart_are_told_apart_by_marks() {
        let far = "var a = 1\n".repeat(9);
        let old = format!("package p\n\nvar x = 1\n{far}var y = 1\n");
        let new = old.replace("x = 1", "x = 2").replace("y = 1", "y = 2");
        let edit = edit(&old, &new);
        let buffer = text(edit.buffer());
        assert_eq!(buffer.matches(MARK).count(), 2);
        let edited = buffer.replace("x = 2", "x = 3").replace("y = 2", "y = 4");
        let expected = old.replace("x = 1", "x = 3").replace("y = 1", "y = 4");
        assert_eq!(result(&edit, &edited).unwrap(), expected);
        let lost = buffer.replace(MARK, "// ");
        assert_eq!(edit.accept(lost.as_bytes()), Err(Rejection::MarksLost));
        let doubled = format!("{buffer}{MARK}p/f.go\n");
        assert_eq!(edit.accept(doubled.as_bytes()), Err(Rejection::MarksLost));
    }

    #[test]
    fn an_edit_that_takes_the_change_back_is_no_fix() {
        let edit = edit(OLD, NEW);
        let edited = text(edit.buffer()).replace("\tdefer x.Close()\n", "");
        assert_eq!(edit.accept(edited.as_bytes()), Err(Rejection::TakenBack));
    }

    #[test]
    fn line_ends_stay_those_of_the_file() {
        let (old, new) = (OLD.replace('\n', "\r\n"), NEW.replace('\n', "\r\n"));
        let edit = edit(&old, &new);
        let edited = text(edit.buffer()).replace("x.Close()\r\n", "a()\n\tdefer b()\n");
        let expected = new.replace("x.Close()", "a()\r\n\tdefer b()");
        assert_eq!(result(&edit, &edited).unwrap(), expected);
    }

    #[test]
    fn a_missing_last_newline_stays_missing() {
        let (old, new) = (OLD.trim_end(), NEW.trim_end());
        let edit = edit(old, new);
        let edited = text(edit.buffer()).replace("x.Close()", "a()");
        assert_eq!(result(&edit, &edited).unwrap(), new.replace("x.Close()", "a()"));
    }

    #[test]
    fn edited_lines_must_be_utf8_but_their_neighbours_need_not_be() {
        let latin = |text: &str| [text.as_bytes(), b"// caf\xe9\n"].concat();
        let (old, new) = (latin(OLD), latin(NEW));
        let drafts = vec![Draft {
            old: &old,
            new: &new,
            ..draft("", "")
        }];
        let edit = HandEdit::new(drafts);
        let buffer = edit.buffer();
        let at = buffer.windows(7).position(|seen| seen == b"x.Close").unwrap();
        let changed = |byte: u8| [&buffer[..at], &[byte], &buffer[at + 1..]].concat();
        assert!(edit.accept(&changed(b'y')).is_ok());
        assert_eq!(edit.accept(&changed(0xe9)).unwrap_err(), Rejection::NotUtf8);
    }
}
