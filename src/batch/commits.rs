//! Patches as commits, made of git's own parts: no worktree, so neither hooks nor filters have anything to do.

use std::fs;
use std::path::{Path, PathBuf};

use super::cache::Clone;
use super::trouble::Trouble;
use super::unit::{Step, Unit};

/// Who commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    pub name: String,
    pub email: String,
}

/// The artifacts of a unit, on its clone.
pub struct Commits<'a> {
    pub clone: &'a Clone<'a>,
    pub unit: &'a Unit,
    /// With `fix.patch` and `commits/`.
    pub folder: &'a Path,
    /// A path for git's index, which nobody else uses.
    pub index: &'a Path,
}

impl Commits<'_> {
    /// Proves that the patch fits its commit, and that the commits together make exactly the patch.
    pub fn check(&self) -> Result<(), Trouble> {
        let base = &self.unit.commit;
        self.start(base)?;
        let whole = self.apply(&self.folder.join("fix.patch"))?;
        if let [only] = self.unit.commits.as_slice()
            && is_same(&self.patch(only), &self.folder.join("fix.patch"))
        {
            return Ok(());
        }
        self.start(base)?;
        let mut last = String::new();
        for step in &self.unit.commits {
            last = self.apply(&self.patch(step))?;
        }
        match whole == last {
            true => Ok(()),
            false => Err(Trouble::permanent(
                "internal error: its commits do not add up to its patch; please report it",
            )),
        }
    }

    /// Makes the commits and tells the last. The same unit makes the same commits: they bear `date`, the base's.
    pub fn make(&self, campaign: &str, author: &Author, date: &str) -> Result<String, Trouble> {
        let git = self.clone.git;
        let mut parent = self.unit.commit.clone();
        self.start(&parent)?;
        for step in &self.unit.commits {
            let tree = self.apply(&self.patch(step))?;
            let call = git
                .local(&self.clone.folder)
                .args(["commit-tree", "-p", &parent, "-F", "-", &tree]);
            let call = call
                .env("GIT_AUTHOR_NAME", &author.name)
                .env("GIT_AUTHOR_EMAIL", &author.email)
                .env("GIT_AUTHOR_DATE", date)
                .env("GIT_COMMITTER_NAME", &author.name)
                .env("GIT_COMMITTER_EMAIL", &author.email)
                .env("GIT_COMMITTER_DATE", date)
                .to("make the commit");
            let made = call.run_with(self.message(step, campaign).as_bytes(), &|| true)?;
            parent = String::from_utf8_lossy(&made).trim().to_owned();
        }
        Ok(parent)
    }

    fn patch(&self, step: &Step) -> PathBuf {
        self.folder.join("commits").join(&step.patch)
    }

    fn start(&self, commit: &str) -> Result<(), Trouble> {
        let _ = fs::remove_file(self.index);
        let call = self
            .clone
            .git
            .local(&self.clone.folder)
            .env("GIT_INDEX_FILE", self.index);
        call.args(["read-tree", commit])
            .to("read the tree")
            .run()
            .map(drop)
    }

    /// Applies a patch to the index and tells the tree.
    fn apply(&self, patch: &Path) -> Result<String, Trouble> {
        let call = || {
            self.clone
                .git
                .local(&self.clone.folder)
                .env("GIT_INDEX_FILE", self.index)
        };
        let apply = call()
            .args(["apply", "--cached", "--whitespace=nowarn"])
            .arg(patch);
        apply.to("apply the patch").run()?;
        call().args(["write-tree"]).to("write the tree").line()
    }

    /// One paragraph on what and why, the places, and trailers for programs.
    fn message(&self, step: &Step, campaign: &str) -> String {
        let mut text = match step.rules.as_slice() {
            [rule] => format!("Repair {rule} ({})\n\n", counted(step.findings)),
            _ => format!("Repair leaks that hang together ({})\n\n", counted(step.findings)),
        };
        for note in self
            .unit
            .rules
            .iter()
            .filter(|note| step.rules.contains(&note.rule))
        {
            text.push_str(&wrapped(&format!(
                "{}. {}",
                note.title.trim_end_matches('.'),
                note.why
            )));
            text.push('\n');
        }
        for finding in self.unit.fixed_by(step) {
            let title = finding.fix.as_ref().map_or("", |fix| fix.title.as_str());
            text.push_str(&format!("- {}:{} {title}\n", finding.path, finding.line));
            for left in &finding.remains {
                text.push_str(&format!("  Still to do: {left}\n"));
            }
        }
        text.push('\n');
        for rule in &step.rules {
            text.push_str(&format!("Unleak-Rule: {rule}\n"));
        }
        text.push_str(&format!("Unleak-Campaign: {campaign}\n"));
        text.push_str(&format!("Unleak-Version: {}\n", env!("CARGO_PKG_VERSION")));
        text
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((fs::read(one), fs::read(other)), (Ok(one), Ok(other)) if one == other)
}

fn counted(findings: usize) -> String {
    match findings {
        1 => "1 finding".to_owned(),
        count => format!("{count} findings"),
    }
}

/// Lines of at most 72 letters, as commit messages have them.
fn wrapped(text: &str) -> String {
    let mut out = String::new();
    let mut width = 0;
    for word in text.split_whitespace() {
        let letters = word.chars().count();
        if width > 0 && width + 1 + letters > 72 {
            out.push('\n');
            width = 0;
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += letters;
    }
    out.push('\n');
    out
}
