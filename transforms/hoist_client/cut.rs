//! Takes statements out of a function: which lines go, and what would not compile without them.

use super::definition::local_definition;
use super::value::Value;
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

    /// Takes the definitions of local names that nothing reads any more once `further` is gone too, with what builds
    /// them. `None` where another name than one of `moved` would be left unused.
    pub fn take_definitions(&mut self, further: &[Span], moved: &Value<'a>) -> Option<()> {
        let movable = &moved.locals;
        loop {
            let mut gone = self.spans();
            gone.extend(further);
            for (id, steps) in &moved.built {
                if self.is_only_built(*id, steps, &gone) {
                    steps.iter().for_each(|step| self.take(*step));
                }
            }
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

    /// Takes the comments above those of the statements that go, where they move along.
    pub fn take_comments(&mut self, moving: &[Node<'a>]) {
        let gone = self.statements.clone();
        let leaving = moving.iter().filter(|statement| gone.contains(statement));
        for comment in leaving.flat_map(|statement| comments_above(*statement, moving)) {
            self.take(comment);
        }
    }

    /// Whether the name is mentioned nowhere but where it is defined, in its steps, and in what goes.
    fn is_only_built(&self, id: BindingId, steps: &[Node<'a>], gone: &[Span]) -> bool {
        let mut uses = self.at.scopes().uses(id, self.at.tree());
        let definition = local_definition(self.at, id).map(|(statement, _)| statement);
        uses.all(|node| {
            let mut known = steps.iter().chain(&definition);
            known.any(|statement| statement.contains(node))
                || gone.iter().any(|span| span.contains(node.span()))
        })
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
    let next = behind.find(|node| !is_comment_beside(statement, *node))?;
    match next.kind() {
        // Comments above the first statement stand outside of the list.
        Kind::StatementList => next.all_children().next(),
        _ => Some(next),
    }
}

/// The comment lines directly above a statement of `moving`; none where they could speak of a neighbour that stays.
pub fn comments_above<'a>(statement: Node<'a>, moving: &[Node<'a>]) -> Vec<Node<'a>> {
    let lines_between = |a: Node<'_>, b: Node<'_>| {
        let between = statement.tree().source().get(a.end()..b.start());
        between.map_or(0, |between| between.iter().filter(|byte| **byte == b'\n').count())
    };
    let neighbour = next_line_of(statement).filter(|next| !next.is(Kind::Comment));
    if neighbour.is_some_and(|next| lines_between(statement, next) < 2 && !moving.contains(&next)) {
        return Vec::new();
    }
    let before = before_in_block(statement);
    let mut found = Vec::new();
    let mut below = statement;
    for (place, comment) in before.iter().enumerate().rev() {
        let before = place.checked_sub(1).map(|above| before[above]);
        let is_beside = before.is_some_and(|before| is_comment_beside(before, *comment));
        let is_line = comment.is(Kind::Comment) && comment.text().starts_with("//");
        if !is_line || is_beside || lines_between(*comment, below) != 1 {
            break;
        }
        found.push(*comment);
        below = *comment;
    }
    found.reverse();
    found
}

/// What stands before a statement in its block: comments above the first one stand outside of the list.
fn before_in_block(statement: Node<'_>) -> Vec<Node<'_>> {
    let list = statement.parent();
    let outer = list
        .and_then(Node::parent)
        .into_iter()
        .flat_map(Node::all_children);
    let outer = outer.filter(|node| node.is(Kind::Comment));
    let inner = list.into_iter().flat_map(Node::all_children);
    outer
        .chain(inner)
        .filter(|node| node.index() < statement.index())
        .collect()
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
