//! Loops that send to the very channel which they alone receive from.

use std::collections::HashSet;

use crate::analysis::endless::Turning;
use crate::analysis::launch::select_around;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, DeclId, Declaration};
use crate::limits;

pub struct SelfSend<'a> {
    /// The method with the loop.
    pub receiver: Declaration<'a>,
    pub receive: Node<'a>,
    /// The method that sends, which may be the same.
    pub sender: Declaration<'a>,
    pub send: Node<'a>,
    /// The channel as the loop calls it: `h.unregister`.
    pub channel: &'a str,
    /// The calls on the way from the loop to the send.
    pub calls: Vec<(Declaration<'a>, Node<'a>)>,
}

/// The sends to itself of a method that loops for ever.
pub fn self_sends(declaration: Declaration<'_>) -> Vec<SelfSend<'_>> {
    let Some(function) = declaration
        .function()
        .filter(|function| function.is(Kind::MethodDeclaration))
    else {
        return Vec::new();
    };
    let loops = function
        .shallow_descendants()
        .filter(|node| node.is(Kind::ForStatement));
    let endless = loops.filter(|looped| {
        Turning::of(declaration, function, *looped).is_some_and(|turning| turning.is_endless())
    });
    let mut found = Vec::new();
    if !runs_alone(declaration) {
        return found;
    }
    for looped in endless {
        for receive in receives(looped) {
            found.extend(self_send(declaration, looped, receive));
        }
    }
    found
}

/// Whether the package starts this method in one goroutine at most: a second one could receive what the first sends.
fn runs_alone(declaration: Declaration<'_>) -> bool {
    let mentions = declaration.package.selections(declaration.decl().title());
    let starts = mentions
        .into_iter()
        .filter_map(|(_, mention)| mention.parent()?.parent().filter(|up| up.is(Kind::GoStatement)));
    let starts: Vec<Node<'_>> = starts.collect();
    starts.len() < 2
        && starts
            .iter()
            .all(|start| start.enclosing(Kind::ForStatement).is_none())
}

/// Receives from a field in the loop itself.
fn receives<'a>(looped: Node<'a>) -> impl Iterator<Item = Node<'a>> {
    let receives = looped
        .shallow_descendants()
        .filter(|node| node.operator() == Some(Kind::Arrow));
    receives.filter(|node| {
        node.field(Field::Operand)
            .is_some_and(|from| from.is(Kind::SelectorExpression))
    })
}

fn self_send<'a>(declaration: Declaration<'a>, looped: Node<'a>, receive: Node<'a>) -> Option<SelfSend<'a>> {
    let channel = receive.field(Field::Operand)?;
    let field = channel.field(Field::Field)?.text();
    is_own_field(declaration, channel).then_some(())?;
    (has_no_room(declaration, field) && is_only_receiver(declaration, field)).then_some(())?;
    let mut search = Search {
        field,
        seen: HashSet::new(),
        calls: Vec::new(),
    };
    let (sender, send) = search.send_in(declaration, looped)?;
    Some(SelfSend {
        receiver: declaration,
        receive,
        sender,
        send,
        channel: channel.text(),
        calls: search.calls,
    })
}

/// `h.field`, where `h` is the method's own receiver.
fn is_own_field(declaration: Declaration<'_>, channel: Node<'_>) -> bool {
    let Some(receiver) = receiver_name(declaration) else {
        return false;
    };
    let operand = channel.field(Field::Operand);
    operand.is_some_and(|operand| operand.is(Kind::Identifier) && operand.text() == receiver)
}

fn receiver_name<'a>(declaration: Declaration<'a>) -> Option<&'a str> {
    let list = declaration.function()?.field(Field::Receiver)?;
    list.child(0)?.field(Field::Name).map(Node::text)
}

/// Whether every channel that the package puts into the field is made without room.
fn has_no_room(declaration: Declaration<'_>, field: &str) -> bool {
    let makes = channels_made_for(declaration, field);
    !makes.is_empty()
        && makes.iter().all(|make| {
            let arguments = make.field(Field::Arguments);
            arguments.is_some_and(|arguments| arguments.children().count() == 1)
        })
}

