//! `fix` as a user runs it: what is written, what is refused, what the exit code says. And the law of the dry
//! run, for every fixture at once: `fix` writes what `fix --dry-run | git apply` writes, byte for byte.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::command::run;
use crate::support::git::Repository;
use crate::support::packages::DATABASE;
use crate::support::txtar::Archive;

const GO_MOD: &[u8] =
    b"module example.com/app\n\ngo 1.25.0\n\nrequire github.com/gofiber/fiber/v2 v2.52.15\n";

const LEAKY: &str = r#"package handlers

import (
	"database/sql"

	"github.com/gofiber/fiber/v2"
)

func list(db *sql.DB) fiber.Handler {
	return func(c *fiber.Ctx) error {
		rows, err := db.Query("select id from users")
		if err != nil {
			return err
		}
		for rows.Next() {
			if c.Path() == "/" {
				return c.SendStatus(404)
			}
		}
		return rows.Err()
	}
}
"#;

const RELEASE: &str = "\t\tdefer rows.Close()\n";

/// What a repair makes of [`LEAKY`].
fn repaired() -> String {
    let check = "\t\tif err != nil {\n\t\t\treturn err\n\t\t}\n";
    LEAKY.replacen(check, &format!("{check}{RELEASE}"), 1)
}

fn service() -> Repository {
    Repository::with([("go.mod", GO_MOD), ("handlers/list.go", LEAKY.as_bytes())])
}

fn text(repository: &Repository, path: &str) -> String {
    String::from_utf8(repository.read(path)).unwrap()
}

#[test]
fn a_leak_is_found_repaired_and_gone() {
    let repository = service();
    let scanned = run(repository.path(), &["scan"]).expect(1, &["1 finding in 1 file"]);
    assert!(
        scanned.text().starts_with("handlers/list.go:11:"),
        "{}",
        scanned.text()
    );
    assert_eq!(text(&repository, "handlers/list.go"), LEAKY, "scan never writes");
    run(repository.path(), &["fix"]).expect(0, &["Fixed 1 of 1 finding."]);
    assert_eq!(text(&repository, "handlers/list.go"), repaired());
    repository.commit();
    run(repository.path(), &["fix"]).expect(0, &["No leaks found"]);
    assert_eq!(text(&repository, "handlers/list.go"), repaired());
}

#[test]
fn a_dry_run_prints_a_patch_or_nothing() {
    let repository = service();
    // Neither a dirty tree nor another folder makes a difference: nothing is written.
    repository.write("notes.txt", b"x");
    let below = repository.path().join("handlers");
    for (folder, arguments) in [
        (repository.path(), &["fix", "--dry-run"][..]),
        (&below, &["fix", "--diff", "list.go"]),
        (&below, &["fix", "--dry-run", "..", "--color", "always"]),
    ] {
        let ran = run(folder, arguments).expect(1, &["Would fix 1 of 1 finding."]);
        let patch = ran.text();
        let header = "diff --git a/handlers/list.go b/handlers/list.go\n";
        assert!(patch.starts_with(header), "{patch}");
        assert!(patch.contains("\n+\t\tdefer rows.Close()\n"), "{patch}");
        assert!(!patch.contains('\x1b'), "{patch}");
        repository.apply(&ran.stdout, false).unwrap();
        assert_eq!(text(&repository, "handlers/list.go"), repaired());
        repository.apply(&ran.stdout, true).unwrap();
        assert_eq!(text(&repository, "handlers/list.go"), LEAKY);
    }
    run(repository.path(), &["fix", "--dry-run", "--exit-zero"]).expect(0, &[]);
    repository.write("handlers/list.go", repaired().as_bytes());
    let nothing = run(repository.path(), &["fix", "--dry-run"]).expect(0, &[]);
    assert_eq!(nothing.text(), "");
}

#[test]
fn a_dirty_tree_is_left_alone() {
    let repository = service();
    let touched = format!("{LEAKY}\n// Work in progress.\n");
    repository.write("handlers/list.go", touched.as_bytes());
    let ran = run(repository.path(), &["fix"]);
    ran.expect(2, &["not committed", "--allow-dirty", "\n  handlers/list.go"]);
    assert_eq!(text(&repository, "handlers/list.go"), touched);
    run(repository.path(), &["fix", "--allow-dirty"]).expect(0, &[]);
    assert!(text(&repository, "handlers/list.go").contains(RELEASE));
}

