//! What a function defers.

use crate::analysis::effect::{Effect, Mention};
use crate::go::cfg::{Cfg, Point};
use crate::go::syntax::{Kind, Node};

/// Whether a closure that was deferred before the acquisition releases what the name holds in the end.
pub(super) fn is_promised<'a>(
    flow: &Cfg<'a>,
    start: Point,
    function: Node<'a>,
    mentions: &[Mention<'a>],
) -> bool {
    let mut promises = mentions.iter().filter_map(|mention| promise(mention, function));
    promises.any(|defer| {
        let deferred = flow.point_of(defer);
        let acquires = |node| flow.point_of(node) == Some(start);
        deferred != Some(start)
            && !flow.reaches(flow.entry(), acquires, |node| flow.point_of(node) == deferred)
    })
}

/// The statement that defers a closure which releases what the name holds when the function ends.
pub(super) fn promise<'a>(mention: &Mention<'a>, function: Node<'a>) -> Option<Node<'a>> {
    let releases = mention.effect == Effect::Release && mention.node.is(Kind::FuncLiteral);
    deferred(mention.node, function).filter(|_| releases)
}

/// The statement by which `function` defers what happens at `node`.
pub fn deferred<'a>(node: Node<'a>, function: Node<'a>) -> Option<Node<'a>> {
    let mut around = node.ancestors().take_while(|around| *around != function);
    around.find(|around| around.is(Kind::DeferStatement))
}
