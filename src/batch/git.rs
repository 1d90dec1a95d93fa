//! The `git` program on repositories that may be hostile: no hooks, filters, submodules or LFS, no prompts, and
//! nothing of what it says leaves with a password in it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use super::address::redact;
use super::process::{Finished, Unfinished, Watch};
use super::trouble::Trouble;
use crate::workspace::programs;

/// Git under supervision.
#[derive(Clone, Copy)]
pub struct Git<'a> {
    pub watch: Watch<'a>,
}

/// Settings that no repository can undo.
const SAFE: [&str; 12] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.protectNTFS=true",
    "core.protectHFS=true",
    // A link becomes a small text file, so no path in a worktree leads out of it.
    "core.symlinks=false",
    "core.autocrlf=false",
    "submodule.recurse=false",
    "protocol.ext.allow=never",
    "gc.auto=0",
    "maintenance.auto=false",
    "commit.gpgSign=false",
];

/// Variables by which a caller (a hook, say) would point us at another repository.
const FOREIGN: [&str; 6] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
];

impl<'a> Git<'a> {
    /// Git that talks to other machines: with the user's own settings, for their credentials and proxies.
    pub fn remote(&self, folder: &Path) -> Call<'a> {
        let mut command = safe(folder);
        if std::env::var_os("GIT_SSH_COMMAND").is_none() && std::env::var_os("GIT_SSH").is_none() {
            command.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
        }
        Call {
            command,
            watch: self.watch,
            action: "git",
        }
    }

    /// Git that stays here: without the settings of user and machine, where filters are defined.
    pub fn local(&self, folder: &Path) -> Call<'a> {
        let mut command = safe(folder);
        command
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_ATTR_NOSYSTEM", "1");
        Call {
            command,
            watch: self.watch,
            action: "git",
        }
    }
}

fn safe(folder: &Path) -> Command {
    let mut command = programs::command("git");
    for setting in SAFE {
        command.args(["-c", setting]);
    }
    for name in FOREIGN {
        command.env_remove(name);
    }
    command
        .current_dir(folder)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ALLOW_PROTOCOL", "https:http:ssh:git:file")
        .env("GIT_LFS_SKIP_SMUDGE", "1")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("LC_ALL", "C");
    command
}

/// One call of git.
pub struct Call<'a> {
    command: Command,
    watch: Watch<'a>,
    /// For messages: what was tried.
    action: &'static str,
}

impl Call<'_> {
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub fn args<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(mut self, args: I) -> Self {
        self.command.args(args);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// What is tried, for the message when it fails: "cannot <action>".
    pub fn to(mut self, action: &'static str) -> Self {
        self.action = action;
        self
    }

    pub fn run(self) -> Result<Vec<u8>, Trouble> {
        self.run_with(b"", &|| true)
    }

    pub fn run_with(mut self, input: &[u8], is_fine: &dyn Fn() -> bool) -> Result<Vec<u8>, Trouble> {
        let finished = self.finish(input, is_fine)?;
        match finished.status.success() {
            true => Ok(finished.stdout),
            false => Err(self.told(&finished)),
        }
    }

    /// The first line of what git says.
    pub fn line(self) -> Result<String, Trouble> {
        let said = self.run()?;
        let said = String::from_utf8_lossy(&said);
        Ok(said.lines().next().unwrap_or_default().trim().to_owned())
    }

    fn finish(&mut self, input: &[u8], is_fine: &dyn Fn() -> bool) -> Result<Finished, Trouble> {
        let action = self.action;
        let ended = self.watch.run(&mut self.command, input, is_fine);
        ended.map_err(|unfinished| match unfinished {
            Unfinished::TimedOut => {
                Trouble::retryable(format!("cannot {action}: the time limit was reached"))
            }
            Unfinished::Interrupted => Trouble::Interrupted,
            Unfinished::TooLarge => {
                Trouble::permanent(format!("cannot {action}: it is larger than the limit"))
            }
            Unfinished::Unstartable(error) => Trouble::permanent(format!("cannot run git: {error}")),
        })
    }

    fn told(&self, finished: &Finished) -> Trouble {
        let action = self.action;
        if finished.status.code().is_none() {
            return Trouble::retryable(format!("cannot {action}: git was killed"));
        }
        if let Some(cause) = Cause::of(&finished.stderr) {
            let message = format!("cannot {action}: {}", cause.told);
            return match cause.is_passing {
                true => Trouble::retryable(message),
                false => Trouble::permanent(message),
            };
        }
        let said = redact(&finished.stderr);
        let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
        let telling = |sign: &str| lines().find(|line| line.contains(sign));
        let line = telling("fatal:")
            .or_else(|| telling("error:"))
            .or_else(|| lines().next());
        let line = line.unwrap_or("git gave no reason");
        Trouble::permanent(format!("cannot {action}: {line}"))
    }
}

