//! Where a deferred release may stand: behind the check of the acquisition's error, never before it.

use super::joined;
use super::unreleased::Unreleased;
use crate::analysis::{Fault, Handle};
use crate::go::cfg::Exit;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Declaration};
use crate::transform::{Reason, Refusal};

/// A place at which the resource is there for certain, or may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spot<'a> {
    /// Behind this statement.
    Behind(Node<'a>),
    /// Behind this statement, where the resource may be nil.
    BehindUnchecked(Node<'a>),
    /// Behind this statement, where acquiring may have failed with the error of this name.
    BehindUnlessFailed(Node<'a>, &'a str),
    /// Behind the body of this `if`, whose `else if` becomes an `if` of its own.
    BeforeElse(Node<'a>),
    /// At the start of this block.
    StartOf(Node<'a>),
}

impl<'a> Spot<'a> {
    /// The first offset at which the defer could stand.
    pub(super) fn offset(self) -> usize {
        match self {
            Spot::Behind(statement)
            | Spot::BehindUnchecked(statement)
            | Spot::BehindUnlessFailed(statement, _) => statement.end(),
            Spot::BeforeElse(branch) => branch.field(Field::Consequence).unwrap_or(branch).end(),
            Spot::StartOf(block) => block.start() + 1,
        }
    }

    /// The list of statements that the defer joins.
    pub(super) fn list(self) -> Option<Node<'a>> {
        match self {
            Spot::Behind(statement)
            | Spot::BehindUnchecked(statement)
            | Spot::BehindUnlessFailed(statement, _)
            | Spot::BeforeElse(statement) => statement.parent(),
            Spot::StartOf(block) => block.children().find(|child| child.is(Kind::StatementList)),
        }
    }
}

fn refuse<T>(message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::new(Reason::ControlFlow, message))
}

/// The place for the release of what `site` acquires.
pub fn find<'a>(site: &Unreleased<'a>) -> Result<Spot<'a>, Refusal> {
    let acquisition = &site.acquisition;
    let statement = whole_statement(acquisition.statement);
    if statement.role() == Field::Initializer {
        return in_header(site, statement);
    }
    if !statement
        .parent()
        .is_some_and(|parent| parent.is(Kind::StatementList))
    {
        return refuse("the acquisition is part of another statement: give it a line of its own");
    }
    match acquisition.fault {
        Fault::Never => Ok(Spot::Behind(field_check(site, statement).unwrap_or(statement))),
        Fault::Dropped if acquisition.resource.nil_safe => Ok(Spot::Behind(statement)),
        Fault::Dropped => Ok(Spot::BehindUnchecked(statement)),
        Fault::Local(error) => Check { site, error }.behind(statement),
    }
}

/// The statement behind which the resource is there for certain: the check of the acquisition's error.
pub fn place_behind_check<'a>(site: &Unreleased<'a>) -> Result<Node<'a>, Refusal> {
    match find(site)? {
        Spot::Behind(statement) => Ok(statement),
        _ => refuse("the error is not checked directly behind the acquisition: check it there first"),
    }
}

/// `if tx.Error != nil { return … }` directly behind the acquisition, with a name for the error or without.
fn field_check<'a>(site: &Unreleased<'a>, statement: Node<'a>) -> Option<Node<'a>> {
    let named = |next: &Node<'a>| {
        let value = next.field(Field::Right).and_then(|right| right.child(0));
        next.is(Kind::ShortVarDeclaration) && value.is_some_and(|value| site.acquisition.holds_fault(value))
    };
    let mut check = following(statement)?;
    if named(&check) {
        check = following(check)?;
    }
    let condition = check
        .field(Field::Condition)
        .filter(|_| check.is(Kind::IfStatement))?
        .unparenthesized();
    let (left, right) = (condition.field(Field::Left)?, condition.field(Field::Right)?);
    let asks = condition.operator() == Some(Kind::NotEqual)
        && right.is(Kind::Nil)
        && site.acquisition.holds_fault(left);
    let leaves = check
        .field(Field::Consequence)
        .is_some_and(|block| leaves(site, block));
    let header = check.field(Field::Initializer);
    let is_plain = header.is_none_or(|header| named(&header)) && check.field(Field::Alternative).is_none();
    (asks && leaves && is_plain).then_some(check)
}

