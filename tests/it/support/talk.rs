//! `unleak fix --interactive` in a pseudo-terminal, with a person's keys.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use rexpect::error::Error;
use rexpect::session::{PtySession, spawn_command};

use super::git::Repository;
use super::wait::work_of;

/// What has not moved for so long never will.
const STILL_MS: u64 = 120_000;

/// A run of the command in a pseudo-terminal, between two looks at the terminal's modes.
pub struct Talk {
    pub repository: Repository,
    /// Outside the repository, which must stay clean.
    desk: tempfile::TempDir,
    session: PtySession,
}

/// What is left after the run.
pub struct Aftermath {
    pub repository: Repository,
    /// Everything on the terminal since the last expectation.
    pub tail: String,
    pub code: i32,
}

impl Talk {
    /// A run over a repository. `editor` is a shell script; `$1` is the file to edit.
    pub fn about(repository: Repository, flags: &str, editor: &str) -> Self {
        let desk = tempfile::tempdir().unwrap();
        let script = desk.path().join("editor");
        fs::write(&script, format!("#!/bin/sh\n{editor}\n")).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        let unleak = env!("CARGO_BIN_EXE_unleak");
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!(
            "echo $$ >$DESK/shell; stty -a >$DESK/before; {unleak} fix -i . {flags}; echo \"exit=$?\"; stty -a >$DESK/after"
        ));
        shell.current_dir(repository.path());
        shell.env("EDITOR", &script).env_remove("VISUAL");
        shell.env("TERM", "xterm").env("NO_COLOR", "1");
        shell
            .env("DESK", desk.path())
            .env("XDG_STATE_HOME", super::command::STATE);
        Talk {
            repository,
            desk,
            session: spawn_command(shell, Some(STILL_MS)).unwrap(),
        }
    }

    /// Waits for the question about proposal `at` and answers it with a key.
    pub fn press(&mut self, at: usize, key: &str) -> &mut Self {
        self.expect(&format!("({at}/"));
        self.answer(key)
    }

    /// Answers the question that is on its way.
    pub fn answer(&mut self, key: &str) -> &mut Self {
        self.expect("Apply this fix? [");
        self.expect("] ");
        self.send(key)
    }

    pub fn send(&mut self, keys: &str) -> &mut Self {
        self.session.send(keys).unwrap();
        self.session.flush().unwrap();
        self
    }

    /// What came before `text`.
    pub fn expect(&mut self, text: &str) -> String {
        self.wait(|session| session.exp_string(text))
            .unwrap_or_else(|error| panic!("waiting for {text:?}: {error}"))
    }

    /// Waits as long as anything works in the terminal: a time limit of the session is not the end.
    fn wait<T>(&mut self, exp: impl Fn(&mut PtySession) -> Result<T, Error>) -> Result<T, Error> {
        let mut work = self.work();
        loop {
            let seen = exp(&mut self.session);
            let now = self.work();
            if !matches!(seen, Err(Error::Timeout { .. })) || now == work {
                return seen;
            }
            work = now;
        }
    }

    fn work(&self) -> u64 {
        let shell = fs::read_to_string(self.on_desk("shell")).unwrap_or_default();
        shell.trim().parse().map_or(0, work_of)
    }

    /// A file of the desk, which the scripts and flags of a run call `$DESK`.
    pub fn on_desk(&self, name: &str) -> PathBuf {
        self.desk.path().join(name)
    }

    /// Signals the `unleak` that works in this repository, and no other.
    pub fn kill(&self, signal: &str) {
        let folder = self.repository.path().canonicalize().unwrap();
        let mut processes = fs::read_dir("/proc").unwrap().flatten();
        let is_ours = |process: &fs::DirEntry| {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            let home = fs::read_link(process.path().join("cwd")).unwrap_or_default();
            name.trim() == "unleak" && home == folder
        };
        let process = processes.find(is_ours).expect("the process runs");
        let mut kill = Command::new("kill");
        kill.arg(format!("-{signal}")).arg(process.file_name());
        assert!(kill.status().unwrap().success());
    }

    /// Waits for the end, at which the terminal must be as it was.
    pub fn end(mut self) -> Aftermath {
        let mut tail = self.expect("exit=");
        let code = self.session.read_line().unwrap();
        tail.push_str(&self.wait(|session| session.exp_eof()).unwrap());
        let modes = |name| fs::read_to_string(self.desk.path().join(name)).unwrap();
        assert_eq!(modes("before"), modes("after"));
        assert!(tail.contains("\x1b[?25h"), "the cursor is shown: {tail:?}");
        Aftermath {
            repository: self.repository,
            tail,
            code: code.trim().parse().unwrap(),
        }
    }
}

impl Aftermath {
    pub fn read(&self, path: &str) -> String {
        String::from_utf8(self.repository.read(path)).unwrap()
    }
}
