//! Walks over a control flow graph that carry what is known along each path.

use std::collections::HashSet;
use std::hash::Hash;

use super::graph::{Cfg, Condition, Exit, Point};
use crate::go::syntax::Node;

/// Whether a path goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    Continue,
    /// This path is settled; others go on.
    Stop,
}

/// A client of [`walk`]: what it remembers along a path, and when a path is settled.
pub trait Paths<'t> {
    /// What is known at a point of the path. Few values, or the walk takes long.
    type State: Clone + Eq + Hash;

    /// The path runs `node`.
    fn visit(&mut self, node: Node<'t>, state: &mut Self::State) -> Flow;

    /// The path takes an edge; `Stop` where the state says that it cannot be taken.
    fn follow(&mut self, _condition: Condition<'t>, _state: &mut Self::State) -> Flow {
        Flow::Continue
    }

    /// The path takes the way `way` at a loop over a range (0 is a turn, 1 the end) or a select or type switch (the
    /// clause's place, or behind the last one where no clause fits).
    fn choose(&mut self, _branch: Node<'t>, _way: usize, _state: &mut Self::State) -> Flow {
        Flow::Continue
    }

    /// The path leaves the function.
    fn leave(&mut self, exit: Exit<'t>, state: &Self::State);
}

/// Follows every path from `start`. A block is entered once with each state, so loops end.
pub fn walk<'t, P: Paths<'t>>(cfg: &Cfg<'t>, start: Point, state: P::State, paths: &mut P) {
    let mut seen = HashSet::new();
    if start.index == 0 {
        seen.insert((start.block, state.clone()));
    }
    let mut open = vec![(start, state)];
    while let Some((point, mut state)) = open.pop() {
        if run(cfg, point, &mut state, paths) == Flow::Stop {
            continue;
        }
        let block = cfg.block(point.block);
        for (way, edge) in block.edges.iter().enumerate() {
            let mut state = state.clone();
            let taken = match (edge.condition, block.branch) {
                (Some(condition), _) => paths.follow(condition, &mut state),
                (None, Some(branch)) => paths.choose(branch, way, &mut state),
                (None, None) => Flow::Continue,
            };
            if taken == Flow::Continue && seen.insert((edge.to, state.clone())) {
                let (block, index) = (edge.to, 0);
                open.push((Point { block, index }, state));
            }
        }
    }
}

/// The rest of one block, and the exit behind it.
fn run<'t, P: Paths<'t>>(cfg: &Cfg<'t>, point: Point, state: &mut P::State, paths: &mut P) -> Flow {
    let block = cfg.block(point.block);
    for node in block.nodes.iter().skip(point.index) {
        if paths.visit(*node, state) == Flow::Stop {
            return Flow::Stop;
        }
    }
    if let Some(exit) = block.exit {
        paths.leave(exit, state);
    }
    Flow::Continue
}

impl<'t> Cfg<'t> {
    /// Whether some path from `start` comes to a goal before it comes to an end.
    pub fn reaches(
        &self,
        start: Point,
        is_goal: impl Fn(Node<'t>) -> bool,
        is_end: impl Fn(Node<'t>) -> bool,
    ) -> bool {
        let mut reach = Reach {
            is_goal,
            is_end,
            found: false,
        };
        walk(self, start, (), &mut reach);
        reach.found
    }
}

struct Reach<G, E> {
    is_goal: G,
    is_end: E,
    found: bool,
}

impl<'t, G: Fn(Node<'t>) -> bool, E: Fn(Node<'t>) -> bool> Paths<'t> for Reach<G, E> {
    type State = ();

    fn visit(&mut self, node: Node<'t>, _state: &mut ()) -> Flow {
        self.found |= (self.is_goal)(node);
        match self.found || (self.is_end)(node) {
            true => Flow::Stop,
            false => Flow::Continue,
        }
    }

    fn leave(&mut self, _exit: Exit<'t>, _state: &()) {}
}
