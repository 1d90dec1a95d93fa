//! A config file from the outside: found, obeyed, and refused with a place where it is wrong.

use std::fs;
use std::path::Path;

use crate::support::command::{Ran, run};
use tempfile::TempDir;

const GO_MOD: &str = "module example.com/app\n\ngo 1.25.0\n\nrequire example.com/lease v1.0.0\n";

const FILES: &str = "\
package app

import \"os\"

func size(path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
";

const LEASES: &str = "\
package app

import \"example.com/lease\"

func report(pool *lease.Pool) error {
	held, err := pool.Take(\"reports\")
	if err != nil {
		return err
	}
	return held.Run()
}
";

const LEASE_ROW: &str = "\
[[resource]]
rule = \"unreturned-lease\"
title = \"A lease is not returned on every path\"
severity = \"critical\"
name = \"lease\"
verb = \"returned\"
package = \"example.com/lease\"
acquire = [\"(*Pool).Take\"]
error = 1
release = [\"Return\"]
";

/// The same as earlier versions spelt it.
const OLD_LEASE_ROW: &str = "\
[[resource]]
rule = \"unreturned-lease\"
title = \"A lease is not returned on every path\"
severity = \"critical\"
name = \"lease\"
verb = \"returned\"
package = \"example.com/lease\"
acquire = [\"Pool.Take\"]
gives = \"*Lease\"
error = 1
release = [\"Return\"]
";

/// The same, with the package in the module itself.
const OWN_LEASES: &str = "\
package lease

type Pool struct{ held chan *Lease }

type Lease struct{ of *Pool }

func (p *Pool) Take(name string) (*Lease, error) { return <-p.held, nil }

func (l *Lease) Return() { l.of.held <- l }

func (l *Lease) Run() error { return nil }
";

const LEDGER: &str = "\
package main

import (
	\"log\"

	\"example.com/ledger\"
	\"github.com/gofiber/fiber/v2\"
)

func sum(c *fiber.Ctx) error {
	client, err := ledger.Dial(\"ledger:9000\")
	if err != nil {
		return err
	}
	return c.JSON(client.Sum())
}

func main() {
	app := fiber.New()
	app.Get(\"/sum\", sum)
	log.Fatal(app.Listen(\":3000\"))
}
";

const CLIENT_ROW: &str = "\
[[client]]
rule = \"per-request-ledger\"
title = \"A ledger client for every request\"
severity = \"high\"
name = \"ledger client\"
package = \"example.com/ledger\"
acquire = [\"Dial\"]
error = 1
release = [\"Close\"]
type = \"*Client\"
";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files.iter().chain(&[("go.mod", GO_MOD), (".git/HEAD", "")]) {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

fn scan(folder: &Path, arguments: &[&str]) -> Ran {
    run(folder, &[&["scan"], arguments].concat())
}

/// Path and rule of each finding.
fn found(ran: &Ran) -> Vec<(String, String)> {
    let lines = ran.text();
    let findings = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    findings
        .map(|finding| (text(&finding["path"]), text(&finding["rule"])))
        .collect()
}

#[test]
fn the_nearest_file_upward_counts() {
    let folder = folder(&[
        ("unleak.toml", "ignore = [\"unclosed-file\"]\n"),
        ("a/a.go", FILES),
        ("b/.unleak.toml", ""),
        ("b/b.go", FILES),
    ]);
    scan(folder.path(), &[]).expect(0, &["No leaks found"]);
    scan(folder.path(), &["a/a.go"]).expect(0, &["No leaks found"]);
    assert_eq!(scan(folder.path(), &["b"]).code, Some(1));
    assert_eq!(scan(folder.path(), &["--isolated"]).code, Some(1));
    assert_eq!(scan(folder.path(), &["--config", "b/.unleak.toml"]).code, Some(1));
    scan(folder.path(), &["--config", "gone.toml"]).expect(2, &["cannot read the config `gone.toml`"]);
    let both = scan(folder.path(), &["--isolated", "--config", "unleak.toml"]);
    both.expect(2, &["cannot be used with"]);
}

#[test]
fn arguments_have_the_last_word() {
    let folder = folder(&[("unleak.toml", "select = [\"unclosed-rows\"]\n"), ("a.go", FILES)]);
    assert_eq!(scan(folder.path(), &[]).code, Some(0));
    assert_eq!(scan(folder.path(), &["--select", "unclosed-file"]).code, Some(1));
}

#[test]
fn paths_are_left_out_or_treated_otherwise() {
    let config = "\
exclude = [\"old/\"]

[rules.unclosed-file]
severity = \"critical\"

[[override]]
paths = [\"tools/**\"]
ignore = [\"unclosed-file\"]

[[override]]
paths = [\"cmd/\"]
unfixable = [\"unclosed-file\"]
rules.unclosed-file.severity = \"low\"
";
    let files = ["old/a.go", "tools/a.go", "cmd/a.go", "api/a.go"].map(|path| (path, FILES));
    let folder = folder(&[&files[..], &[("unleak.toml", config)]].concat());
    let ran = scan(folder.path(), &["--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    let told = |finding: &serde_json::Value| format!("{} {}", finding["path"], finding["severity"]);
    let told: Vec<String> = report["findings"].as_array().unwrap().iter().map(told).collect();
    assert_eq!(told, ["\"api/a.go\" \"critical\"", "\"cmd/a.go\" \"low\""]);
    assert_eq!(report["files"]["skipped"][0]["reason"], "excluded");
    // Patterns start at the folder of the config, wherever the scan does.
    let below = scan(&folder.path().join("tools"), &[]);
    assert_eq!(below.code, Some(0), "{below:?}");
    // What is asked for by name is searched.
    assert_eq!(scan(folder.path(), &["old/a.go"]).code, Some(1));
    let fixed = run(
        folder.path(),
        &["fix", "--allow-no-vcs", "--allow-dirty", "--verify", "syntax"],
    );
    assert_eq!(fixed.code, Some(1), "{fixed:?}");
    let now = |path: &str| fs::read_to_string(folder.path().join(path)).unwrap();
    assert!(now("api/a.go").contains("defer f.Close()"));
    for path in ["old/a.go", "tools/a.go", "cmd/a.go"] {
        assert_eq!(now(path), FILES, "{path}");
    }
}

#[test]
fn a_row_may_name_functions_of_the_module_itself() {
    let row = LEASE_ROW.replace("example.com/lease", "example.com/app/lease");
    let user = LEASES.replace("example.com/lease", "example.com/app/lease");
    let dial = "package ledger\n\ntype Client struct{}\n\nfunc Dial(to string) (*Client, error) { return &Client{}, nil }\n\nfunc (c *Client) Sum() int { return 1 }\n\nfunc (c *Client) Close() error { return nil }\n";
    let client = CLIENT_ROW.replace("example.com/ledger", "example.com/app/ledger");
    let caller = LEDGER.replace("example.com/ledger", "example.com/app/ledger");
    let folder = folder(&[
        ("unleak.toml", &*format!("{row}\n{client}")),
        ("lease/lease.go", OWN_LEASES),
        ("ledger/ledger.go", dial),
        ("reports/reports.go", &user),
        ("main.go", &caller),
    ]);
    let ran = scan(folder.path(), &["--format", "jsonl"]);
    assert_eq!(
        found(&ran),
        [
            ("main.go".to_owned(), "per-request-ledger".to_owned()),
            ("reports/reports.go".to_owned(), "unreturned-lease".to_owned()),
        ]
    );
    let arguments = ["fix", "--allow-no-vcs", "--allow-dirty", "--verify", "syntax"];
    let fixed = run(folder.path(), &arguments);
    assert_eq!(fixed.code, Some(0), "{fixed:?}");
    let now = |path: &str| fs::read_to_string(folder.path().join(path)).unwrap();
    assert!(now("reports/reports.go").contains("defer held.Return()"));
    let main = now("main.go");
    assert!(main.contains("*ledger.Client"), "{main}");
}

#[test]
fn a_rules_fixes_can_be_made_opt_in() {
    let config = "[rules.unclosed-file]\napplicability = \"unsafe\"\n";
    let folder = folder(&[("unleak.toml", config), ("a.go", FILES)]);
    let patch = |arguments: &[&str]| {
        let ran = run(
            folder.path(),
            &[&["fix", "--dry-run", "--verify", "syntax"], arguments].concat(),
        );
        ran.text()
    };
    assert_eq!(patch(&[]), "");
    assert!(patch(&["--unsafe-fixes"]).contains("+\tdefer f.Close()"));
}

#[test]
fn a_row_of_ones_own_finds_and_repairs() {
    let folder = folder(&[("unleak.toml", LEASE_ROW), ("a.go", LEASES)]);
    let ran = scan(folder.path(), &["--format", "jsonl"]);
    assert_eq!(found(&ran), [("a.go".to_owned(), "unreturned-lease".to_owned())]);
    let listed = run(folder.path(), &["rules"]).expect(0, &[]).text();
    assert!(
        listed.contains("unreturned-lease") && listed.contains("A lease is not returned"),
        "{listed}"
    );
    run(folder.path(), &["explain", "unreturned-lease"]).expect(0, &[]);
    let patch = run(folder.path(), &["fix", "--dry-run", "--verify", "syntax"]).text();
    assert!(patch.contains("+\tdefer held.Return()\n"), "{patch}");
    assert_eq!(scan(folder.path(), &["--isolated"]).code, Some(0));
}

#[test]
fn mistakes_name_the_file_the_line_and_the_nearest_name() {
    let cases = [
        (
            "\nslect = []\n",
            "unleak.toml:2: there is no key `slect` here; did you mean `select`?",
        ),
        (
            "ignore = [\n  \"unclosed-row\",\n]\n",
            "unleak.toml:2: there is no rule `unclosed-row`; did you mean `unclosed-rows`?",
        ),
        (
            "[rules.unclosed-fiel]\nseverity = \"low\"\n",
            "unleak.toml:1: there is no rule `unclosed-fiel`",
        ),
        (
            "min-confidence = \"hihg\"\n",
            "unleak.toml:1: there is no value `hihg` here; did you mean `high`?",
        ),
        (
            "[pool]\nmax-open-conn = 3\n",
            "unleak.toml:2: there is no key `max-open-conn` here; did you mean `max-open-conns`?",
        ),
        (
            "[[resource]]\nrule = \"r\"\npackage = \"p\"\nacquire = [\"A\"]\nrelease = []\n",
            "unleak.toml:5: this row needs `release`",
        ),
        ("select = [\n", "unleak.toml:1: "),
    ];
    for (text, said) in cases {
        let folder = folder(&[("unleak.toml", text), ("a.go", FILES)]);
        let ran = scan(folder.path(), &[]).expect(2, &[said]);
        assert_eq!(ran.text(), "");
    }
}

#[test]
fn a_client_of_ones_own_is_found_and_opened_once() {
    let folder = folder(&[("unleak.toml", CLIENT_ROW), ("main.go", LEDGER)]);
    fs::remove_dir_all(folder.path().join(".git")).unwrap();
    let ran = scan(folder.path(), &[]).expect(1, &[]);
    assert!(ran.text().contains("high[per-request-ledger]"), "{}", ran.text());
    run(folder.path(), &["fix", "--allow-no-vcs"]).expect(0, &["Fixed 1 of 1 finding"]);
    let repaired = fs::read_to_string(folder.path().join("main.go")).unwrap();
    assert!(repaired.contains("var client *ledger.Client\n"), "{repaired}");
    assert!(
        repaired.contains("\tclient, err = ledger.Dial(\"ledger:9000\")\n"),
        "{repaired}"
    );
    scan(folder.path(), &[]).expect(0, &["No leaks found"]);

    let dials = format!("{CLIENT_ROW}connects = true\n");
    fs::write(folder.path().join("unleak.toml"), dials).unwrap();
    fs::write(folder.path().join("main.go"), LEDGER).unwrap();
    run(folder.path(), &["fix", "--allow-no-vcs"]).expect(0, &["Fixed 1 of 1 finding"]);
    let repaired = fs::read_to_string(folder.path().join("main.go")).unwrap();
    assert!(repaired.contains("sync.Mutex"), "{repaired}");
}

/// Puts `value` in the place of the row's own value of `key`, or behind the row.
fn row_with(row: &str, key: &str, value: &str) -> (String, usize) {
    let new = format!("{key} = {value}");
    let is_old = |line: &&str| line.starts_with(&format!("{key} = "));
    let mut lines: Vec<&str> = row.lines().filter(|line| !is_old(line)).collect();
    lines.push(&new);
    (lines.join("\n") + "\n", lines.len())
}

#[test]
fn old_spellings_are_read_with_a_hint() {
    let folder = folder(&[("unleak.toml", OLD_LEASE_ROW), ("a.go", LEASES)]);
    let hints = [
        "note: unleak.toml:8: `Pool.Take` is written `(*Pool).Take` now\n",
        "note: unleak.toml:9: `gives` is called `type` now\n",
    ];
    let ran = scan(folder.path(), &["--format", "jsonl"]).expect(1, &hints);
    assert!(ran.text().contains("unreturned-lease"), "{ran:#?}");
}

/// What becomes of a lease is said by a section of the config, where its name would say nothing.
#[test]
fn effects_of_functions_are_told_by_the_config() {
    let source = LEASES.replace("held.Run()", "audit.Observe(held)").replace(
        "import \"example.com/lease\"",
        "import (\n\t\"example.com/audit\"\n\t\"example.com/lease\"\n)",
    );
    let lost = |effects: &str| {
        let config = format!("{LEASE_ROW}{effects}");
        let folder = folder(&[("unleak.toml", &config), ("a.go", &source)]);
        let ran = scan(folder.path(), &["--format", "jsonl"]);
        ran.text().contains("unreturned-lease")
    };
    assert!(lost("[effects]\nreads = [\"example.com/audit.Observe\"]\n"));
    for effect in ["keeps", "releases"] {
        assert!(
            !lost(&format!("[effects]\n{effect} = [\"example.com/audit.*\"]\n")),
            "{effect}"
        );
    }
    let folder = folder(&[
        ("unleak.toml", "[effects]\nreads = [\"Observe\"]\n"),
        ("a.go", &source),
    ]);
    scan(folder.path(), &[]).expect(
        2,
        &["unleak.toml:2: `Observe` names no function: write `example.com/pkg.Func`"],
    );
}

#[test]
fn no_text_of_a_config_becomes_more_source_than_it_should() {
    let cases = [
        ("release", "[\"Return\", \"Return(1); panic\"]", "a Go identifier"),
        ("release", "[\"\"]", "a Go identifier"),
        ("release", "[\"Return\\n\"]", "a Go identifier"),
        ("release_argument", "\"nil); panic(1\"", "one Go expression"),
        ("release_argument", "\"nil, nil\"", "one Go expression"),
        ("release_argument", "\"nil // \"", "one Go expression"),
        ("part", "\"Body.Close(); x\"", "a Go identifier"),
        ("name", "\"x, _ = os.Exit\"", "a Go identifier"),
        (
            "package",
            "\"example.com/lease\\\"\\nimport \\\"os\"",
            "an import path",
        ),
        ("also", "[\"a b\"]", "an import path"),
        (
            "acquire",
            "[\"(*Pool).Take\", \"(*Pool).Take()\"]",
            "a function, or a method as `(*Type).Method`",
        ),
        (
            "acquire",
            "[\"a.b.\"]",
            "a function, or a method as `(*Type).Method`",
        ),
        ("literal", "[\"func\"]", "a Go identifier"),
        (
            "empty",
            "{ field = \"F\", values = [\"1; 2\"] }",
            "one Go expression",
        ),
        ("title", "\"a\\u001b[31mb\"", "one line of text"),
    ];
    for (key, value, noun) in cases {
        let (row, line) = row_with(LEASE_ROW, key, value);
        let folder = folder(&[("unleak.toml", &row), ("a.go", LEASES)]);
        let said = format!("in `{key}` is not {noun}");
        let place = format!("error: unleak.toml:{line}: ");
        let ran = run(folder.path(), &["fix", "--allow-no-vcs"]).expect(2, &[&said, &place]);
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:#?}");
        assert_eq!(fs::read_to_string(folder.path().join("a.go")).unwrap(), LEASES);
    }
    for (key, value) in [
        ("type", "\"*Client; func init() { panic(1) }\""),
        ("shared_name", "\"x = 1; var y\""),
        ("name", "\"client\\\" + x\""),
        ("ended_by", "\"Stop()\""),
        ("made_by", "\"1\""),
    ] {
        let (row, line) = row_with(CLIENT_ROW, key, value);
        let folder = folder(&[("unleak.toml", &row), ("main.go", LEDGER)]);
        let said = format!("in `{key}` is not ");
        scan(folder.path(), &[]).expect(2, &[&said, &format!("unleak.toml:{line}: ")]);
    }
}

#[test]
fn a_wrong_element_of_a_list_is_told_with_its_own_line() {
    let row = LEASE_ROW.replace("[\"Return\"]", "[\n  \"Return\",\n  \"Give back\",\n]");
    let folder = folder(&[("unleak.toml", &format!("select = []\n{row}")), ("a.go", LEASES)]);
    let said = "unleak.toml:13: `Give back` in `release` is not a Go identifier";
    scan(folder.path(), &[]).expect(2, &[said]);
}

#[test]
fn arguments_that_are_expressions_are_taken() {
    let (row, _) = row_with(LEASE_ROW, "release_argument", "\"[]string{\\\"a, b\\\"}\"");
    let folder = folder(&[("unleak.toml", &row), ("a.go", LEASES)]);
    let ran = run(folder.path(), &["fix", "--dry-run"]).expect(1, &[]);
    assert!(
        ran.text().contains("held.Return([]string{\"a, b\"})"),
        "{}",
        ran.text()
    );
}

#[test]
fn an_untrusted_tree_s_config_is_not_read() {
    let wrong = "release = [\"Return(1); panic\"]\n";
    let hides = "ignore = [\"unclosed-file\"]\n";
    for config in [wrong, hides] {
        let folder = folder(&[("unleak.toml", config), ("a.go", FILES)]);
        for command in [&["scan"][..], &["fix", "--dry-run"]] {
            let ran = run(folder.path(), &[command, &["--untrusted"]].concat()).expect(1, &[]);
            assert!(ran.text().contains("a.go"), "{ran:#?}");
        }
        run(folder.path(), &["prove", "--untrusted"]).expect(0, &[]);
        run(folder.path(), &["fix", "--untrusted", "--verify", "test"]).expect(2, &["--untrusted forbids"]);
    }
    // A config that a person names is read.
    let folder = folder(&[("a.go", FILES)]);
    let own = tempfile::NamedTempFile::new().unwrap();
    fs::write(own.path(), hides).unwrap();
    let named = ["--untrusted", "--config", own.path().to_str().unwrap()];
    scan(folder.path(), &named).expect(0, &["No leaks found"]);
}

const WEB: &str = "\
package app

import (
	\"database/sql\"
	\"log\"

	\"example.com/web\"
)

func list(c *web.Call) error {
	db, err := sql.Open(\"postgres\", \"postgres://app@localhost/app\")
	if err != nil {
		return err
	}
	go func() { log.Println(c.Query(\"id\")) }()
	return db.Ping()
}
";

const WEB_ROW: &str = "\
[[framework]]
name = \"web\"
path = \"example.com/web\"

[[framework.entry]]
what = \"web handler\"
takes = [\"*example.com/web.Call\"]

[framework.entry.context]
answers = \"error\"
text = [\"Query\"]
";

#[test]
fn a_framework_of_ones_own_serves_requests() {
    let folder = folder(&[("unleak.toml", WEB_ROW), ("a.go", WEB)]);
    let rules = |arguments: &[&str]| -> Vec<String> {
        let ran = scan(folder.path(), &[&["--format", "jsonl"], arguments].concat());
        found(&ran).into_iter().map(|(_, rule)| rule).collect()
    };
    assert_eq!(rules(&[]), ["per-request-sql-open", "context-after-handler"]);
    assert_eq!(rules(&["--isolated"]), ["unclosed-db"]);
    let patch = run(folder.path(), &["fix", "--dry-run", "--verify", "syntax"]).text();
    assert!(
        patch.contains("+\tid := strings.Clone(c.Query(\"id\"))\n"),
        "{patch}"
    );
}

#[test]
fn a_wrong_row_of_a_framework_is_told_with_its_line() {
    let cases = [
        (
            "takes = [\"*example.com/web.Call\"]",
            "takes = [\"*Call\"]",
            "unleak.toml:7: `*Call` is no type with its import path, as in `*example.com/web.Context`",
        ),
        (
            "path = \"example.com/web\"",
            "path = \"example.com//web\"",
            "unleak.toml:3: `example.com//web` is no import path",
        ),
        (
            "answers = \"error\"",
            "copy = \"Copy(); panic\"",
            "unleak.toml:10: `Copy(); panic` is no name",
        ),
        (
            "answers = \"error\"",
            "answer = \"error\"",
            "unleak.toml:10: there is no key `answer` here; did you mean `answers`?",
        ),
    ];
    for (good, bad, said) in cases {
        let text = WEB_ROW.replacen(good, bad, 1);
        let folder = folder(&[("unleak.toml", &text), ("a.go", WEB)]);
        scan(folder.path(), &[]).expect(2, &[said]);
    }
}

#[test]
fn a_version_of_a_framework_without_rows_is_told() {
    let source = "package app\n\nimport \"github.com/gin-gonic/gin/v2\"\n\nfunc get(c *gin.Context) { c.Status(204) }\n";
    let said = "note: github.com/gin-gonic/gin/v2 is a version of gin that unleak does not know: treated as github.com/gin-gonic/gin";
    let app = folder(&[("a.go", source)]);
    scan(app.path(), &[]).expect(0, &[said]);
    let document = scan(app.path(), &["--format", "json"]).text();
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    let told = &document["unknown_versions"];
    assert_eq!(told[0]["treated_as"], "github.com/gin-gonic/gin", "{told}");
    let schema = serde_json::from_str(include_str!("../../schema/findings.schema.json")).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&document));

    let other = source.replace("*gin.Context", "gin.Context");
    let app = folder(&[("a.go", &other)]);
    scan(app.path(), &[]).expect(0, &["its handlers are not recognised"]);
    let row = "[[framework]]\nname = \"gin\"\npath = \"github.com/gin-gonic/gin\"\n[[framework.entry]]\nwhat = \"gin handler\"\ntakes = [\"github.com/gin-gonic/gin/v2.Context\"]\n";
    let app = folder(&[("a.go", &other), ("unleak.toml", row)]);
    let ran = scan(app.path(), &[]).expect(0, &[]);
    assert!(!ran.stderr.contains("gin that unleak"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("handlers"), "{}", ran.stderr);
}
