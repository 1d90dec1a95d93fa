//! Where a name gets its value.

use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Declaration};

/// The expression that gives a package-level name its value, alone.
pub fn definition<'a>(declaration: Declaration<'a>, name: &str) -> Option<Node<'a>> {
    let specs = declaration.tree().root().subtree();
    let mut specs = specs.filter(|node| matches!(node.kind(), Kind::VarSpec | Kind::ConstSpec));
    specs.find_map(|spec| value_in(spec, name))
}

/// The statement that defines a local name and nothing else, and the value it gives.
pub fn local_definition<'a>(at: Declaration<'a>, id: BindingId) -> Option<(Node<'a>, Node<'a>)> {
    let binding = at.scopes().get(id);
    let origin = at.tree().node(binding.origin);
    let statement = match origin.kind() {
        Kind::ShortVarDeclaration => origin,
        Kind::VarSpec | Kind::ConstSpec => {
            let declaration = origin.parent()?;
            (declaration.children().count() == 1).then_some(declaration)?
        }
        _ => return None,
    };
    let is_statement = statement
        .parent()
        .is_some_and(|list| list.is(Kind::StatementList));
    let value = match origin.field(Field::Left) {
        Some(left) if left.children().count() == 1 => origin.field(Field::Right)?.child(0)?,
        Some(_) => return None,
        None => {
            (origin.fields(Field::Name).count() == 1).then_some(())?;
            value_in(origin, &binding.name)?
        }
    };
    is_statement.then_some((statement, value))
}

/// The value of `name` in a spec with a value for each of its names.
fn value_in<'a>(spec: Node<'a>, name: &str) -> Option<Node<'a>> {
    let names: Vec<_> = spec
        .fields(Field::Name)
        .filter(|node| node.is(Kind::Identifier))
        .collect();
    let position = names.iter().position(|node| node.text() == name)?;
    let values: Vec<_> = spec.field(Field::Value)?.children().collect();
    (values.len() == names.len()).then(|| values.get(position).copied())?
}

pub fn right_of<'a>(statement: Node<'a>) -> impl Iterator<Item = Node<'a>> {
    let right = statement.field(Field::Right).or(statement.field(Field::Value));
    right.into_iter().flat_map(Node::children)
}
