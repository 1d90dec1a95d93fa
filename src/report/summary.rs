//! The calm lines at the end of a run, for stderr.

use std::collections::{BTreeMap, BTreeSet};

use super::{Report, ReportedFinding, SkipReason};
use crate::transform::{Applicability, Outcome, Severity};

/// What the run was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    Scan,
    Fix,
    /// A repair that was shown and not written.
    DryRun,
}

/// What came out, in one line.
pub fn summary_line(report: &Report, run: Run) -> String {
    let suppressed = match report.summary.suppressed {
        0 => String::new(),
        count => format!(" {count} suppressed."),
    };
    if report.summary.findings == 0 {
        let files = plural(report.files.seen, "file");
        return format!("No leaks found in {files}.{suppressed}");
    }
    match run {
        Run::Scan => format!("{}{suppressed}", scanned(report)),
        Run::Fix => format!("{}{suppressed}", repaired(report, "Fixed")),
        Run::DryRun => format!("{}{suppressed}", repaired(report, "Would fix")),
    }
}

/// What was left out, in one line; none where nothing was.
pub fn skipped_line(report: &Report) -> Option<String> {
    let mut counts: BTreeMap<SkipReason, usize> = BTreeMap::new();
    for skip in &report.files.skipped {
        *counts.entry(skip.reason).or_default() += 1;
    }
    let parts: Vec<String> = counts
        .iter()
        .map(|(reason, count)| told(*reason, *count))
        .collect();
    (!parts.is_empty()).then(|| format!("Left out: {}.", parts.join(", ")))
}

/// More names than these do not fit a line.
const MAX_NAMED: usize = 3;

/// Which packages nothing is known of, in one line; none where everything was found.
pub fn unresolved_line(report: &Report) -> Option<String> {
    let paths = &report.summary.unresolved_packages;
    let named = paths.iter().take(MAX_NAMED).map(String::as_str);
    let more = match paths.len() > MAX_NAMED {
        true => ", … (-v lists all)",
        false => "",
    };
    let count = plural(paths.len(), "package");
    let named = named.collect::<Vec<_>>().join(", ");
    (!paths.is_empty()).then(|| format!("{count} could not be resolved: {named}{more}"))
}

fn scanned(report: &Report) -> String {
    let remaining: Vec<&ReportedFinding> = report.remaining().collect();
    let paths: BTreeSet<&str> = remaining.iter().map(|finding| finding.path.as_str()).collect();
    let found = plural(remaining.len(), "finding");
    let files = plural(paths.len(), "file");
    format!(
        "{found} in {files} ({}).{}",
        by_severity(&remaining),
        fixable(&remaining)
    )
}

/// Which commands would repair how many.
fn fixable(findings: &[&ReportedFinding]) -> String {
    let count = |wanted| {
        findings
            .iter()
            .filter(|finding| finding.best_fix() == Some(wanted))
            .count()
    };
    match (count(Applicability::Safe), count(Applicability::Unsafe)) {
        (0, 0) => String::new(),
        (safe, 0) => format!(" {safe} fixable with `unleak fix`."),
        (0, risky) => format!(" {risky} fixable with `unleak fix --unsafe-fixes`."),
        (safe, risky) => {
            format!(" {safe} fixable with `unleak fix`, {risky} more with `--unsafe-fixes`.")
        }
    }
}

fn repaired(report: &Report, verb: &str) -> String {
    let (fixed, all) = (report.summary.fixed, plural(report.summary.findings, "finding"));
    let count = |wanted, is_unwritten| {
        let ended = |finding: &&ReportedFinding| {
            finding.outcome == Some(wanted) && finding.is_unwritten == is_unwritten
        };
        report.remaining().filter(ended).count()
    };
    let ended = |wanted| count(wanted, false);
    let rest = [
        (ended(Outcome::Refused), "without a fix"),
        (ended(Outcome::Declined), "left alone"),
        (ended(Outcome::Deferred), "left to the next run"),
        (ended(Outcome::Failed), "whose fix did not pass the checks"),
        (count(Outcome::Failed, true), "whose files could not be written"),
        (count(Outcome::Deferred, true), "not applied: interrupted"),
    ];
    let rest = rest.iter().filter(|(count, _)| *count > 0);
    let rest: Vec<String> = rest.map(|(count, what)| format!("{count} {what}")).collect();
    let rest = if rest.is_empty() {
        String::new()
    } else {
        format!(": {}", rest.join(", "))
    };
    format!("{verb} {fixed} of {all}{rest}.{}", halves(report))
}

/// How many repairs leave something.
fn halves(report: &Report) -> String {
    let halves = report
        .findings
        .iter()
        .filter(|finding| !finding.remains.is_empty());
    match halves.count() {
        0 => String::new(),
        1 => " 1 repair leaves something to do.".to_owned(),
        count => format!(" {count} repairs leave something to do."),
    }
}

/// The counts, worst first.
fn by_severity(findings: &[&ReportedFinding]) -> String {
    let mut counts: BTreeMap<Severity, usize> = BTreeMap::new();
    for finding in findings {
        *counts.entry(finding.severity).or_default() += 1;
    }
    let parts: Vec<String> = counts
        .iter()
        .rev()
        .map(|(severity, count)| format!("{count} {severity}"))
        .collect();
    parts.join(", ")
}

fn told(reason: SkipReason, count: usize) -> String {
    match reason {
        SkipReason::Generated => plural(count, "generated file"),
        SkipReason::Vendored => plural(count, "vendored folder"),
        SkipReason::Testdata => plural(count, "testdata folder"),
        SkipReason::Excluded => plural(count, "excluded file"),
        SkipReason::Symlink => plural(count, "symbolic link"),
        SkipReason::SpecialFile => plural(count, "special file"),
        SkipReason::TooLarge => format!("{count} too large"),
        SkipReason::Binary => format!("{count} binary"),
        SkipReason::Unparsable => format!("{count} unparsable"),
        SkipReason::Unreadable => format!("{count} unreadable"),
        SkipReason::Vanished => format!("{count} deleted meanwhile"),
    }
}

fn plural(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}
