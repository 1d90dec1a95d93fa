//! `--verify build` and `--verify test`: a repair is compiled before it is written, and only the guilty one goes.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::support::command::{Ran, unleak};
use crate::support::git::Repository;
use crate::support::go::Go;
use crate::support::packages::DATABASE;
use crate::support::wait::{until, work_of};
use memchr::memmem;
use unleak::config::Config;
use unleak::engine::{Automatic, Repaired, repair};
use unleak::go::Place;
use unleak::job::Job;
use unleak::text::{Edit, EditSet, Span};
use unleak::transform::{
    Applicability, Confidence, Family, Finding, Fix, Outcome, Pass, Refusal, Rule, Severity, Transform,
};
use unleak::workspace::{GoLicence, GoToolchain, Overlay, WalkOptions};

const MODULE: &[u8] =
    b"module example.com/shop\n\ngo 1.21\n\nrequire github.com/gofiber/fiber/v2 v2.52.15\n\n\
    replace github.com/gofiber/fiber/v2 => ./fiber\n";

/// A fork of Fiber that lacks `UserContext`, which no repair can know.
const FORK: &[u8] = b"package fiber

type Ctx struct{}

func (c *Ctx) SendString(text string) error { return nil }
";

const FILE: &str = "package shop

import (
	\"io\"
	\"os\"

	\"github.com/gofiber/fiber/v2\"
)

