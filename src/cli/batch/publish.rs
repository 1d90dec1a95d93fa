//! Publishing and its reverse from the command line.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::batch::{Author, Cache, Campaign, Done, Flavor, Forge, News, Publisher, Trouble};
use crate::cli::args::batch::{ForgeName, Publish, Rollback};
use crate::cli::console::Console;
use crate::cli::exit::Exit;
use crate::cli::interrupt::STOP;
use crate::workspace::programs;

pub fn publish(args: &Publish, console: &Console) -> Result<Exit> {
    let mut campaign = Campaign::open(&args.place.folder.folder)?;
    let flavor = match args.forge {
        ForgeName::Auto => Flavor::Auto,
        ForgeName::Github => Flavor::GitHub,
        ForgeName::Gitlab => Flavor::GitLab,
    };
    let publisher = Publisher {
        author: author(args.author.as_deref())?,
        forge: args.exec.clone().map_or(Forge::Tell(flavor), Forge::Exec),
        draft: args.draft,
        limit: args.limit,
        min_interval: args.min_interval,
        ..quiet(&args.place)?
    };
    let mut tally = Tally::default();
    publisher.publish(&mut campaign, &mut |news| tally.take(&news, console))?;
    console.status(&format!(
        "{} pushed, {} up to date, {} left alone, {} failed.",
        tally.pushed, tally.same, tally.left, tally.failed
    ));
    Ok(tally.exit())
}

pub fn roll_back(args: &Rollback, console: &Console) -> Result<Exit> {
    let mut campaign = Campaign::open(&args.folder.folder)?;
    let mut tally = Tally::default();
    quiet(args)?.roll_back(&mut campaign, &mut |news| tally.take(&news, console))?;
    console.status(&format!(
        "{} rolled back, {} left alone, {} failed.",
        tally.back, tally.left, tally.failed
    ));
    Ok(tally.exit())
}

/// A publisher that opens no merge requests.
fn quiet(args: &Rollback) -> Result<Publisher<'static>> {
    Ok(Publisher {
        cache: Cache {
            folder: super::cache(args.cache.as_deref())?,
            // What was planned within limits needs none now.
            largest: u64::MAX,
        },
        timeout: args.timeout,
        stop: &STOP,
        author: Author {
            name: String::new(),
            email: String::new(),
        },
        forge: Forge::Tell(Flavor::Auto),
        draft: false,
        limit: None,
        min_interval: std::time::Duration::ZERO,
    })
}

#[derive(Default)]
struct Tally {
    pushed: usize,
    same: usize,
    left: usize,
    back: usize,
    failed: usize,
    /// Of those, for good.
    hopeless: usize,
}

impl Tally {
    fn take(&mut self, news: &News<'_>, console: &Console) {
        let told = match &news.done {
            Done::Pushed => {
                self.pushed += 1;
                "pushed".to_owned()
            }
            Done::UpToDate => {
                self.same += 1;
                "up to date".to_owned()
            }
            Done::RolledBack => {
                self.back += 1;
                "rolled back".to_owned()
            }
            Done::Left(publication, why) => {
                self.left += 1;
                format!("{publication}: {why}")
            }
            Done::Failed(trouble) => {
                self.failed += 1;
                self.hopeless += usize::from(matches!(trouble, Trouble::Permanent(_)));
                trouble.to_string()
            }
        };
        console.status(&format!("{}: {told}", news.entry.name));
        if let Some(said) = news.said.as_deref().filter(|said| !said.is_empty()) {
            console.status(said);
        }
        if let Some(command) = &news.command {
            // A reader that has seen enough does not stop the pushes.
            let _ = console.product(None, |out| writeln!(out, "{command}"));
        }
    }

    fn exit(&self) -> Exit {
        match (self.hopeless, self.failed) {
            (0, 0) => Exit::Clean,
            (0, _) => Exit::Retry,
            _ => Exit::Trouble,
        }
    }
}

/// Who commits.
fn author(given: Option<&str>) -> Result<Author> {
    if let Some(text) = given {
        let parts = text.strip_suffix('>').and_then(|text| text.split_once('<'));
        let parts = parts.map(|(name, email)| (name.trim(), email.trim()));
        let Some((name, email)) = parts.filter(|(name, email)| !name.is_empty() && !email.is_empty()) else {
            bail!("write the author as `Name <mail>`, not `{text}`");
        };
        return Ok(Author {
            name: name.to_owned(),
            email: email.to_owned(),
        });
    }
    Ok(Author {
        name: configured("user.name")?.unwrap_or_else(|| "unleak".to_owned()),
        email: configured("user.email")?.unwrap_or_else(|| "unleak@localhost".to_owned()),
    })
}

/// A setting of the user's git; not of a repository that we happen to stand in.
fn configured(name: &str) -> Result<Option<String>> {
    let output = programs::command("git")
        .args(["config", "--get", name])
        .current_dir(Path::new("/"))
        .stdin(Stdio::null())
        .output()
        .context("cannot run git")?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Ok((output.status.success() && !said.is_empty()).then_some(said))
}
