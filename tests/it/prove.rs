//! `unleak prove`: the tests it writes fail on leaky code and pass on what `unleak fix` makes of it, for real.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use crate::support::command::{Ran, run};
use crate::support::git::Repository;
use crate::support::go::{Go, tell};

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

/// Without tables for debuggers, tests link in half the time.
const QUICKLY: &str = "-ldflags=-s -w";

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
        .arg(QUICKLY)
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

/// Go 1.26 has the profile of goroutines that can never go on as an experiment, and later versions have it at once.
#[test]
fn the_runtime_itself_names_goroutines_that_can_never_go_on() {
    let Some(go) = Go::find() else { return };
    if go.version < (1, 26) {
        return tell("skipped: this Go has no profile of goroutines that can never go on");
    }
    let service = service("v2-leaky");
    prove(&service, &[]).expect(0, &["Wrote 14 tests"]);
    let profiled = ["Recalculate", "ShippingQuote", "StartExport"].map(|name| {
        let path = format!(
            "internal/handlers/unleak_handlers_{}_test.go",
            name.to_lowercase()
        );
        let text = String::from_utf8(service.read(&path)).unwrap();
        assert!(text.contains("pprof.Lookup(\"goroutineleak\")"), "{text}");
        format!("TestHandlers{name}LeavesNothingBehind")
    });
    let said = with_profile(&go, &service, &profiled);
    assert_eq!(said.matches("--- FAIL: ").count(), profiled.len(), "{said}");
    // Each counts its own, and not what the tests before it left in the process.
    let named = said
        .matches("goroutines that can never go on are left behind")
        .count();
    assert_eq!(named, profiled.len(), "{said}");
    run(service.path(), &["fix"]).expect(0, &[]);
    let said = with_profile(&go, &service, &profiled);
    assert_eq!(said.matches("--- PASS: ").count(), profiled.len(), "{said}");
}

