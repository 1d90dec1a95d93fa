//! The vocabulary of Go edits: insert statements, delete them, find names that are free. Everything keeps the
//! file's own indentation and line ends, and says `None` where a line is laid out so that a person should edit it.

mod extent;
mod hidden;
mod jumps;
mod names;
mod pure;
mod remarks;
mod removal;
mod section;
mod wish;
mod wrap;

use std::collections::BTreeMap;

use crate::go::syntax::{Field, Kind, Node};
use crate::go::{
    DeclKind, Declaration, FileId, Meaning, Package, SourceFile, Usage, first_indentation, package_name,
};
use crate::text::{Conflict, Edit, EditSet, Span};

pub use hidden::hidden_name;
pub use jumps::jumped_over;
pub use names::{Brought, NewName, NewNames, fresh_global, renamed, retitled};
pub use pure::{is_pure, is_tractable};
pub use remarks::{
    comment_beside, comments_above, delete_all_with_comments, delete_with_comments, has_comments_around,
    has_comments_behind, insert_above, moved_lines, next_line_of, with_comment_beside,
};
pub use removal::{Obstacle, Removal};
pub use wish::asks_for;
pub use wrap::wrap_block;

/// A wish about a file's imports. Intent and not text, so that two fixes never fight over an import block.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ImportNeed {
    /// The file uses this path under its own package name.
    Add(FileId, String),
    /// The fix removed a use; the import goes when it was the last.
    DropIfUnused(FileId, String),
    /// The same for a dot import, with the names that the file uses of it.
    DropDotIfUnused(FileId, String, Vec<String>),
}

/// Edits of several files and their wishes about imports, gathered for one fix.
#[derive(Clone, Debug, Default)]
pub struct Rewrite {
    edits: BTreeMap<FileId, EditSet>,
    imports: Vec<ImportNeed>,
    names: Vec<NewName>,
}

impl Rewrite {
    pub fn new() -> Self {
        Rewrite::default()
    }

    pub fn edit(&mut self, file: FileId, edit: Edit) -> Result<(), Conflict> {
        self.edits.entry(file).or_default().push(edit)
    }

    pub fn need(&mut self, need: ImportNeed) {
        if !self.imports.contains(&need) {
            self.imports.push(need);
        }
    }

    /// Says that the edits bring this name.
    pub fn introduce(&mut self, name: NewName) {
        if !self.names.contains(&name) {
            self.names.push(name);
        }
    }

    /// The name by which code at `at` can call the package `path`, its import asked for where it is missing.
    /// `None` where the name means something else there.
    pub fn package_at(&mut self, declaration: Declaration<'_>, path: &str, at: Node<'_>) -> Option<String> {
        let name = callable_package(declaration.package, declaration.id.file, path)?;
        if declaration.scopes().visible(&name, at).is_some() {
            return None;
        }
        self.need(ImportNeed::Add(declaration.file_id(), path.to_owned()));
        Some(name)
    }

    /// Asks to drop every import that code in `span` uses, should that have been the last use.
    pub fn drop_imports_of(&mut self, declaration: Declaration<'_>, span: Span) {
        let inside = declaration
            .tree()
            .root()
            .subtree()
            .filter(|node| span.contains(node.span()));
        let names = inside.filter(|node| {
            let kinds = [Kind::Identifier, Kind::PackageIdentifier, Kind::TypeIdentifier];
            kinds.contains(&node.kind())
        });
        for name in names {
            match declaration.resolve(name) {
                Meaning::Import(import) => self.need(ImportNeed::DropIfUnused(
                    declaration.file_id(),
                    import.path.clone(),
                )),
                Meaning::Unknown => self.drop_dot_import_of(declaration, name.text()),
                _ => {}
            }
        }
    }

    fn drop_dot_import_of(&mut self, declaration: Declaration<'_>, name: &str) {
        let Some((path, _)) = declaration.dot_imported(name) else {
            return;
        };
        let all = declaration.file().decls.iter().flat_map(|decl| {
            let nodes = declaration.file().tree(decl).root().subtree();
            nodes.filter(|node| matches!(node.kind(), Kind::Identifier | Kind::TypeIdentifier))
        });
        let mut used: Vec<String> = all
            .map(|node| node.text().to_owned())
            .filter(|name| {
                declaration
                    .dot_imported(name)
                    .is_some_and(|(other, _)| other == path)
            })
            .collect();
        used.sort();
        used.dedup();
        self.need(ImportNeed::DropDotIfUnused(
            declaration.file_id(),
            path.to_owned(),
            used,
        ));
    }

