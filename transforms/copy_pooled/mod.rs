//! Copies what a response keeps of an object that goes back to its pool.
//!
//! `pooled` finds the objects of a pool that are misused, `stored` whether somebody keeps them; the copy is made in `mod.rs`.
//!
//! The page for users is explain.md.

use std::sync::Arc;

use crate::config::Config;
use crate::edit::Rewrite;
use crate::go::Declaration;
use crate::go::syntax::{Field, Kind, Node};
use crate::text::Edit;
use crate::transform::{
    Applicability, Confidence, Family, Finding, Fix, Pass, Reason, Refusal, Related, Remedy, Rule, Severity,
    Transform,
};

mod pooled;
mod stored;

use pooled::{Misuse, Pooled};

/// Copies what a response keeps of an object that goes back to its pool.
pub struct CopyPooled;

pub struct Site<'a> {
    declaration: Declaration<'a>,
    pooled: Pooled<'a>,
}

impl Transform for CopyPooled {
    type Site<'a> = Site<'a>;

    fn name(&self) -> &'static str {
        "copy_pooled"
    }

    fn page(&self) -> &'static str {
        include_str!("explain.md")
    }

    fn is_about_fiber(&self) -> bool {
        true
    }

    fn rules(&self, _config: &Config) -> Vec<Arc<Rule>> {
        vec![pooled_body(), pooled_result(), double_put(), escaped_put()]
    }

    fn needles(&self, _config: &Config) -> Vec<String> {
        vec![".Put(".to_owned()]
    }

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<Site<'a>> {
        let site = |declaration: Declaration<'a>| {
            let misused = pooled::misused(declaration).into_iter();
            misused.map(move |pooled| Site { declaration, pooled })
        };
        pass.candidates(&self.needles(pass.config))
            .flat_map(site)
            .collect()
    }

    fn finding(&self, _pass: &Pass<'_>, site: &Site<'_>) -> Finding {
        let (at, pooled) = (site.declaration, &site.pooled);
        let (rule, message, told) = match pooled.misuse {
            Misuse::Kept => (
                pooled_body(),
                format!(
                    "the response keeps the bytes of {}, which goes back to its pool before they are written: another request writes over them",
                    pooled.name
                ),
                "given back here",
            ),
            Misuse::Returned => (
                pooled_result(),
                format!(
                    "the caller gets the memory of {}, which goes back to its pool before the caller reads it: others write over it",
                    pooled.name
                ),
                "given back here",
            ),
            Misuse::PutTwice => (
                double_put(),
                format!(
                    "{} goes back to its pool twice: two requests will get the same object",
                    pooled.name
                ),
                "given back here already",
            ),
            Misuse::Stored => (
                escaped_put(),
                format!(
                    "{} stays with someone who outlives this call, and goes back to its pool: others write to it then",
                    pooled.name
                ),
                "given back here",
            ),
        };
        Finding {
            rule,
            place: at.place(pooled.at),
            message,
            confidence: Confidence::High,
            function: Some(at.title()),
            related: vec![Related {
                place: at.place(pooled.put),
                message: told.to_owned(),
            }],
        }
    }

    fn fix(&self, _pass: &Pass<'_>, site: &Site<'_>) -> Remedy {
        match site.pooled.misuse {
            Misuse::Kept | Misuse::Returned => copy(site).map(|fix| vec![fix]),
            Misuse::PutTwice => Err(Refusal::new(
                Reason::NeedsDecision,
                "keep one of the two: the deferred Put gives it back on every path",
            )),
            Misuse::Stored => Err(Refusal::new(
                Reason::Escapes,
                "store a copy; or do not give it back here, but where whoever has it is done (without a Put the \
                 garbage collector takes it, which is no leak)",
            )),
        }
    }
}

fn pooled_body() -> Arc<Rule> {
    rule(
        "pooled-body",
        "A response keeps bytes of a pooled object that others get again",
        Applicability::Safe,
    )
}

fn pooled_result() -> Arc<Rule> {
    rule(
        "pooled-result",
        "A function returns memory of a pooled object that others get again",
        Applicability::Safe,
    )
}

fn double_put() -> Arc<Rule> {
    rule(
        "double-put",
        "An object goes back to its pool twice",
        Applicability::DisplayOnly,
    )
}

fn escaped_put() -> Arc<Rule> {
    rule(
        "escaped-put",
        "An object goes back to its pool while something still has it",
        Applicability::DisplayOnly,
    )
}

fn rule(slug: &str, title: &str, applicability: Applicability) -> Arc<Rule> {
    Rule::new(
        "copy_pooled",
        slug,
        title,
        Family::Syncpool,
        Severity::Medium,
        applicability,
    )
}

/// Hands the response bytes of its own:
///
/// ```text
/// return c.Send(buf.Bytes())   ⇒   return c.Send(append([]byte(nil), buf.Bytes()...))
/// ```
///
/// The copy is made while the handler still has the object; status, headers and body are the same. What a function
/// returns is copied likewise, before the deferred `Put` runs.
fn copy(site: &Site<'_>) -> Result<Fix, Refusal> {
    let argument = site.pooled.argument.filter(|argument| is_bytes(*argument));
    let Some(argument) = argument else {
        let message = "read the object to its end and hand the bytes over: it must not be used once it is back in its pool";
        return Err(Refusal::new(Reason::NeedsDecision, message));
    };
    let mut rewrite = Rewrite::new();
    let file = site.declaration.id.file;
    let overlap = |_| Refusal::new(Reason::ControlFlow, "the calls are nested in each other");
    // A body of no bytes is no body; a caller may tell an empty result from none.
    let (verb, copied) = match site.pooled.misuse {
        Misuse::Returned => ("Return", "append([]byte{}, "),
        _ => ("Send", "append([]byte(nil), "),
    };
    rewrite
        .edit(file, Edit::insert(argument.start(), copied))
        .map_err(overlap)?;
    rewrite
        .edit(file, Edit::insert(argument.end(), "...)"))
        .map_err(overlap)?;
    let title = format!("{verb} a copy of what {} holds", site.pooled.name);
    Ok(Fix::new(title, Applicability::Safe, rewrite))
}

/// `buf.Bytes()`, the only way to the bytes whose type is known.
fn is_bytes(argument: Node<'_>) -> bool {
    let function = argument
        .field(Field::Function)
        .filter(|_| argument.is(Kind::CallExpression));
    let method = function.and_then(|function| function.field(Field::Field));
    method.is_some_and(|method| method.text() == "Bytes")
}
