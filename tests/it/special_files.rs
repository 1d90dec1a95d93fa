//! Pipes, devices and files without an end under names that the tool looks for: nothing waits for them, what could not
//! be used is named, and the exit code says that the result is not the whole truth.

use std::fs;
use std::io::{Read, Seek};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, Output};

use crate::support::command::{Ran, run, unleak};
use crate::support::wait::{until, work_of};
use tempfile::TempDir;

const GO_MOD: &str = "module example.com/app\n\ngo 1.22\n\nrequire example.com/dep v1.0.0\n";

const LEAKY: &str = "\
package app

import (
	\"os\"

	\"example.com/app/sub\"
	\"example.com/dep\"
)

func size(path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return dep.Size(), err
	}
	return sub.Size(info), nil
}
";

/// A module whose leak is found whatever becomes of the files beside it.
fn module() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        ("go.mod", GO_MOD),
        ("a.go", LEAKY),
        ("sub/sub.go", "package sub\n"),
        ("vendor/example.com/dep/dep.go", "package dep\n"),
        (".git/HEAD", "ref: refs/heads/main\n"),
    ];
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// Runs a command that must not hang.
#[track_caller]
fn to_its_end(folder: &Path, arguments: &[&str], pipe: &str) -> Ran {
    let (mut stdout, mut stderr) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    let child = unleak(folder)
        .args(arguments)
        .stdout(stdout.try_clone().unwrap())
        .stderr(stderr.try_clone().unwrap())
        .spawn();
    let mut child = Hanging(child.unwrap());
    let run = child.0.id();
    let what = format!("`unleak {arguments:?}` beside {pipe} ended");
    let status = until(&what, || work_of(run), || child.0.try_wait().unwrap());
    let mut output = Output {
        status,
        stdout: Vec::new(),
        stderr: Vec::new(),
    };
    for (file, text) in [
        (&mut stdout, &mut output.stdout),
        (&mut stderr, &mut output.stderr),
    ] {
        file.rewind().unwrap();
        file.read_to_end(text).unwrap();
    }
    Ran::new(output)
}

/// A command that is ended with its test.
struct Hanging(Child);

impl Drop for Hanging {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn pipe(path: &Path) {
    let _ = fs::remove_file(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

/// Every name that the walk and the loader look for.
const NAMES: [&str; 13] = [
    "go.mod",
    "go.work",
    "go.sum",
    "sub/go.mod",
    ".gitignore",
    ".ignore",
    "sub/.gitignore",
    ".git/info/exclude",
    "b.go",
    "b_test.go",
    "sub/more.go",
    "vendor/example.com/dep/more.go",
    "linked.go",
];

#[test]
fn nothing_waits_for_a_pipe_under_a_name_that_is_read() {
    for name in NAMES {
        let folder = module();
        let path = folder.path().join(name);
        match name {
            "linked.go" => {
                pipe(&folder.path().join("sub/pipe"));
                symlink("sub/pipe", &path).unwrap();
            }
            _ => pipe(&path),
        }
        let ran = to_its_end(folder.path(), &["scan", "-v", "--profile", "general"], name);
        let said = format!("warning: {name}: is a pipe, a socket or a device; it was not read");
        let ran = ran.expect(2, &[&said]);
        let found = ran.text();
        assert!(found.contains("a.go:11:"), "{name}: {found}");
    }
}

#[test]
fn a_source_that_is_a_pipe_is_listed() {
    let folder = module();
    pipe(&folder.path().join("b.go"));
    let ran = to_its_end(folder.path(), &["scan", "-v"], "b.go");
    ran.expect(2, &["left out: b.go (special-file)", "1 special file"]);
}

#[test]
fn a_config_that_is_a_pipe_is_an_error() {
    for name in ["unleak.toml", ".unleak.toml"] {
        let folder = module();
        pipe(&folder.path().join(name));
        let ran = to_its_end(folder.path(), &["scan"], name);
        let said = format!("cannot read the config `{name}`: it is a pipe, a socket or a device");
        ran.expect(2, &[&said]);
    }
}

#[test]
fn links_to_what_never_ends_take_no_memory() {
    for name in NAMES {
        let folder = module();
        let path = folder.path().join(name);
        let _ = fs::remove_file(&path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink("/dev/zero", &path).unwrap();
        let ran = to_its_end(folder.path(), &["scan", "--profile", "general"], name);
        ran.expect(2, &[&format!("warning: {name}: is a pipe, a socket or a device")]);
    }
}

#[test]
fn files_beside_the_sources_have_a_size_limit() {
    for (name, limit) in [
        ("go.mod", "16 MiB"),
        ("go.work", "16 MiB"),
        ("go.sum", "16 MiB"),
        (".gitignore", "262144 bytes"),
        (".ignore", "262144 bytes"),
        (".git/info/exclude", "262144 bytes"),
    ] {
        let folder = module();
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        // A hole: as large as it says, and on no disk.
        fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
        let ran = to_its_end(folder.path(), &["scan", "--profile", "general"], name);
        ran.expect(2, &[&format!("warning: {name}: larger than {limit}")]);
    }
}

#[test]
fn a_worktree_s_links_are_read_with_care() {
    for name in ["git/commondir", "git/info/exclude"] {
        let folder = module();
        fs::remove_dir_all(folder.path().join(".git")).unwrap();
        fs::write(folder.path().join(".git"), "gitdir: git\n").unwrap();
        pipe(&folder.path().join(name));
        let ran = to_its_end(folder.path(), &["scan", "--profile", "general"], name);
        ran.expect(2, &[&format!("warning: {name}: is a pipe")]);
    }
}

#[test]
fn no_command_waits_for_a_pipe() {
    let folder = module();
    fs::remove_dir_all(folder.path().join(".git")).unwrap();
    for name in ["b.go", "b_test.go", "sub/sub_test.go", "go.sum"] {
        pipe(&folder.path().join(name));
    }
    for arguments in [
        &["fix", "--dry-run"][..],
        &["fix", "--allow-no-vcs"],
        &["prove", "--dry-run"],
        &["scan", "a.go"],
        &["scan", "--tests"],
    ] {
        let ran = to_its_end(folder.path(), arguments, "one of four pipes");
        assert_eq!(ran.code, Some(2), "{arguments:?}: {ran:#?}");
    }
}

#[test]
fn a_folder_under_such_a_name_is_no_trouble() {
    let folder = module();
    for name in [".gitignore", ".ignore", "go.work", "go.sum", "unleak.toml"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    run(folder.path(), &["scan", "--profile", "general"]).expect(1, &["1 finding in 1 file"]);
}
