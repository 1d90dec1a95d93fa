//! Takes statements out of a function: which lines go, and what would not compile without them.

use super::definition::local_definition;
use super::value::Value;
use crate::edit::{self, comments_above, next_line_of};
use crate::go::syntax::Node;
use crate::go::{BindingId, BindingKind, Declaration, Usage};
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

    /// Takes the comments that belong to the statements that go.
    pub fn take_comments(&mut self) {
        let gone = self.statements.clone();
        let going = |node: Node<'a>| gone.iter().any(|held| held.contains(node));
        for comment in gone
            .iter()
            .flat_map(|statement| comments_above(*statement, &going))
        {
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
        let edit = |run: &[Node<'a>]| edit::delete_statements(self.at.file(), *run.first()?, *run.last()?);
        runs.map(edit).collect()
    }
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
