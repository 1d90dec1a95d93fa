//! Which openings share a pool, what it is called and where it is declared.

use std::collections::HashSet;

use super::draft::Draft;
use super::existing::{Access, Existing};
use super::helper;
use super::removal::Removal;
use super::table::Table;
use super::text::{OnceNames, Opening};
use super::uses::Limit;
use super::value::Known;
use crate::config::PoolStyle;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, DeclId, DeclKind, Declaration, FileId, Meaning, Package, SourceFile};
use crate::rewrite::{ImportNeed, fresh_global, insert_declaration_after, insert_first_declaration};
use crate::text::Edit;
use crate::transform::{Pass, Reason, Refusal};

/// One pool for everyone who opens the same data source.
#[derive(Clone, Debug)]
pub struct Shared {
    pub access: Access,
    pub source: Source,
    /// The limits that the code set itself, as text.
    pub limits: Vec<String>,
}

/// Where the pool comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// The package has it already.
    Exists,
    /// The helper at this place of the group becomes the function that opens once.
    Helper(usize),
    /// A new declaration.
    New {
        file: FileId,
        edit: Edit,
        imports: Vec<ImportNeed>,
    },
}

/// Names the pools of a package, one after the other.
pub struct Planner<'a, 'p> {
    pub pass: &'p Pass<'a>,
    pub existing: &'p [Existing],
    /// Whether more than one pool needs a name, so that `db` alone would say too little.
    pub has_many: bool,
    pub taken: Vec<String>,
}

