//! Code that nothing reaches, as vet tells it: statement by statement, without asking what conditions hold.

use std::collections::HashSet;

use super::complaint::{Fault, Found, shown};
use super::ends::{clauses, has_break, is_endless, is_panic, statements};
use crate::go::syntax::{Field, Kind, Node};
use crate::limits::Limit;

/// Statements nested deeper than this are not looked at.
const DEPTH: Limit = Limit::new(200, "nested statements of the checker");

pub(super) fn check(found: &mut Found<'_>, function: Node<'_>) {
    let Some(body) = function.field(Field::Body) else {
        return;
    };
    let jumps = body
        .shallow_descendants()
        .filter(|node| node.is(Kind::GotoStatement));
    let mut dead = Dead {
        found,
        targets: jumps.filter_map(|jump| Some(jump.child(0)?.text())).collect(),
        is_reachable: true,
    };
    dead.list(body, DEPTH.most);
}

struct Dead<'f, 'a, 't> {
    found: &'f mut Found<'a>,
    /// The labels that a `goto` names.
    targets: HashSet<&'t str>,
    is_reachable: bool,
}

impl<'t> Dead<'_, '_, 't> {
    fn list(&mut self, parent: Node<'t>, depth: u32) {
        for statement in statements(parent) {
            self.statement(statement, None, depth);
        }
    }

    fn statement(&mut self, statement: Node<'t>, label: Option<&'t str>, depth: u32) {
        let Some(depth) = depth.checked_sub(1) else {
            DEPTH.reached(&self.found.at.file().path);
            return;
        };
        let own_label = statement.field(Field::Label).map(Node::text);
        if own_label.is_some_and(|label| self.targets.contains(label)) {
            self.is_reachable = true;
        }
        if !self.is_reachable {
            self.found.add(
                Fault::Unreachable,
                statement,
                &shown(statement),
                "unreachable code",
            );
            self.is_reachable = true;
        }
        match statement.kind() {
            Kind::ReturnStatement
            | Kind::BreakStatement
            | Kind::ContinueStatement
            | Kind::GotoStatement
            | Kind::FallthroughStatement => self.is_reachable = false,
            Kind::ExpressionStatement => self.is_reachable = !is_panic(self.found.at, statement),
            Kind::Block => self.list(statement, depth),
            Kind::LabeledStatement => {
                let inner = statement.children().find(|child| child.role() != Field::Label);
                if let Some(inner) = inner {
                    self.statement(inner, own_label, depth);
                }
            }
            Kind::IfStatement => self.arms(statement, depth),
            Kind::ForStatement => {
                if let Some(body) = statement.field(Field::Body) {
                    self.list(body, depth);
                }
                self.is_reachable = !is_endless(statement) || has_break(statement, label);
            }
            Kind::SelectStatement | Kind::ExpressionSwitchStatement | Kind::TypeSwitchStatement => {
                self.clauses(statement, label, depth);
            }
            _ => {}
        }
    }

    fn arms(&mut self, statement: Node<'t>, depth: u32) {
        let mut leaves = statement.field(Field::Alternative).is_none();
        for arm in [Field::Consequence, Field::Alternative] {
            if let Some(arm) = statement.field(arm) {
                self.is_reachable = true;
                match arm.kind() {
                    Kind::Block => self.list(arm, depth),
                    _ => self.statement(arm, None, depth),
                }
                leaves |= self.is_reachable;
            }
        }
        self.is_reachable = leaves;
    }

    fn clauses(&mut self, statement: Node<'t>, label: Option<&'t str>, depth: u32) {
        let clauses = clauses(statement);
        let has_default = clauses.iter().any(|clause| clause.is(Kind::DefaultCase));
        let mut leaves = has_break(statement, label);
        leaves |= !has_default && !statement.is(Kind::SelectStatement);
        for clause in clauses {
            self.is_reachable = true;
            self.list(clause, depth);
            leaves |= self.is_reachable;
        }
        self.is_reachable = leaves;
    }
}