    pub fn into_parts(self) -> (Vec<(FileId, EditSet)>, Vec<ImportNeed>, Vec<NewName>) {
        (self.edits.into_iter().collect(), self.imports, self.names)
    }
}

/// The name by which top-level code of `file` can call the package `path`, imported already or not. `None` where
/// that name is taken by the package or by another import.
pub fn callable_package(package: &Package, file: FileId, path: &str) -> Option<String> {
    let source = package.file(file);
    let name = match source.import_of(path) {
        Some(import) if import.alias.as_deref() == Some(".") => return None,
        Some(import) => import.name(),
        None => package_name(path),
    };
    let rival = source
        .import_named(name)
        .is_some_and(|import| import.path != path);
    let is_new = source.import_of(path).is_none();
    let unknown = is_new && unknown_uses(package, name).any(|declaration| declaration.id.file == file);
    (!rival && !unknown && !package.declares(name)).then(|| name.to_owned())
}

/// Whether some code of the package calls something `name` of which nothing at hand says what it is: an import whose
/// path suggests another name, or a file that is missing.
pub fn means_unknown(package: &Package, name: &str) -> bool {
    unknown_uses(package, name).next().is_some()
}

fn unknown_uses<'a>(package: &'a Package, name: &'a str) -> impl Iterator<Item = Declaration<'a>> {
    let holding = package
        .declarations()
        .filter(move |declaration| mentions_word(declaration.bytes(), name));
    holding.filter(move |declaration| {
        let named = |node: &Node<'_>| node.is(Kind::Identifier) && node.text() == name;
        let mut uses = declaration.tree().root().subtree().filter(named);
        uses.any(|node| {
            let is_key = declaration.usage(node) == Usage::FieldKey;
            !is_key && matches!(declaration.resolve(node), Meaning::Unknown)
        })
    })
}

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

/// `lines` as statements of their own behind `statement`, at its indentation. A line's own leading tabs nest it
/// deeper. A comment below that asks for just that goes. `None` where more code follows on the same line.
pub fn insert_after(file: &SourceFile, statement: Node<'_>, lines: &[&str]) -> Option<Edit> {
    let end = end_of_line_behind(file, statement.end())?;
    let indent = indentation(file, statement.start());
    let below = line_at(&file.source, next_line(&file.source, end));
    let text = laid_out_behind(file, indent, lines);
    if wish::asks_for(below, lines) {
        let wish = next_line(&file.source, end) + below.trim_ascii_end().len();
        return Some(Edit::replace(Span::new(end, wish), text));
    }
    Some(Edit::insert(end, text))
}

/// `lines` behind the body of an `if`, whose `else if` becomes an `if` of its own below them. `None` where anything but
/// white space stands beside the `else`, or other code before the `if` on its line.
pub fn insert_before_else(file: &SourceFile, branch: Node<'_>, lines: &[&str]) -> Option<Edit> {
    let (body, next) = (
        branch.field(Field::Consequence)?,
        branch.field(Field::Alternative)?,
    );
    let between = Span::new(body.end(), next.start());
    let indent = indentation(file, branch.start());
    let stands_alone = line_start(&file.source, branch.start()) + indent.len() == branch.start();
    let is_plain = file.source[between.start..between.end].trim_ascii() == b"else";
    (stands_alone && is_plain && next.is(Kind::IfStatement)).then_some(())?;
    let behind = laid_out_behind(file, indent, lines);
    Some(Edit::replace(
        between,
        format!("{behind}{}{indent}", newline(file)),
    ))
}

/// `lines` as the first statements of a block that spans several lines. `None` for `{ return nil }` on one line.
pub fn insert_at_start(file: &SourceFile, block: Node<'_>, lines: &[&str]) -> Option<Edit> {
    let end = end_of_line_behind(file, block.start() + 1)?;
    let indent = format!("{}{}", indentation_of_block(file, block), indentation_unit(file));
    Some(Edit::insert(end, laid_out_behind(file, &indent, lines)))
}

