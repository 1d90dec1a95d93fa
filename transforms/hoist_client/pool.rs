//! Which openings share a pool, what it is called and where it is declared.

use std::collections::HashSet;

use super::draft::Draft;
use super::existing::{Access, Existing};
use super::held;
use super::helper;
use super::memo::Kept;
use super::naming::{self, Stem, exported, unexported};
use super::place::{Place, is_constrained};
use super::removal::Removal;
use super::table;
use super::text::{OnceNames, Opening};
use super::uses::Limit;
use super::value::Known;
use crate::analysis::literal_of;
use crate::config::{Pool, PoolStyle};
use crate::edit::{ImportNeed, means_unknown};
use crate::facts::paths;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, DeclId, Declaration, FileId, Meaning, SourceFile};
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
    /// The helper keeps what it opens.
    Memo(Kept),
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
        if let Some(memo) = &first.memo {
            let resource = first.opening.resource;
            let telling = Stem::of(first).map(|stem| stem.variable(resource));
            let mut wanted = naming::variables(resource);
            wanted.splice(1..1, telling);
            let wanted = wanted.iter().filter(|name| !name.starts_with("shared"));
            let wanted = wanted.map(|name| format!("shared{}", exported(name)));
            let wanted: Vec<String> = wanted.filter(|name| !self.taken.contains(name)).collect();
            let kept = memo.kept(self.pass, &wanted);
            self.taken.push(kept.name.clone());
            return Ok(Shared {
                access: Access::Function(first.opening.at.decl().title().to_owned()),
                source: Source::Memo(kept),
                limits: texts,
            });
        }
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
            .position(|draft| self.is_modern() && !connects(draft) && helper::becomes_once(draft));
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
                let can_go = draft.is_chained || Removal::of(draft).is_some();
                draft.arguments.known == Known::Init && !draft.is_helper() && !connects(draft) && can_go
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
        check_cycle(group)?;
        let resource = first.opening.resource;
        let stem = Stem::of(first);
        let wanted = self.wanted(naming::variables(resource), stem.as_ref(), |stem| {
            stem.variable(resource)
        });
        let name = free(&wanted, |name| self.is_free_variable(name, group));
        let place = Place::of(first, limits);
        let settings = settings(self.pass, group);
        let opening = Opening::new(first, limits, place.file(), &settings, true)?;
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
        let resource = first.opening.resource;
        let stem = Stem::of(first);
        let wanted = self.wanted(naming::functions(resource), stem.as_ref(), |stem| {
            stem.function(resource)
        });
        let first_wanted = wanted.first().cloned().unwrap_or_default();
        let numbered = (2..10).map(|number| format!("{first_wanted}{number}"));
        let wanted: Vec<String> = wanted.into_iter().chain(numbered).collect();
        let open: Vec<&str> = wanted
            .iter()
            .map(String::as_str)
            .filter(|name| !self.taken.iter().any(|taken| taken == name))
            .collect();
        let name = self.pass.fresh_global(&open);
        let place = Place::of(first, limits);
        let opening = Opening::new(
            first,
            limits,
            place.file(),
            &settings(self.pass, group),
            self.is_modern(),
        )?;
        if is_value_of_its_own(first) {
            return Err(by_value());
        }
        let names = (!self.is_modern() || connects(first)).then(|| self.once_names(&name, connects(first)));
        let (lines, imports) = opening.function(&name, names.as_ref())?;
        self.taken.push(name.clone());
        Ok(Shared {
            source: place.declare(self.pass.package, &lines, imports)?,
            access: Access::Function(name),
            limits: texts,
        })
    }

    /// `ordersDBOnce`, `ordersDB` and `ordersDBErr` for `openOrdersDB`; `ordersDBMu` where failures are not kept.
    fn once_names(&mut self, function: &str, retries: bool) -> OnceNames {
        let stem = function.strip_prefix("open").unwrap_or(function);
        let low = unexported(stem);
        let fresh = |wanted: &[&str]| self.pass.fresh_global(wanted);
        let names = OnceNames {
            once: fresh(&[&format!("{low}{}", if retries { "Mu" } else { "Once" })]),
            pool: fresh(&[&low, &format!("shared{stem}"), &format!("opened{stem}")]),
            error: fresh(&[&format!("{low}Err")]),
        };
        self.taken.push(names.pool.clone());
        names
    }

    /// The plain names, best first, with the telling one where it says more: the name of the data before all of them
    /// where there are several pools, the function that a client serves before names that say nothing.
    fn wanted(
        &self,
        mut plain: Vec<String>,
        stem: Option<&Stem>,
        spelled: impl Fn(&Stem) -> String,
    ) -> Vec<String> {
        let Some(stem) = stem else {
            return plain;
        };
        let at = match (stem.is_of_data, self.has_many) {
            (true, true) => 0,
            (true, false) => 1,
            (false, _) if plain.len() > 2 => plain.len(),
            (false, _) => 1,
        };
        plain.insert(at, spelled(stem));
        plain
    }

    /// Whether a package variable may have this name, and every use in the group would mean it.
    fn is_free_variable(&self, name: &str, group: &[&Draft<'a>]) -> bool {
        let package = self.pass.package;
        let imported = package.files.iter().any(|file| file.import_named(name).is_some())
            || means_unknown(package, name);
        let declared = package.declares(name) || self.taken.iter().any(|taken| taken == name);
        let moved = group.iter().any(|draft| {
            let scopes = draft.opening.at.scopes();
            draft
                .arguments
                .locals
                .iter()
                .any(|id| scopes.get(*id).name == name)
        });
        // Tests of the package and files of other builds are not at hand, and may declare it.
        let sources = self.pass.sources;
        let tested =
            || !sources.users_of(package, name).is_empty() || sources.names_beside(package).contains(name);
        !imported && !declared && !moved && !tested() && group.iter().all(|draft| Removal::fits(draft, name))
    }
}

