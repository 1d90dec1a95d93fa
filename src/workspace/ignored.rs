//! What `.gitignore`, `.ignore` and `.git/info/exclude` leave out. The ignore crate would open whatever lies under these
//! names; here every file is read by [`Files`], and the crate's matcher gets its lines.

use std::collections::HashMap;
use std::fs;
use std::iter::successors;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ignore::{DirEntry, Match};

use super::files::Files;

/// More patterns than any project has; each costs time for every file of the walk.
const MAX_IGNORE_BYTES: u64 = 256 << 10;
/// `.git` of a linked worktree and the file `commondir` hold one path.
const MAX_LINK_BYTES: u64 = 8 << 10;

/// The rules of all folders that a walk came through.
pub(super) struct Ignored {
    /// The user's own rules for every repository.
    global: Gitignore,
    files: Files,
    known: RwLock<HashMap<PathBuf, Option<Arc<Level>>>>,
}

/// A folder with rules, or a repository's root.
struct Level {
    above: Option<Arc<Level>>,
    /// Of `.ignore`, which counts outside of repositories, too.
    plain: Gitignore,
    git: Gitignore,
    exclude: Gitignore,
    is_repository: bool,
}

impl Default for Ignored {
    fn default() -> Self {
        Ignored {
            global: Gitignore::global().0,
            files: Files::default(),
            known: RwLock::default(),
        }
    }
}

impl Ignored {
    /// Whether the entry, whose folder is not left out, is.
    pub(super) fn leaves_out(&self, entry: &DirEntry) -> bool {
        let is_dir = entry.file_type().is_some_and(|kind| kind.is_dir());
        let path = entry.path();
        let Some(level) = path.parent().and_then(|folder| self.level(folder)) else {
            return false;
        };
        level.verdict(path, is_dir, &self.global).is_ignore()
    }

    /// Ignore files that are there and could not be used.
    pub(super) fn unusable(self) -> Vec<(PathBuf, String)> {
        self.files.into_unusable()
    }

    /// The nearest folder with rules, from `folder` upwards.
    fn level(&self, folder: &Path) -> Option<Arc<Level>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(level) = known.get(folder) {
            return level.clone();
        }
        drop(known);
        let above = folder.parent().and_then(|above| self.level(above));
        let level = self.read(folder, above);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(folder.to_owned(), level.clone());
        level
    }

    fn read(&self, folder: &Path, above: Option<Arc<Level>>) -> Option<Arc<Level>> {
        let git = folder.join(".git");
        let is_repository = git.exists();
        let exclude = || Some(self.git_folder(&git)?.join("info/exclude"));
        let level = Level {
            plain: self.rules(folder, &folder.join(".ignore")),
            git: self.rules(folder, &folder.join(".gitignore")),
            exclude: match is_repository.then(exclude).flatten() {
                Some(file) => self.rules(folder, &file),
                None => Gitignore::empty(),
            },
            is_repository,
            above,
        };
        match level.says_nothing() {
            true => level.above,
            false => Some(Arc::new(level)),
        }
    }

    /// The patterns of `file`, which are about paths below `folder`.
    fn rules(&self, folder: &Path, file: &Path) -> Gitignore {
        let Some(text) = self.files.read_text(file, MAX_IGNORE_BYTES) else {
            return Gitignore::empty();
        };
        let mut builder = GitignoreBuilder::new(folder);
        for line in text.trim_start_matches('\u{feff}').lines() {
            // git passes over patterns that it does not understand, too.
            let _ = builder.add_line(None, line);
        }
        builder.build().unwrap_or_else(|error| {
            self.files
                .note(file, format!("its patterns cannot be used: {error}"));
            Gitignore::empty()
        })
    }

    /// Where the repository keeps what all its worktrees share: `.git`, or where that file leads to.
    fn git_folder(&self, git: &Path) -> Option<PathBuf> {
        if fs::metadata(git).ok()?.is_dir() {
            return Some(git.to_owned());
        }
        let link = self.files.read_text(git, MAX_LINK_BYTES)?;
        let own = link.lines().next()?.strip_prefix("gitdir: ")?;
        let own = git.parent()?.join(own);
        match self.files.read_text(&own.join("commondir"), MAX_LINK_BYTES) {
            Some(common) => Some(own.join(common.lines().next()?)),
            None => Some(own),
        }
    }
}

impl Level {
    fn says_nothing(&self) -> bool {
        let rules = [&self.plain, &self.git, &self.exclude];
        !self.is_repository && rules.iter().all(|rules| rules.is_empty())
    }

    /// This one and those above it, the nearest first.
    fn upwards(&self) -> impl Iterator<Item = &Level> {
        successors(Some(self), |level| level.above.as_deref())
    }

    /// As git decides: the nearest rule counts, `.ignore` before `.gitignore` before the repository's own list before
    /// the user's. git's files count within repositories, and not beyond their root.
    fn verdict<'l>(&'l self, path: &Path, is_dir: bool, global: &'l Gitignore) -> Match<()> {
        let decides = |rules: &Gitignore| rules.matched(path, is_dir).map(drop);
        let plain = first(self.upwards().map(|level| decides(&level.plain)));
        if !plain.is_none() || !self.upwards().any(|level| level.is_repository) {
            return plain;
        }
        let outside = self.upwards().take_while(|level| !level.is_repository).count();
        let inside = || self.upwards().take(outside + 1);
        first(inside().map(|level| decides(&level.git)))
            .or(first(inside().map(|level| decides(&level.exclude))))
            .or(decides(global))
    }
}

/// The first that decides anything.
fn first(mut verdicts: impl Iterator<Item = Match<()>>) -> Match<()> {
    verdicts.find(|verdict| !verdict.is_none()).unwrap_or(Match::None)
}
