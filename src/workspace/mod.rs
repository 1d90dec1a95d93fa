//! The file system, git, and the Go tools as processes. Knows paths and bytes; knows no Go syntax.
//!
//! A [`Session`] holds one state of the trees for everyone: [`discover`] finds the files, an [`Overlay`] may stand for
//! some of them, [`read`] reads one, [`Gate`] drops those without a literal that matters,
//! [`write()`] replaces one, [`git`] says what would be lost, [`Gofmt`] and [`GoToolchain`] judge what is to be written.

mod attributes;
mod complaints;
mod config_file;
mod files;
mod gate;
pub mod git;
mod go_build;
mod go_tools;
mod ignored;
mod imports;
mod journal;
mod loader;
mod modules;
mod naming;
pub mod programs;
mod read;
mod session;
mod skip;
mod state;
mod walk;
mod write;

pub use config_file::{ConfigFile, config_file};
pub use files::Overlay;
pub use gate::Gate;
pub use go_build::{GoBuild, GoLicence, GoToolchain};
pub use go_tools::Gofmt;
pub use imports::{ImportIndex, ImportIndexes, Importer};
pub use journal::{Journal, Restored};
pub use loader::ModuleLoader;
pub use modules::Modules;
pub use naming::Naming;
pub use read::{MAX_SOURCE_BYTES, Unread, holds, read};
pub use session::Session;
pub use skip::{Diagnostic, Skip, SkipReason};
pub use walk::{Directory, Discovery, WalkOptions, discover};
pub use write::{Created, Replacement, Written, create, put, write};
