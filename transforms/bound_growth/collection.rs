//! Slices and maps that a middleware, or a handler made by a factory, lets grow with every request.

use crate::analysis::owner::{Frame, Outlives, Owner, container, owner_of, removes};
use crate::frameworks::{Handler, holds_context};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, Declaration, Type, Usage};
use crate::transform::Pass;

#[derive(Clone, Debug)]
pub struct Growth<'a> {
    pub at: Declaration<'a>,
    pub statement: Node<'a>,
    pub owner: Owner,
}

/// What the handlers of a declaration let grow.
pub fn growths<'a>(pass: &Pass<'a>, at: Declaration<'a>) -> Vec<Growth<'a>> {
    let handlers = Handler::all_of(at).filter(|handler| is_for_every_request(handler));
    handlers.flat_map(|handler| of_handler(pass, &handler)).collect()
}

/// A middleware, or a handler that a factory returns: what such code keeps was most likely meant for one request.
/// A route that stores what users send is a program's own memory.
fn is_for_every_request(handler: &Handler<'_>) -> bool {
    let list = handler.function.parent();
    let returned = list
        .and_then(Node::parent)
        .is_some_and(|parent| parent.is(Kind::ReturnStatement));
    let mut selectors = handler
        .function
        .descendants()
        .filter(|node| node.is(Kind::SelectorExpression));
    let goes_on = selectors.any(|selector| {
        let operand = selector.field(Field::Operand);
        let of_context = operand
            .is_some_and(|operand| handler.declaration.scopes().binding_of(operand) == handler.context);
        of_context
            && selector
                .field(Field::Field)
                .is_some_and(|name| name.text() == "Next")
    });
    handler.context.is_some() && (returned || goes_on)
}

fn of_handler<'a>(pass: &Pass<'a>, handler: &Handler<'a>) -> Vec<Growth<'a>> {
    let at = handler.declaration;
    let frame = Frame {
        at,
        function: handler.function,
        receiver: None,
    };
    let statements = handler.function.descendants();
    let statements = statements.filter(|node| node.is(Kind::AssignmentStatement));
    let mut found: Vec<Growth<'a>> = Vec::new();
    for statement in statements {
        let Some(place) = grown(handler, statement) else {
            continue;
        };
        let Some((owner, Outlives::Surely)) = owner_of(frame, place) else {
            continue;
        };
        // A kept context is another rule's business.
        if holds_context(at, statement) {
            continue;
        }
        let known = found.iter().any(|held| held.owner == owner);
        if !known && only_grows(pass, &owner) {
            found.push(Growth { at, statement, owner });
        }
    }
    found
}

/// The slice or map that the statement makes longer: `x = append(x, …)`, `m[key of the request] = …`.
fn grown<'a>(handler: &Handler<'a>, statement: Node<'a>) -> Option<Node<'a>> {
    let at = handler.declaration;
    let place = statement.field(Field::Left)?.child(0)?;
    if appends_to_itself(at, statement) {
        return Some(place);
    }
    let key = place
        .field(Field::Index)
        .filter(|_| place.is(Kind::IndexExpression))?;
    let map = place.field(Field::Operand)?;
    let is_map = matches!(at.type_of(map), Type::Map(..));
    (is_map && varies(handler, key)).then_some(map)
}

fn appends_to_itself(at: Declaration<'_>, statement: Node<'_>) -> bool {
    let side = |field| {
        let list = statement.field(field)?;
        (list.children().count() == 1).then(|| list.child(0))?
    };
    let (Some(place), Some(value)) = (side(Field::Left), side(Field::Right)) else {
        return false;
    };
    let is_append = value.is(Kind::CallExpression)
        && matches!(at.callee(value), Callee::Builtin(name) if name == "append");
    let first = value.field(Field::Arguments).and_then(|list| list.child(0));
    is_append && first.is_some_and(|first| first.text() == place.text())
}

/// Whether the key is what a client sends, without a bound: an address, a header, a parameter.
fn varies(handler: &Handler<'_>, key: Node<'_>) -> bool {
    const ASKED: [&str; 9] = [
        "Cookies",
        "FormValue",
        "Get",
        "IP",
        "OriginalURL",
        "Params",
        "Path",
        "Query",
        "IPs",
    ];
    let at = handler.declaration;
    let asks = |node: Node<'_>| {
        node.subtree().any(|node| {
            let operand = node
                .field(Field::Operand)
                .filter(|_| node.is(Kind::SelectorExpression));
            let of_context = operand.is_some_and(|operand| {
                handler.context.is_some() && at.scopes().binding_of(operand) == handler.context
            });
            of_context
                && node
                    .field(Field::Field)
                    .is_some_and(|name| ASKED.contains(&name.text()))
        })
    };
    let origin = at
        .scopes()
        .binding_of(key)
        .map(|id| at.tree().node(at.scopes().get(id).origin));
    asks(key) || origin.is_some_and(|origin| !origin.is(Kind::ParameterDeclaration) && asks(origin))
}

/// Whether nothing in the module takes anything out, puts another value in its place or could do so.
fn only_grows(pass: &Pass<'_>, owner: &Owner) -> bool {
    let is_seen = !matches!(owner, Owner::Foreign(_) | Owner::Member { .. });
    let name = owner.name(pass.package);
    let elsewhere =
        || name.starts_with(char::is_uppercase) && !pass.sources.users_of(pass.package, name).is_empty();
    let mentions = owner.mentions(pass.package);
    is_seen
        && mentions
            .into_iter()
            .all(|(at, mention)| grows_or_reads(at, mention))
        && !elsewhere()
}

fn grows_or_reads(at: Declaration<'_>, mention: Node<'_>) -> bool {
    if removes(at, mention) || at.usage(mention) == Usage::Address {
        return false;
    }
    let statement = mention.statement();
    let assigned = statement.filter(|statement| {
        let left = statement.field(Field::Left).and_then(|left| left.child(0));
        statement.is(Kind::AssignmentStatement) && left.is_some_and(|left| container(left) == mention)
    });
    if let Some(assignment) = assigned {
        let place = assignment.field(Field::Left).and_then(|left| left.child(0));
        return place != Some(mention) || appends_to_itself(at, assignment);
    }
    // A length that is looked at may bound it; a map that is handed to other code may be emptied there.
    let Some(call) = mention
        .parent()
        .filter(|list| list.is(Kind::ArgumentList))
        .and_then(Node::parent)
    else {
        return true;
    };
    match at.callee(call) {
        Callee::Builtin(name) => name == "append",
        _ => matches!(at.type_of(mention), Type::Slice(_)),
    }
}
