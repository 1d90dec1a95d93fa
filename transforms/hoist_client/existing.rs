//! Pools that the package opens once already: package variables that set-up code fills, and functions that open at
//! their first call.

use super::draft::{form_of, parts};
use super::reader::Reader;
use super::setting::is_set_up;
use super::value::Value;
use crate::analysis::{Acquisition, Fault};
use crate::edit::is_error_check;
use crate::facts::paths;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, DeclKind, Declaration, Meaning, Usage};

/// How to come by a shared pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// A package variable.
    Variable(String),
    /// A function, or a variable that holds one, without parameters; it gives the pool and, where opening can fail,
    /// an error.
    Function(String),
}

impl Access {
    pub fn name(&self) -> &str {
        match self {
            Access::Variable(name) | Access::Function(name) => name,
        }
    }
}

/// A pool that lives as long as the process.
#[derive(Clone, Debug)]
pub struct Existing {
    pub key: String,
    pub access: Access,
}

/// The shared pool that an opening of set-up code makes, if it is one.
pub fn of(opening: &Acquisition<'_>) -> Option<Existing> {
    let reader = Reader::new(opening.at, Some(opening.function)).before(opening.call);
    let values: Result<Vec<_>, _> = parts(opening).map(|node| reader.read(node)).collect();
    let access = function(opening).or_else(|| variable(opening))?;
    if !opening.resource.limits && is_set_up(opening, stored(opening)) {
        return None;
    }
    Some(Existing {
        key: Value::joined(&form_of(opening), values.ok()?).key,
        access,
    })
}

/// `var open = sync.OnceValues(func() … { … })`, or a function around a `once.Do`.
fn function(opening: &Acquisition<'_>) -> Option<Access> {
    let at = opening.at;
    let once = once_call(at, opening.function)?;
    let results = at.results_of(opening.function).len();
    let expected = match opening.fault {
        Fault::Never => 1,
        _ => 2,
    };
    match at.function().filter(|_| at.kind() == DeclKind::Func) {
        None => {
            let name = at.decl().names.first().filter(|_| at.decl().names.len() == 1)?;
            (results == expected && gives_values(once)).then(|| Access::Function(name.text.to_string()))
        }
        Some(function) => {
            let parameters = function.field(Field::Parameters)?.children().count();
            let fits = parameters == 0 && at.results_of(function).len() == expected;
            let is_free = at.decl().receiver.is_none() && stored(opening).is_some();
            (fits && is_free && !gives_values(once)).then(|| Access::Function(at.decl().title().to_owned()))
        }
    }
}

/// The call of package sync that runs the literal once.
fn once_call<'a>(at: Declaration<'a>, literal: Node<'a>) -> Option<Node<'a>> {
    let call = literal
        .parent()?
        .parent()
        .filter(|call| call.is(Kind::CallExpression))?;
    match at.callee(call) {
        Callee::External { path, name, .. } => {
            (path == paths::SYNC && (name == "Do" || name.starts_with("OnceValue"))).then_some(call)
        }
        _ => None,
    }
}

fn gives_values(once: Node<'_>) -> bool {
    let function = once.field(Field::Function);
    let name = function
        .and_then(|function| function.field(Field::Field))
        .map_or("", Node::text);
    name.starts_with("OnceValue")
}

/// A package variable that `init` or `main` fills or dies, and that nobody fills again or closes.
fn variable(opening: &Acquisition<'_>) -> Option<Access> {
    let at = opening.at;
    let name = stored(opening)?;
    let in_set_up = at.function() == Some(opening.function)
        && at.decl().receiver.is_none()
        && matches!(at.decl().title(), "init" | "main");
    let is_own_block =
        opening.statement.parent().and_then(Node::parent) == opening.function.field(Field::Body);
    let is_checked = matches!(opening.fault, Fault::Never) || dies_on_error(opening);
    let mentions = at.package.mentions(name);
    let written = mentions
        .iter()
        .filter(|(at, node)| at.usage(*node) != Usage::Read)
        .count();
    let closed = mentions.iter().any(|(at, node)| {
        let method = node.parent().and_then(|parent| parent.field(Field::Field));
        method.is_some_and(|method| opening.resource.is_released_by(method.text()))
            && at.decl().title() != "main"
    });
    (in_set_up && is_own_block && is_checked && written == 1 && !closed)
        .then(|| Access::Variable(name.to_owned()))
}

/// The package variable that the opening assigns.
fn stored<'a>(opening: &Acquisition<'a>) -> Option<&'a str> {
    let list = opening.call.parent()?;
    let statement = list
        .parent()
        .filter(|statement| statement.is(Kind::AssignmentStatement))?;
    let target = statement
        .field(Field::Left)?
        .child(0)
        .filter(|target| target.is(Kind::Identifier))?;
    matches!(opening.at.resolve(target), Meaning::Package(_)).then(|| target.text())
}

/// Whether the statement behind the opening leaves set-up where it failed.
fn dies_on_error(opening: &Acquisition<'_>) -> bool {
    let assignment = opening.call.parent().and_then(Node::parent);
    let Some(error) = assignment
        .and_then(|node| node.field(Field::Left))
        .and_then(|left| left.child(1))
    else {
        return false;
    };
    let next = assignment.and_then(|node| {
        node.parent()?
            .children()
            .find(|sibling| sibling.start() > node.end())
    });
    let Some(check) = next.filter(|next| is_error_check(*next, error.text())) else {
        return false;
    };
    let statements = check
        .field(Field::Consequence)
        .into_iter()
        .flat_map(Node::children)
        .flat_map(Node::children);
    let last = statements
        .last()
        .and_then(|last| last.child(0))
        .and_then(|call| call.field(Field::Function));
    let name = last.map_or("", |function| {
        function.field(Field::Field).unwrap_or(function).text()
    });
    name == "panic" || ["Fatal", "Panic", "Exit"].iter().any(|end| name.starts_with(end))
}
