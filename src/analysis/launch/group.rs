//! The wait groups that a function shares with the goroutines it starts.

use super::{Launch, WorkerKind};
use crate::go::syntax::{Field, Kind, Node};

impl Launch<'_> {
    /// Whether a worker tells the group that the launching function calls `group` that it is done.
    pub fn tells_done(&self, worker: usize, group: &str) -> bool {
        let held = &self.workers[worker];
        if held.kind != WorkerKind::Goroutine {
            return false;
        }
        // In a literal the group keeps its name, unless a parameter stands for it.
        let own = Some(group.to_owned()).filter(|_| held.function.is(Kind::FuncLiteral));
        let parameters = self
            .arguments_of(worker)
            .into_iter()
            .filter_map(|(id, argument)| {
                let parameter = &held.declaration.scopes().get(id).name;
                let argument = argument.text().trim_start_matches('&');
                let rest = group.strip_prefix(argument)?;
                (rest.is_empty() || rest.starts_with('.')).then(|| format!("{parameter}{rest}"))
            });
        let names: Vec<String> = own.into_iter().chain(parameters).collect();
        let mut calls = held
            .function
            .descendants()
            .filter(|node| node.is(Kind::CallExpression));
        held.group == Some(group)
            || calls
                .any(|call| receiver_of(call, "Done").is_some_and(|of| names.iter().any(|name| name == of)))
    }
}

/// `wg` of a `wg.Wait()` that runs as part of `node`.
pub fn waited_group(node: Node<'_>) -> Option<&str> {
    let parts = std::iter::once(node).chain(node.shallow_descendants());
    let mut calls = parts.filter(|inner| inner.is(Kind::CallExpression));
    calls.find_map(|call| receiver_of(call, "Wait"))
}

/// The receiver of `call`, if it calls `method` without arguments.
fn receiver_of<'a>(call: Node<'a>, method: &str) -> Option<&'a str> {
    let function = call.field(Field::Function)?;
    let named = function.field(Field::Field)?.text() == method;
    let bare = call.field(Field::Arguments)?.child(0).is_none();
    (named && bare).then(|| function.field(Field::Operand).map(Node::text))?
}