#[test]
fn what_git_does_not_know_is_left_alone() {
    let repository = service();
    repository.write("handlers/new.go", LEAKY.replace("list", "fresh").as_bytes());
    run(repository.path(), &["fix"]).expect(2, &["\n  handlers/new.go"]);
    assert_eq!(
        text(&repository, "handlers/list.go"),
        LEAKY,
        "nothing is written at all"
    );
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("list.go"), LEAKY).unwrap();
    run(folder.path(), &["fix"]).expect(2, &["no git repository", "--allow-no-vcs", "\n  list.go"]);
    run(folder.path(), &["fix", "--allow-no-vcs"]).expect(0, &[]);
    assert_eq!(
        fs::read_to_string(folder.path().join("list.go")).unwrap(),
        repaired()
    );
}

#[test]
fn a_file_that_cannot_be_written_keeps_only_its_own_repairs_back() {
    let repository = service();
    repository.write("handlers/kept.go", LEAKY.replace("list", "kept").as_bytes());
    repository.commit();
    let kept = repository.path().join("handlers/kept.go");
    let mut permissions = fs::metadata(&kept).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&kept, permissions).unwrap();
    let patch = run(repository.path(), &["fix", "--dry-run"]).expect(1, &[]);
    assert!(!patch.text().contains("kept.go"), "{}", patch.text());
    run(repository.path(), &["fix"]).expect(1, &[]);
    assert_eq!(text(&repository, "handlers/list.go"), repaired());
    assert_eq!(
        text(&repository, "handlers/kept.go"),
        LEAKY.replace("list", "kept")
    );
}

#[test]
fn what_remains_decides_the_exit_code() {
    let repository = service();
    let switched_off = ["fix", "--unfixable", "unclosed-rows"];
    run(repository.path(), &switched_off).expect(1, &["Fixed 0 of 1 finding: 1 left alone."]);
    for (arguments, code) in [
        (&["scan", "--fail-on", "critical"][..], 0),
        (&["scan", "--fail-on", "none"], 0),
        (&["scan", "--fail-on", "high"], 1),
        (&["scan", "--exit-zero"], 0),
        (&["scan", "--ignore", "unclosed-rows"], 0),
        (&["scan", "--select", "unclosed-rows"], 1),
        (&["fix", "--max-fixes", "0"], 1),
    ] {
        run(repository.path(), arguments).expect(code, &[]);
    }
    assert_eq!(text(&repository, "handlers/list.go"), LEAKY);
}

#[test]
fn a_limit_counts_over_all_packages() {
    let repository = service();
    for package in ["a", "b"] {
        repository.write(&format!("{package}/list.go"), LEAKY.as_bytes());
    }
    repository.commit();
    let ran = run(repository.path(), &["fix", "--max-fixes", "2"]);
    ran.expect(1, &["Fixed 2 of 3 findings: 1 left to the next run."]);
    assert_eq!(text(&repository, "a/list.go"), repaired());
    assert_eq!(text(&repository, "b/list.go"), repaired());
    assert_eq!(text(&repository, "handlers/list.go"), LEAKY);
}

#[test]
fn a_mistyped_rule_is_guessed() {
    let repository = service();
    let ran = run(repository.path(), &["scan", "--select", "unclosed-row"]);
    ran.expect(
        2,
        &["there is no rule `unclosed-row`; did you mean `unclosed-rows`?"],
    );
}

#[test]
fn rules_are_listed_and_explained() {
    let folder = tempfile::tempdir().unwrap();
    let listed = run(folder.path(), &["rules"]).expect(0, &[]).text();
    assert!(
        listed.lines().any(|line| line.starts_with("unclosed-rows ")),
        "{listed}"
    );
    let json = run(folder.path(), &["rules", "--format", "json"]).expect(0, &[]);
    let rules: Vec<serde_json::Value> = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(rules.len(), listed.lines().count());
    for rule in rules {
        let slug = rule["rule"].as_str().unwrap();
        let page = run(folder.path(), &["explain", slug]).expect(0, &[]).text();
        assert!(page.contains("## Why it leaks"), "{slug}: {page}");
    }
}