/// The statement of a `var x, err = …`, which is a spec in a declaration.
fn whole_statement(statement: Node<'_>) -> Node<'_> {
    let around = std::iter::successors(Some(statement), |node| node.parent());
    let mut around = around.take_while(|node| {
        matches!(
            node.kind(),
            Kind::VarSpec | Kind::VarSpecList | Kind::VarDeclaration
        ) || *node == statement
    });
    around
        .find(|node| node.is(Kind::VarDeclaration))
        .unwrap_or(statement)
}

/// `if f, err := os.Open(p); err == nil { ⟨here⟩ }` and `…; err != nil { return } else { ⟨here⟩ }`; behind
/// `if f, err = os.Open(p); err != nil { return }`, where the names are known outside.
fn in_header<'a>(site: &Unreleased<'a>, statement: Node<'a>) -> Result<Spot<'a>, Refusal> {
    let branch = statement.parent().filter(|parent| parent.is(Kind::IfStatement));
    let (Some(branch), Fault::Local(error)) = (branch, site.acquisition.fault) else {
        return refuse("the acquisition is part of another statement: give it a line of its own");
    };
    let check = Check { site, error };
    let consequence = branch.field(Field::Consequence);
    let arm = match branch
        .field(Field::Condition)
        .and_then(|condition| check.answer(condition))
    {
        Some(Answer::Succeeded) => consequence,
        Some(Answer::Failed) => match branch.field(Field::Alternative) {
            None if statement.is(Kind::AssignmentStatement) => {
                return behind_header(site, branch, consequence);
            }
            alternative => alternative,
        },
        None => None,
    };
    match arm.filter(|arm| arm.is(Kind::Block)) {
        Some(block) => Ok(Spot::StartOf(block)),
        None => refuse("the resource is only known inside this `if`: acquire it before"),
    }
}

fn behind_header<'a>(
    site: &Unreleased<'a>,
    branch: Node<'a>,
    consequence: Option<Node<'a>>,
) -> Result<Spot<'a>, Refusal> {
    let stands_alone = branch
        .parent()
        .is_some_and(|parent| parent.is(Kind::StatementList));
    match consequence {
        Some(block) if leaves(site, block) && stands_alone => Ok(Spot::Behind(branch)),
        Some(_) if stands_alone => refuse("the code goes on after the error: return there first"),
        _ => refuse("the acquisition is part of another statement: give it a line of its own"),
    }
}

/// What a condition says about the acquisition.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Succeeded,
    Failed,
}

/// The search for the check of one error.
pub(super) struct Check<'a, 's> {
    pub(super) site: &'s Unreleased<'a>,
    pub(super) error: BindingId,
}