func prices(c *fiber.Ctx) error {
	file, err := os.Open(\"prices.txt\")
	if err != nil {
		return err
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	return c.SendString(string(text))
}
";

const QUOTE: &str = "package shop

import (
	\"time\"

	\"github.com/gofiber/fiber/v2\"
)

func quote(c *fiber.Ctx) error {
	quotes := make(chan string)
	go func() {
		time.Sleep(time.Second)
		quotes <- \"4.99\"
		println(\"quoted\")
	}()
	select {
	case q := <-quotes:
		return c.SendString(q)
	case <-time.After(time.Millisecond):
		return c.SendString(\"too late\")
	}
}
";

fn shop(files: &[(&str, &str)]) -> Repository {
    let base: [(&str, &[u8]); 3] = [
        ("go.mod", MODULE),
        ("fiber/go.mod", b"module github.com/gofiber/fiber/v2\n\ngo 1.21\n"),
        ("fiber/fiber.go", FORK),
    ];
    let files = files.iter().map(|(path, text)| (*path, text.as_bytes()));
    Repository::with(base.into_iter().chain(files))
}

/// The fork makes one of the fixes wrong.
fn fix(repository: &Repository, arguments: &[&str]) -> Ran {
    let mut command = unleak(repository.path());
    command.env("UNLEAK_WRONG_FIXES_EXPECTED", "1").arg("fix");
    Ran::new(command.args(arguments).output().unwrap())
}

/// What is told of the finding of a rule.
fn told(ran: &Ran, rule: &str) -> (String, String) {
    let report: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["rule"] == rule).unwrap();
    let word = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    (word("outcome"), word("note"))
}

#[test]
fn the_fix_that_does_not_compile_is_named_and_the_others_are_written() {
    if Go::find().is_none() {
        return;
    }
    let shop = shop(&[("file.go", FILE), ("quote.go", QUOTE)]);
    let ran = fix(&shop, &["--verify", "build", "--format", "json"]).expect(1, &["Fixed 1 of 2 findings"]);
    let (outcome, note) = told(&ran, "blocked-send");
    assert_eq!(outcome, "failed");
    assert!(
        note.contains("quote.go:11:") && note.contains("c.UserContext undefined"),
        "{note}"
    );
    assert_eq!(told(&ran, "unclosed-file").0, "fixed");
    assert!(memmem::find(&shop.read("file.go"), b"defer file.Close()").is_some());
    assert_eq!(shop.read("quote.go"), QUOTE.as_bytes());
    assert_eq!(shop.read("go.mod"), MODULE);
}

#[test]
fn a_package_that_did_not_build_is_judged_by_new_messages() {
    if Go::find().is_none() {
        return;
    }
    let broken = "package shop\n\nfunc broken() int { return missing }\n";
    let shop = shop(&[("broken.go", broken), ("file.go", FILE), ("quote.go", QUOTE)]);
    let ran = fix(&shop, &["--verify", "build", "--format", "json"]).expect(1, &["Fixed 1 of 2 findings"]);
    assert_eq!(told(&ran, "unclosed-file").0, "fixed");
    assert!(told(&ran, "blocked-send").1.contains("c.UserContext undefined"));
}

#[test]
fn old_complaints_of_vet_speak_against_no_repair() {
    if Go::find().is_none() {
        return;
    }
    let vetoed =
        "package shop\n\nimport \"testing\"\n\nfunc TestIt(t *testing.T) { t.Errorf(\"%d\", \"x\") }\n";
    let shop = shop(&[("file.go", FILE), ("file_test.go", vetoed)]);
    fix(&shop, &["--verify", "build"]).expect(0, &["Fixed 1 of 1 finding"]);
}

#[test]
fn tests_that_failed_before_speak_against_no_repair() {
    if Go::find().is_none() {
        return;
    }
    let failing =
        "package shop\n\nimport \"testing\"\n\nfunc TestOld(t *testing.T) { t.Fatal(\"as ever\") }\n";
    let shop = shop(&[("file.go", FILE), ("file_test.go", failing)]);
    fix(&shop, &["--verify", "test"]).expect(0, &["Fixed 1 of 1 finding"]);
}

/// A test that lives off the leak is told of, and its file stays as it is.
#[cfg(target_os = "linux")]
#[test]
fn a_repair_that_makes_a_test_fail_is_not_written() {
    if Go::find().is_none() {
        return;
    }
    let test = "package shop

import (
	\"os\"
	\"runtime/debug\"
	\"testing\"

	\"github.com/gofiber/fiber/v2\"
)

func TestStaysOpen(t *testing.T) {
	debug.SetGCPercent(-1)
	open := func() int {
		entries, _ := os.ReadDir(\"/proc/self/fd\")
		return len(entries)
	}
	prices(&fiber.Ctx{})
	before := open()
	prices(&fiber.Ctx{})
	if open() == before {
		t.Fatal(\"the file is closed\")
	}
}
";
    let shop = shop(&[
        ("file.go", FILE),
        ("file_test.go", test),
        ("prices.txt", "4.99\n"),
    ]);
    fix(&shop, &["--verify", "build", "--dry-run"]).expect(1, &["Would fix 1 of 1 finding"]);
    let ran = fix(&shop, &["--verify", "test", "--format", "json"]).expect(1, &["Fixed 0 of 1 finding"]);
    let (outcome, note) = told(&ran, "unclosed-file");
    assert_eq!(outcome, "failed");
    assert!(note.contains("TestStaysOpen fails"), "{note}");
    assert_eq!(shop.read("file.go"), FILE.as_bytes());
}

#[test]
fn what_would_have_to_be_downloaded_is_told_and_not_repaired() {
    if Go::find().is_none() {
        return;
    }
    let file = FILE.replace("\t\"os\"\n", "\t\"os\"\n\n\t_ \"example.com/absent\"\n");
    let shop = shop(&[("file.go", &file)]);
    let ran = fix(&shop, &["--verify", "build", "--format", "json"]).expect(1, &[]);
    let (outcome, note) = told(&ran, "unclosed-file");
    assert_eq!(outcome, "failed");
    assert!(
        note.contains("cannot load") && note.contains("--allow-network"),
        "{note}"
    );
    assert_eq!(shop.read("file.go"), file.as_bytes());
}

#[test]
fn the_network_is_a_matter_of_builds() {
    let shop = shop(&[("file.go", FILE)]);
    fix(&shop, &["--allow-network"]).expect(2, &["--allow-network goes with --verify build"]);
}

/// Three contexts that nobody ends, each with a line of its own to be inserted, between two for which a person has to
/// decide.
const LOST: &str = "package shop

import (
	\"context\"
	\"time\"
)

func ask(ctx context.Context) error { return ctx.Err() }

func above(parent context.Context, late bool) context.Context {
	ctx, cancel := context.WithCancel(parent)
	if late {
		cancel()
	}
	return ctx
}

func all(parent context.Context) error {
	first, _ := context.WithTimeout(parent, time.Second)
	if err := ask(first); err != nil {
		return err
	}
	second, _ := context.WithTimeout(parent, time.Minute)
	if err := ask(second); err != nil {
		return err
	}
	third, _ := context.WithCancel(parent)
	return ask(third)
}

func below(parent context.Context, late bool) context.Context {
	ctx, cancel := context.WithCancel(parent)
	if late {
		cancel()
	}
	return ctx
}
";

#[test]
fn complaints_that_name_lines_move_with_the_code() {
    if Go::find().is_none() {
        return;
    }
    let parts = ["first, _ :=", "second, _ :=", "third, _ :="];
    let named = |at: usize| {
        let name = format!("{}, stop{at} :=", parts[at].trim_end_matches(", _ :="));
        let called = format!("{name} context.WithCancel(parent)\n\tdefer stop{at}()\n\t_ = time.Second\n");
        let mut rest = LOST.split_inclusive('\n').collect::<Vec<_>>();
        let line = rest.iter().position(|line| line.contains(parts[at])).unwrap();
        let called = format!("\t{called}");
        rest[line] = &called;
        rest.concat()
    };
    // All together, and those that others left.
    for lost in [LOST.to_owned(), named(0), named(1), named(2)] {
        let open = lost.matches(", _ :=").count();
        let shop = shop(&[("lost.go", &lost)]);
        let ran = fix(
            &shop,
            &["--unsafe-fixes", "--verify", "build", "--format", "json"],
        );
        let report: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
        let endings: Vec<_> = { report["findings"].as_array().unwrap().iter() }
            .map(|finding| (finding["outcome"].as_str().unwrap(), finding["note"].clone()))
            .collect();
        assert!(
            endings.iter().all(|(outcome, _)| *outcome != "failed"),
            "{endings:?}"
        );
        let fixed = shop.read("lost.go");
        let fixed = String::from_utf8_lossy(&fixed).into_owned();
        assert_eq!(fixed.matches(", _ :=").count(), 0, "{open} were open: {fixed}");
    }
}

#[test]
fn a_line_that_goes_moves_old_complaints_and_a_new_one_is_told() {
    if Go::find().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("go.mod"), "module example.com/p\n\ngo 1.21\n").unwrap();
    let source = "package p\n\nimport (\n\t\"context\"\n\t\"fmt\"\n)\n\nfunc f(late bool) {\n\tprintln() // drop\n\
        \tctx, cancel := context.WithCancel(context.Background())\n\tif late {\n\t\tcancel()\n\t}\n\tprintln(ctx)\n}\n\n\
        func g() {\n\tfmt.Printf(\"%d\",\n\t\t1, // drop\n\t)\n}\n";
    fs::write(folder.path().join("p.go"), source).unwrap();
    let toolchain = GoToolchain::find(GoLicence::default()).unwrap();
    let repaired = repaired(folder.path(), &toolchain);
    let outcomes: Vec<Outcome> = repaired.endings.iter().map(|ending| ending.outcome).collect();
    assert_eq!(outcomes, [Outcome::Fixed, Outcome::Failed]);
    let note = repaired.endings[1].note.clone().unwrap();
    assert!(note.contains("reads arg #1, but call has 0 args"), "{note}");
}

/// Deletes every line that holds `// drop`: sound on its own, and blind to what its neighbours delete.
struct Lines;

static SUITE: [&dyn unleak::transform::AnyTransform; 1] = [&Lines];

impl Transform for Lines {
    type Site<'a> = Place;

    fn name(&self) -> &'static str {
        "lines"
    }

    fn page(&self) -> &'static str {
        ""
    }

    fn rules(&self, _: &Config) -> Vec<Arc<Rule>> {
        vec![Arc::new(Rule {
            slug: "line".into(),
            title: "Line".to_owned(),
            family: Family::Release,
            severity: Severity::Low,
            applicability: Applicability::Safe,
            transform: "lines",
        })]
    }

    fn needles(&self, _: &Config) -> Vec<String> {
        vec!["// drop".to_owned()]
    }

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<Place> {
        let mut places = Vec::new();
        for (at, file) in pass.package.files.iter().enumerate() {
            let mut start = 0;
            for line in file.source.split_inclusive(|byte| *byte == b'\n') {
                let span = Span::new(start, start + line.len());
                start = span.end;
                if memmem::find(line, b"// drop").is_some() {
                    places.push(Place {
                        file: unleak::go::FileId(at),
                        span,
                    });
                }
            }
        }
        places
    }

    fn finding(&self, _: &Pass<'_>, place: &Place) -> Finding {
        Finding {
            rule: Transform::rules(self, &Config::default()).remove(0),
            place: *place,
            message: "a line".to_owned(),
            confidence: Confidence::High,
            function: None,
            related: Vec::new(),
        }
    }

    fn fix(&self, _: &Pass<'_>, place: &Place) -> Result<Vec<Fix>, Refusal> {
        let edits = EditSet::try_from(vec![Edit::replace(place.span, "")]).unwrap();
        Ok(vec![Fix {
            title: "Drop the line".to_owned(),
            applicability: Applicability::Safe,
            edits: vec![(place.file, edits)],
            imports: Vec::new(),
            names: Vec::new(),
            lessens: false,
            leaves: Vec::new(),
        }])
    }
}

fn repaired(folder: &Path, toolchain: &GoToolchain) -> Repaired {
    let config = Config::default();
    let job = Job {
        suite: &SUITE,
        config: &config,
        formatter: None,
        toolchain: Some(toolchain),
        paths: &[folder.to_owned()],
        base: None,
        walk: WalkOptions {
            no_ignore: false,
            tests: false,
            threads: 1,
        },
        overlay: Overlay::default(),
        stop: &AtomicBool::new(false),
    };
    let survey = job.run(|analysis, engine| repair(analysis, engine, &mut Automatic::new(false, None)));
    survey.unwrap().results.remove(0)
}

#[test]
fn of_two_fixes_that_do_not_compile_together_one_is_kept_and_the_other_named() {
    // The other one is tried again on what the first left.
    unleak::engine::verify::expect_wrong_fixes();
    if Go::find().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("go.mod"), "module example.com/p\n\ngo 1.21\n").unwrap();
    let source = "package p\n\nfunc f() {\n\tx := 1\n\tprintln(x) // drop\n\tprintln(x, x) // drop\n}\n";
    fs::write(folder.path().join("p.go"), source).unwrap();

    let toolchain = GoToolchain::find(GoLicence::default()).unwrap();
    let repaired = repaired(folder.path(), &toolchain);
    let outcomes: Vec<Outcome> = repaired.endings.iter().map(|ending| ending.outcome).collect();
    assert_eq!(outcomes, [Outcome::Fixed, Outcome::Failed]);
    let note = repaired.endings[1].note.clone().unwrap();
    assert!(note.contains("p.go:4:2: declared and not used: x"), "{note}");
    let kept = "package p\n\nfunc f() {\n\tx := 1\n\tprintln(x, x) // drop\n}\n";
    assert_eq!(repaired.changes[0].new, kept.as_bytes());
    assert_eq!(fs::read(folder.path().join("p.go")).unwrap(), source.as_bytes());
}

const TWINS: [&str; 6] = [
    "go.mod",
    "go.sum",
    ".gitignore",
    "orders.go",
    "prices.go",
    "queries_gen.go",
];

/// The bundled demo: both of its repairs compile, and not together.
fn twins() -> Repository {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/apps/twin-names");
    let files = TWINS.map(|name| (name, fs::read(folder.join(name)).unwrap()));
    Repository::with(files.iter().map(|(name, bytes)| (*name, bytes.as_slice())))
}

fn compiles(go: &Go, repository: &Repository) -> bool {
    let built = go
        .command(repository.path(), "build")
        .arg("./...")
        .output()
        .unwrap();
    built.status.success()
}

/// Git, and so unleak, leaves the generated file out, and the package compiles with it all the same: its names are taken.
#[test]
fn names_in_files_that_git_ignores_are_taken() {
    let Some(go) = Go::find() else { return };
    for only in ["orders.go", "prices.go"] {
        let alone = twins();
        fix(&alone, &["--verify", "build", only]).expect(0, &["Fixed 1 of 1 finding"]);
        assert!(compiles(&go, &alone));
    }
    for judge in ["gofmt", "build"] {
        let both = twins();
        fix(&both, &["--verify", judge]).expect(0, &["Fixed 2 of 2 findings"]);
        assert!(compiles(&go, &both), "judged by {judge}");
    }
}

/// A repair of the demo that is under way.
fn under_way(repository: &Repository) -> Child {
    let mut command = unleak(repository.path());
    command.args(["fix", "--verify", "build", "--quiet"]);
    command.stdout(Stdio::null()).spawn().unwrap()
}

/// Ends a run when it and the compiler have used so much of the processor, or has ended before. What was used then.
fn killed_after(mut run: Child, work: u64) -> u64 {
    let process = run.id();
    let used = Cell::new(0);
    let look = || {
        used.set(used.get().max(work_of(process)));
        used.get()
    };
    until("the run ended", look, || {
        (look() >= work || run.try_wait().unwrap().is_some()).then_some(())
    });
    let _ = run.kill();
    run.wait().unwrap();
    used.get()
}

/// Each file is as it was or as the whole run leaves it, and the package compiles, whenever the run ends.
#[test]
fn files_are_never_broken_when_such_a_run_is_killed() {
    const KILLS: u64 = 11;
    let Some(go) = Go::find() else { return };
    let (old, whole) = (twins(), twins());
    let work = killed_after(under_way(&whole), u64::MAX);
    let mut sound: Vec<Vec<Vec<u8>>> = Vec::new();
    let state = |repository: &Repository| TWINS.map(|name| repository.read(name)).to_vec();
    assert_ne!(state(&whole), state(&old));
    for kill in 0..=KILLS {
        let twins = twins();
        // Spread over the run.
        killed_after(under_way(&twins), work * kill / KILLS);
        let held = state(&twins);
        for ((held, old), new) in held.iter().zip(state(&old)).zip(state(&whole)) {
            assert!(*held == old || *held == new, "torn by kill {kill}");
        }
        if !sound.contains(&held) {
            assert!(compiles(&go, &twins), "kill {kill} left what does not compile");
            sound.push(held);
        }
    }
}

const CALLER: &str = "package handlers

import (
	LOG\"log\"

	\"example.com/shop/database\"
	\"github.com/gofiber/fiber/v2\"
)

// Ping asks the database.
func Ping(c *fiber.Ctx) error {
	db, err := database.Connect()
	if err != nil {
		return err
	}
	defer func() {
		if err := db.Close(); err != nil {
			PRINT(err)
		}
	}()
	return db.Ping()
}
";

#[test]
fn the_other_packages_of_a_repair_are_compiled_too() {
    if Go::find().is_none() {
        return;
    }
    let caller = |log: &str, print: &str| CALLER.replace("LOG", log).replace("PRINT", print);
    let sound = caller("", "log.Print");
    let sound = shop(&[("database/db.go", DATABASE), ("handlers/ping.go", &sound)]);
    fix(&sound, &["--verify", "build"]).expect(0, &["Fixed 1 of 1 finding."]);
    assert!(memmem::find(&sound.read("handlers/ping.go"), b"Close").is_none());
    // The last use of an import without a name goes there, and the import with it.
    let seen = caller(". ", "Print");
    let whole = shop(&[("database/db.go", DATABASE), ("handlers/ping.go", &seen)]);
    fix(&whole, &["--verify", "build"]).expect(0, &["Fixed 1 of 1 finding."]);
    assert!(memmem::find(&whole.read("handlers/ping.go"), b"\"log\"").is_none());
    // Beside a package that is too large to be read, only the compiler knows whose name that was.
    let import = "\"example.com/shop/database\"\n";
    let blind = { seen.replace(import, &format!("{import}\t. \"example.com/shop/words\"\n")) }
        .replace("\treturn db.Ping()", "\tWord()\n\treturn db.Ping()");
    let words = format!(
        "package words\n\nfunc Word() {{}}\n\n// {}\n",
        "o".repeat(9 << 20)
    );
    let shop = shop(&[
        ("database/db.go", DATABASE),
        ("handlers/ping.go", &blind),
        ("words/words.go", &words),
    ]);
    let ran = fix(&shop, &["--verify", "build", "--format", "json"]).expect(1, &["Fixed 0 of 1 finding"]);
    let (outcome, note) = told(&ran, "per-request-sql-open");
    assert_eq!(outcome, "failed");
    assert!(note.contains("handlers/ping.go:4:"), "{note}");
    assert_eq!(shop.read("database/db.go"), DATABASE.as_bytes());
    assert_eq!(shop.read("handlers/ping.go"), blind.as_bytes());
}
