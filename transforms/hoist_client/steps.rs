//! Values that are built in more than one step: `dsn := …`, then `if os.Getenv("SSL") != "" { dsn += … }`. Where each
//! step reads nothing but what stays the same, and does nothing but build, all of them run once as well.

use super::obstacle::manifold;
use super::reader::Reader;
use super::value::{Known, Value};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Usage};
use crate::transform::Refusal;

/// The value of a local name that `definition` gives its first one, `first`, and later statements change.
pub fn value<'a>(
    reader: Reader<'a>,
    id: BindingId,
    definition: Node<'a>,
    first: Value<'a>,
) -> Result<Value<'a>, Refusal> {
    let refused = || manifold(&reader.at.scopes().get(id).name);
    let changes = changes(reader, id, definition).ok_or_else(refused)?;
    let mut parts = vec![first];
    for change in &changes {
        let mut step = Step {
            reader: reader.within(id, *change),
            id,
            whole: *change,
            read: Vec::new(),
        };
        step.statement(*change)?;
        parts.extend(step.read);
    }
    let texts: Vec<&str> = changes.iter().map(|change| change.text()).collect();
    let mut whole = Value::joined(&texts.join(";"), parts).at_least(Known::Running);
    whole.built.push((id, changes));
    Ok(whole)
}

/// Whether a method is called to change what it is called on: by its name, or since nobody takes what comes out of the
/// chain of calls.
pub fn is_setter(call: Node<'_>) -> bool {
    const CHANGES: [&str; 5] = ["Add", "Append", "Apply", "Set", "With"];
    let method = call
        .field(Field::Function)
        .and_then(|function| function.field(Field::Field));
    let name = method.map_or("", Node::text);
    let mut last = call;
    while let Some(next) = last
        .parent()
        .filter(|selector| selector.is(Kind::SelectorExpression))
        .and_then(Node::parent)
        .filter(|next| next.is(Kind::CallExpression))
    {
        last = next;
    }
    let is_statement = last
        .parent()
        .is_some_and(|around| around.is(Kind::ExpressionStatement));
    is_statement || CHANGES.iter().any(|change| name.starts_with(change))
}

/// The statements between the definition and the opening that may change the name, each in the block of the
/// definition. `None` where one stands elsewhere, or jumps may pass some by.
fn changes<'a>(reader: Reader<'a>, id: BindingId, definition: Node<'a>) -> Option<Vec<Node<'a>>> {
    let (at, opening) = (reader.at, reader.opening?);
    let (scopes, tree) = (at.scopes(), at.tree());
    let function = reader.function?;
    let jumps = |node: Node<'_>| matches!(node.kind(), Kind::GotoStatement | Kind::LabeledStatement);
    let is_own = scopes.get(id).function == function.index();
    (is_own && !function.descendants().any(jumps)).then_some(())?;
    let block = definition.parent();
    let mut found = Vec::new();
    for node in scopes.uses(id, tree).filter(|node| reader.may_change(*node)) {
        // Another name for the same value could change it anywhere.
        let is_shared = at.usage(node) == Usage::Address || is_assigned(node);
        (!is_shared).then_some(())?;
        let mut around = std::iter::once(node).chain(node.ancestors());
        let statement = around.find(|around| around.parent() == block)?;
        let is_between = definition.end() <= statement.start() && statement.end() <= opening.start();
        is_between.then_some(())?;
        if !found.contains(&statement) {
            found.push(statement);
        }
    }
    found.sort_by_key(|statement| statement.index());
    Some(found)
}

/// Whether the value gets another name.
pub fn is_assigned(node: Node<'_>) -> bool {
    let list = node.parent().filter(|list| list.is(Kind::ExpressionList));
    list.is_some_and(|list| matches!(list.role(), Field::Right | Field::Value))
}

/// One statement that may change the name.
struct Step<'a> {
    reader: Reader<'a>,
    id: BindingId,
    whole: Node<'a>,
    read: Vec<Value<'a>>,
}

impl<'a> Step<'a> {
    fn statement(&mut self, node: Node<'a>) -> Result<(), Refusal> {
        match node.kind() {
            Kind::AssignmentStatement | Kind::ShortVarDeclaration => {
                let mut targets = node.field(Field::Left).into_iter().flat_map(Node::children);
                match targets.all(|target| self.is_own(target)) {
                    true => self.values(node.field(Field::Right)),
                    false => Err(self.refused()),
                }
            }
            Kind::VarDeclaration => {
                let mut specs = node.children().filter(|spec| spec.is(Kind::VarSpec));
                specs.try_for_each(|spec| self.values(spec.field(Field::Value)))
            }
            Kind::ExpressionStatement => match node.child(0) {
                Some(call) if call.is(Kind::CallExpression) => self.value(call),
                _ => Err(self.refused()),
            },
            Kind::Block => self.statements(node),
            Kind::IfStatement => self.branch(node),
            Kind::ExpressionSwitchStatement => self.switch(node),
            _ => Err(self.refused()),
        }
    }

    fn statements(&mut self, block: Node<'a>) -> Result<(), Refusal> {
        let mut statements = block.children().flat_map(Node::children);
        statements.try_for_each(|statement| self.statement(statement))
    }

    fn branch(&mut self, node: Node<'a>) -> Result<(), Refusal> {
        let parts = [Field::Initializer, Field::Consequence, Field::Alternative];
        for part in parts.into_iter().filter_map(|part| node.field(part)) {
            self.statement(part)?;
        }
        self.values_of(node.field(Field::Condition))
    }

    fn switch(&mut self, node: Node<'a>) -> Result<(), Refusal> {
        if let Some(first) = node.field(Field::Initializer) {
            self.statement(first)?;
        }
        self.values_of(node.field(Field::Value))?;
        let clauses = node
            .children()
            .filter(|clause| matches!(clause.kind(), Kind::ExpressionCase | Kind::DefaultCase));
        for clause in clauses {
            self.values(clause.field(Field::Value))?;
            for list in clause.children().filter(|part| part.is(Kind::StatementList)) {
                list.children()
                    .try_for_each(|statement| self.statement(statement))?;
            }
        }
        Ok(())
    }

    fn values(&mut self, list: Option<Node<'a>>) -> Result<(), Refusal> {
        let mut values = list.into_iter().flat_map(Node::children);
        values.try_for_each(|value| self.value(value))
    }

    fn values_of(&mut self, value: Option<Node<'a>>) -> Result<(), Refusal> {
        value.map_or(Ok(()), |value| self.value(value))
    }

    fn value(&mut self, node: Node<'a>) -> Result<(), Refusal> {
        self.read.push(self.reader.read(node)?);
        Ok(())
    }

    /// Whether what is assigned is the name, a field of it, or something that the statement declares itself.
    fn is_own(&self, target: Node<'a>) -> bool {
        let mut root = target;
        while root.is(Kind::SelectorExpression) {
            match root.field(Field::Operand) {
                Some(operand) => root = operand,
                None => return false,
            }
        }
        if root.text() == "_" {
            return true;
        }
        let at = self.reader.at;
        let declared = |id| at.tree().node(at.scopes().get(id).declared);
        let binding = at.scopes().binding_of(root);
        binding.is_some_and(|binding| binding == self.id || self.whole.contains(declared(binding)))
    }

    fn refused(&self) -> Refusal {
        manifold(&self.reader.at.scopes().get(self.id).name)
    }
}
