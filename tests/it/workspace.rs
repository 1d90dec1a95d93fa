//! Walking, reading, writing, git and gofmt, on real files with the real programs.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use unleak::workspace::{
    Discovery, Gofmt, Overlay, Replacement, SkipReason, Unread, WalkOptions, Written, discover, git, read,
    write,
};

/// A folder with the given files, its path without symbolic links.
struct Tree {
    _folder: TempDir,
    root: PathBuf,
}

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        let tree = Tree {
            _folder: folder,
            root,
        };
        for (path, text) in files {
            tree.put(path, text);
        }
        tree
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn put(&self, path: &str, text: &str) -> PathBuf {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn git(&self, arguments: &[&str]) {
        let output = Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@b.c"])
            .args(arguments)
            .current_dir(&self.root)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output();
        assert!(output.unwrap().status.success(), "git {arguments:?}");
    }

    fn committed(files: &[(&str, &str)]) -> Self {
        let tree = Tree::new(files);
        tree.git(&["init", "-q"]);
        tree.git(&["add", "-A"]);
        tree.git(&["commit", "-q", "-m", "all"]);
        tree
    }

    fn discover(&self, paths: &[&str], options: WalkOptions) -> Discovery {
        let paths: Vec<PathBuf> = paths.iter().map(|path| self.at(path)).collect();
        discover(&paths, None, options, &Overlay::default()).unwrap()
    }
}

fn found(discovery: &Discovery) -> Vec<String> {
    let files = discovery
        .directories
        .iter()
        .flat_map(|directory| &directory.files);
    files.map(|path| discovery.shown(path)).collect()
}

fn neighbours(discovery: &Discovery) -> Vec<String> {
    let files = discovery
        .directories
        .iter()
        .flat_map(|directory| &directory.neighbours);
    files.map(|path| discovery.shown(path)).collect()
}

fn skips(discovery: &Discovery) -> Vec<(&str, SkipReason)> {
    let skips = discovery.skipped.iter();
    skips.map(|skip| (skip.path.as_str(), skip.reason)).collect()
}

const DEFAULT: WalkOptions = WalkOptions {
    no_ignore: false,
    tests: false,
    threads: 0,
};

#[test]
fn the_walk_sees_what_go_sees_less_other_peoples_code() {
    let tree = Tree::new(&[
        ("main.go", ""),
        ("main_test.go", ""),
        ("notes.txt", ""),
        ("_off.go", ""),
        (".hidden.go", ""),
        ("b/b.go", ""),
        ("b-x/x.go", ""),
        ("b/c/c.go", ""),
        ("_b/b.go", ""),
        (".b/b.go", ""),
        ("vendor/v/v.go", ""),
        ("b/testdata/t.go", ""),
        ("b/third_party/t.go", ""),
        ("web/node_modules/n/n.go", ""),
        ("only/tests_test.go", ""),
    ]);
    let discovery = tree.discover(&[""], DEFAULT);
    assert_eq!(found(&discovery), ["main.go", "b/b.go", "b-x/x.go", "b/c/c.go"]);
    assert_eq!(neighbours(&discovery), ["main_test.go", "only/tests_test.go"]);
    let expected = [
        ("b/testdata", SkipReason::Testdata),
        ("b/third_party", SkipReason::Vendored),
        ("vendor", SkipReason::Vendored),
        ("web/node_modules", SkipReason::Vendored),
    ];
    assert_eq!(skips(&discovery), expected);
    let dirs: Vec<_> = discovery
        .directories
        .iter()
        .map(|directory| directory.dir.as_str())
        .collect();
    assert_eq!(dirs, ["", "b", "b-x", "b/c", "only"]);

    let with_tests = tree.discover(
        &[""],
        WalkOptions {
            tests: true,
            ..DEFAULT
        },
    );
    assert!(found(&with_tests).contains(&"main_test.go".to_owned()));
    assert_eq!(neighbours(&with_tests), [""; 0]);
}

