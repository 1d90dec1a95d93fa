//! Who is written to: the buffered writer of a response stream, or a websocket connection.

use crate::facts::paths;
use crate::frameworks::{Version, is_stream_writer};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Declaration, Meaning, Usage};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The `*bufio.Writer` of a body stream writer.
    Stream,
    /// A connection of Fiber's websocket packages.
    Socket,
}

/// A call that fails once the client is gone.
#[derive(Clone, Copy, Debug)]
pub struct Write<'a> {
    pub call: Node<'a>,
    /// The method: `Flush`, `WriteMessage`, …
    pub method: &'a str,
}

/// The writes of a loop, and to whom. Of a stream the flushes count, where there are some: they tell of every
/// failed write before them.
pub fn writes<'a>(
    declaration: Declaration<'a>,
    function: Node<'a>,
    looped: Node<'a>,
) -> Option<(Peer, Vec<Write<'a>>)> {
    let calls: Vec<Node<'a>> = looped
        .shallow_descendants()
        .filter(|node| node.is(Kind::CallExpression))
        .collect();
    if let Some(writer) = writer_of(declaration, function) {
        let to_writer = calls.iter().filter(|call| concerns(declaration, **call, writer));
        let writes: Vec<Write<'a>> = to_writer.filter_map(|call| write(*call)).collect();
        let flushes: Vec<Write<'a>> = writes
            .iter()
            .filter(|write| write.method == "Flush")
            .copied()
            .collect();
        let chosen = if flushes.is_empty() { writes } else { flushes };
        return (!chosen.is_empty()).then_some((Peer::Stream, chosen));
    }
    let to_socket = calls
        .iter()
        .filter(|call| is_socket_write(declaration, looped, **call));
    let writes: Vec<Write<'a>> = to_socket.filter_map(|call| write(*call)).collect();
    (!writes.is_empty()).then_some((Peer::Socket, writes))
}

/// Whether `node` does anything with the stream's writer.
pub fn is_write<'a>(declaration: Declaration<'a>, function: Node<'a>, node: Node<'a>) -> bool {
    let Some(writer) = writer_of(declaration, function) else {
        return false;
    };
    let mut parts = std::iter::once(node).chain(node.shallow_descendants());
    parts.any(|part| part.is(Kind::Identifier) && declaration.scopes().binding_of(part) == Some(writer))
}

/// The writer of a stream writer: a literal, or a function that the package hands over as one.
fn writer_of(declaration: Declaration<'_>, function: Node<'_>) -> Option<BindingId> {
    let parameters = function.field(Field::Parameters)?;
    let parameter = parameters.children().find(|parameter| {
        let of = parameter.field(Field::Type).map(|of| declaration.type_meant(of));
        of.is_some_and(|of| of.is(paths::BUFIO, "Writer"))
    })?;
    let name = parameter.field(Field::Name)?;
    let streams = match function.kind() {
        Kind::FuncLiteral => is_stream_writer(function),
        _ => is_handed_over(declaration),
    };
    streams.then(|| declaration.scopes().binding_of(name))?
}

/// Whether the package hands this function or method to Fiber as a stream writer.
fn is_handed_over(declaration: Declaration<'_>) -> bool {
    let title = declaration.decl().title();
    let mentions = match declaration.decl().receiver {
        Some(_) => declaration.package.selections(title),
        None => declaration.package.mentions(title),
    };
    let mut mentions = mentions.into_iter();
    mentions.any(|(_, mention)| is_stream_writer(mention))
}

fn write(call: Node<'_>) -> Option<Write<'_>> {
    let function = call.field(Field::Function)?;
    let method = function.field(Field::Field).unwrap_or(function).text();
    Some(Write { call, method })
}

/// Whether the call is a method of the writer, or gets it as an argument.
fn concerns(declaration: Declaration<'_>, call: Node<'_>, writer: BindingId) -> bool {
    let is_writer =
        |node: Node<'_>| node.is(Kind::Identifier) && declaration.scopes().binding_of(node) == Some(writer);
    let operand = call
        .field(Field::Function)
        .and_then(|function| function.field(Field::Operand));
    let arguments = call.field(Field::Arguments);
    operand.is_some_and(is_writer) || arguments.is_some_and(|list| list.children().any(is_writer))
}

/// `conn.WriteMessage(…)` and the like, in a loop that belongs to one connection.
fn is_socket_write(declaration: Declaration<'_>, looped: Node<'_>, call: Node<'_>) -> bool {
    const WRITES: [&str; 4] = [
        "WriteMessage",
        "WriteJSON",
        "WriteControl",
        "WritePreparedMessage",
    ];
    let Some(function) = call.field(Field::Function) else {
        return false;
    };
    let (Some(operand), Some(method)) = (function.field(Field::Operand), function.field(Field::Field)) else {
        return false;
    };
    WRITES.contains(&method.text())
        && is_known_outside(declaration, looped, operand)
        && Version::of_connection(&declaration.type_of(operand)).is_some()
}

/// Whether `operand`, a local name or a chain of its fields, is the same in all turns of the loop. A hub that writes to
/// one connection after the other has no end in the departure of one.
fn is_known_outside(declaration: Declaration<'_>, looped: Node<'_>, operand: Node<'_>) -> bool {
    let mut root = operand;
    while let Some(inner) = root
        .field(Field::Operand)
        .filter(|_| root.is(Kind::SelectorExpression))
    {
        root = inner;
    }
    let Meaning::Local(id) = declaration.resolve(root) else {
        return false;
    };
    let declared = declaration.tree().node(declaration.scopes().get(id).declared);
    let written = |held: Node<'_>| looped.contains(held) && declaration.usage(held) != Usage::Read;
    !looped.contains(declared) && !declaration.scopes().uses(id, declaration.tree()).any(written)
}
