//! Tells of what the close handler of a connection gives back, and no other path does.
//!
//! `farewell` reads such handlers. When else the cleanup is due only a person can say, so there is advice and no edit but
//! where one place is certain.
//!
//! The page for users is explain.md.

use std::sync::Arc;

use crate::analysis::request::request_path;
use crate::config::Config;
use crate::go::Declaration;
use crate::go::syntax::{Field, Node};
use crate::transform::{
    Applicability, Confidence, Family, Finding, Pass, Reason, Refusal, Related, Remedy, Rule, Severity,
    Transform,
};

mod farewell;

use farewell::Farewell;

/// Tells of websocket connections whose things are given back in their close handler only. What of it is to run when,
/// only a person can say.
pub struct DeferCleanup;

pub struct Site<'a> {
    at: Declaration<'a>,
    farewell: Farewell<'a>,
}

impl Transform for DeferCleanup {
    type Site<'a> = Site<'a>;

    fn name(&self) -> &'static str {
        "defer_cleanup"
    }

    fn page(&self) -> &'static str {
        include_str!("explain.md")
    }

    fn rules(&self, _config: &Config) -> Vec<Arc<Rule>> {
        vec![rule()]
    }

    fn needles(&self, _config: &Config) -> Vec<String> {
        vec![".SetCloseHandler(".to_owned()]
    }

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<Site<'a>> {
        let needles = self.needles(pass.config);
        let sites = |at: Declaration<'a>| {
            let farewells = farewell::all_in(at).into_iter();
            let of_requests = farewells.filter(move |farewell| request_path(at, farewell.call).is_some());
            of_requests.map(move |farewell| Site { at, farewell })
        };
        pass.candidates(&needles).flat_map(sites).collect()
    }

    fn finding(&self, _pass: &Pass<'_>, site: &Site<'_>) -> Finding {
        let (at, farewell) = (site.at, &site.farewell);
        let related = |at: Declaration<'_>, node: Node<'_>, message: &str| Related {
            place: at.place(node),
            message: message.to_owned(),
        };
        let goes_on = farewell.workers.iter();
        let goes_on = goes_on.map(|start| related(at, *start, "this goroutine goes on"));
        let duties = farewell.duties.iter().take(5);
        let duties = duties.map(|duty| related(farewell.home, *duty, "done here and nowhere else"));
        Finding {
            rule: rule(),
            place: at.place(farewell.call.field(Field::Function).unwrap_or(farewell.call)),
            message: format!(
                "`{}` runs when the client says goodbye, and not when the connection breaks: what it gives back is left behind then",
                farewell.duty()
            ),
            confidence: Confidence::High,
            function: Some(at.title()),
            related: goes_on.chain(duties).collect(),
        }
    }

    fn fix(&self, _pass: &Pass<'_>, _site: &Site<'_>) -> Remedy {
        Err(Refusal::new(
            Reason::NeedsDecision,
            "give it back by a defer in the websocket handler, which returns however the connection ends; leave the close handler to what answers a goodbye",
        ))
    }
}

fn rule() -> Arc<Rule> {
    Rule::new(
        "defer_cleanup",
        "cleanup-in-close-handler",
        "What a websocket connection holds is given back in its close handler only",
        Family::Goroutine,
        Severity::High,
        Applicability::DisplayOnly,
    )
}
