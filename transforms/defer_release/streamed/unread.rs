//! Whether a body was read to its end on the way to where its response is lost.

use std::collections::HashSet;

use crate::analysis::{Handle, Lost};
use crate::facts::paths;
use crate::go::cfg::{Exit, Flow, Paths, walk};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Callee, Declaration};
use crate::repair::Unreleased;

/// The losses to which some path leads without reading the body to its end.
pub(super) fn unread<'a>(site: &Unreleased<'a>) -> HashSet<Lost<'a>> {
    let acquisition = &site.acquisition;
    let flow = &site.lifetime.flow;
    let Some(start) = flow.point_of(acquisition.call) else {
        return HashSet::new();
    };
    let reads = match acquisition.handle {
        Handle::Local(binding) => reads(acquisition.at, acquisition.function, binding),
        _ => Vec::new(),
    };
    let mut trace = Unread {
        reads,
        passed: HashSet::new(),
        exits: HashSet::new(),
    };
    walk(flow, start.after(), false, &mut trace);
    let losses = site.lifetime.losses.iter().map(|loss| loss.how);
    losses
        .filter(|lost| match lost {
            Lost::Exit(exit) => trace.exits.contains(exit),
            Lost::Jump(node) => trace.passed.contains(&node.index()),
            Lost::End(_) | Lost::Overwritten(_) => true,
        })
        .collect()
}

/// Follows paths on which the body was not read yet.
struct Unread<'a> {
    reads: Vec<Node<'a>>,
    passed: HashSet<usize>,
    exits: HashSet<Exit<'a>>,
}

impl<'a> Paths<'a> for Unread<'a> {
    type State = bool;

    fn visit(&mut self, node: Node<'a>, read: &mut bool) -> Flow {
        *read |= self.reads.iter().any(|call| node.contains(*call));
        if !*read {
            self.passed.insert(node.index());
        }
        Flow::Continue
    }

    fn leave(&mut self, exit: Exit<'a>, read: &bool) {
        if !*read {
            self.exits.insert(exit);
        }
    }
}

/// Calls of the function that read the whole stream: `io.ReadAll(resp.BodyStream())`, `io.Copy(w, body)`, `resp.Save(w)`.
fn reads<'a>(at: Declaration<'a>, function: Node<'a>, binding: BindingId) -> Vec<Node<'a>> {
    let is_stream = |value: Node<'a>| {
        let method = value.field(Field::Function);
        let operand = method.and_then(|method| method.field(Field::Operand));
        let name = method.and_then(|method| method.field(Field::Field));
        let root = operand.map(|operand| operand.field(Field::Operand).unwrap_or(operand));
        name.is_some_and(|name| name.text() == "BodyStream")
            && root.and_then(|root| at.scopes().binding_of(root)) == Some(binding)
    };
    let leads_there = |value: Node<'a>| {
        is_stream(value)
            || at.scopes().binding_of(value).is_some_and(|alias| {
                let origin = at.tree().node(at.scopes().get(alias).origin);
                let given = origin.field(Field::Right).and_then(|right| right.child(0));
                given.is_some_and(is_stream)
            })
    };
    let calls = function
        .subtree()
        .filter(|node| node.is(Kind::CallExpression) && node.enclosing_function() == Some(function));
    let whole = calls.filter(|call| {
        let arguments = call.field(Field::Arguments);
        let argument = |at: usize| arguments.and_then(|list| list.child(at));
        match at.callee(*call) {
            Callee::External { path, receiver, name } => {
                let read = match (path.as_str(), receiver.as_deref(), &*name) {
                    (paths::IO | paths::IO_IOUTIL, None, "ReadAll")
                    | (paths::BYTES, Some("Buffer"), "ReadFrom") => argument(0),
                    (paths::IO, None, "Copy" | "CopyBuffer") => argument(1),
                    _ => None,
                };
                let saved = || {
                    let operand = call.field(Field::Function)?.field(Field::Operand)?;
                    at.scopes().binding_of(operand).filter(|_| name == "Save")
                };
                read.is_some_and(leads_there) || saved() == Some(binding)
            }
            _ => false,
        }
    });
    whole.collect()
}
