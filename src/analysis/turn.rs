//! One turn of a loop: where a name that is new in each turn is known, and what leads out of there.

use super::acquisition::Acquisition;
use crate::go::BindingId;
use crate::go::cfg::Cfg;
use crate::go::syntax::{Field, Kind, Node};

/// One turn of the loop that acquires.
#[derive(Clone, Copy)]
pub(super) struct Turn<'a> {
    /// The block whose names are new in each turn.
    pub(super) block: Node<'a>,
    /// What runs first in it, by [`Node::index`].
    first: usize,
}

impl<'a> Turn<'a> {
    /// The turn behind which `handle` is out of reach, where the acquisition stands in a loop that no `goto` leaves.
    pub(super) fn of(acquisition: &Acquisition<'a>, handle: BindingId, flow: &Cfg<'a>) -> Option<Turn<'a>> {
        let block = acquisition
            .at
            .tree()
            .node(acquisition.at.scopes().get(handle).block);
        let mut around = block.ancestors().take_while(|node| *node != acquisition.function);
        let in_loop = around.any(|node| node.is(Kind::ForStatement));
        let nodes = flow.blocks().flat_map(|(_, run)| &run.nodes);
        let first = nodes
            .filter(|node| block.contains(**node))
            .map(|node| node.index())
            .min()?;
        let goes_to = block.descendants().any(|node| node.is(Kind::GotoStatement));
        (block.is(Kind::Block) && in_loop && !goes_to).then_some(Turn { block, first })
    }

    /// One turn of the loop with this body, whose variables are new in each.
    pub(super) fn of_body(block: Node<'a>) -> Turn<'a> {
        Turn {
            block,
            first: usize::MAX,
        }
    }

    /// Whether a path that comes to `node` is in another turn or behind the loop.
    pub(super) fn is_over_at(self, node: Node<'a>) -> bool {
        node.index() == self.first || !self.block.contains(node)
    }

    /// Whether `node` is a jump that ends the turn.
    pub(super) fn is_left_by(self, node: Node<'a>) -> bool {
        let is_jump = matches!(node.kind(), Kind::BreakStatement | Kind::ContinueStatement);
        is_jump && jump_target(node).is_some_and(|target| !self.block.contains(target))
    }
}

/// The statement that a `break` or `continue` is about.
pub fn jump_target(jump: Node<'_>) -> Option<Node<'_>> {
    let label = jump.child(0).map(Node::text);
    let fits = |target: &Node<'_>| match (label, jump.kind()) {
        (Some(label), _) => labelled(*target) == Some(label),
        (None, Kind::ContinueStatement) => target.is(Kind::ForStatement),
        (None, _) => matches!(
            target.kind(),
            Kind::ForStatement
                | Kind::SelectStatement
                | Kind::ExpressionSwitchStatement
                | Kind::TypeSwitchStatement
        ),
    };
    jump.ancestors().find(fits)
}

fn labelled(statement: Node<'_>) -> Option<&str> {
    let parent = statement
        .parent()
        .filter(|parent| parent.is(Kind::LabeledStatement))?;
    parent.field(Field::Label).map(Node::text)
}
