//! The outer story of one run: discover, read, gate, group into packages, and hand each to a worker. A package
//! lives in memory only while its worker has it.
//!
//! `run` opens a session and shares the folders out among the workers of `crew`, which note in `log` what is no result;
//! `sequence` brings the results into order. `turns` repairs what reaches into several packages when all others are
//! done, asking `users` who else needs a name. The end is a [`RunResult`], of which `report` makes the document and `write`
//! the files.

mod log;
mod panics;
mod report;
mod retold;
mod run;
mod run_result;
mod sequence;
mod turns;
mod users;
mod workers;
mod write;

pub use panics::{silence_panics, told};
pub use report::{in_order, reported};
pub use run::Job;
pub use run_result::RunResult;
pub use sequence::Follower;
pub use turns::Stage;
pub use users::ModuleUsers;
pub use write::{Paths, Unwritten};

/// The stack of a thread that looks at code. Walks that call themselves are bounded by what they may spend and by how
/// deep code may be nested; this is many times what they need, and memory is only taken where it is used.
pub const STACK: usize = 64 << 20;
