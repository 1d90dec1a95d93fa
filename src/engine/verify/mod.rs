//! The gate: what a fix must pass before anyone sees its result. Checks from cheap to dear; the first that fails ends
//! the climb. A batch that fails is halved until the guilty fix is alone.
//!
//! `ladder` climbs the checks (`syntax`, `gofmt`, `checker`, `recheck`, the build) for some fixes together;
//! `bisect` lets as much of a batch through as holds.

mod bisect;
mod checker;
mod gofmt;
mod ladder;
mod recheck;
mod rejection;
mod syntax;

pub use bisect::{Admission, Verdict, admit, expect_wrong_fixes};
pub use ladder::{Passed, check};
pub use recheck::recognize;
pub use rejection::{Check, Chosen, Rejection};
