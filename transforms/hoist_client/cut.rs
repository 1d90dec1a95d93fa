//! Takes statements out of a function: which lines go, and what would not compile without them.

use super::definition::local_definition;
use crate::go::syntax::{Kind, Node};
use crate::go::{BindingId, BindingKind, Declaration, Usage};
use crate::rewrite;
use crate::text::{Edit, Span};

/// Statements of one declaration that go.
#[derive(Clone, Debug)]
pub struct Cut<'a> {
    at: Declaration<'a>,
    statements: Vec<Node<'a>>,
}

impl<'a> Cut<'a> {
    pub fn new(at: Declaration<'a>) -> Self {
        Cut {
            at,
            statements: Vec::new(),
        }
    }

    pub fn take(&mut self, statement: Node<'a>) {
        if self.statements.iter().any(|held| held.contains(statement)) {
            return;
        }
        self.statements.retain(|held| !statement.contains(*held));
        self.statements.push(statement);
        self.statements.sort_by_key(|statement| statement.index());
    }

    pub fn statements(&self) -> &[Node<'a>] {
        &self.statements
    }

    /// Takes the definitions of local names that nothing reads any more once `further` is gone too. `None` where
    /// another name than one of `movable` would be left unused.
    pub fn take_definitions(&mut self, further: &[Span], movable: &[BindingId]) -> Option<()> {
        loop {
            let mut gone = self.spans();
            gone.extend(further);
            let unused = left_unused(self.at, &gone);
            if unused.is_empty() {
                return Some(());
            }
            for id in unused {
                let definition = local_definition(self.at, id).filter(|_| movable.contains(&id));
                self.take(definition?.0);
            }
        }
    }

    pub fn spans(&self) -> Vec<Span> {
        self.statements.iter().map(|statement| statement.span()).collect()
    }

    /// One edit for each run of statements that follow each other. `None` where a line is shared with other code.
    pub fn edits(&self) -> Option<Vec<Edit>> {
        let runs = self.statements.chunk_by(|a, b| next_line_of(*a) == Some(*b));
        let edit = |run: &[Node<'a>]| rewrite::delete_statements(self.at.file(), *run.first()?, *run.last()?);
        runs.map(edit).collect()
    }
}

/// What follows a statement; a comment on its last line is part of it.
fn next_line_of(statement: Node<'_>) -> Option<Node<'_>> {
    let mut behind = std::iter::successors(statement.next_sibling(), |node| node.next_sibling());
    behind.find(|node| !is_comment_beside(statement, *node))
}

fn is_comment_beside(statement: Node<'_>, node: Node<'_>) -> bool {
    let between = statement.tree().source().get(statement.end()..node.start());
    node.is(Kind::Comment) && !between.unwrap_or_default().contains(&b'\n')
}

/// The statement with the comment on its last line.
pub fn with_comment_beside(statement: Node<'_>) -> Span {
    let next = statement
        .next_sibling()
        .filter(|node| is_comment_beside(statement, *node));
    Span::new(statement.start(), next.unwrap_or(statement).end())
}

/// Local variables that nothing outside of `spans` reads, though something inside does: Go does not compile them.
fn left_unused(at: Declaration<'_>, spans: &[Span]) -> Vec<BindingId> {
    let tree = at.tree();
    let inside = |node: Node<'_>| spans.iter().any(|span| span.contains(node.span()));
    let reads = |node: &Node<'_>| matches!(at.usage(*node), Usage::Read | Usage::Address);
    let unused = at.scopes().bindings().filter(|(id, binding)| {
        let uses: Vec<_> = at.scopes().uses(*id, tree).filter(reads).collect();
        binding.kind == BindingKind::Var
            && !inside(tree.node(binding.declared))
            && !uses.is_empty()
            && uses.into_iter().all(inside)
    });
    unused.map(|(id, _)| id).collect()
}
