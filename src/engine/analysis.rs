//! The findings of one package, with their fixes.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::Engine;
use super::fingerprint::{self, Key};
use super::suppression::{self, Suppression};
use crate::config::Profile;
use crate::edit;
use crate::frameworks::{self, Scope, Servers};
use crate::go::{FileId, Package};
use crate::limits;
use crate::transform::{AnyTransform, Finding, Fix, Pass, Proposal, Proposed, Reason, Refusal, Remedy};

/// A package with everything found in it.
pub struct Analysis {
    pub package: Package,
    /// Sorted by path, start and rule.
    pub proposals: Vec<Proposal>,
    /// Parallel to `proposals`: what the fingerprints are made of.
    keys: Vec<Key>,
    /// Findings that a comment accepts, in the same order.
    pub suppressed: Vec<(Proposal, Suppression)>,
}

impl Analysis {
    /// Whether a fix of it edits files of other packages: then it is not repaired beside those, but after them.
    pub fn reaches_out(&self) -> bool {
        let mut fixes = self
            .proposals
            .iter()
            .flat_map(|proposal| proposal.remedy.iter().flatten());
        fixes.any(|fix| reaches_out(&self.package, fix))
    }

    /// Whether proposal `a` of `self` and `b` of `other` tell of the same lines.
    pub(crate) fn same_key(&self, a: usize, other: &Analysis, b: usize) -> bool {
        self.keys[a] == other.keys[b]
    }

    fn take(&mut self, proposal: Proposal, key: Key, suppression: Option<Suppression>) {
        match suppression {
            Some(suppression) => self.suppressed.push((proposal, suppression)),
            None => {
                self.proposals.push(proposal);
                self.keys.push(key);
            }
        }
    }

    /// Whether they tell of the same rule in the same function.
    pub(crate) fn akin_key(&self, a: usize, other: &Analysis, b: usize) -> bool {
        self.keys[a].is_akin(&other.keys[b])
    }
}

/// Runs the suite over one package. Findings in generated files are left out: nobody edits those.
pub fn analyze(mut package: Package, engine: &Engine<'_>) -> Analysis {
    package.facts = engine.config.facts.clone();
    let servers = match engine.config.profile {
        Profile::Auto => Servers::Required,
        Profile::Fiber => Servers::Only(frameworks::Version::V1.import_path()),
        Profile::General => Servers::All,
    };
    Scope::new(servers, &engine.config.frameworks).attach(&mut package);
    let mut told = detect(&package, engine);
    for (finding, remedy) in &mut told {
        change(&package, engine, finding, remedy);
    }
    told.sort_by(|(a, _), (b, _)| order(&package, a).cmp(&order(&package, b)));
    told.dedup_by(|(a, _), (b, _)| a.place == b.place && a.rule == b.rule);
    let keys: Vec<Key> = told
        .iter()
        .map(|(finding, _)| fingerprint::key(&package, finding))
        .collect();
    let fingerprints = fingerprint::number(&keys);
    let mut analysis = Analysis {
        package,
        proposals: Vec::new(),
        keys: Vec::new(),
        suppressed: Vec::new(),
    };
    for (((finding, remedy), key), fingerprint) in told.into_iter().zip(keys).zip(fingerprints) {
        let remedy = remedy.and_then(|fixes| editable(&analysis.package, fixes, engine));
        let suppression = suppression::find(&analysis.package, &finding);
        let proposal = Proposal {
            finding,
            remedy,
            fingerprint,
        };
        analysis.take(proposal, key, suppression);
    }
    analysis
}

/// What the suite finds of what counts, each with its fixes.
fn detect(package: &Package, engine: &Engine<'_>) -> Vec<Proposed> {
    let pass = Pass {
        package,
        config: engine.config,
        sources: engine.sources,
    };
    let is_wanted = |finding: &Finding| counts(package, engine, finding);
    let propose = |transform: &&'static dyn AnyTransform| {
        limits::asked_by(transform.name(), || transform.propose(&pass, &is_wanted))
    };
    let is_due = |transform: &&&'static dyn AnyTransform| {
        engine.config.profile != Profile::General || !transform.is_about_fiber()
    };
    engine.suite.iter().filter(is_due).flat_map(propose).collect()
}

