//! What several tests share.
pub mod cases;
pub mod command;
pub mod fleet;
pub mod git;
pub mod go;
pub mod gofmt;
pub mod mutate;
pub mod packages;
pub mod report;
pub mod sources;
#[cfg(unix)]
pub mod talk;
pub mod txtar;
pub mod wait;
