//! Objects of a `sync.Pool`, and what is done wrong with them.

use super::stored::stored_by;
use crate::facts::paths;
use crate::frameworks::is_request_context;
use crate::go::cfg::{Cfg, Point};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Callee, Declaration, Usage};

const BYTEBUFFERPOOL: &str = paths::BYTEBUFFERPOOL;

/// What is done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misuse {
    /// A response keeps what the object holds.
    Kept,
    /// The caller gets what the object holds.
    Returned,
    PutTwice,
    /// Something that outlives the call still has the object.
    Stored,
}

/// An object of a pool that is misused.
#[derive(Clone, Copy, Debug)]
pub struct Pooled<'a> {
    pub misuse: Misuse,
    pub name: &'a str,
    /// The call that keeps it, or the second Put.
    pub at: Node<'a>,
    /// What that call is given.
    pub argument: Option<Node<'a>>,
    pub put: Node<'a>,
}

/// The misused objects of a declaration.
pub fn misused(declaration: Declaration<'_>) -> Vec<Pooled<'_>> {
    let calls = declaration
        .tree()
        .root()
        .subtree()
        .filter(|node| node.is(Kind::CallExpression));
    let gets = calls.filter(|call| is_get(declaration, *call));
    gets.filter_map(|get| misuses(declaration, get))
        .flatten()
        .collect()
}

/// What is done wrong with the object that `get` takes, all at once: one repair leaves the others as they are.
fn misuses<'a>(declaration: Declaration<'a>, get: Node<'a>) -> Option<Vec<Pooled<'a>>> {
    let (id, name) = named(declaration, get)?;
    let function = get.enclosing_function()?;
    let uses: Vec<Node<'a>> = declaration.scopes().uses(id, declaration.tree()).collect();
    let settled = uses.iter().all(|held| declaration.usage(*held) == Usage::Read);
    let here = |node: &&Node<'a>| node.enclosing_function() == Some(function);
    let puts: Vec<Node<'a>> = uses
        .iter()
        .filter_map(|held| put_of(declaration, *held))
        .collect();
    (settled && puts.iter().all(|put| here(&put) || is_deferred(*put))).then_some(())?;
    let first = *puts.first()?;
    let pooled = |misuse, at, argument| Pooled {
        misuse,
        name,
        at,
        argument,
        put: first,
    };
    if let Some(second) = put_again(&puts) {
        return Some(vec![pooled(Misuse::PutTwice, second, None)]);
    }
    let flow = declaration.control_flow(function)?;
    let goes_back = |call: &Node<'a>| {
        puts.iter()
            .any(|put| is_deferred(*put) || share_a_path(&flow, *call, *put))
    };
    let is_buffer = is_buffer(declaration, get, uses[0]);
    let kept = uses.iter().filter(here);
    let kept = kept.filter_map(|held| kept_by(declaration, *held));
    let kept = kept.map(|(call, argument)| pooled(Misuse::Kept, call, Some(argument)));
    let returned = uses.iter().filter(|held| is_buffer && here(held));
    let returned = returned.filter_map(|held| returned_by(*held));
    let returned = returned.map(|(statement, argument)| pooled(Misuse::Returned, statement, Some(argument)));
    let mut found: Vec<Pooled<'a>> = kept
        .chain(returned)
        .filter(|pooled| goes_back(&pooled.at))
        .collect();
    let stored = uses
        .iter()
        .filter_map(|held| stored_by(declaration, function, *held, is_buffer));
    let back = |at: Node<'a>| given_back_behind(&flow, function, &puts, at);
    let mut stored = stored.filter_map(|at| {
        Some(Pooled {
            put: back(at)?,
            ..pooled(Misuse::Stored, at, None)
        })
    });
    found.extend(stored.next());
    Some(found)
}

/// The Put behind `at` that the function runs itself. Who got the object may well give it back: only what this
/// function gives back is wrong for certain.
fn given_back_behind<'a>(
    flow: &Cfg<'a>,
    function: Node<'a>,
    puts: &[Node<'a>],
    at: Node<'a>,
) -> Option<Node<'a>> {
    let mut own = puts.iter().copied().filter(|put| runs_in(*put, function));
    own.find(|put| is_deferred(*put) || leads(flow, at, *put))
}

/// Whether some path runs both.
fn share_a_path<'a>(flow: &Cfg<'a>, one: Node<'a>, other: Node<'a>) -> bool {
    leads(flow, one, other) || leads(flow, other, one)
}

fn leads<'a>(flow: &Cfg<'a>, from: Node<'a>, to: Node<'a>) -> bool {
    let start = flow.point_of(from).map(Point::after);
    start.is_some_and(|start| flow.reaches(start, |node| node.contains(to), |_| false))
}

/// Whether `function` runs the call, by itself or in a literal that it defers.
fn runs_in(call: Node<'_>, function: Node<'_>) -> bool {
    let inner = call.enclosing_function();
    let defer = inner
        .and_then(Node::parent)
        .and_then(Node::parent)
        .filter(|around| around.is(Kind::DeferStatement));
    inner == Some(function) || defer.is_some_and(|defer| defer.enclosing_function() == Some(function))
}

