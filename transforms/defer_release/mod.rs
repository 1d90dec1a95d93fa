#![doc = include_str!("explain.md")]

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, OnceLock};

use crate::config::Config;
use crate::go::cfg::Exit;
use crate::go::syntax::Node;
use crate::go::{DeclId, Declaration};
use crate::leak::{Acquirers, Acquisition, Handle, Lifetime, Lost, Resource, request};
use crate::text::Span;
use crate::transform::{
    Applicability, Confidence, Family, Finding, Fix, Pass, Refusal, Related, Rule, Transform,
};

mod repair;
mod spot;

/// How many ways to lose a resource a finding tells of.
const MAX_RELATED: usize = 3;

/// Releases what is acquired and not released on every path.
pub struct DeferRelease;

/// An acquisition whose resource some path loses.
pub struct Site<'a> {
    acquisition: Acquisition<'a>,
    lifetime: Lifetime<'a>,
}

fn own_resources() -> &'static [Resource] {
    #[derive(serde::Deserialize)]
    struct Table {
        resource: Vec<Resource>,
    }
    static TABLE: OnceLock<Vec<Resource>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let table: Table = toml::from_str(include_str!("resources.toml"))
            .expect("the fixtures read the table of this crate");
        table.resource
    })
}

fn resources(config: &Config) -> impl Iterator<Item = &Resource> {
    own_resources().iter().chain(&config.resources)
}

fn rule_of(resource: &Resource) -> Rule {
    let title = match resource.title.is_empty() {
        true => format!("A {} is not {} on every path", resource.name, resource.verb),
        false => resource.title.clone(),
    };
    Rule {
        slug: Arc::from(&*resource.rule),
        title,
        family: Family::Release,
        severity: resource.severity,
        applicability: Applicability::Safe,
        transform: "defer_release",
    }
}

impl Transform for DeferRelease {
    type Site<'a> = Site<'a>;

    fn name(&self) -> &'static str {
        "defer_release"
    }

    fn page(&self) -> &'static str {
        include_str!("explain.md")
    }

    fn rules(&self, config: &Config) -> Vec<Arc<Rule>> {
        let mut rules: Vec<Arc<Rule>> = Vec::new();
        for rule in resources(config).map(rule_of) {
            if !rules.iter().any(|held| held.slug == rule.slug) {
                rules.push(Arc::new(rule));
            }
        }
        rules
    }

    fn needles(&self, config: &Config) -> Vec<String> {
        let names = resources(config).flat_map(|resource| &resource.acquire);
        let needle = |name: &String| format!(".{}(", name.rsplit('.').next().unwrap_or(name));
        let mut needles: Vec<String> = names.map(needle).collect();
        needles.sort();
        needles.dedup();
        needles
    }

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<Site<'a>> {
        let acquirers = Acquirers::new(resources(pass.config));
        let needles = self.needles(pass.config);
        let mut open: VecDeque<Declaration<'a>> = pass.candidates(&needles).collect();
        open.extend(pass.candidates(&imported_acquirers(pass, &acquirers, &needles)));
        let mut seen: HashSet<DeclId> = HashSet::new();
        let mut sites = Vec::new();
        while let Some(declaration) = open.pop_front() {
            if !seen.insert(declaration.id) {
                continue;
            }
            let acquisitions = acquirers.collect(declaration);
            sites.extend(acquisitions.into_iter().filter_map(leaking));
            if acquirers.passes_on(declaration).is_some() {
                let callers = request::callers(declaration)
                    .into_iter()
                    .map(|(caller, _)| caller);
                let here = callers.filter(|caller| std::ptr::eq(caller.package, pass.package));
                open.extend(here.filter(|caller| caller.is_sound()));
            }
        }
        sites
    }

    fn finding(&self, _pass: &Pass<'_>, site: &Site<'_>) -> Finding {
        let acquisition = &site.acquisition;
        Finding {
            rule: Arc::new(rule_of(acquisition.resource)),
            place: acquisition.at.place(acquisition.statement),
            message: site.message(),
            confidence: match site.is_certain() {
                true => Confidence::High,
                false => Confidence::Low,
            },
            function: Some(acquisition.at.title()),
            related: site.related(),
        }
    }

    fn fix(&self, _pass: &Pass<'_>, site: &Site<'_>) -> Result<Vec<Fix>, Refusal> {
        repair::fixes(site)
    }
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
        .flat_map(|package| package.declarations())
        .filter(|declaration| {
            let holds =
                |needle: &String| memchr::memmem::find(declaration.bytes(), needle.as_bytes()).is_some();
            declaration.decl().title().starts_with(char::is_uppercase) && needles.iter().any(holds)
        });
    let passing = exported.filter(|declaration| acquirers.passes_on(here.beside(*declaration)).is_some());
    passing
        .map(|declaration| format!(".{}(", declaration.decl().title()))
        .collect()
}

/// The acquisition as a site, where some path loses the resource.
fn leaking<'a>(acquisition: Acquisition<'a>) -> Option<Site<'a>> {
    if acquisition.resource.set_up_only && request::request_path(acquisition.at, acquisition.call).is_some() {
        return None;
    }
    let lifetime = Lifetime::of(&acquisition)?;
    (!lifetime.losses.is_empty()).then_some(Site {
        acquisition,
        lifetime,
    })
}

impl<'a> Site<'a> {
    fn is_certain(&self) -> bool {
        self.lifetime.losses.iter().any(|loss| loss.certain)
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
        let told = certain.chain(uncertain).take(MAX_RELATED);
        told.map(|loss| self.told(loss.how)).collect()
    }

    fn told(&self, lost: Lost<'_>) -> Related {
        let (subject, at) = (self.subject(), self.acquisition.at);
        let without = match lost {
            Lost::Exit(Exit::Return(_)) => format!("returns here while `{subject}` is open"),
            Lost::Exit(_) => format!("the function ends here while `{subject}` is open"),
            Lost::Jump(_) => format!("goes on here while `{subject}` is open"),
            Lost::End(_) => format!("this turn of the loop ends while `{subject}` is open"),
            Lost::Overwritten(_) => format!("`{subject}` gets another value here while the last one is open"),
        };
        Related {
            place: at.place_of(place_of(lost)),
            message: without,
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
