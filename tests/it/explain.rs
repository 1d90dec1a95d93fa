//! The explain pages are executed: what stands under *Before* is repaired into exactly what stands under
//! *After*, and both compile against real Fiber.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::go::ENVIRONMENT;

const SECTIONS: [&str; 6] = [
    "## What it does",
    "## Why it leaks",
    "## Before",
    "## After",
    "## Is the fix safe?",
    "## When it is left alone",
];

/// The modules and versions that the pages may import.
const GO_MOD: &str = "\
module example.com/page

go 1.25.0

require (
\tgithub.com/gofiber/contrib/websocket v1.3.4
\tgithub.com/gofiber/fiber/v2 v2.52.15
\tgithub.com/gofiber/fiber/v3 v3.5.0
\tgithub.com/lib/pq v1.12.3
)
";

fn pages() -> Vec<(String, PathBuf)> {
    let transforms = Path::new(env!("CARGO_MANIFEST_DIR")).join("transforms");
    let folders = fs::read_dir(transforms)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir());
    let page = |folder: PathBuf| {
        (
            folder.file_name().unwrap().to_string_lossy().into_owned(),
            folder.join("explain.md"),
        )
    };
    let mut pages: Vec<_> = folders.map(page).collect();
    pages.sort();
    pages
}

/// What stands between this heading and its Go code, and the code.
fn section<'a>(page: &'a str, heading: &str) -> (&'a str, &'a str) {
    let section = &page[page
        .find(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("no {heading}"))..];
    let fence = section
        .find("```go\n")
        .unwrap_or_else(|| panic!("no Go under {heading}"));
    let start = fence + "```go\n".len();
    let length = section[start..].find("```").unwrap();
    (&section[..fence], &section[start..start + length])
}

fn code<'a>(page: &'a str, heading: &str) -> &'a str {
    section(page, heading).1
}

/// Whether the page's repair is a person's: the tool tells of the leak and changes nothing.
fn is_by_hand(page: &str) -> bool {
    section(page, "## After").0.contains("By hand")
}

/// Whether `unleak scan` tells of one of the page's rules.
fn is_reported(page: &str, program: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("go.mod"), GO_MOD).unwrap();
    fs::write(folder.path().join("main.go"), program).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_unleak"));
    let output = command
        .args(["scan", "--format", "json", "."])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let rules = page.split("\n\n").find(|part| part.starts_with("Rule")).unwrap();
    let mut findings = report["findings"].as_array().into_iter().flatten();
    findings.any(|finding| rules.contains(&format!("`{}`", finding["rule"].as_str().unwrap())))
}

fn repaired(page: &str, before: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("go.mod"), GO_MOD).unwrap();
    fs::write(folder.path().join("main.go"), before).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_unleak"));
    let wanted = section(page, "## Before").0.contains("--unsafe-fixes");
    let output = command
        .args(["fix", "--allow-no-vcs", "."])
        .args(wanted.then_some("--unsafe-fixes"))
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_ne!(
        output.status.code(),
        Some(2),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    fs::read_to_string(folder.path().join("main.go")).unwrap()
}

/// Compiles and vets all pages' code at once: a package each, so that Fiber is loaded one time.
fn compiles(programs: &[(String, &str)]) {
    if Command::new("go").arg("version").output().is_err() {
        assert!(
            std::env::var_os("UNLEAK_REQUIRE_GO").is_none(),
            "go is required and absent"
        );
        eprintln!("skipped: go is not on this machine, the pages' code was not compiled");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("go.mod"), GO_MOD).unwrap();
    for (name, program) in programs {
        let package = folder.path().join(name);
        fs::create_dir_all(&package).unwrap();
        fs::write(package.join("main.go"), program).unwrap();
    }
    // What call_cancel repairs is what vet's lostcancel reports.
    let vet = &["vet", "-lostcancel=false", "./..."];
    // Compiles, and links none of them.
    let build = &["list", "-export", "./..."];
    for arguments in [&["mod", "tidy"][..], build, vet] {
        let output = Command::new("go")
            .args(arguments)
            .envs(ENVIRONMENT)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "go {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn every_page_has_its_sections_in_order() {
    for (name, path) in pages() {
        let page = fs::read_to_string(&path).unwrap();
        let places: Vec<_> = SECTIONS
            .iter()
            .map(|heading| page.find(&format!("\n{heading}\n")))
            .collect();
        assert!(places.iter().all(Option::is_some), "{name}: {places:?}");
        assert!(places.is_sorted(), "{name}: sections out of order");
    }
}

#[test]
fn before_is_repaired_into_after_and_both_compile() {
    let pages = pages();
    let texts: Vec<_> = pages
        .iter()
        .map(|(name, path)| (name, fs::read_to_string(path).unwrap()))
        .collect();
    let mut programs = Vec::new();
    for (name, page) in &texts {
        let (before, after) = (code(page, "## Before"), code(page, "## After"));
        match is_by_hand(page) {
            true => {
                assert_eq!(repaired(page, before), before, "{name}");
                assert!(is_reported(page, before), "{name}: nothing is reported before");
                assert!(
                    !is_reported(page, after),
                    "{name}: reported after the repair by hand"
                );
            }
            false => assert_eq!(repaired(page, before), after, "{name}"),
        }
        programs.push((format!("{name}/before"), before));
        programs.push((format!("{name}/after"), after));
    }
    if !programs.is_empty() {
        compiles(&programs);
    }
}
