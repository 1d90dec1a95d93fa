//! The command line: names, values and help texts. Validates only.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::batch::Batch;
use super::debug::Debug;
use super::format::{Wanted, WantedParser};
use crate::config::Profile;
use crate::report::Color;
use crate::transform::{Confidence, Severity};

/// Finds and repairs leaks in Go services built on Fiber.
#[derive(Debug, Parser)]
#[command(name = "unleak", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub voice: Voice,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Report leak sites; never writes
    Scan(Scan),
    /// Repair leaks: apply every safe fix
    Fix(Fix),
    /// Write a Go test for each repaired handler that fails when its leak is back
    Prove(Prove),
    /// Scan and repair many repositories: plan, look, publish
    Batch(Batch),
    /// List the rules
    Rules(Rules),
    /// Show a rule's page: why it leaks, how it is repaired, when it is left alone
    Explain(Explain),
    /// Draw and count what the analysis sees
    #[command(hide = true)]
    Debug(Debug),
}

/// How the tool speaks.
#[derive(Debug, Args)]
pub struct Voice {
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: When,
    /// Say nothing but the product and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// List what was left out, too
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

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

#[derive(Debug, Args)]
pub struct Scan {
    #[command(flatten)]
    pub selection: Selection,
    /// How to write the report; with a file behind `=` it goes there. May be given more than once
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = WantedParser, default_value = "text")]
    pub format: Vec<Wanted>,
}

#[derive(Debug, Args)]
pub struct Fix {
    #[command(flatten)]
    pub selection: Selection,
    /// How to write the report; with a file behind `=` it goes there. May be given more than once
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = WantedParser, default_value = "text")]
    #[arg(conflicts_with = "dry_run")]
    pub format: Vec<Wanted>,
    /// Print a patch and write nothing
    #[arg(long, visible_alias = "diff")]
    pub dry_run: bool,
    /// Take back what the last run here wrote, in files that nobody changed since
    #[arg(long, conflicts_with_all = ["dry_run", "interactive", "format", "output"])]
    pub undo: bool,
    /// Ask about each fix
    #[arg(short, long, conflicts_with = "max_fixes")]
    pub interactive: bool,
    /// Include fixes that may change behaviour
    #[arg(long)]
    pub unsafe_fixes: bool,
    /// Only fixes of these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub fixable: Vec<String>,
    /// No fixes of these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub unfixable: Vec<String>,
    /// Stop after this many fixes
    #[arg(long, value_name = "N")]
    pub max_fixes: Option<usize>,
    /// Who checks the result, beside the analysis itself
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    pub verify: Verify,
    /// Let `--verify build` and `--verify test` download modules
    #[arg(long)]
    pub allow_network: bool,
    /// Write although there are changes that are not committed
    #[arg(long)]
    pub allow_dirty: bool,
    /// Write where there is no git repository
    #[arg(long)]
    pub allow_no_vcs: bool,
}

/// Before `fix` the tests fail, after it they pass. What was repaired is found in the committed code (`--since`).
/// Handlers that a test cannot drive without a database or secrets are listed with the reason. Only new files are
/// written. Exit codes: 0 tests written or nothing to do, 2 trouble.
#[derive(Debug, Args)]
pub struct Prove {
    /// Folders and .go files to look at
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Only leaks of these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub select: Vec<String>,
    /// No leaks of these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Take the tree for somebody else's; without it, too, no config is read and no code of it runs
    #[arg(long)]
    pub untrusted: bool,
    /// Print the tests and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// The commit that holds the code before its repair
    #[arg(long, value_name = "REF", default_value = "HEAD")]
    pub since: String,
    /// Look at files that .gitignore leaves out, too
    #[arg(long)]
    pub no_ignore: bool,
    /// Worker threads; as many as processors unless given
    #[arg(short, long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub jobs: usize,
}

#[derive(Debug, Args)]
pub struct Rules {
    /// How to write the list
    #[arg(long, value_enum, default_value_t)]
    pub format: ListFormat,
    #[command(flatten)]
    pub settings: Settings,
}

#[derive(Debug, Args)]
pub struct Explain {
    #[command(flatten)]
    pub settings: Settings,
    /// The rule, as `unleak rules` lists it
    pub rule: String,
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

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// One document
    Json,
    /// One finding a line
    Jsonl,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of a GitHub workflow
    Github,
    /// GitLab's Code Quality report
    Gitlab,
    /// One line a finding
    Concise,
    /// Checkstyle's XML
    Checkstyle,
    /// JUnit's XML: a failed test for each finding
    Junit,
    /// Reviewdog's JSON, with suggestions
    Rdjson,
    /// A table, for the summary of a job
    Markdown,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people
    #[default]
    Text,
    /// An array of rules
    Json,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Verify {
    /// The built-in checker, and gofmt where it is found
    #[default]
    Auto,
    /// The built-in parser and checker
    Syntax,
    /// The built-in checker and gofmt, which must be there
    Gofmt,
    /// gofmt, then `go build` and `go vet` of the packages with their changes, before anything is written
    Build,
    /// As build, then `go test` of these packages: runs their code
    Test,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum When {
    #[default]
    Auto,
    Always,
    Never,
}

impl From<When> for Color {
    fn from(when: When) -> Self {
        match when {
            When::Auto => Color::Auto,
            When::Always => Color::Always,
            When::Never => Color::Never,
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