/// `pool.Get()` of a `sync.Pool`, and of fasthttp's pool of buffers.
fn is_get(declaration: Declaration<'_>, call: Node<'_>) -> bool {
    let callee = declaration.callee(call);
    callee.is_method(paths::SYNC, "Pool", "Get") || callee.is_function(BYTEBUFFERPOOL, "Get")
}

/// The name in `buf := pool.Get().(*bytes.Buffer)`.
fn named<'a>(declaration: Declaration<'a>, get: Node<'a>) -> Option<(BindingId, &'a str)> {
    let statement = get
        .statement()
        .filter(|statement| statement.is(Kind::ShortVarDeclaration))?;
    let (left, right) = (statement.field(Field::Left)?, statement.field(Field::Right)?);
    let value = right.child(0)?;
    let asserted = value.is(Kind::TypeAssertionExpression) && value.field(Field::Operand) == Some(get);
    let name = left.child(0).filter(|_| value == get || asserted)?;
    Some((declaration.scopes().binding_of(name)?, name.text()))
}

/// `pool.Put(buf)`
fn put_of<'a>(declaration: Declaration<'a>, held: Node<'a>) -> Option<Node<'a>> {
    let call = held
        .parent()?
        .parent()
        .filter(|call| call.is(Kind::CallExpression))?;
    let callee = declaration.callee(call);
    let puts = callee.is_method(paths::SYNC, "Pool", "Put") || callee.is_function(BYTEBUFFERPOOL, "Put");
    puts.then_some(call)
}

/// Whether the call runs when its function ends: `defer pool.Put(buf)`, or as part of a deferred literal.
fn is_deferred(put: Node<'_>) -> bool {
    put.enclosing(Kind::DeferStatement).is_some()
}

/// A Put that runs although a deferred one, or one before it in the same block, gives the object back as well.
fn put_again<'a>(puts: &[Node<'a>]) -> Option<Node<'a>> {
    let deferred = puts
        .iter()
        .find(|put| put.parent().is_some_and(|up| up.is(Kind::DeferStatement)));
    let plain = |put: &&Node<'a>| !is_deferred(**put);
    if deferred.is_some() {
        return puts.iter().find(plain).copied();
    }
    let list = |put: Node<'a>| put.statement().and_then(Node::parent);
    let mut seen: Vec<Node<'a>> = Vec::new();
    for put in puts.iter().filter(plain) {
        match list(*put) {
            Some(list) if seen.contains(&list) => return Some(*put),
            Some(list) => seen.push(list),
            None => {}
        }
    }
    None
}

/// The call that makes the response keep the object, and its argument: `c.Send(buf.Bytes())`.
fn kept_by<'a>(declaration: Declaration<'a>, held: Node<'a>) -> Option<(Node<'a>, Node<'a>)> {
    const KEEPERS: [&str; 4] = ["Send", "SetBodyRaw", "SendStream", "SetBodyStream"];
    let argument = handed_out(held)?;
    let call = argument
        .parent()?
        .parent()
        .filter(|call| call.is(Kind::CallExpression))?;
    let function = call.field(Field::Function)?;
    let (operand, method) = (function.field(Field::Operand)?, function.field(Field::Field)?);
    let is_argument = call.field(Field::Arguments) == argument.parent();
    let keeps = KEEPERS.contains(&method.text()) && is_argument;
    (keeps && is_response(declaration, operand)).then_some((call, argument))
}

/// Whether the object is a buffer: of others it is not known whether `Bytes` gives their own memory.
fn is_buffer(declaration: Declaration<'_>, get: Node<'_>, held: Node<'_>) -> bool {
    declaration.type_of(held).pointee().is(paths::BYTES, "Buffer")
        || declaration.callee(get).is_function(BYTEBUFFERPOOL, "Get")
}

/// `return buf.Bytes()`, and what it returns.
fn returned_by(held: Node<'_>) -> Option<(Node<'_>, Node<'_>)> {
    let value = handed_out(held)?;
    let list = value.parent().filter(|list| list.is(Kind::ExpressionList))?;
    let statement = list.parent().filter(|up| up.is(Kind::ReturnStatement))?;
    Some((statement, value))
}

/// `buf`, or `buf.Bytes()` of it.
fn handed_out(held: Node<'_>) -> Option<Node<'_>> {
    match held.parent()? {
        selector if selector.is(Kind::SelectorExpression) => selector.parent().filter(|call| {
            let name = selector.field(Field::Field).map_or("", Node::text);
            call.field(Field::Function) == Some(selector) && name == "Bytes"
        }),
        _ => Some(held),
    }
}

/// `c`, `c.Response()`, `c.Context()`, `c.RequestCtx()` and what leads there.
fn is_response(declaration: Declaration<'_>, operand: Node<'_>) -> bool {
    let mut inner = operand;
    for _ in 0..4 {
        if is_request_context(&declaration.type_of(inner)) {
            return true;
        }
        let function = inner.field(Field::Function).unwrap_or(inner);
        match function.field(Field::Operand) {
            Some(next) if !matches!(declaration.callee(inner), Callee::Builtin(_)) => inner = next,
            _ => return false,
        }
    }
    false
}
