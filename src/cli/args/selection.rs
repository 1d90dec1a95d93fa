//! What to look at, and which findings count.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::config::Profile;
use crate::transform::{Confidence, Severity};

/// Where the config comes from.
#[derive(Debug, Args)]
pub struct Settings {
    /// Use this config file instead of the nearest unleak.toml or .unleak.toml
    #[arg(long, value_name = "FILE", conflicts_with = "isolated")]
    pub config: Option<PathBuf>,
    /// Use no config file
    #[arg(long)]
    pub isolated: bool,
}

/// What to look at, and which findings count.
#[derive(Debug, Args)]
pub struct Selection {
    /// Folders and .go files to look at
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Whose handlers count, and which rules run
    #[arg(long, value_enum, value_name = "PROFILE", default_value_t)]
    pub profile: Frameworks,
    /// Only these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Not these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Only findings that the analysis is this sure of; low unless given
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub min_confidence: Option<Level>,
    #[command(flatten)]
    pub settings: Settings,
    /// Take the tree for somebody else's: read no unleak.toml in it, and run none of its code
    #[arg(long)]
    pub untrusted: bool,
    /// Look at test files, too
    #[arg(long)]
    pub tests: bool,
    /// Look at files that .gitignore leaves out, too
    #[arg(long)]
    pub no_ignore: bool,
    /// Worker threads; as many as processors unless given
    #[arg(short, long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub jobs: usize,
    /// The severity from which on findings make the exit code 1
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = Threshold::Low)]
    pub fail_on: Threshold,
    /// Exit with 0 whatever was found
    #[arg(long)]
    pub exit_zero: bool,
    /// Write the report or patch to a file
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The folder that paths of the report are relative to; patches start at the repository
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub path_base: PathBuf,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Frameworks {
    /// By go.mod and imports: fiber for services on Fiber, general for others
    #[default]
    Auto,
    /// Every rule, with Fiber's facts and handlers
    Fiber,
    /// The rules that need no framework, with the handlers of net/http, gin, echo and chi, too
    General,
}

impl From<Frameworks> for Profile {
    fn from(frameworks: Frameworks) -> Self {
        match frameworks {
            Frameworks::Auto => Profile::Auto,
            Frameworks::Fiber => Profile::Fiber,
            Frameworks::General => Profile::General,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Level {
    Low,
    Medium,
    High,
}

impl From<Level> for Confidence {
    fn from(level: Level) -> Self {
        match level {
            Level::Low => Confidence::Low,
            Level::Medium => Confidence::Medium,
            Level::High => Confidence::High,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Threshold {
    None,
    Low,
    Medium,
    High,
    Critical,
}

impl Threshold {
    /// Whether a finding of this severity makes the run fail.
    pub fn is_reached(self, severity: Severity) -> bool {
        match self {
            Threshold::None => false,
            Threshold::Low => true,
            Threshold::Medium => severity >= Severity::Medium,
            Threshold::High => severity >= Severity::High,
            Threshold::Critical => severity >= Severity::Critical,
        }
    }
}
