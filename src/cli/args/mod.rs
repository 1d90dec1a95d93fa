//! The command line: names, values and help texts. Validates only.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub mod batch;
mod debug;
mod format;
mod selection;
mod verify;
mod voice;

use batch::Batch;
pub use debug::{Debug, Drawing};
pub use format::{Format, Wanted, WantedParser};
pub use selection::{Selection, Settings};
pub use verify::Verify;
pub use voice::OutputOptions;

/// Finds and repairs leaks in Go services built on Fiber.
#[derive(Debug, Parser)]
#[command(name = "unleak", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub voice: OutputOptions,
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
pub enum ListFormat {
    /// For people
    #[default]
    Text,
    /// An array of rules
    Json,
}
