//! The built command, run as a user would.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Where runs of tests keep their journals: not where a person has those of real trees.
pub const STATE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/state");

pub fn unleak(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unleak"));
    command.current_dir(folder).stdin(Stdio::null());
    command.env("XDG_STATE_HOME", STATE);
    for name in ["NO_COLOR", "CLICOLOR_FORCE", "UNLEAK_REQUIRE_GO"] {
        command.env_remove(name);
    }
    command
}

pub fn run(folder: &Path, arguments: &[&str]) -> Ran {
    Ran::new(unleak(folder).args(arguments).output().unwrap())
}

/// How a command ended and what it wrote.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Ran {
    pub fn new(output: Output) -> Self {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!stderr.contains("panicked"), "{stderr}");
        assert!(!stderr.contains("internal error"), "{stderr}");
        Ran {
            code: output.status.code(),
            stdout: output.stdout,
            stderr,
        }
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The exit code is `code` and stderr says all of `said`.
    #[track_caller]
    pub fn expect(self, code: i32, said: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        for said in said {
            assert!(self.stderr.contains(said), "no {said:?} in {self:#?}");
        }
        self
    }
}
