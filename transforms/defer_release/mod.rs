//! Releases what is acquired and not released on every path.
//!
//! Rows of `src/facts` say what is acquired; `crate::repair` finds the paths that lose it and makes the repair. `websocket`
//! is about the connection that a handler of a websocket package gets and has to close, `streamed` about responses whose
//! bodies hold a connection.
//!
//! The page for users is explain.md.

use std::sync::Arc;

use crate::analysis::Resource;
use crate::config::Config;
use crate::facts;
use crate::rating::Severity;
use crate::repair::{self, Piled, Unreleased};
use crate::transform::{Family, Finding, Pass, Remedy, Rule, Transform};

mod rules;
mod streamed;
mod websocket;

use rules::NAME;
use streamed::Streamed;
use websocket::Socket;

/// Releases what is acquired and not released on every path.
pub struct DeferRelease;

/// What leaks.
pub enum Site<'a> {
    Unreleased(Box<Unreleased<'a>>),
    Piled(Box<Piled<'a>>),
    Socket(Socket<'a>),
    Streamed(Box<Streamed<'a>>),
}

fn own_resources<'f>() -> impl Iterator<Item = &'f Resource> {
    facts::libraries().flat_map(|library| &library.resources)
}

fn resources(config: &Config) -> impl Iterator<Item = &Resource> {
    own_resources().chain(&config.resources)
}

impl Transform for DeferRelease {
    type Site<'a> = Site<'a>;

    fn name(&self) -> &'static str {
        NAME
    }

    fn page(&self) -> &'static str {
        include_str!("explain.md")
    }

    fn resources<'c>(&self, config: &'c Config) -> Vec<&'c Resource> {
        resources(config).collect()
    }

    fn rules(&self, config: &Config) -> Vec<Arc<Rule>> {
        let mut rules = repair::rules(own_resources(), Family::Release, NAME);
        rules.push(Arc::new(rules::websocket()));
        rules.push(Arc::new(rules::streamed()));
        rules.push(Arc::new(repair::piled_rule(
            Family::Release,
            Severity::Medium,
            NAME,
        )));
        let own = repair::rules(resources(config), Family::Release, NAME);
        let new = own
            .into_iter()
            .filter(|rule| !rules.iter().any(|held| held.slug == rule.slug));
        let new: Vec<_> = new.collect();
        rules.extend(new);
        rules
    }

    fn needles(&self, config: &Config) -> Vec<String> {
        let mut needles = repair::needles(resources(config));
        needles.extend(config.resources.iter().flat_map(Resource::calls_inside));
        needles.push("/v3/websocket\"".to_owned());
        needles.extend(streamed::needles());
        needles
    }

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<Site<'a>> {
        let acquired = repair::acquisitions(pass, resources(pass.config), &self.needles(pass.config));
        let piled = repair::piled(&acquired).into_iter();
        let piled: Vec<_> = piled.map(|site| Site::Piled(Box::new(site))).collect();
        let lost = acquired.into_iter().filter_map(repair::leaking);
        let lost = lost.map(|site| Site::Unreleased(Box::new(site)));
        let sockets = websocket::collect(pass).into_iter().map(Site::Socket);
        let streamed = streamed::collect(pass).into_iter();
        let streamed = streamed.map(|response| Site::Streamed(Box::new(response)));
        lost.chain(piled).chain(sockets).chain(streamed).collect()
    }

    fn finding(&self, _pass: &Pass<'_>, site: &Site<'_>) -> Finding {
        match site {
            Site::Unreleased(site) => site.finding(Family::Release, NAME),
            Site::Piled(site) => site.finding(Family::Release, NAME),
            Site::Socket(socket) => socket.finding(),
            Site::Streamed(response) => response.finding(),
        }
    }

    fn fix(&self, _pass: &Pass<'_>, site: &Site<'_>) -> Remedy {
        match site {
            Site::Unreleased(site) => repair::fixes(site),
            Site::Piled(site) => site.fixes(),
            Site::Socket(socket) => socket.fix(),
            Site::Streamed(response) => response.fix(),
        }
    }
}
