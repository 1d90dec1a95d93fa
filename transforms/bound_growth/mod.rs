//! Reports what grows with every request or turn and never shrinks.
//!
//! `collection` finds slices and maps that requests add to and nothing takes out of; `chain` finds contexts that are made of
//! themselves again and again. `mod.rs` tells both; no edit is made, since only a person knows what may be forgotten.
//!
//! The page for users is explain.md.

use std::sync::Arc;

use crate::config::Config;
use crate::edit::Rewrite;
use crate::text::{Edit, Span};
use crate::transform::{
    Applicability, Confidence, Family, Finding, Fix, Pass, Reason, Refusal, Related, Remedy, Rule, Severity,
    Transform,
};

mod chain;
mod collection;

use chain::Chain;
use collection::Growth;

const CHAIN: &str = "growing-context";
const COLLECTION: &str = "growing-collection";

/// Reports what grows with every request or turn and never shrinks.
pub struct BoundGrowth;

pub enum Site<'a> {
    Chain(Chain<'a>),
    Collection(Growth<'a>),
}

impl Transform for BoundGrowth {
    type Site<'a> = Site<'a>;

    fn name(&self) -> &'static str {
        "bound_growth"
    }

    fn page(&self) -> &'static str {
        include_str!("explain.md")
    }

    fn rules(&self, _config: &Config) -> Vec<Arc<Rule>> {
        vec![rule(CHAIN), rule(COLLECTION)]
    }

    fn needles(&self, _config: &Config) -> Vec<String> {
        vec!["WithValue(".to_owned(), "Ctx".to_owned()]
    }

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<Site<'a>> {
        let mut sites = Vec::new();
        for declaration in pass.candidates(&["WithValue(".to_owned()]) {
            sites.extend(chain::chains(declaration).into_iter().map(Site::Chain));
        }
        for declaration in pass.candidates(&["Ctx".to_owned()]) {
            let growths = collection::growths(pass, declaration);
            sites.extend(growths.into_iter().map(Site::Collection));
        }
        sites
    }

    fn finding(&self, pass: &Pass<'_>, site: &Site<'_>) -> Finding {
        match site {
            Site::Chain(chain) => Finding {
                rule: rule(CHAIN),
                place: chain.at.place(chain.statement),
                message: chain.message(),
                confidence: Confidence::High,
                function: Some(chain.at.title()),
                related: Vec::new(),
            },
            Site::Collection(growth) => {
                let owner = growth.owner.described(pass.package);
                let declared = growth.owner.place(pass.package).map(|place| Related {
                    place,
                    message: "declared here".to_owned(),
                });
                Finding {
                    rule: rule(COLLECTION),
                    place: growth.at.place(growth.statement),
                    message: format!("{owner} grows with every request, and nothing ever makes it shorter"),
                    confidence: Confidence::Medium,
                    function: Some(growth.at.title()),
                    related: declared.into_iter().collect(),
                }
            }
        }
    }

    /// ```text
    /// for { ctx = context.WithValue(ctx, k, v); … }   ⇒   for { ctx := context.WithValue(ctx, k, v); … }
    /// ```
    ///
    /// Each turn then derives from the context outside. Values of earlier turns are no longer found, so that a
    /// person has to agree.
    fn fix(&self, _pass: &Pass<'_>, site: &Site<'_>) -> Remedy {
        let chain = match site {
            Site::Chain(chain) => chain,
            Site::Collection(_) => return Err(needs_bound()),
        };
        let operator = chain.operator().ok_or_else(|| chain.refusal())?;
        let mut rewrite = Rewrite::new();
        let edit = Edit::insert(operator.start, ":");
        let edited = rewrite.edit(chain.at.id.file, edit);
        edited.map_err(|_| chain.refusal())?;
        let title = "Derive a context of its own in each turn";
        Ok(vec![Fix::new(title, Applicability::Unsafe, rewrite)])
    }
}

fn needs_bound() -> Refusal {
    Refusal::new(
        Reason::NeedsDecision,
        "decide what bounds it: a variable of the handler where it is meant for one request, a ring of fixed size, a map whose old entries are deleted",
    )
}

fn rule(slug: &str) -> Arc<Rule> {
    let (title, applicability) = match slug {
        CHAIN => (
            "A context is derived from itself again and again",
            Applicability::Unsafe,
        ),
        _ => (
            "A slice or map grows with every request and never shrinks",
            Applicability::DisplayOnly,
        ),
    };
    Rule::new(
        "bound_growth",
        slug,
        title,
        Family::Retain,
        Severity::Medium,
        applicability,
    )
}

/// The `=` between the two sides of an assignment.
fn assign_between(source: &[u8], left: usize, right: usize) -> Option<Span> {
    let between = Span::new(left, right);
    let at = memchr::memchr(b'=', between.of(source))?;
    Some(Span::new(left + at, left + at + 1))
}
