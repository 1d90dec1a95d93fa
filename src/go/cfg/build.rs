//! From the body of a function to its control flow graph.

use super::reachable::reachable;
use std::collections::HashMap;

use super::graph::{Block, BlockId, Condition, Edge, Exit, Test};
use crate::go::syntax::{Field, Kind, Node};
use crate::limits::Limit;

/// How deep statements may be nested: no person writes deeper ones, and recursion must end.
pub(super) const DEPTH: Limit = Limit::new(200, "nested statements");
/// What stands deeper in a condition stays one node, so that nobody knows which operand decided.
const OPERANDS: Limit = Limit::new(200, "nested operands of a condition");

/// A statement that `break`, `continue` or `fallthrough` can refer to.
struct Target<'t> {
    label: Option<&'t str>,
    break_to: BlockId,
    continue_to: Option<BlockId>,
    fallthrough_to: Option<BlockId>,
}

/// Turns statements into blocks. `current` is where the next node goes.
pub(super) struct Builder<'t, 'f> {
    blocks: Vec<Block<'t>>,
    current: BlockId,
    targets: Vec<Target<'t>>,
    /// Blocks that a `goto` names, before or after the label is seen.
    labels: HashMap<&'t str, BlockId>,
    /// The label directly before the statement at hand.
    label: Option<&'t str>,
    depth: u32,
    /// The bounds that were met.
    cuts: Vec<Limit>,
    never_returns: &'f dyn Fn(Node<'t>) -> bool,
}

