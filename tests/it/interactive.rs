//! `unleak fix --interactive` as a person meets it: a real pseudo-terminal, a real git repository, single keys.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::git::Repository;
use crate::support::packages::{CALLER, DATABASE};
use crate::support::talk::{Aftermath, Talk};

const GO_MOD: &str = "module example.com/app\n\ngo 1.24\n";

/// Two leaks of one rule.
const FILES: &str = r#"package app

import "os"

func same(a, b string) (bool, error) {
	f, err := os.Open(a)
	if err != nil {
		return false, err
	}
	g, err := os.Open(b)
	if err != nil {
		return false, err
	}
	return f.Name() == g.Name(), nil
}
"#;

/// Two leaks of two rules, in another package.
const ROWS: &str = r#"package store

import (
	"database/sql"
	"os"
)

func users(db *sql.DB) (int, error) {
	rows, err := db.Query("SELECT id FROM users")
	if err != nil {
		return 0, err
	}
	if !rows.Next() {
		return 0, rows.Err()
	}
	var id int
	return id, rows.Scan(&id)
}

func exists(path string) (bool, error) {
	h, err := os.Open(path)
	if err != nil {
		return false, err
	}
	_, err = h.Stat()
	return err == nil, nil
}
"#;

/// One leak with two safe repairs.
const STUCK: &str = r#"package app

import (
	"time"

	"github.com/gofiber/fiber/v2"
)

func recalculate(c *fiber.Ctx) error {
	done := make(chan string)
	go func() {
		time.Sleep(time.Second)
		done <- "recalculated"
	}()
	return c.SendStatus(fiber.StatusAccepted)
}
"#;

/// One leak with a safe repair and an unsafe one.
const QUOTE: &str = r#"package app

import (
	"log"
	"time"

	"github.com/gofiber/fiber/v2"
)

func quote(c *fiber.Ctx) error {
	quotes := make(chan int)
	go func() {
		q := ask()
		quotes <- q
		log.Print(q)
	}()
	select {
	case q := <-quotes:
		return c.JSON(q)
	case <-time.After(time.Second):
		return fiber.ErrGatewayTimeout
	}
}

func ask() int { return 1 }
"#;

/// A review of the four leaks.
fn begin() -> Talk {
    begin_with("true")
}

/// `editor` is a shell script; `$1` is the file to edit.
fn begin_with(editor: &str) -> Talk {
    Talk::about(four_leaks(), "", editor)
}

fn four_leaks() -> Repository {
    let files = [("go.mod", GO_MOD), ("files.go", FILES), ("store/rows.go", ROWS)];
    Repository::with(files.map(|(path, text)| (path, text.as_bytes())))
}

/// Which of the four handles are closed now.
fn closed(after: &Aftermath) -> String {
    let text = after.read("files.go") + &after.read("store/rows.go");
    let closed = |name: &&str| text.contains(&format!("{name}.Close()"));
    let names = ["f", "g", "rows", "h"].into_iter().filter(closed);
    names.collect::<Vec<_>>().join(" ")
}

fn is_untouched(after: &Aftermath) -> bool {
    after.read("files.go") == FILES && after.read("store/rows.go") == ROWS
}

#[test]
fn each_fix_is_accepted_or_left() {
    let mut talk = begin();
    let card = talk.expect("Apply this fix?");
    for part in [
        "(1/4) ",
        "files.go:6:",
        " in same",
        "safe",
        "+\tdefer f.Close()",
        " \tg, err := os.Open(b)",
    ] {
        assert!(card.contains(part), "{part:?} is on the card: {card}");
    }
    talk.send("y").press(2, "n").press(3, "y").press(4, "n");
    let after = talk.end();
    assert_eq!((closed(&after).as_str(), after.code), ("f rows", 1));
}

#[test]
fn everything_repaired_is_exit_0() {
    let mut talk = begin();
    talk.press(1, "y").press(2, "y").press(3, "y").press(4, "y");
    let after = talk.end();
    assert_eq!((closed(&after).as_str(), after.code), ("f g rows h", 0));
}

/// The files of a leaky Fiber service, by path.
fn service() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/apps/v2-leaky");
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let shown = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            match path.is_dir() {
                true => folders.push(path),
                false => files.push((shown, fs::read(&path).unwrap())),
            }
        }
    }
    files
}

