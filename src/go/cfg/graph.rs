//! The control flow graph: blocks of statements, and edges with the condition that leads along them.

use std::collections::HashMap;

use super::build::{Builder, DEPTH};
use crate::go::syntax::Node;
use crate::limits::Limit;

/// A block of a [`Cfg`], by its place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlockId(pub usize);

/// The place before the node at `index` of a block; `index` may be the number of nodes, the block's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Point {
    pub block: BlockId,
    pub index: usize,
}

impl Point {
    /// The place behind the node that this point stands before.
    pub fn after(self) -> Point {
        Point {
            index: self.index + 1,
            ..self
        }
    }
}

/// How a path leaves the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exit<'t> {
    /// A return statement.
    Return(Node<'t>),
    /// Past the last statement of this body.
    FallOff(Node<'t>),
    /// This call does not come back: a panic, `os.Exit`, or `select {}`.
    NoReturn(Node<'t>),
}

/// What a branch asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test<'t> {
    /// Whether an expression without `&&`, `||` and `!` is true.
    True(Node<'t>),
    /// Whether the tag of a switch equals the value of a case.
    Equal(Node<'t>, Node<'t>),
}

/// A test with the answer that an edge stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition<'t> {
    pub test: Test<'t>,
    pub holds: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge<'t> {
    pub to: BlockId,
    /// `None` where nothing is known about why this way is taken.
    pub condition: Option<Condition<'t>>,
}

/// Nodes that run one after the other.
#[derive(Debug, Default)]
pub struct Block<'t> {
    /// Simple statements, jumps, conditions and other evaluated expressions, in the order in which they run. Function
    /// literals inside them do not run here.
    pub nodes: Vec<Node<'t>>,
    /// The ways on; none where the function is left or blocks for ever.
    pub edges: Vec<Edge<'t>>,
    /// The statement that chooses between the edges, for loops, switches and selects.
    pub branch: Option<Node<'t>>,
    pub exit: Option<Exit<'t>>,
}

/// The control-flow graph of a function body. Code that nothing reaches is left out.
pub struct Cfg<'t> {
    pub body: Node<'t>,
    blocks: Vec<Block<'t>>,
    points: HashMap<usize, Point>,
    /// The bounds that were met when it was built.
    pub(in crate::go) cuts: Vec<Limit>,
}

impl<'t> Cfg<'t> {
    /// The graph of `body`, the block of a function. `never_returns` tells of calls that end a path.
    pub fn build(body: Node<'t>, never_returns: &dyn Fn(Node<'t>) -> bool) -> Cfg<'t> {
        let (blocks, cuts) = Builder::run(body, never_returns);
        Cfg::new(body, blocks, cuts)
    }

    /// Whether every statement is in it, and none hidden in one that is nested too deep.
    pub(in crate::go) fn is_whole(&self) -> bool {
        !self.cuts.contains(&DEPTH)
    }

    fn new(body: Node<'t>, blocks: Vec<Block<'t>>, cuts: Vec<Limit>) -> Self {
        let mut points = HashMap::new();
        for (at, block) in blocks.iter().enumerate() {
            for (index, node) in block.nodes.iter().enumerate() {
                let block = BlockId(at);
                points.entry(node.index()).or_insert(Point { block, index });
            }
        }
        Cfg {
            body,
            blocks,
            points,
            cuts,
        }
    }

    pub fn entry(&self) -> Point {
        Point {
            block: BlockId(0),
            index: 0,
        }
    }

    pub fn block(&self, id: BlockId) -> &Block<'t> {
        &self.blocks[id.0]
    }

    pub fn blocks(&self) -> impl Iterator<Item = (BlockId, &Block<'t>)> {
        self.blocks
            .iter()
            .enumerate()
            .map(|(at, block)| (BlockId(at), block))
    }

    /// Where `node`, or the statement or condition around it, runs. `None` for unreachable code, for nodes of
    /// other functions and for statements that consist of others.
    pub fn point_of(&self, node: Node<'t>) -> Option<Point> {
        let around = node.ancestors().take_while(|node| !node.is_function());
        std::iter::once(node)
            .chain(around)
            .find_map(|node| self.points.get(&node.index()).copied())
    }

    /// Every way to leave the function.
    pub fn exits(&self) -> impl Iterator<Item = Exit<'t>> {
        self.blocks.iter().filter_map(|block| block.exit)
    }

    /// Whether some path comes back to the caller.
    pub fn returns(&self) -> bool {
        self.exits().any(|exit| !matches!(exit, Exit::NoReturn(_)))
    }
}