/// How deep the statement stands that a block belongs to. Its closing brace knows, where it begins a line: the opening
/// one may end the last of several lines, as behind a long list of parameters.
fn indentation_of_block<'a>(file: &'a SourceFile, block: Node<'_>) -> &'a str {
    let brace = block.end().saturating_sub(1);
    let closing = indentation(file, brace);
    match line_start(&file.source, brace) + closing.len() == brace {
        true => closing,
        false => indentation(file, block.start()),
    }
}

/// `lines` as statements of their own before `statement`, behind any comment that stands above it; one that asks for
/// just that goes. `None` where other code stands before it on its line.
pub fn insert_before(file: &SourceFile, statement: Node<'_>, lines: &[&str]) -> Option<Edit> {
    let start = line_start(&file.source, statement.start());
    let indent = indentation(file, statement.start());
    (start + indent.len() == statement.start()).then_some(())?;
    let end = newline(file);
    let unit = indentation_unit(file);
    let text = lines
        .iter()
        .map(|line| format!("{}{end}{indent}", nested(line, unit)))
        .collect::<String>();
    let above = line_before(&file.source, start);
    if wish::asks_for(above, lines) {
        let wish = Span::new(line_start(&file.source, start - 1), statement.start());
        return Some(Edit::replace(wish, format!("{indent}{text}")));
    }
    Some(Edit::insert(statement.start(), text))
}

/// `lines` in place of `statement`. `None` where other code stands before it on its line.
pub fn replace_statement(file: &SourceFile, statement: Node<'_>, lines: &[&str]) -> Option<Edit> {
    let start = line_start(&file.source, statement.start());
    let indent = indentation(file, statement.start());
    (start + indent.len() == statement.start()).then_some(())?;
    let unit = indentation_unit(file);
    let lines: Vec<String> = lines.iter().map(|line| nested(line, unit)).collect();
    let text = lines.join(&format!("{}{indent}", newline(file)));
    Some(Edit::replace(statement.span(), text))
}

/// Top-level code behind `declaration`, with a blank line between.
pub fn insert_declaration_after(declaration: Declaration<'_>, lines: &[&str]) -> Option<Edit> {
    let file = declaration.file();
    let end = end_of_line_behind(file, declaration.decl().span.end)?;
    Some(Edit::insert(
        end,
        format!("{}{}", newline(file), laid_out_behind(file, "", lines)),
    ))
}

/// Top-level code before the first declaration that is no import, above its doc comment.
pub fn insert_first_declaration(package: &Package, file: FileId, lines: &[&str]) -> Option<Edit> {
    let source = package.file(file);
    let last_import = source
        .import_decls
        .last()
        .map_or(source.package_end, |span| span.end);
    let end = end_of_line_behind(source, last_import)?;
    Some(Edit::insert(
        end,
        format!("{}{}", newline(source), laid_out_behind(source, "", lines)),
    ))
}

/// Deletes a statement with its line. Comments on other lines stay, for code that takes its place; one on the same
/// line goes. A blank line that would be left doubled goes too. `None` where it shares its line with other code.
pub fn delete_statement(file: &SourceFile, statement: Node<'_>) -> Option<Edit> {
    delete_lines(file, statement.span())
}

/// Deletes the statements from `first` to `last` with the lines between them.
pub fn delete_statements(file: &SourceFile, first: Node<'_>, last: Node<'_>) -> Option<Edit> {
    delete_lines(file, Span::new(first.start(), last.end()))
}

/// Deletes the whole lines that `span` covers, where nothing else stands on them.
pub fn delete_lines(file: &SourceFile, span: Span) -> Option<Edit> {
    let source = &file.source;
    let start = line_start(source, span.start);
    let only_blank = source[start..span.start].iter().all(u8::is_ascii_whitespace);
    only_blank.then_some(())?;
    let mut end = end_of_line_behind(file, span.end)?;
    end = next_line(source, end);
    let before = line_before(source, start);
    let clause = |word: &[u8]| before.trim_ascii_start().starts_with(word);
    let opens = before.trim_ascii_end().ends_with(b"{")
        || before.trim_ascii_end().ends_with(b"(")
        || clause(b"case ")
        || clause(b"default:");
    let blank_before = start > 0 && before.trim_ascii().is_empty();
    let behind = line_at(source, end);
    if (blank_before || opens || start == 0) && end < source.len() && behind.trim_ascii().is_empty() {
        end = next_line(source, end);
        return Some(Edit::delete(Span::new(start, end)));
    }
    if blank_before
        && (behind.trim_ascii_start().starts_with(b"}") || behind.trim_ascii_start().starts_with(b")"))
    {
        return Some(Edit::delete(Span::new(start - before.len() - 1, end)));
    }
    Some(Edit::delete(Span::new(start, end)))
}

