//! Calls whose result takes the place of one that was closed just before: there is never more than one.

use super::arg_effect::{self, ArgEffect};
use super::lazy::{targets, variable};
use super::reached::{Reached, called};
use crate::go::Declaration;
use crate::go::syntax::{Field, Kind, Node};

/// Whether `call`, or the function of the module that it calls, gives a package variable its value, and `function` has
/// closed what that held: `db.Close(); db, err = sql.Open(…)`. Where there is more code than can be looked at, it may.
pub fn is_replaced<'a>(at: Declaration<'a>, function: Node<'a>, call: Node<'a>) -> bool {
    let mut filled: Vec<Declaration<'a>> = targets(call).filter_map(|target| variable(at, target)).collect();
    let mut reached = Reached::from_all(called(at, call));
    filled.extend(reached.by_ref().flat_map(|(at, _)| at.assigned_variables()));
    reached.is_cut() || !filled.is_empty() && is_closed_before(at, function, call, &filled)
}

/// Whether `function` closes one of the variables before `call`, itself or in a function of the module.
fn is_closed_before<'a>(
    at: Declaration<'a>,
    function: Node<'a>,
    call: Node<'a>,
    variables: &[Declaration<'a>],
) -> bool {
    let is_call = |node: &Node<'a>| node.is(Kind::CallExpression);
    let before = function.descendants().filter(is_call);
    let before: Vec<Node<'a>> = before.filter(|node| node.end() <= call.start()).collect();
    let mut reached = Reached::from_all(before.iter().filter_map(|call| called(at, *call)));
    let names: Vec<&str> = variables.iter().flat_map(|held| names_of(*held)).collect();
    let closes_inside = |(at, body): (Declaration<'a>, Node<'a>)| {
        let named = |name: &&str| memchr::memmem::find(at.bytes(), name.as_bytes()).is_some();
        let mut calls = body.descendants().filter(is_call);
        names.iter().any(named) && calls.any(|call| closes(at, call, variables))
    };
    before.iter().any(|call| closes(at, *call, variables)) || reached.any(closes_inside) || reached.is_cut()
}

fn names_of<'a>(variable: Declaration<'a>) -> impl Iterator<Item = &'a str> {
    variable.decl().names.iter().map(|name| &*name.text)
}

/// Whether the call closes one of these variables.
fn closes(at: Declaration<'_>, call: Node<'_>, variables: &[Declaration<'_>]) -> bool {
    let Some(method) = call.field(Field::Function) else {
        return false;
    };
    let name = method.field(Field::Field).map_or("", Node::text);
    let held = method.field(Field::Operand);
    method.is(Kind::SelectorExpression)
        && arg_effect::of_name(name) == ArgEffect::Release
        && held
            .and_then(|held| variable(at, held))
            .is_some_and(|held| variables.contains(&held))
}
