//! Ctrl-C and SIGTERM end a batch run at once, with all that it started, and the campaign goes on where it was.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::command::Ran;
use crate::support::fleet::{Fleet, git, product};
use crate::support::wait::{until, work_of};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

/// What hangs unless it is ended, and leaves its number in the file `started`.
const HANGS: &str = "echo $$ > started.new; mv started.new started; exec sleep 100000";

fn start(command: &mut Command) -> Child {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Waits until what `HANGS` says is running, and tells its number.
#[track_caller]
fn hanging(run: &Child, folder: &Path) -> Pid {
    let number = until(
        "it started",
        || work_of(run.id()),
        || {
            let read = fs::read_to_string(folder.join("started")).unwrap_or_default();
            read.trim().parse().ok()
        },
    );
    Pid::from_raw(number).unwrap()
}

/// The run ends with Ctrl-C's code, though what it waits for does not end.
#[track_caller]
fn expect_interrupted(mut child: Child) {
    let run = child.id();
    let status = until("the run ended", || work_of(run), || child.try_wait().unwrap());
    assert_eq!(status.code(), Some(130));
}

/// What the run started ends with it.
#[track_caller]
fn expect_gone(process: Pid) {
    until(
        "a child of the run ended, too",
        || 0,
        || {
            // Where nobody takes note, it stays as a zombie.
            let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
            let is_zombie = stat.is_ok_and(|stat| stat.contains(") Z "));
            (is_zombie || test_kill_process(process).is_err()).then_some(())
        },
    );
}

/// A program for git to connect with: it hangs while there is a file `hang`, and fails without it.
fn connection(folder: &Path) -> PathBuf {
    let path = folder.join("ssh");
    let script = format!(
        "#!/bin/sh\ncd {}\n[ -e hang ] || exit 1\n{HANGS}\n",
        folder.display()
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn an_interrupted_plan_goes_on_and_ends_as_if_nothing_had_happened() {
    let fleet = Fleet::with_leaks(8);
    let listed = fs::read_to_string(fleet.manifest()).unwrap();
    // Begun first, so that no run is over before it is interrupted.
    fs::write(
        fleet.path().join("m.txt"),
        format!("git@a.example:owner/app\n{listed}"),
    )
    .unwrap();
    let ssh = connection(fleet.path());
    let plan = |out: &str| {
        let mut command = fleet.batch(&["plan", "m.txt", "--out", out, "-j", "2"]);
        command.env("GIT_SSH_COMMAND", &ssh);
        command
    };
    let ends = [
        "a.example/owner/app: failed",
        "8 of 9 repositories repaired, 1 failed",
    ];
    Ran::new(plan("whole").output().unwrap()).expect(2, &ends);
    for (out, signal) in [("int", Signal::INT), ("term", Signal::TERM)] {
        fs::write(fleet.path().join("hang"), "").unwrap();
        let mut child = start(&mut plan(out));
        let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(told.next().unwrap().unwrap().starts_with("[1/9]"));
        let process = hanging(&child, fleet.path());
        send(&child, signal);
        let rest: Vec<String> = told.map(Result::unwrap).collect();
        expect_interrupted(child);
        expect_gone(process);
        let closing = rest.last().unwrap();
        assert!(
            closing.contains("0 failed") && closing.contains("not done"),
            "{rest:?}"
        );
        // What is there is a campaign like any other, with a report of what is done.
        assert!(fleet.path().join(out).join("report/index.html").exists());
        let status = fleet.run(&["status", out]).expect(75, &[]).text();
        assert!(!status.contains("failed"), "nobody is to blame for it: {status}");
        for file in ["hang", "started"] {
            fs::remove_file(fleet.path().join(file)).unwrap();
        }
        let mut resume = fleet.batch(&["resume", out]);
        Ran::new(resume.env("GIT_SSH_COMMAND", &ssh).output().unwrap()).expect(2, &ends);
        assert_eq!(
            product(&fleet.path().join("whole")),
            product(&fleet.path().join(out))
        );
    }
}

#[test]
fn an_interrupted_publication_is_taken_up_again() {
    let fleet = Fleet::with_leaks(3);
    let manifest = fleet.manifest();
    fleet
        .run(&["plan", manifest.to_str().unwrap(), "--out", "c"])
        .expect(0, &[]);
    let hangs = format!("cd {}; {HANGS}", fleet.path().display());
    let child = start(&mut fleet.batch(&["publish", "c", "--exec", &hangs]));
    let step = hanging(&child, fleet.path());
    send(&child, Signal::INT);
    expect_interrupted(child);
    expect_gone(step);
    let branches = |fleet: &Fleet| {
        let refs = fleet.refs();
        refs.iter().filter(|refs| refs.contains("unleak/leaks")).count()
    };
    assert_eq!(branches(&fleet), 1, "the second was not begun");
    let log = fleet.path().join("log");
    let opens = format!("echo \"$UNLEAK_REPOSITORY\" >> {}", log.display());
    fleet
        .run(&["publish", "c", "--exec", &opens])
        .expect(0, &["2 pushed, 1 up to date, 0 left alone, 0 failed"]);
    assert_eq!(branches(&fleet), 3);
    let opened = fs::read_to_string(log).unwrap();
    assert_eq!(
        opened.lines().count(),
        3,
        "the step that was cut off is done again"
    );
    assert!(git(&fleet.repositories[0], &["log", "--format=%s", "unleak/leaks"]).contains("Repair"));
}
