//! What a person is asked about: a finding with the fixes that may be applied, and those they wrote themselves.

use memchr::memmem;

use super::hand_edit::{Draft, HandEdit, Rejection};
use super::session::Item;
use crate::engine::plan::{Change, preview};
use crate::engine::{Analysis, Decision};
use crate::go::{FileId, package_name};
use crate::text::EditSet;
use crate::transform::{Finding, Fix, ImportNeed, Proposal};

/// A fix on offer.
#[derive(Clone, Debug)]
pub struct Offer {
    pub fix: Fix,
    /// A person wrote it in this review.
    pub by_hand: bool,
}

impl Offer {
    /// Whether both cannot be applied to one source.
    pub fn overlaps(&self, other: &Offer) -> bool {
        self.fix.edits.iter().any(|(file, ours)| {
            let theirs = other.fix.edits.iter().filter(|(held, _)| held == file);
            theirs.cloned().any(|(_, mut set)| set.union(ours).is_err())
        })
    }
}

/// One proposal under review.
pub struct Subject<'a> {
    pub analysis: &'a Analysis,
    pub proposal: &'a Proposal,
    pub offers: Vec<Offer>,
}

impl<'a> Subject<'a> {
    pub fn new(analysis: &'a Analysis, proposal: &'a Proposal, fixes: Vec<&Fix>) -> Self {
        let offer = |fix: &Fix| Offer {
            fix: fix.clone(),
            by_hand: false,
        };
        Subject {
            analysis,
            proposal,
            offers: fixes.into_iter().map(offer).collect(),
        }
    }

    pub fn finding(&self) -> &'a Finding {
        &self.proposal.finding
    }

    /// The line that the finding starts on, as a comment would accept it.
    pub fn line(&self) -> usize {
        let place = self.finding().place;
        let file = self.analysis.package.file(place.file);
        file.lines().position(place.span.start).line
    }

    /// The file that the finding is in.
    pub fn path(&self) -> &'a str {
        &self.analysis.package.file(self.finding().place.file).path
    }

    pub fn item(&self) -> Item {
        Item {
            rule: self.finding().rule.slug.to_string(),
            file: self.path().to_owned(),
            alternatives: self.offers.len(),
        }
    }

    /// What the engine is told when the person accepts an offer.
    pub fn acceptance(&self, at: usize) -> Decision {
        match self.offers.get(at) {
            Some(Offer { fix, by_hand: true }) => Decision::Edited(fix.clone()),
            Some(Offer { fix, by_hand: false }) => Decision::Apply(fix.clone()),
            None => Decision::Later,
        }
    }

    /// The files that an offer changes, imports and all.
    pub fn changes(&self, offer: &Offer) -> Vec<Change> {
        preview(&self.analysis.package, &offer.fix)
    }

    /// The files that an offer changes without its imports: those follow from the rest and are nobody's to edit.
    pub fn draft(&self, offer: &Offer) -> Vec<Change> {
        let bare = Fix {
            imports: Vec::new(),
            ..offer.fix.clone()
        };
        preview(&self.analysis.package, &bare)
    }

    /// What an editor made of an offer, as an offer of its own.
    pub fn edited(&self, offer: &Offer, changes: &[Change], text: &[u8]) -> Result<Offer, Rejection> {
        let edits = hand_edit(changes).accept(text)?;
        let needs = offer.fix.imports.iter();
        let imports = needs
            .filter(|need| self.is_needed(need, &edits))
            .cloned()
            .collect();
        Ok(Offer {
            fix: Fix {
                title: by_hand(&offer.fix.title),
                edits,
                imports,
                names: Vec::new(),
                leaves: Vec::new(),
                ..offer.fix.clone()
            },
            by_hand: true,
        })
    }

    /// Whether the package that a fix imports is still used after the edit.
    fn is_needed(&self, need: &ImportNeed, edits: &[(FileId, EditSet)]) -> bool {
        let ImportNeed::Add(id, path) = need else {
            return true;
        };
        let source = &self.analysis.package.file(*id).source;
        let edited = match edits.iter().find(|(file, _)| file == id) {
            Some((_, set)) => set.apply(source),
            None => source.to_vec(),
        };
        memmem::find(&edited, format!("{}.", package_name(path)).as_bytes()).is_some()
    }
}