#[test]
fn an_overlay_adds_and_hides_files_where_the_walk_would_come() {
    let tree = Tree::committed(&[("a/a.go", ""), ("a/old.go", ""), ("a/old_test.go", "")]);
    let mut overlay = Overlay::default();
    for hidden in ["a/old.go", "a/old_test.go"] {
        overlay.set(&tree.at(hidden), None);
    }
    let added = [
        "a/a.go",
        "a/new.go",
        "a/new_test.go",
        "b/b.go",
        "vendor/v/v.go",
        "a/_c.go",
        "a/note.txt",
    ];
    for added in added {
        overlay.set(&tree.at(added), Some(b"package a\n".to_vec()));
    }
    overlay.set(Path::new("/elsewhere/x.go"), Some(Vec::new()));
    let walked = discover(&[tree.at("")], None, DEFAULT, &overlay).unwrap();
    assert_eq!(found(&walked), ["a/a.go", "a/new.go", "b/b.go"]);
    assert_eq!(neighbours(&walked), ["a/new_test.go"]);
    let asked = discover(&[tree.at("a/a.go")], None, DEFAULT, &overlay).unwrap();
    assert_eq!(found(&asked), ["a.go"]);
    assert_eq!(neighbours(&asked), ["new.go", "new_test.go"]);
}

#[test]
fn what_git_ignores_is_left_out_unless_asked_for() {
    let tree = Tree::committed(&[
        (".gitignore", "gen/\n*.pb.go\n"),
        ("a/.gitignore", "local.go\n"),
        ("a/a.go", ""),
        ("a/local.go", ""),
        ("a/x.pb.go", ""),
        ("gen/g.go", ""),
    ]);
    assert_eq!(found(&tree.discover(&[""], DEFAULT)), ["a/a.go"]);
    assert_eq!(
        found(&tree.discover(&["a"], DEFAULT)),
        ["a.go"],
        "rules above the path count"
    );
    assert_eq!(
        found(&tree.discover(&["gen"], DEFAULT)),
        ["g.go"],
        "a folder given by name is taken"
    );
    let all = tree.discover(
        &[""],
        WalkOptions {
            no_ignore: true,
            ..DEFAULT
        },
    );
    assert_eq!(found(&all), ["a/a.go", "a/local.go", "a/x.pb.go", "gen/g.go"]);
}

