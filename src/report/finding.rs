//! A finding as every format tells it: with paths, lines and columns in place of spans.

use serde::Serialize;

use super::shown::shown;
use crate::engine::Ending;
use crate::engine::plan::preview;
use crate::go::{Package, Place};
use crate::text::{LineIndex, Position, changed_lines, utf16_len};
use crate::transform::{
    Applicability, Confidence, Family, Fix, Outcome, Proposal, Reason, Refusal, Related, Severity,
};

/// A source line longer than this was not written by a person and is not shown.
const LONGEST_LINE: usize = 400;

/// One finding as the outside sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportedFinding {
    pub rule: String,
    pub family: Family,
    pub severity: Severity,
    pub confidence: Confidence,
    /// With `/`, from where the run's names start, in a report from where people's paths do.
    pub path: String,
    pub start: Point,
    pub end: Point,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    pub message: String,
    pub fingerprint: String,
    pub related: Vec<ReportedRelated>,
    pub fixes: Vec<ReportedFix>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<ReportedRefusal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<ReportedSuppression>,
    /// Absent where nobody tried to repair anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// What there is to say about the outcome: why it was declined, how the fix failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Where the leak may still happen although it counts as fixed: `path:line: why`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remains: Vec<String>,
    /// Its repair passed the checks, and a file of it was not written.
    #[serde(skip)]
    pub is_unwritten: bool,
    /// The line of `start`, for people.
    #[serde(skip)]
    pub source: Option<Source>,
}

