//! Opens a pool or client once, where requests open one each.
//!
//! In four steps:
//!
//! - *find the openings*: `table` holds what the facts say opens and closes, `transports` which HTTP clients own their
//!   connections; `survey` looks at all openings of a package together.
//! - *decide*: `reader`, `steady`, `steps`, `live` and `value` say when an argument is known and whether it is the same for
//!   every request; `state`, `held`, `setting` and `changers` what stands against sharing although it is; `obstacle` says it in words.
//! - *share*: `draft`, `pool`, `existing`, `naming`, `place` and `text` make the shared variable and the code that fills it,
//!   `helper` and `memo` where a function opens for others, `beneath` where the pool lies below what is opened.
//! - *rewrite*: `holders`, `uses`, `closers`, `closing` and `dismissal` follow everyone who has the pool; `repair`, `removal`,
//!   `removable`, `cut`, `fault` and `moved` take the opening and every close out. `close` is the smaller repair.
//!
//! The page for users is explain.md.

use std::collections::HashSet;
use std::sync::Arc;

use crate::analysis::literal_of;
use crate::config::Config;
use crate::transform::{
    Applicability, Confidence, Family, Finding, Fix, Pass, Refusal, Related, Resource, Rule, Severity,
    Transform,
};
use closing::Closing;
use survey::Site;

mod beneath;
mod changers;
mod close;
mod closers;
mod closing;
mod cut;
mod definition;
mod dismissal;
mod draft;
mod existing;
mod fault;
mod held;
mod helper;
mod holders;
mod live;
mod memo;
mod moved;
mod naming;
mod obstacle;
mod place;
mod pool;
mod qualifiers;
mod reader;
mod removable;
mod removal;
mod repair;
mod setting;
mod state;
mod steady;
mod steps;
mod survey;
mod table;
mod text;
mod transports;
mod uses;
mod value;

/// Opens a connection pool once, where every request opened its own.
pub struct HoistClient;

impl Transform for HoistClient {
    type Site<'a> = Site<'a>;

    fn name(&self) -> &'static str {
        "hoist_client"
    }

    fn page(&self) -> &'static str {
        include_str!("explain.md")
    }

    fn resources<'c>(&self, config: &'c Config) -> Vec<&'c Resource> {
        survey::rows(config).collect()
    }

    fn rules(&self, config: &Config) -> Vec<Arc<Rule>> {
        let mut known = HashSet::new();
        let first = survey::rows(config).filter(|row| known.insert(row.rule.as_str()));
        first
            .map(|row| Arc::new(rule(config, &row.rule, row.severity)))
            .collect()
    }

    fn needles(&self, config: &Config) -> Vec<String> {
        survey::needles(config)
    }

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<Site<'a>> {
        survey::sites(pass)
    }

    fn finding(&self, pass: &Pass<'_>, site: &Site<'_>) -> Finding {
        let at = site.opening.at;
        // A client that is closed again costs a connection for each request and nothing more.
        let severity = match (site.closing.is_closed(), site.opening.resource.severity) {
            (false, severity) => severity,
            (true, Severity::Critical | Severity::High) => Severity::Medium,
            (true, _) => Severity::Low,
        };
        Finding {
            rule: Arc::new(rule(pass.config, &site.opening.resource.rule, severity)),
            place: at.place(site.opening.call),
            message: message(site),
            confidence: Confidence::High,
            function: Some(at.title()),
            related: related(site),
        }
    }

    fn fix(&self, _pass: &Pass<'_>, site: &Site<'_>) -> Result<Vec<Fix>, Refusal> {
        site.remedy.clone()
    }
}

fn rule(config: &Config, slug: &str, severity: Severity) -> Rule {
    let row = survey::rows(config).find(|client| client.rule == slug);
    let title = row.map_or_else(String::new, |client| match client.title.is_empty() {
        true => format!("{} opened for every request", with_article(&client.name)),
        false => client.title.clone(),
    });
    let applicability = match row.is_some_and(|client| client.sharing_changes.is_some()) {
        true => Applicability::Unsafe,
        false => Applicability::Safe,
    };
    Rule {
        slug: Arc::from(slug),
        title,
        family: Family::Pool,
        severity,
        applicability,
        transform: "hoist_client",
    }
}

fn message(site: &Site<'_>) -> String {
    let resource = site.opening.resource;
    let title = site.opening.at.title();
    let makes = match (&resource.sharing_changes, literal_of(site.opening.call)) {
        (None, None) => "opens",
        _ => "makes",
    };
    let what = with_article(&resource.name);
    let way = match site.path.calls.is_empty() {
        true => String::new(),
        false => format!(" ({})", site.path.titles(site.opening.at)),
    };
    let so = match site.closing {
        Closing::Callers => ": its callers close it, but each connects anew",
        Closing::Itself => ": it is closed again, but each request connects anew",
        Closing::NotEveryCaller if !resource.release.is_empty() => ", and not every caller closes it",
        Closing::Nobody if !resource.release.is_empty() => " and does not close it",
        _ => "",
    };
    let when = match site.closing.is_of_helper() {
        true => "at every call, for every request",
        false => "for every request",
    };
    let effect = resource.sharing_changes.as_ref();
    let effect = effect.map_or(String::new(), |effect| format!("; shared, {effect}"));
    format!("{title} {makes} {what} {when}{way}{so}{effect}")
}

fn with_article(name: &str) -> String {
    let is_vowel = |start: &&str| name.starts_with(*start);
    match ["AMQP", "HTTP", "a", "e", "i", "o"].iter().any(is_vowel) {
        true => format!("an {name}"),
        false => format!("a {name}"),
    }
}

/// More places than these tell nobody anything new.
const MAX_RELATED: usize = 100;

/// The calls on the way from the handler, every other call of a helper for a request, and why it is not shared.
fn related(site: &Site<'_>) -> Vec<Related> {
    let at = site.opening.at;
    let steps = site.path.steps().into_iter();
    let mut told: Vec<Related> = steps.map(|(place, message)| Related { place, message }).collect();
    for (caller, call) in &site.callers {
        let place = caller.place(*call);
        if !told.iter().any(|known| known.place == place) {
            let message = format!("{} calls it for every request", caller.title());
            told.push(Related { place, message });
        }
    }
    let told = Related::first(MAX_RELATED, told);
    let why = site.unshared.iter().map(|refusal| Related {
        place: at.place(site.opening.call),
        message: refusal.message.clone(),
    });
    told.into_iter().chain(why).collect()
}