/// The calls `make(chan T)` whose channel goes into a field of this name.
fn channels_made_for<'a>(declaration: Declaration<'a>, field: &str) -> Vec<Node<'a>> {
    let declarations = declaration.package.declarations();
    let holding = declarations.filter(|held| memchr::memmem::find(held.bytes(), field.as_bytes()).is_some());
    let calls = holding.flat_map(|held| held.tree().root().subtree());
    let makes = calls.filter(|node| {
        let function = node.field(Field::Function).map_or("", Node::text);
        let of = node
            .field(Field::Arguments)
            .and_then(|arguments| arguments.child(0));
        node.is(Kind::CallExpression) && function == "make" && of.is_some_and(|of| of.is(Kind::ChannelType))
    });
    makes
        .filter(|make| target(*make).is_some_and(|name| name == field))
        .collect()
}

/// The field that a value goes into: `field: value` or `x.field = value`.
fn target(value: Node<'_>) -> Option<&str> {
    let up = value.parent()?;
    if up.is(Kind::LiteralElement) {
        let keyed = up.parent().filter(|keyed| keyed.is(Kind::KeyedElement))?;
        return keyed.child(0).map(Node::text);
    }
    let statement = up
        .parent()
        .filter(|statement| statement.is(Kind::AssignmentStatement))?;
    let left = statement.field(Field::Left)?.child(0)?;
    left.field(Field::Field).map(Node::text)
}

/// Whether no other function of the package receives from a field of this name, or hands it on.
fn is_only_receiver(declaration: Declaration<'_>, field: &str) -> bool {
    let mentions = declaration.package.selections(field);
    let mut others = mentions.into_iter().filter(|(at, _)| *at != declaration);
    others.all(|(_, mention)| {
        let Some(parent) = mention.parent() else {
            return false;
        };
        let sends = parent.is(Kind::SendStatement) && mention.role() == Field::Channel;
        let made = mention.parent().is_some_and(|list| list.role() == Field::Left);
        let closed = parent.is(Kind::ArgumentList)
            && parent
                .parent()
                .and_then(|call| call.field(Field::Function))
                .is_some_and(|of| of.text() == "close");
        sends || made || closed
    })
}

struct Search<'a> {
    field: &'a str,
    seen: HashSet<DeclId>,
    calls: Vec<(Declaration<'a>, Node<'a>)>,
}

impl<'a> Search<'a> {
    /// A send to the field that runs as part of `node`, in this goroutine.
    fn send_in(&mut self, at: Declaration<'a>, node: Node<'a>) -> Option<(Declaration<'a>, Node<'a>)> {
        let runs = |part: &Node<'a>| {
            let mut up = part.ancestors().take_while(|up| *up != node);
            !up.any(|up| matches!(up.kind(), Kind::GoStatement | Kind::DeferStatement))
        };
        let parts: Vec<Node<'a>> = node.shallow_descendants().filter(runs).collect();
        let blocks = |part: &Node<'a>| {
            let to = part
                .field(Field::Channel)
                .filter(|_| part.is(Kind::SendStatement));
            to.is_some_and(|to| {
                let named = to
                    .field(Field::Field)
                    .is_some_and(|name| name.text() == self.field);
                named && is_own_field(at, to) && select_around(to).is_none()
            })
        };
        if let Some(send) = parts.iter().find(|part| blocks(part)) {
            return Some((at, *send));
        }
        let calls = parts.into_iter().filter(|part| part.is(Kind::CallExpression));
        for call in calls {
            let Some(callee) = self.own_method(at, call) else {
                continue;
            };
            let Some(function) = callee.function() else {
                continue;
            };
            self.calls.push((at, call));
            let found = limits::inside(&at.file().path, || self.send_in(callee, function)).flatten();
            if found.is_some() {
                return found;
            }
            self.calls.pop();
        }
        None
    }

    /// The method of the same value that `call` calls, the first time it is met.
    fn own_method(&mut self, at: Declaration<'a>, call: Node<'a>) -> Option<Declaration<'a>> {
        let operand = call.field(Field::Function)?.field(Field::Operand)?;
        let own = operand.is(Kind::Identifier) && receiver_name(at) == Some(operand.text());
        match at.callee(call) {
            Callee::Package(callee) if own && std::ptr::eq(callee.package, at.package) => {
                self.seen.insert(callee.id).then_some(callee)
            }
            _ => None,
        }
    }
}