#[test]
fn a_report_tells_how_each_finding_ended() {
    let repository = service();
    let accepted = LEAKY.replace(
        "\t\trows,",
        "\t\t//unleak:ignore unclosed-rows it is a test\n\t\trows,",
    );
    repository.write("accepted/list.go", accepted.as_bytes());
    repository.commit();
    let ran = run(repository.path(), &["fix", "--format", "json"]).expect(0, &[]);
    let report: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let outcomes: Vec<_> = findings.iter().map(|finding| &finding["outcome"]).collect();
    assert_eq!(outcomes, ["suppressed", "fixed"]);
    assert_eq!(findings[0]["suppressed"]["reason"], "it is a test");
    assert_eq!(text(&repository, "accepted/list.go"), accepted);
}

#[test]
fn bytes_around_a_repair_stay() {
    let repository = service();
    let odd = format!("\u{feff}{LEAKY}\n// No newline at the end").replace('\n', "\r\n");
    let mut odd = odd.into_bytes();
    odd.extend(b" \xff");
    repository.write("handlers/list.go", &odd);
    repository.commit();
    // Go itself does not read such bytes, so gofmt has no say here.
    let judged = ["fix", "--verify", "syntax"];
    let dry = [&judged[..], &["--dry-run"]].concat();
    let patch = run(repository.path(), &dry).expect(1, &[]).stdout;
    run(repository.path(), &judged).expect(0, &[]);
    let written = repository.read("handlers/list.go");
    let release = RELEASE.replace('\n', "\r\n");
    let at = memchr::memmem::find(&written, release.as_bytes())
        .expect("the repair ends its line as the file does");
    let without = [&written[..at], &written[at + release.len()..]].concat();
    assert_eq!(without, odd);
    repository.apply(&patch, true).unwrap();
    assert_eq!(repository.read("handlers/list.go"), odd);
}

/// Every Go file of every fixture, each fixture in a folder of its own. Those that speak of their module get one
/// of their own, too; the others share one, so that Fiber and the standard library are read once.
fn all_fixtures() -> BTreeMap<String, Vec<u8>> {
    let mut paths = Vec::new();
    archives(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"),
        &mut paths,
    );
    paths.sort();
    let mut files = BTreeMap::from([("shared/go.mod".to_owned(), GO_MOD.to_vec())]);
    for (number, path) in paths.iter().enumerate() {
        let archive = Archive::parse(&fs::read_to_string(path).unwrap());
        let crlf = archive.comment.contains("\noptions: crlf");
        let speaks =
            |(name, content): &(String, String)| name == "go.mod" || content.contains("example.com/app");
        let home = match archive.files.iter().any(speaks) {
            true => format!("case{number}"),
            false => format!("shared/case{number}"),
        };
        if !home.starts_with("shared") {
            files.insert(format!("{home}/go.mod"), GO_MOD.to_vec());
        }
        for (name, content) in archive.files {
            if name.ends_with(".go") || name == "go.mod" {
                let content = if crlf {
                    content.replace('\n', "\r\n")
                } else {
                    content
                };
                files.insert(format!("{home}/{name}"), content.into_bytes());
            }
        }
    }
    files
}

fn archives(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("apps") {
            archives(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "txtar") {
            found.push(path);
        }
    }
}

#[test]
fn fix_writes_what_the_patch_of_its_dry_run_makes() {
    writes_what_its_patch_makes(&[]);
}

#[test]
fn unsafe_fixes_write_what_the_patch_of_their_dry_run_makes() {
    writes_what_its_patch_makes(&["--unsafe-fixes"]);
}

/// Of all fixtures at once. (That a second run finds nothing to do is shown of each.)
fn writes_what_its_patch_makes(options: &[&str]) {
    let files = all_fixtures();
    let listed = || {
        files
            .iter()
            .map(|(path, content)| (path.as_str(), content.as_slice()))
    };
    let repository = Repository::with(listed());
    let state = || -> BTreeMap<&str, Vec<u8>> {
        files
            .keys()
            .map(|path| (path.as_str(), repository.read(path)))
            .collect()
    };
    let dry = run(
        repository.path(),
        &[&["fix", "--dry-run", "--tests"], options].concat(),
    );
    assert_eq!(dry.code, Some(1), "{}", dry.stderr);
    repository.apply(&dry.stdout, false).unwrap();
    let applied = state();
    repository.apply(&dry.stdout, true).unwrap();
    let old = listed().map(|(path, content)| (path, content.to_vec()));
    assert!(state() == old.collect());
    let fixed = run(repository.path(), &[&["fix", "--tests"], options].concat());
    assert_ne!(fixed.code, Some(2), "{}", fixed.stderr);
    assert!(state() == applied, "fix and the patch of its dry run differ");
}