/// What the editor opens for these changes.
pub fn hand_edit(changes: &[Change]) -> HandEdit<'_> {
    HandEdit::new(changes.iter().map(draft).collect())
}

fn draft(change: &Change) -> Draft<'_> {
    Draft {
        file: change.file,
        path: &change.path,
        old: &change.old,
        new: &change.new,
    }
}

fn by_hand(title: &str) -> String {
    const MARK: &str = " (edited by hand)";
    match title.ends_with(MARK) {
        true => title.to_owned(),
        false => format!("{title}{MARK}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::toy;
    use super::*;
    use crate::config::Config;
    use crate::engine::{Decided, repair};
    use crate::transform::Outcome;

    fn subject(analysis: &Analysis) -> Subject<'_> {
        let proposal = &analysis.proposals[0];
        Subject::new(analysis, proposal, proposal.remedy.iter().flatten().collect())
    }

    /// The subject with its first offer edited.
    fn edited<'a>(analysis: &'a Analysis, from: &str, to: &str) -> Subject<'a> {
        let mut subject = subject(analysis);
        let offer = subject.offers[0].clone();
        let changes = subject.draft(&offer);
        let text = String::from_utf8(hand_edit(&changes).buffer()).unwrap();
        let text = text.replace(from, to);
        let edited = subject.edited(&offer, &changes, text.as_bytes()).unwrap();
        subject.offers.push(edited);
        subject
    }

    fn outcome(analysis: Analysis, decision: Decision) -> (Outcome, String) {
        let answers = [(analysis.proposals[0].fingerprint.clone(), decision)];
        let config = Config::default();
        let mut chooser = Decided::new(answers.into());
        let repaired = repair(analysis, &toy::engine(&config), &mut chooser);
        let new = repaired.changes.first().map(|change| change.new.clone());
        (
            repaired.endings[0].outcome,
            String::from_utf8(new.unwrap_or_default()).unwrap(),
        )
    }

    #[test]
    fn the_editor_shows_the_fix_and_not_its_imports() {
        let analysis = toy::analysis(toy::SOURCE);
        let subject = subject(&analysis);
        let shown = subject.changes(&subject.offers[0]);
        assert!(memmem::find(&shown[0].new, b"import \"io\"").is_some());
        let drafted = hand_edit(&subject.draft(&subject.offers[0])).buffer();
        assert!(memmem::find(&drafted, b"import").is_none());
        assert!(memmem::find(&drafted, b"\tdefer io.Close(x)\n").is_some());
    }

    #[test]
    fn a_hand_edit_is_written_as_it_is_with_the_imports_it_still_needs() {
        let analysis = toy::analysis(toy::SOURCE);
        let decision = edited(&analysis, "io.Close(x)", "io.CloseAll(x)").acceptance(2);
        let (outcome, new) = outcome(analysis, decision);
        assert_eq!(outcome, Outcome::Fixed);
        assert!(new.contains("import \"io\"") && new.contains("\tdefer io.CloseAll(x)\n"));
        let analysis = toy::analysis(toy::SOURCE);
        let subject = edited(&analysis, "io.Close(x)", "x.Close()");
        assert!(subject.offers[2].fix.imports.is_empty());
    }

    #[test]
    fn a_hand_edit_that_leaves_the_finding_is_kept_all_the_same() {
        let analysis = toy::analysis(toy::SOURCE);
        let subject = edited(
            &analysis,
            "\tdefer io.Close(x)\n\tuse(x)",
            "\tuse(x)\n\tio.Close(x)",
        );
        let decision = subject.acceptance(2);
        let (outcome, new) = outcome(analysis, decision);
        assert_eq!(outcome, Outcome::Declined);
        assert!(new.contains("\tuse(x)\n\tio.Close(x)\n}"), "{new}");
    }

    #[test]
    fn edits_of_the_same_line_overlap() {
        let analysis = toy::analysis(toy::SOURCE);
        let edited = |from, to| edited(&analysis, from, to).offers.pop().unwrap();
        let (one, two) = (edited("\tuse(x)", "\tuse(y)"), edited("\tuse(x)", "\tuse(z)"));
        assert!(one.overlaps(&two) && !one.overlaps(&one.clone()));
    }

    #[test]
    fn editing_again_does_not_say_so_twice() {
        assert_eq!(by_hand(&by_hand("Close x")), "Close x (edited by hand)");
    }
}
