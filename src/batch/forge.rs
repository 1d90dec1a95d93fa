//! Opening a merge request is the forge's business: we say the command, or run one that the user gives.

use std::path::{Path, PathBuf};

use super::address::redact;
use super::process::{Unfinished, Watch};
use super::trouble::Trouble;
use crate::workspace::programs;

/// A program's exit code for "try again later", as sysexits has it.
const TEMPFAIL: i32 = 75;

/// Who opens merge requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forge {
    /// Nobody: the command for GitHub's or GitLab's own program is told.
    Tell(Flavor),
    /// This shell command, once per repository.
    Exec(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavor {
    /// By the host's name.
    Auto,
    GitHub,
    GitLab,
}

/// A merge request to be opened.
pub struct Request<'a> {
    /// The canonical name.
    pub repository: &'a str,
    pub remote: &'a str,
    pub branch: &'a str,
    /// The branch to merge into; the default branch when absent.
    pub base: Option<&'a str>,
    pub commit: &'a str,
    pub title: &'a str,
    pub body: PathBuf,
    pub draft: bool,
}

impl Request<'_> {
    /// The command that opens it; none where the host is no forge.
    pub fn command(&self, flavor: Flavor) -> Option<String> {
        let (host, path) = self.repository.split_once('/')?;
        let is_gitlab = match flavor {
            Flavor::Auto if self.repository.starts_with("file:") => return None,
            Flavor::Auto => host.contains("gitlab"),
            Flavor::GitHub => false,
            Flavor::GitLab => true,
        };
        let body = self.body.to_string_lossy();
        let mut words = match is_gitlab {
            true => vec![
                "glab mr create --yes".to_owned(),
                format!("--repo {}", quoted(&format!("https://{host}/{path}"))),
                format!("--source-branch {}", quoted(self.branch)),
                format!("--title {}", quoted(self.title)),
                format!("--description \"$(cat {})\"", quoted(&body)),
            ],
            false => vec![
                "gh pr create".to_owned(),
                format!("--repo {}", quoted(self.repository)),
                format!("--head {}", quoted(self.branch)),
                format!("--title {}", quoted(self.title)),
                format!("--body-file {}", quoted(&body)),
            ],
        };
        if let Some(base) = self.base {
            let flag = if is_gitlab { "--target-branch" } else { "--base" };
            words.push(format!("{flag} {}", quoted(base)));
        }
        if self.draft {
            words.push("--draft".to_owned());
        }
        Some(words.join(" "))
    }

    /// Runs the user's command with the request in its environment, and tells what it printed.
    pub fn exec(&self, command: &str, folder: &Path, watch: &Watch<'_>) -> Result<String, Trouble> {
        let mut shell = programs::command("sh");
        shell
            .args(["-c", command])
            .current_dir(folder)
            .env("UNLEAK_REPOSITORY", self.repository)
            .env("UNLEAK_REMOTE", self.remote)
            .env("UNLEAK_BRANCH", self.branch)
            .env("UNLEAK_BASE", self.base.unwrap_or_default())
            .env("UNLEAK_COMMIT", self.commit)
            .env("UNLEAK_TITLE", self.title)
            .env("UNLEAK_BODY_FILE", &self.body)
            .env("UNLEAK_DRAFT", if self.draft { "1" } else { "" });
        let finished = watch
            .run(&mut shell, b"", &|| true)
            .map_err(|unfinished| match unfinished {
                Unfinished::Interrupted => Trouble::Interrupted,
                Unfinished::Unstartable(error) => Trouble::permanent(format!("cannot run sh: {error}")),
                _ => Trouble::retryable("the --exec command did not end in time"),
            })?;
        if finished.status.success() {
            return Ok(redact(String::from_utf8_lossy(&finished.stdout).trim()));
        }
        let said = redact(&finished.stderr);
        let last = said
            .lines()
            .rfind(|line| !line.trim().is_empty())
            .unwrap_or("it gave no reason");
        let message = format!("the --exec command failed: {}", last.trim());
        match finished.status.code() {
            Some(TEMPFAIL) | None => Err(Trouble::retryable(message)),
            Some(_) => Err(Trouble::permanent(message)),
        }
    }
}

/// A word for the shell.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:@".contains(letter);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(repository: &str) -> Request<'_> {
        Request {
            repository,
            remote: "",
            branch: "unleak/leaks",
            base: Some("main"),
            commit: "c",
            title: "Repair it's leaks",
            body: PathBuf::from("out/change.md"),
            draft: true,
        }
    }

    #[test]
    fn the_command_fits_the_forge() {
        assert_eq!(
            request("github.com/o/r").command(Flavor::Auto).unwrap(),
            "gh pr create --repo github.com/o/r --head unleak/leaks --title 'Repair it'\\''s leaks' \
             --body-file out/change.md --base main --draft"
        );
        assert_eq!(
            request("gitlab.com/o/g/r").command(Flavor::Auto).unwrap(),
            "glab mr create --yes --repo https://gitlab.com/o/g/r --source-branch unleak/leaks \
             --title 'Repair it'\\''s leaks' --description \"$(cat out/change.md)\" --target-branch main --draft"
        );
        assert_eq!(request("file:///srv/r").command(Flavor::Auto), None);
    }
}
