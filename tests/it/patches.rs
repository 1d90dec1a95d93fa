//! Patches go through the real `git apply`, forwards and backwards, byte for byte.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use unleak::text::{FilePatch, changed_lines, patch};

struct Case {
    path: Vec<u8>,
    old: Vec<u8>,
    new: Vec<u8>,
}

/// `git apply` with the given flags, in `dir`, fed with `patch`.
fn git_apply(dir: &Path, flags: &[&str], patch: &[u8]) {
    let file = dir.join(".git/the.patch");
    fs::write(&file, patch).unwrap();
    let output = git(dir).arg("apply").args(flags).arg(&file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "git apply {flags:?}: {said}\n{}",
        String::from_utf8_lossy(patch)
    );
}

fn git(dir: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(dir).stdin(Stdio::null());
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    command
}

#[cfg(unix)]
fn in_dir(dir: &Path, path: &[u8]) -> std::path::PathBuf {
    use std::os::unix::ffi::OsStrExt;
    dir.join(std::ffi::OsStr::from_bytes(path))
}

fn assert_applies_both_ways(cases: &[Case]) {
    let repo = tempfile::tempdir().unwrap();
    assert!(git(repo.path()).args(["init", "-q"]).status().unwrap().success());
    for case in cases {
        let path = in_dir(repo.path(), &case.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &case.old).unwrap();
    }
    let whole: Vec<u8> = cases.iter().flat_map(patch_of).collect();
    git_apply(repo.path(), &[], &whole);
    for case in cases {
        assert_holds(repo.path(), case, &case.new);
    }
    git_apply(repo.path(), &["-R"], &whole);
    for case in cases {
        assert_holds(repo.path(), case, &case.old);
    }
}

fn patch_of(case: &Case) -> Vec<u8> {
    patch(&FilePatch {
        path: &case.path,
        old: &case.old,
        new: &case.new,
    })
}

fn assert_holds(dir: &Path, case: &Case, expected: &[u8]) {
    let found = fs::read(in_dir(dir, &case.path)).unwrap();
    let shown = patch_of(case);
    assert!(
        found == expected,
        "{:?} holds {:?}, not {:?}, after\n{}",
        String::from_utf8_lossy(&case.path),
        String::from_utf8_lossy(&found),
        String::from_utf8_lossy(expected),
        String::from_utf8_lossy(&shown)
    );
}

fn case(path: impl AsRef<[u8]>, old: impl AsRef<[u8]>, new: impl AsRef<[u8]>) -> Case {
    Case {
        path: path.as_ref().to_vec(),
        old: old.as_ref().to_vec(),
        new: new.as_ref().to_vec(),
    }
}

#[test]
fn line_ends_marks_and_missing_newlines_survive() {
    assert_applies_both_ways(&[
        case(
            "crlf.go",
            "package a\r\n\r\nvar x = 1\r\n",
            "package a\r\n\r\nvar x = 2\r\nvar y = 3\r\n",
        ),
        case(
            "bom.go",
            "\u{feff}package a\n",
            "\u{feff}package a\n\nvar x = 1\n",
        ),
        case("lone-cr.go", "a\rb\nc\rd\n", "a\rb\nx\ry\nc\rd\n"),
        case("cr-at-end.go", "a\nb\r", "a\nx\nb\r"),
        case(
            "latin1.go",
            b"a \xe9\nb\n\xff\xfe\n",
            b"a \xe9\nb \xe8\n\xff\xfe\n",
        ),
        case("no-newline.go", "a\nb", "a\nx\nb"),
        case("newline-added.go", "a\nb", "a\nb\n"),
        case("newline-dropped.go", "a\nb\n", "a\nb"),
        case("last-line.go", "a\nb", "a\nc"),
        case("filled.go", "", "a\nb\n"),
        case("filled-open.go", "", "a"),
        case("emptied.go", "a\nb\n", ""),
        case("emptied-open.go", "a\nb", ""),
        case(
            "looks-like-a-patch.go",
            "--- a/x\n+++ b/x\n@@ -1 +1 @@\n",
            "-- a/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n",
        ),
        case(
            "says-no-newline.go",
            "\\ No newline at end of file\nb\n",
            "\\ No newline at end of file\nc\n",
        ),
        case("trailing-space.go", "a \t\n\n\n", "a \t\n\n \n\t \n\n"),
        case(
            "form-feed.go",
            "a\x0c\nb\x0b\n\u{85}\u{2028}\n",
            "a\x0c\nc\x0b\n\u{85}\u{2028}\n",
        ),
        case("unchanged.go", "a\n", "a\n"),
    ]);
}

#[test]
fn odd_names_survive() {
    let names: [&[u8]; 13] = [
        b"a b.go",
        b" leading.go",
        b"trailing ",
        b"two  words/and more .go",
        b"quote\".go",
        b"back\\slash.go",
        b"tab\t.go",
        b"new\nline.go",
        "caf\u{e9}/\u{1f40d}.go".as_bytes(),
        b"latin\xe9.go",
        b"bell\x07\x1b[31m.go",
        b"b/a/b.go",
        b"dev/null",
    ];
    let cases: Vec<Case> = names
        .iter()
        .map(|name| case(name, "a\nb\n", "a\nx\nb\n"))
        .collect();
    assert_applies_both_ways(&cases);
}

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn line(&mut self) -> &'static [u8] {
        self.pick(&[
            b"a\n",
            b"b\n",
            b"\n",
            b"\r\n",
            b"\r",
            b"\ta\r\n",
            b"\xff\n",
            b"\xef\xbb\xbf",
            b"-\n",
            b"+\n",
            b"@@\n",
            b" \n",
            b"}\n",
        ])
    }

    fn file(&mut self) -> Vec<u8> {
        let length = self.below(24);
        (0..length).flat_map(|_| self.line()).copied().collect()
    }

    /// `old` with some lines replaced, dropped or added.
    fn changed(&mut self, old: &[u8]) -> Vec<u8> {
        let mut new = Vec::new();
        for line in old.split_inclusive(|&byte| byte == b'\n') {
            match self.below(8) {
                0 => {}
                1 => new.extend_from_slice(self.line()),
                2 => new.extend([line, self.line()].concat()),
                _ => new.extend_from_slice(line),
            }
        }
        new
    }
}

#[test]
fn any_two_files_make_a_patch_that_applies() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let cases: Vec<Case> = (0..1500)
        .map(|index| {
            let old = numbers.file();
            let new = if index % 5 == 0 {
                numbers.file()
            } else {
                numbers.changed(&old)
            };
            case(format!("{}/{index}.go", index % 7), old, new)
        })
        .collect();
    assert_applies_both_ways(&cases);
    for case in &cases {
        assert_eq!(put_in_place(case), case.new);
    }
}

/// The new file, made from the old one by its changed lines alone.
fn put_in_place(case: &Case) -> Vec<u8> {
    let mut file = case.old.clone();
    for (was, is) in changed_lines(&case.old, &case.new).into_iter().rev() {
        file.splice(was.range(), is.of(&case.new).iter().copied());
    }
    file
}
