//! `batch publish` and `rollback` on real bare repositories over file://: own branches only, never by force over
//! what someone else did.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::fleet::{CLEAN, FILE, Fleet, ROWS, commit, git};

const BRANCH: &str = "refs/heads/unleak/leaks";

fn planned(fleet: &Fleet) {
    let manifest = fleet.manifest();
    fleet
        .run(&["plan", manifest.to_str().unwrap(), "--out", "c"])
        .expect(0, &[]);
}

/// A person pushes a commit on top of our branch.
fn person_commits(fleet: &Fleet, repository: &Path, files: &[(&str, &str)]) -> String {
    commit(repository, "unleak/leaks", files);
    assert!(fleet.path().is_dir());
    git(repository, &["rev-parse", BRANCH])
}

#[test]
fn a_branch_has_one_commit_for_each_rule_with_trailers() {
    let mut fleet = Fleet::new();
    let path = fleet.add("app", &[("store/names.go", ROWS), ("store/size.go", FILE)]);
    planned(&fleet);
    let author = ["--author", "Repair Bot <bot@example.com>"];
    let ran = fleet
        .run(&[&["publish", "c"][..], &author].concat())
        .expect(0, &["app.git: pushed"]);
    assert_eq!(ran.text(), "", "a folder has no forge");
    let log = git(
        &path,
        &[
            "log",
            "--reverse",
            "--format=%an|%s|%(trailers:separator=%x2C)",
            &format!("main..{BRANCH}"),
        ],
    );
    let version = env!("CARGO_PKG_VERSION");
    let line = |rule: &str| {
        format!(
            "Repair Bot|Repair {rule} (1 finding)|Unleak-Rule: {rule},Unleak-Campaign: leaks,Unleak-Version: {version}"
        )
    };
    assert_eq!(
        log.lines().collect::<Vec<_>>(),
        [line("unclosed-file"), line("unclosed-rows")]
    );
    // Together they are the patch.
    let patch = fs::read_dir(fleet.path().join("c/repos"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let wanted = fs::read_to_string(patch.join("fix.patch")).unwrap();
    let made = git(&path, &["diff", "--no-renames", "main", BRANCH]);
    let lines = |text: &str| -> Vec<String> {
        let kept = text
            .lines()
            .filter(|line| !line.starts_with("index ") && !line.starts_with("@@"));
        kept.map(str::to_owned).collect()
    };
    assert_eq!(lines(&made), lines(&wanted));
}

#[test]
fn a_second_run_publishes_nothing_and_rollback_leaves_no_trace() {
    let fleet = Fleet::with_leaks(3);
    let before = fleet.refs();
    planned(&fleet);
    fleet
        .run(&["publish", "c", "--limit", "2"])
        .expect(0, &["2 pushed"]);
    fleet
        .run(&["publish", "c"])
        .expect(0, &["1 pushed, 2 up to date"]);
    let published = fleet.refs();
    fleet
        .run(&["publish", "c"])
        .expect(0, &["0 pushed, 3 up to date"]);
    assert_eq!(fleet.refs(), published);
    // A ledger that was lost is no reason to push again, either.
    fs::remove_dir_all(fleet.path().join("c")).unwrap();
    planned(&fleet);
    fleet
        .run(&["publish", "c"])
        .expect(0, &["0 pushed, 3 up to date"]);
    fleet.run(&["rollback", "c"]).expect(0, &["3 rolled back"]);
    assert_eq!(fleet.refs(), before);
    fleet.run(&["rollback", "c"]).expect(0, &["0 rolled back"]);
    fleet.run(&["publish", "c"]).expect(0, &["3 pushed"]);
}

#[test]
fn our_own_branch_moves_on_with_the_repository() {
    let mut fleet = Fleet::new();
    let path = fleet.add("app", &[("store/names.go", ROWS)]);
    planned(&fleet);
    fleet.run(&["publish", "c"]).expect(0, &["1 pushed"]);
    let first = git(&path, &["rev-parse", BRANCH]);
    commit(
        &path,
        "main",
        &[("store/names.go", ROWS), ("store/size.go", FILE)],
    );
    let manifest = fleet.manifest();
    let refresh = ["plan", manifest.to_str().unwrap(), "--out", "c", "--refresh"];
    fleet.run(&refresh).expect(0, &["2 of 2 findings repaired"]);
    fleet.run(&["publish", "c"]).expect(0, &["1 pushed"]);
    assert_ne!(git(&path, &["rev-parse", BRANCH]), first);
    assert_eq!(
        git(&path, &["merge-base", "main", BRANCH]),
        git(&path, &["rev-parse", "main"])
    );
}

#[test]
fn what_others_did_to_a_branch_is_left_alone() {
    let mut fleet = Fleet::new();
    let extended = fleet.add("extended", &[("store/names.go", ROWS)]);
    let closed = fleet.add("closed", &[("store/names.go", ROWS)]);
    let taken = fleet.add("taken", &[("store/names.go", ROWS)]);
    commit(&taken, "unleak/leaks", &[("theirs.txt", "theirs")]);
    let theirs = git(&taken, &["rev-parse", BRANCH]);
    planned(&fleet);
    fleet
        .run(&["publish", "c"])
        .expect(0, &["2 pushed", "taken.git: left-alone: its branch has commits"]);
    let extension = person_commits(&fleet, &extended, &[("store/names.go", CLEAN)]);
    git(&closed, &["update-ref", "-d", BRANCH]);
    for path in [&extended, &closed] {
        commit(path, "main", &[("store/names.go", ROWS), ("store/size.go", FILE)]);
    }
    let manifest = fleet.manifest();
    fleet
        .run(&["plan", manifest.to_str().unwrap(), "--out", "c", "--refresh"])
        .expect(0, &[]);
    let said = [
        "0 pushed",
        "extended.git: left-alone",
        "closed.git: closed: its branch was deleted",
    ];
    fleet.run(&["publish", "c"]).expect(0, &said);
    assert_eq!(git(&extended, &["rev-parse", BRANCH]), extension);
    assert_eq!(git(&taken, &["rev-parse", BRANCH]), theirs);
    assert_eq!(git(&closed, &["for-each-ref", BRANCH]), "");
    fleet
        .run(&["rollback", "c"])
        .expect(0, &["extended.git: left-alone"]);
    assert_eq!(git(&extended, &["rev-parse", BRANCH]), extension);
    assert_eq!(git(&taken, &["rev-parse", BRANCH]), theirs);
}

#[test]
fn a_repository_that_opts_out_after_the_plan_is_left_alone() {
    let mut fleet = Fleet::new();
    let path = fleet.add("app", &[("store/names.go", ROWS)]);
    planned(&fleet);
    commit(
        &path,
        "main",
        &[("store/names.go", ROWS), (".unleak-opt-out", "")],
    );
    fleet.run(&["publish", "c"]).expect(
        0,
        &[
            "app.git: opted-out: it has a file .unleak-opt-out now",
            "0 pushed",
        ],
    );
    assert_eq!(git(&path, &["for-each-ref", BRANCH]), "");
    let status = fleet.run(&["status", "c", "--format", "jsonl"]).text();
    assert!(status.contains("\"publication\":\"opted-out\""), "{status}");
}

#[test]
fn a_command_runs_once_for_each_repository() {
    let fleet = Fleet::with_leaks(3);
    planned(&fleet);
    let said = "echo \"$UNLEAK_BRANCH|$UNLEAK_TITLE|$UNLEAK_DRAFT|$(head -1 \"$UNLEAK_BODY_FILE\")\" >>";
    let log = fleet.path().join("log");
    let command = format!("{said} {}; echo opened", log.display());
    let publish = [
        "publish",
        "c",
        "--draft",
        "--min-interval",
        "300ms",
        "--exec",
        &command,
    ];
    let begun = Instant::now();
    fleet.run(&publish).expect(0, &["3 pushed", "opened"]);
    assert!(
        begun.elapsed() > Duration::from_millis(600),
        "two pauses between three"
    );
    fleet.run(&publish).expect(0, &["0 pushed, 3 up to date"]);
    let lines = fs::read_to_string(&log).unwrap();
    let line = "unleak/leaks|Repair a resource leak|1|# Repair a resource leak";
    assert_eq!(lines.lines().collect::<Vec<_>>(), [line; 3]);
    // What failed is done again, and nothing else.
    let fleet = Fleet::with_leaks(1);
    planned(&fleet);
    fleet
        .run(&["publish", "c", "--exec", "echo no luck >&2; exit 75"])
        .expect(75, &["no luck"]);
    fleet
        .run(&["publish", "c", "--exec", "exit 1"])
        .expect(2, &["the --exec command failed"]);
    fleet
        .run(&["publish", "c", "--exec", "echo well"])
        .expect(0, &["0 pushed, 1 up to date", "well"]);
}

#[test]
fn a_limit_counts_what_failed_too() {
    let fleet = Fleet::with_leaks(3);
    planned(&fleet);
    let failing = ["publish", "c", "--limit", "1", "--exec", "exit 1"];
    fleet.run(&failing).expect(2, &["0 pushed", "1 failed"]);
    let branches = |fleet: &Fleet| {
        let refs = fleet.refs();
        refs.iter().filter(|refs| refs.contains(BRANCH)).count()
    };
    assert_eq!(branches(&fleet), 1, "the others were not tried");
}

#[test]
fn a_command_that_was_told_is_found_again_in_the_journal() {
    let fleet = Fleet::with_leaks(1);
    planned(&fleet);
    let told = fleet
        .run(&["publish", "c", "--forge", "github"])
        .expect(0, &[])
        .text();
    assert!(told.starts_with("gh pr create --repo "), "{told}");
    let again = fleet.run(&["publish", "c", "--forge", "github"]).text();
    assert_eq!(again, "", "a second request would be one too many");
    let journal = fleet.run(&["status", "c", "--journal"]).text();
    assert!(journal.contains(told.trim()), "{journal}");
}

/// Runs a batch command and kills it after so many lines of progress.
fn kill_after(fleet: &Fleet, arguments: &[&str], lines: usize) {
    let mut command = fleet.batch(arguments);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
    let seen = told.by_ref().take(lines).filter(Result::is_ok).count();
    assert_eq!(seen, lines, "it ended before it could be killed");
    // Somewhere in the middle of the next repositories.
    std::thread::sleep(Duration::from_millis(u64::from(rand_byte()) / 4));
    kill(&mut child);
}

fn kill(child: &mut Child) {
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());
}

/// Chance enough: the places of a run where it was killed differ between test runs.
fn rand_byte() -> u8 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .subsec_nanos() as u8
}