impl<'a> Planner<'a, '_> {
    /// The pool for a group of openings with the same arguments.
    pub fn share(&mut self, group: &[&Draft<'a>]) -> Result<Shared, Refusal> {
        let first = group.first().ok_or_else(undecided)?;
        let limits = group
            .iter()
            .map(|draft| limits(draft))
            .find(|limits| !limits.is_empty())
            .unwrap_or(&[]);
        let texts: Vec<String> = limits.iter().map(limit_text).collect();
        let known = self
            .existing
            .iter()
            .find(|existing| existing.key == first.arguments.key);
        if let Some(known) = known {
            return Ok(Shared {
                access: known.access.clone(),
                source: Source::Exists,
                limits: Vec::new(),
            });
        }
        let helper = group
            .iter()
            .position(|draft| self.is_modern() && helper::becomes_once(draft));
        if let Some(at) = helper {
            check_cycle(group)?;
            return Ok(Shared {
                access: Access::Function(group[at].opening.at.decl().title().to_owned()),
                source: Source::Helper(at),
                limits: texts,
            });
        }
        match self.opens_in_init(group) {
            true => self.variable(group, limits, texts),
            false => self.function(group, limits, texts),
        }
    }

    fn is_modern(&self) -> bool {
        let module = self.pass.package.module.as_ref();
        module.is_none_or(|module| module.has_go(1, 21))
    }

    /// Whether everything is known when `init` runs, and every opening can go.
    fn opens_in_init(&self, group: &[&Draft<'a>]) -> bool {
        self.pass.config.pool.style == PoolStyle::Auto
            && group.iter().all(|draft| {
                draft.arguments.known == Known::Init && !draft.is_helper() && Removal::of(draft).is_some()
            })
            && group.first().is_some_and(|draft| has_driver_in_init(draft))
    }

    fn variable(
        &mut self,
        group: &[&Draft<'a>],
        limits: &[Limit<'a>],
        texts: Vec<String>,
    ) -> Result<Shared, Refusal> {
        let first = group.first().ok_or_else(undecided)?;
        let stem = stem_of(first).map(|stem| format!("{stem}DB"));
        let wanted = self.wanted(&["db", "pool", "sharedDB"], stem.as_deref());
        let name = free(&wanted, |name| self.is_free_variable(name, group));
        let place = Place::of(first, limits);
        let opening = Opening::new(first, limits, place.file(), &self.pass.config.pool, true)?;
        let (lines, imports) = opening.variable(&name);
        self.taken.push(name.clone());
        Ok(Shared {
            source: place.declare(self.pass.package, &lines, imports)?,
            access: Access::Variable(name),
            limits: texts,
        })
    }

    fn function(
        &mut self,
        group: &[&Draft<'a>],
        limits: &[Limit<'a>],
        texts: Vec<String>,
    ) -> Result<Shared, Refusal> {
        check_cycle(group)?;
        let first = group.first().ok_or_else(undecided)?;
        let stem = stem_of(first).map(|stem| format!("open{}DB", capitalized(&stem)));
        let wanted = self.wanted(&["openDB", "openPool", "openShared"], stem.as_deref());
        let open: Vec<&str> = wanted
            .iter()
            .map(String::as_str)
            .filter(|name| !self.taken.iter().any(|taken| taken == name))
            .collect();
        let name = fresh_global(
            self.pass.package,
            if open.is_empty() { &["openSharedDB"] } else { &open },
        );
        let place = Place::of(first, limits);
        let opening = Opening::new(
            first,
            limits,
            place.file(),
            &self.pass.config.pool,
            self.is_modern(),
        )?;
        let names = (!self.is_modern()).then(|| self.once_names(&name));
        let (lines, imports) = opening.function(&name, names.as_ref())?;
        self.taken.push(name.clone());
        Ok(Shared {
            source: place.declare(self.pass.package, &lines, imports)?,
            access: Access::Function(name),
            limits: texts,
        })
    }

    /// `ordersDBOnce`, `ordersDB` and `ordersDBErr` for `openOrdersDB`.
    fn once_names(&mut self, function: &str) -> OnceNames {
        let stem = function.strip_prefix("open").unwrap_or(function);
        let low = match stem.strip_suffix("DB") {
            Some(stem) if !stem.is_empty() => uncapitalized(stem) + "DB",
            _ => stem.to_ascii_lowercase(),
        };
        let fresh = |wanted: &[&str]| fresh_global(self.pass.package, wanted);
        let names = OnceNames {
            once: fresh(&[&format!("{low}Once")]),
            pool: fresh(&[&low, &format!("shared{stem}")]),
            error: fresh(&[&format!("{low}Err")]),
        };
        self.taken.push(names.pool.clone());
        names
    }

    /// The plain names, with the telling one first where there are several pools.
    fn wanted(&self, plain: &[&str], telling: Option<&str>) -> Vec<String> {
        let at = if self.has_many { 0 } else { 1 };
        let mut names: Vec<String> = plain.iter().map(|name| (*name).to_owned()).collect();
        names.splice(at..at, telling.map(str::to_owned));
        names
    }

    /// Whether a package variable may have this name, and every use in the group would mean it.
    fn is_free_variable(&self, name: &str, group: &[&Draft<'a>]) -> bool {
        let package = self.pass.package;
        let imported = package.files.iter().any(|file| file.import_named(name).is_some());
        let declared = package.declares(name) || self.taken.iter().any(|taken| taken == name);
        let moved = group.iter().any(|draft| {
            let scopes = draft.opening.at.scopes();
            draft
                .arguments
                .locals
                .iter()
                .any(|id| scopes.get(*id).name == name)
        });
        // Tests of the package are not at hand, and may declare it.
        let tested = || !self.pass.sources.users_of(package, name).is_empty();
        !imported && !declared && !moved && !tested() && group.iter().all(|draft| Removal::fits(draft, name))
    }
}

/// The limits that the opening function sets.
pub fn limits<'d, 'a>(draft: &'d Draft<'a>) -> &'d [Limit<'a>] {
    draft.own.as_ref().map_or(&[], |uses| &uses.limits)
}

/// A limit without the name of its pool.
pub fn limit_text(limit: &Limit<'_>) -> String {
    let text = limit.call.text();
    text.split_once('.').map_or(text, |(_, limit)| limit).to_owned()
}

fn free(wanted: &[String], is_free: impl Fn(&str) -> bool) -> String {
    let numbered = (2..1000).flat_map(|number| wanted.iter().map(move |name| format!("{name}{number}")));
    let mut names = wanted.iter().cloned().chain(numbered);
    names
        .find(|name| is_free(name))
        .unwrap_or_else(|| "sharedPool".to_owned())
}

/// Whether the driver is registered before the package's `init` runs: in `main` all imports are initialised, in
/// other packages their own imports. Code that registers drivers by itself may do so at any time.
fn has_driver_in_init(draft: &Draft<'_>) -> bool {
    let package = draft.opening.at.package;
    let arguments = draft.opening.call.field(Field::Arguments);
    let driver = arguments.and_then(|arguments| arguments.child(0));
    let reader = super::value::Reader::new(draft.opening.at, Some(draft.opening.function));
    let Some(driver) = driver
        .and_then(|node| reader.read(node).ok())
        .and_then(|value| value.constant)
    else {
        // A connector brings its driver along.
        return draft.opening.yields.error.is_none();
    };
    let registrars = Table::get().registrars(&driver);
    let imports = |file: &SourceFile| {
        file.imports
            .iter()
            .any(|import| registrars.contains(&import.path))
    };
    let imported = package
        .files
        .iter()
        .any(|file| !file.is_test() && !is_constrained(file) && imports(file));
    let registers = package
        .files
        .iter()
        .any(|file| memchr::memmem::find(&file.source, b".Register(").is_some());
    imported || (package.name == "main" && !registrars.is_empty() && !registers)
}

/// A package variable's initializer may not need, on any way, a function that uses the variable.
fn check_cycle(group: &[&Draft<'_>]) -> Result<(), Refusal> {
    let goals: HashSet<(&str, DeclId)> = group
        .iter()
        .flat_map(|draft| {
            let holders = draft.holders.iter().map(|holder| place(holder.acquisition.at));
            holders.chain([place(draft.opening.at)])
        })
        .collect();
    let mut seen = HashSet::new();
    let mut open: Vec<Declaration<'_>> = group
        .iter()
        .flat_map(|draft| draft.arguments.names.iter().copied())
        .collect();
    while let Some(declaration) = open.pop() {
        if goals.contains(&place(declaration)) {
            return Err(Refusal::new(
                Reason::NeedsDecision,
                format!(
                    "{} needs this function itself: open the pool once where the program is set up",
                    declaration.title()
                ),
            ));
        }
        if seen.insert(place(declaration)) {
            open.extend(needed(declaration));
        }
    }
    Ok(())
}

fn place<'a>(declaration: Declaration<'a>) -> (&'a str, DeclId) {
    (&declaration.package.path, declaration.id)
}

/// The package-level names and methods that a declaration mentions.
fn needed(at: Declaration<'_>) -> Vec<Declaration<'_>> {
    let mentioned = at
        .tree()
        .root()
        .descendants()
        .filter_map(|node| match node.kind() {
            Kind::Identifier => match at.resolve(node) {
                Meaning::Package(declaration) if declaration != at => Some(declaration),
                _ => None,
            },
            Kind::CallExpression => match at.callee(node) {
                Callee::Package(declaration) => Some(declaration),
                _ => None,
            },
            _ => None,
        });
    mentioned.collect()
}

/// Where a new pool is declared.
enum Place<'a> {
    /// Behind the declaration of its data source.
    Behind(Declaration<'a>),
    /// At the head of the file that opens.
    Head(FileId),
}

impl<'a> Place<'a> {
    fn of(draft: &Draft<'a>, limits: &[Limit<'_>]) -> Self {
        let here = draft.opening.at.id.file;
        let source = data_source(draft).and_then(|node| match draft.opening.at.resolve(node) {
            Meaning::Package(declaration) if node.is(Kind::Identifier) => Some(declaration),
            _ => None,
        });
        let is_free = draft.arguments.locals.is_empty()
            && !draft.arguments.qualified
            && !limits.iter().any(|limit| limit.value.qualified)
            && !is_constrained(draft.opening.at.file());
        let fits = |declaration: &Declaration<'a>| {
            let file = declaration.file();
            let is_apart = is_constrained(file)
                || file.is_generated()
                || draft.opening.at.package.context.contains(&declaration.id.file);
            let is_value = matches!(declaration.kind(), DeclKind::Const | DeclKind::Var);
            is_value && (declaration.id.file == here || (is_free && !is_apart))
        };
        source.filter(fits).map_or(Place::Head(here), Place::Behind)
    }

    fn file(&self) -> FileId {
        match self {
            Place::Behind(declaration) => declaration.id.file,
            Place::Head(file) => *file,
        }
    }

    fn declare(
        &self,
        package: &Package,
        lines: &[String],
        imports: Vec<ImportNeed>,
    ) -> Result<Source, Refusal> {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let edit = match self {
            Place::Behind(declaration) => insert_declaration_after(*declaration, &lines),
            Place::Head(file) => insert_first_declaration(package, *file, &lines),
        };
        let file = self.file();
        let edit = edit.ok_or_else(|| {
            Refusal::new(
                Reason::ControlFlow,
                "the imports share their line with other code: put them on lines of their own",
            )
        })?;
        Ok(Source::New { file, edit, imports })
    }
}

/// The argument that says where the data is.
fn data_source<'a>(draft: &Draft<'a>) -> Option<Node<'a>> {
    draft.opening.call.field(Field::Arguments)?.children().last()
}

/// What the data source is called, beyond being one: `orders` for `ordersDSN` and `os.Getenv("ORDERS_DB_URL")`.
fn stem_of(draft: &Draft<'_>) -> Option<String> {
    const EMPTY: [&str; 22] = [
        "addr",
        "address",
        "connection",
        "conn",
        "data",
        "database",
        "db",
        "default",
        "dsn",
        "info",
        "main",
        "mysql",
        "name",
        "pg",
        "postgres",
        "postgresql",
        "source",
        "sql",
        "sqlite",
        "str",
        "string",
        "url",
    ];
    let node = data_source(draft)?;
    let name = match node.kind() {
        Kind::Identifier => node.text(),
        Kind::SelectorExpression => node.field(Field::Field)?.text(),
        Kind::CallExpression => node.field(Field::Arguments)?.child(0)?.text().trim_matches('"'),
        _ => return None,
    };
    let words = words(name)
        .into_iter()
        .filter(|word| !EMPTY.contains(&word.as_str()));
    let words: Vec<String> = words.collect();
    let (first, rest) = words.split_first()?;
    let stem: String = rest
        .iter()
        .fold(first.clone(), |stem, word| stem + &capitalized(word));
    let is_name =
        stem.chars().all(|c| c.is_ascii_alphanumeric()) && stem.starts_with(|c: char| c.is_ascii_lowercase());
    (is_name && stem.len() <= 20).then_some(stem)
}

/// The words of a name in camel case or with underscores, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last_lower = false;
    for c in name.chars() {
        let starts = c == '_' || (c.is_uppercase() && last_lower) || words.is_empty();
        if starts {
            words.push(String::new());
        }
        last_lower = c.is_lowercase() || c.is_numeric();
        if let Some(word) = words.last_mut().filter(|_| c != '_') {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn uncapitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Whether the file is only sometimes part of the package, so that others cannot count on it.
pub fn is_constrained(file: &SourceFile) -> bool {
    const PLATFORMS: [&str; 21] = [
        "386", "aix", "amd64", "android", "arm", "arm64", "darwin", "freebsd", "ios", "js", "linux",
        "loong64", "mips64", "netbsd", "openbsd", "ppc64le", "riscv64", "s390x", "solaris", "wasm",
        "windows",
    ];
    let head = &file.source[..file.package_end.min(file.source.len())];
    let says = |text: &[u8]| memchr::memmem::find(head, text).is_some();
    let name = file.path.strip_suffix(".go").unwrap_or(&file.path);
    let suffix = name
        .rsplit('/')
        .next()
        .and_then(|name| name.rsplit_once('_'))
        .map(|(_, suffix)| suffix);
    file.is_test()
        || says(b"//go:build")
        || says(b"// +build")
        || suffix.is_some_and(|suffix| PLATFORMS.contains(&suffix))
}

fn undecided() -> Refusal {
    Refusal::new(
        Reason::NeedsDecision,
        "open the pool once where the program is set up",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_as_people_write_them() {
        assert_eq!(words("ordersDSN"), ["orders", "dsn"]);
        assert_eq!(words("ORDERS_DB_URL"), ["orders", "db", "url"]);
        assert_eq!(words("dbURL"), ["db", "url"]);
    }
}
