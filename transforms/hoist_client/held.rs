//! Whether code asks a pool for a connection while it holds one already. Under a limit, as many requests as it allows
//! would each hold one and wait for another for ever; without one they do not. What cannot be seen may do so.

use std::collections::HashSet;

use super::draft::Draft;
use super::pool::needed;
use crate::analysis::Handle;
use crate::analysis::request::callers;
use crate::facts::paths;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, DeclId, Declaration, Meaning, Usage};

/// How long a call keeps the connection it asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ask {
    /// It asks for none.
    Never,
    /// Until it returns.
    Brief,
    /// Beyond that: rows, a transaction, a connection.
    Held,
    /// Until nobody knows when, or for more than one.
    Unknown,
}

/// Everything that one function does with the pool.
struct Holding<'a> {
    at: Declaration<'a>,
    function: Node<'a>,
    uses: Vec<Node<'a>>,
}

/// Whether one request may hold a connection of the pool that this group shares while it asks for another.
pub fn may_ask_twice<'a>(group: &[&Draft<'a>]) -> bool {
    let mut search = Search { seen: HashSet::new() };
    let held = holdings(group);
    let askers: Askers<'a> = held
        .iter()
        .map(|held| held.at)
        .chain(group.iter().map(|draft| draft.opening.at))
        .map(|at| (&*at.package.path, at.id))
        .collect();
    group.iter().any(|draft| has_strangers(draft))
        || held.iter().any(|held| {
            let asks = search.asks(held.at, &held.uses);
            let holds: Vec<Node<'a>> = asks
                .iter()
                .filter(|(_, ask)| *ask == Ask::Held)
                .map(|(node, _)| *node)
                .collect();
            let leads = |hold: &Node<'a>| leaves(held.at, *hold) || asks_elsewhere(held, *hold, &askers);
            overlap(held.function, &asks) || holds.iter().any(leads)
        })
}

/// The functions that have the pool in a name, each with all of its mentions.
fn holdings<'a>(group: &[&Draft<'a>]) -> Vec<Holding<'a>> {
    let mut found: Vec<Holding<'a>> = Vec::new();
    for draft in group {
        let own = draft.own.iter().map(|uses| (&draft.opening, uses));
        let others = draft
            .holders
            .iter()
            .map(|holder| (&holder.acquisition, &holder.uses));
        for (acquisition, uses) in own.chain(others) {
            let (at, function) = (acquisition.at, acquisition.function);
            // What is used where it is opened has no name.
            let chained = (!matches!(acquisition.handle, Handle::Local(_))).then_some(acquisition.call);
            let nodes = uses.plain.iter().copied().chain(chained);
            match found
                .iter_mut()
                .find(|held| held.at == at && held.function == function)
            {
                Some(held) => held.uses.extend(nodes),
                None => found.push(Holding {
                    at,
                    function,
                    uses: nodes.collect(),
                }),
            }
        }
    }
    found
}

/// Whether someone calls the helper who is not among those that could be followed by name.
fn has_strangers(draft: &Draft<'_>) -> bool {
    draft.is_helper()
        && callers(draft.opening.at).iter().any(|(at, call)| {
            let mut known = draft.holders.iter().map(|holder| &holder.acquisition);
            !known.any(|acquisition| acquisition.at == *at && acquisition.call == *call)
        })
}

/// Whether one of the asks may happen while another one holds its connection.
fn overlap<'a>(function: Node<'a>, asks: &[(Node<'a>, Ask)]) -> bool {
    let inside = |node: Node<'a>| node.enclosing_function() != Some(function);
    let repeats = |node: Node<'a>| {
        let mut around = node.ancestors().take_while(|around| *around != function);
        around.any(|around| around.is(Kind::ForStatement))
    };
    let returned = |node: Node<'a>| node.enclosing(Kind::ReturnStatement).is_some();
    let asks: Vec<_> = asks.iter().filter(|(_, ask)| *ask != Ask::Never).collect();
    let held = asks.iter().filter(|(_, ask)| *ask == Ask::Held);
    asks.iter().any(|(_, ask)| *ask == Ask::Unknown)
        || held.into_iter().any(|(hold, _)| {
            repeats(*hold)
                || returned(*hold)
                || asks.iter().any(|(other, _)| {
                    other != hold && (other.start() > hold.start() || inside(*other) || inside(*hold))
                })
        })
}

