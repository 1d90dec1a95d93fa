//! How far a repository has come: as planned, and as published.

use std::fmt;

use serde::Serialize;

macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $type { $($(#[$variant_doc])* $variant,)* }

        impl $type {
            pub fn as_str(self) -> &'static str {
                match self { $($type::$variant => $name,)* }
            }

            pub fn of(name: &str) -> Option<Self> {
                match name { $($name => Some($type::$variant),)* _ => None }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

named! {
    /// Where the plan of a repository stands.
    State {
        Pending = "pending",
        /// A worker has it, or had it when the run was killed.
        Running = "running",
        /// There is a patch.
        Repaired = "repaired",
        /// There is nothing to change.
        Clean = "clean",
        OptedOut = "opted-out",
        /// May do better the next time.
        Retryable = "retryable",
        Failed = "failed",
    }
}

named! {
    /// Where the publication of a patch stands.
    Publication {
        None = "none",
        /// A push is under way, or was when the run was killed.
        Pushing = "pushing",
        Pushed = "pushed",
        /// The branch has commits that are not ours.
        LeftAlone = "left-alone",
        /// The branch is gone, and not by us: merged, or not wanted.
        Closed = "closed",
        OptedOut = "opted-out",
        RolledBack = "rolled-back",
        Retryable = "retryable",
        Failed = "failed",
    }
}

impl State {
    /// Whether nothing is left to do.
    pub fn is_settled(self) -> bool {
        matches!(self, State::Repaired | State::Clean | State::OptedOut)
    }
}
