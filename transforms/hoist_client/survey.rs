//! All openings of a package, looked at together: which run per request, which share a pool, and what becomes of
//! each.

use std::collections::{HashSet, VecDeque};

use super::close;
use super::closers::Closers;
use super::closing::Closing;
use super::definition::right_of;
use super::draft::Draft;
use super::existing::{self, Existing};
use super::place::is_constrained;
use super::pool::{Planner, Shared};
use super::repair;
use super::table;
use super::transports;
use super::uses::Scene;
use crate::analysis::request::{HandlerChain, callers, request_path};
use crate::analysis::{Acquirers, Acquisition, Lifetime, Resource, is_kept, is_replaced, literal_of};
use crate::config::Config;
use crate::facts::paths;
use crate::frameworks::Handler;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, Declaration, SourceFile};
use crate::transform::{Fix, Pass, Reason, Refusal};

/// A pool that is opened for every request.
pub struct Site<'a> {
    pub opening: Acquisition<'a>,
    pub path: HandlerChain<'a>,
    /// Every call on a way from a request to the helper that opens.
    pub callers: Vec<(Declaration<'a>, Node<'a>)>,
    pub closing: Closing,
    /// Whether everyone who gets it could be followed.
    pub is_followed: bool,
    pub remedy: Result<Vec<Fix>, Refusal>,
    /// Why it cannot be shared, where closing it is all that can be done.
    pub unshared: Option<Refusal>,
}

/// The sites of a package.
pub fn sites<'a>(pass: &Pass<'a>) -> Vec<Site<'a>> {
    let acquirers = Acquirers::new(rows(pass.config));
    let closers = Closers::default();
    let (mut found, mut existing) = (Vec::new(), Vec::new());
    for opening in openings(pass, &acquirers) {
        if transports::is_made_for_others(&opening)
            || transports::keeps_nothing(&opening)
            || close::is_ended(&opening)
        {
            continue;
        }
        let kept = is_kept(opening.at, opening.function, opening.call)
            || is_replaced(opening.at, opening.function, opening.call);
        match request_path(opening.at, opening.call).filter(|_| !kept) {
            Some(path) => {
                let scene = Scene {
                    acquirers: &acquirers,
                    closers: &closers,
                    opener: opening.at,
                };
                found.push(Open::new(pass, &scene, opening, path));
            }
            None => existing.extend(existing::of(&opening)),
        }
    }
    let pools = shared(pass, &found, &existing);
    let sites = found
        .iter()
        .enumerate()
        .map(|(at, open)| open.site(pass, &found, &pools, at));
    sites.filter(is_worth_telling).collect()
}

/// What opens a client itself, in sound declarations of files that can name its package.
fn openings<'a>(pass: &Pass<'a>, acquirers: &Acquirers<'a>) -> Vec<Acquisition<'a>> {
    let files = pass.package.files.iter();
    let path = &pass.package.path;
    let spelled: Vec<Vec<String>> = files.map(|file| openings_in(file, path, pass.config)).collect();
    let candidates = pass.package.declarations().filter(|at| {
        let mut texts = spelled[at.id.file.0].iter();
        texts.any(|text| memchr::memmem::find(at.bytes(), text.as_bytes()).is_some())
    });
    let direct = |opening: &Acquisition<'a>| match literal_of(opening.call) {
        Some(_) => true,
        None => opening.resource.is_acquired_by(&opening.at.callee(opening.call)),
    };
    let mut found: Vec<Acquisition<'a>> = candidates
        .filter(|at| at.is_sound())
        .flat_map(|at| acquirers.collect(at))
        .filter(direct)
        .filter(is_made_beside)
        .collect();
    transports::settle(&mut found);
    found
}

