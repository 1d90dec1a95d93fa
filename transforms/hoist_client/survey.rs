//! All openings of a package, looked at together: which run per request, which share a pool, and what becomes of
//! each.

use super::close;
use super::draft::Draft;
use super::existing::{self, Existing};
use super::pool::{Planner, Shared, is_constrained};
use super::repair;
use super::table::Table;
use super::uses::is_closed;
use crate::go::Declaration;
use crate::leak::request::{RequestPath, request_path};
use crate::leak::{Acquirers, Acquisition, Lifetime, is_kept};
use crate::transform::{Fix, Pass, Reason, Refusal};

/// A pool that is opened for every request.
pub struct Site<'a> {
    pub opening: Acquisition<'a>,
    pub path: RequestPath<'a>,
    /// Whether everyone who has the pool closes it.
    pub is_closed: bool,
    pub is_helper: bool,
    pub remedy: Result<Vec<Fix>, Refusal>,
    /// Why it cannot be shared, where closing it is all that can be done.
    pub unshared: Option<Refusal>,
}

/// The sites of a package.
pub fn sites<'a>(pass: &Pass<'a>) -> Vec<Site<'a>> {
    let acquirers = Acquirers::new(&Table::get().clients);
    let (mut found, mut existing) = (Vec::new(), Vec::new());
    for opening in openings(pass, &acquirers) {
        let kept = is_kept(opening.at, opening.function, opening.call);
        match request_path(opening.at, opening.call).filter(|_| !kept) {
            Some(path) => found.push(Open::new(pass, &acquirers, opening, path)),
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

/// Calls that open a pool themselves, in sound declarations of files that can name the package.
fn openings<'a>(pass: &Pass<'a>, acquirers: &Acquirers<'a>) -> Vec<Acquisition<'a>> {
    let clients = &Table::get().clients;
    let imports = |at: &Declaration<'a>| {
        clients
            .iter()
            .any(|client| at.file().import_of(&client.package).is_some())
    };
    let needles = needles();
    let candidates = pass.candidates(&needles).filter(imports);
    let direct =
        |opening: &Acquisition<'a>| opening.resource.is_acquired_by(&opening.at.callee(opening.call));
    candidates
        .flat_map(|at| acquirers.collect(at))
        .filter(direct)
        .collect()
}

/// What a declaration that opens a pool must hold.
pub fn needles() -> Vec<String> {
    let clients = Table::get().clients.iter();
    let mut needles: Vec<String> = clients
        .flat_map(|client| client.acquire.iter())
        .map(|name| format!("{name}("))
        .collect();
    needles.dedup();
    needles
}

/// A closed pool that cannot be shared is as it should be. One in Locals is not: it is closed, and could be shared.
fn is_worth_telling(site: &Site<'_>) -> bool {
    let refused = site.remedy.as_ref().err();
    !site.is_closed || refused.is_none_or(|refusal| refusal.reason == Reason::ClosedByLocals)
}

/// An opening with everything known about it alone.
struct Open<'a> {
    opening: Acquisition<'a>,
    path: RequestPath<'a>,
    lifetime: Option<Lifetime<'a>>,
    draft: Result<Draft<'a>, Refusal>,
}

impl<'a> Open<'a> {
    fn new(
        pass: &Pass<'a>,
        acquirers: &Acquirers<'a>,
        opening: Acquisition<'a>,
        path: RequestPath<'a>,
    ) -> Self {
        let lifetime = Lifetime::of(&opening);
        let draft = Draft::of(pass, acquirers, opening, lifetime.as_ref());
        Open {
            opening,
            path,
            lifetime,
            draft,
        }
    }

    fn is_closed(&self) -> bool {
        match &self.draft {
            Ok(draft) if draft.is_helper() => draft.holders.iter().all(|holder| holder.uses.is_closed),
            _ => self.lifetime.as_ref().is_some_and(is_closed),
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
            .and_then(|lifetime| close::fix(&self.opening, lifetime));
        Site {
            opening: self.opening,
            path: self.path.clone(),
            is_closed: self.is_closed(),
            is_helper: self.draft.as_ref().is_ok_and(Draft::is_helper),
            unshared: hoisted.as_ref().err().cloned().filter(|_| closing.is_some()),
            remedy: match (hoisted, closing) {
                (Ok(fix), closing) => Ok([fix].into_iter().chain(closing).collect()),
                (Err(_), Some(closing)) => Ok(vec![closing]),
                (Err(refusal), None) => Err(refusal),
            },
        }
    }
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
