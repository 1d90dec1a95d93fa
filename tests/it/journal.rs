//! What a `fix` that is killed leaves is whole or taken back by the next one, and `fix --undo` takes a whole run back.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::support::command::{Ran, unleak};
use crate::support::git::Repository;
use crate::support::packages::{CALLER, DATABASE};
use crate::support::wait::{until, work_of};
use tempfile::TempDir;

const GO_MOD: &[u8] =
    b"module example.com/app\n\ngo 1.25.0\n\nrequire github.com/gofiber/fiber/v2 v2.52.15\n";

/// A repair that must not stay half done: who opens no longer closes, and who calls no longer has to.
const PAIR: [(&str, &str); 2] = [("database/db.go", DATABASE), ("handlers/list.go", CALLER)];

/// A tree with its own place for journals.
struct Tree {
    repository: Repository,
    state: TempDir,
}

impl Tree {
    fn new() -> Self {
        let sources = PAIR.map(|(path, text)| (path, text.as_bytes()));
        let tree = Tree {
            repository: Repository::with(sources.into_iter().chain([("go.mod", GO_MOD)])),
            state: tempfile::tempdir().unwrap(),
        };
        // One more name, so that its bytes are overwritten.
        fs::hard_link(tree.at("handlers/list.go"), tree.at("list.link")).unwrap();
        tree.repository.write(".gitignore", b"*.link\n");
        tree.repository.commit();
        tree
    }

    fn at(&self, path: &str) -> PathBuf {
        self.repository.path().join(path)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = unleak(self.repository.path());
        command.args(arguments).env("XDG_STATE_HOME", self.state.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        Ran::new(self.command(arguments).output().unwrap())
    }

    /// A start that has nothing to repair, and so shows what it makes of an earlier one.
    fn start_again(&self) -> Ran {
        self.run(&[
            "fix",
            "--allow-dirty",
            "--verify",
            "syntax",
            "--select",
            "unclosed-file",
        ])
    }

    fn texts(&self) -> [String; 2] {
        PAIR.map(|(path, _)| String::from_utf8(self.repository.read(path)).unwrap())
    }

    /// The journal that is there under this name.
    fn journal(&self, name: &str) -> Option<PathBuf> {
        let trees = fs::read_dir(self.state.path().join("unleak/trees")).ok()?;
        let mut journals = trees.map(|tree| tree.unwrap().path().join(name));
        journals.find(|journal| journal.exists())
    }

    #[track_caller]
    fn expect_nothing_left(&self) {
        assert_eq!(self.journal("pending.json"), None);
        for folder in ["", "database", "handlers"] {
            for entry in fs::read_dir(self.at(folder)).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                assert!(!name.ends_with(".tmp"), "{name} was left in `{folder}`");
            }
        }
    }
}

fn old() -> [String; 2] {
    PAIR.map(|(_, text)| text.to_owned())
}

/// A tree after its repair, and what that wrote.
fn repaired() -> (Tree, [String; 2]) {
    let tree = Tree::new();
    tree.run(&["fix", "--verify", "syntax"])
        .expect(0, &["Fixed 2 of 2 findings."]);
    let new = tree.texts();
    assert!(new.iter().zip(old()).all(|(new, old)| *new != old));
    (tree, new)
}

/// How far a file was written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Far {
    Not,
    Half,
    Whole,
}

#[test]
fn half_a_repair_is_taken_back_and_a_whole_one_stays() {
    let (tree, new) = repaired();
    for first in [Far::Not, Far::Half, Far::Whole] {
        for second in [Far::Not, Far::Half, Far::Whole] {
            // As if the run that wrote this had been killed.
            let journal = tree.journal("last.json").unwrap();
            fs::rename(&journal, journal.with_file_name("pending.json")).unwrap();
            for (far, (path, at)) in [first, second].into_iter().zip([(PAIR[0].0, 0), (PAIR[1].0, 1)]) {
                let (old, new) = (&old()[at], &new[at]);
                // One byte is new, and all behind it is old.
                let same = old
                    .bytes()
                    .zip(new.bytes())
                    .take_while(|(old, new)| old == new)
                    .count();
                let half = format!("{}{}", &new[..=same], &old[same + 1..]);
                let text = match far {
                    Far::Not => old,
                    Far::Half => &half,
                    Far::Whole => new,
                };
                tree.repository.write(path, text.as_bytes());
            }
            fs::write(tree.at("handlers/.unleak-AbC123.tmp"), "").unwrap();
            let ran = tree.start_again();
            let is_whole = first == second && first != Far::Half;
            let expected = if first == Far::Whole && is_whole {
                new.clone()
            } else {
                old()
            };
            assert_eq!(tree.texts(), expected, "{first:?} {second:?}: {}", ran.stderr);
            let is_told = ran.stderr.contains("these files have their old text again");
            assert_eq!(is_told, !is_whole, "{first:?} {second:?}: {}", ran.stderr);
            assert_eq!(ran.code, Some(0));
            tree.expect_nothing_left();
        }
    }
}

#[test]
fn what_someone_else_wrote_is_not_taken_back() {
    let (tree, new) = repaired();
    let journal = tree.journal("last.json").unwrap();
    fs::rename(&journal, journal.with_file_name("pending.json")).unwrap();
    tree.repository.write(PAIR[0].0, b"package database // my own\n");
    tree.start_again().expect(
        2,
        &["cannot be taken back", "database/db.go: it was changed since"],
    );
    assert_eq!(
        tree.texts(),
        ["package database // my own\n".to_owned(), new[1].clone()]
    );
    // It is said once.
    tree.start_again().expect(0, &[]);
    // A person who puts the file right can have the rest taken back.
    tree.repository.write(PAIR[0].0, new[0].as_bytes());
    tree.run(&["fix", "--undo"])
        .expect(0, &["2 files have their old text again."]);
    assert_eq!(tree.texts(), old());
}

