//! Who writes each format, and where it goes.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::ValueEnum;

use super::args::{Format, Wanted};
use crate::report::{
    Checkstyle, Concise, Github, Gitlab, Json, JsonLines, Junit, Markdown, Rdjson, Reporter, RulePage, Sarif,
    Text,
};

impl Format {
    /// Who writes it; some tell of rules, too.
    pub fn reporter<'r>(self, rules: &'r [RulePage]) -> Box<dyn Reporter + 'r> {
        match self {
            Format::Text => Box::new(Text),
            Format::Json => Box::new(Json),
            Format::Jsonl => Box::new(JsonLines),
            Format::Sarif => Box::new(Sarif { rules }),
            Format::Github => Box::new(Github),
            Format::Gitlab => Box::new(Gitlab),
            Format::Concise => Box::new(Concise),
            Format::Checkstyle => Box::new(Checkstyle),
            Format::Junit => Box::new(Junit),
            Format::Rdjson => Box::new(Rdjson),
            Format::Markdown => Box::new(Markdown),
        }
    }

    fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// A format and its file; stdout where there is none.
pub type Product<'a> = (Format, Option<&'a Path>);

/// Where each format goes, those to files first. No two go to one place.
pub fn products<'a>(wanted: &'a [Wanted], output: Option<&'a Path>) -> Result<Vec<Product<'a>>> {
    let placed = wanted
        .iter()
        .map(|wanted| (wanted.format, wanted.file.as_deref().or(output)));
    let mut products: Vec<Product<'a>> = placed.collect();
    if let (Some(output), true) = (output, wanted.iter().all(|wanted| wanted.file.is_some())) {
        let output = output.display();
        bail!("nothing is left for --output {output}: every --format has a file of its own");
    }
    for (at, (format, file)) in products.iter().enumerate() {
        let rival = products[..at].iter().find(|(_, held)| is_same(*held, *file));
        if let Some((first, _)) = rival {
            let (first, second) = (first.name(), format.name());
            let place = file.map_or("stdout".to_owned(), |file| format!("`{}`", file.display()));
            bail!(
                "{first} and {second} both go to {place}; give each a place of its own: --format {second}=FILE"
            );
        }
    }
    products.sort_by_key(|(_, file)| file.is_none());
    Ok(products)
}

/// Whether both lead to the same file, or to stdout.
fn is_same(one: Option<&Path>, other: Option<&Path>) -> bool {
    one.map(whole) == other.map(whole)
}

/// The path as every spelling of it ends, of a file that need not be there.
fn whole(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    match (folder, path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path,
    }
}
