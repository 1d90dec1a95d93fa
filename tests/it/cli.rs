//! Bad input from the outside: each case gets one clear sentence and an exit code of the contract.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use crate::support::command::{Ran, run, unleak};
use tempfile::TempDir;

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

fn scan(folder: &Path, arguments: &[&str]) -> Ran {
    run(folder, &[&["scan"], arguments].concat())
}

const CLEAN: &[u8] = b"package p\n\nfunc f() {}\n";

#[test]
fn a_path_that_is_not_there_is_an_error() {
    let folder = folder(&[]);
    let ran = scan(folder.path(), &["no/such"]).expect(2, &["error: cannot open `no/such`"]);
    assert_eq!((ran.text(), ran.stderr.lines().count()), (String::new(), 1));
    let fixed = run(folder.path(), &["fix", "no/such"]);
    fixed.expect(2, &["cannot open `no/such`"]);
}

#[test]
fn a_file_that_is_no_go_file_is_an_error() {
    let folder = folder(&[("notes.txt", b"x")]);
    scan(folder.path(), &["notes.txt"]).expect(2, &["`notes.txt` is neither a folder nor a .go file"]);
}

#[test]
fn empty_folders_and_packages_are_clean() {
    let folder = folder(&[("empty.go", b""), ("sub/p.go", b"package p\n")]);
    scan(folder.path(), &[]).expect(0, &["No leaks found in 2 files."]);
    scan(&folder.path().join("sub"), &["p.go"]).expect(0, &["No leaks found in 1 file."]);
}

#[test]
fn quiet_says_nothing() {
    let folder = folder(&[("p.go", CLEAN)]);
    let ran = scan(folder.path(), &["-q"]).expect(0, &[]);
    assert_eq!((ran.text(), ran.stderr), (String::new(), String::new()));
}

#[test]
fn syntax_errors_are_told_and_the_rest_goes_on() {
    let folder = folder(&[
        ("bad.go", b"package p\n\nfunc f() {\n\tx := = 1\n}\n"),
        ("good.go", CLEAN),
    ]);
    scan(folder.path(), &["bad.go"]).expect(0, &["warning: bad.go: syntax error at line 4"]);
    let both = scan(folder.path(), &["bad.go", "good.go"]);
    both.expect(
        0,
        &[
            "warning: bad.go: syntax error at line 4",
            "No leaks found in 2 files.",
        ],
    );
}

#[test]
fn what_is_no_text_is_told() {
    let folder = folder(&[
        ("blob.go", b"package p\0\x01\x02"),
        ("latin.go", b"package p\n\n// caf\xe9\n"),
    ]);
    scan(folder.path(), &["blob.go"]).expect(0, &["blob.go: holds a NUL byte"]);
    let ran = scan(folder.path(), &["latin.go"]).expect(0, &["No leaks found in 1 file."]);
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
}

#[test]
fn huge_files_are_left_out_and_counted() {
    let mut huge = b"package p\n".to_vec();
    huge.resize(50 << 20, b'\n');
    let folder = folder(&[("huge.go", &huge), ("good.go", CLEAN)]);
    scan(folder.path(), &["-v"]).expect(0, &["left out: huge.go (too-large)", "Left out: 1 too large."]);
    scan(folder.path(), &["huge.go"]).expect(0, &["huge.go: larger than 1 MiB"]);
}

#[test]
fn searches_that_end_at_a_bound_are_told() {
    let nested = |depth: usize| {
        let (opened, closed) = ("{\n".repeat(depth), "}\n".repeat(depth));
        let head = "package p\n\nimport \"os\"\n\nfunc f() error {\n\tf, err := os.Open(\"x\")\n";
        let body = "\tif err != nil {\n\t\treturn err\n\t}\n";
        format!("{head}{body}{opened}f.Name()\n{closed}\treturn nil\n}}\n").into_bytes()
    };
    let told = "note: deep.go: 1 search ended at its limit of 200 nested statements (defer_release)";
    let deep = folder(&[("deep.go", &nested(300))]);
    scan(deep.path(), &["-v", "--profile", "general"]).expect(0, &[told]);
    let ran = scan(deep.path(), &["--profile", "general"]).expect(0, &[]);
    assert!(!ran.stderr.contains("limit of"), "{}", ran.stderr);
    let flat = folder(&[("flat.go", &nested(100))]);
    let ran = scan(flat.path(), &["-v", "--profile", "general"]).expect(1, &["1 finding in 1 file"]);
    assert!(!ran.stderr.contains("limit of"), "{}", ran.stderr);
}

#[cfg(unix)]
#[test]
fn links_that_go_round_end() {
    let folder = folder(&[("a/p.go", CLEAN)]);
    std::os::unix::fs::symlink("..", folder.path().join("a/loop")).unwrap();
    std::os::unix::fs::symlink("gone.go", folder.path().join("a/dangling.go")).unwrap();
    scan(folder.path(), &[]).expect(0, &["No leaks found in 1 file."]);
}

#[cfg(unix)]
#[test]
fn unreadable_files_make_the_result_incomplete() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder(&[("locked.go", CLEAN), ("good.go", CLEAN)]);
    let locked = folder.path().join("locked.go");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&locked).is_ok() {
        // Root reads everything: a file that no one can read is one that is no file any more.
        return;
    }
    scan(folder.path(), &[]).expect(2, &["warning: locked.go: cannot be read"]);
}

#[test]
fn names_with_control_characters_are_shown_escaped() {
    let folder = folder(&[("a\x1b[31m.go", b"package p\n\nfunc f( {\n")]);
    let ran = scan(folder.path(), &["a\x1b[31m.go"]).expect(0, &["syntax error"]);
    assert!(!ran.stderr.contains('\x1b'), "{:?}", ran.stderr);
}

