//! Copies what a request lends before it is kept, and asks a request context before its handler is over.
//!
//! `accessor` says what a call on a request context gives, by the rows of `src/frameworks`, and `setting` what the app
//! makes of that. `flow` follows the lent memory (a `loan`) through locals, parts, closures and functions of the module up
//! to what keeps it, with what `functions` of other packages do; `copy` gives it memory of its own there. `late` is the
//! other rule: code that asks the context when its handler may be over; it takes the values before, under `names` of their
//! own, or `whole` hands it a copy of the context.
//!
//! The page for users is explain.md.

use std::sync::Arc;

use memchr::memmem;

use crate::analysis::detached::{Detached, Means};
use crate::analysis::owner::Outlives;
use crate::config::Config;
use crate::frameworks::{ContextHandler, context_needles};
use crate::go::Declaration;
use crate::go::syntax::{Field, Kind, Node};
use crate::text::Span;
use crate::transform::{
    Applicability, Confidence, Family, Finding, Pass, Related, Remedy, Rule, Severity, Transform,
};

mod accessor;
mod copy;
mod flow;
mod functions;
mod late;
mod loan;
mod names;
mod setting;
mod whole;

use flow::{Keeper, Kept};
use late::Late;
use setting::Settings;

const LATE: &str = "context-after-handler";
const KEPT: &str = "kept-request-memory";

/// Copies what a request lends before it is kept.
pub struct CopyCtxValue;

/// What outlives the request.
pub enum Site<'a> {
    /// The context is asked when the handler may be over.
    Late(Late<'a>),
    /// Memory that it lent is kept: everything that one statement hands over.
    Kept(Vec<Kept<'a>>),
}

impl Transform for CopyCtxValue {
    type Site<'a> = Site<'a>;

    fn name(&self) -> &'static str {
        "copy_ctx_value"
    }

    fn page(&self) -> &'static str {
        include_str!("explain.md")
    }

    fn rules(&self, _config: &Config) -> Vec<Arc<Rule>> {
        vec![rule(LATE), rule(KEPT)]
    }

    fn needles(&self, config: &Config) -> Vec<String> {
        context_needles(&config.frameworks)
    }

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<Site<'a>> {
        let needles = self.needles(pass.config);
        let handlers: Vec<ContextHandler<'a>> = pass
            .candidates(&needles)
            .filter(|declaration| may_lend(declaration.bytes(), &needles))
            .flat_map(ContextHandler::all_of)
            .collect();
        if handlers.is_empty() {
            return Vec::new();
        }
        let settings = Settings::around(pass.package);
        let mut sites = Vec::new();
        let mut groups: Vec<Vec<Kept<'a>>> = Vec::new();
        for handler in &handlers {
            sites.extend(late::late(handler, settings).into_iter().map(Site::Late));
            if handler.request.facts.lends() {
                flow::kept(handler, settings)
                    .into_iter()
                    .for_each(|kept| join(&mut groups, kept));
            }
        }
        copy::share(&mut groups);
        sites.extend(groups.into_iter().map(Site::Kept));
        sites
    }

    fn finding(&self, pass: &Pass<'_>, site: &Site<'_>) -> Finding {
        match site {
            Site::Late(late) => finding_of_late(late),
            Site::Kept(group) => finding_of_kept(pass, group),
        }
    }

    fn fix(&self, pass: &Pass<'_>, site: &Site<'_>) -> Remedy {
        let fix = match site {
            Site::Late(late) => late.fix(),
            Site::Kept(group) => copy::fix(pass, group),
        };
        fix.map(|fix| vec![fix])
    }
}

fn rule(slug: &str) -> Arc<Rule> {
    let title = match slug {
        LATE => "Code that can outlive its handler uses the request context",
        _ => "Memory that a request lends is kept beyond it",
    };
    Rule::new(
        "copy_ctx_value",
        slug,
        title,
        Family::Retain,
        Severity::Medium,
        Applicability::Safe,
    )
}

/// Whether by its bytes a declaration could start code that asks the context, or keep what it gives.
fn may_lend(bytes: &[u8], types: &[String]) -> bool {
    types.iter().any(|of| {
        let mut found = memmem::find_iter(bytes, of.as_bytes());
        found.any(|at| matches!(bytes.get(at + of.len()), Some(b')' | b',')))
    })
}

/// Adds a loan to those that the same statement hands to its keeper, or that the same statement of another package
/// keeps: that package is the place to end them all, so they are told once.
fn join<'a>(groups: &mut Vec<Vec<Kept<'a>>>, kept: Kept<'a>) {
    let place = |kept: &Kept<'a>| match kept.keeper {
        Keeper::Function(_) => kept.node.statement().unwrap_or(kept.node),
        _ => kept.node,
    };
    let beside = |group: &&mut Vec<Kept<'a>>| {
        let first = &group[0];
        let far = |kept: &Kept<'a>| {
            kept.inside
                .filter(|(at, _)| !std::ptr::eq(at.package, kept.at.package))
        };
        let ends_alike = far(first).is_some() && far(first) == far(&kept);
        ends_alike || (first.at == kept.at && place(first) == place(&kept))
    };
    match groups.iter_mut().find(beside) {
        Some(group) => group.push(kept),
        None => groups.push(vec![kept]),
    }
}

