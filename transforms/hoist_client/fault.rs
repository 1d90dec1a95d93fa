//! What becomes of the error's name when the call that declared it goes.

use crate::analysis::{Acquisition, Fault};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, BindingKind, Declaration, Usage};
use crate::text::{Edit, Span};

/// What the function needs instead of the declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rest {
    Nothing,
    /// A later assignment declares the name.
    Declare(Edit),
    /// `var err error` stands where the call stood.
    Variable(String),
}

/// How to go on without the statement of `acquisition`, everything in `removed` gone with it. `None` where the
/// error's value is still asked for.
pub fn without(acquisition: &Acquisition<'_>, removed: &[Span]) -> Option<Rest> {
    let Fault::Local(error) = acquisition.fault else {
        return Some(Rest::Nothing);
    };
    let at = acquisition.at;
    let outside = |node: &Node<'_>| !removed.iter().any(|span| span.contains(node.span()));
    let left: Vec<Node<'_>> = at.scopes().uses(error, at.tree()).filter(outside).collect();
    let is_read = left.iter().any(|node| at.usage(*node) == Usage::Read);
    let binding = at.scopes().get(error);
    let declared_here = binding.origin == acquisition.statement.index();
    if declared_here && left.is_empty() {
        return Some(Rest::Nothing);
    }
    // A name that is assigned and never read does not compile; a check of one that is never assigned is dead.
    let is_set = left.iter().any(|node| at.usage(*node) != Usage::Read);
    (is_read && (is_set || !declared_here)).then_some(())?;
    match declared_here {
        true => Some(redeclared(at, acquisition.statement, &left)),
        false => is_overwritten(acquisition, error, &left).then_some(Rest::Nothing),
    }
}

fn redeclared(at: Declaration<'_>, statement: Node<'_>, left: &[Node<'_>]) -> Rest {
    let Some((first, rest)) = left.split_first() else {
        return Rest::Nothing;
    };
    let write = Write::of(*first);
    let fallback = || Rest::Variable(first.text().to_owned());
    let Some(write) = write.filter(|write| !rest.iter().any(|node| write.statement.contains(*node))) else {
        return fallback();
    };
    let same_block = write.statement.parent() == statement.parent();
    let only_here = write.around.is_some_and(|around| {
        around.parent() == statement.parent() && rest.iter().all(|node| around.contains(*node))
    });
    match write.statement.kind() {
        Kind::ShortVarDeclaration if same_block => Rest::Nothing,
        Kind::AssignmentStatement if (same_block || only_here) && at.usage(*first) == Usage::Write => {
            let targets = write
                .statement
                .field(Field::Left)
                .into_iter()
                .flat_map(Node::children);
            let alone = targets
                .into_iter()
                .all(|target| target == *first || target.text() == "_");
            let operator = write.statement.field(Field::Operator).filter(|_| alone);
            operator.map_or_else(fallback, |operator| {
                Rest::Declare(Edit::replace(operator.span(), ":="))
            })
        }
        _ => fallback(),
    }
}

/// A statement that gives a name its value.
struct Write<'a> {
    statement: Node<'a>,
    /// The `if` that it is the initializer of.
    around: Option<Node<'a>>,
}

impl<'a> Write<'a> {
    fn of(name: Node<'a>) -> Option<Write<'a>> {
        let list = name.parent().filter(|list| list.role() == Field::Left)?;
        let statement = list.parent()?;
        let is_initializer = statement.role() == Field::Initializer;
        let around = statement
            .parent()
            .filter(|around| is_initializer && around.is(Kind::IfStatement));
        Some(Write { statement, around })
    }
}

/// Whether the next thing that happens to an error declared before is another value, so that nobody misses the one
/// from the call.
fn is_overwritten(acquisition: &Acquisition<'_>, error: BindingId, left: &[Node<'_>]) -> bool {
    let (at, statement) = (acquisition.at, acquisition.statement);
    let binding = at.scopes().get(error);
    let in_closure = |node: &Node<'_>| node.enclosing_function() != Some(acquisition.function);
    let in_loop = statement
        .ancestors()
        .take_while(|node| *node != acquisition.function)
        .any(|node| node.is(Kind::ForStatement));
    if binding.kind == BindingKind::Result || in_loop || left.iter().any(in_closure) {
        return false;
    }
    let mut later = left.iter().filter(|node| node.start() > statement.end());
    let Some(first) = later.next() else {
        return true;
    };
    let write = Write::of(*first);
    write.is_some_and(|write| {
        write.statement.parent() == statement.parent() && !later.any(|node| write.statement.contains(*node))
    })
}
