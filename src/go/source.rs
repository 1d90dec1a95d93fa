//! One Go file, cut into its package clause, imports and top-level declarations without parsing it. A
//! declaration is parsed when someone asks for its tree.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::build_tags;
use super::lexer::{Lexer, Token};
use super::scope::Scopes;
use super::syntax::{self, Named, Node, Tree};
use super::words::Words;
use crate::text::{LineIndex, Span};

/// A word of the source with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Shared with the types that go by it.
    pub text: Arc<str>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The name before the path: an alias, `_` or `.`.
    pub alias: Option<String>,
    pub path: String,
    /// The spec: alias and path.
    pub span: Span,
    /// Where in `path` the name stands that the package most likely has.
    guessed: Range<usize>,
}

impl Import {
    /// The name by which the file calls the package. Without an alias it is guessed from the path, as people
    /// name packages: the last element without version, `go-` and `.go`.
    pub fn name(&self) -> &str {
        match &self.alias {
            Some(alias) => alias,
            None => &self.path[self.guessed.clone()],
        }
    }
}

/// The name a package most likely has, from its import path.
pub fn package_name(path: &str) -> &str {
    &path[guessed_name(path)]
}

/// Where it stands in the path.
fn guessed_name(path: &str) -> Range<usize> {
    let is_version =
        |part: &str| part.len() > 1 && part.starts_with('v') && part[1..].bytes().all(|b| b.is_ascii_digit());
    let mut parts = path.rsplit('/');
    let mut last = parts.next().unwrap_or(path);
    if is_version(last) {
        last = parts.next().unwrap_or(last);
    }
    if let Some((name, version)) = last.rsplit_once('.')
        && is_version(version)
    {
        last = name;
    }
    let last = last.strip_prefix("go-").unwrap_or(last);
    let name = last
        .strip_suffix("-go")
        .or(last.strip_suffix(".go"))
        .unwrap_or(last);
    let start = name.as_ptr().addr() - path.as_ptr().addr();
    start..start + name.len()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeclKind {
    Func,
    Var,
    Const,
    Type,
}

/// A top-level declaration. A group `var ( … )` is one declaration with many names.
pub struct Decl {
    pub kind: DeclKind,
    pub span: Span,
    pub names: Vec<Name>,
    /// For a method, the name of its receiver's type.
    pub receiver: Option<String>,
    tree: OnceLock<Tree>,
    scopes: OnceLock<Scopes>,
    named: OnceLock<Named>,
}

impl Decl {
    /// `name`, or `(*T).name` and `T.name` for methods; groups go by their first name.
    pub fn title(&self) -> &str {
        self.names.first().map_or("", |name| &name.text)
    }
}

pub struct SourceFile {
    /// Relative to where names start, with `/`.
    pub path: String,
    pub source: Arc<[u8]>,
    /// The package clause's name; empty where there is none.
    pub package: String,
    /// Where the package clause ends.
    pub package_end: usize,
    pub imports: Vec<Import>,
    /// The import declarations, each with its keyword.
    pub import_decls: Vec<Span>,
    pub decls: Vec<Decl>,
    /// Where the cut found brackets or quotes that do not match, or no package clause.
    pub broken: Option<usize>,
    lines: OnceLock<LineIndex>,
    words: OnceLock<Words>,
}

impl SourceFile {
    pub fn new(path: impl Into<String>, source: impl Into<Arc<[u8]>>) -> Self {
        let source = source.into();
        let mut cutter = Cutter::new(&source);
        cutter.cut();
        let broken = cutter.broken();
        let Cutter {
            package,
            package_end,
            imports,
            import_decls,
            decls,
            ..
        } = cutter;
        SourceFile {
            path: path.into(),
            package,
            package_end,
            imports,
            import_decls,
            decls,
            broken,
            lines: OnceLock::new(),
            words: OnceLock::new(),
            source,
        }
    }

    pub fn lines(&self) -> &LineIndex {
        self.lines.get_or_init(|| LineIndex::new(&self.source))
    }

    /// The words of its declarations, which go by their places in `decls`.
    pub(in crate::go) fn words(&self) -> &Words {
        let parts = || self.decls.iter().map(|decl| decl.span.of(&self.source));
        self.words.get_or_init(|| Words::of(parts()))
    }

    /// The tree of a declaration of this file, parsed at the first call.
    pub fn tree<'a>(&'a self, decl: &'a Decl) -> &'a Tree {
        decl.tree.get_or_init(|| syntax::parse(&self.source, decl.span))
    }

    /// The identifiers, type identifiers and selectors of a declaration of this file that `name` names, in preorder.
    pub(in crate::go) fn named<'a>(&'a self, decl: &'a Decl, name: &str) -> impl Iterator<Item = Node<'a>> {
        let tree = self.tree(decl);
        decl.named.get_or_init(|| Named::of(tree)).by(tree, name)
    }

    /// The local names of a declaration of this file.
    pub fn scopes<'a>(&'a self, decl: &'a Decl) -> &'a Scopes {
        decl.scopes.get_or_init(|| Scopes::of(self.tree(decl)))
    }

    /// The first syntax error, as far as this file has been looked at: in the cut or in a parsed declaration.
    pub fn syntax_error(&self) -> Option<usize> {
        let parsed = self.decls.iter().filter_map(|decl| decl.tree.get());
        self.broken.or(parsed.filter_map(Tree::error).min())
    }

    /// Where a declaration that was looked at is nested deeper than the parser follows.
    pub fn too_deep(&self) -> Option<usize> {
        let parsed = self.decls.iter().filter_map(|decl| decl.tree.get());
        parsed.filter_map(Tree::too_deep).min()
    }

    pub fn is_test(&self) -> bool {
        self.path.ends_with("_test.go")
    }

    /// Whether a compiler for this machine takes the file: by its name's `_linux_amd64` and its build constraints.
    pub fn is_for_host(&self) -> bool {
        let head = &self.source[..self.package_end.min(self.source.len())];
        build_tags::name_fits(&self.path) && build_tags::constraints_hold(&String::from_utf8_lossy(head))
    }

    /// Whether a build constraint asks for a version of Go, which is not known here.
    pub(in crate::go) fn asks_for_a_go(&self) -> bool {
        let head = &self.source[..self.package_end.min(self.source.len())];
        let mut lines = head.split(|&byte| byte == b'\n');
        lines.any(|line| {
            let is_constraint = line.starts_with(b"//go:build") || line.starts_with(b"// +build");
            is_constraint && memchr::memmem::find(line, b"go1.").is_some()
        })
    }

    /// Whether a line before the package clause says `// Code generated … DO NOT EDIT.`
    pub fn is_generated(&self) -> bool {
        let head = &self.source[..self.package_end.min(self.source.len())];
        head.split(|&byte| byte == b'\n').any(|line| {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            line.starts_with(b"// Code generated ") && line.ends_with(b" DO NOT EDIT.")
        })
    }

    /// The import that the file calls `name`.
    pub fn import_named(&self, name: &str) -> Option<&Import> {
        self.imports.iter().find(|import| import.name() == name)
    }

    /// The import of `path` that gives names to the file (not `_`).
    pub fn import_of(&self, path: &str) -> Option<&Import> {
        let usable = |import: &&Import| import.path == path && import.alias.as_deref() != Some("_");
        self.imports.iter().find(usable)
    }
}

/// The one pass of the lexer over a file.
struct Cutter<'a> {
    source: &'a [u8],
    tokens: Lexer<'a>,
    package: String,
    package_end: usize,
    imports: Vec<Import>,
    import_decls: Vec<Span>,
    decls: Vec<Decl>,
    unbalanced: Option<usize>,
}

