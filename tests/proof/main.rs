//! Shows by running real Fiber that each repair ends its leak: handlers of `fixtures/proof/cases`, as written and
//! as `unleak fix` leaves them, on a real listener and under the race detector, for Fiber v2 and v3. The figures
//! go to `docs/proofs.md` with `BLESS=1`.

#[path = "../it/support"]
#[allow(dead_code, reason = "the tests of the other program use the rest")]
mod support {
    pub mod command;
    pub mod go;
}

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use support::command::run;
use support::go::{Go, tell};

/// The handlers are written for v2; these words make them handlers of v3.
const IN_V3: [(&str, &str); 4] = [
    ("gofiber/fiber/v2", "gofiber/fiber/v3"),
    ("gofiber/contrib/websocket", "gofiber/contrib/v3/websocket"),
    ("*fiber.Ctx", "fiber.Ctx"),
    ("c.UserContext()", "c.Context()"),
];

/// Fiber v2, Fiber v3, and Fiber v2 in a module that declares an older Go.
const BENCHES: [&str; 3] = ["v2", "v3", OLDER_GO];

const OLDER_GO: &str = "go1.22";

/// Cases that one bench runs and the others cannot, and why.
const ALONE: [(&str, &str, &str); 3] = [
    (
        "tick",
        OLDER_GO,
        "runs as a module of Go 1.22: with Go 1.23 or later, which Fiber v3 needs, tickers are collected",
    ),
    (
        "ticker",
        OLDER_GO,
        "runs as a module of Go 1.22: with Go 1.23 or later, which Fiber v3 needs, tickers are collected",
    ),
    (
        "websocket",
        "v3",
        "is a leak of contrib/v3/websocket: the package for Fiber v2 closes the connection itself",
    ),
];

