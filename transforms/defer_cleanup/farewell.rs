//! Close handlers of websocket connections, and what they alone give back. Such a handler runs while a read meets a
//! close frame; a connection that breaks sends none.

use memchr::memmem;

use crate::analysis::launch::select_around;
use crate::facts::paths;
use crate::frameworks::Version;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, Declaration, Meaning};

/// Methods that give something back.
const GIVE_BACK: [&str; 11] = [
    "Cancel",
    "Close",
    "Deregister",
    "Disconnect",
    "Leave",
    "Release",
    "Remove",
    "Shutdown",
    "Stop",
    "Unregister",
    "Unsubscribe",
];

/// A close handler that gives something back which nothing else does.
pub struct Farewell<'a> {
    /// `c.SetCloseHandler(…)`
    pub call: Node<'a>,
    /// Where the close handler is written.
    pub home: Declaration<'a>,
    /// What it does.
    pub duties: Vec<Node<'a>>,
    /// Goroutines that work with what is given back.
    pub workers: Vec<Node<'a>>,
}

impl<'a> Farewell<'a> {
    /// The first of its duties, for people.
    pub fn duty(&self) -> &'a str {
        let duty = self.duties.first().copied().unwrap_or(self.call);
        duty.field(Field::Function).unwrap_or(duty).text()
    }
}

/// The close handlers of a declaration that alone give something back.
pub fn all_in(at: Declaration<'_>) -> Vec<Farewell<'_>> {
    let calls = at
        .tree()
        .root()
        .subtree()
        .filter(|node| node.is(Kind::CallExpression));
    calls.filter_map(|call| farewell(at, call)).collect()
}

fn farewell<'a>(at: Declaration<'a>, call: Node<'a>) -> Option<Farewell<'a>> {
    let function = call.field(Field::Function)?;
    let (conn, name) = (function.field(Field::Operand)?, function.field(Field::Field)?);
    (name.text() == "SetCloseHandler" && is_connection(at, conn)).then_some(())?;
    let handler = call.field(Field::Arguments)?.child(0)?;
    let (home, body) = body_of(at, handler)?;
    let duties: Vec<Node<'a>> = body
        .descendants()
        .filter(|node| gives_back(home, *node, conn))
        .collect();
    let alone = !duties.is_empty() && duties.iter().all(|duty| is_done_here_alone(home, body, *duty));
    alone.then(|| Farewell {
        call,
        home,
        workers: workers(at, home, &duties),
        duties,
    })
}

/// Connections of Fiber's websocket packages and of the libraries below them.
fn is_connection(at: Declaration<'_>, conn: Node<'_>) -> bool {
    const LIBRARIES: [&str; 2] = [paths::FASTHTTP_WEBSOCKET, paths::GORILLA_WEBSOCKET];
    let of = at.type_of(conn);
    Version::of_connection(&of).is_some() || LIBRARIES.iter().any(|path| of.pointee().is(path, "Conn"))
}

/// The function that is handed over: a literal, also by the name of a local that nothing else uses, or a function or
/// method that nothing else calls.
fn body_of<'a>(at: Declaration<'a>, handler: Node<'a>) -> Option<(Declaration<'a>, Node<'a>)> {
    if handler.is(Kind::FuncLiteral) {
        return Some((at, handler.field(Field::Body)?));
    }
    match at.function_meant(handler) {
        Callee::Local(id) => {
            let origin = at.tree().node(at.scopes().get(id).origin);
            let value = origin
                .field(Field::Right)
                .or(origin.field(Field::Value))?
                .child(0)?;
            let is_only_use = at.scopes().uses(id, at.tree()).count() == 1;
            let literal = Some(value).filter(|value| value.is(Kind::FuncLiteral) && is_only_use)?;
            Some((at, literal.field(Field::Body)?))
        }
        Callee::Package(callee) => {
            let (package, name) = (callee.package, callee.decl().title());
            let selected = package.selections(name).len() + package.mentions(name).len();
            let home = Some(callee).filter(|_| selected == 1)?;
            Some((home, home.function()?.field(Field::Body)?))
        }
        _ => None,
    }
}