impl<'a> Cutter<'a> {
    fn new(source: &'a [u8]) -> Self {
        Cutter {
            source,
            tokens: Lexer::new(source),
            package: String::new(),
            package_end: 0,
            imports: Vec::new(),
            import_decls: Vec::new(),
            decls: Vec::new(),
            unbalanced: None,
        }
    }

    fn broken(&self) -> Option<usize> {
        let no_package = self.package.is_empty().then_some(0);
        self.tokens.unterminated.or(self.unbalanced).or(no_package)
    }

    fn cut(&mut self) {
        while let Some((token, span)) = self.tokens.next() {
            match (token, span.of(self.source)) {
                (Token::End, _) => {}
                (Token::Word, b"package") => self.package_clause(span),
                (Token::Word, b"import") => self.import_declaration(span),
                (Token::Word, b"func") => self.declaration(DeclKind::Func, span),
                (Token::Word, b"var") => self.declaration(DeclKind::Var, span),
                (Token::Word, b"const") => self.declaration(DeclKind::Const, span),
                (Token::Word, b"type") => self.declaration(DeclKind::Type, span),
                _ => {
                    self.unbalanced.get_or_insert(span.start);
                    self.statement(span.start, token);
                }
            }
        }
    }

    /// The tokens up to the end of the statement, with their bracket depth. Brackets close at their own depth.
    fn statement(&mut self, start: usize, first: Token) -> Vec<(Token, Span, usize)> {
        let mut depth = usize::from(first == Token::Open);
        let mut tokens = Vec::new();
        for (token, span) in self.tokens.by_ref() {
            match token {
                Token::End if depth == 0 => return tokens,
                Token::Open => {
                    tokens.push((token, span, depth));
                    depth += 1;
                }
                Token::Close => {
                    if depth == 0 {
                        self.unbalanced.get_or_insert(span.start);
                    }
                    depth = depth.saturating_sub(1);
                    tokens.push((token, span, depth));
                }
                _ => tokens.push((token, span, depth)),
            }
        }
        if depth > 0 {
            self.unbalanced.get_or_insert(start);
        }
        tokens
    }

