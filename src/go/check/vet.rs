//! What vet says of contexts whose cancel function is not used on every path, and of responses that are used before
//! their error is looked at.

use super::complaint::{Fault, Found};
use super::ends::statements;
use crate::facts::paths;
use crate::go::cfg::{Cfg, Exit, Flow, Paths, Point, walk};
use crate::go::declaration::Declaration;
use crate::go::scope::{Binding, BindingKind};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::types::Type;

pub(super) fn check<'a>(found: &mut Found<'a>, function: Node<'a>) {
    let Some(body) = function.field(Field::Body) else {
        return;
    };
    for node in body.shallow_descendants() {
        match node.kind() {
            Kind::ShortVarDeclaration | Kind::AssignmentStatement => cancels(found, function, node),
            Kind::StatementList => responses(found, node),
            _ => {}
        }
    }
}

/// The only value of an assignment, where that is a call.
fn assigned_call<'t>(statement: Node<'t>) -> Option<(Node<'t>, Node<'t>)> {
    let (left, right) = (statement.field(Field::Left)?, statement.field(Field::Right)?);
    let call = right.child(0).filter(|call| call.is(Kind::CallExpression))?;
    (right.children().count() == 1).then_some((left, call))
}

/// The function of the package context, where `call` calls one that gives a cancel function.
fn cancelling(at: Declaration<'_>, call: Node<'_>) -> Option<&'static str> {
    const NAMES: [&str; 6] = [
        "WithCancel",
        "WithCancelCause",
        "WithTimeout",
        "WithTimeoutCause",
        "WithDeadline",
        "WithDeadlineCause",
    ];
    let callee = at.callee(call);
    NAMES
        .into_iter()
        .find(|name| callee.is_function(paths::CONTEXT, name))
}

fn cancels<'a>(found: &mut Found<'a>, function: Node<'a>, statement: Node<'a>) {
    let at = found.at;
    let Some((left, call)) = assigned_call(statement) else {
        return;
    };
    let (Some(cancel), Some(name)) = (left.child(1), cancelling(at, call)) else {
        return;
    };
    let ends_process =
        at.package.name == "main" && at.title() == "main" && function.is(Kind::FunctionDeclaration);
    if ends_process || !matches!(cancel.kind(), Kind::Identifier | Kind::BlankIdentifier) {
        return;
    }
    if cancel.text() == "_" {
        let said = format!("the cancel function returned by context.{name} should be called, not discarded");
        return found.add(Fault::LostCancel, cancel, "_", said);
    }
    let binding = at.scopes().binding_of(cancel).map(|id| at.scopes().get(id));
    let own = binding
        .filter(|binding| binding.function == function.index() && matches!(binding.kind, BindingKind::Var));
    if let (Some(binding), Some(flow)) = (own, at.control_flow(function))
        && is_lost(&flow, statement, binding)
    {
        let said = format!(
            "the {} function is not used on all paths (possible context leak)",
            cancel.text()
        );
        found.add(Fault::LostCancel, cancel, cancel.text(), said);
    }
}

fn is_lost(flow: &Cfg<'_>, statement: Node<'_>, cancel: &Binding) -> bool {
    // A node of another tree cannot be asked for; this one is the same by its place.
    let here = flow.body.tree().node(statement.index());
    let Some(start) = flow.point_of(here).map(Point::after) else {
        return false;
    };
    let mut loss = Loss {
        uses: &cancel.uses,
        is_found: false,
    };
    walk(flow, start, (), &mut loss);
    loss.is_found
}

/// Follows the paths on which nothing mentions the cancel function.
struct Loss<'u> {
    uses: &'u [usize],
    is_found: bool,
}

impl<'t> Paths<'t> for Loss<'_> {
    type State = ();

    fn visit(&mut self, node: Node<'t>, _state: &mut ()) -> Flow {
        let is_used = self
            .uses
            .iter()
            .any(|used| (node.index()..node.subtree_end()).contains(used));
        match is_used || self.is_found {
            true => Flow::Stop,
            false => Flow::Continue,
        }
    }

    fn leave(&mut self, exit: Exit<'t>, _state: &()) {
        self.is_found |= !matches!(exit, Exit::NoReturn(_));
    }
}

/// `resp, err := client.Get(…)` with a `defer` that uses `resp` as the next statement.
fn responses(found: &mut Found<'_>, list: Node<'_>) {
    let Some(parent) = list.parent() else {
        return;
    };
    let all = statements(parent);
    for pair in all.windows(2) {
        if let [assigned, next] = pair
            && next.is(Kind::DeferStatement)
        {
            response(found, *assigned, *next);
        }
    }
}

fn response(found: &mut Found<'_>, assigned: Node<'_>, deferred: Node<'_>) {
    let at = found.at;
    let Some((left, call)) = assigned_call(assigned) else {
        return;
    };
    let Type::Tuple(results) = at.raw_type(call) else {
        return;
    };
    let gives_response = matches!(&*results, [response, error]
        if response.is(paths::NET_HTTP, "Response") && error.is_error());
    let of_client = |call: Node<'_>| match at.callee(call) {
        crate::go::Callee::External { path, receiver, .. } => {
            path == paths::NET_HTTP && receiver.is_none_or(|receiver| receiver == "Client")
        }
        _ => false,
    };
    let name = left.child(0).and_then(|name| at.scopes().binding_of(name));
    let root = deferred.child(0).and_then(root_of);
    let is_same = name.is_some() && name == root.and_then(|root| at.scopes().binding_of(root));
    if gives_response && is_same && of_client(call) {
        let name = left.child(0).map_or("", Node::text);
        let said = format!("using {name} before checking for errors");
        found.add(Fault::UncheckedResponse, deferred, name, said);
    }
}

/// The name that a chain of calls and selectors starts with.
fn root_of<'t>(node: Node<'t>) -> Option<Node<'t>> {
    let inner = |node: Node<'t>| node.field(Field::Function).or(node.field(Field::Operand));
    std::iter::successors(Some(node), |node| inner(*node)).last()
}
