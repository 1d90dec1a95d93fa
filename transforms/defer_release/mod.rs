#![doc = include_str!("explain.md")]

use std::sync::{Arc, OnceLock};

use crate::config::Config;
use crate::leak::Resource;
use crate::release::{self, Unreleased};
use crate::transform::{Family, Finding, Fix, Pass, Refusal, Rule, Transform};

/// Releases what is acquired and not released on every path.
pub struct DeferRelease;

const NAME: &str = "defer_release";

fn own_resources() -> &'static [Resource] {
    #[derive(serde::Deserialize)]
    struct Table {
        resource: Vec<Resource>,
    }
    static TABLE: OnceLock<Vec<Resource>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let table: Table = toml::from_str(include_str!("resources.toml"))
            .expect("the fixtures read the table of this crate");
        table.resource
    })
}

fn resources(config: &Config) -> impl Iterator<Item = &Resource> {
    own_resources().iter().chain(&config.resources)
}

impl Transform for DeferRelease {
    type Site<'a> = Unreleased<'a>;

    fn name(&self) -> &'static str {
        NAME
    }

    fn page(&self) -> &'static str {
        include_str!("explain.md")
    }

    fn rules(&self, config: &Config) -> Vec<Arc<Rule>> {
        release::rules(resources(config), Family::Release, NAME)
    }

    fn needles(&self, config: &Config) -> Vec<String> {
        release::needles(resources(config))
    }

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<Unreleased<'a>> {
        release::collect(pass, resources(pass.config), &self.needles(pass.config))
    }

    fn finding(&self, _pass: &Pass<'_>, site: &Unreleased<'_>) -> Finding {
        site.finding(Family::Release, NAME)
    }

    fn fix(&self, _pass: &Pass<'_>, site: &Unreleased<'_>) -> Result<Vec<Fix>, Refusal> {
        release::fixes(site)
    }
}