#[test]
fn the_walk_leaves_out_what_git_leaves_out() {
    let rules =
        "# made by hand\n*_gen.go\n!keep_gen.go\n/only_here.go\nout/\ndeep/**/x.go\n\\!odd.go\ntrail.go  \n";
    let mut files = vec![
        (".gitignore", rules),
        ("a/.gitignore", "!back_gen.go\r\nlocal.go\r\n[z-a\r\n"),
        ("a/out/.gitignore", "!*.go\n"),
        ("a/b/.gitignore", "\u{feff}bom.go\n!local.go\n"),
    ];
    let names = [
        "x_gen",
        "keep_gen",
        "back_gen",
        "only_here",
        "local",
        "x",
        "!odd",
        "trail",
        "bom",
        "listed",
    ];
    let folders = [
        "",
        "a/",
        "a/b/",
        "a/out/",
        "out/",
        "deep/",
        "deep/c/",
        "deep/c/d/",
    ];
    let paths: Vec<String> = folders
        .iter()
        .flat_map(|folder| names.map(|name| format!("{folder}{name}.go")))
        .collect();
    files.extend(paths.iter().map(|path| (path.as_str(), "package p\n")));
    let tree = Tree::new(&files);
    tree.git(&["init", "-q"]);
    tree.put(".git/info/exclude", "listed.go\n!a/listed.go\n");
    let listed = Command::new("git")
        .args([
            "-c",
            "core.quotePath=off",
            "ls-files",
            "--others",
            "--exclude-standard",
            "*.go",
        ])
        .current_dir(tree.at(""))
        .output()
        .unwrap();
    let mut wanted: Vec<String> = String::from_utf8(listed.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    wanted.sort();
    let mut seen = found(&tree.discover(&[""], WalkOptions::default()));
    seen.sort();
    assert!(wanted.len() > 20 && wanted.len() < paths.len() - 20, "{wanted:?}");
    assert_eq!(seen, wanted);
    // From within, the rules of the folders above hold, too.
    let below = found(&tree.discover(&["a/b"], WalkOptions::default()));
    let wanted: Vec<&str> = wanted
        .iter()
        .filter_map(|path| path.strip_prefix("a/b/"))
        .collect();
    assert_eq!(below, wanted);
}

#[test]
fn paths_are_shown_from_the_scanned_root_and_patched_from_the_repository() {
    let tree = Tree::committed(&[("svc/api/h.go", ""), ("svc/db/d.go", ""), ("main.go", "")]);
    let one = tree.discover(&["svc/api"], DEFAULT);
    assert_eq!(one.root, tree.at("svc/api"));
    assert_eq!(one.repository.as_deref(), Some(&*tree.root));
    assert_eq!(found(&one), ["h.go"]);
    assert_eq!(one.patch_path(&one.directories[0].files[0]), b"svc/api/h.go");

    let several = tree.discover(&["svc/api", "svc/db/d.go", "svc/api/..."], DEFAULT);
    assert_eq!(several.root, tree.at("svc"));
    assert_eq!(found(&several), ["api/h.go", "db/d.go"]);
}

#[test]
fn a_file_given_by_name_is_taken_and_brings_its_neighbours() {
    let tree = Tree::new(&[
        ("vendor/v/a_test.go", ""),
        ("vendor/v/b.go", ""),
        ("vendor/v/_c.go", ""),
        ("vendor/v/d.txt", ""),
        ("vendor/v/w/w.go", ""),
    ]);
    let discovery = tree.discover(&["vendor/v/a_test.go"], DEFAULT);
    assert_eq!(found(&discovery), ["a_test.go"]);
    assert_eq!(neighbours(&discovery), ["b.go"]);
}

#[test]
fn links_are_not_followed_and_not_searched_twice() {
    let tree = Tree::new(&[("a/a.go", ""), ("b/b.go", "")]);
    symlink("..", tree.at("a/loop")).unwrap();
    symlink("../b", tree.at("a/b")).unwrap();
    symlink("../b/b.go", tree.at("a/link.go")).unwrap();
    symlink("gone.go", tree.at("a/dangling.go")).unwrap();
    let discovery = tree.discover(&[""], DEFAULT);
    assert_eq!(found(&discovery), ["a/a.go", "b/b.go"]);
    assert_eq!(skips(&discovery), [("a/link.go", SkipReason::Symlink)]);
    assert_eq!(
        neighbours(&discovery),
        ["a/link.go"],
        "its names belong to the package"
    );
    assert_eq!(
        found(&tree.discover(&["a/link.go"], DEFAULT)),
        ["b.go"],
        "asked for: the target"
    );
}

#[test]
fn a_path_that_cannot_be_scanned_is_one_sentence() {
    let tree = Tree::new(&[("notes.txt", "")]);
    let said = |path: &str| {
        format!(
            "{:#}",
            discover(&[tree.at(path)], None, DEFAULT, &Overlay::default()).unwrap_err()
        )
    };
    let shown = |path: &str| tree.at(path).display().to_string();
    assert_eq!(
        said("gone"),
        format!(
            "cannot open `{}`: No such file or directory (os error 2)",
            shown("gone")
        )
    );
    assert_eq!(
        said("notes.txt"),
        format!("`{}` is neither a folder nor a .go file", shown("notes.txt"))
    );
}

#[test]
fn files_are_read_or_the_reason_is_told() {
    let tree = Tree::new(&[("ok.go", "package é\n"), ("big.go", "0123456789")]);
    fs::write(tree.at("latin.go"), b"// \xe9\n").unwrap();
    fs::write(tree.at("nul.go"), b"package a\0").unwrap();
    let reason = |path: &str, limit| read(&tree.at(path), limit).map_err(|unread| unread.reason());
    assert_eq!(reason("ok.go", 100), Ok("package é\n".as_bytes().to_vec()));
    assert_eq!(reason("latin.go", 100), Ok(b"// \xe9\n".to_vec()));
    assert_eq!(reason("big.go", 10).map(|bytes| bytes.len()), Ok(10));
    assert_eq!(reason("big.go", 9), Err(SkipReason::TooLarge));
    assert_eq!(reason("nul.go", 100), Err(SkipReason::Binary));
    assert_eq!(reason("gone.go", 100), Err(SkipReason::Vanished));
    assert_eq!(reason("", 1 << 20), Err(SkipReason::Unreadable), "a folder");
    assert_eq!(Unread::TooLarge(1 << 20).to_string(), "larger than 1 MiB");
}

fn rewrite(path: &Path, old: &str, new: &str) -> Written {
    let replacement = Replacement {
        path,
        old: old.as_bytes(),
        new: new.as_bytes(),
    };
    write(&replacement).unwrap()
}

#[test]
fn a_write_keeps_mode_links_and_leaves_nothing_behind() {
    let tree = Tree::new(&[
        ("a/script.go", "old"),
        ("a/two.go", "longer old"),
        ("b/one.go", "old"),
    ]);
    let script = tree.at("a/script.go");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(rewrite(&script, "old", "new"), Written::Written);
    assert_eq!(fs::metadata(&script).unwrap().mode() & 0o7777, 0o755);

    symlink("../b/one.go", tree.at("a/link.go")).unwrap();
    assert_eq!(rewrite(&tree.at("a/link.go"), "old", "new"), Written::Written);
    assert!(fs::symlink_metadata(tree.at("a/link.go")).unwrap().is_symlink());
    assert_eq!(fs::read(tree.at("b/one.go")).unwrap(), b"new");

    fs::hard_link(tree.at("a/two.go"), tree.at("b/two.go")).unwrap();
    assert_eq!(
        rewrite(&tree.at("a/two.go"), "longer old", "new"),
        Written::Written
    );
    assert_eq!(fs::read(tree.at("b/two.go")).unwrap(), b"new");
    assert_eq!(fs::metadata(tree.at("a/two.go")).unwrap().nlink(), 2);

    let names = fs::read_dir(tree.at("a"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    assert_eq!(names.count(), 3, "no temporary file stays");
}

#[cfg(target_os = "linux")]
#[test]
fn a_write_keeps_access_lists_and_extended_attributes() {
    use rustix::fs::{XattrFlags, getxattr, setxattr};
    let tree = Tree::new(&[("a/p.go", "old"), ("b/p.go", "old")]);
    // Version 2; owner rw, user 1234 r, group r, mask r, others nothing.
    let entries: [(u16, u16, u32); 5] = [(1, 6, !0), (2, 4, 1234), (4, 4, !0), (0x10, 4, !0), (0x20, 0, !0)];
    let mut list = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries {
        list.extend(tag.to_le_bytes());
        list.extend(permissions.to_le_bytes());
        list.extend(id.to_le_bytes());
    }
    let large = vec![b'x'; 1000];
    let set =
        |path: &str, name: &str, value: &[u8]| setxattr(tree.at(path), name, value, XattrFlags::empty());
    let held = |path: &str, name: &str| {
        let mut value = vec![0; 4096];
        let size = getxattr(tree.at(path), name, value.as_mut_slice()).ok()?;
        value.truncate(size);
        Some(value)
    };
    const ACCESS: &str = "system.posix_acl_access";
    if set("a/p.go", "user.note", &large).is_err() || set("a/p.go", ACCESS, &list).is_err() {
        eprintln!("skipped: this file system keeps no such attributes");
        return;
    }
    // What is made in this folder gets a list that the file at hand has not.
    set("b", "system.posix_acl_default", &list).unwrap();
    rewrite(&tree.at("a/p.go"), "old", "new");
    rewrite(&tree.at("b/p.go"), "old", "new");
    assert_eq!(fs::read(tree.at("a/p.go")).unwrap(), b"new");
    assert_eq!(held("a/p.go", "user.note"), Some(large));
    assert_eq!(held("a/p.go", ACCESS), Some(list));
    assert_eq!(held("b/p.go", ACCESS), None);
}

/// Whoever may write in a folder can replace what lies there, and would become its owner.
#[cfg(unix)]
#[test]
fn a_file_of_another_owner_is_not_taken_over() {
    use std::os::unix::process::CommandExt;
    const NOBODY: u32 = 65534;
    let tree = Tree::new(&[(
        "p.go",
        "package p\n\nimport \"os\"\n\nfunc f() error {\n\tf, err := os.Open(\"x\")\n\tif err != nil {\n\t\treturn err\n\t}\n\t_, err = f.Stat()\n\treturn err\n}\n",
    )]);
    fs::set_permissions(tree.at(""), fs::Permissions::from_mode(0o777)).unwrap();
    fs::set_permissions(tree.at("p.go"), fs::Permissions::from_mode(0o666)).unwrap();
    let before = fs::read(tree.at("p.go")).unwrap();
    let owner = fs::metadata(tree.at("p.go")).unwrap().uid();
    // Run from a copy: the folder of the build may be root's own.
    let program = tree.at("unleak");
    fs::copy(env!("CARGO_BIN_EXE_unleak"), &program).unwrap();
    let mut command = Command::new(&program);
    command.args([
        "fix",
        "--allow-no-vcs",
        "--verify",
        "syntax",
        "--profile",
        "general",
    ]);
    command
        .current_dir(tree.at(""))
        .env("HOME", tree.at(""))
        .uid(NOBODY)
        .gid(NOBODY);
    let Ok(output) = command.output() else {
        eprintln!("skipped: only root can run as another user");
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("it belongs to user 0 and group 0, and would not any more"),
        "{said}"
    );
    assert!(
        said.contains("Fixed 0 of 1 finding: 1 whose files could not be written."),
        "{said}"
    );
    assert_eq!(fs::metadata(tree.at("p.go")).unwrap().uid(), owner);
    assert_eq!(fs::read(tree.at("p.go")).unwrap(), before);
}

#[test]
fn a_file_that_someone_else_wrote_is_left_alone() {
    let tree = Tree::new(&[("a.go", "theirs"), ("b.go", "theirs")]);
    fs::hard_link(tree.at("b.go"), tree.at("c.go")).unwrap();
    for path in ["a.go", "b.go"] {
        assert_eq!(rewrite(&tree.at(path), "old", "new"), Written::ChangedMeanwhile);
        assert_eq!(fs::read(tree.at(path)).unwrap(), b"theirs");
    }
    assert_eq!(
        rewrite(&tree.at("gone.go"), "old", "new"),
        Written::ChangedMeanwhile
    );
    assert!(!tree.at("gone.go").exists());
    let before = fs::metadata(tree.at("a.go")).unwrap().ino();
    assert_eq!(rewrite(&tree.at("a.go"), "theirs", "theirs"), Written::Unchanged);
    assert_eq!(fs::metadata(tree.at("a.go")).unwrap().ino(), before);
}

#[test]
fn a_read_only_file_is_not_written() {
    let tree = Tree::new(&[("a.go", "old")]);
    let path = tree.at("a.go");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let replacement = Replacement {
        path: &path,
        old: b"old",
        new: b"new",
    };
    let said = format!("{:#}", write(&replacement).unwrap_err());
    assert_eq!(said, format!("cannot write {}: it is read-only", path.display()));
    assert_eq!(fs::read(&path).unwrap(), b"old");
}

/// Whoever reads while a writer works sees whole files only.
#[test]
fn readers_never_see_half_a_file() {
    let tree = Tree::new(&[]);
    let (old, new) = ("a".repeat(300_000), "b".repeat(500_000));
    let path = tree.put("a.go", &old);
    let reader = std::thread::spawn({
        let path = path.clone();
        move || (0..400).all(|_| is_whole(&fs::read(&path).unwrap()))
    });
    for _ in 0..10 {
        assert_eq!(rewrite(&path, &old, &new), Written::Written);
        assert_eq!(rewrite(&path, &new, &old), Written::Written);
    }
    assert!(reader.join().unwrap());
}

fn is_whole(bytes: &[u8]) -> bool {
    matches!(
        (bytes.first(), bytes.len()),
        (Some(b'a'), 300_000) | (Some(b'b'), 500_000)
    )
}

#[test]
fn git_tells_what_a_write_could_destroy() {
    let tree = Tree::committed(&[
        ("a.go", "1"),
        ("b.go", "1"),
        ("c d\n\u{e9}.go", "1"),
        (".gitignore", "x.go"),
    ]);
    let targets = [tree.at("a.go")];
    assert_eq!(git::exposure(&targets).unwrap(), git::Exposure::default());

    tree.put("notes.txt", "not tracked and not a target: no harm");
    tree.put("b.go", "2");
    tree.put("c d\n\u{e9}.go", "2");
    tree.git(&["add", "b.go"]);
    let new = tree.put("new.go", "");
    let ignored = tree.put("x.go", "");
    let exposure = git::exposure(&[tree.at("a.go"), new.clone(), ignored.clone()]).unwrap();
    assert_eq!(
        exposure.dirty,
        [tree.at("b.go"), tree.at("c d\n\u{e9}.go"), new, ignored]
    );
    assert!(exposure.unversioned.is_empty());

    let bare = Tree::new(&[("a.go", "")]);
    let exposure = git::exposure(&[bare.at("a.go")]).unwrap();
    assert_eq!(exposure.unversioned, [bare.at("a.go")]);
}

#[test]
fn a_hostile_repository_starts_no_programs() {
    let tree = Tree::committed(&[("a.go", "1")]);
    assert_not_sprung(&tree, "core.fsmonitor");
}

#[test]
fn filters_of_a_repository_are_not_run() {
    let tree = Tree::committed(&[("a.go", "1"), (".gitattributes", "*.go filter=odd.name\n")]);
    tree.git(&["config", "filter.odd.name.required", "true"]);
    assert_not_sprung(&tree, "filter.odd.name.clean");
}

/// A changed file is told, and the program in a setting of the repository is not run, though git itself would.
fn assert_not_sprung(tree: &Tree, setting: &str) {
    let trap = tree.put("trap.sh", "#!/bin/sh\ntouch \"$(dirname \"$0\")/sprung\"\ncat\n");
    fs::set_permissions(&trap, fs::Permissions::from_mode(0o755)).unwrap();
    tree.git(&["config", setting, trap.to_str().unwrap()]);
    // As long as before, so that git has to read it.
    tree.put("a.go", "2");
    let exposure = git::exposure(&[tree.at("a.go")]).unwrap();
    assert_eq!(exposure.dirty, [tree.at("a.go")]);
    assert!(!tree.at("sprung").exists());
    tree.git(&["status", "-s"]);
    assert!(tree.at("sprung").exists(), "the trap works");
}

#[test]
fn a_filter_that_cannot_be_taken_away_ends_the_run() {
    let tree = Tree::committed(&[("a.go", "1")]);
    tree.git(&["config", "filter.a=b.clean", "cat"]);
    let said = format!("{:#}", git::exposure(&[tree.at("a.go")]).unwrap_err());
    assert!(said.contains("a git filter with an odd name, `a=b`"), "{said}");
}

#[test]
fn a_broken_repository_is_one_sentence() {
    let tree = Tree::new(&[("a.go", "1")]);
    fs::create_dir(tree.at(".git")).unwrap();
    let said = format!("{:#}", git::exposure(&[tree.at("a.go")]).unwrap_err());
    let start = format!(
        "git cannot tell the state of {}: fatal: not a git repository",
        tree.root.display()
    );
    assert!(said.starts_with(&start), "{said}");
}

#[test]
fn gofmt_formats_many_files_and_one_bad_file_spoils_no_other() {
    let gofmt = Gofmt::find().expect("gofmt is installed where tests run");
    let files: [&[u8]; 5] = [
        b"package a\nfunc  f( ) { }\n",
        b"package a\n\nfunc f() {\n",
        b"package a\n",
        b"//line 0.go:7\npackage a\nfunc {\n",
        b"package a\r\n\r\nvar x=1\r\n",
    ];
    let formatted = gofmt.format(&files).unwrap();
    assert_eq!(formatted[0].as_deref(), Ok(&b"package a\n\nfunc f() {}\n"[..]));
    assert_eq!(
        formatted[1].as_deref().unwrap_err(),
        "3:12: expected '}', found 'EOF'"
    );
    assert_eq!(formatted[2].as_deref(), Ok(&b"package a\n"[..]));
    assert!(formatted[3].is_err());
    assert_eq!(formatted[4].as_deref(), Ok(&b"package a\n\nvar x = 1\n"[..]));
    assert!(gofmt.format(&[]).unwrap().is_empty());
}

#[test]
fn gofmt_keeps_the_order_of_many_files() {
    let gofmt = Gofmt::find().expect("gofmt is installed where tests run");
    let files: Vec<String> = (0..600)
        .map(|number| format!("package a\nvar x{number}=1\n"))
        .collect();
    let bytes: Vec<&[u8]> = files.iter().map(String::as_bytes).collect();
    for (number, formatted) in gofmt.format(&bytes).unwrap().into_iter().enumerate() {
        assert_eq!(
            formatted.unwrap(),
            format!("package a\n\nvar x{number} = 1\n").into_bytes()
        );
    }
}
