//! Deferred releases that no return runs: `defer func() { if err != nil { tx.Rollback() } }()` where nothing ever gives
//! that `err` an error, since each check declares one of its own, and those for a panic only.

use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, BindingKind, Callee, Declaration, Usage};

/// Whether `release`, which stands in a literal that `function` defers, waits for an error that nobody ever stores, or
/// for a panic.
pub(super) fn is_unreached<'a>(at: Declaration<'a>, function: Node<'a>, release: Node<'a>) -> bool {
    let Some(literal) = release.enclosing_function().filter(|inner| *inner != function) else {
        return false;
    };
    let defer = literal
        .parent()
        .and_then(Node::parent)
        .filter(|around| around.is(Kind::DeferStatement) && around.enclosing_function() == Some(function));
    let guards = release.ancestors().take_while(|around| *around != literal);
    let mut guards = guards.filter(|guard| {
        let block = guard.field(Field::Consequence);
        guard.is(Kind::IfStatement) && block.is_some_and(|block| block.contains(release))
    });
    let idle = |guard: Node<'a>, defer| {
        let error = failed(at, guard);
        asks_for_panic(at, guard) || error.is_some_and(|error| stays_nil(at, function, error, defer))
    };
    defer.is_some_and(|defer| guards.any(|guard| idle(guard, defer)))
}

/// `if p := recover(); p != nil`, and the like.
fn asks_for_panic(at: Declaration<'_>, guard: Node<'_>) -> bool {
    let value = not_nil(guard).and_then(|value| match value.kind() {
        Kind::Identifier => {
            let origin = at
                .tree()
                .node(at.scopes().get(at.scopes().binding_of(value)?).origin);
            origin.field(Field::Right)?.child(0)
        }
        _ => Some(value),
    });
    value.is_some_and(|value| {
        value.is(Kind::CallExpression)
            && matches!(at.callee(value), Callee::Builtin(name) if name == "recover")
    })
}

/// What `if … != nil` asks about.
fn not_nil(check: Node<'_>) -> Option<Node<'_>> {
    let condition = check.field(Field::Condition)?.unparenthesized();
    let right = condition.field(Field::Right)?;
    let asks = condition.operator() == Some(Kind::NotEqual) && right.is(Kind::Nil);
    condition
        .field(Field::Left)
        .filter(|_| asks)
        .map(Node::unparenthesized)
}

/// The name that `if err != nil` asks for.
fn failed(at: Declaration<'_>, check: Node<'_>) -> Option<BindingId> {
    if !check.is(Kind::IfStatement) || check.field(Field::Initializer).is_some() {
        return None;
    }
    at.scopes().binding_of(not_nil(check)?)
}

/// Whether the error is nil where `defer` stands, and gets no value behind it. A named result gets one by `return`.
fn stays_nil<'a>(at: Declaration<'a>, function: Node<'a>, error: BindingId, defer: Node<'a>) -> bool {
    let held = at.scopes().get(error);
    let tree = at.tree();
    let is_own = held.kind == BindingKind::Var && held.function == function.index();
    let mut around = defer.ancestors().take_while(|node| *node != function);
    if !is_own || around.any(|node| node.is(Kind::ForStatement)) {
        return false;
    }
    let written = |node: &Node<'a>| !matches!(at.usage(*node), Usage::Read | Usage::FieldKey);
    let writes: Vec<Node<'a>> = at.scopes().uses(error, tree).filter(written).collect();
    let last = writes.iter().map(|node| node.end()).max().unwrap_or(0);
    let last = last.max(tree.node(held.declared).end());
    let checks = defer.parent().into_iter().flat_map(Node::children);
    let mut checks = checks.filter(|check| check.start() > last && check.end() < defer.start());
    let elsewhere = |node: &Node<'a>| node.enclosing_function() != Some(function);
    !writes.iter().any(elsewhere)
        && last < defer.start()
        && checks.any(|check| failed(at, check) == Some(error) && returns(check))
}

/// Whether the check ends in a return.
fn returns(check: Node<'_>) -> bool {
    let block = check.field(Field::Consequence).into_iter();
    let mut lists = block
        .flat_map(Node::children)
        .filter(|child| child.is(Kind::StatementList));
    let last = lists.next().and_then(|list| list.children().last());
    check.field(Field::Alternative).is_none() && last.is_some_and(|last| last.is(Kind::ReturnStatement))
}
