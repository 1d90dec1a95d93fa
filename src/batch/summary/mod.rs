//! All repositories together: by rule, by repository, what was refused and why; as JSON lines, CSV, Markdown and
//! one page. Made from the units alone, so one machine and many shards write the same bytes.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::campaign::{Terms, units};
use super::ledger::Entry;

mod lines;
mod markdown;
mod model;
mod page;
mod tables;

pub use model::{Counts, Summary};

/// Temporary folders are for their owner alone; a report is to be read.
fn open_to_others(folder: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    }
    let _ = folder;
    Ok(())
}

/// Writes the summary of a campaign's folder.
pub fn summarize(folder: &Path, terms: &Terms, entries: &[Entry]) -> Result<Summary> {
    let summary = Summary::new(terms, entries, units(folder, entries)?);
    summary.write(&folder.join("report"))?;
    Ok(summary)
}

impl Summary {
    /// Writes every format into a folder, which holds them all or none.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let parent = folder.parent().unwrap_or(Path::new("."));
        let made = tempfile::Builder::new().prefix(".report-").tempdir_in(parent)?;
        let put = |name: &str, bytes: Vec<u8>| {
            let path = made.path().join(name);
            fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
        };
        put("results.jsonl", lines::json_lines(self)?)?;
        put("repositories.csv", tables::repositories(self)?)?;
        put("rules.csv", tables::rules(self)?)?;
        put("refusals.csv", tables::refusals(self)?)?;
        put("findings.csv", tables::findings(self)?)?;
        put("summary.md", markdown::markdown(self).into_bytes())?;
        put("index.html", page::page(self)?.into_bytes())?;
        open_to_others(made.path())?;
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("cannot replace {}", folder.display()))?;
        }
        fs::rename(made.keep(), folder).with_context(|| format!("cannot write {}", folder.display()))
    }
}
