//! What is asked anew for each request since its answer may change: another service, a name server, a program.
//! What comes out of it must not be kept for good.

use std::collections::HashSet;

use super::table::{Source, Table};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, DeclId, Declaration};
use crate::leak::Resource;
use crate::transform::{Reason, Refusal};

/// How many functions are looked into, one inside the other.
const DEPTH: u32 = 5;

/// Refuses where `call` asks something whose answer may change, itself or in functions of the module.
pub fn check<'a>(at: Declaration<'a>, call: Node<'a>) -> Result<(), Refusal> {
    let mut search = Search { seen: HashSet::new() };
    match search.asks(at, call, DEPTH) {
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

struct Search<'a> {
    seen: HashSet<(&'a str, DeclId)>,
}

impl<'a> Search<'a> {
    fn asks(&mut self, at: Declaration<'a>, call: Node<'a>, depth: u32) -> bool {
        match at.callee(call) {
            Callee::Package(callee) => {
                let is_new = depth > 0 && self.seen.insert((&callee.package.path, callee.id));
                let body = callee.function().filter(|_| is_new);
                let calls = body.into_iter().flat_map(Node::descendants);
                let mut calls = calls.filter(|node| node.is(Kind::CallExpression));
                calls.any(|inner| self.asks(callee, inner, depth - 1))
            }
            callee @ Callee::External { .. } => match Table::get().source(&callee) {
                Source::Live => true,
                Source::Unknown => !opens(&callee) && takes_context(at, call),
                _ => false,
            },
            Callee::Unknown => takes_context(at, call),
            _ => false,
        }
    }
}

/// Whether the call is bounded by a context, as calls over a network are.
fn takes_context(at: Declaration<'_>, call: Node<'_>) -> bool {
    let arguments = call.field(Field::Arguments).into_iter().flat_map(Node::children);
    let mut arguments = arguments.map(|argument| at.type_of(argument));
    arguments.any(|of| of.is("context", "Context"))
}

/// Whether it belongs to opening a client.
fn opens(callee: &Callee<'_>) -> bool {
    let Callee::External { path, .. } = callee else {
        return false;
    };
    let about = |row: &Resource| row.is_of(path);
    let table = Table::get();
    table.clients.iter().chain(&table.beneath).any(about)
}
