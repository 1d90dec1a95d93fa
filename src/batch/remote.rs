//! The branch of a campaign in someone's repository: seen, pushed, taken back; never over another's commits.

use super::cache::Clone;
use super::ledger::Entry;
use super::state::Publication;
use super::trouble::Trouble;

/// What a remote has.
pub struct Heads {
    /// Where our branch is.
    pub branch: Option<String>,
    /// Where the branch is that was looked at.
    pub base: Option<String>,
}

/// What is to be done about our branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// Push, if the branch is still at this commit; empty: if there is none.
    Push { from: String },
    /// It is where it should be.
    Nothing,
    /// It has commits that we did not push.
    LeaveAlone,
    /// It was ours and is gone.
    Closed,
}

/// Weighs what the remote has against what we remember. Only a commit that stands in our ledger, or that we would
/// make ourselves, is ours.
pub fn next_move(tip: Option<&str>, entry: &Entry, desired: &str) -> Move {
    let is_ours = |tip: &str| !tip.is_empty() && (tip == entry.pushed || tip == entry.intended);
    match tip {
        Some(tip) if tip == desired => Move::Nothing,
        Some(tip) if is_ours(tip) => Move::Push { from: tip.to_owned() },
        Some(_) => Move::LeaveAlone,
        None if entry.pushed.is_empty() || entry.publication == Publication::RolledBack => {
            Move::Push { from: String::new() }
        }
        None => Move::Closed,
    }
}

impl Clone<'_> {
    /// Asks the remote for our branch and the one that was looked at.
    pub fn heads(&self, branch: &str, reference: Option<&str>) -> Result<Heads, Trouble> {
        let ours = format!("refs/heads/{branch}");
        let base = reference.unwrap_or("HEAD");
        let call = self
            .git
            .remote(&self.folder)
            .args(["ls-remote", "--quiet", "--end-of-options"]);
        let listed = call
            .args([self.remote(), base, &ours])
            .to("list the branches")
            .run()?;
        let listed = String::from_utf8_lossy(&listed);
        let find = |wanted: &str| {
            let mut lines = listed.lines().filter_map(|line| line.split_once('\t'));
            lines
                .find(|(_, name)| *name == wanted)
                .map(|(commit, _)| commit.to_owned())
        };
        Ok(Heads {
            branch: find(&ours),
            base: find(base)
                .or_else(|| find(&format!("refs/heads/{base}")))
                .or_else(|| find(&format!("refs/tags/{base}^{{}}")))
                .or_else(|| find(&format!("refs/tags/{base}"))),
        })
    }

    /// Moves our branch from one commit to another; an empty name stands for no branch. The server checks that
    /// nobody moved it meanwhile.
    pub fn push(&self, branch: &str, from: &str, to: &str) -> Result<(), Trouble> {
        let lease = format!("--force-with-lease=refs/heads/{branch}:{from}");
        let flags = [
            "push",
            "--quiet",
            "--no-recurse-submodules",
            &lease,
            "--end-of-options",
        ];
        let update = format!("{to}:refs/heads/{branch}");
        let call = self
            .git
            .remote(&self.folder)
            .args(flags)
            .args([self.remote(), &update]);
        call.to("push").run().map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::state::State;

    fn entry(publication: Publication, pushed: &str, intended: &str) -> Entry {
        Entry {
            key: String::new(),
            name: String::new(),
            remote: String::new(),
            reference: None,
            subdirs: Vec::new(),
            opt_out: false,
            state: State::Repaired,
            message: String::new(),
            attempts: 1,
            base: String::new(),
            findings: 1,
            fixed: 1,
            publication,
            publication_message: String::new(),
            pushed: pushed.to_owned(),
            pushed_base: String::new(),
            intended: intended.to_owned(),
            is_requested: false,
        }
    }

    fn push(from: &str) -> Move {
        Move::Push {
            from: from.to_owned(),
        }
    }

    #[test]
    fn only_a_branch_that_we_left_there_is_moved() {
        let fresh = entry(Publication::None, "", "");
        assert_eq!(next_move(None, &fresh, "new"), push(""));
        assert_eq!(next_move(Some("theirs"), &fresh, "new"), Move::LeaveAlone);
        // Killed between the push and its note in the ledger, or the ledger lost.
        assert_eq!(next_move(Some("new"), &fresh, "new"), Move::Nothing);
        let pushed = entry(Publication::Pushed, "old", "");
        assert_eq!(next_move(Some("old"), &pushed, "new"), push("old"));
        assert_eq!(next_move(Some("theirs"), &pushed, "new"), Move::LeaveAlone);
        assert_eq!(next_move(None, &pushed, "new"), Move::Closed);
    }

    #[test]
    fn a_push_that_was_killed_is_known_by_what_it_intended() {
        let first = entry(Publication::Pushing, "", "mine");
        assert_eq!(next_move(None, &first, "mine"), push(""));
        assert_eq!(next_move(Some("mine"), &first, "newer"), push("mine"));
        let second = entry(Publication::Pushing, "old", "mine");
        assert_eq!(next_move(Some("old"), &second, "mine"), push("old"));
        assert_eq!(next_move(None, &second, "mine"), Move::Closed);
    }

    #[test]
    fn what_was_rolled_back_may_be_published_again() {
        let back = entry(Publication::RolledBack, "", "");
        assert_eq!(next_move(None, &back, "new"), push(""));
    }
}
