//! Does this code run once per request? It does inside a handler, and in a function of the module that a handler
//! reaches: by calls, through interfaces of the module, or as a value that is handed on. It does not in `main`, `init`,
//! package variables, bodies run by `sync.Once`, set-up code, and where a check of what is kept stands before.

use std::collections::{HashSet, VecDeque};

use super::lazy;
use super::replaced::is_replaced;
use crate::frameworks::Entry;
use crate::go::syntax::{Kind, Node};
use crate::go::{DeclId, DeclKind, Declaration, Place, Through};

mod draw;
mod runs;
#[cfg(test)]
mod tests;

pub use draw::draw;
use runs::{Run, called, is_run_once, runs_of};

/// One call on the way from a handler down to the code in question.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// The function that calls.
    pub caller: Declaration<'a>,
    /// The call itself, or the one that is handed the function and calls it.
    pub call: Node<'a>,
    /// Set where an interface of the module stands between.
    pub through: Option<Through>,
}

impl<'a> Call<'a> {
    fn plain(caller: Declaration<'a>, call: Node<'a>) -> Self {
        Call {
            caller,
            call,
            through: None,
        }
    }

    /// Whether it can reach no other function of the module.
    fn is_certain(&self) -> bool {
        self.through
            .as_ref()
            .is_none_or(|through| through.implementations == 1)
    }

    /// What there is to say about this step.
    fn told(&self) -> String {
        let caller = self.caller.title();
        match &self.through {
            None => format!("{caller} calls it for every request"),
            Some(Through {
                interface,
                implementations: 1,
            }) => format!(
                "{caller} calls it for every request, through {interface}, which nothing else here implements"
            ),
            Some(Through { interface, .. }) => {
                format!("{caller} calls it for every request, through {interface}: nobody else calls it")
            }
        }
    }
}

/// How a request reaches some code.
#[derive(Clone, Debug)]
pub struct HandlerChain<'a> {
    /// Where the request comes in.
    pub entry: Entry<'a>,
    /// The calls from there on; empty where the code stands in the entry itself.
    pub calls: Vec<Call<'a>>,
}

impl HandlerChain<'_> {
    /// `GetUser → repo.Find → open`: the handler, then each function on the way.
    pub fn titles(&self, reached: Declaration<'_>) -> String {
        let mut titles: Vec<String> = self.calls.iter().map(|call| call.caller.title()).collect();
        if let Some(first) = titles.first_mut() {
            *first = self.entry_titled(std::mem::take(first));
        }
        titles.push(reached.title());
        titles.dedup();
        titles.join(" → ")
    }

    /// How people call the entry in the declaration with this title: the literal that a set-up function registers is
    /// not that function.
    fn entry_titled(&self, title: String) -> String {
        let has_name = self.entry.declaration.kind() != DeclKind::Func;
        match self.entry.function.is(Kind::FuncLiteral) && !has_name {
            true => format!("handler in {title}"),
            false => title,
        }
    }

    /// The places of the calls, in order, each with what it does.
    pub fn steps(&self) -> Vec<(Place, String)> {
        let calls = self.calls.iter();
        calls
            .map(|call| (call.caller.place(call.call), call.told()))
            .collect()
    }

    /// Whether every call on the way reaches the next function, and not another that implements the same interface.
    fn is_certain(&self) -> bool {
        self.calls.iter().all(Call::is_certain)
    }
}

/// Code that a request may reach, with the way from there to the code in question.
struct Visit<'a> {
    at: Declaration<'a>,
    node: Node<'a>,
    calls: Vec<Call<'a>>,
}

/// The shortest way on which a request reaches `node`, where one is proven.
pub fn request_path<'a>(declaration: Declaration<'a>, node: Node<'a>) -> Option<HandlerChain<'a>> {
    possible_path(declaration, node).filter(HandlerChain::is_certain)
}

/// [`request_path`], also through an interface that several types implement, where nobody but requests calls its
/// method: whoever makes a value of one of these types makes it for requests.
pub fn request_path_of_any<'a>(declaration: Declaration<'a>, node: Node<'a>) -> Option<HandlerChain<'a>> {
    let path = possible_path(declaration, node)?;
    let reached = path.calls.iter().skip(1).map(|call| call.caller);
    let mut steps = path.calls.iter().zip(reached.chain([declaration]));
    let is_sure = steps.all(|(call, callee)| call.is_certain() || is_called_by_requests_alone(callee));
    is_sure.then_some(path)
}