impl<'t, 'f> Builder<'t, 'f> {
    pub(super) fn run(
        body: Node<'t>,
        never_returns: &'f dyn Fn(Node<'t>) -> bool,
    ) -> (Vec<Block<'t>>, Vec<Limit>) {
        let mut builder = Builder {
            blocks: vec![Block::default()],
            current: BlockId(0),
            targets: Vec::new(),
            labels: HashMap::new(),
            label: None,
            depth: 0,
            cuts: Vec::new(),
            never_returns,
        };
        builder.statements(body);
        builder.exit(Exit::FallOff(body));
        (reachable(builder.blocks), builder.cuts)
    }

    fn cut(&mut self, limit: Limit) {
        if !self.cuts.contains(&limit) {
            self.cuts.push(limit);
        }
    }

    fn new_block(&mut self) -> BlockId {
        self.blocks.push(Block::default());
        BlockId(self.blocks.len() - 1)
    }

    fn block(&mut self) -> &mut Block<'t> {
        &mut self.blocks[self.current.0]
    }

    fn node(&mut self, node: Node<'t>) {
        self.block().nodes.push(node);
    }

    fn edge(&mut self, to: BlockId, condition: Option<Condition<'t>>) {
        self.block().edges.push(Edge { to, condition });
    }

    /// Goes on in `to`.
    fn jump(&mut self, to: BlockId) {
        self.edge(to, None);
    }

    /// Goes on in `to`; what stands behind is reached by labels only.
    fn leave_for(&mut self, to: Option<BlockId>) {
        if let Some(to) = to {
            self.jump(to);
        }
        self.current = self.new_block();
    }

    fn exit(&mut self, exit: Exit<'t>) {
        self.block().exit = Some(exit);
        self.current = self.new_block();
    }

    /// Asks `test`, which `node` evaluates, and splits the path.
    fn ask(&mut self, node: Node<'t>, test: Test<'t>, yes: BlockId, no: BlockId) {
        self.node(node);
        let answer = |holds| Some(Condition { test, holds });
        self.edge(yes, answer(true));
        self.edge(no, answer(false));
    }

    /// The statements of a block, a case or a body.
    fn statements(&mut self, parent: Node<'t>) {
        for child in parent.children() {
            match child.kind() {
                Kind::StatementList => self.statements(child),
                _ if is_header(child.role()) => {}
                _ => self.statement(child),
            }
        }
    }

    fn statement(&mut self, statement: Node<'t>) {
        let label = self.label.take();
        if self.depth >= DEPTH.most {
            self.cut(DEPTH);
            return self.node(statement);
        }
        self.depth += 1;
        match statement.kind() {
            Kind::Block => self.statements(statement),
            Kind::LabeledStatement => self.labeled(statement),
            Kind::IfStatement => self.if_statement(statement),
            Kind::ForStatement => self.for_statement(statement, label),
            Kind::ExpressionSwitchStatement => self.switch(statement, label),
            Kind::TypeSwitchStatement => self.type_switch(statement, label),
            Kind::SelectStatement => self.select(statement, label),
            _ => self.simple(statement),
        }
        self.depth -= 1;
    }

    fn simple(&mut self, statement: Node<'t>) {
        match statement.kind() {
            Kind::EmptyStatement => {}
            Kind::ReturnStatement => {
                self.node(statement);
                self.exit(Exit::Return(statement));
            }
            Kind::BreakStatement => {
                self.node(statement);
                self.leave_by(statement, |target| Some(target.break_to));
            }
            Kind::ContinueStatement => {
                self.node(statement);
                self.leave_by(statement, |target| target.continue_to);
            }
            Kind::FallthroughStatement => self.leave_by(statement, |target| target.fallthrough_to),
            Kind::GotoStatement => {
                self.node(statement);
                let label = statement.child(0).map(|label| self.labelled_block(label.text()));
                self.leave_for(label);
            }
            _ => {
                self.node(statement);
                if let Some(call) = called_statement(statement).filter(|call| (self.never_returns)(*call)) {
                    self.exit(Exit::NoReturn(call));
                }
            }
        }
    }

    /// Leaves for the innermost statement, or the labelled one, that has a place for this jump.
    fn leave_by(&mut self, jump: Node<'t>, place: impl Fn(&Target<'t>) -> Option<BlockId>) {
        let label = jump.child(0).map(|label| label.text());
        let fits = |target: &&Target<'t>| label.is_none() || target.label == label;
        let to = self.targets.iter().rev().filter(fits).find_map(place);
        self.leave_for(to);
    }

    fn labelled_block(&mut self, label: &'t str) -> BlockId {
        match self.labels.get(label) {
            Some(block) => *block,
            None => {
                let block = self.new_block();
                self.labels.insert(label, block);
                block
            }
        }
    }

    fn labeled(&mut self, statement: Node<'t>) {
        let Some(label) = statement.field(Field::Label) else {
            return;
        };
        let block = self.labelled_block(label.text());
        self.jump(block);
        self.current = block;
        if let Some(inner) = statement.children().find(|child| child.role() != Field::Label) {
            self.label = Some(label.text());
            self.statement(inner);
            self.label = None;
        }
    }

    fn initializer(&mut self, header: Node<'t>) {
        if let Some(initializer) = header.field(Field::Initializer) {
            self.simple(initializer);
        }
    }

    fn if_statement(&mut self, statement: Node<'t>) {
        let done = self.new_block();
        self.initializer(statement);
        let (yes, no) = (self.new_block(), self.new_block());
        if let Some(condition) = statement.field(Field::Condition) {
            self.condition(condition, yes, no, 0);
        }
        for (start, arm) in [(yes, Field::Consequence), (no, Field::Alternative)] {
            self.current = start;
            if let Some(arm) = statement.field(arm) {
                self.statement(arm);
            }
            self.jump(done);
        }
        self.current = done;
    }

    /// Splits the path on `condition`, with `&&`, `||` and `!` taken apart.
    fn condition(&mut self, condition: Node<'t>, yes: BlockId, no: BlockId, depth: u32) {
        let condition = condition.unparenthesized();
        let operator = condition.operator();
        let is_parted = matches!(operator, Some(Kind::Not | Kind::And | Kind::Or));
        if is_parted && depth >= OPERANDS.most {
            self.cut(OPERANDS);
        }
        let operand = |field| condition.field(field).filter(|_| depth < OPERANDS.most);
        match (
            operator,
            operand(Field::Left),
            operand(Field::Right),
            operand(Field::Operand),
        ) {
            (Some(Kind::Not), _, _, Some(operand)) => self.condition(operand, no, yes, depth + 1),
            (Some(Kind::And), Some(left), Some(right), _) => {
                let middle = self.new_block();
                self.condition(left, middle, no, depth + 1);
                self.current = middle;
                self.condition(right, yes, no, depth + 1);
            }
            (Some(Kind::Or), Some(left), Some(right), _) => {
                let middle = self.new_block();
                self.condition(left, yes, middle, depth + 1);
                self.current = middle;
                self.condition(right, yes, no, depth + 1);
            }
            _ => self.ask(condition, Test::True(condition), yes, no),
        }
    }

    fn for_statement(&mut self, statement: Node<'t>, label: Option<&'t str>) {
        let header = statement.children().find(|child| child.role() != Field::Body);
        let (head, body, update, done) = (
            self.new_block(),
            self.new_block(),
            self.new_block(),
            self.new_block(),
        );
        match header {
            Some(range) if range.is(Kind::RangeClause) => {
                self.range_header(statement, range, head, body, done)
            }
            _ => self.for_header(header, head, body, done),
        }
        self.targets.push(Target {
            label,
            break_to: done,
            continue_to: Some(update),
            fallthrough_to: None,
        });
        if let Some(body) = statement.field(Field::Body) {
            self.statements(body);
        }
        self.targets.pop();
        self.jump(update);
        self.current = update;
        if let Some(update) = header.and_then(|header| header.field(Field::Update)) {
            self.simple(update);
        }
        self.jump(head);
        self.current = done;
    }

    /// `for`, `for cond` and `for init; cond; update`. Ends at the start of the body.
    fn for_header(&mut self, header: Option<Node<'t>>, head: BlockId, body: BlockId, done: BlockId) {
        let condition = match header {
            Some(clause) if clause.is(Kind::ForClause) => {
                self.initializer(clause);
                clause.field(Field::Condition)
            }
            header => header,
        };
        self.jump(head);
        self.current = head;
        match condition {
            Some(condition) => self.condition(condition, body, done, 0),
            None => self.jump(body),
        }
        self.current = body;
    }

    /// The ranged value is evaluated once, the variables are set before each turn; there may be no turn.
    fn range_header(
        &mut self,
        statement: Node<'t>,
        range: Node<'t>,
        head: BlockId,
        body: BlockId,
        done: BlockId,
    ) {
        if let Some(ranged) = range.field(Field::Right) {
            self.node(ranged);
        }
        self.jump(head);
        self.current = head;
        self.block().branch = Some(statement);
        self.jump(body);
        self.jump(done);
        self.current = body;
        if let Some(variables) = range.field(Field::Left) {
            self.node(variables);
        }
    }

    /// One body after the other; each ends behind the statement unless it falls through.
    fn clauses(&mut self, clauses: &[(Node<'t>, BlockId)], label: Option<&'t str>, done: BlockId) {
        for (at, (clause, start)) in clauses.iter().enumerate() {
            self.current = *start;
            if let Some(communication) = clause.field(Field::Communication) {
                self.node(communication);
            }
            self.targets.push(Target {
                label,
                break_to: done,
                continue_to: None,
                fallthrough_to: clauses.get(at + 1).map(|(_, next)| *next),
            });
            self.statements(*clause);
            self.targets.pop();
            self.jump(done);
        }
        self.current = done;
    }

    fn clauses_of(&mut self, statement: Node<'t>) -> Vec<(Node<'t>, BlockId)> {
        let clauses = statement.children().filter(|child| is_clause(child.kind()));
        clauses.map(|clause| (clause, self.new_block())).collect()
    }

    fn switch(&mut self, statement: Node<'t>, label: Option<&'t str>) {
        self.initializer(statement);
        let tag = statement.field(Field::Value).filter(|tag| !tag.is(Kind::True));
        if let Some(tag) = tag {
            self.node(tag);
        }
        let clauses = self.clauses_of(statement);
        let done = self.new_block();
        for (clause, body) in &clauses {
            let values = clause.field(Field::Value).into_iter().flat_map(Node::children);
            for value in values {
                let next = self.new_block();
                match tag {
                    Some(tag) => self.ask(value, Test::Equal(tag, value), *body, next),
                    None => self.condition(value, *body, next, 0),
                }
                self.current = next;
            }
        }
        self.jump(default_of(&clauses).unwrap_or(done));
        self.clauses(&clauses, label, done);
    }

    fn type_switch(&mut self, statement: Node<'t>, label: Option<&'t str>) {
        self.initializer(statement);
        if let Some(value) = statement.field(Field::Value) {
            self.node(value);
        }
        let clauses = self.clauses_of(statement);
        let done = self.new_block();
        self.branch(statement, &clauses);
        if default_of(&clauses).is_none() {
            self.jump(done);
        }
        self.clauses(&clauses, label, done);
    }

    /// One edge to each arm, which begins with its communication. `select {}` never goes on.
    fn select(&mut self, statement: Node<'t>, label: Option<&'t str>) {
        let clauses = self.clauses_of(statement);
        let done = self.new_block();
        self.branch(statement, &clauses);
        if clauses.is_empty() {
            self.exit(Exit::NoReturn(statement));
        }
        self.clauses(&clauses, label, done);
    }

    fn branch(&mut self, statement: Node<'t>, clauses: &[(Node<'t>, BlockId)]) {
        self.block().branch = Some(statement);
        for (_, body) in clauses {
            self.jump(*body);
        }
    }
}

/// Whether a child in this role of a case is not one of its statements.
fn is_header(role: Field) -> bool {
    matches!(role, Field::Value | Field::Type | Field::Communication)
}

fn is_clause(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::ExpressionCase | Kind::TypeCase | Kind::CommunicationCase | Kind::DefaultCase
    )
}

fn default_of(clauses: &[(Node<'_>, BlockId)]) -> Option<BlockId> {
    let default = clauses.iter().find(|(clause, _)| clause.is(Kind::DefaultCase));
    default.map(|(_, body)| *body)
}

/// The call that is this whole statement.
fn called_statement(statement: Node<'_>) -> Option<Node<'_>> {
    let expression = statement
        .is(Kind::ExpressionStatement)
        .then(|| statement.child(0))??;
    Some(expression.unparenthesized()).filter(|call| call.is(Kind::CallExpression))
}