/// Whether `node` gives something back that the connection itself is not.
fn gives_back(at: Declaration<'_>, node: Node<'_>, conn: Node<'_>) -> bool {
    match node.kind() {
        // `h.unregister <- client`; one that may be left out is no duty.
        Kind::SendStatement => node.field(Field::Channel).and_then(select_around).is_none(),
        Kind::CallExpression => {
            let function = node.field(Field::Function);
            let operand = function.and_then(|function| function.field(Field::Operand));
            let name = function
                .and_then(|function| function.field(Field::Field))
                .map_or("", Node::text);
            let by_method = GIVE_BACK.contains(&name)
                && operand
                    .is_some_and(|operand| operand.text() != conn.text() && !is_connection(at, operand));
            let by_builtin =
                matches!(at.callee(node), Callee::Builtin(name) if name == "close" || name == "delete");
            let cancels =
                function.is_some_and(|function| at.type_of(function).is(paths::CONTEXT, "CancelFunc"));
            by_method || by_builtin || cancels
        }
        _ => false,
    }
}

/// Whether no other code of the package does the same: sends there, closes or deletes that, calls that method of
/// something of the same name.
fn is_done_here_alone(at: Declaration<'_>, body: Node<'_>, duty: Node<'_>) -> bool {
    let key = key_of(duty);
    let name = last_word(key);
    let mut others = at
        .package
        .declarations()
        .filter(|other| memmem::find(other.bytes(), name.as_bytes()).is_some());
    let does_so = |other: Declaration<'_>| {
        let is_elsewhere = |node: &Node<'_>| (other.id != at.id) || !body.contains(*node);
        let mut nodes = other.tree().root().subtree().filter(is_elsewhere);
        nodes.any(|node| {
            node.kind() == duty.kind() && last_word(key_of(node)) == name && does_alike(node, duty)
        })
    };
    !others.any(does_so)
}

/// What a duty is about, as it is written: `h.unregister`, `kafka.Close`, the channel that is closed.
fn key_of(duty: Node<'_>) -> &str {
    if let Some(channel) = duty.field(Field::Channel) {
        return channel.text();
    }
    let function = duty.field(Field::Function);
    match function.map_or("", Node::text) {
        "close" | "delete" => {
            let argument = duty.field(Field::Arguments).and_then(|list| list.child(0));
            argument.map_or("", Node::text)
        }
        called => called,
    }
}

fn last_word(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

/// Whether two calls of the same last word are of things of the same name: `a.kafka.Close` and `kafka.Close`.
fn does_alike(one: Node<'_>, other: Node<'_>) -> bool {
    let owner = |node: Node<'_>| {
        let function = node.field(Field::Function);
        let operand = function.and_then(|function| function.field(Field::Operand));
        operand.map(|operand| last_word(operand.text()).to_owned())
    };
    let builtin = |node: Node<'_>| {
        let name = node.field(Field::Function).map_or("", Node::text);
        ["close", "delete"].into_iter().find(|builtin| *builtin == name)
    };
    owner(one) == owner(other) && builtin(one) == builtin(other)
}

/// The goroutines of the function that run a method of what is given back.
fn workers<'a>(at: Declaration<'a>, home: Declaration<'a>, duties: &[Node<'a>]) -> Vec<Node<'a>> {
    let owned = |duty: &Node<'a>| {
        let operand = duty.field(Field::Function)?.field(Field::Operand)?;
        let is_local = matches!(home.resolve(operand), Meaning::Local(_));
        (is_local && home == at).then(|| operand.text())
    };
    let owners: Vec<&str> = duties.iter().filter_map(owned).collect();
    let starts = at
        .tree()
        .root()
        .subtree()
        .filter(|node| node.is(Kind::GoStatement));
    let works = |start: &Node<'a>| {
        let call = start.child(0).and_then(|call| call.field(Field::Function));
        let operand = call.and_then(|function| function.field(Field::Operand));
        operand.is_some_and(|operand| owners.contains(&operand.text()))
    };
    starts.filter(works).collect()
}