/// Gives the finding the severity, and its fixes the promise, that the user wants.
fn change(package: &Package, engine: &Engine<'_>, finding: &mut Finding, remedy: &mut Remedy) {
    let path = &package.file(finding.place.file).path;
    let change = engine.config.change_of(path, &finding.rule.slug);
    if let Some(severity) = change.severity {
        Arc::make_mut(&mut finding.rule).severity = severity;
    }
    for fix in remedy.iter_mut().flatten() {
        fix.applicability = change.applied_to(fix.applicability);
    }
}

fn counts(package: &Package, engine: &Engine<'_>, finding: &Finding) -> bool {
    let file = package.file(finding.place.file);
    engine
        .config
        .wants(&file.path, &finding.rule.slug, finding.confidence)
        && !package.context.contains(&finding.place.file)
        && !file.is_generated()
}

fn order<'f>(package: &'f Package, finding: &'f Finding) -> (&'f str, crate::text::Span, &'f str) {
    let place = finding.place;
    (&package.file(place.file).path, place.span, &finding.rule.slug)
}

/// Whether the fix edits files of other packages.
pub(super) fn reaches_out(package: &Package, fix: &Fix) -> bool {
    fix.edits.iter().any(|(id, _)| !package.owns(*id))
}

/// The fixes all of whose files may be edited: a person wrote them, the parser understood them, and they are among
/// those to search.
fn editable(package: &Package, fixes: Vec<Fix>, engine: &Engine<'_>) -> Remedy {
    let mut refusal = Refusal::new(Reason::NeedsDecision, "no repair is known for this shape");
    let mut kept = Vec::new();
    for fix in fixes {
        let mut files = fix.edits.iter().map(|(id, _)| *id);
        let obstacle = files.find_map(|id| obstacle(package, id, engine));
        let obstacle = obstacle.or_else(|| jumped_over(package, &fix));
        match obstacle.or_else(|| hidden(package, &fix, engine)) {
            None => kept.push(fix),
            Some(why) => refusal = why,
        }
    }
    if kept.is_empty() { Err(refusal) } else { Ok(kept) }
}

/// Why the fix would declare what no jump may pass.
fn jumped_over(package: &Package, fix: &Fix) -> Option<Refusal> {
    let label = edit::jumped_over(package, &fix.edits)?;
    let message =
        format!("the repair declares a name that `goto {label}` would jump over: make the repair by hand");
    Some(Refusal::new(Reason::NeedsDecision, message))
}

/// Why the fix would not mean what it says.
fn hidden(package: &Package, fix: &Fix, engine: &Engine<'_>) -> Option<Refusal> {
    // Files are read for that, so once for each package.
    let beside: RefCell<BTreeMap<String, HashSet<String>>> = RefCell::default();
    let is_beside = |owner: &Package, name: &str| {
        let mut beside = beside.borrow_mut();
        let names = beside.entry(owner.dir.clone());
        let declared = || engine.sources.declared_beside(owner);
        names.or_insert_with(declared).contains(name)
    };
    let name = edit::hidden_name(package, &fix.edits, &fix.imports, &is_beside)?;
    let message = format!(
        "the repair has to say `{name}`, which means something else here: rename that, or make the repair by hand"
    );
    Some(Refusal::new(Reason::NameTaken, message))
}

fn obstacle(package: &Package, id: FileId, engine: &Engine<'_>) -> Option<Refusal> {
    let file = package.find_file(id)?;
    let path = &file.path;
    // Of another file people want to hear why it matters.
    let too = if package.owns(id) {
        ""
    } else {
        "the repair changes another package, too: "
    };
    if file.is_generated() {
        let message = format!("{too}{path} is generated: repair its generator");
        return Some(Refusal::new(Reason::GeneratedFile, message));
    }
    if let Some(at) = file.syntax_error() {
        let line = file.lines().position(at).line;
        let message = format!("{too}{path}:{line} has a syntax error: correct it first");
        return Some(Refusal::new(Reason::SyntaxError, message));
    }
    if !package.owns(id) && !package.is_of_one_module_with(id) {
        let message = format!(
            "the repair changes {path} too, which belongs to another module: make the repair by hand"
        );
        return Some(Refusal::new(Reason::UsedElsewhere, message));
    }
    (!engine.sources.is_searched(path)).then(|| {
        Refusal::new(
            Reason::UsedElsewhere,
            format!(
                "the repair changes {path} too, which the paths or the configuration leave out: let unleak search it, or make the repair by hand"
            ),
        )
    })
}
