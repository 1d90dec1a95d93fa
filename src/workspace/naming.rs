//! What paths are told relative to: inside of a run, and to people.

use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The folders that names of files start from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming {
    /// What is scanned: the folder given, the folder of the file given, or the deepest folder that holds all of them.
    pub scanned: PathBuf,
    /// Where names inside of a run start. It holds all that is scanned, so that none of them leads upwards.
    pub root: PathBuf,
    /// Where the paths that people see start.
    base: PathBuf,
}

impl Naming {
    /// All folders are absolute and without symbolic links.
    pub fn new(scanned: PathBuf, base: Option<&Path>) -> Result<Self> {
        let base = match base {
            Some(base) => {
                let shown = base.display();
                let folder = fs::canonicalize(base).with_context(|| format!("cannot open `{shown}`"))?;
                if !folder.is_dir() {
                    bail!("`{shown}` is no folder that paths could be relative to");
                }
                folder
            }
            None => scanned.clone(),
        };
        let root = match scanned.starts_with(&base) {
            true => base.clone(),
            false => scanned.clone(),
        };
        Ok(Naming { scanned, root, base })
    }

    /// The name inside of the run.
    pub fn named(&self, path: &Path) -> String {
        relative(path, &self.root)
    }

    /// Whether people see other paths than those that are used inside of the run.
    pub fn differs(&self) -> bool {
        self.root != self.base
    }

    /// The path that people see, for a name inside of the run.
    pub fn told(&self, name: &str) -> String {
        relative(&without_detours(&self.root.join(name)), &self.base)
    }

    /// A text with the paths that people see, for one with the names that `is_known`.
    pub fn retold(&self, text: &str, is_known: impl Fn(&str) -> bool) -> String {
        let between = |char: char| char.is_whitespace() || "`'\"()[]:;,".contains(char);
        let words = text.split_inclusive(between).map(|piece| {
            let word = piece.trim_end_matches(between);
            match is_known(word) {
                true => self.told(word) + &piece[word.len()..],
                false => piece.to_owned(),
            }
        });
        words.collect()
    }
}

/// The path as seen from the folder `base`.
fn relative(path: &Path, base: &Path) -> String {
    match path.strip_prefix(base) {
        Ok(below) => slashed(below),
        Err(_) => slashed(&upwards(path, base)),
    }
}

/// The path without `..` behind a name.
fn without_detours(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

/// `path`, which does not lie below `root`, as seen from there.
pub(super) fn upwards(path: &Path, root: &Path) -> PathBuf {
    let shared = root.ancestors().find(|above| path.starts_with(above));
    let Some(shared) = shared.filter(|shared| shared.parent().is_some()) else {
        return path.to_owned();
    };
    let ups = root.strip_prefix(shared).into_iter().flat_map(Path::components);
    let up: PathBuf = ups.map(|_| "..").collect();
    up.join(path.strip_prefix(shared).unwrap_or(path))
}

/// A relative path as people write it everywhere, with `/`.
pub(super) fn slashed(path: &Path) -> String {
    String::from_utf8_lossy(&slashed_bytes(path)).into_owned()
}

pub(super) fn slashed_bytes(path: &Path) -> Vec<u8> {
    let bytes = path.as_os_str().as_encoded_bytes();
    match std::path::MAIN_SEPARATOR {
        '/' => bytes.to_vec(),
        _ => bytes
            .iter()
            .map(|&byte| if byte == b'\\' { b'/' } else { byte })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_beside_the_root_are_told_from_there() {
        let from = |root: &str| slashed(&upwards(Path::new("/w/app/db/open.go"), Path::new(root)));
        assert_eq!(from("/w/app/handlers/v1"), "../../db/open.go");
        assert_eq!(from("/elsewhere"), "/w/app/db/open.go");
    }

    #[test]
    fn names_inside_a_run_become_paths_from_the_base() {
        let naming = Naming {
            scanned: "/w/app".into(),
            root: "/w/app".into(),
            base: "/w/tools/lint".into(),
        };
        assert_eq!(naming.told("api/h.go"), "../../app/api/h.go");
        assert_eq!(naming.told("../tools/lint/x.go"), "x.go");
        let text = "in list (api/h.go:12), `api/h.go` is not api/h.golang";
        let told = naming.retold(text, |word| word == "api/h.go");
        assert_eq!(
            told,
            "in list (../../app/api/h.go:12), `../../app/api/h.go` is not api/h.golang"
        );
    }
}
