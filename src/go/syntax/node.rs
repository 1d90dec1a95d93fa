//! A node of a tree: its kind, fields and neighbours.

use std::hash::{Hash, Hasher};

use super::{Field, Kind, Tree};
use crate::text::Span;

/// A node of a [`Tree`]. Cheap to copy; equal when it is the same node of the same tree.
#[derive(Clone, Copy)]
pub struct Node<'t> {
    tree: &'t Tree,
    index: u32,
}

impl<'t> Node<'t> {
    pub(super) fn new(tree: &'t Tree, index: u32) -> Self {
        Node { tree, index }
    }

    fn entry(self) -> &'t super::tree::Entry {
        &self.tree.entries[self.index as usize]
    }

    pub fn tree(self) -> &'t Tree {
        self.tree
    }

    /// The place in preorder, unique in its tree.
    pub fn index(self) -> usize {
        self.index as usize
    }

    /// The index behind the last node of this subtree.
    pub fn subtree_end(self) -> usize {
        self.entry().subtree_end as usize
    }

    pub fn kind(self) -> Kind {
        self.entry().kind
    }

    pub fn is(self, kind: Kind) -> bool {
        self.kind() == kind
    }

    /// The role in the parent.
    pub fn role(self) -> Field {
        self.entry().field
    }

    pub fn span(self) -> Span {
        Span::new(self.start(), self.end())
    }

    pub fn start(self) -> usize {
        self.entry().start as usize
    }

    pub fn end(self) -> usize {
        self.entry().end as usize
    }

    pub fn bytes(self) -> &'t [u8] {
        self.span().of(self.tree.source())
    }

    /// The source of this node; empty where it is not UTF-8, which no Go name or literal of interest is.
    pub fn text(self) -> &'t str {
        std::str::from_utf8(self.bytes()).unwrap_or("")
    }

    pub fn parent(self) -> Option<Node<'t>> {
        (self.index != 0).then(|| Node::new(self.tree, self.entry().parent))
    }

    /// From the parent up to the root.
    pub fn ancestors(self) -> impl Iterator<Item = Node<'t>> {
        std::iter::successors(self.parent(), |node| node.parent())
    }

    /// The nearest ancestor of `kind`.
    pub fn enclosing(self, kind: Kind) -> Option<Node<'t>> {
        self.ancestors().find(|node| node.is(kind))
    }

    /// The function declaration, method or literal whose body or signature holds this node.
    pub fn enclosing_function(self) -> Option<Node<'t>> {
        self.ancestors().find(|node| node.is_function())
    }

    pub fn is_function(self) -> bool {
        matches!(
            self.kind(),
            Kind::FunctionDeclaration | Kind::MethodDeclaration | Kind::FuncLiteral
        )
    }

    /// Children in order, comments and operators left out.
    pub fn children(self) -> impl Iterator<Item = Node<'t>> {
        self.all_children()
            .filter(|child| !child.is(Kind::Comment) && child.role() != Field::Operator)
    }

    /// Children in order, comments and operators too.
    pub fn all_children(self) -> impl Iterator<Item = Node<'t>> {
        let end = self.entry().subtree_end;
        let first = (self.index + 1 < end).then(|| Node::new(self.tree, self.index + 1));
        std::iter::successors(first, move |child| {
            let next = child.entry().subtree_end;
            (next < end).then(|| Node::new(child.tree, next))
        })
    }

    pub fn child(self, at: usize) -> Option<Node<'t>> {
        self.children().nth(at)
    }

    /// The first child that plays `field`. What is called counts without the parentheses that may be around it:
    /// `(c.Params)("id")` calls what `c.Params("id")` calls.
    pub fn field(self, field: Field) -> Option<Node<'t>> {
        let found = self.all_children().find(|child| child.role() == field);
        match field {
            Field::Function => found.map(Node::unparenthesized),
            _ => found,
        }
    }

    /// Every child that plays `field`.
    pub fn fields(self, field: Field) -> impl Iterator<Item = Node<'t>> {
        self.all_children().filter(move |child| child.role() == field)
    }

    /// The operator of a unary, binary or assignment node.
    pub fn operator(self) -> Option<Kind> {
        self.field(Field::Operator).map(Node::kind)
    }

    /// Everything below this node, in preorder.
    pub fn descendants(self) -> impl Iterator<Item = Node<'t>> {
        (self.index + 1..self.entry().subtree_end).map(move |index| Node::new(self.tree, index))
    }

    /// This node and everything below it, in preorder.
    pub fn subtree(self) -> impl Iterator<Item = Node<'t>> {
        std::iter::once(self).chain(self.descendants())
    }

    /// Everything below this node that runs as part of it: the bodies of function literals are left out, the
    /// literals themselves are there.
    pub fn shallow_descendants(self) -> impl Iterator<Item = Node<'t>> {
        let end = self.entry().subtree_end;
        let mut next = self.index + 1;
        std::iter::from_fn(move || {
            let node = (next < end).then(|| Node::new(self.tree, next))?;
            next = match node.is(Kind::FuncLiteral) {
                true => node.entry().subtree_end,
                false => next + 1,
            };
            Some(node)
        })
    }

    /// Whether `other` is this node or stands below it.
    pub fn contains(self, other: Node<'_>) -> bool {
        self.index <= other.index && other.index < self.entry().subtree_end
    }

    pub fn next_sibling(self) -> Option<Node<'t>> {
        let next = self.entry().subtree_end;
        let parent_end = self.parent()?.entry().subtree_end;
        (next < parent_end).then(|| Node::new(self.tree, next))
    }

    /// The expression inside any parentheses around it.
    pub fn unparenthesized(self) -> Node<'t> {
        let mut node = self;
        while node.is(Kind::ParenthesizedExpression) {
            match node.child(0) {
                Some(inner) => node = inner,
                None => break,
            }
        }
        node
    }

    /// The expression with any parentheses around it.
    pub fn parenthesized(self) -> Node<'t> {
        let is_around = |node: &Node<'_>| node.is(Kind::ParenthesizedExpression);
        self.ancestors().take_while(is_around).last().unwrap_or(self)
    }

    /// The statement this node is or belongs to: the nearest child of a statement list.
    pub fn statement(self) -> Option<Node<'t>> {
        std::iter::once(self)
            .chain(self.ancestors())
            .find(|node| node.parent().is_some_and(|parent| parent.is(Kind::StatementList)))
    }

    /// Whether a range, receive or type-switch header declares its left side with `:=`.
    pub fn defines(self) -> bool {
        match self.kind() {
            Kind::ShortVarDeclaration => true,
            Kind::RangeClause | Kind::ReceiveStatement => {
                let (Some(left), Some(right)) = (self.field(Field::Left), self.field(Field::Right)) else {
                    return false;
                };
                Span::new(left.end(), right.start())
                    .of(self.tree.source())
                    .windows(2)
                    .any(|pair| pair == b":=")
            }
            _ => false,
        }
    }
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.tree, other.tree) && self.index == other.index
    }
}

impl Eq for Node<'_> {}

impl Hash for Node<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.index.hash(state);
    }
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?}", self.kind(), self.text())
    }
}