fn connects(draft: &Draft<'_>) -> bool {
    draft.opening.resource.connects
}

/// Whether the client is used by value, with locks that must not be copied.
fn is_value_of_its_own(draft: &Draft<'_>) -> bool {
    draft.opening.call.is(Kind::CompositeLiteral) && draft.opening.resource.package != paths::NET_HTTP
}

fn by_value() -> Refusal {
    Refusal::new(
        Reason::NeedsDecision,
        "the client is held by value, and a copy would share its locks: hold it by its address in a package variable",
    )
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
    if !draft.opening.resource.limits {
        return true;
    }
    let package = draft.opening.at.package;
    let arguments = draft.opening.call.field(Field::Arguments);
    let driver = arguments.and_then(|arguments| arguments.child(0));
    let reader = super::reader::Reader::new(draft.opening.at, Some(draft.opening.function));
    let Some(driver) = driver
        .and_then(|node| reader.read(node).ok())
        .and_then(|value| value.constant)
    else {
        // A connector brings its driver along.
        return draft.opening.yields.error.is_none();
    };
    let registrars = table::registrars(&driver);
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
    let open: Vec<Declaration<'_>> = group
        .iter()
        .flat_map(|draft| draft.arguments.names.iter().copied())
        .collect();
    check_ways(&goals, open)
}

/// A helper that holds a lock may not call itself, on any way.
pub fn check_cycle_of(helper: Declaration<'_>) -> Result<(), Refusal> {
    check_ways(&HashSet::from([place(helper)]), needed(helper))
}

fn check_ways<'a>(goals: &HashSet<(&str, DeclId)>, mut open: Vec<Declaration<'a>>) -> Result<(), Refusal> {
    let mut seen = HashSet::new();
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

/// The configured limits, as far as this group of openings can live with them.
pub fn settings(pass: &Pass<'_>, group: &[&Draft<'_>]) -> Pool {
    let mut pool = pass.config.pool.clone();
    if pool.max_open_conns.is_some() && held::may_ask_twice(group) {
        pool.max_open_conns = None;
    }
    pool
}

fn place<'a>(declaration: Declaration<'a>) -> (&'a str, DeclId) {
    (&declaration.package.path, declaration.id)
}

/// The package-level names and methods that a declaration mentions.
pub fn needed(at: Declaration<'_>) -> Vec<Declaration<'_>> {
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

/// The argument that says where the data is.
pub fn data_source<'a>(draft: &Draft<'a>) -> Option<Node<'a>> {
    let arguments = draft.opening.call.field(Field::Arguments)?.children();
    arguments
        .filter(|argument| literal_of(*argument).is_none())
        .last()
}

fn undecided() -> Refusal {
    Refusal::new(
        Reason::NeedsDecision,
        "open the pool once where the program is set up",
    )
}
