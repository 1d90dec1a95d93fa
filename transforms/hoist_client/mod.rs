#![doc = include_str!("explain.md")]

use std::sync::Arc;

use crate::config::Config;
use crate::transform::{
    Applicability, Confidence, Family, Finding, Fix, Pass, Refusal, Related, Resource, Rule, Severity,
    Transform,
};
use survey::Site;
use table::Table;

mod close;
mod cut;
mod draft;
mod existing;
mod fault;
mod helper;
mod pool;
mod removal;
mod repair;
mod state;
mod steady;
mod survey;
mod table;
mod text;
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

    fn resources<'c>(&self, _config: &'c Config) -> Vec<&'c Resource> {
        Table::get().clients.iter().collect()
    }

    fn rules(&self, _config: &Config) -> Vec<Arc<Rule>> {
        let named = Table::get()
            .clients
            .iter()
            .filter(|client| !client.title.is_empty());
        named
            .map(|client| Arc::new(rule(&client.rule, client.severity)))
            .collect()
    }

    fn needles(&self, _config: &Config) -> Vec<String> {
        survey::needles()
    }

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<Site<'a>> {
        survey::sites(pass)
    }

    fn finding(&self, _pass: &Pass<'_>, site: &Site<'_>) -> Finding {
        let at = site.opening.at;
        // A pool that is closed again costs a connection for each request and nothing more.
        let severity = match site.is_closed {
            true => Severity::Medium,
            false => Severity::High,
        };
        Finding {
            rule: Arc::new(rule(&site.opening.resource.rule, severity)),
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

fn rule(slug: &str, severity: Severity) -> Rule {
    let mut clients = Table::get().clients.iter();
    let title = clients
        .find(|client| client.rule == slug)
        .map_or("", |client| &client.title);
    Rule {
        slug: Arc::from(slug),
        title: title.to_owned(),
        family: Family::Pool,
        severity,
        applicability: Applicability::Safe,
        transform: "hoist_client",
    }
}

fn message(site: &Site<'_>) -> String {
    let title = site.opening.at.title();
    let way = match site.path.calls.is_empty() {
        true => String::new(),
        false => format!(" ({})", site.path.titles(site.opening.at)),
    };
    match (site.is_helper, site.is_closed) {
        (true, false) => format!(
            "{title} opens a connection pool at every call, for every request{way}, and not every caller closes it"
        ),
        (true, true) => format!(
            "{title} opens a connection pool at every call, for every request{way}: its callers close it, but each connects anew"
        ),
        (false, false) => {
            format!("{title} opens a connection pool for every request{way} and does not close it")
        }
        (false, true) => format!(
            "{title} opens a connection pool for every request{way}: it is closed again, but each request connects anew"
        ),
    }
}

/// The calls on the way from the handler, and why the pool is not shared.
fn related(site: &Site<'_>) -> Vec<Related> {
    let at = site.opening.at;
    let steps = site.path.steps().into_iter();
    let told = steps.map(|(place, message)| Related { place, message });
    let why = site.unshared.iter().map(|refusal| Related {
        place: at.place(site.opening.call),
        message: refusal.message.clone(),
    });
    told.chain(why).collect()
}