fn finding_of_late(late: &Late<'_>) -> Finding {
    let noun = late.start.means.noun();
    let place = match late.start.means {
        Means::Stream => late.at.place(late.first_use()),
        _ => late.at.place_of(header(&late.start)),
    };
    let uses = late.mentions.iter().map(|mention| Related {
        place: late.at.place(*mention),
        message: format!(
            "used here, when `{}` may serve another request or none",
            mention.text()
        ),
    });
    Finding {
        rule: rule(LATE),
        place,
        message: format!(
            "this {noun} uses the request context `{}` and can outlive its handler: by then the context is gone or belongs to another request",
            late.context()
        ),
        confidence: Confidence::High,
        function: Some(late.at.title()),
        related: Related::first(5, uses.collect()),
    }
}

fn finding_of_kept(pass: &Pass<'_>, group: &[Kept<'_>]) -> Finding {
    let first = &group[0];
    let mut origins: Vec<&str> = group.iter().map(|kept| kept.loan.origin.1.text()).collect();
    origins.dedup();
    let more = match origins.len() {
        0..=3 => String::new(),
        many => format!(" and {} more", many - 3),
    };
    let shown: Vec<String> = origins
        .iter()
        .take(3)
        .map(|origin| format!("`{origin}`"))
        .collect();
    let lent = format!(
        "{}{more} {} memory that the next request overwrites",
        shown.join(", "),
        if origins.len() == 1 { "lends" } else { "lend" }
    );
    let place = match &first.keeper {
        Keeper::Detached(start) if first.inside.is_none() => first.at.place_of(header(start)),
        _ => first.at.place(first.node),
    };
    Finding {
        rule: rule(KEPT),
        place,
        message: format!("{lent}, and {}", keeps(pass, first)),
        confidence: confidence(group),
        function: Some(first.at.title()),
        related: related(pass, group),
    }
}

fn keeps(pass: &Pass<'_>, kept: &Kept<'_>) -> String {
    match &kept.keeper {
        Keeper::Detached(start) if kept.inside.is_some() => {
            format!(
                "this call starts a {} with it that can outlive the handler",
                start.means.noun()
            )
        }
        Keeper::Detached(start) => format!("this {} can outlive the handler", start.means.noun()),
        Keeper::Owner(owner, _) => format!("{} keeps it", owner.described(pass.package)),
        Keeper::Function(name) => format!("`{name}` keeps it"),
    }
}

/// Methods of requests are few words, so that their memory often holds the same again.
fn confidence(group: &[Kept<'_>]) -> Confidence {
    let weak = group.iter().all(|kept| {
        let origin = kept.loan.origin.1.text();
        [".Method()", ".Protocol()"]
            .iter()
            .any(|name| origin.ends_with(name))
    });
    match &group[0].keeper {
        _ if weak => Confidence::Low,
        Keeper::Owner(_, Outlives::Likely) => Confidence::Medium,
        Keeper::Function(name) if name != "WithLabelValues" && name != "With" => Confidence::Medium,
        _ => Confidence::High,
    }
}

fn related(pass: &Pass<'_>, group: &[Kept<'_>]) -> Vec<Related> {
    let beside = |at: &Declaration<'_>| std::ptr::eq(at.package, pass.package);
    let mut told: Vec<Related> = Vec::new();
    let mut tell = |at: Declaration<'_>, node: Node<'_>, message: &str| {
        let place = at.place(node);
        if beside(&at) && !told.iter().any(|held| held.place == place) {
            let message = message.to_owned();
            told.push(Related { place, message });
        }
    };
    for kept in group {
        let (at, origin) = kept.loan.origin;
        tell(at, origin, "lent here");
        if (kept.at, kept.node) != (group[0].at, group[0].node) {
            tell(kept.at, kept.node, "handed over here, too");
        }
        if let Some((at, node)) = kept.inside {
            tell(at, node, "kept here");
        }
    }
    Related::first(24, told)
}

/// The start without the body of its function.
fn header(start: &Detached<'_>) -> Span {
    let literal = start.literal.filter(|literal| start.start.contains(*literal));
    let signature = literal.and_then(|literal| literal.field(Field::Parameters));
    let end = signature.map_or(start.start.end(), Node::end);
    let begin = match start.means {
        Means::Stream => literal.filter(|literal| literal.is(Kind::FuncLiteral)),
        _ => None,
    };
    Span::new(begin.map_or(start.start.start(), Node::start), end)
}