#[test]
fn accepting_everything_is_what_fix_does_alone() {
    let files = service();
    let repository = || {
        Repository::with(
            files
                .iter()
                .map(|(path, bytes)| (path.as_str(), bytes.as_slice())),
        )
    };
    let alone = repository();
    let fixed = Command::new(env!("CARGO_BIN_EXE_unleak"))
        .env("XDG_STATE_HOME", crate::support::command::STATE)
        .args(["fix", "."])
        .current_dir(alone.path())
        .status()
        .unwrap();
    let mut talk = Talk::about(repository(), "", "true");
    talk.expect("(1/");
    let count: usize = talk.expect(")").parse().unwrap();
    for _ in 0..count {
        talk.answer("y");
    }
    let asked = talk.end();
    assert_eq!(Some(asked.code), fixed.code());
    for (path, before) in &files {
        let after = asked.repository.read(path);
        assert_eq!(after, alone.read(path), "{path}");
        let is_leaky = path == "internal/handlers/reports.go";
        assert!(!is_leaky || after != *before, "{path} is repaired");
    }
}

#[test]
fn enter_says_nothing() {
    let mut talk = begin();
    talk.press(1, "\r").send("\n\r").send("n").press(2, "q");
    let after = talk.end();
    assert!(is_untouched(&after));
}

#[test]
fn keys_typed_ahead_are_answers_too() {
    let mut talk = begin();
    talk.press(1, "ynyy");
    assert_eq!(closed(&talk.end()), "f rows h");
}

#[test]
fn the_rest_of_a_file_is_taken_or_left() {
    let mut talk = begin();
    talk.press(1, "a").press(3, "d");
    assert_eq!(closed(&talk.end()), "f g");
    let mut talk = begin();
    talk.press(1, "d").press(3, "a");
    assert_eq!(closed(&talk.end()), "rows h");
}

#[test]
fn a_rule_is_taken_or_left_everywhere() {
    let mut talk = begin();
    talk.press(1, "A");
    talk.expect("3 findings decided");
    talk.press(3, "n");
    assert_eq!(closed(&talk.end()), "f g h");
    let mut talk = begin();
    talk.press(1, "x").press(3, "y");
    assert_eq!(closed(&talk.end()), "rows");
}

#[test]
fn undo_takes_back_a_decision_and_one_about_many() {
    let mut talk = begin();
    talk.press(1, "y")
        .press(2, "u")
        .press(1, "n")
        .press(2, "A")
        .press(3, "u")
        .press(2, "n");
    talk.press(3, "y").press(4, "n");
    assert_eq!(closed(&talk.end()), "rows");
}

#[test]
fn going_back_and_forth_decides_nothing() {
    let mut talk = begin();
    talk.press(1, "k");
    talk.expect("This is the first one.");
    talk.answer("j")
        .press(2, "y")
        .press(3, "k")
        .press(2, "k")
        .press(1, "n")
        .press(3, "q");
    assert_eq!(closed(&talk.end()), "g");
}

/// A service of one file.
fn handler(source: &str) -> Repository {
    let go_mod = format!("{GO_MOD}\nrequire github.com/gofiber/fiber/v2 v2.52.9\n");
    Repository::with([("go.mod", go_mod.as_bytes()), ("handler.go", source.as_bytes())])
}

#[test]
fn tab_shows_the_alternative_and_yes_takes_it() {
    let mut talk = Talk::about(handler(STUCK), "", "true");
    let first = talk.expect("Apply this fix? [");
    assert!(
        first.contains("[fix 1 of 2]") && first.contains("make(chan string, 1)"),
        "{first}"
    );
    assert!(talk.expect("] ").contains(",Tab,"));
    talk.send("\t");
    let second = talk.expect("Apply this fix? [");
    assert!(
        second.contains("[fix 2 of 2]") && second.contains("+\t\"context\""),
        "{second}"
    );
    talk.expect("] ");
    talk.send("y");
    let after = talk.end().read("handler.go");
    assert!(
        after.contains("case done <- \"recalculated\":") && after.contains("make(chan string)\n"),
        "{after}"
    );
}

#[test]
fn an_edited_alternative_keeps_the_imports_it_uses() {
    let mut talk = Talk::about(handler(STUCK), "", "sed -i 's/cancel/stop/' \"$1\"");
    talk.answer("\t").answer("e");
    let after = talk.end().read("handler.go");
    assert!(
        after.contains("reqCtx, stop := context.WithCancel(") && after.contains("\tdefer stop()\n"),
        "{after}"
    );
    assert!(after.contains("import (\n\t\"context\"\n"), "{after}");
}

