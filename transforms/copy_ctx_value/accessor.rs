//! What a call on a request context gives: memory of the request, or memory of its own.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::setting::Settings;
use crate::frameworks::{Version, is_request_context};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, Declaration};

/// What a value has of the request's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    Text,
    Bytes,
    /// A slice, map or struct with such strings in it.
    Group,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    Lent(Shape),
    Own,
    /// The user's context, to be asked for in the handler.
    Context,
    /// A struct that the call fills with strings of the request: its first argument.
    Filled,
}

/// A call on a request context that is known.
#[derive(Clone, Debug)]
pub struct Access<'a> {
    pub gives: Gives,
    /// The whole call, or the field selected in what it gives.
    pub node: Node<'a>,
    /// `Params`, or `Request.Header.Peek` for a chain.
    pub name: String,
    /// Of every call in the chain.
    pub arguments: Vec<Node<'a>>,
    /// Whether the call must stay where it is.
    pub is_late: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Rows {
    text: Vec<String>,
    bytes: Vec<String>,
    group: Vec<String>,
    proxied: Vec<String>,
    own: Vec<String>,
    context: Vec<String>,
    late: Vec<String>,
    filled: Vec<String>,
}

impl Rows {
    fn of(version: Version) -> &'static Rows {
        static TABLE: OnceLock<HashMap<String, Rows>> = OnceLock::new();
        let table = TABLE.get_or_init(|| {
            toml::from_str(include_str!("accessors.toml"))
                .expect("the table of this crate is read by its tests")
        });
        &table[version.import_path()]
    }

    fn gives(&self, name: &str, arguments: usize, settings: Settings) -> Option<Gives> {
        let lists = |rows: &[String]| rows.iter().any(|row| is_row(row, name, arguments));
        let is_raw = name.contains('.') && !name.starts_with("Req.");
        let lent = |shape| match settings.immutable && !is_raw {
            true => Gives::Own,
            false => Gives::Lent(shape),
        };
        let is_bound = name.starts_with("Bind.");
        if lists(&self.text) || (settings.proxied && lists(&self.proxied)) {
            return Some(lent(Shape::Text));
        }
        match () {
            () if lists(&self.bytes) => Some(lent(Shape::Bytes)),
            () if lists(&self.group) => Some(lent(Shape::Group)),
            () if lists(&self.own) || lists(&self.proxied) => Some(Gives::Own),
            () if lists(&self.context) => Some(Gives::Context),
            // v3 binds strings of the request even where it is told to be immutable.
            () if lists(&self.filled) && (is_bound || !settings.immutable) => Some(Gives::Filled),
            () => None,
        }
    }
}

fn is_row(row: &str, name: &str, arguments: usize) -> bool {
    match row.split_once('/') {
        Some((row, most)) => row == name && most.parse().is_ok_and(|most: usize| arguments <= most),
        None => row == name,
    }
}

/// What is done with the request context at `mention`: the longest chain of calls on it that is known.
pub fn access<'a>(at: Declaration<'a>, mention: Node<'a>, settings: Settings) -> Option<Access<'a>> {
    let version = Version::of_context(&at.type_of(mention))?;
    generic(at, mention, version, settings).or_else(|| chained(mention, version, settings))
}

fn chained<'a>(mention: Node<'a>, version: Version, settings: Settings) -> Option<Access<'a>> {
    let rows = Rows::of(version);
    let (mut node, mut name, mut arguments) = (mention, String::new(), Vec::new());
    let mut longest = None;
    loop {
        let outer = node.parenthesized();
        let Some(selector) = outer
            .parent()
            .filter(|parent| parent.is(Kind::SelectorExpression) && outer.role() == Field::Operand)
        else {
            return longest;
        };
        let field = selector.field(Field::Field)?;
        name = match name.is_empty() {
            true => field.text().to_owned(),
            false => format!("{name}.{}", field.text()),
        };
        let function = selector.parenthesized();
        let call = function
            .parent()
            .filter(|call| call.is(Kind::CallExpression) && function.role() == Field::Function);
        let given = call.and_then(|call| call.field(Field::Arguments));
        let given: Vec<_> = given.into_iter().flat_map(Node::children).collect();
        if let Some(gives) = rows.gives(&name, given.len(), settings) {
            longest = Some(Access {
                gives,
                node: call.unwrap_or(selector),
                is_late: rows.late.iter().any(|row| is_row(row, &name, given.len())),
                arguments: arguments.iter().chain(&given).copied().collect(),
                name: name.clone(),
            });
        }
        arguments.extend(given);
        node = call.unwrap_or(selector);
    }
}

/// `fiber.Params[string](c, "id")`
fn generic<'a>(
    at: Declaration<'a>,
    mention: Node<'a>,
    version: Version,
    settings: Settings,
) -> Option<Access<'a>> {
    let list = mention.parent().filter(|list| list.is(Kind::ArgumentList))?;
    let call = list.parent().filter(|call| call.is(Kind::CallExpression))?;
    let Callee::External {
        path,
        receiver: None,
        name,
    } = at.callee(call)
    else {
        return None;
    };
    let of_fiber = path == version.import_path() && list.child(0) == Some(mention);
    let getter = matches!(&*name, "Params" | "Query" | "GetReqHeader");
    let gives_text = call
        .field(Field::Function)
        .is_some_and(|function| function.text().ends_with("[string]"));
    (of_fiber && getter).then(|| Access {
        gives: match gives_text && !settings.immutable {
            true => Gives::Lent(Shape::Text),
            false => Gives::Own,
        },
        node: call,
        name,
        arguments: list.children().skip(1).collect(),
        is_late: false,
    })
}

/// Every mention of a request context below `function`, with its name's node.
pub fn contexts_in<'a>(at: Declaration<'a>, function: Node<'a>) -> Vec<Node<'a>> {
    let held = at
        .scopes()
        .bindings()
        .filter(|(id, _)| is_request_context(&at.type_of_binding(*id)));
    let mut found: Vec<Node<'a>> = held
        .flat_map(|(id, _)| at.scopes().uses(id, at.tree()))
        .filter(|node| function.contains(*node))
        .collect();
    found.sort_by_key(|node| node.index());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_tell_lent_from_own_memory() {
        let plain = Settings::default();
        let immutable = Settings {
            immutable: true,
            ..plain
        };
        let v2 = |name: &str, arguments, settings| Rows::of(Version::V2).gives(name, arguments, settings);
        assert_eq!(v2("Params", 1, plain), Some(Gives::Lent(Shape::Text)));
        assert_eq!(v2("Params", 1, immutable), Some(Gives::Own));
        assert_eq!(v2("Request.Body", 0, immutable), Some(Gives::Lent(Shape::Bytes)));
        assert_eq!(v2("Path", 1, plain), None);
        assert_eq!(v2("IP", 0, plain), Some(Gives::Own));
        let proxied = Settings {
            proxied: true,
            ..plain
        };
        assert_eq!(v2("IP", 0, proxied), Some(Gives::Lent(Shape::Text)));
        let v3 = |name: &str, settings| Rows::of(Version::V3).gives(name, 1, settings);
        assert_eq!(v3("Bind.Query", immutable), Some(Gives::Filled));
        assert_eq!(v3("Method", plain), None);
        assert!(
            Version::ALL
                .iter()
                .all(|version| !Rows::of(*version).text.is_empty())
        );
    }
}