fn is_called_by_requests_alone(declaration: Declaration<'_>) -> bool {
    declaration
        .mentioned()
        .into_iter()
        .all(|mention| called(mention.node).is_some_and(|call| request_path(mention.at, call).is_some()))
}

/// The shortest way on which a request may reach `node`. Ways that are certain come first; others lead through an
/// interface of which it cannot be seen which implementation is called.
fn possible_path<'a>(declaration: Declaration<'a>, node: Node<'a>) -> Option<HandlerChain<'a>> {
    let mut seen: HashSet<(&str, DeclId, usize)> = HashSet::new();
    let start = Visit {
        at: declaration,
        node,
        calls: Vec::new(),
    };
    let (mut queue, mut doubtful) = (VecDeque::from([start]), VecDeque::new());
    while let Some(Visit { at, node, calls }) = queue.pop_front().or_else(|| doubtful.pop_front()) {
        let Some(function) = node.enclosing_function() else {
            continue;
        };
        if let Some(entry) = entry_around(at, function) {
            return Some(HandlerChain { entry, calls });
        }
        let is_new = seen.insert((&at.package.path, at.id, function.index()));
        if !is_new || is_set_up(at, function) {
            continue;
        }
        for run in runs_of(at, function) {
            let call = match run {
                Run::Served => {
                    let entry = Entry::handed(at, function);
                    return Some(HandlerChain { entry, calls });
                }
                Run::At(call) => call,
            };
            if happens_once(&call) {
                continue;
            }
            let queue = match call.is_certain() {
                true => &mut queue,
                false => &mut doubtful,
            };
            let mut longer = vec![call.clone()];
            longer.extend(calls.iter().cloned());
            queue.push_back(Visit {
                at: call.caller,
                node: call.call,
                calls: longer,
            });
        }
    }
    None
}

/// The entry in which `function` stands, or which it is: what a handler makes of literals, it makes for its request.
/// When a literal runs that is returned, or handed to `sync.Once`, is up to someone else.
fn entry_around<'a>(at: Declaration<'a>, function: Node<'a>) -> Option<Entry<'a>> {
    let mut around = Some(function);
    while let Some(function) = around {
        if let Some(entry) = Entry::of(at, function) {
            return Some(entry);
        }
        if is_returned(function) || is_run_once(at, function) {
            return None;
        }
        around = function.enclosing_function();
    }
    None
}

fn is_returned(literal: Node<'_>) -> bool {
    let list = literal.parent().filter(|list| list.is(Kind::ExpressionList));
    list.and_then(Node::parent)
        .is_some_and(|parent| parent.is(Kind::ReturnStatement))
}

/// Whether the function runs once in the life of the process, for certain: as `main` or `init`, or called in one
/// place, outside of loops and literals, of a function that does.
pub fn is_called_once(declaration: Declaration<'_>) -> bool {
    let mut at = declaration;
    let mut seen = HashSet::new();
    while seen.insert((&at.package.path, at.id)) {
        let Some(function) = at.function() else {
            return false;
        };
        if is_set_up(at, function) {
            return true;
        }
        let mentions = at.mentioned();
        let [mention] = mentions.as_slice() else {
            return false;
        };
        let Some(call) = called(mention.node) else {
            return false;
        };
        let around = call.enclosing_function();
        let repeats = call.enclosing(Kind::ForStatement).is_some();
        let in_literal = around.is_none_or(|function| function.is(Kind::FuncLiteral));
        if repeats || in_literal || mention.through.is_some() {
            return false;
        }
        at = mention.at;
    }
    false
}

/// `main` and `init`.
fn is_set_up(at: Declaration<'_>, function: Node<'_>) -> bool {
    let decl = at.decl();
    !function.is(Kind::FuncLiteral) && decl.receiver.is_none() && matches!(decl.title(), "main" | "init")
}

/// Whether what the call gives is kept, and asked for before; or takes the place of what was closed.
fn happens_once(call: &Call<'_>) -> bool {
    let function = call.call.enclosing_function();
    function.is_some_and(|function| {
        lazy::is_kept(call.caller, function, call.call)
            || lazy::is_filled(call.caller, function, call.call)
            || is_replaced(call.caller, function, call.call)
    })
}

/// Every call of the module that reaches the function or method `declaration`, through interfaces too.
pub fn callers<'a>(declaration: Declaration<'a>) -> Vec<(Declaration<'a>, Node<'a>)> {
    let mentions = declaration.mentioned().into_iter();
    mentions
        .filter_map(|mention| Some((mention.at, called(mention.node)?)))
        .collect()
}
