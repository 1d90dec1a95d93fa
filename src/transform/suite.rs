//! The contract itself: what each repair of the suite answers.

use std::sync::Arc;

use super::{Finding, Fix, Pass, Refusal, Rule};
use crate::analysis::Resource;
use crate::config::Config;

/// One repair of the suite.
pub trait Transform: Sync {
    /// The private proof that something leaks: typed state between detect and fix.
    type Site<'a>;

    /// The folder's name.
    fn name(&self) -> &'static str;

    /// The page of `unleak explain`: the folder's explain.md.
    fn page(&self) -> &'static str;

    /// Whether all it knows is about Fiber.
    fn is_about_fiber(&self) -> bool {
        false
    }

    /// The rows of its table from which its findings start.
    fn resources<'c>(&self, _config: &'c Config) -> Vec<&'c Resource> {
        Vec::new()
    }

    /// The rules it serves, with the config's own rows.
    fn rules(&self, config: &Config) -> Vec<Arc<Rule>>;

    /// Literals of which a declaration must hold one to be worth parsing.
    fn needles(&self, config: &Config) -> Vec<String>;

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<Self::Site<'a>>;

    fn finding(&self, pass: &Pass<'_>, site: &Self::Site<'_>) -> Finding;

    /// The fix and its alternatives, best first.
    fn fix<'a>(&self, pass: &'a Pass<'a>, site: &Self::Site<'a>) -> Remedy;

    /// The remedies of sites of one package, in their order: together, where a fix depends on the others.
    fn fixes<'a>(&self, pass: &'a Pass<'a>, sites: &[Self::Site<'a>]) -> Vec<Remedy> {
        sites.iter().map(|site| self.fix(pass, site)).collect()
    }
}

/// Fixes, best first, or why there are none.
pub type Remedy = Result<Vec<Fix>, Refusal>;

/// A finding with its remedy.
pub type Proposed = (Finding, Remedy);

/// A [`Transform`] with its site type erased, so that the suite is a plain slice.
pub trait AnyTransform: Sync {
    fn name(&self) -> &'static str;
    fn page(&self) -> &'static str;
    fn is_about_fiber(&self) -> bool {
        false
    }
    fn resources<'c>(&self, _config: &'c Config) -> Vec<&'c Resource> {
        Vec::new()
    }
    fn rules(&self, config: &Config) -> Vec<Arc<Rule>>;
    fn needles(&self, config: &Config) -> Vec<String>;
    /// Every finding of the pass that is `wanted`, with its remedy, in no particular order. What nobody wants costs
    /// no fix.
    fn propose<'a>(&self, pass: &'a Pass<'a>, wanted: &dyn Fn(&Finding) -> bool) -> Vec<Proposed>;
}

impl<T: Transform> AnyTransform for T {
    fn name(&self) -> &'static str {
        Transform::name(self)
    }

    fn page(&self) -> &'static str {
        Transform::page(self)
    }

    fn is_about_fiber(&self) -> bool {
        Transform::is_about_fiber(self)
    }

    fn resources<'c>(&self, config: &'c Config) -> Vec<&'c Resource> {
        Transform::resources(self, config)
    }

    fn rules(&self, config: &Config) -> Vec<Arc<Rule>> {
        Transform::rules(self, config)
    }

    fn needles(&self, config: &Config) -> Vec<String> {
        Transform::needles(self, config)
    }

    fn propose<'a>(&self, pass: &'a Pass<'a>, wanted: &dyn Fn(&Finding) -> bool) -> Vec<Proposed> {
        let sites = self.detect(pass).into_iter();
        let found = sites.map(|site| (self.finding(pass, &site), site));
        let wanted = found.filter(|(finding, _)| wanted(finding));
        let (findings, sites): (Vec<Finding>, Vec<_>) = wanted.unzip();
        let remedies = self.fixes(pass, &sites);
        findings.into_iter().zip(remedies).collect()
    }
}

/// The suite: every transform, in the order of `transforms/mod.rs`.
pub type Suite = [&'static dyn AnyTransform];
