//! Names that a repair brings. Every repair asks here, and says what it took: two repairs of one function that were
//! made from the same source would else choose the same name.

use std::collections::HashSet;

use super::lines::mentions_word;
use super::rewrite::ImportNeed;
use crate::go::syntax::{Kind, Node};
use crate::go::{DeclId, Declaration, FileId, Meaning, Package, Usage, package_name, words};
use crate::text::{Edit, EditSet, Span};

/// A name that a fix brings, and the code that it could be mistaken in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a rewrite has to introduce it, or another repair takes it too"]
pub struct NewName {
    pub name: String,
    /// The names that would say the same, best first.
    wanted: Vec<String>,
    reach: Reach,
    /// Whether `:=` declares it beside another new name, so that a second one takes up the first.
    pub(super) is_shared: bool,
}

/// Where a new name is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// In this block of a declaration.
    Block {
        file: FileId,
        declaration: DeclId,
        whole: Span,
        block: Span,
    },
    Package,
}

impl NewName {
    /// The first of `wanted`, then `wanted` with a number, that is free wherever the declaration could see it: no
    /// local name anywhere in it, no name of the package, no import of the file, nothing predeclared. It is meant to
    /// be declared in the block around `at`.
    pub fn local(declaration: Declaration<'_>, at: Node<'_>, wanted: &[&str]) -> NewName {
        let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
        NewName::local_beside(declaration, at, &wanted, &[])
    }

    /// The same with none of the names `beside`, which the same fix brings already.
    pub fn local_beside(
        declaration: Declaration<'_>,
        at: Node<'_>,
        wanted: &[String],
        beside: &[&str],
    ) -> NewName {
        let block = std::iter::once(at).chain(at.ancestors());
        let block = block.filter(|node| node.is(Kind::Block)).map(Node::span).next();
        let whole = declaration.decl().span;
        NewName {
            name: first_free(wanted, |name| {
                beside.contains(&name) || is_taken(declaration, name)
            }),
            wanted: wanted.to_vec(),
            reach: Reach::Block {
                file: declaration.file_id(),
                declaration: declaration.id,
                whole,
                block: block.unwrap_or(whole),
            },
            is_shared: false,
        }
    }

    /// The same for an error that a `:=` declares beside another new name, and that is asked for at once.
    pub fn shared(self) -> NewName {
        NewName {
            is_shared: true,
            ..self
        }
    }

    /// A new name of the package, found by [`fresh_global`].
    pub fn of_package(name: impl Into<String>) -> NewName {
        NewName {
            name: name.into(),
            wanted: Vec::new(),
            reach: Reach::Package,
            is_shared: false,
        }
    }

    /// Whether code could mistake one for the other, had they the same name.
    fn meets(&self, other: &NewName) -> bool {
        match (self.reach, other.reach) {
            (
                Reach::Block { file, block, .. },
                Reach::Block {
                    file: f, block: b, ..
                },
            ) => {
                let nested = block.contains(b) || b.contains(block);
                file == f && nested && !(self.is_shared && other.is_shared)
            }
            // Repairs that share a variable of the package bring the same one.
            (Reach::Package, Reach::Package) => false,
            _ => true,
        }
    }

    fn imports_meet(&self, need: &ImportNeed) -> bool {
        match (need, self.reach) {
            (ImportNeed::Add(at, path), Reach::Block { file, .. }) => {
                *at == file && package_name(path) == self.name
            }
            (ImportNeed::Add(_, path), Reach::Package) => package_name(path) == self.name,
            _ => false,
        }
    }

    /// The edits of its declaration.
    fn edits<'e>(&self, edits: &'e [(FileId, EditSet)]) -> impl Iterator<Item = &'e Edit> {
        let reach = self.reach;
        let inside = move |file: FileId, edit: &Edit| match reach {
            Reach::Block { file: own, whole, .. } => file == own && whole.contains(edit.span),
            Reach::Package => true,
        };
        edits
            .iter()
            .flat_map(move |(file, set)| set.iter().filter(move |edit| inside(*file, edit)))
    }
}

/// The names that the fixes of a plan bring.
#[derive(Clone, Debug, Default)]
pub struct NewNames {
    held: Vec<NewName>,
}

/// A fix as far as its names go.
pub struct Brought<'f> {
    pub names: &'f [NewName],
    pub edits: &'f [(FileId, EditSet)],
    pub imports: &'f [ImportNeed],
}

impl NewNames {
    pub fn take(&mut self, names: &[NewName]) {
        for name in names {
            if !self.held.contains(name) {
                self.held.push(name.clone());
            }
        }
    }

    /// The first name of the fix that a fix of the plan brings to the same code, too.
    pub fn rival<'f>(&self, fix: &Brought<'f>, plan: &Brought<'_>) -> Option<&'f NewName> {
        let mut names = fix.names.iter();
        names.find(|name| self.meets(name, &name.name) && !is_made_already(name, fix, plan))
    }

    /// Whether an import of the fix has a name that a fix of the plan brings, or the other way round.
    pub fn meets_imports(&self, fix: &Brought<'_>, plan: &Brought<'_>) -> bool {
        let any = |names: &[NewName], needs: &[ImportNeed]| {
            names
                .iter()
                .any(|name| needs.iter().any(|need| name.imports_meet(need)))
        };
        any(&self.held, fix.imports) || any(fix.names, plan.imports)
    }

