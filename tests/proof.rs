//! Shows by running real Fiber that each repair ends its leak: handlers of `fixtures/proof/cases`, as written and
//! as `unleak fix` leaves them, on a real listener and under the race detector, for Fiber v2 and v3. The figures
//! go to `docs/proofs.md` with `BLESS=1`.

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use support::command::run;
use support::go::{Go, tell};

/// The handlers are written for v2; these words make them handlers of v3.
const IN_V3: [(&str, &str); 3] = [
    ("gofiber/fiber/v2", "gofiber/fiber/v3"),
    ("*fiber.Ctx", "fiber.Ctx"),
    ("c.UserContext()", "c.Context()"),
];

#[test]
fn every_safe_repair_ends_its_leak_and_loses_no_work() {
    let Some(go) = Go::find() else { return };
    let (v2, v3) = thread::scope(|scope| {
        let v3 = scope.spawn(|| Bench::new("v3").prove(&go));
        (Bench::new("v2").prove(&go), v3.join().unwrap())
    });
    say(&v2, "v2");
    say(&v3, "v3");
    tell(&format!("{} proofs ran", v2.len() + v3.len()));
    hold_table(&v2, &v3);
}

/// Safe rules that no case runs, and why.
const NOT_RUN: [(&str, &str); 5] = [
    ("pooled-body", "it corrupts answers, and leaves nothing behind"),
    ("tick-per-request", "it leaks with Go before 1.23 only"),
    ("unchecked-websocket-write", "it needs a module beside Fiber"),
    ("unclosed-db", "it happens at start-up, not with requests"),
    ("unstopped-ticker", "it leaks with Go before 1.23 only"),
];

/// One visible line for each safe rule without a case; the page says why.
#[test]
fn safe_rules_that_no_case_runs_are_told() {
    let cases = names(&fixtures().join("cases"));
    let cases: String = cases
        .iter()
        .map(|case| fixture(&format!("cases/{case}/case.go")))
        .collect();
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/proofs.md")).unwrap();
    let config = unleak::config::Config::default();
    let rules = unleak::transforms::suite()
        .iter()
        .flat_map(|transform| transform.rules(&config));
    for rule in rules.filter(|rule| rule.applicability == unleak::transform::Applicability::Safe) {
        let is_run = cases.contains(&format!("\"{}\"", rule.slug));
        let why = NOT_RUN
            .iter()
            .find(|(slug, _)| *slug == &*rule.slug)
            .map(|(_, why)| *why);
        match (is_run, why) {
            (true, why) => assert!(why.is_none(), "{} is run, and listed as not run", rule.slug),
            (false, None) => tell(&format!("no proof runs {}", rule.slug)),
            (false, Some(why)) => {
                tell(&format!("no proof runs {}: {why}", rule.slug));
                assert!(
                    page.contains(&not_run(&rule.slug, why)),
                    "BLESS=1 writes docs/proofs.md anew"
                );
            }
        }
    }
}

fn not_run(slug: &str, why: &str) -> String {
    format!("- `{slug}`: {why}.\n")
}

/// A module with every case twice, as written and as repaired, against one version of Fiber.
struct Bench {
    fiber: &'static str,
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
    fn new(fiber: &'static str) -> Self {
        let bench = Bench {
            fiber,
            folder: tempfile::tempdir().unwrap(),
            cases: names(&fixtures().join("cases")),
        };
        for file in ["go.mod", "go.sum"] {
            bench.write(file, &fixture(&format!("{fiber}/{file}")));
        }
        bench.write("probe/fiber.go", &fixture(&format!("{fiber}/fiber.go")));
        bench.write("proof_test.go", &fixture("proof_test.go"));
        for folder in ["fakedb", "probe"] {
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
            if self.fiber == "v3" {
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

    fn prove(&self, go: &Go) -> Vec<Proof> {
        let repair = [
            "fix",
            "--allow-no-vcs",
            "--verify",
            "gofmt",
            "--format",
            "json",
            "after",
        ];
        let repaired = run(self.folder.path(), &repair).expect(0, &[]);
        let report: serde_json::Value = serde_json::from_slice(&repaired.stdout).unwrap();
        let output = go
            .test(self.folder.path())
            .args(["-v", "-count=1", "."])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let wrong = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "Fiber {}:\n{said}\n{wrong}", self.fiber);
        let proofs = read_proofs(&said);
        assert!(
            proofs.keys().eq(self.cases.iter()),
            "not every case was run:\n{said}"
        );
        for (case, proof) in &proofs {
            assert!(has_repaired(&report, case, &proof.rule), "{case}: {report:#}");
        }
        proofs.into_values().collect()
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
fn say(proofs: &[Proof], fiber: &str) {
    for proof in proofs {
        let (before, after) = proof.figures();
        assert!(
            before > 0 && after == 0,
            "{}: before {before}, after {after}",
            proof.rule
        );
        tell(&format!(
            "proof {} ({}) fiber {fiber}: {} before {before} after {after}",
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

    /// The part of a table row that no machine changes.
    fn row_head(&self) -> String {
        format!("| `{}` | {} | {} |", self.rule, self.repair, self.unit)
    }
}

const INTRO: &str = "\
# What the repairs are worth

For each safe repair a leaky handler runs on a real listener of Fiber v2 and of Fiber v3: once as written, once as
`unleak fix` left it. One request warms up, 20 rounds follow, and the figures below say what those left behind.
Each repaired handler then gives the same answers to eight clients at once, does all of its work, and shuts down in
time, under Go's race detector. The handlers are in `fixtures/proof/cases`; `cargo test --test proof` runs them and
`BLESS=1 cargo test --test proof` writes this page.

| rule | repair | counted | v2 before | v2 after | v3 before | v3 after |
|---|---|---|---:|---:|---:|---:|
";

const OUTRO: &str = "\nSafe repairs that are held by fixtures alone:\n\n";

/// The page lists these proofs and no others. Its figures are those of the machine that wrote it.
fn hold_table(v2: &[Proof], v3: &[Proof]) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/proofs.md");
    if std::env::var_os("BLESS").is_some() {
        let mut text = INTRO.to_owned();
        for (v2, v3) in v2.iter().zip(v3) {
            let ((before_v2, after_v2), (before_v3, after_v3)) = (v2.figures(), v3.figures());
            let head = v2.row_head();
            writeln!(
                text,
                "{head} {before_v2} | {after_v2} | {before_v3} | {after_v3} |"
            )
            .unwrap();
        }
        text.push_str(OUTRO);
        NOT_RUN
            .iter()
            .for_each(|(slug, why)| text.push_str(&not_run(slug, why)));
        fs::create_dir_all(page.parent().unwrap()).unwrap();
        fs::write(&page, text).unwrap();
    }
    let text = fs::read_to_string(&page).unwrap();
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(rows.len(), v2.len(), "BLESS=1 writes docs/proofs.md anew");
    for (row, proof) in rows.iter().zip(v2) {
        assert!(
            row.starts_with(&proof.row_head()),
            "{row}: BLESS=1 writes docs/proofs.md anew"
        );
    }
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
