//! What a package acquires by a table, and which of it is lost.

use std::collections::{HashSet, VecDeque};

use super::own_context;
use super::turn;
use super::unreleased::Unreleased;
use crate::analysis::{Acquirers, Acquisition, Lifetime, Resource, request};
use crate::go::syntax::Node;
use crate::go::{DeclId, Declaration};
use crate::transform::Pass;

/// Everything in the pass that acquires by the table and loses it.
pub fn collect<'a>(
    pass: &'a Pass<'a>,
    table: impl IntoIterator<Item = &'a Resource>,
    needles: &[String],
) -> Vec<Unreleased<'a>> {
    let acquired = acquisitions(pass, table, needles).into_iter();
    acquired.filter_map(leaking).collect()
}

/// Everything in the pass that acquires by the table.
pub fn acquisitions<'a>(
    pass: &'a Pass<'a>,
    table: impl IntoIterator<Item = &'a Resource>,
    needles: &[String],
) -> Vec<Acquisition<'a>> {
    let table: Vec<&Resource> = table.into_iter().collect();
    let here = table.iter().filter(|row| row.is_of(&pass.package.path));
    let inside: Vec<String> = here.flat_map(|row| row.calls_inside()).collect();
    let acquirers = Acquirers::new(table).following_results();
    let mut open: VecDeque<Declaration<'a>> = pass.candidates(needles).collect();
    open.extend(pass.candidates(&inside));
    open.extend(pass.candidates(&imported_acquirers(pass, &acquirers, needles)));
    let mut seen: HashSet<DeclId> = HashSet::new();
    let mut found = Vec::new();
    while let Some(declaration) = open.pop_front() {
        if !seen.insert(declaration.id) {
            continue;
        }
        found.extend(acquirers.collect(declaration));
        if acquirers.passes_on(declaration).is_some() {
            let callers = request::callers(declaration)
                .into_iter()
                .map(|(caller, _)| caller);
            let here = callers.filter(|caller| std::ptr::eq(caller.package, pass.package));
            open.extend(here.filter(|caller| caller.is_sound()));
        }
    }
    found
}

/// Calls, as needles, of functions in imported packages of the module that pass on what they acquire.
pub(super) fn imported_acquirers<'a>(
    pass: &'a Pass<'a>,
    acquirers: &Acquirers<'a>,
    needles: &[String],
) -> Vec<String> {
    let Some(here) = pass.package.declarations().next() else {
        return Vec::new();
    };
    let files = pass.package.files.iter();
    let mut paths: Vec<&str> = files
        .flat_map(|file| &file.imports)
        .map(|import| &*import.path)
        .collect();
    paths.sort_unstable();
    paths.dedup();
    let packages = paths.into_iter().filter_map(|path| here.package_at(path));
    let own = packages.filter(|package| package.is_own && !std::ptr::eq(*package, pass.package));
    let exported = own
        .flat_map(|package| package.declarations_with(needles))
        .filter(|declaration| declaration.decl().title().starts_with(char::is_uppercase));
    let passing = exported.filter(|declaration| acquirers.passes_on(here.beside(*declaration)).is_some());
    passing
        .map(|declaration| format!(".{}(", declaration.decl().title()))
        .collect()
}

/// The acquisition as one whose resource some path loses, where one does.
pub fn leaking<'a>(acquisition: Acquisition<'a>) -> Option<Unreleased<'a>> {
    if acquisition.resource.set_up_only && request::request_path(acquisition.at, acquisition.call).is_some() {
        return None;
    }
    if own_context::ends_it(&acquisition) {
        return None;
    }
    let lifetime = Lifetime::of(&acquisition)?;
    // Whoever closes a writer on the way to success may well leave a broken one behind an error.
    if acquisition.resource.sink.is_some() && lifetime.is_ever_released() {
        return None;
    }
    (!lifetime.losses.is_empty()).then_some(Unreleased {
        acquisition,
        lifetime,
    })
}

/// The body of the loop in which each turn acquires anew, where one does.
pub fn turn_around<'a>(acquisition: &Acquisition<'a>) -> Option<Node<'a>> {
    turn::loop_around(acquisition).and_then(turn::body_of)
}
