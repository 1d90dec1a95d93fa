//! What became of repairs once their files were written, or were not.

use std::collections::{BTreeSet, HashMap};

use crate::job::Unwritten;
use crate::report::ReportedFinding;
use crate::transform::Outcome;
use crate::workspace::Diagnostic;

/// Why a file is as it was.
enum Left {
    Failed(String),
    Interrupted,
}

/// The files that were to be written and are as they were, by the paths that people see.
#[derive(Default)]
pub struct Aftermath(HashMap<String, Left>);

impl Aftermath {
    /// Takes in the files that could not be written.
    pub fn failed(&mut self, unwritten: Unwritten) {
        let left = unwritten.into_iter();
        self.0.extend(left.map(|(path, why)| (path, Left::Failed(why))));
    }

    /// Takes in files that nobody came to.
    pub fn interrupted<'p>(&mut self, paths: impl Iterator<Item = &'p String>) {
        self.0.extend(paths.map(|path| (path.clone(), Left::Interrupted)));
    }

    /// Files whose turn never came.
    pub fn not_begun(&self) -> usize {
        let left = self.0.values();
        left.filter(|left| matches!(left, Left::Interrupted)).count()
    }

    pub fn has_failures(&self) -> bool {
        self.0.values().any(|left| matches!(left, Left::Failed(_)))
    }

    /// What is to be said about files that could not be written.
    pub fn diagnostics(&self) -> impl Iterator<Item = Diagnostic> {
        self.0.iter().filter_map(|(path, left)| match left {
            Left::Failed(why) => Some(Diagnostic {
                path: path.clone(),
                message: why.clone(),
            }),
            Left::Interrupted => None,
        })
    }

    /// The findings of one package as they are now: none is settled while a file of its repair is as it was.
    pub fn told(&self, findings: &[ReportedFinding]) -> Vec<ReportedFinding> {
        let all = || findings.iter().filter(|finding| is_settled(finding));
        let files_of_all: BTreeSet<&str> = all().flat_map(|finding| files_of(finding).0).collect();
        let told = findings.iter().map(|finding| {
            if self.0.is_empty() || !is_settled(finding) {
                return finding.clone();
            }
            // What went with the repair of another finding hangs on the files of any.
            let files = match files_of(finding) {
                (files, true) => files,
                (_, false) => files_of_all.clone(),
            };
            let left = files.into_iter().find_map(|path| self.0.get(path));
            left.map_or_else(|| finding.clone(), |left| unsettled(finding, left))
        });
        told.collect()
    }
}

/// Whether a repair, or a comment that was to be written, settles it.
fn is_settled(finding: &ReportedFinding) -> bool {
    let by_comment = finding.outcome == Some(Outcome::Suppressed) && finding.suppressed.is_none();
    finding.is_fixed() || by_comment
}

/// The files that the finding's repair changes, its own among them, and whether they are all.
fn files_of(finding: &ReportedFinding) -> (BTreeSet<&str>, bool) {
    let mut chosen = finding
        .fixes
        .iter()
        .filter(|fix| finding.note.as_ref() == Some(&fix.title));
    let edits = chosen.next().map_or(&[][..], |fix| &fix.edits);
    let others = edits.iter().map(|edit| &*edit.path);
    (others.chain([&*finding.path]).collect(), !edits.is_empty())
}

fn unsettled(finding: &ReportedFinding, left: &Left) -> ReportedFinding {
    let (outcome, note) = match left {
        Left::Failed(why) => (Outcome::Failed, why.clone()),
        Left::Interrupted => (Outcome::Deferred, "not applied: interrupted".to_owned()),
    };
    ReportedFinding {
        outcome: Some(outcome),
        note: Some(note),
        is_unwritten: true,
        remains: Vec::new(),
        ..finding.clone()
    }
}
