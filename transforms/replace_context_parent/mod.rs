//! Gives contexts that outlive a request a parent that does so, too.
//!
//! `parent` finds contexts of a request that are used where they outlive it; `mod.rs` chooses the parent that stands in.
//!
//! The page for users is explain.md.

use std::sync::Arc;

use crate::config::Config;
use crate::edit::Rewrite;
use crate::facts::paths;
use crate::frameworks::{Handler, ParentContext};
use crate::go::syntax::{Field, Kind, Node};
use crate::text::Edit;
use crate::transform::{
    Applicability, Confidence, Family, Finding, Fix, Pass, Reason, Refusal, Related, Remedy, Rule, Severity,
    Transform,
};

mod parent;

use parent::{Harm, Misuse, misuses};

/// Gives contexts that outlive a request a parent that does so, too.
pub struct ReplaceContextParent;

impl Transform for ReplaceContextParent {
    type Site<'a> = Misuse<'a>;

    fn name(&self) -> &'static str {
        "replace_context_parent"
    }

    fn page(&self) -> &'static str {
        include_str!("explain.md")
    }

    fn rules(&self, _config: &Config) -> Vec<Arc<Rule>> {
        vec![rule()]
    }

    fn needles(&self, _config: &Config) -> Vec<String> {
        vec!["Ctx".to_owned()]
    }

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<Misuse<'a>> {
        let needles = self.needles(pass.config);
        let handlers = pass.candidates(&needles).flat_map(Handler::all_of);
        handlers.flat_map(|handler| misuses(&handler)).collect()
    }

    fn finding(&self, _pass: &Pass<'_>, site: &Misuse<'_>) -> Finding {
        let lent = site.parent.text();
        let message = match site.harm {
            Harm::Uncancelled => format!(
                "each child of `{lent}` costs a goroutine until it is cancelled, and this one is not on every path: the goroutine stays until the server shuts down, and crashes it then"
            ),
            Harm::Outlives(_) => format!(
                "`{lent}` belongs to the request, and this code can outlive it: by then its values are those of another request"
            ),
        };
        let later = match site.harm {
            Harm::Outlives(start) if !site.place().contains(start) => Some(Related {
                place: site
                    .at
                    .place_of(crate::text::Span::new(start.start(), start.start() + 2)),
                message: "used by code that starts here".to_owned(),
            }),
            _ => None,
        };
        Finding {
            rule: rule(),
            place: site.at.place(site.place()),
            message,
            confidence: Confidence::High,
            function: Some(site.at.title()),
            related: later.into_iter().collect(),
        }
    }

    /// ```text
    /// context.WithTimeout(c.Context(), d)   ⇒   context.WithTimeout(c.UserContext(), d)
    /// ```
    ///
    /// The user's context is never recycled and costs nothing. It does not see Locals and is not cancelled at
    /// shutdown, so that a person has to agree.
    fn fix(&self, _pass: &Pass<'_>, site: &Misuse<'_>) -> Remedy {
        if !site.takes_any_context() {
            return Err(Refusal::new(
                Reason::NeedsDecision,
                format!(
                    "`{}` is also used as fasthttp's own type here: take the user's context for the code that outlives the handler",
                    site.parent.text()
                ),
            ));
        }
        let mut rewrite = Rewrite::new();
        let right = right_parent(site, &mut rewrite)?;
        let title = format!("Use `{right}` instead");
        let file = site.at.id.file;
        let edited = rewrite.edit(file, Edit::replace(site.replaced.span(), right));
        edited.map_err(|_| {
            Refusal::new(
                Reason::ControlFlow,
                "the edit does not fit: replace the parent by hand",
            )
        })?;
        Ok(vec![Fix::new(title, Applicability::Unsafe, rewrite)])
    }
}

fn rule() -> Arc<Rule> {
    Rule::new(
        "replace_context_parent",
        "request-context-parent",
        "A context that outlives the request is derived from one that does not",
        Family::Retain,
        Severity::Medium,
        Applicability::Unsafe,
    )
}

/// The context to derive from, as this version of Fiber has it.
fn right_parent(site: &Misuse<'_>, rewrite: &mut Rewrite) -> Result<String, Refusal> {
    let context = site.context;
    match ParentContext::of(site.version, site.at.package.module.as_deref()) {
        ParentContext::UserContext => Ok(format!("{context}.UserContext()")),
        ParentContext::Context => Ok(format!("{context}.Context()")),
        ParentContext::Background => {
            let package = rewrite.package_at(site.at, paths::CONTEXT, site.replaced).ok_or_else(|| {
                Refusal::new(
                    Reason::NameTaken,
                    "the name `context` means something else here: derive from context.Background() by hand",
                )
            })?;
            Ok(format!("{package}.Background()"))
        }
    }
}

/// The call that derives a context from `value`, if that is its first argument.
fn deriving<'a>(at: crate::go::Declaration<'a>, value: Node<'a>) -> Option<Node<'a>> {
    const DERIVE: [&str; 6] = [
        "WithCancel",
        "WithCancelCause",
        "WithDeadline",
        "WithDeadlineCause",
        "WithTimeout",
        "WithTimeoutCause",
    ];
    let list = value.parent().filter(|list| list.is(Kind::ArgumentList))?;
    let call = list.parent().filter(|call| call.is(Kind::CallExpression))?;
    let callee = at.callee(call);
    let derives = DERIVE.iter().any(|name| callee.is_function(paths::CONTEXT, name));
    (derives && call.field(Field::Arguments)?.child(0) == Some(value)).then_some(call)
}
