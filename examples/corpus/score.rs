//! `score`: reports against labels made by hand.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use crate::Corpus;
use crate::label::Label;
use crate::report::{Finding, Report};

/// Prints a table by family, then what was missed, what is reported though labelled clean, and the findings
/// without a label, for reading.
///
/// # Errors
/// Where labels or checkouts cannot be read, or the command does not print a report.
pub fn score(corpus: &Corpus, labels: &Path) -> Result<()> {
    let labels = Label::read(labels)?;
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut lists = Lists::default();
    for (repo, dir) in corpus.checkouts()? {
        let own: Vec<&Label> = labels.iter().filter(|label| label.repo == repo).collect();
        let report = Report::of(&corpus.unleak, &["scan"], &dir)?;
        for diagnostic in &report.diagnostics {
            eprintln!("{repo} {}: {}", diagnostic.path, diagnostic.message);
        }
        count(&own, &report, &mut tallies, &mut lists);
        lists.unlabelled(&repo, &own, &report);
    }
    print_table(&tallies);
    lists.print();
    Ok(())
}

/// What is counted for one family.
#[derive(Default)]
struct Tally {
    certain: Share,
    likely: Share,
    clean: Share,
    policy: Share,
}

/// How many of the labels a finding points at.
#[derive(Default)]
struct Share {
    hit: usize,
    all: usize,
}

impl Share {
    fn count(&mut self, is_hit: bool) {
        self.all += 1;
        self.hit += usize::from(is_hit);
    }

    fn add(&mut self, other: &Share) {
        self.hit += other.hit;
        self.all += other.all;
    }

    fn shown(&self) -> String {
        match self.all {
            0 => "–".to_owned(),
            all => format!("{}/{all} ({} %)", self.hit, 100 * self.hit / all),
        }
    }
}

impl Tally {
    fn share_of(&mut self, label: &Label) -> &mut Share {
        match (label.is_policy(), label.is_leak, label.is_certain) {
            (true, ..) => &mut self.policy,
            (_, false, _) => &mut self.clean,
            (_, true, true) => &mut self.certain,
            (_, true, false) => &mut self.likely,
        }
    }

    fn add(&mut self, other: &Tally) {
        self.certain.add(&other.certain);
        self.likely.add(&other.likely);
        self.clean.add(&other.clean);
        self.policy.add(&other.policy);
    }
}

fn count(labels: &[&Label], report: &Report, tallies: &mut BTreeMap<String, Tally>, lists: &mut Lists) {
    for label in labels {
        let is_met = report.findings.iter().any(|finding| label.is_met_by(finding));
        let tally = tallies.entry(label.family.clone()).or_default();
        tally.share_of(label).count(is_met);
        if label.is_leak != is_met && !label.is_policy() {
            lists.wrong(label);
        }
    }
}

fn print_table(tallies: &BTreeMap<String, Tally>) {
    println!("| family | certain leaks found | likely leaks found | clean reported | policy reported |");
    println!("|---|---|---|---|---|");
    let mut sum = Tally::default();
    for (family, tally) in tallies {
        print_row(family, tally);
        sum.add(tally);
    }
    print_row("all", &sum);
}

fn print_row(name: &str, tally: &Tally) {
    let shares = [&tally.certain, &tally.likely, &tally.clean, &tally.policy];
    println!("| {name} | {} |", shares.map(Share::shown).join(" | "));
}

/// What a person reads after the figures.
#[derive(Default)]
struct Lists {
    missed: Vec<String>,
    reported: Vec<String>,
    unlabelled: Vec<String>,
}

impl Lists {
    fn wrong(&mut self, label: &Label) {
        let sure = if label.is_certain { "certain" } else { "likely" };
        let at = format!("{} {}:{}", label.repo, label.path, label.line);
        let row = format!("{sure} {} {at} {}", label.family, label.reason);
        match label.is_leak {
            true => self.missed.push(row),
            false => self.reported.push(row),
        }
    }

    fn unlabelled(&mut self, repo: &str, labels: &[&Label], report: &Report) {
        let is_labelled = |finding: &Finding| labels.iter().any(|label| label.is_met_by(finding));
        for finding in report.findings.iter().filter(|finding| !is_labelled(finding)) {
            let what = format!("{} {} ({})", finding.severity, finding.rule, finding.remedy());
            let at = format!("{repo} {}:{}", finding.path, finding.start.line);
            self.unlabelled.push(format!("{what} {at} {}", finding.message));
        }
    }

    fn print(&self) {
        let lists = [
            ("Leaks missed", &self.missed),
            ("Clean labels reported", &self.reported),
            ("Findings without a label", &self.unlabelled),
        ];
        for (title, rows) in lists {
            println!("\n## {title}: {}\n", rows.len());
            rows.iter().for_each(|row| println!("- {row}"));
        }
    }
}
