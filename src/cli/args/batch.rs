//! The words of `unleak batch`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};

use super::selection::Level;
use super::verify::Verify;

#[derive(Debug, Args)]
pub struct Batch {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Fetch repositories, repair them here, and write patches and a report; nothing leaves the machine
    Plan(Plan),
    /// Show how far a campaign has come
    Status(Status),
    /// Go on with a campaign that was stopped or had failures
    Resume(Resume),
    /// Push a branch for each repaired repository, and say how to open merge requests
    Publish(Publish),
    /// Take back the branches that publish pushed and nobody changed
    Rollback(Rollback),
    /// Join the folders of shards into one campaign
    Merge(Merge),
    /// One repository, in a process of its own
    #[command(hide = true)]
    Worker,
}

/// How the machine is used.
#[derive(Debug, Args)]
pub struct Machine {
    /// Repositories at a time; as many as processors unless given
    #[arg(short, long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub jobs: usize,
    /// Keep clones here; in the user's cache folder unless given
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// Time for each repository: 90s, 10m, 2h
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    pub timeout: Duration,
    /// Memory for the repair of each repository, on Linux: 512M, 4G; 0 sets no limit
    #[arg(long, value_name = "SIZE", default_value = "4G", value_parser = size)]
    pub memory: u64,
    /// Leave out repositories whose clone or Go files are larger
    #[arg(long, value_name = "SIZE", default_value = "2G", value_parser = size)]
    pub max_size: u64,
    /// Try again what failed for good, too
    #[arg(long)]
    pub retry_failed: bool,
}

/// Which campaign.
#[derive(Debug, Args)]
pub struct Folder {
    /// The campaign's folder
    #[arg(value_name = "DIR", default_value = "unleak-batch")]
    pub folder: PathBuf,
}

#[derive(Debug, Args)]
pub struct Plan {
    /// A file that lists repositories, one `url[@ref][#subdir]` or local path a line, or TOML; `-` reads stdin
    #[arg(value_name = "MANIFEST")]
    pub manifest: PathBuf,
    /// The campaign's folder
    #[arg(long, value_name = "DIR", default_value = "unleak-batch")]
    pub out: PathBuf,
    /// Names the branch: unleak/NAME
    #[arg(long, value_name = "NAME", default_value = "leaks")]
    pub campaign: String,
    /// Only this part of the repositories: 3/8, or `auto` in Kubernetes, Slurm and CI systems
    #[arg(long, value_name = "I/N")]
    pub shard: Option<String>,
    /// Fetch and repair again what is done
    #[arg(long)]
    pub refresh: bool,
    /// A text for merge requests, instead of the built-in one
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
    /// Only these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Not these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Only fixes of these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub fixable: Vec<String>,
    /// No fixes of these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub unfixable: Vec<String>,
    /// Only findings that the analysis is this sure of
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = Level::Low)]
    pub min_confidence: Level,
    /// Include fixes that may change behaviour
    #[arg(long)]
    pub unsafe_fixes: bool,
    /// Look at test files, too
    #[arg(long)]
    pub tests: bool,
    /// Who checks the result, beside the analysis itself
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    pub verify: Verify,
    #[command(flatten)]
    pub machine: Machine,
}

#[derive(Debug, Args)]
pub struct Resume {
    #[command(flatten)]
    pub folder: Folder,
    #[command(flatten)]
    pub machine: Machine,
}

#[derive(Debug, Args)]
pub struct Status {
    #[command(flatten)]
    pub folder: Folder,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    pub format: StatusFormat,
    /// What happened when, instead of how it stands
    #[arg(long)]
    pub journal: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum StatusFormat {
    /// For people
    #[default]
    Text,
    /// One object a line
    Jsonl,
}

#[derive(Debug, Args)]
pub struct Rollback {
    #[command(flatten)]
    pub folder: Folder,
    /// Keep clones here; in the user's cache folder unless given
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// Time for each repository: 90s, 10m, 2h
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    pub timeout: Duration,
}

#[derive(Debug, Args)]
pub struct Publish {
    #[command(flatten)]
    pub place: Rollback,
    /// Open merge requests as drafts
    #[arg(long)]
    pub draft: bool,
    /// At most this many repositories, counting those that fail
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Time between two repositories: 30s, 2m
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration)]
    pub min_interval: Duration,
    /// Run this shell command for each repository instead of printing one; it finds the request in UNLEAK_REPOSITORY,
    /// UNLEAK_BRANCH, UNLEAK_BASE, UNLEAK_COMMIT, UNLEAK_TITLE, UNLEAK_BODY_FILE and UNLEAK_DRAFT
    #[arg(long, value_name = "CMD")]
    pub exec: Option<String>,
    /// Whose program the printed commands are for
    #[arg(long, value_enum, default_value_t, conflicts_with = "exec")]
    pub forge: ForgeName,
    /// Who commits, as `Name <mail>`; git's user.name and user.email unless given
    #[arg(long, value_name = "AUTHOR")]
    pub author: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ForgeName {
    /// By the host's name
    #[default]
    Auto,
    Github,
    Gitlab,
}

#[derive(Debug, Args)]
pub struct Merge {
    /// The folders of all shards
    #[arg(value_name = "DIR", required = true)]
    pub folders: Vec<PathBuf>,
    /// The folder of the whole campaign
    #[arg(long, value_name = "DIR", default_value = "unleak-batch")]
    pub out: PathBuf,
}

fn duration(text: &str) -> Result<Duration> {
    let units = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];
    let unit = units
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)));
    let (number, factor) = unit.unwrap_or((text, 1000));
    let number: u64 = number
        .parse()
        .with_context(|| format!("write 90s, 10m or 2h, not `{text}`"))?;
    Ok(Duration::from_millis(number.saturating_mul(factor)))
}

fn size(text: &str) -> Result<u64> {
    let upper = text.to_ascii_uppercase();
    let upper = upper.trim_end_matches('B').trim_end_matches('I');
    let units = [("K", 10), ("M", 20), ("G", 30), ("T", 40)];
    let unit = units
        .iter()
        .find_map(|(unit, shift)| Some((upper.strip_suffix(unit)?, *shift)));
    let (number, shift) = unit.unwrap_or((upper, 0));
    match number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(1 << shift))
    {
        Some(bytes) => Ok(bytes),
        None => bail!("write 512M or 4G, not `{text}`"),
    }
}
