//! `fix` that is interrupted while it writes: its report is whole and true, or it is not there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use crate::support::command::{Ran, unleak};
use crate::support::wait::{until, work_of};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const PACKAGES: usize = 240;

/// A package with a file that is not closed on any path.
fn source(at: usize) -> String {
    format!(
        "package p{at}\n\nimport \"os\"\n\nfunc size(path string) (int64, error) {{\n\tf, err := os.Open(path)\n\t\
         if err != nil {{\n\t\treturn 0, err\n\t}}\n\tinfo, err := f.Stat()\n\tif err != nil {{\n\t\treturn 0, err\n\t}}\n\t\
         return info.Size(), nil\n}}\n"
    )
}

fn name(at: usize) -> String {
    format!("p{at:03}/p.go")
}

fn module() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("go.mod"),
        "module example.com/app\n\ngo 1.22\n",
    )
    .unwrap();
    for at in 0..PACKAGES {
        let path = folder.path().join(name(at));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, source(at)).unwrap();
    }
    folder
}

fn start(folder: &Path, report: &Path) -> Child {
    let mut command = unleak(folder);
    command.env("XDG_STATE_HOME", report.with_file_name("state"));
    command.args([
        "fix",
        "--allow-no-vcs",
        "--verify",
        "syntax",
        "--profile",
        "general",
        "--format",
        "json",
    ]);
    command.arg("--output").arg(report);
    command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn is_changed(folder: &Path, at: usize) -> bool {
    fs::read_to_string(folder.join(name(at))).unwrap() != source(at)
}

/// Waits until the file `at` is repaired; false where the run ended before that was seen.
fn wait_for(child: &mut Child, folder: &Path, at: usize) -> bool {
    let run = child.id();
    until(
        "a file was repaired",
        || work_of(run),
        || {
            let has_ended = child.try_wait().unwrap().is_some();
            if is_changed(folder, at) {
                return Some(!has_ended);
            }
            has_ended.then_some(false)
        },
    )
}

fn left_over(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => left_over(&path, found),
            false if path.extension().is_some_and(|extension| extension == "tmp") => found.push(path),
            false => {}
        }
    }
}

/// Ends a run with `signal` as soon as the file `at` is repaired. How many files it had repaired by then.
fn interrupt(signal: Signal, at: usize) -> usize {
    let folder = module();
    let reports = tempfile::tempdir().unwrap();
    let report = reports.path().join("report.json");
    let mut child = start(folder.path(), &report);
    if wait_for(&mut child, folder.path(), at) {
        // It may end just now.
        let _ = kill_process(Pid::from_child(&child), signal);
    }
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let changed: BTreeSet<String> = (0..PACKAGES)
        .filter(|at| is_changed(folder.path(), *at))
        .map(name)
        .collect();
    expect_true(&fs::read(&report).unwrap(), &changed);
    let mut left = Vec::new();
    left_over(folder.path(), &mut left);
    left_over(reports.path(), &mut left);
    assert!(left.is_empty(), "{left:?}");
    let summary = format!("Fixed {} of {PACKAGES} findings", changed.len());
    assert!(stderr.contains(&summary), "no {summary:?} in {stderr}");
    if changed.len() < PACKAGES {
        assert_eq!(output.status.code(), Some(130), "{stderr}");
        let rest = PACKAGES - changed.len();
        for said in [
            format!("{rest} not applied: interrupted"),
            format!("interrupted: {rest} of {PACKAGES} changed files were not written"),
        ] {
            assert!(stderr.contains(&said), "no {said:?} in {stderr}");
        }
    }
    changed.len()
}

/// The report counts what was written as fixed, and nothing else.
fn expect_true(report: &[u8], changed: &BTreeSet<String>) {
    let report: serde_json::Value = serde_json::from_slice(report).expect("the report is whole");
    assert_eq!(report["summary"]["fixed"], changed.len());
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), PACKAGES);
    for finding in findings {
        let is_fixed = finding["outcome"] == "fixed";
        assert_eq!(
            is_fixed,
            changed.contains(finding["path"].as_str().unwrap()),
            "{finding}"
        );
        if !is_fixed {
            assert_eq!(finding["outcome"], "deferred");
            assert_eq!(finding["note"], "not applied: interrupted");
        }
    }
}

#[test]
fn an_interrupted_fix_tells_what_it_wrote() {
    let places = [0, 20, 120, PACKAGES - 1];
    let all = [Signal::INT, Signal::TERM].map(|signal| places.map(|at| (signal, at)));
    // A signal may come when all is written: then it is sent to another run.
    let mut in_the_middle = 0;
    for (round, (signal, at)) in all.iter().flatten().cycle().enumerate() {
        if round >= 8 && in_the_middle >= 3 {
            return;
        }
        in_the_middle += usize::from(interrupt(*signal, *at) < PACKAGES);
        assert!(
            round < 80,
            "only {in_the_middle} runs were interrupted while they wrote"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_that_ends_before_it_writes_leaves_no_report() {
    let folder = module();
    let reports = tempfile::tempdir().unwrap();
    let report = reports.path().join("report.json");
    let mut child = start(folder.path(), &report);
    // Worker threads are there once packages are looked at; writing comes long after.
    let threads = format!("/proc/{}/task", child.id());
    until(
        "worker threads were started",
        || work_of(child.id()),
        || (fs::read_dir(&threads).unwrap().count() >= 4).then_some(()),
    );
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let changed = (0..PACKAGES).filter(|at| is_changed(folder.path(), *at)).count();
    match fs::read(&report) {
        Err(_) => assert_eq!(changed, 0),
        Ok(report) => {
            drop(serde_json::from_slice::<serde_json::Value>(&report).expect("the report is whole"))
        }
    }
}

/// Nothing can be done when the kill comes; the next start does it.
#[test]
fn after_a_kill_the_next_start_tidies_up_and_undo_takes_all_back() {
    for at in [0, 60, 150] {
        let folder = module();
        let reports = tempfile::tempdir().unwrap();
        let report = reports.path().join("report.json");
        let mut child = start(folder.path(), &report);
        if wait_for(&mut child, folder.path(), at) {
            let _ = kill_process(Pid::from_child(&child), Signal::KILL);
        }
        child.wait_with_output().unwrap();
        if let Ok(report) = fs::read(&report) {
            serde_json::from_slice::<serde_json::Value>(&report).expect("the report is whole");
        }
        let again = |arguments: &[&str]| {
            let mut command = unleak(folder.path());
            command.env("XDG_STATE_HOME", reports.path().join("state"));
            let output = command.arg("fix").args(arguments).output().unwrap();
            Ran::new(output)
        };
        again(&[
            "--allow-no-vcs",
            "--verify",
            "syntax",
            "--select",
            "unclosed-rows",
        ])
        .expect(0, &[]);
        let mut left = Vec::new();
        left_over(folder.path(), &mut left);
        assert!(left.is_empty(), "{left:?}");
        let changed = (0..PACKAGES).filter(|at| is_changed(folder.path(), *at)).count();
        assert!(changed > at.min(1), "{changed} files were written");
        again(&["--undo"]).expect(0, &[&format!("{changed} file")]);
        assert!((0..PACKAGES).all(|at| !is_changed(folder.path(), at)));
    }
}