#[test]
fn usage_errors_are_2_and_help_is_0() {
    let folder = folder(&[]);
    run(folder.path(), &[]).expect(2, &["Usage"]);
    run(folder.path(), &["scan", "--no-such-flag"]).expect(2, &["--no-such-flag"]);
    run(folder.path(), &["scna"]).expect(2, &["scan"]);
    run(folder.path(), &["fix", "--interactive", "--max-fixes", "1"]).expect(2, &["cannot be used with"]);
    let help = run(folder.path(), &["--help"]).expect(0, &[]);
    assert!(help.text().contains("Usage: unleak"));
    run(folder.path(), &["fix", "--help"]).expect(0, &[]);
}

#[test]
fn interactive_needs_a_terminal() {
    let folder = folder(&[("p.go", CLEAN)]);
    let ran = run(folder.path(), &["fix", "-i"]);
    ran.expect(2, &["--interactive needs a terminal"]);
}

#[test]
fn gofmt_can_be_required() {
    let folder = folder(&[("p.go", CLEAN)]);
    let without = |arguments: &[&str]| {
        let mut command = unleak(folder.path());
        command.args(arguments).env("PATH", "").env("GOROOT", "");
        Ran::new(command.output().unwrap())
    };
    if Path::new("/usr/local/go/bin/gofmt").exists() {
        // It is found without any variable.
        without(&["fix", "--verify", "gofmt"]).expect(0, &[]);
    } else {
        without(&["fix", "--verify", "gofmt"]).expect(2, &["gofmt was not found"]);
    }
    without(&["fix", "--verify", "syntax"]).expect(0, &[]);
}

#[test]
fn unknown_rules_are_refused() {
    let folder = folder(&[]);
    for arguments in [
        &["scan", "--select", "zzz"][..],
        &["scan", "--ignore", "zzz"],
        &["fix", "--fixable", "zzz"],
        &["fix", "--unfixable", "zzz"],
        &["explain", "zzz"],
    ] {
        run(folder.path(), arguments).expect(2, &["there is no rule `zzz`"]);
    }
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let folder = folder(&[("p.go", CLEAN)]);
    for arguments in [&["scan", "--format", "json"][..], &["rules"], &["--help"]] {
        let mut child = unleak(folder.path())
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments:?}: {said}");
        assert!(!said.contains("error") && !said.contains("panicked"), "{said}");
    }
}

#[test]
fn reports_go_where_they_are_told() {
    let folder = folder(&[("p.go", CLEAN)]);
    let ran = scan(folder.path(), &["--format", "json", "--output", "out.json"]).expect(0, &[]);
    assert_eq!(ran.text(), "");
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("out.json")).unwrap()).unwrap();
    assert_eq!(report["files"]["seen"], 1);
    let ran = scan(
        folder.path(),
        &["--format", "json", "--output", "no/such/out.json"],
    );
    ran.expect(2, &["cannot write `no/such/out.json`"]);
}

#[cfg(unix)]
#[test]
fn reports_do_not_go_through_links() {
    let folder = folder(&[("p.go", CLEAN), ("kept.txt", b"kept")]);
    let at = |name: &str| folder.path().join(name);
    std::os::unix::fs::symlink("kept.txt", at("out.json")).unwrap();
    let ran = scan(folder.path(), &["--format", "json", "--output", "out.json"]);
    ran.expect(2, &["cannot write `out.json`: it is a link"]);
    assert_eq!(fs::read_to_string(at("kept.txt")).unwrap(), "kept");
    let ran = scan(folder.path(), &["--format", "json", "--output", "/dev/stdout"]).expect(0, &[]);
    assert!(ran.text().contains("\"findings\""), "{}", ran.text());
}

#[test]
fn packages_of_which_nothing_is_known_are_named() {
    let go_mod = b"module app\n\ngo 1.24\n\nrequire github.com/gofiber/fiber/v2 v2.52.0\n";
    let source = |paths: &[&str]| {
        let imports = paths.iter().enumerate();
        let imports: String = imports
            .map(|(at, path)| format!("\tp{at} \"{path}\"\n"))
            .collect();
        let calls = (0..paths.len()).map(|at| format!("\tf := p{at}.Open()\n\tf.Run()\n"));
        format!(
            "package app\n\nimport (\n{imports})\n\nfunc run() {{\n{}}}\n",
            calls.collect::<String>()
        )
    };
    let said = |paths: &[&str], arguments: &[&str]| {
        let code = source(paths);
        let folder = folder(&[("go.mod", go_mod), ("app.go", code.as_bytes())]);
        scan(folder.path(), arguments)
    };
    let two = ["example.com/a", "github.com/gofiber/fiber/v2", "example.com/b"];
    said(&two, &[]).expect(
        0,
        &["2 packages could not be resolved: example.com/a, example.com/b\n"],
    );
    let known = said(&["github.com/gofiber/fiber/v2"], &[]).expect(0, &[]);
    assert!(!known.stderr.contains("resolved"), "{known:?}");
    let many = ["e.com/a", "e.com/b", "e.com/c", "e.com/d"];
    said(&many, &[]).expect(
        0,
        &["4 packages could not be resolved: e.com/a, e.com/b, e.com/c, … (-v lists all)\n"],
    );
    said(&many, &["-v"]).expect(0, &["not resolved: e.com/d\n"]);
    let told = said(&two, &["--format", "json"]).text();
    let report: serde_json::Value = serde_json::from_str(&told).unwrap();
    let paths = &report["summary"]["unresolved_packages"];
    assert_eq!(*paths, serde_json::json!(["example.com/a", "example.com/b"]));
}
