//! The README says what is true: its rule table is the suite's, its screen is what the command prints, and its
//! test command is the one that CI runs. `BLESS=1` rewrites table and screen.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use unleak::config::Config;
use unleak::transforms::suite;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// Blessing rewrites the file: one test at a time may look at it.
static README: Mutex<()> = Mutex::new(());

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).unwrap()
}

/// Compares what stands between `<!-- name -->` and `<!-- /name -->` with `expected`.
fn check_section(name: &str, expected: &str) {
    let _alone = README.lock().unwrap_or_else(PoisonError::into_inner);
    let text = readme();
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let start = text.find(&open).unwrap_or_else(|| panic!("no {open}")) + open.len();
    let end = text.find(&close).unwrap_or_else(|| panic!("no {close}"));
    if std::env::var_os("BLESS").is_some() {
        let blessed = format!("{}{expected}{}", &text[..start], &text[end..]);
        fs::write(root().join("README.md"), blessed).unwrap();
        return;
    }
    assert_eq!(&text[start..end], expected, "the README's {name} is out of date");
}

#[test]
fn the_rule_table_is_the_suite() {
    let mut table =
        String::from("| rule | what leaks | severity | fix | repaired by |\n|---|---|---|---|---|\n");
    let config = Config::default();
    for rule in suite().iter().flat_map(|transform| transform.rules(&config)) {
        table.push_str(&format!(
            "| `{}` | {} | {} | {} | `{}` |\n",
            rule.slug, rule.title, rule.severity, rule.applicability, rule.transform
        ));
    }
    check_section("rules", &table);
}

#[test]
fn the_screen_is_what_the_command_prints() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unleak"));
    let output = command
        .args(["scan", "--color", "never", "fixtures/apps/v2-leaky"])
        .current_dir(root())
        .output();
    let printed = String::from_utf8(output.unwrap().stdout).unwrap();
    // The first findings make the point.
    let shown: Vec<&str> = printed.split_inclusive("\n\n").take(3).collect();
    check_section(
        "screen",
        &format!(
            "```console\n$ unleak scan fixtures/apps/v2-leaky\n{}…\n```\n",
            shown.concat()
        ),
    );
}

#[test]
fn ci_runs_the_readmes_test_command() {
    let _alone = README.lock().unwrap_or_else(PoisonError::into_inner);
    let ci = fs::read_to_string(root().join(".ci/run")).unwrap();
    assert!(ci.lines().any(|line| line == "cargo test"));
    assert!(readme().contains("```console\ncargo test\n```"));
}