/// Whether `name` stands in `bytes` as a word of its own that no dot precedes.
fn mentions_word(bytes: &[u8], name: &str) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
    memchr::memmem::find_iter(bytes, name.as_bytes()).any(|at| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let behind = bytes.get(at + name.len());
        !before.is_some_and(|byte| is_word(byte) || *byte == b'.') && !behind.is_some_and(is_word)
    })
}

/// Whether a statement is the error check `if err != nil { … }` of the error named `error`.
pub fn is_error_check(statement: Node<'_>, error: &str) -> bool {
    let condition = statement.field(Field::Condition).map(Node::unparenthesized);
    let compares = condition.is_some_and(|condition| {
        let side = |field| condition.field(field).map_or("", Node::text);
        condition.operator() == Some(Kind::NotEqual)
            && (side(Field::Left), side(Field::Right)) == (error, "nil")
    });
    statement.is(Kind::IfStatement)
        && compares
        && statement.field(Field::Initializer).is_none()
        && statement.field(Field::Alternative).is_none()
}

/// Whether the declaration is a lone `var`, so that deleting it deletes no other name.
pub fn declares_one_variable(declaration: Declaration<'_>) -> bool {
    declaration.kind() == DeclKind::Var && declaration.decl().names.len() == 1
}

fn laid_out_behind(file: &SourceFile, indent: &str, lines: &[&str]) -> String {
    let (end, unit) = (newline(file), indentation_unit(file));
    let line = |line: &&str| match line.is_empty() {
        true => end.to_owned(),
        false => format!("{end}{indent}{}", nested(line, unit)),
    };
    lines.iter().map(line).collect()
}

/// Leading tabs of generated code become the file's own unit.
fn nested(line: &str, unit: &str) -> String {
    let depth = line.bytes().take_while(|byte| *byte == b'\t').count();
    format!("{}{}", unit.repeat(depth), &line[depth..])
}

/// The end of the line behind `offset`, where only a comment may stand between.
fn end_of_line_behind(file: &SourceFile, offset: usize) -> Option<usize> {
    let rest = line_rest(&file.source, offset);
    let text = rest.trim_ascii();
    let free =
        text.is_empty() || text.starts_with(b"//") || (text.starts_with(b"/*") && text.ends_with(b"*/"));
    free.then_some(offset + rest.len() - usize::from(rest.ends_with(b"\r")))
}

fn line_start(source: &[u8], offset: usize) -> usize {
    memchr::memrchr(b'\n', &source[..offset]).map_or(0, |at| at + 1)
}

/// What stands between `offset` and the end of its line.
fn line_rest(source: &[u8], offset: usize) -> &[u8] {
    let rest = &source[offset..];
    &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())]
}

fn next_line(source: &[u8], offset: usize) -> usize {
    memchr::memchr(b'\n', &source[offset..]).map_or(source.len(), |at| offset + at + 1)
}

fn line_at(source: &[u8], start: usize) -> &[u8] {
    line_rest(source, start)
}