#[test]
fn unsafe_fixes_are_offered_only_when_asked_for() {
    let mut talk = Talk::about(handler(QUOTE), "", "true");
    talk.expect("Apply this fix? [");
    assert!(!talk.expect("] ").contains("Tab"));
    talk.send("q");
    talk.end();
    let mut talk = Talk::about(handler(QUOTE), "--unsafe-fixes", "true");
    talk.answer("\t");
    let card = talk.expect("Apply this fix? [");
    assert!(card.contains("  unsafe\r\n"), "{card}");
    talk.expect("] ");
    talk.send("y");
    assert!(talk.end().read("handler.go").contains("make(chan int, 1)"));
}

#[test]
fn quitting_keeps_what_was_accepted() {
    let mut talk = begin();
    talk.press(1, "y").press(2, "q");
    let after = talk.end();
    assert_eq!((closed(&after).as_str(), after.code), ("f", 1));
}

#[test]
fn quitting_to_restore_writes_nothing() {
    let mut talk = begin();
    talk.press(1, "A").press(3, "Q");
    let after = talk.end();
    assert!(is_untouched(&after));
    assert_eq!(after.code, 1);
    assert!(after.tail.contains("Nothing was written."));
}

#[test]
fn ctrl_c_writes_nothing_and_exits_130() {
    let mut talk = begin();
    talk.press(1, "y").press(2, "\x03");
    let after = talk.end();
    assert!(is_untouched(&after));
    assert_eq!(after.code, 130);
    assert!(after.tail.contains("Nothing was written.") && !after.tail.contains("Apply this fix?"));
}

#[test]
fn ctrl_c_while_typing_a_reason_writes_nothing_and_exits_130() {
    let mut talk = begin();
    talk.press(1, "y").press(2, "s");
    talk.expect("Reason for keeping it");
    talk.send("it is\x03");
    let after = talk.end();
    assert!(is_untouched(&after));
    assert_eq!(after.code, 130);
}

// Finding the process takes /proc.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_from_outside_leaves_the_terminal_as_it_was() {
    for signal in ["INT", "TERM"] {
        let mut talk = begin();
        talk.press(1, "y").expect("(2/4) ");
        talk.expect("] ");
        talk.kill(signal);
        let after = talk.end();
        assert!(is_untouched(&after));
        assert_eq!(after.code, 130, "{signal}");
    }
}

#[test]
fn a_hand_edit_is_what_gets_written() {
    let mut talk = begin_with("sed -i 's/defer f.Close()/defer closeQuietly(f)/' \"$1\"");
    talk.press(1, "e").press(2, "k");
    let card = talk.expect("Apply this fix?");
    assert!(
        card.contains("edited by hand") && card.contains("+\tdefer closeQuietly(f)"),
        "{card}"
    );
    talk.expect("] ");
    talk.send("y").press(2, "q");
    let after = talk.end();
    let expected = FILES.replacen("\tg, err", "\tdefer closeQuietly(f)\n\tg, err", 1);
    assert_eq!(after.read("files.go"), expected);
}

#[test]
fn the_editor_sees_the_lines_of_the_hunk() {
    let mut talk = begin_with("cp \"$1\" \"$(dirname \"$0\")/seen\"");
    talk.press(1, "e");
    talk.expect("Nothing was edited");
    let seen = fs::read_to_string(talk.on_desk("seen")).unwrap();
    assert!(
        seen.contains("\tdefer f.Close()\n") && !seen.contains("package"),
        "{seen}"
    );
    talk.press(1, "q");
    assert!(is_untouched(&talk.end()));
}

#[test]
fn an_edit_that_does_not_parse_is_offered_for_another_try() {
    let spoil = "grep -q 'Close())' \"$1\" && sed -i 's/Close())/Close()/' \"$1\" || sed -i 's/f.Close()/f.Close())/' \"$1\"";
    let mut talk = begin_with(spoil);
    talk.press(1, "e");
    talk.expect("would not parse");
    talk.expect("[y,n] ");
    // Enter is no answer here either.
    talk.send("\ry");
    talk.press(1, "q");
    let after = talk.end();
    assert!(is_untouched(&after));
}

#[test]
fn a_second_edit_of_the_same_lines_is_not_lost_in_silence() {
    // The second check stands in both hunks, and each run of the editor writes its own number there.
    let mut talk = begin_with("sed -i \"s/err != nil/nil != err \\&\\& $$ > 0/\" \"$1\"");
    talk.press(1, "e").press(2, "e");
    talk.expect("It changes the same lines as your edit of number 1.");
    talk.expect("[y,n] ");
    talk.send("n").press(2, "q");
    let after = talk.end();
    assert_eq!(after.read("files.go").matches("nil != err").count(), 2);
    assert_eq!(closed(&after), "f");
}