/// Whether what `hold` gives may outlive the function: its name goes anywhere but into calls.
fn leaves<'a>(at: Declaration<'a>, hold: Node<'a>) -> bool {
    let statement = hold.statement();
    let names = statement.and_then(|statement| statement.field(Field::Left));
    let held = names.into_iter().flat_map(Node::children);
    let is_used = |node: &Node<'a>| {
        let around = node.parent().map(Node::kind);
        let is_plain = matches!(
            around,
            Some(Kind::SelectorExpression | Kind::BinaryExpression | Kind::ArgumentList)
        );
        at.usage(*node) == Usage::Read && !is_plain
    };
    // The error of the call goes to the caller without harm.
    let mut given = held.filter(|name| !at.type_of(*name).is_error());
    names.is_none()
        || given.any(|name| match at.scopes().binding_of(name) {
            Some(held) => at.scopes().uses(held, at.tree()).any(|node| is_used(&node)),
            None => name.text() != "_",
        })
}

/// The functions that have the pool, and its opener.
type Askers<'a> = HashSet<(&'a str, DeclId)>;

/// Whether something that is called behind `hold`, or runs beside it, comes to a function that has the same pool. Where
/// there are such functions, what cannot be seen may call them.
fn asks_elsewhere<'a>(held: &Holding<'a>, hold: Node<'a>, askers: &Askers<'a>) -> bool {
    let is_beside = |call: Node<'a>| call.parent().is_some_and(|parent| parent.is(Kind::GoStatement));
    let behind = held
        .function
        .descendants()
        .filter(|node| node.is(Kind::CallExpression) && (node.start() > hold.start() || is_beside(*node)));
    behind.into_iter().any(|call| {
        // A function that is handed over may be called.
        let handed = call
            .field(Field::Arguments)
            .into_iter()
            .flat_map(Node::descendants);
        let mut called: Vec<Declaration<'a>> = handed
            .filter(|node| node.is(Kind::Identifier))
            .filter_map(|node| match held.at.resolve(node) {
                Meaning::Package(declaration) => Some(declaration),
                _ => None,
            })
            .collect();
        if let Callee::Package(callee) = held.at.callee(call) {
            called.push(callee);
        }
        (askers.len() > 1 && is_unseen(held.at, call)) || come_to(called, askers)
    })
}

/// Whether one of `open`, or what it needs on any way, has the pool, or may call a function that does.
fn come_to<'a>(mut open: Vec<Declaration<'a>>, askers: &Askers<'a>) -> bool {
    let mut seen = HashSet::new();
    while let Some(at) = open.pop() {
        let place = (&*at.package.path, at.id);
        if askers.contains(&place) {
            return true;
        }
        if seen.insert(place) {
            let nodes = at.tree().root().descendants();
            let mut calls = nodes.filter(|node| node.is(Kind::CallExpression));
            if askers.len() > 1 && calls.any(|call| is_unseen(at, call)) {
                return true;
            }
            open.extend(needed(at));
        }
    }
    false
}

/// Whether `call` runs code of the module that cannot be told: a function value, a method of an interface of the module,
/// or the handlers that come next. Other modules know no pool of this one.
fn is_unseen<'a>(at: Declaration<'a>, call: Node<'a>) -> bool {
    const ON: [&str; 5] = ["Handler", "Next", "Render", "RestartRouting", "ServeHTTP"];
    match at.callee(call) {
        Callee::Local(_) | Callee::Unknown => true,
        Callee::External { path, name, .. } => {
            let is_own = at.package_at(&path).is_some_and(|package| package.is_own);
            // The cursor of a result has a `Next` too.
            is_own || (ON.contains(&name.as_str()) && !is_of_results(&path))
        }
        _ => false,
    }
}

fn is_of_results(path: &str) -> bool {
    path == paths::DATABASE_SQL || path.ends_with("/sqlx")
}

struct Search<'a> {
    /// Functions that get the pool and were looked at: one that calls itself may do anything.
    seen: HashSet<(&'a str, DeclId)>,
}

