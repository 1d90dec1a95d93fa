//! Shallow clones kept between campaigns, one folder a repository, one user at a time; and worktrees made from them.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::git::Git;
use super::trouble::Trouble;

/// What the analysis reads. Nothing else is written to disk: no assets, no large files, no scripts.
const WANTED: &str = "*.go\ngo.mod\ngo.work\ngo.sum\nmodules.txt\nunleak.toml\n.unleak.toml\n";

/// A repository with this file in its root is left alone.
pub const OPT_OUT: &str = ".unleak-opt-out";

/// Where fetched commits are kept.
const BASE: &str = "refs/unleak/base";

pub struct Cache {
    pub folder: PathBuf,
    /// In bytes: of a clone, and of what is checked out of it.
    pub largest: u64,
}

/// One clone, locked.
pub struct Clone<'a> {
    pub folder: PathBuf,
    pub git: Git<'a>,
    remote: String,
    largest: u64,
    /// Made by an earlier run.
    is_old: bool,
    _lock: File,
}

impl Cache {
    /// Takes the clone of a repository, an empty one where there was none.
    pub fn open<'a>(&self, key: &str, remote: &str, git: Git<'a>) -> Result<Clone<'a>, Trouble> {
        let lock = self.lock(key, &git)?;
        let folder = self.folder.join(format!("{key}.git"));
        let clone = Clone {
            is_old: folder.join("HEAD").exists(),
            folder,
            git,
            remote: remote.to_owned(),
            largest: self.largest,
            _lock: lock,
        };
        match clone.is_old {
            true => clone.tidy(),
            false => clone.init()?,
        }
        Ok(clone)
    }

    /// Another campaign may use the same clone: waits for it, as long as the repository's time lasts.
    fn lock(&self, key: &str, git: &Git<'_>) -> Result<File, Trouble> {
        let open = || {
            fs::create_dir_all(&self.folder)?;
            File::create(self.folder.join(format!("{key}.lock")))
        };
        let file = open().with_context(|| format!("cannot use the cache {}", self.folder.display()))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => {
                    return Err(Trouble::permanent(format!("cannot lock the cache: {error}")));
                }
                Err(TryLockError::WouldBlock) if Instant::now() >= git.watch.deadline => {
                    return Err(Trouble::retryable(
                        "another run uses the clone of this repository",
                    ));
                }
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

impl Clone<'_> {
    pub fn remote(&self) -> &str {
        &self.remote
    }

    fn init(&self) -> Result<(), Trouble> {
        let cache = self.folder.parent().unwrap_or(Path::new("."));
        let made = tempfile::Builder::new().prefix(".new-").tempdir_in(cache);
        let made = made.map_err(|error| Trouble::permanent(format!("cannot write to the cache: {error}")))?;
        // An empty template brings no hooks.
        let init = ["init", "--bare", "--quiet", "--template=", "."];
        self.git.local(made.path()).args(init).to("make a clone").run()?;
        let _ = fs::remove_dir_all(&self.folder);
        fs::rename(made.keep(), &self.folder)
            .map_err(|error| Trouble::permanent(format!("cannot write to the cache: {error}")))
    }

    /// Begins the clone anew where its age may be what a repository failed on: one that a crash of the machine
    /// damaged, or in which the commits of many campaigns piled up. False where it is not.
    pub fn renew(&self) -> Result<bool, Trouble> {
        let fsck = ["fsck", "--no-dangling", "--no-progress"];
        let is_sound = || {
            let call = self.git.local(&self.folder).args(fsck);
            call.to("check the clone").run().is_ok()
        };
        if !self.is_old || (self.folder.exists() && is_sound()) {
            return Ok(false);
        }
        self.init().map(|()| true)
    }

    /// Takes away what a killed git left: we hold the lock, so nobody works here.
    fn tidy(&self) {
        for folder in ["", "refs/unleak", "worktrees"] {
            let entries = fs::read_dir(self.folder.join(folder))
                .into_iter()
                .flatten()
                .flatten();
            let stale = entries.filter(|entry| entry.path().extension().is_some_and(|end| end == "lock"));
            stale.for_each(|entry| drop(fs::remove_file(entry.path())));
        }
        // Half of a fetch serves nobody, and would count as the repository's size.
        let packs = fs::read_dir(self.folder.join("objects/pack"));
        let packs = packs.into_iter().flatten().flatten();
        let half = packs.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b"tmp_"));
        half.for_each(|entry| drop(fs::remove_file(entry.path())));
    }

    /// Brings the commit that `reference` names, without its history.
    pub fn fetch(&self, reference: Option<&str>) -> Result<String, Trouble> {
        let wanted = format!("+{}:{BASE}", reference.unwrap_or("HEAD"));
        self.fetch_as(&wanted)?;
        let commit = format!("{BASE}^{{commit}}");
        let call = self
            .git
            .local(&self.folder)
            .args(["rev-parse", "--verify", &commit]);
        call.to("read the commit").line()
    }

    /// Brings a commit that was looked at before, unless it is here, and tells its date.
    pub fn need(&self, commit: &str, reference: Option<&str>) -> Result<String, Trouble> {
        let date = || {
            let show = ["show", "--no-patch", "--format=%cI", "--end-of-options", commit];
            self.git
                .local(&self.folder)
                .args(show)
                .to("read the commit")
                .line()
        };
        if let Ok(date) = date() {
            return Ok(date);
        }
        // Servers give commits by name as a rule; where one does not, the branch may still be there.
        if self.fetch_as(&format!("+{commit}:{BASE}")).is_err() {
            self.fetch(reference)?;
        }
        date().map_err(|_| {
            Trouble::permanent(format!(
                "commit {commit} is gone from the repository; plan again with --refresh"
            ))
        })
    }

    fn fetch_as(&self, wanted: &str) -> Result<(), Trouble> {
        let flags = [
            "fetch",
            "--depth=1",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-write-fetch-head",
            "--no-auto-maintenance",
            "--quiet",
            "--end-of-options",
        ];
        let call = self.git.remote(&self.folder).args(flags);
        let call = call.args([&self.remote, wanted]).to("fetch");
        let fetched = call.run_with(b"", &|| is_within(&self.folder, self.largest));
        if fetched == Err(Trouble::Interrupted) || is_within(&self.folder, self.largest) {
            return fetched.map(drop);
        }
        // It, or half of it, serves nobody.
        let _ = fs::remove_dir_all(&self.folder);
        Err(Trouble::permanent(
            "cannot fetch: it is larger than the limit (--max-size)",
        ))
    }

    /// What the commit holds: asked before anything of it is written.
    pub fn contents(&self, commit: &str) -> Result<Contents, Trouble> {
        let call = self
            .git
            .local(&self.folder)
            .args(["ls-tree", "-r", "-l", "-z", "--full-tree", commit]);
        let listed = call.to("list the files").run()?;
        let lines = || listed.split(|&byte| byte == 0);
        Ok(Contents {
            is_opted_out: lines().any(|line| path_of(line) == Some(OPT_OUT.as_bytes())),
            bytes: lines().filter_map(wanted_size).sum(),
        })
    }

    /// Writes the Go files of a commit into a worktree at `folder`, which is not there yet. A small clone can
    /// hold huge files, hence `contents`.
    pub fn check_out(&self, commit: &str, contents: &Contents, folder: &Path) -> Result<(), Trouble> {
        if contents.bytes > self.largest {
            return Err(Trouble::permanent(
                "its Go files are larger than the limit (--max-size)",
            ));
        }
        if self.folder.join("worktrees").exists() {
            let prune = ["worktree", "prune", "--expire=now"];
            self.git
                .local(&self.folder)
                .args(prune)
                .to("tidy worktrees")
                .run()?;
        }
        let add = [
            "worktree",
            "add",
            "--quiet",
            "--detach",
            "--no-checkout",
            "--force",
        ];
        let call = self.git.local(&self.folder).args(add).arg(folder).args([commit]);
        call.to("make a worktree").run()?;
        choose_files(folder).context("cannot make a worktree")?;
        let sparse = [
            "-c",
            "core.sparseCheckout=true",
            "-c",
            "core.sparseCheckoutCone=false",
        ];
        let call = self
            .git
            .local(folder)
            .args(sparse)
            .args(["read-tree", "-mu", "HEAD"]);
        call.to("check the files out").run().map(drop)
    }
}

