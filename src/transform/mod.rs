//! The contract between the engine and the suite of repairs: what a rule is, what a transform finds, what it
//! proposes. A transform proves a leak ([`Transform::detect`]), tells people about it ([`Transform::finding`])
//! and repairs it or says why not ([`Transform::fix`]).

mod finding;
mod fix;
mod left;
mod pass;
mod refusal;
mod rule;
mod suite;

pub use crate::analysis::Resource;
pub use crate::edit::ImportNeed;
pub use crate::go::{FileId, Place};
pub use crate::rating::{Applicability, Confidence, Severity};
pub use finding::{Finding, Outcome, Proposal, Related};
pub use fix::Fix;
pub use left::Left;
pub use pass::{Alone, Pass, Sources};
pub use refusal::{Reason, Refusal};
pub use rule::{Family, Rule};
pub use suite::{AnyTransform, Proposed, Remedy, Suite, Transform};