/// What these tests say where the runtime has the profile.
fn with_profile(go: &Go, repository: &Repository, tests: &[String]) -> String {
    let mut command = go.command(repository.path(), "test");
    if go.version == (1, 26) {
        command.env("GOEXPERIMENT", "goroutineleakprofile");
    }
    let only = format!("^({})$", tests.join("|"));
    let output = command
        .arg(QUICKLY)
        .args(["-v", "-count=1", "-run", &only, "./internal/handlers"])
        .output()
        .unwrap();
    let (said, wrong) = (&output.stdout, String::from_utf8_lossy(&output.stderr));
    format!("{}{wrong}", String::from_utf8_lossy(said))
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

const ROWS: &str =
    "package shop\n\nimport (\n\t\"database/sql\"\n\t\"fmt\"\n\n\t\"github.com/gofiber/fiber/v2\"\n)\n\n";

/// The function that returns a handler is called with what the handler uses of its arguments.
#[test]
fn a_handler_is_made_by_the_function_that_returns_it() {
    let query = "\treturn func(c *fiber.Ctx) error {\n\t\trows, err := db.QueryContext(c.UserContext(), \"SELECT 1\")\n\t\tif err != nil {\n\t\t\treturn err\n\t\t}\n\t\tif !rows.Next() {\n\t\t\treturn fiber.ErrNotFound\n\t\t}\n\t\treturn c.SendString(title)\n\t}\n";
    let factory = |before: &str| {
        format!(
            "{ROWS}func page(db *sql.DB, title string, _ bool, more ...int) fiber.Handler {{\n{before}{query}}}\n"
        )
    };
    let shop = shop(&factory("\ttitle = fmt.Sprint(title)\n"));
    let shown = prove(&shop, &["--dry-run"]).expect(0, &["Would write 1 test"]);
    let registers = "app.Get(\"/\", page(pool, \"unleak\", false))";
    assert!(shown.text().contains(registers), "{}", shown.text());

    let clock = factory("\tprintln(now())\n").replace("title string", "title string, now func() string");
    let wants = refusal(&clock.replace("\t\"fmt\"\n", ""));
    assert!(wants.contains("it needs `now`"), "{wants}");

    let ends = refusal(&factory("\tlog.Fatal(title)\n").replace("\"fmt\"", "\"log\""));
    assert!(ends.contains("it may end the process (log.Fatal)"), "{ends}");
}

/// What a test cannot do is said of the handler at hand.
#[test]
fn a_leak_is_refused_by_what_is_missing_for_it() {
    let socket = "package shop\n\nimport (\n\t\"time\"\n\n\t\"github.com/gofiber/contrib/websocket\"\n\t\"github.com/gofiber/fiber/v2\"\n)\n\nfunc routes(app *fiber.App) {\n\tapp.Get(\"/load\", websocket.New(func(conn *websocket.Conn) {\n\t\tdefer conn.Close()\n\t\tfor {\n\t\t\tconn.WriteMessage(websocket.TextMessage, []byte(\"1\"))\n\t\t\ttime.Sleep(time.Second)\n\t\t}\n\t}))\n}\n";
    let why = refusal(socket);
    assert!(
        why.contains(
            "it is reached from a websocket handler, and a test sends requests to Fiber handlers only"
        ),
        "{why}"
    );

    // What else the handler needs does not matter where nothing could be counted.
    let key = "package shop\n\nimport \"github.com/gofiber/fiber/v2\"\n\ntype store interface{ find(string) int }\n\ntype pages struct{ store store }\n\nvar seen = map[string]int{}\n\nfunc (p *pages) page(c *fiber.Ctx) error {\n\tseen[c.Params(\"id\")] = p.store.find(\"a\")\n\treturn nil\n}\n";
    let why = refusal(key);
    assert!(
        why.contains("no figure is known that tells whether kept-request-memory is back"),
        "{why}"
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

const LAYERED: [(&str, &str); 3] = [
    ("go.mod", ""),
    (
        "shop.go",
        "package shop\n\nimport (\n\t\"example.com/shop/pages\"\n\n\t\"github.com/gofiber/fiber/v2\"\n)\n\nfunc page(c *fiber.Ctx) error {\n\treturn c.SendString(pages.First())\n}\n",
    ),
    (
        "pages/pages.go",
        "package pages\n\nimport \"os\"\n\nfunc First() string {\n\tf, err := os.Open(\"page.txt\")\n\tif err != nil {\n\t\treturn \"\"\n\t}\n\thead := make([]byte, 8)\n\tf.Read(head)\n\treturn string(head)\n}\n",
    ),
];

/// A service whose leak lies in another package than its handler, with its routes.
fn layered() -> Repository {
    let routes = "package shop\n\nimport \"github.com/gofiber/fiber/v2\"\n\nfunc routes(app *fiber.App) { app.Get(\"/:id\", page) }\n";
    let files = LAYERED.iter().map(|(path, text)| (*path, text.as_bytes()));
    let files = files.chain([("routes.go", routes.as_bytes())]);
    Repository::with(files.map(|(path, text)| (path, if path == "go.mod" { MODULE } else { text })))
}

#[test]
fn the_commit_is_seen_whole_however_the_files_were_renamed_since() {
    let shop = layered();
    prove(&shop, &["--dry-run"]).expect(0, &["Would write 1 test"]);
    run(shop.path(), &["fix"]).expect(0, &["Fixed 1 of 1 finding"]);
    // The function, its file and its only caller change together; one state of the module has all of them.
    let pages = String::from_utf8(shop.read("pages/pages.go")).unwrap();
    fs::remove_file(shop.path().join("pages/pages.go")).unwrap();
    shop.write("pages/first.go", pages.replace("First", "Head").as_bytes());
    let source = String::from_utf8(shop.read("shop.go")).unwrap();
    shop.write("shop.go", source.replace("First", "Head").as_bytes());
    prove(&shop, &["--dry-run"]).expect(0, &["Would write 1 test"]);
    // A handler that today is called otherwise cannot be tested under its old name.
    shop.write(
        "shop.go",
        source
            .replace("First", "Head")
            .replace("page(", "show(")
            .as_bytes(),
    );
    let routes = String::from_utf8(shop.read("routes.go")).unwrap();
    shop.write("routes.go", routes.replace("page", "show").as_bytes());
    prove(&shop, &["--dry-run"]).expect(0, &["Would write 0 tests", "today no function is called so"]);
}