impl<'a> Check<'a, '_> {
    /// Goes on from the acquisition to the check of its error. Statements that cannot leave, touch neither the
    /// resource nor the error, only sort out special errors or acquire anew may stand between.
    fn behind(&self, statement: Node<'a>) -> Result<Spot<'a>, Refusal> {
        let (mut last, mut is_shared) = (statement, false);
        loop {
            let Some(candidate) = following(last) else {
                // The check of several branches stands behind them.
                let Some(around) = joined::branches_around(last) else {
                    break;
                };
                (last, is_shared) = (around, true);
                continue;
            };
            if self.acquires_anew(candidate) {
                is_shared = true;
            } else if let Some(spot) = self.check(candidate)? {
                return match !is_shared || (self.knows_name_at(candidate) && self.serves_all(candidate)) {
                    true => Ok(spot),
                    false => {
                        refuse("not every path to the check of the error acquires it: check it there first")
                    }
                };
            } else if self.also_checks(candidate) && !is_shared {
                let error = &self.at().scopes().get(self.error).name;
                return Ok(Spot::BehindUnlessFailed(statement, error));
            } else if !self.may_stand_between(candidate) {
                break;
            }
            last = candidate;
        }
        refuse("the error is not checked directly behind the acquisition: check it there first")
    }

    /// The place that this statement gives, if it is the check.
    fn check(&self, statement: Node<'a>) -> Result<Option<Spot<'a>>, Refusal> {
        if !statement.is(Kind::IfStatement) || statement.field(Field::Initializer).is_some() {
            return Ok(None);
        }
        let answer = statement
            .field(Field::Condition)
            .and_then(|condition| self.answer(condition));
        let consequence = statement.field(Field::Consequence);
        let alternative = statement.field(Field::Alternative);
        match (answer, consequence, alternative) {
            (Some(Answer::Succeeded), Some(block), _) => Ok(Some(Spot::StartOf(block))),
            (Some(Answer::Failed), Some(block), None) if leaves(self.site, block) => {
                Ok(Some(Spot::Behind(statement)))
            }
            (Some(Answer::Failed), _, Some(block)) if block.is(Kind::Block) => Ok(Some(Spot::StartOf(block))),
            (Some(Answer::Failed), Some(block), Some(_)) if leaves(self.site, block) => {
                Ok(Some(Spot::BeforeElse(statement)))
            }
            (Some(Answer::Failed), ..) => refuse("the code goes on after the error: return there first"),
            _ => Ok(self.behind_chain(statement)),
        }
    }

    /// Behind `if err != nil && x { return … } else if err != nil { return … }`.
    fn behind_chain(&self, statement: Node<'a>) -> Option<Spot<'a>> {
        let mut arm = statement;
        loop {
            let condition = arm.field(Field::Condition)?;
            let is_plain = arm.field(Field::Initializer).is_none();
            let leaves = is_plain && leaves(self.site, arm.field(Field::Consequence)?);
            match (self.answer(condition), arm.field(Field::Alternative)) {
                (Some(Answer::Failed), None) if leaves => return Some(Spot::Behind(statement)),
                (Some(Answer::Failed), Some(block)) if leaves && block.is(Kind::Block) => {
                    return Some(Spot::StartOf(block));
                }
                (None, Some(next)) if leaves && next.is(Kind::IfStatement) && self.is_failure(condition) => {
                    arm = next;
                }
                _ => return None,
            }
        }
    }

    fn answer(&self, condition: Node<'a>) -> Option<Answer> {
        let condition = condition.unparenthesized();
        let (left, right) = (condition.field(Field::Left)?, condition.field(Field::Right)?);
        let is_error = self.at().scopes().binding_of(left) == Some(self.error);
        match (condition.operator()?, is_error && right.is(Kind::Nil)) {
            (Kind::NotEqual, true) => Some(Answer::Failed),
            (Kind::Equal, true) => Some(Answer::Succeeded),
            _ => None,
        }
    }

    /// `if err != nil || resp.StatusCode != 200 { return … }` leaves with the resource, too.
    fn also_checks(&self, statement: Node<'a>) -> bool {
        let condition = statement.field(Field::Condition).map(Node::unparenthesized);
        let mut left = condition.filter(|condition| condition.operator() == Some(Kind::Or));
        while let Some(or) = left.filter(|left| left.operator() == Some(Kind::Or)) {
            left = or.field(Field::Left).map(Node::unparenthesized);
        }
        left.is_some_and(|left| self.answer(left) == Some(Answer::Failed))
            && statement.is(Kind::IfStatement)
            && statement.field(Field::Initializer).is_none()
            && statement
                .field(Field::Consequence)
                .is_some_and(|block| leaves(self.site, block))
    }

    pub(super) fn at(&self) -> Declaration<'a> {
        self.site.acquisition.at
    }

    /// Whether the condition holds exactly where acquiring failed.
    pub(super) fn has_failed(&self, condition: Node<'a>) -> bool {
        self.answer(condition) == Some(Answer::Failed)
    }

    fn may_stand_between(&self, statement: Node<'a>) -> bool {
        let mentions = |binding: BindingId| {
            let mut nodes = statement.subtree();
            nodes.any(|node| self.at().scopes().binding_of(node) == Some(binding))
        };
        let holds = matches!(self.site.acquisition.handle, Handle::Local(handle) if mentions(handle));
        match statement.kind() {
            _ if holds => false,
            // `if errors.Is(err, …) { return … }`
            Kind::IfStatement => {
                statement.field(Field::Alternative).is_none()
                    && statement.field(Field::Initializer).is_none()
                    && statement
                        .field(Field::Consequence)
                        .is_some_and(|block| leaves(self.site, block))
                    && statement
                        .field(Field::Condition)
                        .is_some_and(|condition| self.is_failure(condition))
            }
            Kind::ShortVarDeclaration | Kind::VarDeclaration => !mentions(self.error),
            _ => false,
        }
    }

    /// Whether the condition can only hold where acquiring failed: `errors.Is(err, x)`, `err != nil && …`.
    fn is_failure(&self, condition: Node<'a>) -> bool {
        let condition = condition.unparenthesized();
        if condition.operator() == Some(Kind::And) {
            let sides = [Field::Left, Field::Right].map(|side| condition.field(side));
            return sides.into_iter().flatten().any(|side| self.is_failure(side));
        }
        self.answer(condition) == Some(Answer::Failed) || self.asks_what_failed(condition)
    }

    fn asks_what_failed(&self, condition: Node<'a>) -> bool {
        let call = condition.unparenthesized();
        let first = call
            .field(Field::Arguments)
            .and_then(|arguments| arguments.child(0));
        first.is_some_and(|first| self.at().scopes().binding_of(first) == Some(self.error))
            && self.site.acquisition.asks_what_failed(call)
    }
}

/// Whether nothing comes out at the end of this block.
fn leaves<'a>(site: &Unreleased<'a>, block: Node<'a>) -> bool {
    let list = block.children().find(|child| child.is(Kind::StatementList));
    let Some(last) = list.and_then(|list| list.children().last()) else {
        return false;
    };
    let flow = &site.lifetime.flow;
    match last.kind() {
        Kind::ReturnStatement | Kind::BreakStatement | Kind::ContinueStatement | Kind::GotoStatement => true,
        Kind::ExpressionStatement => {
            let point = flow.point_of(last);
            point.is_some_and(|point| matches!(flow.block(point.block).exit, Some(Exit::NoReturn(_))))
        }
        _ => false,
    }
}

/// The next statement of the same list.
pub(super) fn following(statement: Node<'_>) -> Option<Node<'_>> {
    let siblings = std::iter::successors(statement.next_sibling(), |node| node.next_sibling());
    siblings.into_iter().find(|node| !node.is(Kind::Comment))
}