/// Safe rules that no case runs, and why.
const NOT_RUN: [(&str, &str); 5] = [
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

/// One is built at a time: what several need is compiled once.
static BUILDING: Mutex<()> = Mutex::new(());

#[test]
fn every_safe_repair_ends_its_leak_and_loses_no_work() {
    let Some(go) = Go::find() else { return };
    let benches = BENCHES.iter().filter(|bench| can_run(&go, bench));
    let proofs: BTreeMap<&str, BTreeMap<String, Proof>> = thread::scope(|scope| {
        let go = &go;
        let runs: Vec<_> = benches
            .map(|&bench| (bench, scope.spawn(move || Bench::new(bench).prove(go))))
            .collect();
        runs.into_iter()
            .map(|(bench, run)| (bench, run.join().unwrap()))
            .collect()
    });
    for (bench, proofs) in &proofs {
        say(proofs.values(), bench);
    }
    tell(&format!(
        "{} proofs ran",
        proofs.values().map(BTreeMap::len).sum::<usize>()
    ));
    hold_table(&proofs);
}

/// What an older Go did is asked of the runtime by `GODEBUG=asynctimerchan=1`, which Go 1.27 does not know any more.
fn can_run(go: &Go, bench: &str) -> bool {
    let can = bench != OLDER_GO || go.version < (1, 27);
    if !can {
        tell("skipped: tickers are collected by this Go, whatever a module declares");
    }
    can
}

/// A safe rule has a case, or a reason why there is none, which the page tells.
#[test]
fn every_safe_rule_is_run_or_has_a_reason() {
    let cases = names(&fixtures().join("cases"));
    let cases: String = cases
        .iter()
        .map(|case| fixture(&format!("cases/{case}/case.go")))
        .collect();
    let config = unleak::config::Config::default();
    let rules = unleak::transforms::suite()
        .iter()
        .flat_map(|transform| transform.rules(&config));
    for rule in rules.filter(|rule| rule.applicability == unleak::transform::Applicability::Safe) {
        let is_run = cases.contains(&format!("\"{}\"", rule.slug));
        let mut reasons = NOT_RUN.iter().filter(|(slug, _)| *slug == &*rule.slug);
        match (is_run, reasons.next()) {
            (true, reason) => assert!(reason.is_none(), "{} is run, and listed as not run", rule.slug),
            (false, None) => panic!("no proof runs {}, and there is no reason", rule.slug),
            (false, Some((slug, why))) => tell(&format!("no proof runs {slug}: {why}")),
        }
    }
}

/// A module with its cases twice, as written and as repaired, against one version of Fiber.
struct Bench {
    name: &'static str,
    folder: tempfile::TempDir,
    cases: Vec<String>,
}

/// What one case left behind.
#[derive(Default)]
struct Proof {
    rule: String,
    repair: String,
    unit: String,
    before: Option<usize>,
    after: Option<usize>,
}

impl Bench {
    fn new(name: &'static str) -> Self {
        let bench = Bench {
            name,
            folder: tempfile::tempdir().unwrap(),
            cases: names(&fixtures().join("cases"))
                .into_iter()
                .filter(|case| is_for(case, name))
                .collect(),
        };
        for file in ["go.mod", "go.sum"] {
            bench.write(file, &fixture(&format!("{name}/{file}")));
        }
        let fiber = if name == "v3" { "v3" } else { "v2" };
        bench.write("probe/fiber.go", &fixture(&format!("{fiber}/fiber.go")));
        bench.write("proof_test.go", &fixture("proof_test.go"));
        for folder in ["fakedb", "fakemongo", "probe"] {
            bench.translate(folder, folder);
        }
        for case in &bench.cases {
            bench.translate(&format!("cases/{case}"), &format!("before/{case}"));
            bench.translate(&format!("cases/{case}"), &format!("after/{case}"));
        }
        bench.write("pairs_test.go", &bench.pairs());
        bench
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Copies a folder of Go files, in the words of this version.
    fn translate(&self, from: &str, to: &str) {
        for file in names(&fixtures().join(from)) {
            let mut text = fixture(&format!("{from}/{file}"));
            if self.name == "v3" {
                for (v2, v3) in IN_V3 {
                    text = text.replace(v2, v3);
                }
            }
            self.write(&format!("{to}/{file}"), &text);
        }
    }

    /// The Go file that lists the cases.
    fn pairs(&self) -> String {
        let mut imports = String::new();
        let mut pairs = String::new();
        for case in &self.cases {
            for phase in ["before", "after"] {
                writeln!(imports, "\t{phase}_{case} \"example.com/proof/{phase}/{case}\"").unwrap();
            }
            writeln!(pairs, "\t{{\"{case}\", before_{case}.Case, after_{case}.Case}},").unwrap();
        }
        format!("package proof\n\nimport (\n{imports})\n\nvar pairs = []pair{{\n{pairs}}}\n")
    }

    fn prove(&self, go: &Go) -> BTreeMap<String, Proof> {
        let repair = [
            "fix",
            "--allow-no-vcs",
            "--verify",
            "gofmt",
            "--format",
            "json",
            "after",
        ];
        // Some resources are only known where the sources of their modules are at hand.
        let fetched = go.command(self.folder.path(), "mod").arg("download").status();
        assert!(
            fetched.is_ok_and(|status| status.success()),
            "no modules for {}",
            self.name
        );
        let repaired = run(self.folder.path(), &repair).expect(0, &[]);
        let report: serde_json::Value = serde_json::from_slice(&repaired.stdout).unwrap();
        let said = self.run(go);
        let proofs = read_proofs(&said);
        assert!(
            proofs.keys().eq(self.cases.iter()),
            "not every case was run:\n{said}"
        );
        for (case, proof) in &proofs {
            assert!(has_repaired(&report, case, &proof.rule), "{case}: {report:#}");
        }
        proofs
    }

    /// Builds the test and runs it.
    fn run(&self, go: &Go) -> String {
        let build = ["-c", "-o", "proof.test", "."];
        let building = BUILDING.lock().unwrap();
        let built = go.test(self.folder.path()).args(build).output().unwrap();
        drop(building);
        let wrong = String::from_utf8_lossy(&built.stderr);
        assert!(built.status.success(), "{}:\n{wrong}", self.name);
        let output = Command::new(self.folder.path().join("proof.test"))
            .args(["-test.v", "-test.timeout=10m"])
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let wrong = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}:\n{said}\n{wrong}", self.name);
        said
    }
}

fn is_for(case: &str, bench: &str) -> bool {
    match ALONE.iter().find(|(alone, ..)| *alone == case) {
        Some((_, only, _)) => *only == bench,
        None => bench != OLDER_GO,
    }
}

/// Whether unleak found just this in the case, and repaired it.
fn has_repaired(report: &serde_json::Value, case: &str, rule: &str) -> bool {
    let findings = report["findings"].as_array().into_iter().flatten();
    let folder = format!("{case}/");
    let here = |path: &str| path.strip_prefix("after/").unwrap_or(path).starts_with(&folder);
    let mut found = findings.filter(|finding| finding["path"].as_str().is_some_and(here));
    found
        .next()
        .is_some_and(|finding| finding["rule"] == rule && finding["outcome"] == "fixed")
        && found.next().is_none()
}

/// By case, from lines of the Go test such as `proof|rows|unclosed-rows|…|connections in use|before|20`.
fn read_proofs(said: &str) -> BTreeMap<String, Proof> {
    let mut proofs: BTreeMap<String, Proof> = BTreeMap::new();
    for line in said.lines().filter_map(|line| line.strip_prefix("proof|")) {
        let fields: Vec<&str> = line.split('|').collect();
        let &[case, rule, repair, unit, phase, figure] = fields.as_slice() else {
            panic!("odd line of the Go test: {line}");
        };
        let proof = proofs.entry(case.to_owned()).or_default();
        (proof.rule, proof.repair, proof.unit) = (rule.to_owned(), repair.to_owned(), unit.to_owned());
        let figure = Some(figure.parse().unwrap());
        match phase {
            "before" => proof.before = figure,
            _ => proof.after = figure,
        }
    }
    proofs
}

/// One line a proof, past the capture of the test harness.
fn say<'a>(proofs: impl Iterator<Item = &'a Proof>, bench: &str) {
    for proof in proofs {
        let (before, after) = proof.figures();
        assert!(
            before > 0 && after == 0,
            "{}: before {before}, after {after}",
            proof.rule
        );
        tell(&format!(
            "proof {} ({}) {bench}: {} before {before} after {after}",
            proof.rule, proof.repair, proof.unit
        ));
    }
}

