//! Measures unleak on real repositories that are checked out in one folder:
//!
//! ```console
//! cargo build --release
//! cargo run --release --example corpus -- score DIR --labels labels.tsv
//! cargo run --release --example corpus -- repair DIR [--build]
//! ```
//!
//! `score` compares what `unleak scan` reports with labels made by hand. `repair` runs `fix --unsafe-fixes` on a copy
//! of each repository and tells whether the result still parses, is as clean for gofmt as before, stays as it is
//! in a second run and, with `--build`, builds where it built before.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

mod label;
mod repair;
mod report;
mod score;

/// Measure unleak on real repositories.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    measure: Measure,
}

#[derive(Subcommand)]
enum Measure {
    /// Compare what `unleak scan` reports with labels made by hand.
    Score {
        #[command(flatten)]
        corpus: Corpus,
        /// The labels: tab-separated, with a head line.
        #[arg(long)]
        labels: PathBuf,
    },
    /// Repair a copy of each repository and judge the result.
    Repair {
        #[command(flatten)]
        corpus: Corpus,
        /// Also run `go build ./...` before and after, in each module; dependencies are downloaded.
        #[arg(long)]
        build: bool,
    },
}

/// Where the repositories are, and what is measured on them.
#[derive(clap::Args)]
struct Corpus {
    /// Holds one folder for each repository: `owner/name`, `owner__name` or `owner+name`.
    checkouts: PathBuf,
    /// The command to measure.
    #[arg(long, default_value = "target/release/unleak")]
    unleak: PathBuf,
    /// Only repositories whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
}

impl Corpus {
    /// The repositories by name (`owner/name`), sorted.
    fn checkouts(&self) -> Result<Vec<(String, PathBuf)>> {
        let mut found = Vec::new();
        for dir in folders(&self.checkouts)? {
            let name = name_of(&dir);
            match name.split_once("__").or_else(|| name.split_once('+')) {
                Some((owner, repo)) => found.push((format!("{owner}/{repo}"), dir)),
                None => found.extend(
                    folders(&dir)?
                        .into_iter()
                        .map(|repo| (format!("{name}/{}", name_of(&repo)), repo)),
                ),
            }
        }
        found.retain(|(name, _)| name.contains(&self.only));
        found.sort();
        Ok(found)
    }
}

fn folders(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    Ok(paths.filter(|path| path.is_dir()).collect())
}

fn name_of(dir: &Path) -> String {
    dir.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn main() -> Result<()> {
    match Args::parse().measure {
        Measure::Score { corpus, labels } => score::score(&corpus, &labels),
        Measure::Repair { corpus, build } => repair::repair(&corpus, build),
    }
}
