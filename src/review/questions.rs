//! What is to be asked about, and how.

use super::subject::Subject;
use crate::config::Config;
use crate::engine::{Analysis, allowed_fixes};
use crate::transform::{Proposal, Rule};

/// What is to be asked about, and how.
pub struct Questions<'a> {
    /// Every package of the run.
    pub analyses: &'a [Analysis],
    pub config: &'a Config,
    /// Whether fixes that may change behaviour are offered.
    pub unsafe_fixes: bool,
    /// The page of a rule.
    pub explain: &'a dyn Fn(&Rule) -> String,
}

impl<'a> Questions<'a> {
    /// Proposals with a fix that may be applied.
    pub(super) fn subjects(&self) -> Vec<Subject<'a>> {
        let subject = |analysis, proposal| {
            let fixes = allowed_fixes(proposal, self.unsafe_fixes).ok()?;
            Some(Subject::new(analysis, proposal, fixes))
        };
        let of_package = |analysis: &'a Analysis| {
            let open = analysis
                .proposals
                .iter()
                .filter(|proposal| self.is_open(analysis, proposal));
            open.filter_map(move |proposal| subject(analysis, proposal))
        };
        self.analyses.iter().flat_map(of_package).collect()
    }

    fn is_open(&self, analysis: &Analysis, proposal: &Proposal) -> bool {
        let finding = &proposal.finding;
        let path = &analysis.package.file(finding.place.file).path;
        proposal.remedy.is_ok() && self.config.fixes(path, &finding.rule.slug)
    }
}
