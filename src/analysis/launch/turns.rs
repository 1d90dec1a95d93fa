//! How often a loop around a launch runs, as far as the code says.

use crate::analysis::jump_target;
use crate::go::syntax::{Field, Kind, Node};

/// Stands for any number of times.
pub const UNBOUNDED: u32 = 1_000_000;
/// A loop that nothing leaves runs more often than anything else.
pub const FOREVER: u32 = 1_000_000_000;

/// How often a loop turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turns {
    /// As often as a constant says.
    Exactly(u32),
    /// Once for each item or number of a range or counter.
    Counted,
    /// Until some condition, break or return.
    Open,
    /// Nothing leaves it.
    Endless,
}

impl Turns {
    /// Whether the loop ends by its own count.
    pub fn is_counted(self) -> bool {
        matches!(self, Turns::Exactly(_) | Turns::Counted)
    }

    /// The most turns; `None` where the number is open.
    pub fn times(self) -> Option<u32> {
        match self {
            Turns::Exactly(turns) => Some(turns),
            Turns::Endless => Some(FOREVER),
            _ => None,
        }
    }
}

/// The loops of `function` that run `node` again and again, inner ones first.
pub fn loops_around<'a>(node: Node<'a>, function: Node<'a>) -> impl Iterator<Item = Node<'a>> {
    let up = node.ancestors().take_while(move |up| *up != function);
    up.filter(move |up| {
        let runs = up.field(Field::Body).is_some_and(|body| body.contains(node));
        up.is(Kind::ForStatement) && runs && !is_last_turn(node, *up)
    })
}

/// Whether the loop is always left behind `node`: `found <- item; return`.
fn is_last_turn(node: Node<'_>, looped: Node<'_>) -> bool {
    let within = std::iter::once(node)
        .chain(node.ancestors())
        .take_while(|up| *up != looped);
    let mut statements = within.filter(|up| up.parent().is_some_and(|list| list.is(Kind::StatementList)));
    statements.any(|statement| {
        let behind = std::iter::successors(statement.next_sibling(), |next| next.next_sibling());
        let behind: Vec<Node<'_>> = behind.filter(|next| !next.is(Kind::Comment)).collect();
        let goes_on = |next: &Node<'_>| {
            let mut jumps = next.subtree();
            jumps.any(|jump| matches!(jump.kind(), Kind::ContinueStatement | Kind::GotoStatement))
        };
        let around = statement.shallow_descendants();
        let inside = around
            .filter(|jump| jump.start() >= node.end())
            .any(|jump| goes_on(&jump));
        let ends = behind.last().is_some_and(|last| match last.kind() {
            Kind::ReturnStatement => true,
            Kind::BreakStatement => jump_target(*last).is_some_and(|target| target.contains(looped)),
            _ => false,
        });
        ends && !inside && !behind.iter().any(goes_on)
    })
}

/// How often `looped`, a `for` statement, turns.
pub fn turns_of(looped: Node<'_>) -> Turns {
    let header = looped.children().find(|child| child.role() != Field::Body);
    match header {
        None if is_left(looped) => Turns::Open,
        None => Turns::Endless,
        Some(range) if range.is(Kind::RangeClause) => {
            let over = range.field(Field::Right).and_then(constant);
            over.map_or(Turns::Counted, Turns::Exactly)
        }
        Some(clause) if clause.is(Kind::ForClause) && clause.field(Field::Update).is_some() => {
            turns_counted_by(clause).map_or(Turns::Counted, Turns::Exactly)
        }
        Some(_) => Turns::Open,
    }
}

/// `i := 0; i < 3; i++`
fn turns_counted_by(clause: Node<'_>) -> Option<u32> {
    let start = clause.field(Field::Initializer)?.field(Field::Right)?.child(0)?;
    let condition = clause.field(Field::Condition)?;
    let ascends = clause.field(Field::Update)?.is(Kind::IncStatement);
    let bytes = condition.field(Field::Operator)?.bytes();
    let limit = constant(condition.field(Field::Right)?)?;
    (ascends && bytes == b"<" && start.text() == "0").then_some(limit)
}

fn constant(node: Node<'_>) -> Option<u32> {
    let digits = Some(node.text()).filter(|_| node.is(Kind::IntLiteral));
    digits?.parse().ok()
}

/// Whether some statement inside leaves the loop, or the function.
fn is_left(looped: Node<'_>) -> bool {
    leaves(looped, looped)
}

/// Whether some statement of `part` leaves the loop around it, or the function.
pub fn leaves(part: Node<'_>, looped: Node<'_>) -> bool {
    part.shallow_descendants().any(|node| is_left_by(looped, node))
}

/// Whether `jump`, a statement inside the loop, leaves it or the function.
pub fn is_left_by(looped: Node<'_>, jump: Node<'_>) -> bool {
    match jump.kind() {
        Kind::ReturnStatement | Kind::GotoStatement => true,
        Kind::BreakStatement => jump.child(0).is_some() || broken_by(jump) == Some(looped),
        _ => false,
    }
}

/// The statement that a `break` without a label leaves.
fn broken_by(jump: Node<'_>) -> Option<Node<'_>> {
    jump.ancestors().find(|up| {
        matches!(
            up.kind(),
            Kind::ForStatement
                | Kind::SelectStatement
                | Kind::ExpressionSwitchStatement
                | Kind::TypeSwitchStatement
        )
    })
}
