//! The page `docs/proofs.md`: what was run, what it left behind, and what was not run and why.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::fs;
use std::path::{Path, PathBuf};

use crate::bench::{ALONE, Bench};
use crate::support::go::Go;

/// Safe rules that no case runs, and why.
pub const NOT_RUN: [(&str, &str); 5] = [
    (
        "cancel-in-loop",
        "what a loop defers is called when the handler returns: nothing is left after the request",
    ),
    (
        "defer-in-loop",
        "what a loop defers is released when the handler returns: nothing is open after the request",
    ),
    (
        "unclosed-writer",
        "a writer that is not closed loses data, and holds nothing open",
    ),
    (
        "unreleased-session",
        "the garbage collector takes a session that is not released, so that only its reuse is lost",
    ),
    (
        "pooled-result",
        "others write over what the caller got, and nothing is left behind that could be counted",
    ),
];

const INTRO: &str = "\
# What the repairs are worth

For each safe repair a leaky handler runs on a real listener of Fiber v2 and of Fiber v3: once as written, once as
`unleak fix` left it. One request warms up, 20 rounds follow, and the figures below say what those left behind.
Each repaired handler then gives the same answers to eight clients at once, does all of its work, and shuts down in
time, under Go's race detector. Libraries are the real ones; a database, a Kubernetes API or another service is a
server in the same process. The handlers are in `fixtures/proof/cases`; `cargo test --test proof` runs them and
`BLESS=1 cargo test --test proof` writes this page.

| rule | repair | counted | v2 before | v2 after | v3 before | v3 after |
|---|---|---|---:|---:|---:|---:|
";

/// The page lists these proofs and no others. Its figures are those of the machine that wrote it.
pub fn hold(go: &Go, benches: &[Bench]) -> Result<(), String> {
    let text = written(go, benches)?;
    if std::env::var_os("BLESS").is_some() {
        fs::write(page(), &text).map_err(|error| error.to_string())?;
    }
    let page = fs::read_to_string(page()).map_err(|error| error.to_string())?;
    match without_figures(&page) == without_figures(&text) {
        true => Ok(()),
        false => Err(format!("BLESS=1 writes docs/proofs.md anew\n{text}")),
    }
}

fn without_figures(page: &str) -> Vec<String> {
    let row = |line: &str| {
        let cells = line.split(" | ").map(|cell| cell.trim_end_matches(" |"));
        let named = cells.map(|cell| cell.parse::<usize>().map_or(cell, |_| "figure"));
        named.collect::<Vec<_>>().join(" | ")
    };
    page.lines().map(row).collect()
}

fn written(go: &Go, benches: &[Bench]) -> Result<String, String> {
    // By rule and case, from each bench that runs the case.
    let mut rows: BTreeMap<(&str, &str), Row> = BTreeMap::new();
    let mut alone = BTreeMap::new();
    for bench in benches {
        for case in bench.cases() {
            let proof = bench.proof(go, case)?;
            let row = rows.entry((&proof.rule, case)).or_default();
            row.head = format!("| `{}` | {} | {} |", proof.rule, proof.repair, proof.unit);
            row.figures[usize::from(bench.name == "v3")] = Some((proof.before, proof.after));
            alone.insert((case, bench.name), &proof.rule);
        }
    }
    let mut text = INTRO.to_owned();
    rows.values().for_each(|row| writeln!(text, "{row}").unwrap());
    text.push_str("\nRun with one version only:\n\n");
    for (case, bench, why) in ALONE {
        writeln!(text, "- `{}` {why}.", alone[&(case, bench)]).unwrap();
    }
    text.push_str("\nSafe repairs that are held by fixtures alone:\n\n");
    for (slug, why) in NOT_RUN {
        writeln!(text, "- `{slug}`: {why}.").unwrap();
    }
    Ok(text)
}

#[derive(Default)]
struct Row {
    head: String,
    /// Before and after, for Fiber v2 and for v3.
    figures: [Option<(usize, usize)>; 2],
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.head)?;
        self.figures.iter().try_for_each(|figures| match figures {
            Some((before, after)) => write!(f, " {before} | {after} |"),
            None => f.write_str(" – | – |"),
        })
    }
}

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/proofs.md")
}