#[test]
fn the_last_run_can_be_taken_back_once() {
    let (tree, new) = repaired();
    tree.run(&["fix", "--undo", "handlers"])
        .expect(0, &["2 files have their old text again."]);
    assert_eq!(tree.texts(), old());
    tree.run(&["fix", "--undo"])
        .expect(2, &["there is no run to take back in "]);
    tree.run(&["fix", "--verify", "syntax"]).expect(0, &[]);
    assert_eq!(tree.texts(), new);
    // A run that writes nothing keeps the one before.
    tree.start_again().expect(0, &["No leaks found"]);
    tree.repository
        .write(PAIR[1].0, format!("{}\n// more\n", new[1]).as_bytes());
    tree.run(&["fix", "--undo"])
        .expect(2, &["stay as they are", "handlers/list.go: it was changed since"]);
    assert_eq!(tree.texts()[0], new[0]);
    tree.repository.write(PAIR[1].0, new[1].as_bytes());
    tree.run(&["fix", "--undo"]).expect(0, &[]);
    assert_eq!(tree.texts(), old());
}

#[test]
fn a_run_in_a_folder_recovers_the_tree_around_it_and_within_it() {
    for unversioned in [".", "handlers"] {
        let (tree, _) = repaired();
        let journal = tree.journal("last.json").unwrap();
        fs::rename(&journal, journal.with_file_name("pending.json")).unwrap();
        tree.repository.write(PAIR[0].0, DATABASE.as_bytes());
        // Without git each folder is a tree of its own.
        fs::remove_dir_all(tree.at(".git")).unwrap();
        let again = [
            "fix",
            "--allow-no-vcs",
            "--verify",
            "syntax",
            "--select",
            "unclosed-file",
            unversioned,
        ];
        tree.run(&again)
            .expect(0, &["these files have their old text again"]);
        assert_eq!(tree.texts(), old());
        tree.expect_nothing_left();
    }
}

#[test]
fn a_second_fix_waits_for_nobody() {
    let tree = Tree::new();
    // A first one that asks for a file on a pipe holds the tree as long as nobody writes there.
    let pipe = tree.state.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut first = tree
        .command(&["fix", "--config", pipe.to_str().unwrap()])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    until(
        "the first run took its lock",
        || work_of(first.id()),
        || {
            let lock = tree.journal("lock")?;
            (!fs::read(lock).unwrap().is_empty()).then_some(())
        },
    );
    let said = format!(
        "another `unleak fix` writes to {}",
        tree.repository.path().canonicalize().unwrap().display()
    );
    tree.start_again()
        .expect(2, &[&said, &format!("(process {})", first.id())]);
    tree.run(&["scan"]).expect(1, &[]);
    fs::write(&pipe, "").unwrap();
    assert_eq!(first.wait().unwrap().code(), Some(0));
    tree.start_again().expect(0, &[]);
}

#[test]
fn nothing_is_written_without_a_journal() {
    let tree = Tree::new();
    let mut command = tree.command(&["fix", "--verify", "syntax"]);
    let file = tree.state.path().join("file");
    fs::write(&file, "").unwrap();
    let ran = Ran::new(command.env("XDG_STATE_HOME", &file).output().unwrap());
    ran.expect(
        2,
        &[
            "cannot keep a journal in ",
            "name another place with XDG_STATE_HOME",
        ],
    );
    assert_eq!(tree.texts(), old());
}

/// Runs a repair and kills it when it enters the `at`th of these system calls. Whether it ended before.
fn killed_at(tree: &Tree, call: &str, at: usize) -> bool {
    let program = tree.command(&[]).get_program().to_owned();
    let status = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")])
        .args(["-e", &format!("inject={call}:signal=SIGKILL:when={at}")])
        .arg(program)
        .args(["fix", "--verify", "syntax", "-j", "1"])
        .current_dir(tree.repository.path())
        .env("XDG_STATE_HOME", tree.state.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    status.code() == Some(0)
}

/// How many starts after a kill at each of these calls found half a repair.
fn kill_at_every(call: &str, new: &[String; 2]) -> usize {
    let mut taken_back = 0;
    for at in 1..1000 {
        let tree = Tree::new();
        let has_ended = killed_at(&tree, call, at);
        let ran = tree.start_again().expect(0, &[]);
        taken_back += usize::from(ran.stderr.contains("old text again"));
        let texts = tree.texts();
        assert!(texts == old() || texts == *new, "{call} {at}: {texts:#?}");
        assert_eq!(
            fs::read_to_string(tree.at("list.link")).unwrap(),
            texts[1],
            "{call} {at}"
        );
        tree.expect_nothing_left();
        if has_ended {
            assert!(at > 1, "a run makes no call of {call}");
            return taken_back;
        }
    }
    panic!("the run never comes to its end");
}

#[test]
fn killed_at_any_system_call_the_next_start_finds_all_or_nothing() {
    let can_trace = Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .stderr(Stdio::null())
        .status();
    if !can_trace.is_ok_and(|status| status.success()) {
        eprintln!("skipped: there is no strace, or it may not trace");
        return;
    }
    let (_, new) = repaired();
    // `rename` is called `renameat` and so on, where that is all there is.
    let calls = ["/^rename", "fsync", "ftruncate", "/^f?chmod", "/^unlink", "write"];
    let taken_back: usize = calls.iter().map(|call| kill_at_every(call, &new)).sum();
    assert!(taken_back > 2, "{taken_back} taken back");
}
