//! The words of `unleak debug`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub struct Debug {
    #[command(subcommand)]
    pub what: Drawing,
}

#[derive(Debug, Subcommand)]
pub enum Drawing {
    /// Draw the control flow of the functions of a file, as mermaid
    Cfg {
        /// FILE or FILE:FUNC
        target: String,
    },
    /// Draw which functions requests reach, and how, as mermaid
    Reach {
        #[arg(default_value = ".")]
        paths: Vec<PathBuf>,
    },
    /// What the built-in checker says against the code as it is; against code that compiles, that should be nothing
    Check {
        #[arg(default_value = ".")]
        paths: Vec<PathBuf>,
    },
    /// How many calls of the names in the rules' tables are resolved; `GOMODCACHE=off GOROOT=off` leaves out the
    /// sources of dependencies
    Resolve {
        #[arg(default_value = ".")]
        paths: Vec<PathBuf>,
        /// List what every call was resolved to, and not only those that are unknown
        #[arg(long)]
        all: bool,
    },
}