const CALLER: &str = r#"package handlers

import (
	"log"

	"github.com/gofiber/fiber/v2"

	"example.com/app/database"
)

// List counts users.
func List(c *fiber.Ctx) error {
	db, err := database.Connect()
	if err != nil {
		return err
	}
	defer func() {
		if err := db.Close(); err != nil {
			log.Print(err)
		}
	}()
	rows, err := db.Query("SELECT id FROM users")
	if err != nil {
		return err
	}
	n := 0
	for rows.Next() {
		if n++; n > 100 {
			return fiber.ErrTeapot
		}
	}
	return c.JSON(n)
}
"#;

/// A helper whose caller, of another package, closes what it gets, and forgets something of its own.
fn two_packages() -> Repository {
    Repository::with([
        ("go.mod", GO_MOD),
        ("database/db.go", DATABASE.as_bytes()),
        ("handlers/list.go", CALLER.as_bytes()),
    ])
}

#[test]
fn a_repair_of_two_packages_is_written_as_its_patch_says_and_only_once() {
    let patched = two_packages();
    let below = patched.path().join("handlers");
    let patch = run(&below, &["fix", "--dry-run", ".."]).expect(1, &["Would fix 2 of 2 findings"]);
    patched.apply(&patch.stdout, false).unwrap();
    for flags in [&["fix"][..], &["fix", "--max-fixes", "2"]] {
        let written = two_packages();
        run(written.path(), flags).expect(0, &["Fixed 2 of 2 findings."]);
        for path in ["database/db.go", "handlers/list.go"] {
            assert_eq!(text(&written, path), text(&patched, path), "{flags:?} {path}");
        }
        let list = text(&written, "handlers/list.go");
        assert!(
            list.contains("\tdefer rows.Close()\n")
                && !list.contains("db.Close")
                && !list.contains("\"log\"")
        );
        written.commit();
        run(written.path(), &["fix"]).expect(0, &["No leaks found"]);
    }
}

#[test]
fn a_limit_leaves_what_reaches_other_packages_to_the_end() {
    let repository = two_packages();
    run(repository.path(), &["fix", "--max-fixes", "1"]).expect(1, &["Fixed 1 of 2 findings"]);
    assert_eq!(text(&repository, "database/db.go"), DATABASE);
    assert!(text(&repository, "handlers/list.go").contains("\tdefer rows.Close()\n"));
}

#[test]
fn no_file_is_edited_that_was_not_to_be_searched() {
    let refused = |repository: &Repository, paths: &[&str], file: &str| {
        let ran = run(repository.path(), &[&["fix", "--allow-dirty"], paths].concat());
        let said = format!("the repair changes {file} too, which the paths or the configuration leave out");
        assert!(ran.text().contains(&said), "{}", ran.text());
        assert_eq!(text(repository, "database/db.go"), DATABASE);
        assert!(text(repository, "handlers/list.go").contains("db.Close"));
    };
    refused(&two_packages(), &["./database"], "handlers/list.go");
    refused(&two_packages(), &["database/db.go"], "handlers/list.go");
    let excluding = two_packages();
    excluding.write("unleak.toml", b"exclude = [\"handlers/**\"]\n");
    refused(&excluding, &[], "handlers/list.go");
    let one = two_packages();
    run(one.path(), &["fix", "./handlers"]).expect(0, &["Fixed 1 of 1 finding."]);
    assert_eq!(text(&one, "database/db.go"), DATABASE);
    let named = two_packages();
    run(named.path(), &["fix", "database/db.go", "handlers/list.go"]).expect(0, &["Fixed 2 of 2"]);
}

