//! Blocks that nothing leads to, and such as only lead on, are taken out of a finished graph.

use super::graph::{Block, BlockId};

/// The blocks that the first one reaches, without the empty ones that only lead on.
pub(super) fn reachable(mut blocks: Vec<Block<'_>>) -> Vec<Block<'_>> {
    let ways_on: Vec<BlockId> = (0..blocks.len()).map(|at| way_on(&blocks, BlockId(at))).collect();
    let mut order = vec![ways_on[0]];
    let mut place = vec![None; blocks.len()];
    place[order[0].0] = Some(BlockId(0));
    let mut next = 0;
    while let Some(id) = order.get(next).copied() {
        for edge in &mut blocks[id.0].edges {
            let to = ways_on[edge.to.0];
            edge.to = *place[to.0].get_or_insert_with(|| {
                order.push(to);
                BlockId(order.len() - 1)
            });
        }
        next += 1;
    }
    order.iter().map(|id| std::mem::take(&mut blocks[id.0])).collect()
}

/// Where an edge to `id` ends: behind any empty blocks with one unconditional edge.
pub(super) fn way_on(blocks: &[Block<'_>], mut id: BlockId) -> BlockId {
    // An empty loop `for {}` leads on in a circle; as many steps as there are blocks end it.
    for _ in 0..blocks.len() {
        let block = &blocks[id.0];
        match block.edges.as_slice() {
            [edge] if block.nodes.is_empty() && block.branch.is_none() && edge.condition.is_none() => {
                id = edge.to
            }
            _ => break,
        }
    }
    id
}
