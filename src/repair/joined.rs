//! One check behind several acquisitions under one name: in branches that exclude each other, or where the first of them
//! failed. A defer behind it takes what the name holds there, whichever that is.

use super::spot::Check;
use crate::analysis::Handle;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Usage};

/// The statement whose branch ends with `statement`.
pub(super) fn branches_around(statement: Node<'_>) -> Option<Node<'_>> {
    let holder = statement
        .parent()
        .filter(|list| list.is(Kind::StatementList))?
        .parent()?;
    let around = holder.parent()?;
    let mut owner = match (holder.kind(), around.kind()) {
        (Kind::Block, Kind::IfStatement) => around,
        (Kind::Block, Kind::StatementList) => holder,
        (Kind::ExpressionCase | Kind::DefaultCase, Kind::ExpressionSwitchStatement) => around,
        (Kind::TypeCase | Kind::DefaultCase, Kind::TypeSwitchStatement) => around,
        _ => return None,
    };
    while owner.role() == Field::Alternative {
        owner = owner.parent()?;
    }
    let stands_alone = owner.parent().is_some_and(|list| list.is(Kind::StatementList));
    stands_alone.then_some(owner)
}

impl<'a> Check<'a, '_> {
    /// `if err != nil { x, err = acquire() }`, which goes on in any case.
    pub(super) fn acquires_anew(&self, statement: Node<'a>) -> bool {
        let is_plain = statement.is(Kind::IfStatement)
            && statement.field(Field::Initializer).is_none()
            && statement.field(Field::Alternative).is_none();
        let failed = statement
            .field(Field::Condition)
            .is_some_and(|condition| self.has_failed(condition));
        let Some(body) = statement.field(Field::Consequence).filter(|_| is_plain && failed) else {
            return false;
        };
        let list = body.children().find(|child| child.is(Kind::StatementList));
        let code = list.into_iter().flat_map(Node::children);
        let last = code.filter(|child| !child.is(Kind::Comment)).last();
        let leaves = |node: Node<'a>| {
            matches!(
                node.kind(),
                Kind::ReturnStatement
                    | Kind::BreakStatement
                    | Kind::ContinueStatement
                    | Kind::GotoStatement
                    | Kind::FallthroughStatement
            )
        };
        last.is_some_and(|last| self.alike().contains(&last)) && !body.shallow_descendants().any(leaves)
    }

    /// Whether every path to `check` acquires under the name and the error at hand, and gives neither another value
    /// behind that.
    pub(super) fn serves_all(&self, check: Node<'a>) -> bool {
        let flow = &self.site.lifetime.flow;
        let Some(asked) = check.field(Field::Condition).and_then(|node| flow.point_of(node)) else {
            return false;
        };
        let statements = self.acquisitions();
        let points: Vec<_> = statements.iter().map(|node| flow.point_of(*node)).collect();
        let acquires =
            |node: Node<'a>| points.contains(&flow.point_of(node)) && flow.point_of(node).is_some();
        let comes_to_check = |node: Node<'a>| flow.point_of(node) == Some(asked);
        let writes = self.other_writes(&statements);
        let is_seen = points.iter().all(Option::is_some)
            && writes
                .iter()
                .all(|write| write.enclosing_function() == Some(self.site.acquisition.function));
        let mut between = writes.iter().filter_map(|write| flow.point_of(*write));
        is_seen
            && !flow.reaches(flow.entry(), comes_to_check, acquires)
            && !between.any(|point| flow.reaches(point.after(), comes_to_check, acquires))
    }

    /// Whether the name of the resource means the same at `check`, outside of the branches.
    pub(super) fn knows_name_at(&self, check: Node<'a>) -> bool {
        let Handle::Local(handle) = self.site.acquisition.handle else {
            return false;
        };
        let scopes = self.at().scopes();
        scopes.visible(&scopes.get(handle).name, check) == Some(handle)
    }

    /// All statements that acquire alike, that of the site first.
    fn acquisitions(&self) -> Vec<Node<'a>> {
        let mut all = vec![self.site.acquisition.statement];
        all.extend(self.alike());
        all
    }

    /// The other statements of the function that acquire the same kind under the same names.
    fn alike(&self) -> Vec<Node<'a>> {
        let Handle::Local(handle) = self.site.acquisition.handle else {
            return Vec::new();
        };
        let (scopes, tree) = (self.at().scopes(), self.at().tree());
        let uses = scopes.uses(handle, tree);
        let written = uses.filter(|node| self.at().usage(*node) == Usage::Write);
        let declared = std::iter::once(tree.node(scopes.get(handle).declared));
        let statements = declared.chain(written).filter_map(Node::statement);
        statements
            .filter(|statement| self.is_alike(*statement, handle))
            .collect()
    }

    fn is_alike(&self, statement: Node<'a>, handle: BindingId) -> bool {
        let acquisition = &self.site.acquisition;
        let values = statement.field(Field::Right).into_iter().flat_map(Node::children);
        let values: Vec<Node<'a>> = values.collect();
        let [call] = values.as_slice() else {
            return false;
        };
        let takes = |position: usize, name: BindingId| {
            let target = statement.field(Field::Left).and_then(|left| left.child(position));
            target.and_then(|target| self.at().scopes().binding_of(target)) == Some(name)
        };
        let row = acquisition.resource;
        call.is(Kind::CallExpression)
            && row.is_acquired_by(&self.at().callee(*call))
            && takes(row.result, handle)
            && row.error.is_some_and(|position| takes(position, self.error))
            && statement != acquisition.statement
    }

    /// Where the name or the error gets a value beside `statements`, or code of others may give it one.
    fn other_writes(&self, statements: &[Node<'a>]) -> Vec<Node<'a>> {
        let handle = match self.site.acquisition.handle {
            Handle::Local(handle) => Some(handle),
            _ => None,
        };
        let names = handle.into_iter().chain([self.error]);
        let uses = names.flat_map(|name| self.at().scopes().uses(name, self.at().tree()));
        let changes = uses.filter(|node| {
            matches!(self.at().usage(*node), Usage::Write | Usage::Address)
                && !statements.iter().any(|statement| statement.contains(*node))
        });
        changes.collect()
    }
}
