//! A Go test for a repaired handler: it drives the handler through Fiber and fails when the leak is back. Which
//! figure tells is a matter of the rule (`oracle`); what the handler needs to run is read from its code
//! (`scene`), and what a test cannot give it is a reason to write none.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use crate::analysis::request::{callers, request_path};
use crate::engine::Analysis;
use crate::frameworks::{Handler, Version, requires_unknown};
use crate::go::syntax::Node;
use crate::go::{Declaration, Package};
use crate::transform::{Place, Proposal, Rule};

mod duration;
mod entrance;
mod files;
mod lateness;
mod oracle;
mod request;
mod returned;
mod scene;
mod setting;
mod stand_in;
mod text;

use scene::Scene;

/// What there is to say about one handler with a leak that has a repair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The handler as people call it.
    pub handler: String,
    /// The function it is, or stands in: for a method, its receiver's type and its name.
    pub function: (Option<String>, String),
    /// The file it stands in.
    pub path: String,
    /// The rules that the test tells of, or all that found something where there is none, sorted.
    pub rules: Vec<String>,
    /// The test, or why none can be written.
    pub test: Result<GoTest, String>,
}

/// A file of Go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoTest {
    pub path: String,
    /// The test function that it declares.
    pub name: String,
    pub text: String,
}

/// The handlers of a package's findings, in the order of their files. Only findings that have a repair count. Of
/// several handlers that run into a finding, the first is taken for which a test can be written.
pub fn prove(analysis: &Analysis) -> Vec<Proof> {
    let repairable = analysis
        .proposals
        .iter()
        .filter(|proposal| proposal.remedy.is_ok());
    let mut accused: BTreeMap<(String, usize), Accused<'_>> = BTreeMap::new();
    let mut unreached = Vec::new();
    for proposal in repairable {
        let handlers = handlers_reaching(&analysis.package, proposal);
        let provable = handlers
            .iter()
            .find(|handler| Accused::of(**handler).with(proposal).test().is_ok());
        match provable.or(handlers.first()) {
            Some(handler) => {
                let key = (handler.declaration.file().path.clone(), handler.function.start());
                let entry = accused.entry(key).or_insert_with(|| Accused::of(*handler));
                entry.proposals.push(proposal);
            }
            None => unreached.push(unreached_proof(&analysis.package, proposal)),
        }
    }
    accused.values().map(Accused::proof).chain(unreached).collect()
}

/// A handler with what was found in it and below it.
struct Accused<'a> {
    handler: Handler<'a>,
    proposals: Vec<&'a Proposal>,
}

/// The handlers whose requests run into the finding.
fn handlers_reaching<'a>(package: &'a Package, proposal: &Proposal) -> Vec<Handler<'a>> {
    let mut handlers = Vec::new();
    if let Some((declaration, node)) = node_at(package, proposal.finding.place) {
        handlers.extend(request_path(declaration, node).and_then(|path| path.entry.handler));
        if !handlers.is_empty() {
            climb(declaration, node, &mut handlers);
        }
    }
    handlers
}

/// Every handler around `node`, or around a call that leads there; each function is looked at once.
fn climb<'a>(at: Declaration<'a>, node: Node<'a>, handlers: &mut Vec<Handler<'a>>) {
    let mut seen = HashSet::new();
    let mut due = VecDeque::from([(at, node)]);
    while let Some((at, node)) = due.pop_front() {
        match Handler::around(at, node) {
            Some(handler) if handlers.iter().any(|known| known.function == handler.function) => {}
            Some(handler) => handlers.push(handler),
            None if seen.insert((&at.package.path, at.id)) => due.extend(callers(at)),
            None => {}
        }
    }
}

fn node_at(package: &Package, place: Place) -> Option<(Declaration<'_>, Node<'_>)> {
    let declaration = package.declarations().find(|declaration| {
        declaration.id.file == place.file && declaration.decl().span.contains(place.span)
    })?;
    let nodes = declaration.tree().root().subtree();
    let node = nodes.filter(|node| node.span().contains(place.span)).last()?;
    Some((declaration, node))
}

