//! Floor 3: what is acquired and lost on some path, told and repaired: a deferred release behind the check of the
//! acquisition's error, or a release on each path that leaks. The transforms that release something share this;
//! which calls acquire is data of theirs.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use crate::analysis::{Acquirers, Acquisition, Handle, Hold, Lifetime, Lost, Resource, request};
use crate::go::cfg::Exit;
use crate::go::syntax::Node;
use crate::go::{DeclId, Declaration};
use crate::text::Span;
use crate::transform::{Applicability, Confidence, Family, Finding, Pass, Related, Rule};

mod apart;
mod at_once;
mod context;
mod discarded;
mod exits;
mod joined;
mod literal;
mod obsolete;
mod own_context;
mod piled;
mod repair;
mod several;
mod sink;
mod spot;
mod statics;
mod turn;
mod unchecked;

pub use piled::{Piled, piled, piled_rule};
pub use repair::fixes;
pub use spot::place_behind_check;

/// How many ways to lose a resource a finding tells of.
const MAX_RELATED: usize = 3;

/// An acquisition whose resource some path loses.
pub struct Unreleased<'a> {
    pub acquisition: Acquisition<'a>,
    pub lifetime: Lifetime<'a>,
}

/// The rules of a table, each once.
pub fn rules<'r>(
    table: impl IntoIterator<Item = &'r Resource>,
    family: Family,
    transform: &'static str,
) -> Vec<Arc<Rule>> {
    let mut rules: Vec<Arc<Rule>> = Vec::new();
    for row in table {
        if !rules.iter().any(|held| *held.slug == *row.rule) {
            rules.push(Arc::new(rule_of(row, family, transform)));
        }
    }
    rules
}

fn rule_of(row: &Resource, family: Family, transform: &'static str) -> Rule {
    let title = match row.title.is_empty() {
        true => format!("A {} is not {} on every path", row.name, row.verb),
        false => row.title.clone(),
    };
    Rule {
        slug: Arc::from(&*row.rule),
        title,
        family,
        severity: row.severity,
        applicability: Applicability::Safe,
        transform,
    }
}

/// Literals of which a declaration must hold one to acquire by this table.
pub fn needles<'r>(table: impl IntoIterator<Item = &'r Resource>) -> Vec<String> {
    let keys = table.into_iter().flat_map(|row| &row.acquire);
    let mut needles: Vec<String> = keys.map(|key| format!(".{}(", key.name)).collect();
    needles.sort();
    needles.dedup();
    needles
}

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
fn imported_acquirers<'a>(pass: &'a Pass<'a>, acquirers: &Acquirers<'a>, needles: &[String]) -> Vec<String> {
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

impl<'a> Unreleased<'a> {
    /// What people are told, under the rule of the row.
    pub fn finding(&self, family: Family, transform: &'static str) -> Finding {
        let acquisition = &self.acquisition;
        Finding {
            rule: Arc::new(rule_of(acquisition.resource, family, transform)),
            place: acquisition.at.place(acquisition.statement),
            message: self.message(),
            confidence: match self.is_certain() {
                true => Confidence::High,
                false => Confidence::Low,
            },
            function: Some(acquisition.at.title()),
            related: self.related(),
        }
    }

    fn is_certain(&self) -> bool {
        self.lifetime.losses.iter().any(|loss| loss.certain)
    }

    /// The name of the function that came with the resource and is there to release it, where it may do more than that.
    fn release_beside(&self) -> Option<&'a str> {
        let beside = self.acquisition.yields.beside;
        let mut names = self
            .acquisition
            .holders()
            .into_iter()
            .filter(|(_, hold)| *hold == Hold::Release);
        let name = names
            .next()
            .filter(|_| beside.does_more() && names.next().is_none());
        name.map(|(name, _)| &*self.acquisition.at.scopes().get(name).name)
    }

    /// The local name that holds the resource.
    fn name(&self) -> Option<&'a str> {
        match self.acquisition.handle {
            Handle::Local(binding) => Some(&self.acquisition.at.scopes().get(binding).name),
            _ => None,
        }
    }

    /// What has to be released, as the code calls it or could call it: `resp.Body`.
    fn subject(&self) -> String {
        let resource = self.acquisition.resource;
        let name = self.name().unwrap_or(&resource.name);
        match &resource.part {
            Some(part) => format!("{name}.{part}"),
            None => name.to_owned(),
        }
    }

    fn message(&self) -> String {
        let verb = &self.acquisition.resource.verb;
        let subject = self.subject();
        match (self.name(), self.lifetime.is_ever_released()) {
            (None, _) => format!("`{subject}` is dropped here and can never be {verb}"),
            (_, true) => format!("`{subject}` is not {verb} on every path"),
            (_, false) => format!("`{subject}` is never {verb}"),
        }
    }

    /// The places where the resource is lost, the certain ones first.
    fn related(&self) -> Vec<Related> {
        let losses = &self.lifetime.losses;
        let certain = losses.iter().filter(|loss| loss.certain);
        let uncertain = losses.iter().filter(|loss| !loss.certain);
        let told = certain.chain(uncertain).map(|loss| self.told(loss.how));
        Related::first(MAX_RELATED, told.collect())
    }

    fn told(&self, lost: Lost<'_>) -> Related {
        let (subject, at) = (self.subject(), self.acquisition.at);
        let state = match &*self.acquisition.resource.verb {
            "closed" => format!("while `{subject}` is open"),
            verb => format!("before `{subject}` is {verb}"),
        };
        let message = match lost {
            Lost::Exit(Exit::Return(_)) => format!("returns here {state}"),
            Lost::Exit(_) => format!("the function ends here {state}"),
            Lost::Jump(_) => format!("goes on here {state}"),
            Lost::End(_) => format!("this turn of the loop ends {state}"),
            Lost::Overwritten(_) => format!("`{subject}` gets another value here while the last one is open"),
        };
        Related {
            place: at.place_of(place_of(lost)),
            message,
        }
    }
}

/// Where people look for a loss: the closing brace of a body that just ends.
fn place_of(lost: Lost<'_>) -> Span {
    let node: Node<'_> = lost.node();
    match lost {
        Lost::Exit(Exit::FallOff(_)) | Lost::End(_) => Span::new(node.end().saturating_sub(1), node.end()),
        _ => node.span(),
    }
}
