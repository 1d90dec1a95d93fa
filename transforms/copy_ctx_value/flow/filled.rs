//! Names and fields that a database has filled since: what they held before is gone.

use super::Carrier;
use crate::go::Declaration;
use crate::go::syntax::{Field, Kind, Node};

/// Whether the loan was scanned over before `mention`: `if err := row.Scan(&note.Slug); err != nil { return err }`.
pub(super) fn is_filled(at: Declaration<'_>, carrier: &Carrier<'_>, mention: Node<'_>) -> bool {
    let uses = at.scopes().uses(carrier.binding, at.tree());
    let before = uses.filter(|node| node.start() >= carrier.since && node.end() <= mention.start());
    { before }.any(|node| is_scanned(at, node, carrier.loan.part) && is_checked_before(node, mention))
}

/// Whether the part of `name` that is lent, or the name where nothing else has it, is an argument of a scan.
fn is_scanned(at: Declaration<'_>, name: Node<'_>, part: Option<&str>) -> bool {
    let place = match part {
        None => Some(name),
        Some(part) => name.parent().filter(|selector| {
            let field = selector.field(Field::Field);
            selector.is(Kind::SelectorExpression) && field.is_some_and(|field| field.text() == part)
        }),
    };
    let address = place
        .and_then(Node::parent)
        .filter(|around| around.operator() == Some(Kind::Address));
    let list = address
        .and_then(Node::parent)
        .filter(|list| list.is(Kind::ArgumentList));
    let call = list
        .and_then(Node::parent)
        .filter(|call| call.is(Kind::CallExpression));
    call.is_some_and(|call| {
        let callee = at.callee(call);
        callee
            .function()
            .is_some_and(|function| at.facts().fills(function))
    })
}

/// Whether the code comes to `mention` only where the scan at `name` did not fail.
fn is_checked_before(name: Node<'_>, mention: Node<'_>) -> bool {
    let mut around = std::iter::once(name).chain(name.ancestors());
    let in_list = |node: &Node<'_>| node.parent().is_some_and(|list| list.is(Kind::StatementList));
    let Some(statement) = around.find(in_list) else {
        return false;
    };
    let leaves = |check: Node<'_>| {
        let block = check.field(Field::Consequence);
        let list = block.and_then(|block| block.children().find(|child| child.is(Kind::StatementList)));
        let last = list.and_then(|list| list.children().last());
        let asks = check
            .field(Field::Condition)
            .and_then(|condition| condition.operator())
            == Some(Kind::NotEqual);
        asks && last.is_some_and(|last| last.is(Kind::ReturnStatement)) && !check.contains(mention)
    };
    let check = match statement.is(Kind::IfStatement) {
        true => Some(statement),
        false => statement.next_sibling().filter(|next| next.is(Kind::IfStatement)),
    };
    let reached = statement.parent().is_some_and(|list| list.contains(mention));
    reached && check.is_some_and(leaves)
}