/// The line before the one that starts at `start`, without its newline.
fn line_before(source: &[u8], start: usize) -> &[u8] {
    match start.checked_sub(1) {
        Some(newline) => &source[line_start(source, newline)..newline],
        None => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(source: &str) -> Package {
        Package::new("p", None, vec![SourceFile::new("p/f.go", source.as_bytes())])
    }

    fn applied(package: &Package, edit: Edit) -> String {
        let edits = EditSet::try_from(vec![edit]).unwrap();
        String::from_utf8(edits.apply(&package.files[0].source)).unwrap()
    }

    /// The first statement whose text starts with `start`.
    fn statement<'a>(package: &'a Package, start: &str) -> Node<'a> {
        let declaration = package
            .declarations()
            .find(|d| d.kind() == DeclKind::Func)
            .unwrap();
        let mut nodes = declaration.tree().root().subtree();
        nodes
            .find(|node| node.text().starts_with(start) && node.statement() == Some(*node))
            .unwrap()
    }

    #[test]
    fn insertions_keep_indentation_line_ends_and_trailing_comments() {
        let unix = package("package p\n\nfunc f() {\n\tif x {\n\t\ta() // why\n\t}\n}\n");
        let edit = insert_after(&unix.files[0], statement(&unix, "a()"), &["defer b()", "\tc()"]).unwrap();
        assert!(applied(&unix, edit).contains("\t\ta() // why\n\t\tdefer b()\n\t\t\tc()\n\t}"));
        let dos = package("package p\r\n\r\nfunc f() {\r\n  a()\r\n}\r\n");
        let edit = insert_after(&dos.files[0], statement(&dos, "a()"), &["if b {", "\tc()", "}"]).unwrap();
        assert!(applied(&dos, edit).contains("  a()\r\n  if b {\r\n    c()\r\n  }\r\n}"));
        let edit = insert_before(&unix.files[0], statement(&unix, "a()"), &["b()"]).unwrap();
        assert!(applied(&unix, edit).contains("\t\tb()\n\t\ta() // why\n"));
    }

    #[test]
    fn indentation_is_that_of_code_and_not_of_comments() {
        let licence = "/*\n * Licence\n */\npackage p\n\nfunc f(\n\ta int,\n\tb int) {\n\ta()\n}\n";
        let licensed = package(licence);
        assert_eq!(indentation_unit(&licensed.files[0]), "\t");
        let mut around = statement(&licensed, "a()").ancestors();
        let block = around.find(|node| node.is(Kind::Block)).unwrap();
        let edit = insert_at_start(&licensed.files[0], block, &["b()"]).unwrap();
        assert!(applied(&licensed, edit).contains("b int) {\n\tb()\n\ta()\n}"));
    }

    #[test]
    fn lines_shared_with_other_code_are_left_to_people() {
        let package = package("package p\n\nfunc f() { a(); b() }\n");
        let first = statement(&package, "a()");
        assert_eq!(insert_after(&package.files[0], first, &["x()"]), None);
        assert_eq!(insert_before(&package.files[0], first, &["x()"]), None);
        assert_eq!(delete_statement(&package.files[0], first), None);
    }

    #[test]
    fn deletions_leave_no_doubled_blank_line_and_keep_other_comments() {
        let source =
            package("package p\n\nfunc f() {\n\ta()\n\n\t// About b.\n\tb() // gone with b\n\n\tc()\n}\n");
        let edit = delete_statement(&source.files[0], statement(&source, "b()")).unwrap();
        assert!(applied(&source, edit).contains("\ta()\n\n\t// About b.\n\n\tc()\n}"));
        let source = package("package p\n\nfunc f() {\n\ta()\n\n\tb()\n\n\tc()\n}\n");
        let edit = delete_statement(&source.files[0], statement(&source, "b()")).unwrap();
        assert!(applied(&source, edit).contains("\ta()\n\n\tc()\n}"));
        let source = package("package p\n\nfunc f() {\n\ta()\n\n\tb()\n}\n");
        let edit = delete_statement(&source.files[0], statement(&source, "b()")).unwrap();
        assert!(applied(&source, edit).contains("\ta()\n}"));
    }

    #[test]
    fn fresh_names_avoid_locals_globals_imports_and_builtins() {
        let package = package(
            "package p\n\nimport \"a/db\"\n\nvar pool int\n\nfunc f(ctx int) { cancel := 1; _ = x.openDB; db.X() }\n",
        );
        let f = package.find_name("f").unwrap();
        let local = |wanted: &[&str]| NewName::local(f, f.tree().root(), wanted).name;
        assert_eq!(local(&["ctx", "cancel", "reqCtx"]), "reqCtx");
        assert_eq!(local(&["len"]), "len2");
        let global = |wanted: &[&str]| fresh_global(&package, &["sharedDB".to_owned()].into(), wanted);
        assert_eq!(global(&["db", "pool"]), "db2");
        assert_eq!(global(&["openDB"]), "openDB");
        assert_eq!(global(&["sharedDB"]), "sharedDB2");
        assert_eq!(callable_package(&package, FileId(0), "b/db"), None);
        assert_eq!(
            callable_package(&package, FileId(0), "a/db").as_deref(),
            Some("db")
        );
        assert_eq!(
            callable_package(&package, FileId(0), "context").as_deref(),
            Some("context")
        );
    }
}
