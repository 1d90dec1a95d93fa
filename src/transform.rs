//! The contract between the engine and the suite of repairs: what a rule is, what a transform finds, what it
//! proposes. A transform proves a leak ([`Transform::detect`]), tells people about it ([`Transform::finding`])
//! and repairs it or says why not ([`Transform::fix`]).

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::edit::{NewName, Rewrite};
use crate::text::EditSet;

mod left;
mod pass;

pub use crate::analysis::{Resource, Severity};
pub use crate::edit::ImportNeed;
pub use crate::go::{FileId, Place};
pub use left::Left;
pub use pass::{Alone, Pass, Sources};

/// What kind of thing leaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    Release,
    Pool,
    Goroutine,
    Channel,
    Retain,
    Timer,
    Cancel,
    Syncpool,
}

/// How sure the analysis is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    #[default]
    Low,
    Medium,
    High,
}

/// What a fix promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Applicability {
    /// Behaviour is kept, apart from the leak.
    Safe,
    /// Behaviour, order or lifetime may change: applied only when asked for.
    Unsafe,
    /// Advice in the form of a change; never applied.
    DisplayOnly,
}

macro_rules! spelled_as_serialized {
    ($($type:ty),*) => {$(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Serialize::serialize(self, f)
            }
        }
    )*};
}
spelled_as_serialized!(Family, Severity, Confidence, Applicability, Reason);

/// The identity of one leak class. A value, so a row of a user's config is a rule like ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Names the defect: `unclosed-rows`.
    pub slug: Arc<str>,
    /// One line for lists.
    pub title: String,
    pub family: Family,
    pub severity: Severity,
    /// The best that a fix of this rule promises.
    pub applicability: Applicability,
    /// The folder in `transforms/` that repairs it.
    pub transform: &'static str,
}

impl Rule {
    /// A rule of ours, as opposed to those that rows of tables describe.
    pub fn new(
        transform: &'static str,
        slug: &str,
        title: &str,
        family: Family,
        severity: Severity,
        applicability: Applicability,
    ) -> Arc<Self> {
        Arc::new(Rule {
            slug: slug.into(),
            title: title.to_owned(),
            family,
            severity,
            applicability,
            transform,
        })
    }
}

/// A further place that explains a finding: the acquire, the return that leaks, a caller on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    pub place: Place,
    pub message: String,
}

/// A leak, told to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub rule: Arc<Rule>,
    /// Where the resource is acquired.
    pub place: Place,
    pub message: String,
    pub confidence: Confidence,
    /// The declared function or method that holds the place: `queryHandler`, `(*Server).list`.
    pub function: Option<String>,
    pub related: Vec<Related>,
}

impl Related {
    /// The first of many places; the last of them says how many there are besides.
    pub fn first(shown: usize, mut all: Vec<Related>) -> Vec<Related> {
        let more = all.len().saturating_sub(shown);
        all.truncate(shown);
        if let (1.., Some(last)) = (more, all.last_mut()) {
            let places = if more == 1 { "place" } else { "places" };
            last.message
                .push_str(&format!(", and so in {more} more {places}"));
        }
        all
    }
}

/// A repair: applied whole or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// A verb phrase: "Close rows when the handler returns".
    pub title: String,
    pub applicability: Applicability,
    /// Per file, on the source the pass was given.
    pub edits: Vec<(FileId, EditSet)>,
    pub imports: Vec<ImportNeed>,
    /// What it newly names: fixes that land together must not take the same name.
    pub names: Vec<NewName>,
    /// Whether it makes the finding less harmful and leaves it in place, so that the gate lets it stay.
    pub lessens: bool,
    /// Where the leak may still happen when it is applied: told wherever the fix is.
    pub leaves: Vec<Related>,
}

impl Fix {
    pub fn new(title: impl Into<String>, applicability: Applicability, rewrite: Rewrite) -> Self {
        let (edits, imports, names) = rewrite.into_parts();
        Fix {
            title: title.into(),
            applicability,
            edits,
            imports,
            names,
            lessens: false,
            leaves: Vec::new(),
        }
    }

    /// This fix as one that makes the finding less harmful and no more.
    pub fn lessening(self) -> Self {
        Fix {
            lessens: true,
            ..self
        }
    }

    /// This fix as one after which there is still something to do.
    pub fn leaving(self, leaves: Vec<Related>) -> Self {
        Fix { leaves, ..self }
    }
}

