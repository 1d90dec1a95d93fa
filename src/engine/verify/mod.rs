//! The gate: what a fix must pass before anyone sees its result. Rungs from cheap to dear; the first that fails
//! ends the climb. Judges that are processes are handed in.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::engine::plan::{Change, Misfit, Plan};
use crate::engine::{Analysis, Engine, analyze};
use crate::go::Package;
use crate::transform::{Fix, Outcome};

mod checker;
mod gofmt;
mod recheck;
mod syntax;

pub use recheck::recognize;

/// gofmt, as the outer floors run it.
pub trait Formatter: Sync {
    /// Each source as gofmt prints it, or what gofmt says against it; as many answers as sources.
    fn format(&self, sources: &[&[u8]]) -> Vec<Result<Vec<u8>, String>>;
}

/// The Go compiler and vet, and the package's tests where wanted, as the outer floors run them.
pub trait Compiler: Sync {
    /// What they say against the packages in these folders that they do not say on disk: with the sources that
    /// `package` has and sees.
    fn compile(&self, package: &Package, folders: &[&str]) -> Result<(), String>;
}

/// A step of the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rung {
    /// The edits lie in their files.
    Edits,
    /// No syntax error that was not there before.
    Syntax,
    /// gofmt reads the result.
    Gofmt,
    /// The built-in checker has nothing new to say against it.
    Checker,
    /// The finding is gone and no new one appeared.
    Recheck,
    /// Go compiles and vets the result.
    Build,
}

/// The first rung that failed, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    pub rung: Rung,
    pub evidence: String,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.evidence)
    }
}

/// A fix that was decided on, for one proposal of an analysis.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// Its place in [`Analysis::proposals`].
    pub proposal: usize,
    pub fix: Fix,
    /// How the finding ends when the fix is accepted: fixed, or suppressed by a comment.
    pub outcome: Outcome,
    /// A person wrote it: then the finding may stay, for they know what they did.
    pub by_hand: bool,
}

/// What the gate says about one fix of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Accepted,
    Rejected(Rejection),
    /// It failed beside fixes that passed: to be tried again on their result.
    Crowded,
}

/// A package that passed the gate, with some fixes in it.
pub struct Passed {
    pub after: Analysis,
    pub changes: Vec<Change>,
}

/// What the gate let through.
pub struct Admission {
    /// The package with every accepted fix in it; `None` where none was.
    pub passed: Option<Passed>,
    /// Parallel to the batch.
    pub verdicts: Vec<Verdict>,
}

/// Lets as much of the batch through as holds. A batch that fails is halved until the guilty fix is alone; the
/// others are kept.
pub fn admit(before: &Analysis, batch: &[Chosen], engine: &Engine<'_>) -> Admission {
    let mut bisection = Bisection {
        before,
        batch,
        engine,
        accepted: Vec::new(),
        admission: Admission {
            passed: None,
            verdicts: vec![Verdict::Accepted; batch.len()],
        },
    };
    let all: Vec<usize> = (0..batch.len()).collect();
    bisection.admit(&all);
    bisection.admission
}

static WRONG_FIXES_EXPECTED: AtomicBool = AtomicBool::new(false);

/// From here on a fix that the checker refuses is no reason to panic: for tests that make wrong fixes on purpose.
pub fn expect_wrong_fixes() {
    WRONG_FIXES_EXPECTED.store(true, Ordering::Relaxed);
}

/// A fix of ours that by itself does not compile is a bug of ours: a debug build says so at once. Where a person wrote
/// the fix, the bug is theirs.
fn blame(chosen: &Chosen, rejection: &Rejection) {
    let is_bug = rejection.rung == Rung::Checker && !chosen.by_hand;
    debug_assert!(
        !is_bug || WRONG_FIXES_EXPECTED.load(Ordering::Relaxed),
        "the fix `{}` is wrong: {rejection}",
        chosen.fix.title
    );
}

struct Bisection<'a> {
    before: &'a Analysis,
    batch: &'a [Chosen],
    engine: &'a Engine<'a>,
    accepted: Vec<usize>,
    admission: Admission,
}

impl Bisection<'_> {
    fn admit(&mut self, candidates: &[usize]) {
        if candidates.is_empty() {
            return;
        }
        let together: Vec<usize> = self.accepted.iter().chain(candidates).copied().collect();
        let fixes: Vec<&Chosen> = together.iter().map(|&at| &self.batch[at]).collect();
        match (check(self.before, &fixes, self.engine), candidates) {
            (Ok(passed), _) => {
                self.admission.passed = Some(passed);
                self.accepted = together;
            }
            (Err(rejection), &[guilty]) => {
                self.admission.verdicts[guilty] = match self.accepted.is_empty() {
                    true => {
                        blame(&self.batch[guilty], &rejection);
                        Verdict::Rejected(rejection)
                    }
                    false => Verdict::Crowded,
                };
            }
            (Err(_), candidates) => {
                let (left, right) = candidates.split_at(candidates.len() / 2);
                self.admit(left);
                self.admit(right);
            }
        }
    }
}

/// Climbs the ladder with some fixes together.
pub fn check(before: &Analysis, fixes: &[&Chosen], engine: &Engine<'_>) -> Result<Passed, Rejection> {
    let mut changes = united(&before.package, fixes)?;
    syntax::check(&before.package, &changes)?;
    if let Some(formatter) = engine.formatter {
        gofmt::settle(&mut changes, formatter)?;
    }
    let sources = changes.iter().map(|change| (change.file, change.new.as_slice()));
    let package = before.package.with_sources(sources);
    // A person may write what only they know to compile.
    if fixes.iter().all(|chosen| !chosen.by_hand) {
        checker::check(&before.package, &package, &changes)?;
    }
    let mut after = analyze(package, engine);
    recheck::carry(before, fixes, &mut after)?;
    let touched: BTreeSet<Arc<str>> = changes.iter().map(|change| Arc::clone(&change.package)).collect();
    recheck::others(&before.package, &after.package, &touched, engine)?;
    compile(&after.package, &touched, engine)?;
    Ok(Passed { after, changes })
}

/// The dearest rung, so the last.
fn compile(package: &Package, touched: &BTreeSet<Arc<str>>, engine: &Engine<'_>) -> Result<(), Rejection> {
    let Some(compiler) = engine.compiler else {
        return Ok(());
    };
    let others = touched.iter().filter(|path| **path != package.path);
    let others = others.filter_map(|path| Some(&*package.program()?.package(path)?.dir));
    let folders: Vec<&str> = std::iter::once(&*package.dir).chain(others).collect();
    compiler.compile(package, &folders).map_err(|said| Rejection {
        rung: Rung::Build,
        evidence: format!("the result does not pass Go's own tools: {said}"),
    })
}

fn united(package: &Package, fixes: &[&Chosen]) -> Result<Vec<Change>, Rejection> {
    let mut plan = Plan::new(package);
    for chosen in fixes {
        plan.add(&chosen.fix).map_err(|misfit| Rejection {
            rung: Rung::Edits,
            evidence: match misfit {
                Misfit::Overlaps => "its edits overlap those of another fix".to_owned(),
                Misfit::OutsideFile => "it edits places that its file does not have".to_owned(),
            },
        })?;
    }
    Ok(plan.changes())
}
