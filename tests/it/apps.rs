//! The bundled leaky services, from findings to a clean scan, as a user would repair them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::go::ENVIRONMENT;
use tempfile::TempDir;

/// A copy of a bundled service in a git repository of its own.
struct Service {
    folder: TempDir,
}

impl Service {
    fn copied(name: &str) -> Service {
        let from = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures/apps")
            .join(name);
        let folder = tempfile::tempdir().unwrap();
        copy(&from, folder.path());
        let service = Service { folder };
        service.git(&["init", "-q"]);
        service.git(&["add", "-A"]);
        service.git(&[
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.com",
            "commit",
            "-qm",
            "as shipped",
        ]);
        service
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn git(&self, arguments: &[&str]) {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(self.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
    }

    fn unleak(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_unleak"));
        command.env("XDG_STATE_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/state"));
        command.args(arguments).current_dir(self.path()).output().unwrap()
    }

    /// Every Go file with its bytes.
    fn sources(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        collect(self.path(), &mut files);
        files.sort();
        files
    }

    /// Runs a Go tool and returns its output; `None` where Go is absent, with one visible line.
    fn go(&self, tool: &str, arguments: &[&str]) -> Option<String> {
        let run = Command::new(tool)
            .args(arguments)
            .envs(ENVIRONMENT)
            .current_dir(self.path())
            .output();
        let Ok(output) = run else {
            assert!(
                std::env::var_os("UNLEAK_REQUIRE_GO").is_none(),
                "{tool} is required and absent"
            );
            eprintln!("skipped: {tool} is not on this machine");
            return None;
        };
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert!(output.status.success(), "{tool} {arguments:?}: {text}");
        Some(text)
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "go") {
            files.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn is_repaired_whole(name: &str) {
    let service = Service::copied(name);
    let before = service.unleak(&["scan"]);
    assert_eq!(before.status.code(), Some(1), "{}", text(&before.stderr));
    for rule in [
        "per-request-sql-open",
        "blocked-send",
        "blocked-receive",
        "retained-context",
        "unclosed-rows",
    ] {
        assert!(text(&before.stdout).contains(rule), "{name} shows no {rule}");
    }

    let patch = service.unleak(&["fix", "--dry-run"]);
    assert_eq!(patch.status.code(), Some(1));
    let original = service.sources();
    let patch_file = service.path().join("repairs.patch");
    fs::write(&patch_file, &patch.stdout).unwrap();
    service.git(&["apply", "repairs.patch"]);
    let patched = service.sources();
    assert_ne!(original, patched);
    service.git(&["apply", "-R", "repairs.patch"]);
    fs::remove_file(patch_file).unwrap();
    assert_eq!(
        service.sources(),
        original,
        "the patch reversed gives the original bytes"
    );

    let fixed = service.unleak(&["fix"]);
    assert_eq!(
        fixed.status.code(),
        Some(0),
        "{}{}",
        text(&fixed.stdout),
        text(&fixed.stderr)
    );
    assert_eq!(
        service.sources(),
        patched,
        "fix and the applied patch give the same bytes"
    );

    let after = service.unleak(&["scan"]);
    assert_eq!(after.status.code(), Some(0), "{}", text(&after.stdout));
    let again = service.unleak(&["fix", "--allow-dirty"]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again.stderr));
    assert_eq!(service.sources(), patched, "a second fix changes nothing");

    assert_eq!(service.go("gofmt", &["-l", "."]).as_deref().unwrap_or(""), "");
    service.go("go", &["build", "./..."]);
    service.go("go", &["vet", "./..."]);
}

#[test]
fn the_v2_service_is_repaired_whole() {
    is_repaired_whole("v2-leaky");
}

#[test]
fn the_v3_service_is_repaired_whole() {
    is_repaired_whole("v3-leaky");
}
