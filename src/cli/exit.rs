//! Exit codes.

use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Nothing at or above the threshold.
    Clean,
    /// Findings that remain, or a patch that would change something.
    Found,
    /// Bad usage, or something could not be read, written or understood.
    Trouble,
    /// Only failures remain that may be gone the next time (sysexits' EX_TEMPFAIL).
    Retry,
    /// Ctrl-C.
    Interrupted,
}

impl Exit {
    pub fn code(self) -> i32 {
        match self {
            Exit::Clean => 0,
            Exit::Found => 1,
            Exit::Trouble => 2,
            Exit::Retry => 75,
            Exit::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        // Every code fits.
        ExitCode::from(exit.code() as u8)
    }
}