/// A test of the package declares `time`, so no file of the package can import what goes by that name.
#[test]
fn no_package_is_imported_under_a_name_that_a_test_declares() {
    let shelf = "package shelf

import (
	\"database/sql\"

	\"github.com/gofiber/fiber/v2\"
)

func count(c *fiber.Ctx) error {
	db, err := sql.Open(\"postgres\", \"postgres://shelf\")
	if err != nil {
		return err
	}
	return db.Ping()
}
";
    let files = |test: &'static str| {
        let test = ("shelf/shelf_test.go", test.as_bytes());
        Repository::with([("go.mod", GO_MOD), ("shelf/shelf.go", shelf.as_bytes()), test])
    };
    let shared = files("package shelf\n\nvar now = 1\n");
    run(shared.path(), &["fix"]).expect(0, &["Fixed 1 of 1 finding"]);
    assert!(text(&shared, "shelf/shelf.go").contains("\"time\""));
    for taken in ["var time = 1", "type sync struct{}", "func nil() {}"] {
        let text_of_test: &'static str = format!("package shelf\n\n{taken}\n").leak();
        let hidden = files(text_of_test);
        run(hidden.path(), &["fix"]);
        let now = text(&hidden, "shelf/shelf.go");
        let name = taken.split(' ').nth(1).unwrap().trim_end_matches("()");
        assert!(
            !now.contains(&format!("\"{name}\"")) && !now.contains("return nil"),
            "{now}"
        );
    }
}

/// Opens a pool per request: its repair adds imports, declarations and lines in a function.
const OPENS: &str = r#"package handlers

import "github.com/gofiber/fiber/v2"
import "database/sql"

func count(c *fiber.Ctx) error {
	db, err := sql.Open("postgres", "dsn")
	if err != nil {
		return err
	}
	defer db.Close()
	return db.PingContext(c.Context())
}
"#;

#[test]
fn inserted_lines_end_as_those_around_them() {
    let dos = |text: &str| text.replace('\n', "\r\n");
    let plain = Repository::with([
        ("go.mod", GO_MOD),
        ("a/a.go", LEAKY.as_bytes()),
        ("b/b.go", OPENS.as_bytes()),
    ]);
    run(plain.path(), &["fix", "--verify", "syntax"]).expect(0, &[]);
    for path in ["a/a.go", "b/b.go"] {
        let (old, new) = match path {
            "a/a.go" => (LEAKY, text(&plain, path)),
            _ => (OPENS, text(&plain, path)),
        };
        assert_ne!(old, new);
        // The first lines end in one way, all others in the other.
        let head = "package handlers\n\n";
        let rest = |text: &str| text.strip_prefix(head).unwrap().to_owned();
        let mixed: [fn(&str, &str) -> String; 2] = [
            |head, rest| head.to_owned() + &rest.replace('\n', "\r\n"),
            |head, rest| head.replace('\n', "\r\n") + rest,
        ];
        for mixed in mixed {
            let repository = service();
            repository.write("handlers/list.go", mixed(head, &rest(old)).as_bytes());
            repository.commit();
            run(repository.path(), &["fix", "--verify", "syntax"]).expect(0, &[]);
            assert_eq!(text(&repository, "handlers/list.go"), mixed(head, &rest(&new)));
        }
        let repository = service();
        repository.write("handlers/list.go", dos(old).as_bytes());
        repository.commit();
        run(repository.path(), &["fix", "--verify", "syntax"]).expect(0, &[]);
        assert_eq!(text(&repository, "handlers/list.go"), dos(&new));
    }
}

/// Root may write everywhere; for it, `a_file_of_another_owner_is_not_taken_over` says the same.
#[cfg(unix)]
#[test]
fn a_failed_write_is_told_as_one() {
    use std::os::unix::fs::PermissionsExt;
    let repository = service();
    repository.write("locked/list.go", LEAKY.as_bytes());
    repository.commit();
    let folder = repository.path().join("locked");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(folder.join("probe"), "").is_ok() {
        eprintln!("skipped: this user may write everywhere");
        return;
    }
    let ran = run(
        repository.path(),
        &["fix", "--verify", "syntax", "--format", "json"],
    )
    .expect(
        2,
        &[
            "warning: locked/list.go: cannot write ",
            "Fixed 1 of 2 findings: 1 whose files could not be written.",
        ],
    );
    assert!(!ran.stderr.contains("did not pass"), "{}", ran.stderr);
    let report: serde_json::Value = serde_json::from_str(&ran.text()).unwrap();
    assert_eq!(report["summary"]["fixed"], 1);
    assert_eq!(report["findings"][1]["outcome"], "failed");
    assert_eq!(text(&repository, "locked/list.go"), LEAKY);
    assert_eq!(text(&repository, "handlers/list.go"), repaired());
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
}
