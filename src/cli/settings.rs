//! The config file, and what the arguments say over it.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::args::Settings;
use super::rules;
use crate::config::{self, Config};
use crate::text::LineIndex;
use crate::workspace::{ConfigFile, config_file};

impl Settings {
    /// The config for a look at `paths`, told relative to `base`: that of the file that was given or found, else the
    /// ready one. A tree that is `untrusted` is not searched for one.
    pub fn config(&self, paths: &[PathBuf], base: Option<&Path>, untrusted: bool) -> Result<Config> {
        if self.isolated || (untrusted && self.config.is_none()) {
            return Ok(Config::default());
        }
        match config_file(self.config.as_deref(), paths, base)? {
            Some(file) => read(file),
            None => Ok(Config::default()),
        }
    }
}

fn read(file: ConfigFile) -> Result<Config> {
    let lines = LineIndex::new(file.text.as_bytes());
    let place = |at: usize| format!("{}:{}", file.shown, lines.position(at).line);
    let parsed = match config::parse(&file.text) {
        Ok(parsed) => parsed,
        Err(fault) => bail!("{}: {}", place(fault.at), fault.message),
    };
    for (name, at) in &parsed.named {
        if let Err(unknown) = rules::known_in(&parsed.config, std::slice::from_ref(name)) {
            bail!("{}: {unknown}", place(*at));
        }
    }
    let renamed = parsed.renamed.iter();
    let hints = renamed.map(|(at, hint)| format!("{}: {hint}", place(*at)));
    Ok(Config {
        hints: hints.collect(),
        prefix: file.prefix,
        folder: file.folder,
        ..parsed.config
    })
}
