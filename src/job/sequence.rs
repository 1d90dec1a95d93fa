//! Results as they come, and to whoever follows the run in the order of the folders, whatever the threads do.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::workspace::Session;

/// A result with the place that orders it: folder and package name.
pub(super) type Placed<R> = ((String, String), R);

/// Is told what a folder gave as soon as it, and those before it, are done.
pub type Follower<'a, R> = dyn Fn(&Session, &[&R]) + Sync + 'a;

pub(super) struct Sequence<'a, R> {
    session: &'a Session,
    follower: Option<&'a Follower<'a, R>>,
    state: Mutex<State<R>>,
}

struct State<R> {
    /// The folder that the follower hears of next.
    next: usize,
    /// Folders that are done while one before them is not.
    waiting: BTreeMap<usize, Vec<Placed<R>>>,
    results: Vec<Placed<R>>,
}

impl<'a, R> Sequence<'a, R> {
    pub(super) fn new(session: &'a Session, follower: Option<&'a Follower<'a, R>>) -> Self {
        Sequence {
            session,
            follower,
            state: Mutex::new(State {
                next: 0,
                waiting: BTreeMap::new(),
                results: Vec::new(),
            }),
        }
    }

    /// Takes the results of the folder that is `at` in the order of the run.
    pub(super) fn take(&self, at: usize, results: Vec<Placed<R>>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.waiting.insert(at, results);
        while let Some(results) = state.first() {
            if let Some(follower) = self.follower {
                let told: Vec<&R> = results.iter().map(|(_, result)| result).collect();
                follower(self.session, &told);
            }
            state.results.extend(results);
        }
    }

    /// Everything, also what an early end kept from the follower.
    pub(super) fn into_results(self) -> Vec<Placed<R>> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let waiting = state.waiting.into_values().flatten();
        state.results.into_iter().chain(waiting).collect()
    }
}

impl<R> State<R> {
    fn first(&mut self) -> Option<Vec<Placed<R>>> {
        let results = self.waiting.remove(&self.next)?;
        self.next += 1;
        Some(results)
    }
}
