//! A module with its cases twice, as written and as repaired, against one version of Fiber: one Go program, which is
//! built when its first case is run, and runs each case in a process of its own.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

use tempfile::TempDir;

use crate::support::command::run;
use crate::support::go::{Go, ask, tell};

/// The handlers are written for v2; these words make them handlers of v3.
const IN_V3: [(&str, &str); 4] = [
    ("gofiber/fiber/v2", "gofiber/fiber/v3"),
    ("gofiber/contrib/websocket", "gofiber/contrib/v3/websocket"),
    ("*fiber.Ctx", "fiber.Ctx"),
    ("c.UserContext()", "c.Context()"),
];

/// Fiber v2, Fiber v3, and Fiber v2 in a module that declares an older Go.
pub const BENCHES: [&str; 3] = ["v2", "v3", OLDER_GO];

pub const OLDER_GO: &str = "go1.22";

/// Cases that one bench runs and the others cannot, and why.
pub const ALONE: [(&str, &str, &str); 3] = [
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

/// One is built at a time: what several need is compiled once.
static BUILDING: Mutex<()> = Mutex::new(());

/// A module with its cases twice, as written and as repaired, against one version of Fiber.
pub struct Bench {
    pub name: &'static str,
    built: OnceLock<Result<Built, String>>,
    proofs: BTreeMap<String, OnceLock<Result<Proof, String>>>,
}

/// The program of a bench, in its folder, and what `unleak fix` said of the cases.
struct Built {
    folder: TempDir,
    report: serde_json::Value,
}

/// What one case left behind.
#[derive(Default)]
pub struct Proof {
    pub rule: String,
    pub repair: String,
    pub unit: String,
    pub before: usize,
    pub after: usize,
}

impl Bench {
    pub fn new(name: &'static str) -> Self {
        let cases = names(&fixtures().join("cases")).into_iter();
        let own = cases.filter(|case| is_for(case, name));
        Bench {
            name,
            built: OnceLock::new(),
            proofs: own.map(|case| (case, OnceLock::new())).collect(),
        }
    }

    pub fn cases(&self) -> impl Iterator<Item = &str> {
        self.proofs.keys().map(String::as_str)
    }

    /// What a case left behind; it is run once.
    pub fn proof(&self, go: &Go, case: &str) -> Result<&Proof, String> {
        let proof = self.proofs[case].get_or_init(|| self.run(go, case));
        proof.as_ref().map_err(Clone::clone)
    }

    fn run(&self, go: &Go, case: &str) -> Result<Proof, String> {
        let built = self.built.get_or_init(|| self.build(go));
        let Built { folder, report } = built.as_ref().map_err(Clone::clone)?;
        let program = folder.path().join("proof.test");
        let only = format!("/^{case}$");
        let output = Command::new(program)
            // Longer than any proof takes beside any load; a handler that hangs takes this.
            .args(["-test.v", "-test.timeout=30m", "-test.run", &only])
            .current_dir(folder.path())
            .output()
            .map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            return Err(format!("{said}\n{}", String::from_utf8_lossy(&output.stderr)));
        }
        let proof = Proof::read(&said, case).ok_or(format!("the case was not run:\n{said}"))?;
        if !has_repaired(report, case, &proof.rule) {
            return Err(format!("`fix` said of it: {report:#}"));
        }
        proof.tell(self.name);
        Ok(proof)
    }

    /// Repairs the cases and builds the program.
    fn build(&self, go: &Go) -> Result<Built, String> {
        let _building = BUILDING.lock().map_err(|_| "another build failed")?;
        tell(&format!(
            "building the proofs for {} (some minutes where Go has no cache of their modules)",
            self.name
        ));
        let folder = self.module();
        // Some resources are only known where the sources of their modules are at hand.
        succeed(go.command(folder.path(), "mod").arg("download"))?;
        let repair = [
            "fix",
            "--allow-no-vcs",
            "--verify",
            "gofmt",
            "--format",
            "json",
            "after",
        ];
        let repaired = run(folder.path(), &repair).expect(0, &[]);
        // Without tables for debuggers it links in half the time.
        let mut build = go.command(folder.path(), "test");
        if has_race_detector() {
            build.arg("-race").env("CGO_ENABLED", "1");
        }
        build.args(["-ldflags=-s -w", "-c", "-o", "proof.test", "."]);
        succeed(&mut build)?;
        Ok(Built {
            folder,
            report: serde_json::from_slice(&repaired.stdout).map_err(|error| error.to_string())?,
        })
    }

    fn module(&self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for file in ["go.mod", "go.sum"] {
            write(root, file, &fixture(&format!("{}/{file}", self.name)));
        }
        let fiber = if self.name == "v3" { "v3" } else { "v2" };
        write(root, "probe/fiber.go", &fixture(&format!("{fiber}/fiber.go")));
        write(root, "proof_test.go", &fixture("proof_test.go"));
        for shared in ["fakedb", "fakemongo", "probe"] {
            self.translate(root, shared, shared);
        }
        for case in self.cases() {
            self.translate(root, &format!("cases/{case}"), &format!("before/{case}"));
            self.translate(root, &format!("cases/{case}"), &format!("after/{case}"));
        }
        write(root, "pairs_test.go", &self.pairs());
        folder
    }

    /// Copies a folder of Go files, in the words of this version.
    fn translate(&self, root: &Path, from: &str, to: &str) {
        for file in names(&fixtures().join(from)) {
            let mut text = fixture(&format!("{from}/{file}"));
            if self.name == "v3" {
                for (v2, v3) in IN_V3 {
                    text = text.replace(v2, v3);
                }
            }
            write(root, &format!("{to}/{file}"), &text);
        }
    }

    /// The Go file that lists the cases.
    fn pairs(&self) -> String {
        let mut imports = String::new();
        let mut pairs = String::new();
        for case in self.cases() {
            for phase in ["before", "after"] {
                writeln!(imports, "\t{phase}_{case} \"example.com/proof/{phase}/{case}\"").unwrap();
            }
            writeln!(pairs, "\t{{\"{case}\", before_{case}.Case, after_{case}.Case}},").unwrap();
        }
        format!("package proof\n\nimport (\n{imports})\n\nvar pairs = []pair{{\n{pairs}}}\n")
    }
}

