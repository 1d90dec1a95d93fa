//! Everything that touches an owner. A statement *serves* it when it does nothing but keep values there: such
//! statements can all go when nothing else touches the owner, since then nobody can tell.

use std::collections::HashSet;

use crate::analysis::keeper;
use crate::analysis::owner::{Owner, container};
use crate::edit::{is_pure, is_tractable};
use crate::facts::paths;
use crate::frameworks::RequestContext;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, DeclId, Declaration, Package, Type};

/// What touches an owner and does more than serve it.
#[derive(Clone, Copy, Debug)]
pub enum Stranger<'a> {
    /// Reads it, passes it on, or does something that must stay.
    Reader(Declaration<'a>, Node<'a>),
    /// Receives from the channel it is.
    Receiver(Declaration<'a>, Node<'a>),
    /// Sends to the channel it is.
    Sender(Declaration<'a>, Node<'a>),
    /// Lets it share its memory with something else.
    Sharer(Declaration<'a>, Node<'a>),
}

/// The statements that serve the owner, if nothing else touches it.
pub fn servants<'a>(
    package: &'a Package,
    owner: &Owner,
) -> Result<Vec<(Declaration<'a>, Node<'a>)>, Stranger<'a>> {
    let mentions = owner.mentions(package);
    let held: HashSet<(DeclId, usize)> = mentions.iter().map(|(at, node)| (at.id, node.index())).collect();
    let opened = mentions.iter().any(|(_, mention)| is_opened(*mention));
    let of = |at| Service {
        at,
        held: &held,
        opened,
    };
    let mut statements = Vec::new();
    let mut strangers = Vec::new();
    for (at, mention) in mentions {
        let statement = mention
            .statement()
            .filter(|statement| is_tractable(at, *statement))
            .filter(|statement| of(at).serves(*statement));
        match statement {
            Some(statement) if !statements.contains(&(at, statement)) => statements.push((at, statement)),
            Some(_) => {}
            None => strangers.push(stranger(at, mention)),
        }
    }
    // Who receives says more about a channel than who sends.
    let rank = |stranger: &Stranger<'_>| matches!(stranger, Stranger::Sender(..));
    strangers.sort_by_key(rank);
    match strangers.into_iter().next() {
        // Whoever made a channel that comes from elsewhere may receive from it.
        Some(sender @ Stranger::Sender(..)) => Err(begins_alone(package, owner).err().unwrap_or(sender)),
        Some(stranger) => Err(stranger),
        None if opened => begins_alone(package, owner).map(|()| statements),
        None => Ok(statements),
    }
}

/// Whether code here reaches into the value and not only puts another in its place: then it matters who shares it.
fn is_opened(mention: Node<'_>) -> bool {
    let parent = mention.parent().map(Node::kind);
    matches!(
        parent,
        Some(
            Kind::IndexExpression
                | Kind::SliceExpression
                | Kind::SelectorExpression
                | Kind::ParenthesizedExpression
                | Kind::ArgumentList
                | Kind::UnaryExpression
        )
    )
}

fn stranger<'a>(at: Declaration<'a>, mention: Node<'a>) -> Stranger<'a> {
    let parent = mention.parent();
    match parent.map(Node::kind) {
        Some(Kind::SendStatement) if mention.role() == Field::Channel => Stranger::Sender(at, mention),
        Some(Kind::UnaryExpression) if parent.and_then(Node::operator) == Some(Kind::Arrow) => {
            Stranger::Receiver(at, mention)
        }
        Some(Kind::RangeClause) if matches!(at.type_of(mention), Type::Chan(_)) => {
            Stranger::Receiver(at, mention)
        }
        _ => Stranger::Reader(at, mention),
    }
}

/// Whether what the owner first holds is its own: made where it is declared, and shared with nothing.
fn begins_alone<'a>(package: &'a Package, owner: &Owner) -> Result<(), Stranger<'a>> {
    let Some((at, declared)) = owner.declaration(package) else {
        return Ok(());
    };
    let nothing = HashSet::new();
    let service = |at| Service {
        at,
        held: &nothing,
        opened: true,
    };
    let first = match declared.kind() {
        Kind::ShortVarDeclaration => declared.field(Field::Right),
        Kind::VarSpec if matches!(owner, Owner::Variable(_) | Owner::Captured(..)) => {
            declared.field(Field::Value)
        }
        Kind::ParameterDeclaration | Kind::VariadicParameterDeclaration | Kind::RangeClause => {
            return Err(Stranger::Sharer(at, declared));
        }
        _ => None,
    };
    let mut values = first.into_iter().flat_map(Node::children);
    if let Some(value) = values.find(|value| !service(at).is_fresh(*value)) {
        return Err(Stranger::Sharer(at, value));
    }
    let initializers = owner
        .initializers(package)
        .ok_or(Stranger::Sharer(at, declared))?;
    for (at, element) in initializers {
        let value = element.field(Field::Value).and_then(|element| element.child(0));
        if !value.is_some_and(|value| service(at).is_fresh(value)) {
            return Err(Stranger::Sharer(at, element));
        }
    }
    Ok(())
}

/// The question whether code of one declaration serves an owner that is mentioned at the `held` nodes.
struct Service<'a, 'h> {
    at: Declaration<'a>,
    held: &'h HashSet<(DeclId, usize)>,
    /// Whether some code reaches into the value.
    opened: bool,
}

