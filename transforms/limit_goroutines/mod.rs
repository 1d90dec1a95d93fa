//! Tells of loops that start a goroutine for each of as many items as a client likes.
//!
//! `fan_out` finds the loops, `size` says who chooses how many turns they have. The limit is a person's to choose.
//!
//! The page for users is explain.md.

use std::sync::Arc;

use crate::config::Config;
use crate::edit::{self, Rewrite};
use crate::text::Span;
use crate::transform::{
    Applicability, Confidence, Family, Finding, Fix, Pass, Reason, Refusal, Related, Remedy, Rule, Severity,
    Transform,
};

mod fan_out;
mod size;

use fan_out::FanOut;

/// Tells of loops that start one goroutine for each thing that a client sends. How many may run at once, only a
/// person can say.
pub struct LimitGoroutines;

impl Transform for LimitGoroutines {
    type Site<'a> = FanOut<'a>;

    fn name(&self) -> &'static str {
        "limit_goroutines"
    }

    fn page(&self) -> &'static str {
        include_str!("explain.md")
    }

    fn is_about_fiber(&self) -> bool {
        true
    }

    fn rules(&self, _config: &Config) -> Vec<Arc<Rule>> {
        vec![rule()]
    }

    fn needles(&self, _config: &Config) -> Vec<String> {
        ["go ", ".Go("].map(str::to_owned).to_vec()
    }

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<FanOut<'a>> {
        let needles = self.needles(pass.config);
        pass.candidates(&needles).flat_map(fan_out::unbounded).collect()
    }

    fn finding(&self, _pass: &Pass<'_>, site: &FanOut<'_>) -> Finding {
        let (at, size) = (site.at, &site.size);
        let mut related = vec![Related {
            place: at.place_of(Span::new(site.looped.start(), site.over.end())),
            message: "one goroutine for each turn of this loop".to_owned(),
        }];
        let is_here = std::ptr::eq(size.at.package, at.package);
        related.extend(is_here.then(|| Related {
            place: size.at.place(size.given),
            message: "the client chooses how many there are".to_owned(),
        }));
        Finding {
            rule: rule(),
            place: at.place_of(site.header()),
            message: format!(
                "a request starts as many goroutines as it has items in `{}`, and nothing limits them",
                site.over.text()
            ),
            confidence: Confidence::Medium,
            function: Some(at.title()),
            related,
        }
    }

    /// The limit that a group of errors can have is offered as advice:
    ///
    /// ```text
    /// for _, id := range ids {            g.SetLimit(16)
    ///     g.Go(func() error { … })    ⇒   for _, id := range ids {
    /// }                                       g.Go(func() error { … })
    /// ```
    ///
    /// Where goroutines of the group wait for each other, a limit can block them all.
    fn fix(&self, _pass: &Pass<'_>, site: &FanOut<'_>) -> Remedy {
        let limited = site.group.filter(|_| site.is_first_of_group()).and_then(|group| {
            let line = format!("{}.SetLimit(16)", group.text());
            let insert = edit::insert_before(site.at.file(), site.looped, &[&line])?;
            let mut rewrite = Rewrite::new();
            rewrite.edit(site.at.id.file, insert).ok()?;
            let title = format!("Let 16 goroutines of {} run at once", group.text());
            Some(Fix::new(title, Applicability::DisplayOnly, rewrite))
        });
        limited.map(|fix| vec![fix]).ok_or_else(|| {
            Refusal::new(
                Reason::NeedsDecision,
                "limit how many run at once: an errgroup.Group with SetLimit, a fixed crew of workers, or a semaphore taken before `go`; or refuse requests with too many items",
            )
        })
    }
}

fn rule() -> Arc<Rule> {
    Rule::new(
        "limit_goroutines",
        "unbounded-goroutines",
        "A request starts as many goroutines as its client likes",
        Family::Goroutine,
        Severity::Medium,
        Applicability::DisplayOnly,
    )
}