fn named(at: Declaration<'_>) -> (Option<String>, String) {
    let decl = at.decl();
    (decl.receiver.clone(), decl.title().to_owned())
}

fn unreached_proof(package: &Package, proposal: &Proposal) -> Proof {
    let finding = &proposal.finding;
    let reached = node_at(package, finding.place).and_then(|(at, node)| request_path(at, node));
    let why = match reached.map(|path| path.entry) {
        Some(entry) if entry.handler.is_none() => {
            format!(
                "it is reached from a {}, and a test sends requests to Fiber handlers only",
                entry.what
            )
        }
        _ => "no handler is seen to reach it".to_owned(),
    };
    Proof {
        handler: finding.function.clone().unwrap_or_default(),
        function: node_at(package, finding.place).map_or_else(Default::default, |(at, _)| named(at)),
        path: package.file(finding.place.file).path.clone(),
        rules: vec![finding.rule.slug.to_string()],
        test: Err(why),
    }
}

impl<'a> Accused<'a> {
    fn of(handler: Handler<'a>) -> Self {
        Accused {
            handler,
            proposals: Vec::new(),
        }
    }

    fn with(mut self, proposal: &'a Proposal) -> Self {
        self.proposals.push(proposal);
        self
    }

    fn proof(&self) -> Proof {
        let test = self.test();
        let rules = match &test {
            Ok(_) => self.told_rules(),
            Err(_) => self.rules().collect(),
        };
        let slugs: BTreeSet<String> = rules.iter().map(|rule| rule.slug.to_string()).collect();
        Proof {
            handler: entrance::title(&self.handler),
            function: named(self.handler.declaration),
            path: self.handler.declaration.file().path.clone(),
            test,
            rules: slugs.into_iter().collect(),
        }
    }

    fn rules(&self) -> impl Iterator<Item = &'a Rule> {
        self.proposals.iter().map(|proposal| &*proposal.finding.rule)
    }

    /// Those that a figure tells of.
    fn told_rules(&self) -> Vec<&'a Rule> {
        self.rules().filter(|rule| oracle::tells(rule)).collect()
    }

    /// What the test calls came with these versions of Fiber.
    fn check_version(&self) -> Result<(), String> {
        let module = self.handler.declaration.package.module.as_deref();
        if module.is_some_and(requires_unknown) {
            return Err("its Fiber is too new: tests are for v2 and v3".to_owned());
        }
        let required = module.and_then(|module| module.version_of(self.handler.version.import_path()));
        let is_old = match (self.handler.version, required) {
            (Version::V1, _) => true,
            (Version::V2, Some(required)) => required.numbers < (2, 42, 0),
            (Version::V3, Some(required)) => required.pre.is_some(),
            (_, None) => false,
        };
        match is_old {
            true => {
                Err("its Fiber is too old: tests are for v2.42 and later, and for releases of v3".to_owned())
            }
            false => Ok(()),
        }
    }

    fn test(&self) -> Result<GoTest, String> {
        let rules = self.told_rules();
        if let (true, Some(rule)) = (rules.is_empty(), self.rules().next()) {
            return Err(format!(
                "no figure is known that tells whether {} is back",
                rule.slug
            ));
        }
        self.check_version()?;
        let mut scene = Scene::of(&self.handler);
        let entrance = entrance::find(&self.handler, &mut scene)?;
        scene.obstacle()?;
        if rules.iter().any(|rule| &*rule.slug == "unclosed-file") {
            files::foresee(&mut scene)?;
        }
        let oracles = oracle::choose(&rules, &scene, &self.handler)?;
        let draft = text::Draft {
            handler: &self.handler,
            scene: &scene,
            entrance: &entrance,
            oracles: &oracles,
            rules: &rules,
        };
        draft.write()
    }
}