impl Service<'_, '_> {
    fn serves(&self, statement: Node<'_>) -> bool {
        match statement.kind() {
            Kind::AssignmentStatement => self.serves_by_assigning(statement),
            Kind::IncStatement | Kind::DecStatement => {
                statement.child(0).is_some_and(|place| self.is_place(place))
            }
            Kind::ExpressionStatement | Kind::DeferStatement => {
                keeper::called(statement).is_some_and(|call| self.serves_by_calling(call))
            }
            Kind::IfStatement => self.serves_conditionally(statement),
            _ => false,
        }
    }

    fn serves_by_assigning(&self, statement: Node<'_>) -> bool {
        let (Some(left), Some(right)) = (statement.field(Field::Left), statement.field(Field::Right)) else {
            return false;
        };
        let pairs = left.children().zip(right.children());
        let is_plain = statement.operator() == Some(Kind::Assign);
        left.children().count() == right.children().count() && { pairs }.all(|(place, value)| {
            match self.opened && is_plain && self.is_owner(place) {
                // The whole owner: it must not become an alias of something that is read elsewhere.
                true => self.is_fresh(value),
                false => (place.text() == "_" || self.is_place(place)) && self.is_idle(value),
            }
        })
    }

    fn serves_by_calling(&self, call: Node<'_>) -> bool {
        let Some((_, kept)) = keeper::effect(self.at, call) else {
            return false;
        };
        let mut arguments = call.field(Field::Arguments).into_iter().flat_map(Node::children);
        self.is_place(kept) && arguments.all(|argument| self.is_idle(argument))
    }

    /// An `if` whose blocks only serve.
    fn serves_conditionally(&self, statement: Node<'_>) -> bool {
        let initializer = statement.field(Field::Initializer).is_none_or(|initializer| {
            initializer.is(Kind::ShortVarDeclaration)
                && initializer
                    .field(Field::Right)
                    .is_some_and(|values| values.children().all(|value| self.is_idle(value)))
        });
        let condition = statement
            .field(Field::Condition)
            .is_some_and(|condition| self.is_idle(condition));
        let branches = [Field::Consequence, Field::Alternative].map(|field| statement.field(field));
        let mut branches = branches.into_iter().flatten();
        initializer && condition && branches.all(|branch| self.serves_as_branch(branch))
    }

    fn serves_as_branch(&self, branch: Node<'_>) -> bool {
        match branch.kind() {
            Kind::IfStatement => self.serves(branch),
            _ => {
                let mut statements = branch
                    .children()
                    .filter(|node| node.is(Kind::StatementList))
                    .flat_map(Node::children);
                statements.all(|statement| self.serves(statement))
            }
        }
    }

    fn is_owner(&self, node: Node<'_>) -> bool {
        self.held.contains(&(self.at.id, node.unparenthesized().index()))
    }

    /// The owner or an element of it.
    fn is_place(&self, node: Node<'_>) -> bool {
        let node = node.unparenthesized();
        if !node.is(Kind::IndexExpression) {
            return self.is_owner(node);
        }
        let index = node.field(Field::Index).is_some_and(|index| self.is_idle(index));
        let operand = node
            .field(Field::Operand)
            .is_some_and(|operand| self.is_place(operand));
        index && operand
    }

    /// A value that nobody else can reach, and whose making may go.
    fn is_fresh(&self, value: Node<'_>) -> bool {
        let value = value.unparenthesized();
        if !is_tractable(self.at, value) || !self.is_idle(value) {
            return false;
        }
        match value.kind() {
            Kind::CompositeLiteral
            | Kind::FuncLiteral
            | Kind::Nil
            | Kind::True
            | Kind::False
            | Kind::IntLiteral
            | Kind::FloatLiteral
            | Kind::InterpretedStringLiteral
            | Kind::RawStringLiteral => true,
            Kind::SliceExpression => self.is_place(container(value)),
            Kind::CallExpression => self.makes_or_appends(value),
            Kind::UnaryExpression if value.operator() == Some(Kind::Address) => value
                .field(Field::Operand)
                .is_some_and(|operand| operand.is(Kind::CompositeLiteral)),
            _ => RequestContext::of(self.at.root(), &self.at.type_of(value)).is_some(),
        }
    }

    fn makes_or_appends(&self, call: Node<'_>) -> bool {
        let first = call
            .field(Field::Arguments)
            .and_then(|arguments| arguments.child(0));
        match self.at.callee(call) {
            Callee::Builtin(name) => match &*name {
                "make" | "new" => true,
                "append" => {
                    first.is_some_and(|first| self.is_place(container(first)) || self.is_fresh(first))
                }
                _ => false,
            },
            callee if callee.is_function(paths::CONTAINER_LIST, "New") => true,
            _ => false,
        }
    }

    /// A value whose evaluation may go: pure, or a slice or an appended slice of the owner.
    fn is_idle(&self, value: Node<'_>) -> bool {
        let value = value.unparenthesized();
        let idle = |node: Option<Node<'_>>| node.is_none_or(|node| self.is_idle(node));
        match value.kind() {
            Kind::SliceExpression | Kind::IndexExpression if self.is_place(container(value)) => {
                value.children().skip(1).all(|bound| self.is_idle(bound))
            }
            Kind::CallExpression if self.is_builtin_with_values(value) => {
                let mut arguments = value.field(Field::Arguments).into_iter().flat_map(Node::children);
                arguments.all(|argument| self.is_idle(argument))
            }
            Kind::BinaryExpression => idle(value.field(Field::Left)) && idle(value.field(Field::Right)),
            _ => is_pure(self.at, value),
        }
    }
    fn is_builtin_with_values(&self, call: Node<'_>) -> bool {
        let Callee::Builtin(name) = self.at.callee(call) else {
            return false;
        };
        matches!(&*name, "append" | "cap" | "len" | "max" | "min")
    }
}
