//! Why a repository could not be dealt with.

use std::fmt;

/// What went wrong with one repository. The others go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// May be better the next time: a network, a time limit.
    Retryable(String),
    /// Will be the same the next time: no such repository, too large.
    Permanent(String),
    /// Nothing is wrong: the whole run was asked to end.
    Interrupted,
}

impl Trouble {
    pub fn retryable(message: impl Into<String>) -> Self {
        Trouble::Retryable(message.into())
    }

    pub fn permanent(message: impl Into<String>) -> Self {
        Trouble::Permanent(message.into())
    }
}

/// A failure of the machine we run on.
impl From<anyhow::Error> for Trouble {
    fn from(error: anyhow::Error) -> Self {
        Trouble::Permanent(format!("{error:#}"))
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Retryable(message) | Trouble::Permanent(message) => f.write_str(message),
            Trouble::Interrupted => f.write_str("interrupted"),
        }
    }
}
