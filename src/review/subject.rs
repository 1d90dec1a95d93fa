//! What a person is asked about: a finding with the fixes that may be applied, and those they wrote themselves.

use memchr::memmem;

use super::{Answer, Draft, HandEdit, Item, Rejection};
use crate::go::{FileId, package_name};
use crate::pipeline::{Analysis, Decision, suppress};
use crate::plan::{Change, preview};
use crate::text::EditSet;
use crate::transform::{Finding, Fix, ImportNeed, Proposal};

/// A fix on offer.
#[derive(Clone, Debug)]
pub struct Offer {
    pub fix: Fix,
    /// A person wrote it in this review.
    pub by_hand: bool,
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

    /// What the engine is told.
    pub fn decision(&self, answer: Option<&Answer>) -> Decision {
        match answer {
            Some(Answer::Accept(at)) => self.acceptance(*at),
            Some(Answer::Decline) => Decision::Decline("declined in the review".to_owned()),
            Some(Answer::Suppress(reason)) => {
                Decision::Suppress(suppress(&self.analysis.package, self.finding(), reason))
            }
            None => Decision::Later,
        }
    }

    fn acceptance(&self, at: usize) -> Decision {
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

    /// Takes what an editor made of an offer as one more offer.
    pub fn take_edit(&mut self, offer: &Offer, changes: &[Change], edited: &[u8]) -> Result<(), Rejection> {
        let edits = hand_edit(changes).accept(edited)?;
        let needs = offer.fix.imports.iter();
        let imports = needs
            .filter(|need| self.is_needed(need, &edits))
            .cloned()
            .collect();
        self.offers.push(Offer {
            fix: Fix {
                title: by_hand(&offer.fix.title),
                edits,
                imports,
                ..offer.fix.clone()
            },
            by_hand: true,
        });
        Ok(())
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
