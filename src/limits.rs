//! What a search may spend. Most end by themselves, since they look at everything once; a bound is there for code that
//! nobody writes by hand. A search that meets its bound has no answer, and the run says so.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;

/// A bound, and what it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Limit {
    pub most: u32,
    /// In the plural: `steps`.
    pub unit: &'static str,
}

/// How many functions a search may stand in at once, each called by the one before. All searches under way count
/// together, since they share a stack.
const NESTED: Limit = Limit::new(200, "nested calls");

/// Searches about one file that ended at one bound.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cut {
    pub path: String,
    /// For which repair they searched; empty for what serves all of them.
    pub repair: &'static str,
    pub limit: Limit,
    pub searches: usize,
}

impl Cut {
    /// Whether both tell of the same file, repair and bound.
    pub fn is_like(&self, other: &Cut) -> bool {
        let key = |cut: &Cut| (cut.repair, cut.limit);
        self.path == other.path && key(self) == key(other)
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cut {
            path,
            repair,
            limit,
            searches,
        } = self;
        let (searches, their) = match searches {
            1 => ("1 search".to_owned(), "its"),
            many => (format!("{many} searches"), "their"),
        };
        write!(f, "{path}: {searches} ended at {their} limit of {limit}")?;
        match repair.is_empty() {
            true => Ok(()),
            false => write!(f, " ({repair})"),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.most.to_string();
        for (at, digit) in digits.chars().enumerate() {
            let group = at > 0 && (digits.len() - at).is_multiple_of(3);
            write!(f, "{}{digit}", if group { "," } else { "" })?;
        }
        write!(f, " {}", self.unit)
    }
}

type Counts = BTreeMap<(String, &'static str, Limit), usize>;

thread_local! {
    static COUNTS: RefCell<Counts> = const { RefCell::new(BTreeMap::new()) };
    static REPAIR: Cell<&'static str> = const { Cell::new("") };
    static STANDING: Cell<u32> = const { Cell::new(0) };
}

impl Limit {
    pub const fn new(most: u32, unit: &'static str) -> Self {
        Limit { most, unit }
    }

    /// Notes that a search about the file `path` ended here.
    pub fn reached(self, path: &str) {
        let key = (path.to_owned(), REPAIR.get(), self);
        COUNTS.with_borrow_mut(|counts| *counts.entry(key).or_default() += 1);
    }
}

/// What one search may still spend.
#[derive(Clone, Debug)]
pub struct Budget {
    limit: Limit,
    left: u32,
    is_cut: bool,
}

impl Budget {
    pub fn new(limit: Limit) -> Self {
        Budget {
            limit,
            left: limit.most,
            is_cut: false,
        }
    }

    /// Whether there was one more to spend, in a search about the file `path`.
    pub fn spend(&mut self, path: &str) -> bool {
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None if self.is_cut => return false,
            None => {
                self.is_cut = true;
                self.limit.reached(path);
                return false;
            }
        }
        true
    }

    /// Whether more was asked for than there was.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }
}

/// Does `search` in a function that the one at hand calls; `None` where they are nested too deep.
pub fn inside<R>(path: &str, search: impl FnOnce() -> R) -> Option<R> {
    let standing = STANDING.get();
    if standing >= NESTED.most {
        NESTED.reached(path);
        return None;
    }
    let _guard = Standing;
    STANDING.set(standing + 1);
    Some(search())
}

/// Steps back out, after a panic too.
struct Standing;

impl Drop for Standing {
    fn drop(&mut self) {
        STANDING.set(STANDING.get().saturating_sub(1));
    }
}

/// Does `work` for the repair of this name.
pub fn asked_by<R>(repair: &'static str, work: impl FnOnce() -> R) -> R {
    let before = REPAIR.replace(repair);
    let done = work();
    REPAIR.set(before);
    done
}

/// The searches of this thread that ended at a bound since this was asked last.
pub fn taken() -> Vec<Cut> {
    let counts = COUNTS.take().into_iter();
    let cut = |((path, repair, limit), searches)| Cut {
        path,
        repair,
        limit,
        searches,
    };
    counts.map(cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: Limit = Limit::new(2000, "steps");

    fn dive(depth: u32) -> u32 {
        inside("a.go", || dive(depth + 1)).unwrap_or(depth)
    }

    #[test]
    fn what_ends_at_a_bound_is_told_once_for_each_search() {
        taken();
        asked_by("end_loop", || {
            for _ in 0..3 {
                let mut budget = Budget::new(STEPS);
                while budget.spend("a.go") {}
                assert!(!budget.spend("a.go") && budget.is_cut());
            }
        });
        let told: Vec<String> = taken().iter().map(Cut::to_string).collect();
        assert_eq!(
            told,
            ["a.go: 3 searches ended at their limit of 2,000 steps (end_loop)"]
        );
        assert!(taken().is_empty());
    }

    #[test]
    fn searches_in_each_other_share_one_stack() {
        taken();
        assert_eq!(dive(0), NESTED.most);
        assert_eq!(inside("a.go", || dive(0)), Some(NESTED.most - 1));
        let told: usize = taken().iter().map(|cut| cut.searches).sum();
        assert_eq!(told, 2);
    }
}
