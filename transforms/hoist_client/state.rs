//! State that lives in one connection: session settings, temporary tables, locks. Code that relies on it works with
//! a pool of its own, and not with one that all requests share.

use std::collections::HashSet;

use super::table::Table;
use super::value::Reader;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, DeclId, Declaration};
use crate::transform::{Reason, Refusal};

/// How many functions of the package are looked into, one inside the other.
const DEPTH: u32 = 4;

/// Refuses where `function`, or a function of the package that it calls, runs such a statement.
pub fn check<'a>(at: Declaration<'a>, function: Node<'a>) -> Result<(), Refusal> {
    let mut search = Search { seen: HashSet::new() };
    match search.statement(at, function, DEPTH) {
        None => Ok(()),
        Some(sql) => Err(Refusal::new(
            Reason::PerConnectionState,
            format!(
                "`{sql}` leaves state in its connection, and a shared pool would hand that to other requests: run it on a connection of its own (`db.Conn`), then share the pool"
            ),
        )),
    }
}

struct Search<'a> {
    seen: HashSet<(&'a str, DeclId)>,
}

impl<'a> Search<'a> {
    fn statement(&mut self, at: Declaration<'a>, function: Node<'a>, depth: u32) -> Option<String> {
        let calls = function
            .descendants()
            .filter(|node| node.is(Kind::CallExpression));
        for call in calls {
            if let Some(sql) = stateful(at, call) {
                return Some(sql);
            }
            let Callee::Package(callee) = at.callee(call) else {
                continue;
            };
            let unseen = depth > 0 && self.seen.insert((&callee.package.path, callee.id));
            let inside = callee.function().filter(|_| unseen);
            if let Some(sql) = inside.and_then(|inside| self.statement(callee, inside, depth - 1)) {
                return Some(sql);
            }
        }
        None
    }
}

/// The first words of the stateful SQL that `call` runs, if it does.
fn stateful<'a>(at: Declaration<'a>, call: Node<'a>) -> Option<String> {
    const RUN: [&str; 5] = ["Exec", "Query", "Prepare", "MustExec", "Raw"];
    let name = call.field(Field::Function)?.field(Field::Field)?.text();
    RUN.iter().any(|run| name.starts_with(run)).then_some(())?;
    let arguments = call.field(Field::Arguments)?;
    let texts = arguments.children().flat_map(|argument| texts(at, argument));
    let stateful = texts.into_iter().find(|text| Table::get().is_stateful(text))?;
    let words: Vec<&str> = stateful.split_whitespace().take(3).collect();
    Some(words.join(" "))
}

/// The constant texts of an argument: its own value, or the literals it is built from.
fn texts<'a>(at: Declaration<'a>, argument: Node<'a>) -> Vec<String> {
    let constant = |node| {
        Reader::new(at, None)
            .read(node)
            .ok()
            .and_then(|value| value.constant)
    };
    if let Some(whole) = constant(argument) {
        return vec![whole];
    }
    let literals = argument.subtree().filter(|node| {
        matches!(
            node.kind(),
            Kind::InterpretedStringLiteral | Kind::RawStringLiteral
        )
    });
    literals.filter_map(constant).collect()
}
