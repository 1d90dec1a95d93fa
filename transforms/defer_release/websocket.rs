//! Websocket handlers of contrib/v3/websocket: from v1.1.1 on, a connection stays open when its handler returns.

use std::sync::{Arc, OnceLock};

use super::rules;
use crate::analysis::{Effect, Resource, mentions};
use crate::edit::{self, Rewrite};
use crate::facts::paths;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, Declaration};
use crate::transform::{Applicability, Confidence, Finding, Fix, Pass, Reason, Refusal, Related, Remedy};

const PATH: &str = paths::FIBER_WEBSOCKET_V3;

/// The first version that leaves the connection open.
const SINCE: (u32, u32, u32) = (1, 1, 1);

/// A handler that neither closes its connection nor gives it away.
pub struct Socket<'a> {
    at: Declaration<'a>,
    function: Node<'a>,
    /// The parameter that takes the connection.
    parameter: Node<'a>,
    /// Its name; `None` where it has none, or `_`.
    name: Option<Node<'a>>,
    /// Where it is made a handler.
    call: Node<'a>,
}

/// Every handler of the package that loses its connection.
pub fn collect<'a>(pass: &'a Pass<'a>) -> Vec<Socket<'a>> {
    let version = pass
        .package
        .module
        .as_ref()
        .and_then(|module| module.version_of(PATH));
    if version.is_some_and(|version| version.numbers < SINCE) {
        return Vec::new();
    }
    let needles = [".New(".to_owned()];
    let declarations = pass.candidates(&needles);
    let imports = declarations.filter(|at| at.file().imports.iter().any(|import| &*import.path == PATH));
    imports.flat_map(handlers).filter(Socket::is_lost).collect()
}

fn handlers(at: Declaration<'_>) -> impl Iterator<Item = Socket<'_>> {
    let calls = at
        .tree()
        .root()
        .subtree()
        .filter(|node| node.is(Kind::CallExpression));
    let made = calls.filter(move |call| at.callee(*call).is_function(PATH, "New"));
    made.filter_map(move |call| handler(at, call))
}

fn handler<'a>(at: Declaration<'a>, call: Node<'a>) -> Option<Socket<'a>> {
    let argument = call.field(Field::Arguments)?.child(0)?;
    let (declared, function) = match at.function_meant(argument) {
        Callee::Literal(index) => (at, at.tree().node(index)),
        Callee::Package(declared) if std::ptr::eq(declared.package, at.package) => {
            (declared, declared.function()?)
        }
        _ => return None,
    };
    let parameter = function.field(Field::Parameters)?.child(0)?;
    let name = parameter
        .field(Field::Name)
        .filter(|name| name.is(Kind::Identifier));
    Some(Socket {
        at: declared,
        function,
        parameter,
        name: name.filter(|name| name.text() != "_"),
        call,
    })
}

impl Socket<'_> {
    /// Whether nothing in the handler could close the connection.
    fn is_lost(&self) -> bool {
        static CONN: OnceLock<Resource> = OnceLock::new();
        let conn = CONN.get_or_init(|| Resource {
            release: vec!["Close".to_owned()],
            ..Resource::default()
        });
        let Some(binding) = self.name.and_then(|name| self.at.scopes().binding_of(name)) else {
            return self.function.field(Field::Body).is_some();
        };
        let mentions = mentions(self.at, self.function, binding, conn);
        mentions
            .iter()
            .all(|mention| matches!(mention.effect, Effect::Pass | Effect::Touch | Effect::Lent))
    }

    pub fn finding(&self) -> Finding {
        let name = self.name.map_or("conn", Node::text);
        let here = self.at.place(self.parameter);
        let made = Related {
            place: self.at.place(self.call),
            message: "becomes a websocket handler here".to_owned(),
        };
        let is_here = self.at.tree().root().contains(self.call);
        Finding {
            rule: Arc::new(rules::websocket()),
            place: here,
            message: format!("`{name}` stays open when this websocket handler returns"),
            confidence: Confidence::High,
            function: Some(self.at.title()),
            related: is_here.then_some(made).into_iter().collect(),
        }
    }

    /// `func(c *websocket.Conn) { … }` ⇒ the same with `defer c.Close()` at its start. The library frees its wrapper
    /// when the handler returns, so nothing can use the connection afterwards.
    pub fn fix(&self) -> Remedy {
        let unnamed = || {
            let message = "the connection has no name here: give it one and defer its Close";
            Refusal::new(Reason::HandleDiscarded, message)
        };
        let shares_line = || {
            let message = "the body shares its line with other code: give it lines of its own";
            Refusal::new(Reason::ControlFlow, message)
        };
        let name = self.name.ok_or_else(unnamed)?.text();
        let body = self.function.field(Field::Body).ok_or_else(shares_line)?;
        let line = format!("defer {name}.Close()");
        let edit = edit::insert_at_start(self.at.file(), body, &[&line]).ok_or_else(shares_line)?;
        let mut rewrite = Rewrite::new();
        rewrite.edit(self.at.id.file, edit).map_err(|_| shares_line())?;
        let title = format!("Close `{name}` when the handler returns");
        Ok(vec![Fix::new(title, Applicability::Safe, rewrite)])
    }
}