/// Whether the function made what the opening method is called on itself, where its row asks for that.
fn is_made_beside(opening: &Acquisition<'_>) -> bool {
    let (at, resource) = (opening.at, opening.resource);
    let Some(maker) = resource.made_by.as_deref() else {
        return true;
    };
    let function = opening.call.field(Field::Function);
    let receiver = function.and_then(|function| function.field(Field::Operand));
    let Some(binding) = receiver.and_then(|receiver| at.scopes().binding_of(receiver)) else {
        return false;
    };
    let binding = at.scopes().get(binding);
    let made = right_of(at.tree().node(binding.origin)).next();
    let by = made
        .filter(|made| made.is(Kind::CallExpression))
        .map(|made| at.callee(made));
    binding.function == opening.function.index()
        && matches!(by, Some(Callee::External { ref path, receiver: None, ref name }) if resource.is_of(path) && name == maker)
}

/// How a file of `package` may spell that it opens a client: `redis.NewClient(` where it imports that package.
fn openings_in(file: &SourceFile, package: &str, config: &Config) -> Vec<String> {
    let mut found = Vec::new();
    let named = file
        .imports
        .iter()
        .filter(|import| import.alias.as_deref() != Some("_"));
    let pairs = named.flat_map(|import| rows(config).map(move |client| (import, client)));
    for client in rows(config).filter(|client| client.is_of(package)) {
        found.extend(client.calls_inside());
        found.extend(client.literal.iter().map(|name| format!("{name}{{")));
    }
    for (import, client) in pairs.filter(|(import, client)| client.is_of(&import.path)) {
        let prefix = match import.alias.as_deref() {
            Some(".") => String::new(),
            _ => format!("{}.", import.name()),
        };
        found.extend(client.acquire.iter().map(|key| match key.receiver {
            Some(_) => format!(".{}(", key.name),
            None => format!("{prefix}{}(", key.name),
        }));
        found.extend(client.literal.iter().map(|name| format!("{prefix}{name}{{")));
    }
    found
}

/// What a file that opens a client must hold: the import, or what it calls of a package that everyone imports.
pub fn needles(config: &Config) -> Vec<String> {
    let everywhere = |path: &str| path == paths::FIBER_V2;
    let texts = rows(config).flat_map(|client| match everywhere(&client.package) {
        true => client
            .acquire
            .iter()
            .map(|key| match key.receiver {
                Some(_) => format!(".{}(", key.name),
                None => format!("fiber.{}(", key.name),
            })
            .collect(),
        false => imports_of(client),
    });
    let mut needles: Vec<String> = texts.collect();
    needles.extend(config.clients.iter().flat_map(Resource::calls_inside));
    needles.sort();
    needles.dedup();
    needles
}

/// The rows of the table, then those of the user.
pub fn rows(config: &Config) -> impl Iterator<Item = &Resource> {
    table::clients().chain(&config.clients)
}

/// The imports that a row is about, as a file writes them.
fn imports_of(client: &Resource) -> Vec<String> {
    let paths = std::iter::once(&client.package).chain(&client.also);
    paths
        .map(|path| match path.strip_suffix('*') {
            Some(above) => format!("\"{above}"),
            None => format!("\"{path}\""),
        })
        .collect()
}

/// A closed pool that cannot be shared is as it should be. One in Locals is not: it is closed, and could be shared.
fn is_worth_telling(site: &Site<'_>) -> bool {
    let refused = site.remedy.as_ref().err();
    let is_sure = site.is_followed || site.closing == Closing::Itself;
    !(is_sure && site.closing.is_closed())
        || refused.is_none_or(|refusal| refusal.reason == Reason::ClosedByLocals)
}

/// An opening with everything known about it alone.
struct Open<'a> {
    opening: Acquisition<'a>,
    path: HandlerChain<'a>,
    lifetime: Option<Lifetime<'a>>,
    draft: Result<Draft<'a>, Refusal>,
    closing: Closing,
}

impl<'a> Open<'a> {
    fn new(pass: &Pass<'a>, scene: &Scene<'a, '_>, opening: Acquisition<'a>, path: HandlerChain<'a>) -> Self {
        let lifetime = Lifetime::of(&opening);
        let draft = Draft::of(pass, scene, opening, lifetime.as_ref());
        Open {
            closing: Closing::of(scene.acquirers, &opening, lifetime.as_ref(), &draft),
            opening,
            path,
            lifetime,
            draft,
        }
    }

