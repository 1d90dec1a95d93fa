//! `unleak prove`: the tests it writes fail on leaky code and pass on what `unleak fix` makes of it, for real.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use support::command::{Ran, run};
use support::git::Repository;
use support::go::{Go, tell};

/// A copy of a bundled service.
fn service(name: &str) -> Repository {
    let from = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/apps")
        .join(name);
    let mut files = Vec::new();
    collect(&from, &from, &mut files);
    Repository::with(
        files
            .iter()
            .map(|(path, bytes)| (path.as_str(), bytes.as_slice())),
    )
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => collect(root, &path, files),
            false => {
                let shown = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                files.push((shown, fs::read(&path).unwrap()));
            }
        }
    }
}

fn prove(repository: &Repository, arguments: &[&str]) -> Ran {
    run(repository.path(), &[&["prove"], arguments].concat())
}

/// The names of the generated tests.
fn names(repository: &Repository) -> BTreeSet<String> {
    let mut files = Vec::new();
    collect(repository.path(), repository.path(), &mut files);
    let tests = files
        .iter()
        .filter(|(path, _)| path.contains("unleak_") && path.ends_with("_test.go"));
    let texts = tests.map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned());
    let declared = |text: String| {
        let name = text.split("func ").find(|rest| rest.starts_with("Test")).unwrap();
        name.split('(').next().unwrap().to_owned()
    };
    texts.map(declared).collect()
}

