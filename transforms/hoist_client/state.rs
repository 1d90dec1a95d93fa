//! State that lives in one connection: session settings, temporary tables, locks. Code that relies on it works with
//! a pool of its own, and not with one that all requests share.

use super::reader::Reader;
use super::table;
use crate::analysis::reached::Reached;
use crate::go::Declaration;
use crate::go::syntax::{Field, Kind, Node};
use crate::transform::{Reason, Refusal};

/// Refuses where `function`, or a function of the module that it calls, runs such a statement.
pub fn check<'a>(at: Declaration<'a>, function: Node<'a>) -> Result<(), Refusal> {
    let mut reached = Reached::by(at, function);
    let found = statement(at, function).or_else(|| reached.find_map(|(at, body)| statement(at, body)));
    if reached.is_cut() {
        return Err(Refusal::new(
            Reason::PerConnectionState,
            "it calls more functions than can be looked at, and one of them may leave state in its connection: open the pool once where the program is set up",
        ));
    }
    match found {
        None => Ok(()),
        Some(sql) => Err(Refusal::new(
            Reason::PerConnectionState,
            format!(
                "`{sql}` leaves state in its connection, and a shared pool would hand that to other requests: run it on a connection of its own (`db.Conn`), then share the pool"
            ),
        )),
    }
}

/// What the code runs of that kind.
fn statement<'a>(at: Declaration<'a>, code: Node<'a>) -> Option<String> {
    let mut calls = code.descendants().filter(|node| node.is(Kind::CallExpression));
    calls.find_map(|call| stateful(at, call))
}

/// The first words of the stateful SQL that `call` runs, if it does.
fn stateful<'a>(at: Declaration<'a>, call: Node<'a>) -> Option<String> {
    const RUN: [&str; 5] = ["Exec", "Query", "Prepare", "MustExec", "Raw"];
    let name = call.field(Field::Function)?.field(Field::Field)?.text();
    RUN.iter().any(|run| name.starts_with(run)).then_some(())?;
    let arguments = call.field(Field::Arguments)?;
    let texts = arguments.children().flat_map(|argument| texts(at, argument));
    let stateful = texts.into_iter().find(|text| table::is_stateful(text))?;
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
