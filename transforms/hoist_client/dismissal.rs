//! Functions of the module that do nothing but close the client they are given: `defer config.Disconnect(db)` goes as
//! `defer db.Close()` does.

use super::beneath::{self, Fate};
use super::removable::{only_reports, removable_close, reports};
use crate::analysis::Resource;
use crate::edit::is_pure;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, Declaration, Usage};

/// The statement of `function` that goes with `call`, which hands the client to such a function and nothing else.
pub fn removable<'a>(
    at: Declaration<'a>,
    function: Node<'a>,
    call: Node<'a>,
    resource: &Resource,
) -> Option<Node<'a>> {
    let Callee::Package(callee) = at.callee(call) else {
        return None;
    };
    let is_alone = call.field(Field::Arguments)?.children().count() == 1;
    (is_alone && only_closes(callee, resource)?).then(|| removable_close(at, function, call))?
}

/// Whether all that the function does to its only parameter is to close it, and all else that it does is to tell so.
fn only_closes<'a>(at: Declaration<'a>, resource: &Resource) -> Option<bool> {
    let function = at
        .function()
        .filter(|function| function.is(Kind::FunctionDeclaration) && at.is_sound())?;
    let mut parameters = function.field(Field::Parameters)?.children();
    let parameter = parameters
        .next()
        .filter(|only| only.is(Kind::ParameterDeclaration))?;
    let mut names = parameter.fields(Field::Name);
    let held = at.scopes().binding_of(names.next()?)?;
    let is_plain = parameters.next().is_none()
        && names.next().is_none()
        && function.field(Field::Result).is_none()
        && function.field(Field::TypeParameters).is_none();
    is_plain.then_some(())?;
    let mut goes = Vec::new();
    for node in at.scopes().uses(held, at.tree()) {
        (at.usage(node) == Usage::Read).then_some(())?;
        goes.extend(closed_at(at, function, node, resource)?);
    }
    let is_gone = |statement: &Node<'a>| goes.contains(statement);
    let mut rest = function
        .field(Field::Body)?
        .children()
        .flat_map(Node::children)
        .filter(|statement| !is_gone(statement));
    Some(!goes.is_empty() && rest.all(|statement| reports(statement) || is_guard(at, statement)))
}

/// The statements that close the client at one of its mentions; none where it is only asked whether it is there.
fn closed_at<'a>(
    at: Declaration<'a>,
    function: Node<'a>,
    node: Node<'a>,
    resource: &Resource,
) -> Option<Vec<Node<'a>>> {
    if let Some(taking) = beneath::taken_at(node, resource) {
        return match beneath::fate(at, function, taking) {
            Fate::Closed { goes, .. } => Some(goes),
            Fate::Used | Fate::Ended | Fate::Out => None,
        };
    }
    let around = node.parent()?;
    if around.is(Kind::BinaryExpression) {
        return Some(Vec::new());
    }
    let method = around
        .field(Field::Field)
        .filter(|_| around.is(Kind::SelectorExpression))?;
    let call = around
        .parent()
        .filter(|call| call.field(Field::Function) == Some(around))?;
    let statement = removable_close(at, function, call)?;
    resource.is_released_by(method.text()).then(|| vec![statement])
}

/// `if db == nil { return }`
fn is_guard(at: Declaration<'_>, statement: Node<'_>) -> bool {
    statement.is(Kind::IfStatement)
        && statement.field(Field::Initializer).is_none()
        && statement.field(Field::Alternative).is_none()
        && statement
            .field(Field::Condition)
            .is_some_and(|condition| is_pure(at, condition))
        && statement.field(Field::Consequence).is_some_and(only_reports)
}