/// A place in a file: 1-based line and column in UTF-8 bytes, and the offset in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Point {
    pub line: usize,
    pub column: usize,
    pub byte: usize,
    /// The column in UTF-16 code units, as some formats and editors count.
    #[serde(skip)]
    pub utf16: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportedRelated {
    pub path: String,
    pub start: Point,
    pub end: Point,
    pub message: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportedFix {
    pub title: String,
    pub applicability: Applicability,
    /// All that the fix changes, imports included; ascending and disjoint in each file. Empty where bytes that
    /// are not UTF-8 cannot be told in this document.
    pub edits: Vec<ReportedEdit>,
    /// Where the leak may still happen when it is applied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub leaves: Vec<ReportedRelated>,
}

/// Puts `text` in the place of the bytes from `start_byte` to `end_byte`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportedEdit {
    pub path: String,
    pub start_byte: usize,
    pub end_byte: usize,
    pub text: String,
    /// The same range in lines and columns.
    #[serde(skip)]
    pub start: Point,
    #[serde(skip)]
    pub end: Point,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportedRefusal {
    pub reason: Reason,
    pub message: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportedSuppression {
    pub by: Accepted,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// By what a person accepted a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Accepted {
    Comment,
    Baseline,
}

/// A line of source without its end, and the bytes of it that matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub line: Vec<u8>,
    pub marked: std::ops::Range<usize>,
}

impl ReportedFinding {
    /// `proposal` belongs to `package` as it was first read; `ending` says what became of it, if anyone tried.
    pub fn new(package: &Package, proposal: &Proposal, ending: Option<&Ending>) -> Self {
        let finding = &proposal.finding;
        let (path, start, end) = located(package, finding.place);
        let (fixes, refusal) = match &proposal.remedy {
            Ok(fixes) => (fixes.as_slice(), None),
            Err(refusal) => (&[][..], Some(refusal)),
        };
        ReportedFinding {
            rule: finding.rule.slug.to_string(),
            family: finding.rule.family,
            severity: finding.rule.severity,
            confidence: finding.confidence,
            path,
            start,
            end,
            function: finding.function.clone(),
            message: finding.message.clone(),
            fingerprint: proposal.fingerprint.clone(),
            related: finding
                .related
                .iter()
                .map(|related| ReportedRelated::new(package, related))
                .collect(),
            fixes: fixes.iter().map(|fix| ReportedFix::new(package, fix)).collect(),
            refusal: refusal.map(ReportedRefusal::new),
            suppressed: None,
            outcome: ending.map(|ending| ending.outcome),
            note: ending.and_then(|ending| ending.note.clone()),
            remains: ending.map(|ending| ending.remains.clone()).unwrap_or_default(),
            is_unwritten: false,
            source: source(package, finding.place),
        }
    }

    /// The finding as one that a person accepted.
    pub fn suppressed(mut self, by: Accepted, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        self.suppressed = Some(ReportedSuppression { by, reason });
        self.outcome = Some(Outcome::Suppressed);
        self
    }

    pub(crate) fn order(&self) -> (&str, Point, &str) {
        (&self.path, self.start, &self.rule)
    }

    pub fn is_fixed(&self) -> bool {
        self.outcome == Some(Outcome::Fixed)
    }

    pub fn is_suppressed(&self) -> bool {
        self.suppressed.is_some() || self.outcome == Some(Outcome::Suppressed)
    }

    /// Whether the leak is still there and nobody accepted it.
    pub fn is_remaining(&self) -> bool {
        !self.is_fixed() && !self.is_suppressed()
    }

    /// The message with what the repair leaves, fit for every reader.
    pub(super) fn told(&self) -> String {
        let mut told = shown(&self.message).into_owned();
        for left in &self.remains {
            told.push_str("; repaired, but ");
            told.push_str(&shown(left));
        }
        told
    }

    /// The best that one of its fixes promises.
    pub fn best_fix(&self) -> Option<Applicability> {
        self.fixes.iter().map(|fix| fix.applicability).min()
    }
}

impl Point {
    fn new(lines: &LineIndex, source: &[u8], byte: usize) -> Self {
        let Position { line, column } = lines.position(byte);
        let before = source.get((byte + 1).saturating_sub(column)..byte);
        Point {
            line,
            column,
            byte,
            utf16: utf16_len(before.unwrap_or_default()) + 1,
        }
    }
}

impl ReportedRelated {
    fn new(package: &Package, related: &Related) -> Self {
        let (path, start, end) = located(package, related.place);
        ReportedRelated {
            path,
            start,
            end,
            message: related.message.clone(),
        }
    }
}

impl ReportedFix {
    fn new(package: &Package, fix: &Fix) -> Self {
        ReportedFix {
            title: fix.title.clone(),
            applicability: fix.applicability,
            edits: edits(package, fix).unwrap_or_default(),
            leaves: fix
                .leaves
                .iter()
                .map(|left| ReportedRelated::new(package, left))
                .collect(),
        }
    }
}

impl ReportedRefusal {
    fn new(refusal: &Refusal) -> Self {
        ReportedRefusal {
            reason: refusal.reason,
            message: refusal.message.clone(),
        }
    }
}

/// The fix as the plan would carry it out, so that imports and line ends are those of the real result.
fn edits(package: &Package, fix: &Fix) -> Option<Vec<ReportedEdit>> {
    let changes = preview(package, fix);
    let edits = changes.iter().flat_map(|change| {
        let lines = changed_lines(&change.old, &change.new).into_iter();
        let index = LineIndex::new(&change.old);
        lines.map(move |(was, is)| {
            Some(ReportedEdit {
                path: change.path.clone(),
                start_byte: was.start,
                end_byte: was.end,
                text: String::from_utf8(is.of(&change.new).to_vec()).ok()?,
                start: Point::new(&index, &change.old, was.start),
                end: Point::new(&index, &change.old, was.end),
            })
        })
    });
    edits.collect()
}

fn located(package: &Package, place: Place) -> (String, Point, Point) {
    let file = package.file(place.file);
    let point = |byte| Point::new(file.lines(), &file.source, byte);
    (file.path.clone(), point(place.span.start), point(place.span.end))
}

fn source(package: &Package, place: Place) -> Option<Source> {
    let file = package.file(place.file);
    let position = file.lines().position(place.span.start);
    let rest = file.source.get(file.lines().start_of(position.line)?..)?;
    let line = rest.split(|&byte| byte == b'\n').next()?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let start = (position.column - 1).min(line.len());
    let end = (start + place.span.len()).min(line.len());
    (line.len() <= LONGEST_LINE).then(|| Source {
        line: line.to_vec(),
        marked: start..end,
    })
}