/// Why there is no fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Stored, sent or passed where its owner cannot be seen.
    Escapes,
    /// Handed to the caller, who owns it then.
    Returned,
    /// An argument depends on the request.
    RequestDependent,
    /// The variable holds several resources in turn.
    Reassigned,
    /// A defer here would pile up until the function returns.
    InLoop,
    /// The error is dropped, so the handle may be nil.
    ErrorIgnored,
    /// The handle itself is dropped, so nothing can release it.
    HandleDiscarded,
    /// Closed by fasthttp, which closes what `Locals` keeps.
    ClosedByLocals,
    /// Something reads what the fix would remove.
    StillRead,
    /// Code outside this package uses it.
    UsedElsewhere,
    /// Connecting can fail for a moment, and the failure must not be kept.
    MayFailToConnect,
    /// State that lives in one connection would be shared.
    PerConnectionState,
    /// Another goroutine receives, sends or closes.
    OtherParty,
    /// The goroutine feeds a stream that outlives the handler.
    FeedsStream,
    /// The goroutine's work must not be cut short.
    WorkOutlivesHandler,
    /// The handler waits for the goroutine, so nothing could unblock it.
    HandlerWaits,
    /// Code that would now run uses the request.
    TouchesRequest,
    /// Queued items would be dropped.
    DropsQueuedWork,
    /// The control flow leaves no place for the repair.
    ControlFlow,
    /// A type could not be resolved.
    TypeUnknown,
    /// A name the repair needs means something else here.
    NameTaken,
    /// The file says it is generated.
    GeneratedFile,
    /// The parser does not understand the file.
    SyntaxError,
    /// Only a person can decide what is meant to happen.
    NeedsDecision,
}

/// Why there is no fix, and what a person should do instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub reason: Reason,
    pub message: String,
}

impl Refusal {
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Refusal {
            reason,
            message: message.into(),
        }
    }
}

/// A finding with what can be done about it: what a person is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    pub finding: Finding,
    /// The fixes, best first; the others are its alternatives. Never empty.
    pub remedy: Result<Vec<Fix>, Refusal>,
    /// Rule, package, function, snippet and ordinal as one hex string: survives moved lines.
    pub fingerprint: String,
}

/// How a finding ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Fixed,
    Refused,
    Deferred,
    Declined,
    Failed,
    Suppressed,
}

/// One repair of the suite.
pub trait Transform: Sync {
    /// The private proof that something leaks: typed state between detect and fix.
    type Site<'a>;

    /// The folder's name.
    fn name(&self) -> &'static str;

    /// The page of `unleak explain`: the folder's explain.md.
    fn page(&self) -> &'static str;

    /// Whether all it knows is about Fiber.
    fn is_about_fiber(&self) -> bool {
        false
    }

    /// The rows of its table from which its findings start.
    fn resources<'c>(&self, _config: &'c Config) -> Vec<&'c Resource> {
        Vec::new()
    }

    /// The rules it serves, with the config's own rows.
    fn rules(&self, config: &Config) -> Vec<Arc<Rule>>;

    /// Literals of which a declaration must hold one to be worth parsing.
    fn needles(&self, config: &Config) -> Vec<String>;

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<Self::Site<'a>>;

    fn finding(&self, pass: &Pass<'_>, site: &Self::Site<'_>) -> Finding;

    /// The fix and its alternatives, best first.
    fn fix(&self, pass: &Pass<'_>, site: &Self::Site<'_>) -> Result<Vec<Fix>, Refusal>;
}

/// A [`Transform`] with its site type erased, so that the suite is a plain slice.
pub trait AnyTransform: Sync {
    fn name(&self) -> &'static str;
    fn page(&self) -> &'static str;
    fn is_about_fiber(&self) -> bool {
        false
    }
    fn resources<'c>(&self, _config: &'c Config) -> Vec<&'c Resource> {
        Vec::new()
    }
    fn rules(&self, config: &Config) -> Vec<Arc<Rule>>;
    fn needles(&self, config: &Config) -> Vec<String>;
    /// Every finding of the pass with its remedy, in no particular order.
    fn propose<'a>(&self, pass: &'a Pass<'a>) -> Vec<(Finding, Result<Vec<Fix>, Refusal>)>;
}

impl<T: Transform> AnyTransform for T {
    fn name(&self) -> &'static str {
        Transform::name(self)
    }

    fn page(&self) -> &'static str {
        Transform::page(self)
    }

    fn is_about_fiber(&self) -> bool {
        Transform::is_about_fiber(self)
    }

    fn resources<'c>(&self, config: &'c Config) -> Vec<&'c Resource> {
        Transform::resources(self, config)
    }

    fn rules(&self, config: &Config) -> Vec<Arc<Rule>> {
        Transform::rules(self, config)
    }

    fn needles(&self, config: &Config) -> Vec<String> {
        Transform::needles(self, config)
    }

    fn propose<'a>(&self, pass: &'a Pass<'a>) -> Vec<(Finding, Result<Vec<Fix>, Refusal>)> {
        let sites = self.detect(pass);
        let told = |site| (self.finding(pass, &site), self.fix(pass, &site));
        sites.into_iter().map(told).collect()
    }
}

/// The suite: every transform, in the order of `transforms/mod.rs`.
pub type Suite = [&'static dyn AnyTransform];
