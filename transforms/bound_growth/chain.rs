//! `ctx = context.WithValue(ctx, …)` where the same context is replaced again and again: each value stays in the
//! chain, and every look-up walks all of it.

use super::assign_between;
use crate::analysis::owner::{Frame, Outlives, owner_of};
use crate::analysis::request::request_path;
use crate::facts::paths;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Declaration, Type, Usage};
use crate::text::Span;
use crate::transform::{Reason, Refusal};

#[derive(Clone, Copy, Debug)]
pub struct Chain<'a> {
    pub at: Declaration<'a>,
    pub statement: Node<'a>,
    /// The loop whose turns make it longer; `None` where requests do.
    looped: Option<Node<'a>>,
}

/// Every such assignment of a declaration.
pub fn chains<'a>(at: Declaration<'a>) -> Vec<Chain<'a>> {
    let nodes = at.tree().root().subtree();
    let assignments = nodes.filter(|node| node.is(Kind::AssignmentStatement));
    assignments.filter_map(|statement| chain(at, statement)).collect()
}

fn chain<'a>(at: Declaration<'a>, statement: Node<'a>) -> Option<Chain<'a>> {
    let (place, value) = (only(statement, Field::Left)?, only(statement, Field::Right)?);
    let call = value.unparenthesized();
    let derives = call.is(Kind::CallExpression) && at.callee(call).is_function(paths::CONTEXT, "WithValue");
    let parent = call.field(Field::Arguments).and_then(|list| list.child(0))?;
    if !derives || parent.text() != place.text() || statement.operator() != Some(Kind::Assign) {
        return None;
    }
    if let Some(looped) = endless_loop(at, statement, place) {
        grows_anew(at, statement, place).then_some(())?;
        let looped = Some(looped);
        return Some(Chain {
            at,
            statement,
            looped,
        });
    }
    let function = statement.enclosing_function()?;
    let frame = Frame {
        at,
        function,
        receiver: None,
    };
    let (_, outlives) = owner_of(frame, place)?;
    let kept = outlives == Outlives::Surely && request_path(at, statement).is_some();
    kept.then_some(Chain {
        at,
        statement,
        looped: None,
    })
}

fn only(statement: Node<'_>, side: Field) -> Option<Node<'_>> {
    let list = statement.field(side)?;
    (list.children().count() == 1).then(|| list.child(0))?
}

/// The loop without a bound that runs the statement and does not declare the name. Loops over a slice or up to a
/// number end soon.
fn endless_loop<'a>(at: Declaration<'a>, statement: Node<'a>, place: Node<'a>) -> Option<Node<'a>> {
    let binding = at.scopes().get(at.scopes().binding_of(place)?);
    let declared = at.tree().node(binding.declared);
    let around = statement.ancestors().take_while(|node| !node.is_function());
    let mut loops = around.filter(|node| node.is(Kind::ForStatement) && !node.contains(declared));
    loops.find(|looped| {
        let clauses = looped.children();
        let mut bounded = clauses.filter(|clause| match clause.kind() {
            Kind::ForClause => clause.field(Field::Condition).is_some(),
            Kind::RangeClause => {
                let over = clause.field(Field::Right);
                !over.is_some_and(|over| matches!(at.type_of(over), Type::Chan(_)))
            }
            _ => false,
        });
        bounded.next().is_none()
    })
}

/// Whether a later turn can come to the statement with the context that this one made, and not with one that begins
/// anew.
fn grows_anew<'a>(at: Declaration<'a>, statement: Node<'a>, place: Node<'a>) -> bool {
    let scopes = at.scopes();
    let function = statement.enclosing_function();
    let flow = function.and_then(|function| at.control_flow(function));
    let (Some(flow), Some(name)) = (flow, scopes.binding_of(place)) else {
        return false;
    };
    let depends = |other: &Node<'a>| {
        let value = other.field(Field::Right);
        let mut nodes = value.into_iter().flat_map(|value| value.subtree());
        nodes.any(|node| scopes.binding_of(node) == Some(name))
    };
    let written = scopes
        .uses(name, at.tree())
        .filter(|node| at.usage(*node) == Usage::Write);
    let assigned = |name: Node<'a>| {
        name.ancestors()
            .find(|around| around.is(Kind::AssignmentStatement))
    };
    let resets = written.filter_map(assigned).filter(|other| !depends(other));
    let resets: Vec<_> = resets.filter_map(|other| flow.point_of(other)).collect();
    let begins_anew = |node| flow.point_of(node).is_some_and(|point| resets.contains(&point));
    let Some(here) = flow.point_of(statement) else {
        return false;
    };
    flow.reaches(
        here.after(),
        |node| flow.point_of(node) == Some(here),
        begins_anew,
    )
}

impl<'a> Chain<'a> {
    pub fn message(&self) -> String {
        let name = self.name();
        match self.looped {
            Some(_) => format!(
                "each turn of the loop makes the chain of `{name}` longer by a context that is never let go"
            ),
            None => {
                format!("each request makes the chain of `{name}` longer by a context that is never let go")
            }
        }
    }

    fn name(&self) -> &'a str {
        only(self.statement, Field::Left).map_or("", Node::text)
    }

    /// The `=` to be made a declaration, where the turn itself goes on with the name and nothing behind the loop does.
    pub fn operator(&self) -> Option<Span> {
        let looped = self.looped?;
        let block = self.statement.parent()?;
        let place = only(self.statement, Field::Left)?;
        let binding = self.at.scopes().binding_of(place)?;
        let uses: Vec<_> = self.at.scopes().uses(binding, self.at.tree()).collect();
        let behind = |name: &&Node<'a>| name.start() > self.statement.end();
        let used_here = uses.iter().filter(behind).any(|name| block.contains(*name));
        let used_elsewhere = uses.iter().filter(behind).any(|name| !block.contains(*name));
        let direct = block.parent().and_then(Node::parent) == Some(looped);
        let right = only(self.statement, Field::Right)?;
        let usable = used_here && !used_elsewhere && direct;
        usable.then(|| assign_between(&self.at.file().source, place.end(), right.start()))?
    }

    pub fn refusal(&self) -> Refusal {
        let name = self.name();
        let why = match self.looped {
            Some(_) => format!("derive a context of its own in each turn: other code goes on with `{name}`"),
            None => format!("hand the derived context on instead of keeping it in `{name}`"),
        };
        Refusal::new(Reason::NeedsDecision, why)
    }
}
