//! What leaves the machine, and how it is taken back: one branch for each repaired repository. One at a time, since
//! forges slow down who writes in parallel.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::cache::{Cache, Clone, OPT_OUT};
use super::campaign::Campaign;
use super::commits::{Author, Commits};
use super::describe::title;
use super::forge::{Forge, Request};
use super::git::Git;
use super::ledger::Entry;
use super::process::Watch;
use super::remote::{Move, next_move};
use super::state::{Publication, State};
use super::trouble::Trouble;
use super::unit::Unit;

/// What happened to one repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// The branch is new, or has new commits.
    Pushed,
    /// The branch was there already, as it should be.
    UpToDate,
    /// Nothing was done, and why.
    Left(Publication, String),
    RolledBack,
    Failed(Trouble),
}

/// What is told about one repository.
pub struct News<'a> {
    pub entry: &'a Entry,
    pub done: Done,
    /// The command that opens its merge request.
    pub command: Option<String>,
    /// What the user's command printed.
    pub said: Option<String>,
}

impl News<'_> {
    /// Whether something was written, or tried: who publishes one repository to see how it goes does not want
    /// the same failure in all others, nor a forge that is asked in vain as fast as we can.
    fn is_written(&self) -> bool {
        let is_tried = matches!(self.done, Done::Pushed | Done::Failed(_));
        is_tried || self.command.is_some() || self.said.is_some()
    }
}

/// How to publish.
pub struct Publisher<'a> {
    pub cache: Cache,
    pub timeout: Duration,
    pub stop: &'a AtomicBool,
    pub author: Author,
    pub forge: Forge,
    pub draft: bool,
    /// At most so many repositories are written to, or tried.
    pub limit: Option<usize>,
    /// Between two repositories.
    pub min_interval: Duration,
}