impl Proof {
    /// From lines of the Go test such as `proof|rows|unclosed-rows|…|connections in use|before|20`.
    fn read(said: &str, case: &str) -> Option<Self> {
        let (mut before, mut after) = (None, None);
        let mut proof = Proof::default();
        for line in said.lines().filter_map(|line| line.strip_prefix("proof|")) {
            let fields: Vec<&str> = line.split('|').collect();
            let &[name, rule, repair, unit, phase, figure] = fields.as_slice() else {
                return None;
            };
            if name != case {
                return None;
            }
            (proof.rule, proof.repair, proof.unit) = (rule.to_owned(), repair.to_owned(), unit.to_owned());
            let figure = figure.parse().ok();
            match phase {
                "before" => before = figure,
                _ => after = figure,
            }
        }
        (proof.before, proof.after) = (before?, after?);
        Some(proof)
    }

    fn tell(&self, bench: &str) {
        tell(&format!(
            "proof {} ({}) {bench}: {} before {} after {}",
            self.rule, self.repair, self.unit, self.before, self.after
        ));
    }
}

/// Whether there is a C compiler, which it takes; without one a visible line says so, and it is an error where Go is
/// required.
fn has_race_detector() -> bool {
    let compiler = ask("CC").unwrap_or_default();
    let compiler = compiler.split_whitespace().next().unwrap_or("cc").to_owned();
    let has_race_detector = Command::new(compiler).arg("--version").output().is_ok();
    if !has_race_detector {
        assert!(
            std::env::var_os("UNLEAK_REQUIRE_GO").is_none(),
            "the race detector needs a C compiler"
        );
        tell("no C compiler: repairs are run without the race detector");
    }
    has_race_detector
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "{command:?}:\n{}",
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
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

/// What the cases say of themselves.
pub fn sources_of_cases() -> String {
    let cases = names(&fixtures().join("cases")).into_iter();
    cases
        .map(|case| fixture(&format!("cases/{case}/case.go")))
        .collect()
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
