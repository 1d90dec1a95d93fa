//! Throw-away git repositories.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

pub struct Repository {
    folder: TempDir,
}

impl Repository {
    /// A repository with these files committed.
    pub fn with<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let repository = Repository {
            folder: tempfile::tempdir().unwrap(),
        };
        for (path, content) in files {
            repository.write(path, content);
        }
        repository.git(&["init", "-q"]);
        repository.commit();
        repository
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, path: &str, content: &[u8]) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.path().join(path)).unwrap()
    }

    pub fn commit(&self) {
        self.git(&["add", "-A", "-f"]);
        self.git(&[
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.com",
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            "c",
        ]);
    }

    /// Runs git; its message where it fails.
    pub fn try_git(&self, arguments: &[&str]) -> Result<(), String> {
        let mut command = Command::new("git");
        command
            .args(["-c", "core.autocrlf=false", "-c", "core.hooksPath=/dev/null"])
            .args(arguments);
        let output = command
            .current_dir(self.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    pub fn git(&self, arguments: &[&str]) {
        self.try_git(arguments)
            .unwrap_or_else(|message| panic!("git {arguments:?}: {message}"));
    }

    /// `git apply` of a patch, in reverse where wanted.
    pub fn apply(&self, patch: &[u8], reverse: bool) -> Result<(), String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), patch).unwrap();
        let path = file.path().to_string_lossy().into_owned();
        match reverse {
            true => self.try_git(&["apply", "-R", &path]),
            false => self.try_git(&["apply", &path]),
        }
    }
}
