//! What was left out of a run, and what went wrong with a file.

use serde::Serialize;

/// A file or a whole folder that was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Skip {
    /// With `/`, from where the run's names start, in a report from where people's paths do.
    pub path: String,
    pub reason: SkipReason,
}

/// Why something was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkipReason {
    /// Says `// Code generated … DO NOT EDIT.`
    Generated,
    /// A folder of other people's code: vendor, third_party or node_modules.
    Vendored,
    /// A testdata folder, whose files the Go tools do not see either.
    Testdata,
    /// The user's config leaves it out.
    Excluded,
    /// A symbolic link; its target is scanned under its own name.
    Symlink,
    /// A pipe, a socket or a device.
    SpecialFile,
    TooLarge,
    Binary,
    Unparsable,
    Unreadable,
    /// Deleted between the walk and the read.
    Vanished,
}

/// What the tool says about input that it could not use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Diagnostic {
    /// With `/`, from where the run's names start, in a report from where people's paths do.
    pub path: String,
    pub message: String,
}
