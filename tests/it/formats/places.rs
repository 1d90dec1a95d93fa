use std::fs;
use std::path::Path;
#[cfg(unix)]
use std::process::Command;

use super::json;
use super::service;
use crate::support::command::{Ran, run};
#[cfg(unix)]
use crate::support::git::Repository;

fn scan(arguments: &[&str]) -> Ran {
    run(&service(), &[&["scan"], arguments].concat())
}

fn lines_of(path: &Path) -> usize {
    fs::read_to_string(path).unwrap().lines().count()
}

#[test]
fn several_formats_go_to_their_files_and_one_to_stdout() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let given = |format: &str, name: &str| format!("{format}={}", at(name).display());
    let ran = scan(&[
        "--format",
        &given("sarif", "out=.sarif"),
        "--format",
        "github",
        "--format",
        &given("jsonl", "out.jsonl"),
    ]);
    let ran = ran.expect(1, &["16 findings in 9 files"]);
    assert_eq!(ran.text().matches("::error ").count(), 11);
    let log = json(&fs::read_to_string(at("out=.sarif")).unwrap());
    assert_eq!(log["runs"][0]["results"].as_array().unwrap().len(), 16);
    assert_eq!(lines_of(&at("out.jsonl")), 16);
}

#[test]
fn lines_that_are_read_along_are_those_of_the_report() {
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("whole.jsonl");
    let streamed = scan(&["--format", "jsonl"]).expect(1, &["16 findings in 9 files"]);
    scan(&["--format", &format!("jsonl={}", file.display())]).expect(1, &[]);
    let whole = fs::read_to_string(&file).unwrap();
    assert_eq!(sorted(&streamed.text()), sorted(&whole));
    let again = scan(&["--format", "jsonl", "-j", "1"]).expect(1, &[]);
    assert_eq!(streamed.text(), again.text());
}

#[test]
fn a_format_with_a_file_leaves_stdout_empty_and_output_takes_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let alone = scan(&["--format", &format!("concise={}", at("alone"))]).expect(1, &[]);
    assert_eq!(alone.text(), "");
    assert_eq!(lines_of(&folder.path().join("alone")), 16);
    let (sarif, output) = (format!("sarif={}", at("a.sarif")), at("lines"));
    let ran = scan(&["--format", &sarif, "--format", "concise", "--output", &output]).expect(1, &[]);
    assert_eq!(ran.text(), "");
    assert_eq!(lines_of(&folder.path().join("lines")), 16);
    assert!(folder.path().join("a.sarif").is_file());
}

#[test]
fn two_formats_never_go_to_one_place() {
    let folder = tempfile::tempdir().unwrap();
    let (file, detour) = (
        folder.path().join("x"),
        folder.path().join("../").join(folder.path().file_name().unwrap()),
    );
    let (file, detour) = (file.display(), detour.join("x"));
    let (sarif, json) = (format!("sarif={file}"), format!("json={}", detour.display()));
    let refused: [(&[&str], &str); 6] = [
        (
            &["--format", "text", "--format", "json"],
            "text and json both go to stdout; give each a place of its own: --format json=FILE",
        ),
        (
            &["--format", &sarif, "--format", &json],
            "sarif and json both go to `",
        ),
        (
            &[
                "--format",
                &sarif,
                "--format",
                "text",
                "--output",
                &file.to_string(),
            ],
            "text both go to `",
        ),
        (
            &["--format", &sarif, "--output", "other"],
            "nothing is left for --output other: every --format has a file of its own",
        ),
        (
            &["--format", "sarif="],
            "`sarif=` names no file; write sarif=FILE, or sarif alone for stdout",
        ),
        (&["--format", "sarf=x"], "a similar value exists: 'sarif'"),
    ];
    for (arguments, said) in refused {
        let ran = scan(arguments).expect(2, &[said]);
        assert_eq!(ran.text(), "");
    }
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing was written"
    );
}

#[test]
fn fix_reports_in_several_formats_too() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("p.go"), "package p\n").unwrap();
    let arguments = [
        "fix",
        "--allow-no-vcs",
        "--format",
        "json",
        "--format",
        "sarif=a.sarif",
    ];
    let ran = run(folder.path(), &arguments).expect(0, &["No leaks found in 1 file."]);
    assert_eq!(json(&ran.text())["summary"]["findings"], 0);
    assert!(folder.path().join("a.sarif").is_file());
}

/// A terminal would obey what stands in the scanned source; `git apply` needs it as it is.
#[cfg(unix)]
#[test]
fn a_patch_is_harmless_on_a_terminal_and_exact_elsewhere() {
    let source = "package api\n\nimport \"os\"\n\nfunc read() error {\n\tf, err := os.Open(\"a\")\n\tif err != nil {\n\
                  \t\treturn err // \u{1b}]0;owned\u{7}\u{202e}\n\t}\n\t_, err = f.Read(nil)\n\treturn err\n}\n";
    let repository = Repository::with([("read.go", source.as_bytes())]);
    let fix = ["fix", "--profile", "general", "--dry-run", "--verify", "syntax"];
    let piped = run(repository.path(), &fix).expect(1, &["Would fix 1 of 1 finding."]);
    repository.apply(&piped.stdout, false).unwrap();
    let mut shell = Command::new(env!("CARGO_BIN_EXE_unleak"));
    shell.args(fix).arg("--quiet").current_dir(repository.path());
    repository.write("read.go", source.as_bytes());
    let mut session = rexpect::session::spawn_command(shell, Some(60_000)).unwrap();
    let seen = session.exp_eof().unwrap();
    assert!(
        seen.contains(r"return err // \u{1b}]0;owned\u{7}\u{202e}"),
        "{seen:?}"
    );
    assert!(!seen.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{seen:?}");
}
