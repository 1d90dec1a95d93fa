//! What several test programs share.
#![allow(dead_code, reason = "each test program uses its part")]

pub mod command;
pub mod fleet;
pub mod git;
pub mod go;
pub mod gofmt;
pub mod packages;
#[cfg(unix)]
pub mod talk;
pub mod txtar;