/// Why git failed, where its own words are no good: they differ from one try to the next, by which of its
/// processes spoke first or how long one waited, and the same failure is to be told the same everywhere.
struct Cause {
    /// In lower case; one of them is enough.
    signs: &'static [&'static str],
    told: &'static str,
    /// May be better in a minute.
    is_passing: bool,
}

/// The first that fits is told: a damaged repository breaks connections off, too.
const CAUSES: [Cause; 8] = [
    Cause {
        signs: &[
            "repository corruption",
            "is corrupt",
            "corrupt loose object",
            "has bad object",
            "bad tree object",
            "bad pack header",
            "does not match index",
            "inflate returned",
        ],
        told: "the repository is damaged; `git fsck` in it says where",
        is_passing: false,
    },
    Cause {
        signs: &["not our ref"],
        told: "the repository does not have the commit",
        is_passing: false,
    },
    Cause {
        signs: &[
            "could not resolve host",
            "couldn't resolve host",
            "temporary failure",
        ],
        told: "its host was not found",
        is_passing: true,
    },
    Cause {
        signs: &["returned error: 429"],
        told: "its server asks us to slow down (429)",
        is_passing: true,
    },
    Cause {
        signs: &[
            "returned error: 500",
            "returned error: 502",
            "returned error: 503",
            "returned error: 504",
        ],
        told: "its server is in trouble (5xx)",
        is_passing: true,
    },
    Cause {
        signs: &["timed out"],
        told: "its server does not answer",
        is_passing: true,
    },
    Cause {
        signs: &[
            "connection refused",
            "network is unreachable",
            "failed to connect",
        ],
        told: "its server cannot be reached",
        is_passing: true,
    },
    Cause {
        signs: &[
            "connection reset",
            "early eof",
            "hung up unexpectedly",
            "unexpected disconnect",
            "rpc failed",
        ],
        told: "the connection broke off",
        is_passing: true,
    },
];

impl Cause {
    fn of(said: &str) -> Option<&'static Cause> {
        let said = said.to_ascii_lowercase();
        CAUSES
            .iter()
            .find(|cause| cause.signs.iter().any(|sign| said.contains(sign)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_told_however_git_words_it() {
        let told = |said: &str| Cause::of(said).map(|cause| cause.told);
        let damaged = Some("the repository is damaged; `git fsck` in it says where");
        for said in [
            "remote: fatal: loose object 1 is corrupt\nfatal: protocol error: bad pack header\n",
            "fatal: early EOF\nfatal: git upload-pack: aborting due to possible repository corruption\n",
            "error: inflate: data stream error\nfatal: pack has bad object at offset 7: inflate returned -3\n",
        ] {
            assert_eq!(told(said), damaged, "{said}");
        }
        let unreachable = Some("its server cannot be reached");
        for wait in ["0", "12"] {
            let said = format!("fatal: unable to access 'u': Failed to connect to h port 9 after {wait} ms");
            assert_eq!(told(&said), unreachable);
        }
        assert_eq!(told("fatal: early EOF\n"), Some("the connection broke off"));
        assert_eq!(told("fatal: couldn't find remote ref x\n"), None);
    }
}