    fn site(&self, pass: &Pass<'a>, all: &[Open<'a>], pools: &[Pool], at: usize) -> Site<'a> {
        let hoisted = self.draft.as_ref().map_err(Clone::clone).and_then(|_| {
            let pool = pools.iter().find(|pool| pool.members.contains(&at));
            let pool = pool.ok_or_else(|| {
                Refusal::new(
                    Reason::NeedsDecision,
                    "open the pool once where the program is set up",
                )
            })?;
            let shared = pool.shared.as_ref().map_err(Clone::clone)?;
            let group: Vec<&Draft<'a>> = pool
                .members
                .iter()
                .filter_map(|member| all[*member].draft.as_ref().ok())
                .collect();
            let index = pool.members.iter().position(|member| *member == at).unwrap_or(0);
            repair::fix(pass, &group, index, shared)
        });
        let closing = self
            .lifetime
            .as_ref()
            .and_then(|lifetime| close::fix(&self.opening, lifetime))
            .or_else(|| close::ended(&self.opening));
        Site {
            opening: self.opening,
            path: self.path.clone(),
            callers: per_request_callers(&self.opening),
            closing: self.closing,
            is_followed: self.draft.is_ok(),
            unshared: hoisted.as_ref().err().cloned().filter(|_| closing.is_some()),
            remedy: match (hoisted, closing) {
                (Ok(fix), closing) => Ok([fix].into_iter().chain(closing).collect()),
                (Err(_), Some(closing)) => Ok(vec![closing]),
                (Err(refusal), None) => Err(refusal),
            },
        }
    }
}

/// The calls through which requests come to the function that opens, nearest first.
fn per_request_callers<'a>(opening: &Acquisition<'a>) -> Vec<(Declaration<'a>, Node<'a>)> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut open = VecDeque::from([opening.at]);
    while let Some(at) = open.pop_front() {
        if !seen.insert((&at.package.path, at.id)) || Handler::all_of(at).next().is_some() {
            continue;
        }
        for (caller, call) in callers(at) {
            if request_path(caller, call).is_some() {
                found.push((caller, call));
                open.push_back(caller);
            }
        }
    }
    found
}

/// Openings of one data source, by their place among all, and the pool they share.
struct Pool {
    key: String,
    members: Vec<usize>,
    shared: Result<Shared, Refusal>,
}

fn shared<'a>(pass: &Pass<'a>, found: &[Open<'a>], existing: &[Existing]) -> Vec<Pool> {
    let mut pools: Vec<Pool> = Vec::new();
    for (at, open) in found.iter().enumerate() {
        let Ok(draft) = &open.draft else {
            continue;
        };
        let key = key_of(draft);
        match pools.iter_mut().find(|pool| pool.key == key) {
            Some(pool) => pool.members.push(at),
            None => pools.push(Pool {
                key,
                members: vec![at],
                shared: Err(Refusal::new(
                    Reason::NeedsDecision,
                    "open the pool once where the program is set up",
                )),
            }),
        }
    }
    let mut planner = Planner {
        pass,
        existing,
        has_many: pools.len() > 1 || !existing.is_empty(),
        taken: Vec::new(),
    };
    for pool in &mut pools {
        let group: Vec<&Draft<'a>> = pool
            .members
            .iter()
            .filter_map(|member| found[*member].draft.as_ref().ok())
            .collect();
        pool.shared = planner.share(&group);
    }
    pools
}

/// What openings must have in common to share a pool. A file that is only sometimes part of the package shares
/// with itself alone.
fn key_of(draft: &Draft<'_>) -> String {
    let file = draft.opening.at.file();
    match is_constrained(file) {
        true => format!("{} {}", file.path, draft.arguments.key),
        false => draft.arguments.key.clone(),
    }
}
