//! Who is reached by requests, as the command tells it: the chain of callers across packages, and the profiles.

use std::fs;
use std::path::Path;

use crate::support::command::run;
use serde_json::Value;
use tempfile::TempDir;

fn module(requires: &str, files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let go_mod = format!("module example.com/app\n\ngo 1.25.0\n\n{requires}\n");
    let go_mod = [("go.mod", go_mod.as_str())];
    for (path, content) in go_mod.iter().chain(files) {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

const FIBER: &str = "require github.com/gofiber/fiber/v2 v2.52.15";

const HANDLERS: &str = "package handlers

import (
	\"example.com/app/repo\"
	\"github.com/gofiber/fiber/v2\"
)

type Users interface{ Find(id string) error }

type API struct{ Users Users }

func (a *API) GetUser(c *fiber.Ctx) error { return a.Users.Find(c.Params(\"id\")) }

var _ Users = (*repo.Repo)(nil)
";

const REPO: &str = "package repo

import \"example.com/app/database\"

type Repo struct{}

func (r *Repo) Find(id string) error {
	db, err := database.OpenDBConnection()
	if err != nil {
		return err
	}
	return db.Ping()
}
";

const DATABASE: &str = "package database

import (
	\"database/sql\"

	_ \"github.com/lib/pq\"
)

func OpenDBConnection() (*sql.DB, error) {
	return sql.Open(\"postgres\", \"postgres://app@localhost/app\")
}
";

const LAYERS: [(&str, &str); 3] = [
    ("handlers/users.go", HANDLERS),
    ("repo/repo.go", REPO),
    ("database/open.go", DATABASE),
];

/// The findings of a scan, which ends with `code`.
fn findings(folder: &Path, arguments: &[&str], code: i32) -> Vec<Value> {
    let scan = [&["scan", "--format", "json"], arguments].concat();
    let report: Value = serde_json::from_str(&run(folder, &scan).expect(code, &[]).text()).unwrap();
    report["findings"].as_array().unwrap().clone()
}

#[test]
fn a_pool_is_found_at_its_helper_with_the_chain_of_callers() {
    let folder = module(FIBER, &LAYERS);
    let found = findings(folder.path(), &[], 1);
    let [finding] = found.as_slice() else {
        panic!("{found:#?}");
    };
    assert_eq!(finding["rule"], "per-request-sql-open");
    assert_eq!(finding["path"], "database/open.go");
    assert_eq!(finding["confidence"], "high");
    let message = finding["message"].as_str().unwrap();
    let chain = "API.GetUser → Repo.Find → OpenDBConnection";
    assert!(message.contains(chain), "{message}");
    let related = finding["related"].as_array().unwrap().iter();
    let steps: Vec<(&str, u64)> = related
        .filter(|related| {
            related["message"]
                .as_str()
                .unwrap()
                .contains("calls it for every request")
        })
        .map(|related| {
            (
                related["path"].as_str().unwrap(),
                related["start"]["line"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(steps, [("handlers/users.go", 12), ("repo/repo.go", 8)]);
    let text = run(folder.path(), &["scan"]).expect(1, &[]).text();
    for said in [chain, "note: handlers/users.go:12:", "note: repo/repo.go:8:"] {
        assert!(text.contains(said), "no {said:?} in {text}");
    }
}

#[test]
fn which_of_several_implementations_is_called_cannot_be_seen() {
    let other = "package memory\n\ntype Repo struct{}\n\nfunc (Repo) Find(id string) error { return nil }\n";
    let files = [&LAYERS[..], &[("memory/memory.go", other)]].concat();
    let folder = module(FIBER, &files);
    let found = findings(folder.path(), &["--select", "per-request-sql-open"], 0);
    assert!(found.is_empty(), "{found:#?}");
    let drawn = run(folder.path(), &["debug", "reach"]).expect(0, &[]).text();
    assert!(drawn.contains("|\"Users, one of 2\"|"), "{drawn}");
}

#[test]
fn set_up_code_of_another_package_opens_once() {
    let main = "package main

import (
	\"example.com/app/database\"
	\"github.com/gofiber/fiber/v2\"
)

func main() {
	db, err := database.OpenDBConnection()
	if err != nil {
		panic(err)
	}
	app := fiber.New()
	app.Get(\"/\", func(c *fiber.Ctx) error { return db.Ping() })
	app.Listen(\":3000\")
}
";
    let folder = module(FIBER, &[("database/open.go", DATABASE), ("main.go", main)]);
    let found = findings(folder.path(), &["--select", "per-request-sql-open"], 0);
    assert!(found.is_empty(), "{found:#?}");
}

const HTTP: &str = "package main

import (
	\"database/sql\"
	\"net/http\"

	_ \"github.com/lib/pq\"
)

func list(w http.ResponseWriter, r *http.Request) {
	db, err := sql.Open(\"postgres\", \"postgres://app@localhost/app\")
	if err != nil {
		return
	}
	if db.Ping() != nil {
		w.WriteHeader(http.StatusInternalServerError)
	}
}

func main() {
	http.HandleFunc(\"/\", list)
	http.ListenAndServe(\":3000\", nil)
}
";

#[test]
fn the_profile_says_whose_handlers_count() {
    let pools = |requires: &str, arguments: &[&str], code| {
        let folder = module(requires, &[("main.go", HTTP)]);
        let arguments = [&["--select", "per-request-sql-open"], arguments].concat();
        findings(folder.path(), &arguments, code).len()
    };
    assert_eq!(pools("", &[], 1), 1);
    assert_eq!(pools("", &["--profile", "general"], 1), 1);
    assert_eq!(pools("", &["--profile", "fiber"], 0), 0);
    assert_eq!(pools(FIBER, &[], 0), 0);
    assert_eq!(pools(FIBER, &["--profile", "general"], 1), 1);
    let folder = module("", &[("main.go", HTTP)]);
    run(folder.path(), &["scan", "--profile", "generl"]).expect(2, &["general"]);
}

#[test]
fn rules_about_fiber_alone_are_left_out_of_the_general_profile() {
    let source = "package main

import \"github.com/gofiber/fiber/v2\"

func main() {
	app := fiber.New()
	routes(app)
	app.Listen(\":3000\")
}

func routes(app *fiber.App) {
	app.Get(\"/\", func(c *fiber.Ctx) error {
		app.Get(\"/late\", later)
		return c.Next()
	})
}

func later(c *fiber.Ctx) error { return c.Next() }
";
    let folder = module(FIBER, &[("main.go", source)]);
    assert_eq!(findings(folder.path(), &["--profile", "fiber"], 1).len(), 1);
    assert_eq!(findings(folder.path(), &["--profile", "general"], 0).len(), 0);
}
