//! The functions of the module that some code calls, directly and through each other.

use std::collections::{HashSet, VecDeque};

use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, DeclId, Declaration};
use crate::limits::{Budget, Limit};

/// Services have some thousands in all.
const FUNCTIONS: Limit = Limit::new(20_000, "functions");

/// Each function once, with its body, the nearest first. A search that ends here without an answer has to ask
/// [`Reached::is_cut`] before it takes that for a no.
pub struct Reached<'a> {
    due: VecDeque<Declaration<'a>>,
    /// Whose callees are still to be looked up.
    last: Option<Declaration<'a>>,
    seen: HashSet<(&'a str, DeclId)>,
    budget: Budget,
}

impl<'a> Reached<'a> {
    /// `start` and what it calls.
    pub fn from(start: Declaration<'a>) -> Self {
        Reached::from_all([start])
    }

    pub fn from_all(starts: impl IntoIterator<Item = Declaration<'a>>) -> Self {
        Reached {
            due: starts.into_iter().collect(),
            last: None,
            seen: HashSet::new(),
            budget: Budget::new(FUNCTIONS),
        }
    }

    /// What the calls in `node` call.
    pub fn by(at: Declaration<'a>, node: Node<'a>) -> Self {
        let calls = node.descendants().filter(|node| node.is(Kind::CallExpression));
        Reached::from_all(calls.filter_map(|call| called(at, call)))
    }

    /// Whether there were more than could be looked at.
    pub fn is_cut(&self) -> bool {
        self.budget.is_cut()
    }
}

impl<'a> Iterator for Reached<'a> {
    type Item = (Declaration<'a>, Node<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(last) = self.last.take() {
                self.due.extend(last.callees());
            }
            let at = self.due.pop_front()?;
            let body = at.function().and_then(|function| function.field(Field::Body));
            let Some(body) = body.filter(|_| self.seen.insert((&at.package.path, at.id))) else {
                continue;
            };
            if !self.budget.spend(&at.file().path) {
                return None;
            }
            self.last = Some(at);
            return Some((at, body));
        }
    }
}

/// The function of the module that `call` calls.
pub fn called<'a>(at: Declaration<'a>, call: Node<'_>) -> Option<Declaration<'a>> {
    match at.callee(call) {
        Callee::Package(callee) => Some(callee),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::{Package, SourceFile};

    #[test]
    fn every_function_is_reached_once_the_nearest_first() {
        let source = "package p\n\nfunc a() { b(); func() { c() }() }\n
func b() { a(); d(); d() }\n\nfunc c() { c(); b() }\n\nfunc d() {}\n\nfunc e() { a() }\n";
        let package = Package::new("p", None, vec![SourceFile::new("p/f.go", source.as_bytes())]);
        let reached = Reached::from(package.find_name("a").unwrap());
        let names: Vec<String> = reached.map(|(at, _)| at.title()).collect();
        assert_eq!(names, ["a", "b", "c", "d"]);
    }
}