impl Proof {
    fn figures(&self) -> (usize, usize) {
        (
            self.before.expect("a figure before"),
            self.after.expect("a figure after"),
        )
    }

    /// The start of a table row.
    fn row_head(&self) -> String {
        format!("| `{}` | {} | {} |", self.rule, self.repair, self.unit)
    }
}

const INTRO: &str = "\
# What the repairs are worth

For each safe repair a leaky handler runs on a real listener of Fiber v2 and of Fiber v3: once as written, once as
`unleak fix` left it. One request warms up, 20 rounds follow, and the figures below say what those left behind.
Each repaired handler then gives the same answers to eight clients at once, does all of its work, and shuts down in
time, under Go's race detector. Libraries are the real ones; a database, a Kubernetes API or another service is a
server in the same process. The handlers are in `fixtures/proof/cases`; `cargo test --test it proof` runs them and
`BLESS=1 cargo test --test it proof` writes this page.

| rule | repair | counted | v2 before | v2 after | v3 before | v3 after |
|---|---|---|---:|---:|---:|---:|
";

/// The page lists these proofs and no others. Its figures are those of the machine that wrote it.
fn hold_table(proofs: &BTreeMap<&str, BTreeMap<String, Proof>>) {
    let is_blessed = std::env::var_os("BLESS").is_some();
    if proofs.len() < BENCHES.len() {
        assert!(!is_blessed, "only a Go that runs every case can write the page");
        return tell("docs/proofs.md is not compared: this Go does not run every case");
    }
    let text = written(proofs);
    if is_blessed {
        fs::write(page(), &text).unwrap();
    }
    let page = fs::read_to_string(page()).unwrap();
    assert_eq!(
        without_figures(&page),
        without_figures(&text),
        "BLESS=1 writes docs/proofs.md anew"
    );
}

fn without_figures(page: &str) -> Vec<String> {
    let row = |line: &str| {
        let cells = line.split(" | ").map(|cell| cell.trim_end_matches(" |"));
        let named = cells.map(|cell| cell.parse::<usize>().map_or(cell, |_| "figure"));
        named.collect::<Vec<_>>().join(" | ")
    };
    page.lines().map(row).collect()
}

fn written(proofs: &BTreeMap<&str, BTreeMap<String, Proof>>) -> String {
    let mut rows = BTreeMap::new();
    for (case, proof) in proofs.values().flatten() {
        let [v2, v3, older] = BENCHES.map(|bench| proofs[bench].get(case));
        let figures = |proof: Option<&Proof>| match proof.map(Proof::figures) {
            Some((before, after)) => format!("{before} | {after} |"),
            None => "– | – |".to_owned(),
        };
        let row = format!("{} {} {}", proof.row_head(), figures(v2.or(older)), figures(v3));
        rows.insert((&proof.rule, case), row);
    }
    let mut text = INTRO.to_owned();
    rows.values().for_each(|row| writeln!(text, "{row}").unwrap());
    text.push_str("\nRun with one version only:\n\n");
    for (case, bench, why) in ALONE {
        writeln!(text, "- `{}` {why}.", proofs[bench][case].rule).unwrap();
    }
    text.push_str("\nSafe repairs that are held by fixtures alone:\n\n");
    for (slug, why) in NOT_RUN {
        writeln!(text, "- `{slug}`: {why}.").unwrap();
    }
    text
}

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/proofs.md")
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/proof")
}

fn fixture(path: &str) -> String {
    fs::read_to_string(fixtures().join(path)).unwrap()
}

/// What a folder holds, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