impl Publisher<'_> {
    /// Publishes every repaired repository that is not published as it stands.
    pub fn publish(&self, campaign: &mut Campaign, tell: &mut dyn FnMut(News<'_>)) -> Result<()> {
        let workshop = campaign.workshop()?;
        let mut last: Option<Instant> = None;
        let mut count = 0;
        for entry in campaign.ledger.entries()? {
            let is_due = entry.state == State::Repaired && entry.publication != Publication::Closed;
            if !is_due {
                continue;
            }
            if self.limit.is_some_and(|limit| count >= limit) || !self.pause(last) {
                break;
            }
            let news = self.publish_one(campaign, &entry, &workshop.join("index"))?;
            if news.done == Done::Failed(Trouble::Interrupted) {
                break;
            }
            if news.is_written() {
                count += 1;
                last = Some(Instant::now());
            }
            tell(news);
        }
        Ok(())
    }

    /// Deletes the branches that we pushed and that nobody changed.
    pub fn roll_back(&self, campaign: &mut Campaign, tell: &mut dyn FnMut(News<'_>)) -> Result<()> {
        let branch = campaign.branch();
        for entry in campaign.ledger.entries()? {
            if entry.pushed.is_empty() && entry.intended.is_empty() {
                continue;
            }
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            let done = self.take_back(&entry, &branch).unwrap_or_else(Done::Failed);
            match &done {
                Done::RolledBack => campaign.ledger.rolled_back(&entry.key)?,
                done => note(campaign, &entry, done)?,
            }
            tell(News {
                entry: &entry,
                done,
                command: None,
                said: None,
            });
        }
        Ok(())
    }

    /// Waits until the next repository may be written to; false where the run is to end.
    fn pause(&self, last: Option<Instant>) -> bool {
        let until = last.map(|last| last + self.min_interval);
        while until.is_some_and(|until| Instant::now() < until) && !self.stop.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(10));
        }
        !self.stop.load(Ordering::Relaxed)
    }

    fn watch(&self) -> Watch<'_> {
        Watch {
            deadline: Instant::now() + self.timeout,
            stop: self.stop,
        }
    }

    fn publish_one<'e>(&self, campaign: &mut Campaign, entry: &'e Entry, index: &Path) -> Result<News<'e>> {
        let mut news = News {
            entry,
            done: Done::UpToDate,
            command: None,
            said: None,
        };
        let folder = campaign.unit_folder(&entry.key);
        let prepared = Unit::read(&folder).map_err(Trouble::from);
        let prepared = prepared.and_then(|unit| {
            let prepared = self.prepare(campaign, entry, &unit, index)?;
            Ok((unit, prepared))
        });
        let (unit, prepared) = match prepared {
            Ok(prepared) => prepared,
            Err(trouble) => {
                news.done = Done::Failed(trouble);
                note(campaign, entry, &news.done)?;
                return Ok(news);
            }
        };
        news.done = self.carry_out(campaign, entry, &prepared)?;
        note(campaign, entry, &news.done)?;
        if matches!(news.done, Done::Pushed | Done::UpToDate) && !entry.is_requested {
            let title = title(&unit);
            let branch = campaign.branch();
            let request = Request {
                repository: &entry.name,
                remote: &entry.remote,
                branch: &branch,
                base: entry.reference.as_deref(),
                commit: &prepared.commit,
                title: &title,
                body: folder.join("change.md"),
                draft: self.draft,
            };
            self.request(campaign, &request, &mut news, folder)?;
        }
        Ok(news)
    }

    /// Makes the commits in our clone, and finds out what is to be done.
    fn prepare(
        &self,
        campaign: &Campaign,
        entry: &Entry,
        unit: &Unit,
        index: &Path,
    ) -> Result<Prepared<'_>, Trouble> {
        let git = Git { watch: self.watch() };
        let clone = self.cache.open(&entry.key, &entry.remote, git)?;
        let heads = clone.heads(&campaign.branch(), entry.reference.as_deref())?;
        let has_moved = heads.base.as_ref().is_some_and(|base| *base != unit.commit);
        // They may have opted out since the plan was made.
        if has_moved && is_opted_out(&clone, entry)? {
            return Ok(Prepared {
                clone,
                commit: String::new(),
                next: None,
            });
        }
        let stands = heads.branch.as_ref().is_some_and(|tip| *tip == entry.pushed);
        if stands && entry.pushed_base == entry.base {
            // The same commit and the same terms make the same patch.
            return Ok(Prepared {
                clone,
                commit: entry.pushed.clone(),
                next: Some(Move::Nothing),
            });
        }
        let date = clone.need(&unit.commit, entry.reference.as_deref())?;
        let folder = campaign.unit_folder(&entry.key);
        let commits = Commits {
            clone: &clone,
            unit,
            folder: &folder,
            index,
        };
        let commit = commits.make(&campaign.terms.campaign, &self.author, &date)?;
        let next = Some(next_move(heads.branch.as_deref(), entry, &commit));
        Ok(Prepared { clone, commit, next })
    }

    fn carry_out(&self, campaign: &mut Campaign, entry: &Entry, prepared: &Prepared<'_>) -> Result<Done> {
        let commit = &prepared.commit;
        let from = match &prepared.next {
            None => {
                let why = format!("it has a file {OPT_OUT} now");
                return Ok(Done::Left(Publication::OptedOut, why));
            }
            Some(Move::LeaveAlone) => {
                let why = "its branch has commits that are not ours".to_owned();
                return Ok(Done::Left(Publication::LeftAlone, why));
            }
            Some(Move::Closed) => {
                let why = "its branch was deleted: merged, or not wanted".to_owned();
                return Ok(Done::Left(Publication::Closed, why));
            }
            Some(Move::Nothing) => {
                campaign.ledger.pushed(&entry.key, commit, &entry.base)?;
                return Ok(Done::UpToDate);
            }
            Some(Move::Push { from }) => from,
        };
        if *from == entry.intended && !from.is_empty() {
            // A push that was killed had arrived; its commit must not be forgotten for the next intention.
            campaign.ledger.pushed(&entry.key, from, "")?;
        }
        campaign.ledger.intend(&entry.key, commit)?;
        match prepared.clone.push(&campaign.branch(), from, commit) {
            Ok(()) => {
                campaign.ledger.pushed(&entry.key, commit, &entry.base)?;
                Ok(Done::Pushed)
            }
            Err(trouble) => Ok(Done::Failed(trouble)),
        }
    }

    fn request(
        &self,
        campaign: &mut Campaign,
        request: &Request<'_>,
        news: &mut News<'_>,
        folder: PathBuf,
    ) -> Result<()> {
        match &self.forge {
            Forge::Tell(flavor) => news.command = request.command(*flavor),
            Forge::Exec(command) => match request.exec(command, &folder, &self.watch()) {
                Ok(said) => news.said = Some(said),
                // The whole run ends; the step is done when it goes on.
                Err(Trouble::Interrupted) => {
                    news.done = Done::Failed(Trouble::Interrupted);
                    return Ok(());
                }
                Err(trouble) => {
                    news.done = Done::Failed(trouble);
                    return note(campaign, news.entry, &news.done);
                }
            },
        }
        // Told once; the journal keeps it for who lost it.
        let told = news.command.as_deref().or(news.said.as_deref());
        campaign
            .ledger
            .requested(&news.entry.key, told.unwrap_or_default())
    }

    fn take_back(&self, entry: &Entry, branch: &str) -> Result<Done, Trouble> {
        let git = Git { watch: self.watch() };
        let clone = self.cache.open(&entry.key, &entry.remote, git)?;
        let heads = clone.heads(branch, entry.reference.as_deref())?;
        match heads.branch {
            None => Ok(Done::RolledBack),
            Some(tip) if tip == entry.pushed || tip == entry.intended => {
                clone.push(branch, &tip, "")?;
                Ok(Done::RolledBack)
            }
            Some(_) => {
                let why = "its branch has commits that are not ours".to_owned();
                Ok(Done::Left(Publication::LeftAlone, why))
            }
        }
    }
}

/// Whether the repository, as it is now, wants to be left alone.
fn is_opted_out(clone: &Clone<'_>, entry: &Entry) -> Result<bool, Trouble> {
    let commit = clone.fetch(entry.reference.as_deref())?;
    Ok(clone.contents(&commit)?.is_opted_out)
}

/// A clone with the commits in it.
struct Prepared<'a> {
    clone: Clone<'a>,
    commit: String,
    /// Nothing where the repository opted out.
    next: Option<Move>,
}

/// Writes down how it ended, where that is news to the ledger.
fn note(campaign: &mut Campaign, entry: &Entry, done: &Done) -> Result<()> {
    let (publication, message) = match done {
        Done::Pushed | Done::UpToDate | Done::RolledBack => return Ok(()),
        Done::Left(publication, message) => (*publication, message.clone()),
        Done::Failed(Trouble::Interrupted) => return Ok(()),
        Done::Failed(Trouble::Retryable(message)) => (Publication::Retryable, message.clone()),
        Done::Failed(Trouble::Permanent(message)) => (Publication::Failed, message.clone()),
    };
    campaign.ledger.stands(&entry.key, publication, &message)
}
