//! From the names that a run uses to the paths that people see, where those start elsewhere: in the fields of a report
//! and in its sentences.

use crate::limits::Cut;
use crate::report::{Diagnostic, ReportedFinding, ReportedRelated, Skip};
use crate::workspace::{Discovery, Naming};

pub struct Retold<'d>(&'d Naming);

impl<'d> Retold<'d> {
    /// None where names are paths already.
    pub fn new(discovery: &'d Discovery) -> Option<Self> {
        let naming = &discovery.naming;
        naming.differs().then_some(Retold(naming))
    }

    fn path(&self, path: &mut String) {
        *path = self.0.told(path);
    }

    fn text(&self, text: &mut String) {
        let names_file = |word: &str| word.ends_with(".go") && self.0.root.join(word).is_file();
        *text = self.0.retold(text, names_file);
    }

    pub fn finding(&self, finding: &mut ReportedFinding) {
        self.path(&mut finding.path);
        self.text(&mut finding.message);
        finding.related.iter_mut().for_each(|it| self.related(it));
        for fix in &mut finding.fixes {
            self.text(&mut fix.title);
            fix.edits.iter_mut().for_each(|edit| self.path(&mut edit.path));
            fix.leaves.iter_mut().for_each(|it| self.related(it));
        }
        if let Some(refusal) = &mut finding.refusal {
            self.text(&mut refusal.message);
        }
        finding.note.iter_mut().for_each(|note| self.text(note));
        finding.remains.iter_mut().for_each(|left| self.text(left));
    }

    fn related(&self, related: &mut ReportedRelated) {
        self.path(&mut related.path);
        self.text(&mut related.message);
    }

    pub fn diagnostic(&self, diagnostic: &mut Diagnostic) {
        self.path(&mut diagnostic.path);
        self.text(&mut diagnostic.message);
    }

    pub fn skip(&self, skip: &mut Skip) {
        self.path(&mut skip.path);
    }

    pub fn cut(&self, cut: &mut Cut) {
        self.path(&mut cut.path);
    }
}
