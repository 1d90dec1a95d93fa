//! Many bare repositories with leaks, as a team's server has them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::command::{Ran, unleak};

/// A repository with rows that are never closed.
pub const ROWS: &str = "package store

import \"database/sql\"

// Names lists the names of NUMBER users.
func Names(db *sql.DB) ([]string, error) {
\trows, err := db.Query(\"SELECT name FROM users\")
\tif err != nil {
\t\treturn nil, err
\t}
\tvar names []string
\tfor rows.Next() {
\t\tvar name string
\t\tif err := rows.Scan(&name); err != nil {
\t\t\treturn nil, err
\t\t}
\t\tnames = append(names, name)
\t}
\treturn names, rows.Err()
}
";

/// A file that is never closed, beside rows that are never closed: two rules in one package.
pub const FILE: &str = "package store

import \"os\"

func Size(path string) (int64, error) {
\tfile, err := os.Open(path)
\tif err != nil {
\t\treturn 0, err
\t}
\tinfo, err := file.Stat()
\tif err != nil {
\t\treturn 0, err
\t}
\treturn info.Size(), nil
}
";

pub const CLEAN: &str = "package store\n\nfunc Add(a, b int) int { return a + b }\n";

/// A folder with bare repositories, a cache and room for campaigns.
pub struct Fleet {
    folder: TempDir,
    pub repositories: Vec<PathBuf>,
}

impl Fleet {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let template = folder.path().join("template.git");
        let init = ["init", "-q", "--bare", "--template=", "-b", "main"];
        git(folder.path(), &[&init[..], &["template.git"]].concat());
        assert!(template.is_dir());
        Fleet {
            folder,
            repositories: Vec::new(),
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Adds a repository with these files on its branch `main`.
    pub fn add(&mut self, name: &str, files: &[(&str, &str)]) -> PathBuf {
        let path = self.path().join(format!("{name}.git"));
        copy(&self.path().join("template.git"), &path);
        commit(&path, "main", files);
        self.repositories.push(path.clone());
        path
    }

    /// `count` repositories, each with a leak: rows, or rows and a file.
    pub fn with_leaks(count: usize) -> Self {
        let mut fleet = Fleet::new();
        for number in 0..count {
            let rows = ROWS.replace("NUMBER", &number.to_string());
            let name = format!("service-{number:03}");
            match number % 4 {
                3 => fleet.add(&name, &[("store/names.go", &rows), ("store/size.go", FILE)]),
                _ => fleet.add(&name, &[("store/names.go", &rows)]),
            };
        }
        fleet
    }

    /// Writes the list of all repositories.
    pub fn manifest(&self) -> PathBuf {
        let lines = self
            .repositories
            .iter()
            .map(|path| format!("file://{}\n", path.display()));
        let path = self.path().join("manifest.txt");
        fs::write(&path, lines.collect::<String>()).unwrap();
        path
    }

    /// `unleak batch …`, away from the settings of this machine.
    pub fn batch(&self, arguments: &[&str]) -> Command {
        let mut command = unleak(self.path());
        command.arg("batch").args(arguments);
        command.env("XDG_CACHE_HOME", self.path().join("cache"));
        command.env("GIT_CONFIG_GLOBAL", self.path().join("gitconfig"));
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::new(self.batch(arguments).output().unwrap())
    }

    /// The branches and other refs of every repository.
    pub fn refs(&self) -> Vec<String> {
        self.repositories
            .iter()
            .map(|path| git(path, &["for-each-ref"]))
            .collect()
    }
}

/// Puts a commit with exactly these files on a branch. A text `link:PATH` makes a symbolic link, `module:COMMIT` a
/// submodule.
pub fn commit(repository: &Path, branch: &str, files: &[(&str, &str)]) {
    let mut stream =
        format!("commit refs/heads/{branch}\ncommitter t <t@example.com> 1700000000 +0000\ndata 1\nc\n");
    if git(repository, &["for-each-ref", &format!("refs/heads/{branch}")]).contains(branch) {
        stream.push_str(&format!("from refs/heads/{branch}^0\n"));
    }
    stream.push_str("deleteall\n");
    for (path, text) in files {
        if let Some(commit) = text.strip_prefix("module:") {
            stream.push_str(&format!("M 160000 {commit} {path}\n"));
            continue;
        }
        let mode = if text.starts_with("link:") {
            "120000"
        } else {
            "100644"
        };
        let text = text.strip_prefix("link:").unwrap_or(text);
        stream.push_str(&format!("M {mode} inline {path}\ndata {}\n{text}\n", text.len()));
    }
    let mut child = Command::new("git")
        .args(["fast-import", "--quiet"])
        .current_dir(repository)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stream.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

/// Runs git and gives what it prints.
#[track_caller]
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), &target).unwrap()),
        }
    }
}

/// Every file of a campaign that is its product, with its bytes.
pub fn product(campaign: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    // A shard to which no repository fell has no `repos`.
    let parts = ["repos", "report"].map(|part| campaign.join(part));
    for part in parts.iter().filter(|part| part.is_dir()) {
        collect(part, campaign, &mut files);
    }
    files.sort();
    files
}

fn collect(folder: &Path, root: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => collect(&path, root, files),
            false => files.push((
                path.strip_prefix(root).unwrap().to_owned(),
                fs::read(&path).unwrap(),
            )),
        }
    }
}