/// What a commit holds.
pub struct Contents {
    /// Its root says that it is to be left alone.
    pub is_opted_out: bool,
    /// The size of its Go files.
    bytes: u64,
}

/// Tells git what to check out, where it looks for that: a worktree's `.git` file names its part of the clone.
fn choose_files(worktree: &Path) -> Result<()> {
    let text = fs::read_to_string(worktree.join(".git"))?;
    let home = text.trim_end().trim_start_matches("gitdir: ");
    let folder = worktree.join(home).join("info");
    fs::create_dir_all(&folder)?;
    Ok(fs::write(folder.join("sparse-checkout"), WANTED)?)
}

/// The path in a line `mode blob id size<tab>path`.
fn path_of(line: &[u8]) -> Option<&[u8]> {
    let tab = line.iter().position(|&byte| byte == b'\t')?;
    line.get(tab + 1..)
}

/// The size that such a line tells, if it is a Go file's.
fn wanted_size(line: &[u8]) -> Option<u64> {
    let path = path_of(line)?;
    let facts = line.strip_suffix(path)?;
    let size = std::str::from_utf8(facts).ok()?.split_whitespace().last()?;
    path.ends_with(b".go").then(|| size.parse().ok()).flatten()
}

/// Whether the files in a folder are within a limit. What vanishes meanwhile counts nothing.
fn is_within(folder: &Path, limit: u64) -> bool {
    let mut sum = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => folders.push(entry.path()),
                Ok(metadata) => sum += metadata.len(),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(_) => return false,
            }
        }
    }
    sum <= limit
}
