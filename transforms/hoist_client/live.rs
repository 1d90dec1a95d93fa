//! What is asked anew for each request since its answer may change: another service, a name server, a program.
//! What comes out of it must not be kept for good.

use super::table::{self, Source, source};
use crate::analysis::Resource;
use crate::analysis::reached::{Reached, called};
use crate::facts::paths;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, Declaration};
use crate::transform::{Reason, Refusal};

/// Refuses where `call` asks something whose answer may change, itself or in functions of the module.
pub fn check<'a>(at: Declaration<'a>, call: Node<'a>) -> Result<(), Refusal> {
    let mut reached = Reached::from_all(called(at, call));
    let asks_inside = |(at, body): (Declaration<'a>, Node<'a>)| {
        let mut calls = body.descendants().filter(|node| node.is(Kind::CallExpression));
        calls.any(|call| asks(at, call))
    };
    match asks(at, call) || reached.any(asks_inside) || reached.is_cut() {
        false => Ok(()),
        true => Err(Refusal::new(
            Reason::NeedsDecision,
            format!(
                "`{}` asks another service, which may answer differently the next time: find out once where the program is set up, or close this one before returning",
                call.text().lines().next().unwrap_or("")
            ),
        )),
    }
}

/// Whether the call, of another module, asks something.
fn asks<'a>(at: Declaration<'a>, call: Node<'a>) -> bool {
    match at.callee(call) {
        callee @ Callee::External { .. } => match source(at, &callee) {
            Source::Live => true,
            Source::Unknown => !opens(&callee) && takes_context(at, call),
            _ => false,
        },
        Callee::Unknown => takes_context(at, call),
        _ => false,
    }
}

/// Whether the call is bounded by a context, as calls over a network are.
fn takes_context(at: Declaration<'_>, call: Node<'_>) -> bool {
    let arguments = call.field(Field::Arguments).into_iter().flat_map(Node::children);
    let mut arguments = arguments.map(|argument| at.type_of(argument));
    arguments.any(|of| of.is(paths::CONTEXT, "Context"))
}

/// Whether it belongs to opening a client.
fn opens(callee: &Callee<'_>) -> bool {
    let Callee::External { path, .. } = callee else {
        return false;
    };
    let about = |row: &Resource| row.is_of(path);
    table::clients().chain(table::underlying()).any(about)
}
