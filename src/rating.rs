//! The three scales on which everything is rated: how much harm a leak does, how sure the analysis is, and what a fix
//! promises. Rows of facts, settings and the contract with the suite all use them, so they lie below all three.

use serde::{Deserialize, Serialize};

/// How much harm a leak does. high: the process degrades; medium: wrong data or growth; low: bounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Low,
    #[default]
    Medium,
    High,
    Critical,
}

/// How sure the analysis is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    #[default]
    Low,
    Medium,
    High,
}

/// What a fix promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Applicability {
    /// Behaviour is kept, apart from the leak.
    Safe,
    /// Behaviour, order or lifetime may change: applied only when asked for.
    Unsafe,
    /// Advice in the form of a change; never applied.
    DisplayOnly,
}

/// Lists and messages spell a value as JSON does.
macro_rules! spelled_as_serialized {
    ($($type:ty),*) => {$(
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                serde::Serialize::serialize(self, f)
            }
        }
    )*};
}
spelled_as_serialized!(Severity, Confidence, Applicability);
pub(crate) use spelled_as_serialized;
