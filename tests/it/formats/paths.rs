//! Paths of a report start at the working directory, or where the user says; patches at the repository.

use serde_json::Value;

use super::json;
use crate::support::command::run;
use crate::support::git::Repository;

const READ: &str = "package api

import \"os\"

func Read(name string) ([]byte, error) {
\tf, err := os.Open(name)
\tif err != nil {
\t\treturn nil, err
\t}
\tb := make([]byte, 8)
\tif _, err := f.Read(b); err != nil {
\t\treturn nil, err
\t}
\treturn b, nil
}
";

fn repository() -> Repository {
    Repository::with([
        ("go.mod", &b"module example.com/app\n\ngo 1.22\n"[..]),
        ("svc/api/read.go", READ.as_bytes()),
        ("docs/old/notes.txt", b"x"),
    ])
}

/// The one finding of a scan in `folder`.
fn finding(repository: &Repository, folder: &str, arguments: &[&str]) -> Value {
    let scan = ["scan", "--profile", "general", "--format", "json"];
    let ran = run(&repository.path().join(folder), &[&scan, arguments].concat());
    let report = json(&ran.expect(1, &["1 finding in 1 file"]).text());
    report["findings"][0].clone()
}

/// Folders and what is scanned there, with where the file lies from there.
const PLACES: [(&str, &[&str], &str); 7] = [
    ("", &[], "svc/api/read.go"),
    ("", &["svc/api/read.go"], "svc/api/read.go"),
    ("svc", &["api"], "api/read.go"),
    ("svc/api", &["../.."], "read.go"),
    ("docs/old", &["../../svc"], "../../svc/api/read.go"),
    (
        "docs/old",
        &["../../svc", "--path-base", "../.."],
        "svc/api/read.go",
    ),
    ("", &["svc", "--path-base", "docs"], "../svc/api/read.go"),
];

#[test]
fn paths_lead_to_the_file_from_the_working_directory() {
    let repository = repository();
    for (folder, arguments, path) in PLACES {
        let finding = finding(&repository, folder, arguments);
        assert_eq!(finding["path"], path, "{folder} {arguments:?}");
        let edit = &finding["fixes"][0]["edits"][0]["path"];
        let related = &finding["related"][0]["path"];
        assert_eq!((edit, related), (&finding["path"], &finding["path"]));
    }
}

#[test]
fn other_formats_tell_the_same_paths() {
    let repository = repository();
    let folder = repository.path().join("docs/old");
    for (format, said) in [
        ("text", "= note: ../../svc/api/read.go:12:3: returns here"),
        ("concise", "../../svc/api/read.go:6:2: medium unclosed-file"),
        ("github", "::warning file=../../svc/api/read.go,"),
        ("sarif", "\"uri\": \"../../svc/api/read.go\""),
    ] {
        let arguments = ["scan", "--profile", "general", "--format", format, "../../svc"];
        let ran = run(&folder, &arguments).expect(1, &[]);
        assert!(ran.text().contains(said), "{}", ran.text());
    }
}

#[test]
fn patches_start_at_the_repository_and_fingerprints_are_the_same_everywhere() {
    let repository = repository();
    let loose = Repository::with([("svc/api/read.go", READ.as_bytes()), ("docs/old/notes.txt", b"x")]);
    for repository in [&repository, &loose] {
        let prints = PLACES
            .map(|(folder, arguments, _)| finding(repository, folder, arguments)["fingerprint"].clone());
        assert!(prints.iter().all(|print| *print == prints[0]), "{prints:?}");
        let patches = PLACES.map(|(folder, arguments, _)| {
            let fix = ["fix", "--profile", "general", "--dry-run", "--verify", "syntax"];
            let ran = run(&repository.path().join(folder), &[&fix, arguments].concat());
            ran.expect(1, &["Would fix 1 of 1 finding."]).text()
        });
        assert!(patches[0].contains("+++ b/svc/api/read.go\n"), "{}", patches[0]);
        assert!(patches.iter().all(|patch| *patch == patches[0]), "{patches:?}");
    }
}

#[test]
fn a_repair_is_written_from_outside_and_told_from_there() {
    let repository = repository();
    let fix = [
        "fix",
        "--profile",
        "general",
        "--format",
        "jsonl",
        "--verify",
        "syntax",
        "../../svc",
    ];
    let ran = run(&repository.path().join("docs/old"), &fix).expect(0, &["Fixed 1 of 1 finding."]);
    assert_eq!(json(&ran.text())["path"], "../../svc/api/read.go");
    let now = String::from_utf8(repository.read("svc/api/read.go")).unwrap();
    assert!(now.contains("\tdefer f.Close()\n"), "{now}");
}

const OPEN: &str = "package database

import (
\t\"database/sql\"
\t\"os\"
)

// Connect opens the database.
func Connect() (*sql.DB, error) {
\treturn sql.Open(\"postgres\", os.Getenv(\"DSN\"))
}
";

const CALLER: &str = "package handlers

import (
\t\"github.com/gofiber/fiber/v2\"

\t\"example.com/app/database\"
)

func List(c *fiber.Ctx) error {
\tdb, err := database.Connect()
\tif err != nil {
\t\treturn err
\t}
\tdefer db.Close()
\treturn c.JSON(db.Stats())
}
";

/// Sentences name files, too.
#[test]
fn sentences_tell_the_paths_of_the_report() {
    let module = b"module example.com/app\n\ngo 1.22\n\nrequire github.com/gofiber/fiber/v2 v2.52.5\n";
    let repository = Repository::with([
        ("go.mod", &module[..]),
        ("database/db.go", OPEN.as_bytes()),
        ("handlers/list.go", CALLER.as_bytes()),
        ("docs/old/notes.txt", b"x"),
    ]);
    for (folder, path, seen) in [
        ("", "database", "handlers/list.go"),
        ("database", ".", "../handlers/list.go"),
        ("docs/old", "../../database", "../../handlers/list.go"),
    ] {
        let ran = run(&repository.path().join(folder), &["scan", path]).expect(1, &[]);
        let said = format!("= no fix: the repair changes {seen} too, which");
        assert!(ran.text().contains(&said), "{folder}: {}", ran.text());
        let note = format!("= note: {seen}:10:13: List calls it for every request");
        assert!(ran.text().contains(&note), "{folder}: {}", ran.text());
    }
}

#[test]
fn patterns_of_a_config_start_at_its_folder_wherever_paths_do() {
    let repository = repository();
    repository.write("svc/unleak.toml", b"exclude = [\"/api/\"]\n");
    for (folder, path) in [
        ("", "svc"),
        ("svc", "."),
        ("svc/api", ".."),
        ("docs/old", "../../svc"),
    ] {
        let scan = ["scan", "--profile", "general", path];
        run(&repository.path().join(folder), &scan).expect(0, &["No leaks found in 0 files."]);
    }
    // A folder that only is called so in another place.
    repository.write("svc/unleak.toml", b"exclude = [\"/svc/\"]\n");
    let scan = ["scan", "--profile", "general", "svc"];
    run(repository.path(), &scan).expect(1, &["1 finding in 1 file"]);
}

#[test]
fn a_base_that_is_not_there_is_an_error() {
    let repository = repository();
    let scan = ["scan", "--path-base", "no/such"];
    let ran = run(repository.path(), &scan).expect(2, &["error: cannot open `no/such`"]);
    assert_eq!(ran.text(), "");
    let scan = ["scan", "--path-base", "go.mod"];
    run(repository.path(), &scan).expect(
        2,
        &["error: `go.mod` is no folder that paths could be relative to"],
    );
}