impl<'a> Search<'a> {
    fn asks(&mut self, at: Declaration<'a>, uses: &[Node<'a>]) -> Vec<(Node<'a>, Ask)> {
        uses.iter().map(|node| (*node, self.ask(at, *node))).collect()
    }

    fn ask(&mut self, at: Declaration<'a>, node: Node<'a>) -> Ask {
        let Some(parent) = node.parent() else {
            return Ask::Unknown;
        };
        match parent.kind() {
            Kind::BinaryExpression => Ask::Never,
            Kind::SelectorExpression => asked_by(at, parent),
            Kind::ArgumentList => self.handed(at, node, parent),
            _ => Ask::Unknown,
        }
    }

    /// What a function of the module asks of the pool it is given.
    fn handed(&mut self, at: Declaration<'a>, node: Node<'a>, list: Node<'a>) -> Ask {
        let call = list.parent().filter(|call| call.is(Kind::CallExpression));
        let position = list.children().position(|child| child == node);
        let (Some(call), Some(position)) = (call, position) else {
            return Ask::Unknown;
        };
        let Callee::Package(callee) = at.callee(call) else {
            return Ask::Unknown;
        };
        let Some(function) = callee.function() else {
            return Ask::Unknown;
        };
        if !self.seen.insert((&callee.package.path, callee.id)) {
            return Ask::Unknown;
        }
        let asked = self.asked_of(callee, function, position);
        self.seen.remove(&(&*callee.package.path, callee.id));
        asked.unwrap_or(Ask::Unknown)
    }

    fn asked_of(&mut self, callee: Declaration<'a>, function: Node<'a>, position: usize) -> Option<Ask> {
        let name = parameter(function, position)?;
        let held = callee.scopes().binding_of(name)?;
        let uses: Vec<Node<'a>> = callee.scopes().uses(held, callee.tree()).collect();
        if uses.iter().any(|node| callee.usage(*node) != Usage::Read) {
            return None;
        }
        let asks = self.asks(callee, &uses);
        if overlap(function, &asks) {
            return None;
        }
        let worst = |wanted| asks.iter().any(|(_, ask)| *ask == wanted);
        Some(match () {
            () if worst(Ask::Held) => Ask::Held,
            () if worst(Ask::Brief) => Ask::Brief,
            () => Ask::Never,
        })
    }
}

/// The name of the parameter at `position`, where all before it are plain.
fn parameter(function: Node<'_>, position: usize) -> Option<Node<'_>> {
    let declared = function.field(Field::Parameters)?.children();
    let plain = declared.take_while(|parameter| parameter.is(Kind::ParameterDeclaration));
    plain
        .flat_map(|parameter| parameter.fields(Field::Name))
        .nth(position)
}

/// What the method `selector` asks for, which is called on the pool.
fn asked_by(at: Declaration<'_>, selector: Node<'_>) -> Ask {
    const NEVER: [&str; 6] = ["BindNamed", "Close", "Driver", "DriverName", "Rebind", "Stats"];
    const BRIEF: [&str; 14] = [
        "Exec",
        "ExecContext",
        "Get",
        "GetContext",
        "MustExec",
        "MustExecContext",
        "NamedExec",
        "NamedExecContext",
        "Ping",
        "PingContext",
        "Select",
        "SelectContext",
        "QueryRow",
        "QueryRowContext",
    ];
    const HELD: [&str; 13] = [
        "Begin",
        "BeginTx",
        "BeginTxx",
        "Beginx",
        "Conn",
        "Connx",
        "MustBegin",
        "MustBeginTx",
        "NamedQuery",
        "NamedQueryContext",
        "Query",
        "QueryContext",
        "Queryx",
    ];
    let name = selector.field(Field::Field).map_or("", Node::text);
    let call = selector
        .parent()
        .filter(|call| call.field(Field::Function) == Some(selector));
    let Some(call) = call else {
        return Ask::Unknown;
    };
    match name {
        _ if name.starts_with("Set") || NEVER.contains(&name) => Ask::Never,
        "QueryRow" | "QueryRowContext" if !is_scanned(at, call) => Ask::Held,
        _ if BRIEF.contains(&name) => Ask::Brief,
        _ if HELD.contains(&name) => Ask::Held,
        _ => Ask::Unknown,
    }
}

/// `QueryRow(…).Scan(&x)`, whose arguments ask for nothing.
fn is_scanned(at: Declaration<'_>, call: Node<'_>) -> bool {
    let selector = call
        .parent()
        .filter(|selector| selector.is(Kind::SelectorExpression));
    let scan = selector
        .filter(|selector| {
            selector
                .field(Field::Field)
                .is_some_and(|field| field.text() == "Scan")
        })
        .and_then(Node::parent);
    let arguments = scan.and_then(|scan| scan.field(Field::Arguments));
    let asks = |node: Node<'_>| {
        node.is(Kind::CallExpression)
            && !matches!(at.callee(node), Callee::Builtin(_) | Callee::Conversion(_))
    };
    arguments.is_some_and(|arguments| !arguments.descendants().any(asks))
}