#[test]
fn eighty_repositories_survive_five_kills() {
    let fleet = Fleet::with_leaks(80);
    let before = fleet.refs();
    let manifest = fleet.manifest();
    let plan = ["plan", manifest.to_str().unwrap(), "--out", "c", "-j", "3"];
    kill_after(&fleet, &plan, 8 + usize::from(rand_byte() % 12));
    kill_after(
        &fleet,
        &["resume", "c", "-j", "3"],
        8 + usize::from(rand_byte() % 12),
    );
    kill_after(
        &fleet,
        &["resume", "c", "-j", "3"],
        1 + usize::from(rand_byte() % 12),
    );
    fleet
        .run(&["resume", "c", "-j", "3"])
        .expect(0, &["80 of 80 repositories repaired, 0 failed"]);
    let journal = fleet
        .run(&["status", "c", "--journal", "--format", "jsonl"])
        .text();
    let repaired: Vec<&str> = journal
        .lines()
        .filter(|line| line.contains("\"what\":\"repaired\""))
        .collect();
    let keys: BTreeSet<&str> = repaired
        .iter()
        .filter_map(|line| line.split("\"key\":").nth(1))
        .collect();
    assert_eq!((repaired.len(), keys.len()), (80, 80), "each repaired once");

    kill_after(&fleet, &["publish", "c"], 8 + usize::from(rand_byte() % 12));
    kill_after(&fleet, &["publish", "c"], 32 + usize::from(rand_byte() % 16));
    fleet
        .run(&["publish", "c"])
        .expect(0, &["0 left alone, 0 failed"]);
    let published = fleet.refs();
    for refs in &published {
        let names: Vec<&str> = refs.lines().filter_map(|line| line.split('\t').nth(1)).collect();
        assert_eq!(names, ["refs/heads/main", BRANCH], "one branch each");
    }
    fleet
        .run(&["publish", "c"])
        .expect(0, &["0 pushed, 80 up to date, 0 left alone, 0 failed"]);
    assert_eq!(fleet.refs(), published, "a second run publishes nothing");
    fleet
        .run(&["rollback", "c"])
        .expect(0, &["80 rolled back, 0 left alone, 0 failed"]);
    assert_eq!(fleet.refs(), before, "rollback leaves no trace");
}