    fn meets(&self, new: &NewName, name: &str) -> bool {
        self.held.iter().any(|held| held.name == name && held.meets(new))
    }

    /// `new` with a name that is free beside those of the plan and of its own fix; `None` where it cannot be told.
    pub fn another(&self, package: &Package, new: &NewName, fix: &Brought<'_>) -> Option<NewName> {
        let Reach::Block {
            file, declaration, ..
        } = new.reach
        else {
            return None;
        };
        package.owns(file).then_some(())?;
        let declaration = package.declaration(declaration);
        let own: HashSet<&str> = fix.names.iter().map(|name| &*name.name).collect();
        let name = first_free(&new.wanted, |name| {
            own.contains(name) || self.meets(new, name) || is_taken(declaration, name)
        });
        Some(NewName { name, ..new.clone() })
    }
}

/// Whether the plan holds the very edit by which the fix brings the name: then both make it once.
fn is_made_already(name: &NewName, fix: &Brought<'_>, plan: &Brought<'_>) -> bool {
    let mut making = name.edits(fix.edits);
    let first = making.find(|edit| mentions_word(edit.text.as_bytes(), &name.name));
    first.is_some_and(|first| name.edits(plan.edits).any(|edit| edit == first))
}

/// The edits of a fix with `old` called `new` in its declaration. Nothing of the old code has the name, so whatever is
/// called so in the new text is what the fix brings.
pub fn renamed(edits: &[(FileId, EditSet)], old: &NewName, new: &str) -> Vec<(FileId, EditSet)> {
    let file = |(file, set): &(FileId, EditSet)| {
        let inside = |edit: &Edit| old.edits(&[(*file, set.clone())]).any(|held| held == edit);
        let edits = set.iter().map(|edit| match inside(edit) {
            true => Edit::replace(edit.span, with_word(&edit.text, &old.name, new)),
            false => edit.clone(),
        });
        // Spans stay as they were, so the edits stay disjoint.
        let edits = EditSet::try_from(edits.collect::<Vec<_>>());
        (*file, edits.unwrap_or_else(|_| set.clone()))
    };
    edits.iter().map(file).collect()
}

/// Go code with each name `old`, fields and methods left out, as `new`.
fn with_word(code: &str, old: &str, new: &str) -> String {
    let mut text = String::new();
    let mut done = 0;
    for word in words(code.as_bytes()) {
        if word.span.of(code.as_bytes()) == old.as_bytes() && !word.is_selected {
            text.push_str(&code[done..word.span.start]);
            text.push_str(new);
            done = word.span.end;
        }
    }
    text.push_str(&code[done..]);
    text
}

/// A title with the name `old` as `new`: titles put code between backticks.
pub fn retitled(title: &str, old: &str, new: &str) -> String {
    let part = |(at, part): (usize, &str)| match at % 2 == 1 {
        true => with_word(part, old, new),
        false => part.to_owned(),
    };
    title
        .split('`')
        .enumerate()
        .map(part)
        .collect::<Vec<_>>()
        .join("`")
}

fn is_taken(declaration: Declaration<'_>, name: &str) -> bool {
    let mut locals = declaration.scopes().bindings();
    locals.any(|(_, binding)| binding.name == name)
        || !matches!(declaration.resolve_top(name), Meaning::Unknown)
        || declaration.package.declares(name)
        || is_mentioned(declaration, name)
}

/// Whether the declaration mentions `name` as something that nothing at hand declares: an import whose path suggests
/// another name.
fn is_mentioned(declaration: Declaration<'_>, name: &str) -> bool {
    let is_name = |node: &Node<'_>| {
        matches!(
            node.kind(),
            Kind::Identifier | Kind::PackageIdentifier | Kind::TypeIdentifier
        )
    };
    mentions_word(declaration.bytes(), name) && { declaration.tree().root().subtree() }
        .filter(is_name)
        .any(|node| node.text() == name && declaration.usage(node) != Usage::FieldKey)
}

/// A name for a new package-level variable or function that no file of the package uses for anything: neither
/// declared, imported, predeclared nor local, so it can be captured nowhere. `beside` are the names that other files
/// of the package's build or of its tests declare.
pub fn fresh_global(package: &Package, beside: &HashSet<String>, wanted: &[&str]) -> String {
    let taken = |name: &str| {
        package.declares(name)
            || beside.contains(name)
            || package.files.iter().any(|file| file.import_named(name).is_some())
            || package
                .declarations()
                .any(|declaration| mentions_word(declaration.bytes(), name))
    };
    first_free(wanted, taken)
}

fn first_free<S: AsRef<str>>(wanted: &[S], taken: impl Fn(&str) -> bool) -> String {
    let wanted = || wanted.iter().map(AsRef::as_ref);
    let numbered = (2..).flat_map(|number| wanted().map(move |name| format!("{name}{number}")));
    let mut candidates = wanted().map(str::to_owned).chain(numbered);
    candidates
        .find(|name| !taken(name))
        .expect("names with numbers never run out")
}
