//! Nodes by the names they go by.

use super::{Field, Kind, Node, Tree};
use crate::go::words::hash;

/// The identifiers, type identifiers and selectors of a tree, each with the hash of its name, in the order of these.
pub struct Named(Vec<(u32, u32)>);

impl Named {
    pub fn of(tree: &Tree) -> Self {
        let nodes = tree.root().subtree();
        let named = nodes.filter_map(|node| Some((hash(name_of(node)?.as_bytes()), node.index() as u32)));
        let mut named: Vec<(u32, u32)> = named.collect();
        named.sort_unstable();
        Named(named)
    }

    /// The nodes of `tree`, which this was made of, that `name` names, in preorder.
    pub fn by<'t>(&self, tree: &'t Tree, name: &str) -> impl Iterator<Item = Node<'t>> {
        let hash = hash(name.as_bytes());
        let first = self.0.partition_point(|(known, _)| *known < hash);
        let found = self.0[first..]
            .iter()
            .take_while(move |(known, _)| *known == hash);
        let nodes = found.map(|(_, index)| Node::new(tree, *index));
        nodes.filter(move |node| name_of(*node) == Some(name))
    }
}

fn name_of(node: Node<'_>) -> Option<&str> {
    match node.kind() {
        Kind::Identifier | Kind::TypeIdentifier => Some(node.text()),
        Kind::SelectorExpression => node.field(Field::Field).map(Node::text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Named;
    use crate::go::syntax::{Kind, parse};
    use crate::text::Span;

    #[test]
    fn nodes_are_found_by_their_names_in_preorder() {
        let source = "func f(a T) { a.Get(a.b.Get, Get).T = x[T](\"Get\") }";
        let tree = parse(&Arc::from(source.as_bytes()), Span::new(0, source.len()));
        let named = Named::of(&tree);
        let found = |name| {
            let nodes = named.by(&tree, name).map(|node| (node.kind(), node.text()));
            nodes.collect::<Vec<_>>()
        };
        let get = [
            (Kind::SelectorExpression, "a.Get"),
            (Kind::SelectorExpression, "a.b.Get"),
            (Kind::Identifier, "Get"),
        ];
        assert_eq!(found("Get"), get);
        assert_eq!(found("a").len(), 3);
        assert_eq!(found("T").len(), 3);
        assert!(found("G").is_empty());
    }
}
