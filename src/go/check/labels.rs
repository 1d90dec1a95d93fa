//! Labels and the jumps to them.

use super::complaint::{Fault, Found};
use crate::go::syntax::{Field, Kind, Node};

pub(super) fn check(found: &mut Found<'_>, function: Node<'_>) {
    let Some(body) = function.field(Field::Body) else {
        return;
    };
    let nodes = || body.shallow_descendants();
    let labels: Vec<(Node<'_>, Node<'_>)> = nodes()
        .filter(|node| node.is(Kind::LabeledStatement))
        .filter_map(|node| Some((node, node.field(Field::Label)?)))
        .collect();
    let jumps: Vec<(Node<'_>, Node<'_>)> = nodes()
        .filter(|node| {
            matches!(
                node.kind(),
                Kind::BreakStatement | Kind::ContinueStatement | Kind::GotoStatement
            )
        })
        .filter_map(|node| Some((node, node.child(0)?)))
        .collect();
    for (_, label) in &labels {
        let is_used = jumps.iter().any(|(_, to)| to.text() == label.text());
        if !is_used && label.text() != "_" {
            let said = format!("label {} defined and not used", label.text());
            found.add(Fault::UnusedLabel, *label, label.text(), said);
        }
    }
    for (at, (_, label)) in labels.iter().enumerate() {
        if labels[..at]
            .iter()
            .any(|(_, earlier)| earlier.text() == label.text())
        {
            let said = format!("label {} already declared", label.text());
            found.add(Fault::Redeclared, *label, label.text(), said);
        }
    }
    for (jump, to) in &jumps {
        let target = labels.iter().find(|(_, label)| label.text() == to.text());
        match target {
            None => {
                let said = format!("label {} not defined", to.text());
                found.add(Fault::UndefinedLabel, *to, to.text(), said);
            }
            Some((target, _)) if jump.is(Kind::GotoStatement) => goto(found, *jump, *target, to.text()),
            Some((target, _)) if !target.contains(*jump) => {
                let said = format!("invalid break or continue label {}", to.text());
                found.add(Fault::UndefinedLabel, *to, to.text(), said);
            }
            Some(_) => {}
        }
    }
}

/// A `goto` may not enter a block, nor pass over a declaration of the label's block.
fn goto(found: &mut Found<'_>, jump: Node<'_>, target: Node<'_>, label: &str) {
    let Some(list) = target.ancestors().find(|node| node.is(Kind::StatementList)) else {
        return;
    };
    if !list.contains(jump) {
        let said = format!("goto {label} jumps into block");
        return found.add(Fault::JumpIntoBlock, jump, label, said);
    }
    // A label before a label names the same place; its outermost statement stands in the list.
    let between = |node: &Node<'_>| jump.end() <= node.start() && node.end() <= target.start();
    let declares = |node: Node<'_>| {
        let mut inner = node;
        while inner.is(Kind::LabeledStatement) {
            match inner.children().find(|child| child.role() != Field::Label) {
                Some(statement) => inner = statement,
                None => break,
            }
        }
        matches!(inner.kind(), Kind::ShortVarDeclaration | Kind::VarDeclaration)
    };
    if list.children().filter(between).any(declares) {
        let said = format!("goto {label} jumps over variable declaration");
        found.add(Fault::JumpOverDeclaration, jump, label, said);
    }
}
