//! A new import, where people and goimports would put it.

use super::layout::{Clause, Lines, clauses, is_std, runs};
use crate::go::{Import, Module, SourceFile};
use crate::text::{Edit, EditSet, Span};

/// The edits that import `path`, or `None` where the file does so already.
pub(super) fn add(file: &SourceFile, path: &str, module: Option<&Module>) -> Option<EditSet> {
    let gives_name = |import: &&Import| !matches!(import.alias.as_deref(), Some("_" | "."));
    if file
        .imports
        .iter()
        .filter(gives_name)
        .any(|import| import.path == path)
    {
        return None;
    }
    let clauses = clauses(file);
    let (cgo, clauses): (Vec<_>, Vec<_>) = clauses.into_iter().partition(Clause::is_cgo);
    let newcomer = Newcomer {
        lines: Lines(file),
        path,
        module,
    };
    let edits = match clauses.as_slice() {
        [] => vec![newcomer.first(cgo.last())],
        [only] if newcomer.can_open(only) => newcomer.open(only),
        _ => vec![
            match clauses.iter().find_map(|clause| Some((clause, clause.opened?))) {
                Some((clause, opened)) => newcomer.join(clause, opened),
                None => newcomer.follow(&clauses),
            },
        ],
    };
    EditSet::try_from(edits).ok()
}

/// The path on its way into the file.
struct Newcomer<'a> {
    lines: Lines<'a>,
    path: &'a str,
    module: Option<&'a Module>,
}

impl Newcomer<'_> {
    fn is_std(&self, import: &Import) -> bool {
        is_std(&import.path, self.module)
    }

    fn is_kin(&self, import: &Import) -> bool {
        self.is_std(import) == is_std(self.path, self.module)
    }

    /// The first import of the file, behind cgo's or the package clause.
    fn first(&self, cgo: Option<&Clause<'_>>) -> Edit {
        let anchor = cgo.map_or(self.lines.0.package_end, |cgo| cgo.span.end);
        let newline = self.lines.newline();
        self.behind(
            anchor,
            &format!("{newline}{newline}import \"{}\"", self.path),
            "import ",
        )
    }

    /// One more `import` line beside others.
    fn follow(&self, clauses: &[Clause<'_>]) -> Edit {
        let precedes = |clause: &&Clause<'_>| {
            let before = |import: &&Import| self.is_kin(import) && *import.path < *self.path;
            clause.imports.iter().any(before)
        };
        let anchor = clauses.iter().rev().find(precedes).or(clauses.last());
        let anchor = anchor.map_or(self.lines.0.package_end, |clause| clause.span.end);
        self.behind(
            anchor,
            &format!("{}import \"{}\"", self.lines.newline(), self.path),
            "import ",
        )
    }

    /// `text` at the end of the anchor's line; where more code follows there, the path goes between.
    fn behind(&self, anchor: usize, text: &str, keyword: &str) -> Edit {
        match self.lines.ends_at(anchor) {
            true => Edit::insert(self.lines.end(self.lines.of(anchor)), text),
            false => Edit::insert(anchor, format!("; {keyword}\"{}\"", self.path)),
        }
    }

    /// Whether a plain `import "x"` can become a block. A comment above would then speak of both.
    fn can_open(&self, clause: &Clause<'_>) -> bool {
        let line = self.lines.of(clause.span.start);
        let above = self.lines.text(line - 1);
        let [import] = clause.imports.as_slice() else {
            return false;
        };
        let head = Span::new(clause.span.start, import.span.start).of(&self.lines.0.source);
        clause.opened.is_none()
            && head.trim_ascii() == b"import"
            && self.lines.starts_at(clause.span.start)
            && self.lines.ends_at(clause.span.end)
            && !(line > 1 && (above.starts_with(b"//") || above.ends_with(b"*/")))
    }

    /// `import "x"` as a block of two.
    fn open(&self, clause: &Clause<'_>) -> Vec<Edit> {
        let Some(held) = clause.imports.first() else {
            return Vec::new();
        };
        let newline = self.lines.newline();
        let gap = if self.is_kin(held) { "" } else { newline };
        let leads = match self.is_kin(held) {
            true => *self.path < *held.path,
            false => !self.is_std(held),
        };
        let head = Span::new(clause.span.start, held.span.start);
        let end = self.lines.end(self.lines.of(clause.span.end));
        let path = self.path;
        let (before, behind) = match leads {
            true => (format!("\t\"{path}\"{newline}{gap}"), String::new()),
            false => (String::new(), format!("{gap}\t\"{path}\"{newline}")),
        };
        vec![
            Edit::replace(head, format!("import ({newline}{before}\t")),
            Edit::insert(end, format!("{newline}{behind})")),
        ]
    }

    /// Into a block: in order among its kin, or as a new group.
    fn join(&self, clause: &Clause<'_>, opened: usize) -> Edit {
        let runs = runs(self.lines, &clause.imports);
        let (Some(first), Some(last)) = (clause.imports.first(), clause.imports.last()) else {
            return self.only(opened);
        };
        let floor = self.lines.of(clause.span.start);
        match self.home(&runs) {
            Some(run) => match run.iter().position(|import| *import.path >= *self.path) {
                Some(at) => self.before(run[at], floor, ""),
                None => self.after(run.last().unwrap_or(last), ""),
            },
            None if is_std(self.path, self.module) => self.before(first, floor, self.lines.newline()),
            None => self.after(last, self.lines.newline()),
        }
    }

    /// The run that the path belongs to: the first of the standard library, or the one that shares most of the
    /// path, or the last of third parties.
    fn home<'r, 'i>(&self, runs: &'r [Vec<&'i Import>]) -> Option<&'r Vec<&'i Import>> {
        let kin = |run: &&Vec<&Import>| run.iter().any(|import| self.is_kin(import));
        if is_std(self.path, self.module) {
            return runs.iter().find(kin);
        }
        let shared = |run: &&Vec<&Import>| {
            run.iter()
                .map(|import| shared_elements(&import.path, self.path))
                .max()
        };
        runs.iter().filter(kin).max_by_key(shared)
    }

    fn only(&self, opened: usize) -> Edit {
        let newline = self.lines.newline();
        let closes = self.lines.0.source.get(opened) == Some(&b')');
        let end = if closes { newline } else { "" };
        Edit::insert(opened, format!("{newline}\t\"{}\"{end}", self.path))
    }

    fn before(&self, import: &Import, floor: usize, gap: &str) -> Edit {
        let start = import.span.start;
        if !self.lines.starts_at(start) {
            return Edit::insert(start, format!("\"{}\"; ", self.path));
        }
        let line = self.lines.comment_start(self.lines.of(start), floor);
        let indent = self.lines.indent(start);
        let newline = self.lines.newline();
        Edit::insert(
            self.lines.start(line),
            format!("{indent}\"{}\"{newline}{gap}", self.path),
        )
    }

    fn after(&self, import: &Import, gap: &str) -> Edit {
        let indent = self.lines.indent(import.span.start);
        let text = format!("{gap}{}{indent}\"{}\"", self.lines.newline(), self.path);
        self.behind(import.span.end, &text, "")
    }
}

/// How many leading elements two paths share.
fn shared_elements(a: &str, b: &str) -> usize {
    a.split('/').zip(b.split('/')).take_while(|(a, b)| a == b).count()
}