#[test]
fn a_failing_editor_decides_nothing() {
    let mut talk = begin_with("echo broken >\"$1\"; exit 1");
    talk.press(1, "e");
    talk.expect("The editor did not end well");
    talk.answer("q");
    assert!(is_untouched(&talk.end()));
}

#[test]
fn a_suppression_is_written_with_its_reason() {
    let mut talk = begin();
    talk.press(1, "s");
    talk.expect("Reason for keeping it");
    talk.send("\r");
    talk.expect("A suppression needs a reason");
    talk.answer("s");
    talk.expect("Reason for keeping it");
    talk.send("the process ends\r");
    talk.press(2, "q");
    let after = talk.end();
    let lines = after.read("files.go");
    let comment = lines
        .lines()
        .position(|line| line.starts_with("\t//unleak:ignore "))
        .unwrap();
    assert!(lines.lines().nth(comment).unwrap().ends_with(" the process ends"));
    assert!(
        lines
            .lines()
            .nth(comment + 1)
            .unwrap()
            .contains("f, err := os.Open")
    );
}

#[test]
fn help_and_explanations_come_back_to_the_question() {
    let mut talk = begin();
    talk.press(1, "?");
    talk.expect("apply every open fix of this rule");
    talk.press(1, "i");
    talk.expect("Why it leaks");
    talk.press(1, "z");
    talk.expect("Press ?");
    talk.answer("q");
    assert!(is_untouched(&talk.end()));
}

#[test]
fn without_a_terminal_it_is_exit_2_and_a_sentence() {
    let repository = Repository::with([("go.mod", GO_MOD.as_bytes()), ("files.go", FILES.as_bytes())]);
    let output = Command::new(env!("CARGO_BIN_EXE_unleak"))
        .env("XDG_STATE_HOME", crate::support::command::STATE)
        .args(["fix", "--interactive", "."])
        .current_dir(repository.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("terminal"));
    assert_eq!(repository.read("files.go"), FILES.as_bytes());
}

#[test]
fn a_dry_run_prints_the_patch_of_what_was_accepted_and_nothing_else() {
    let mut talk = Talk::about(four_leaks(), "--dry-run >$DESK/patch", "true");
    talk.press(1, "y").press(2, "q");
    let patch = talk.on_desk("patch");
    talk.expect("exit=1");
    let patch = fs::read_to_string(patch).unwrap();
    assert!(patch.starts_with("diff --git a/files.go b/files.go\n"), "{patch}");
    assert!(
        patch.contains("\n+\tdefer f.Close()\n") && !patch.contains("rows.go"),
        "{patch}"
    );
    assert_eq!(talk.repository.read("files.go"), FILES.as_bytes());
}

#[test]
fn a_fix_of_two_packages_is_shown_and_written_in_both() {
    let fiber = format!("{GO_MOD}\nrequire github.com/gofiber/fiber/v2 v2.52.15\n");
    let files = [
        ("go.mod", &*fiber),
        ("database/db.go", DATABASE),
        ("handlers/list.go", CALLER),
    ];
    let repository = || Repository::with(files.map(|(path, text)| (path, text.as_bytes())));
    let mut talk = Talk::about(repository(), "", "exit 1");
    talk.expect("(1/2)");
    let shown = talk.expect("Apply this fix? [");
    assert!(
        shown.contains("database/db.go") && shown.contains("handlers/list.go"),
        "{shown}"
    );
    assert!(shown.contains("-\tdefer db.Close()"), "{shown}");
    talk.send("y").press(2, "y");
    let after = talk.end();
    assert_eq!(after.code, 0, "{}", after.tail);
    assert!(after.read("database/db.go").contains("\treturn openDB()\n"));
    let list = after.read("handlers/list.go");
    assert!(
        !list.contains("db.Close()") && list.contains("\tdefer rows.Close()\n"),
        "{list}"
    );
    // Declined, it leaves both files to the other repair.
    let mut talk = Talk::about(repository(), "", "exit 1");
    talk.press(1, "n").press(2, "y");
    let after = talk.end();
    assert_eq!(after.read("database/db.go"), DATABASE);
    let list = after.read("handlers/list.go");
    assert!(
        list.contains("\tdefer db.Close()\n") && list.contains("\tdefer rows.Close()\n"),
        "{list}"
    );
}