    fn text(&self, span: Span) -> String {
        String::from_utf8_lossy(span.of(self.source)).into_owned()
    }

    fn package_clause(&mut self, keyword: Span) {
        let tokens = self.statement(keyword.start, Token::Word);
        if let Some((Token::Word, span, _)) = tokens.first() {
            self.package = self.text(*span);
            self.package_end = span.end;
        }
    }

    fn import_declaration(&mut self, keyword: Span) {
        let tokens = self.statement(keyword.start, Token::Word);
        let end = tokens.last().map_or(keyword.end, |(_, span, _)| span.end);
        self.import_decls.push(Span::new(keyword.start, end));
        let mut alias: Option<Span> = None;
        for (token, span, _) in tokens {
            match token {
                Token::Literal => {
                    let path = self.text(Span::new(span.start + 1, (span.end - 1).max(span.start + 1)));
                    let start = alias.map_or(span.start, |alias| alias.start);
                    self.imports.push(Import {
                        alias: alias.take().map(|alias| self.text(alias)),
                        guessed: guessed_name(&path),
                        path,
                        span: Span::new(start, span.end),
                    });
                }
                Token::Word | Token::Other => alias = Some(span),
                _ => alias = None,
            }
        }
    }

    fn declaration(&mut self, kind: DeclKind, keyword: Span) {
        let tokens = self.statement(keyword.start, Token::Word);
        let end = tokens.last().map_or(keyword.end, |(_, span, _)| span.end);
        let receiver = match kind {
            DeclKind::Func => self.receiver(&tokens),
            _ => None,
        };
        let names = match kind {
            DeclKind::Func => self.function_name(&tokens).into_iter().collect(),
            _ => self.spec_names(kind, &tokens),
        };
        self.decls.push(Decl {
            kind,
            span: Span::new(keyword.start, end),
            names,
            receiver,
            tree: OnceLock::new(),
            scopes: OnceLock::new(),
            named: OnceLock::new(),
        });
    }

    fn name(&self, span: Span) -> Name {
        Name {
            text: self.text(span).into(),
            span,
        }
    }

    /// The type in `func (r *T[P]) …`: the last word directly inside the first parentheses.
    fn receiver(&self, tokens: &[(Token, Span, usize)]) -> Option<String> {
        let inside = tokens.iter().skip(1).take_while(|(_, _, depth)| *depth > 0);
        let words = inside.filter(|(token, _, depth)| *token == Token::Word && *depth == 1);
        let is_method = tokens.first()?.0 == Token::Open;
        is_method.then(|| words.last().map(|(_, span, _)| self.text(*span)))?
    }

