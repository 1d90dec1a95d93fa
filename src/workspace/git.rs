//! The `git` program as a process: what a write could destroy.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use anyhow::{Context, Result, bail};

use super::files::Overlay;
use super::programs;

/// What git cannot give back, should a write turn out wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exposure {
    /// Changes that are not committed: tracked files of the targets' repositories, and targets that git does not
    /// track. Absolute and sorted.
    pub dirty: Vec<PathBuf>,
    /// Targets outside any repository.
    pub unversioned: Vec<PathBuf>,
}

/// The root of the git repository (or linked worktree, or submodule) around `path`.
pub fn repository_root(path: &Path) -> Option<PathBuf> {
    path.ancestors()
        .find(|dir| dir.join(".git").exists())
        .map(Path::to_owned)
}

/// Asks git about the files that are to be written. `targets` are absolute.
pub fn exposure<P: AsRef<Path>>(targets: &[P]) -> Result<Exposure> {
    let mut exposure = Exposure::default();
    let mut repositories: BTreeMap<PathBuf, Vec<&Path>> = BTreeMap::new();
    for target in targets.iter().map(AsRef::as_ref) {
        match repository_root(target) {
            Some(root) => repositories.entry(root).or_default().push(target),
            None => exposure.unversioned.push(target.to_owned()),
        }
    }
    for (root, targets) in &repositories {
        exposure.dirty.extend(changed(root)?);
        let tracked: HashSet<PathBuf> = tracked(root)?.into_iter().collect();
        let untracked = targets.iter().filter(|target| !tracked.contains(**target));
        exposure
            .dirty
            .extend(untracked.map(|target| target.to_path_buf()));
    }
    exposure.dirty.sort();
    exposure.dirty.dedup();
    Ok(exposure)
}

/// What the commit `since` lays over the disk in the repositories around `paths`: its Go and module files where they
/// differ, and the absence of those that it does not have. Nothing where no commit or no git is there.
pub fn committed(paths: &[PathBuf], since: &str) -> Result<Overlay> {
    let mut overlay = Overlay::default();
    let canonical = paths.iter().filter_map(|path| path.canonicalize().ok());
    let roots: BTreeSet<PathBuf> = canonical.filter_map(|path| repository_root(&path)).collect();
    for root in &roots {
        if since == "HEAD" && git(root, &["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).is_err() {
            continue;
        }
        lay_commit(root, since, &mut overlay)?;
    }
    Ok(overlay)
}

/// What the go command reads of a module.
const SOURCES: [&str; 6] = ["*.go", "go.mod", "*/go.mod", "go.sum", "*/go.sum", "go.work"];

fn lay_commit(root: &Path, since: &str, overlay: &mut Overlay) -> Result<()> {
    let commit = format!("{since}^{{commit}}");
    let asked = ["rev-parse", "--verify", "--quiet", "--end-of-options", &commit];
    git(root, &asked).with_context(|| format!("there is no commit `{since}`"))?;
    let listing = |kinds: &str| {
        let flags = [
            "diff",
            "--name-only",
            "-z",
            "--no-renames",
            "--no-ext-diff",
            "--ignore-submodules=all",
            kinds,
            since,
            "--",
        ];
        git(root, &[&flags[..], &SOURCES].concat())
    };
    for path in self::paths(root, &listing("--diff-filter=MTD")?, 0) {
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
        let bytes = git(root, &["show", "--no-textconv", &format!("{since}:{name}")])?;
        overlay.set(&path, Some(bytes));
    }
    // What git ignores (generated code) is taken as it is: no commit has it.
    let untracked = ["ls-files", "-z", "--others", "--exclude-standard", "--"];
    let untracked = git(root, &[&untracked[..], &SOURCES].concat())?;
    for listed in [listing("--diff-filter=A")?, untracked] {
        for path in self::paths(root, &listed, 0) {
            overlay.set(&path, None);
        }
    }
    Ok(())
}

/// Tracked files with changes, staged or not.
fn changed(root: &Path) -> Result<Vec<PathBuf>> {
    let flags = [
        "status",
        "--porcelain=v1",
        "-z",
        "--untracked-files=no",
        "--no-renames",
        "--ignore-submodules=all",
    ];
    let listed = git(root, &flags)?;
    // Two letters and a space stand before each path.
    Ok(paths(root, &listed, 3))
}

fn tracked(root: &Path) -> Result<Vec<PathBuf>> {
    let listed = git(root, &["ls-files", "-z"])?;
    Ok(paths(root, &listed, 0))
}

fn paths(root: &Path, listed: &[u8], prefix: usize) -> Vec<PathBuf> {
    let entries = listed
        .split(|&byte| byte == 0)
        .filter_map(|entry| entry.get(prefix..));
    let entries = entries.filter(|entry| !entry.is_empty());
    entries.map(|entry| root.join(os_string(entry))).collect()
}

#[cfg(unix)]
pub(super) fn os_string(bytes: &[u8]) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes.to_vec())
}

#[cfg(not(unix))]
pub(super) fn os_string(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

/// Runs git in a repository that may be hostile: its config must not start programs, its index is not
/// written, and the environment (set inside a hook) must not point at another repository.
fn git(root: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
    let without = without_filters(root)?;
    let flags = without.iter().map(String::as_str);
    run(root, &flags.chain(arguments.iter().copied()).collect::<Vec<_>>())
}

/// The flags that take away every filter which the repository defines: git would run it for each file that it compares.
/// Those of the user stay.
fn without_filters(root: &Path) -> Result<Vec<String>> {
    let listed = run(root, &["config", "--list", "--show-scope", "--name-only", "-z"])?;
    let listed = String::from_utf8_lossy(&listed);
    let words: Vec<&str> = listed.split('\0').collect();
    let own = words
        .chunks_exact(2)
        .filter(|entry| matches!(entry[0], "local" | "worktree"));
    let filters: BTreeSet<&str> = own
        .filter_map(|entry| entry[1].strip_prefix("filter.")?.rsplit_once('.'))
        .map(|(name, _)| name)
        .collect();
    let mut flags = Vec::new();
    for name in filters {
        // git cuts such a flag at the first `=`, and would keep the filter.
        if name.contains(['=', '\n', char::REPLACEMENT_CHARACTER]) {
            bail!(
                "{} has a git filter with an odd name, `{}`: remove it from .git/config",
                root.display(),
                name.escape_debug()
            );
        }
        for setting in ["clean=", "smudge=", "process=", "required=false"] {
            flags.extend(["-c".to_owned(), format!("filter.{name}.{setting}")]);
        }
    }
    Ok(flags)
}

fn run(root: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
    let output = programs::command("git")
        .args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"])
        .args(arguments)
        .current_dir(root)
        .stdin(Stdio::null())
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("LC_ALL", "C")
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .output()
        .context(
            "cannot run git to see whether the files are committed; install git or pass --allow-dirty",
        )?;
    stdout_of(root, output)
}

fn stdout_of(root: &Path, output: Output) -> Result<Vec<u8>> {
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().next().unwrap_or("it gave no reason");
    bail!("git cannot tell the state of {}: {said}", root.display())
}