/// The tests that end so (`FAIL` or `PASS`).
fn ended(go: &Go, repository: &Repository, how: &str) -> BTreeSet<String> {
    let output = go
        .command(repository.path(), "test")
        .args(["-v", "-count=1", "./..."])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let marker = format!("--- {how}: ");
    let lines = said.lines().filter_map(|line| line.strip_prefix(&marker));
    let names = lines.map(|line| line.split_whitespace().next().unwrap().to_owned());
    let names: BTreeSet<String> = names.collect();
    assert!(
        !said.contains("panic:") && !names.is_empty(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    names
}

fn is_proven(name: &str, tests: usize, refused: usize) {
    let Some(go) = Go::find() else { return };
    let service = service(name);
    let summary = format!("Wrote {tests} tests; 0 unchanged, {refused} handlers without one.");
    prove(&service, &[]).expect(0, &[&summary]);
    let written = names(&service);
    assert_eq!(written.len(), tests);
    assert_eq!(gofmt(&service), "");
    assert_eq!(
        ended(&go, &service, "FAIL"),
        written,
        "each test fails on leaky code"
    );

    // The tests of the committed state are those of before, to the byte.
    run(service.path(), &["fix"]).expect(0, &[]);
    let summary = format!("Wrote 0 tests; {tests} unchanged, {refused} handlers without one.");
    prove(&service, &[]).expect(0, &[&summary]);
    assert_eq!(
        ended(&go, &service, "PASS"),
        written,
        "each test passes on repaired code"
    );
    let vet = go.command(service.path(), "vet").arg("./...").output().unwrap();
    assert!(vet.status.success(), "{}", String::from_utf8_lossy(&vet.stderr));
    tell(&format!(
        "{tests} generated tests of {name} failed before `unleak fix` and passed after it"
    ));
}

fn gofmt(repository: &Repository) -> String {
    let output = Command::new("gofmt")
        .args(["-l", "."])
        .current_dir(repository.path())
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn generated_tests_fail_before_the_repair_and_pass_after_it() {
    thread::scope(|scope| {
        scope.spawn(|| is_proven("v2-leaky", 14, 2));
        is_proven("v3-leaky", 14, 2);
    });
}

const MODULE: &[u8] = b"module example.com/shop\n\ngo 1.21\n\nrequire github.com/gofiber/fiber/v2 v2.52.15\n";

/// A shop with one file.
fn shop(source: &str) -> Repository {
    Repository::with([("go.mod", MODULE), ("shop.go", source.as_bytes())])
}

fn refusal(source: &str) -> String {
    let ran = prove(&shop(source), &[]).expect(0, &["Wrote 0 tests"]);
    ran.text()
}

const HEAD: &str = "package shop\n\nimport (\n\t\"os\"\n\n\t\"github.com/gofiber/fiber/v2\"\n)\n\n";

#[test]
fn a_handler_that_a_test_cannot_drive_is_refused_with_the_reason() {
    let open = "\tfile, err := os.Open(NAME)\n\tif err != nil {\n\t\treturn err\n\t}\n\tvar text [9]byte\n\tif _, err := file.Read(text[:]); err != nil {\n\t\treturn err\n\t}\n\treturn c.Send(text[:])\n";
    let named = |name: &str| open.replace("NAME", name);
    let elsewhere = format!(
        "{HEAD}func page(c *fiber.Ctx) error {{\n{}}}\n",
        named("\"/etc/motd\"")
    );
    assert!(refusal(&elsewhere).contains("outside a folder that a test can choose"));

    let removes = format!(
        "{HEAD}func page(c *fiber.Ctx) error {{\n\tos.RemoveAll(\"cache\")\n{}}}\n",
        named("\"a.txt\"")
    );
    assert!(refusal(&removes).contains("it changes files (os.RemoveAll)"));

    let inner = format!(
        "{HEAD}type clock interface{{ now() string }}\n\ntype pages struct{{ clock clock }}\n\nfunc (p *pages) page(c *fiber.Ctx) error {{\n\tc.Set(\"now\", p.clock.now())\n{}}}\n",
        named("\"a.txt\"")
    );
    assert!(
        refusal(&inner).contains("it needs `clock`"),
        "{}",
        refusal(&inner)
    );

    let local = format!(
        "{HEAD}func main() {{\n\tfiber.New().Get(\"/\", func(c *fiber.Ctx) error {{\n{}\t}})\n}}\n",
        named("\"a.txt\"")
    );
    assert!(
        refusal(&local.replace("package shop", "package main"))
            .contains("it is a literal inside main: give it a name")
    );
}

const PAGE: &str = "func page(c *fiber.Ctx) error {\n\tfile, err := os.Open(\"a.txt\")\n\tif err != nil {\n\t\treturn err\n\t}\n\tvar text [9]byte\n\tif _, err := file.Read(text[:]); err != nil {\n\t\treturn err\n\t}\n\treturn c.Send(text[:])\n}\n";

#[test]
fn a_file_that_unleak_did_not_write_is_left_alone() {
    let shop = shop(&format!("{HEAD}{PAGE}"));
    let held = b"package shop\n\n// mine\n";
    shop.write("unleak_page_test.go", held);
    let ran = prove(&shop, &[]).expect(0, &["Wrote 0 tests", "1 handlers without one"]);
    assert!(
        ran.text()
            .contains("unleak_page_test.go is there and says something else")
    );
    assert_eq!(shop.read("unleak_page_test.go"), held);

    fs::remove_file(shop.path().join("unleak_page_test.go")).unwrap();
    shop.write(
        "mine_test.go",
        b"package shop\n\nfunc TestPageLeavesNothingBehind() {}\n",
    );
    let ran = prove(&shop, &[]).expect(0, &["Wrote 0 tests"]);
    assert!(
        ran.text()
            .contains("mine_test.go declares TestPageLeavesNothingBehind already")
    );
}

#[test]
fn a_dry_run_prints_what_would_be_written() {
    let shop = shop(&format!("{HEAD}{PAGE}"));
    let shown = prove(&shop, &["--dry-run"]).expect(0, &["Would write 1 test"]);
    assert!(!shop.path().join("unleak_page_test.go").exists());
    prove(&shop, &[]).expect(0, &["Wrote 1 test;"]);
    let written = String::from_utf8(shop.read("unleak_page_test.go")).unwrap();
    assert_eq!(shown.text(), format!("-- unleak_page_test.go --\n{written}"));
}

#[test]
fn what_was_repaired_is_found_in_the_commit_before() {
    let shop = shop(&format!("{HEAD}{PAGE}"));
    run(shop.path(), &["fix"]).expect(0, &["Fixed 1 of 1 finding"]);
    shop.commit();
    prove(&shop, &[]).expect(0, &["Nothing to prove"]);
    prove(&shop, &["--since", "HEAD~1"]).expect(0, &["Wrote 1 test;"]);
    prove(&shop, &["--since", "nowhere"]).expect(2, &["there is no commit `nowhere`"]);
    prove(&shop, &["--select", "unclosed-flie"]).expect(2, &["did you mean `unclosed-file`?"]);
}