    fn function_name(&self, tokens: &[(Token, Span, usize)]) -> Option<Name> {
        let mut top = tokens.iter().filter(|(_, _, depth)| *depth == 0);
        let word = top.find(|(token, _, _)| *token == Token::Word)?;
        Some(self.name(word.1))
    }

    /// The names a `var`, `const` or `type` declares, alone or in a group.
    fn spec_names(&self, kind: DeclKind, tokens: &[(Token, Span, usize)]) -> Vec<Name> {
        let grouped = tokens.first().is_some_and(|(token, _, _)| *token == Token::Open);
        let depth = usize::from(grouped);
        let mut names = Vec::new();
        let mut naming = true;
        for (token, span, at) in tokens.iter().skip(depth) {
            match token {
                _ if *at != depth => {}
                Token::End => naming = true,
                Token::Word if naming => {
                    names.push(self.name(*span));
                    naming = false;
                }
                Token::Other if kind != DeclKind::Type && span.of(self.source) == b"," => {
                    naming = self.lists_names(&names, *span);
                }
                _ => naming = false,
            }
        }
        names
    }

    /// Whether a comma stands directly behind the last name, so that another name follows.
    fn lists_names(&self, names: &[Name], comma: Span) -> bool {
        let between = |name: &Name| Span::new(name.span.end, comma.start).of(self.source);
        names
            .last()
            .is_some_and(|name| between(name).iter().all(u8::is_ascii_whitespace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(source: &str) -> SourceFile {
        SourceFile::new("p/f.go", source.as_bytes())
    }

    fn names(file: &SourceFile) -> Vec<String> {
        file.decls
            .iter()
            .flat_map(|decl| decl.names.iter().map(|name| name.text.to_string()))
            .collect()
    }

    #[test]
    fn a_file_is_cut_at_its_declarations() {
        let file = cut(concat!(
            "// Package p.\npackage p\n\nimport \"a/b\"\nimport (\n\tx \"c/d\"\n\t_ \"e\" // side\n)\n\n",
            "var a, b = 1, f(2, 3)\nvar (\n\tc = []int{\n\t\t1,\n\t}\n\td, e int\n)\n",
            "func (s *Server[T]) List(q string) error { return nil }\n",
            "func top() {\n\ts := \"}\" + `{\n`\n}\ntype T struct {\n\tn int\n}\n",
            "var long = 1 +\n\t2\n",
        ));
        assert_eq!(file.broken, None);
        assert_eq!(file.package, "p");
        let imported: Vec<_> = file
            .imports
            .iter()
            .map(|import| (import.name(), &*import.path))
            .collect();
        assert_eq!(imported, [("b", "a/b"), ("x", "c/d"), ("_", "e")]);
        assert_eq!(
            names(&file),
            ["a", "b", "c", "d", "e", "List", "top", "T", "long"]
        );
        assert_eq!(file.decls[2].receiver.as_deref(), Some("Server"));
        let last = file.decls.last().unwrap();
        assert_eq!(last.span.of(&file.source), b"var long = 1 +\n\t2");
    }

    #[test]
    fn unmatched_brackets_and_quotes_are_seen_without_parsing() {
        assert_eq!(cut("package p\n\nfunc f() {\n").broken, Some(11));
        assert!(cut("package p\n\nvar s = \"x\n").broken.is_some());
        assert!(cut("package p\n/* no end").broken.is_some());
        assert!(cut("func f() {}\n").broken.is_some());
        assert!(cut("package p\n}\n").broken.is_some());
    }

    #[test]
    fn generated_files_say_so_before_the_package_clause() {
        assert!(cut("// Code generated by x. DO NOT EDIT.\r\n\r\npackage p\r\n").is_generated());
        assert!(!cut("package p\n\n// Code generated by x. DO NOT EDIT.\n").is_generated());
    }

    #[test]
    fn package_names_are_guessed_as_people_choose_them() {
        let names = [
            ("github.com/gofiber/fiber/v2", "fiber"),
            ("gopkg.in/yaml.v3", "yaml"),
            ("github.com/mattn/go-sqlite3", "sqlite3"),
            ("database/sql", "sql"),
        ];
        for (path, name) in names {
            assert_eq!(package_name(path), name);
        }
    }
}
