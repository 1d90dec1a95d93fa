//! Conditions that mean the same wherever they stand in a function.

use std::collections::HashMap;

use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Callee, Declaration, Usage};

/// Conditions that stand in a function more than once and mean the same each time: they read the same names, and
/// those never change.
pub struct Repeated(HashMap<usize, usize>);

impl Repeated {
    pub fn of<'a>(declaration: Declaration<'a>, function: Node<'a>) -> Self {
        let ifs = function
            .shallow_descendants()
            .filter(|node| node.is(Kind::IfStatement));
        let parts = ifs
            .filter_map(|node| node.field(Field::Condition))
            .flat_map(Node::subtree);
        let mut groups: HashMap<(&str, Vec<Option<BindingId>>), Vec<usize>> = HashMap::new();
        for test in parts.filter(|test| is_steady(declaration, function, *test)) {
            let names = test.subtree().filter(|inner| inner.is(Kind::Identifier));
            let means = names.map(|name| declaration.scopes().binding_of(name)).collect();
            groups.entry((test.text(), means)).or_default().push(test.index());
        }
        let several = groups.into_values().filter(|tests| tests.len() > 1);
        let named = several.flat_map(|tests| {
            let first = tests[0];
            tests.into_iter().map(move |test| (test, first))
        });
        Repeated(named.collect())
    }

    /// What all conditions like `test` are known by.
    pub fn name(&self, test: Node<'_>) -> Option<usize> {
        self.0.get(&test.index()).copied()
    }
}

/// Whether the condition does nothing but look at names that have one value in each run of the function.
fn is_steady<'a>(declaration: Declaration<'a>, function: Node<'a>, test: Node<'a>) -> bool {
    test.subtree().all(|inner| match inner.kind() {
        Kind::Identifier => has_one_value(declaration, function, inner),
        Kind::CallExpression => {
            matches!(declaration.callee(inner), Callee::Builtin(name) if name == "len")
        }
        Kind::FuncLiteral | Kind::IndexExpression | Kind::SelectorExpression => false,
        Kind::UnaryExpression => inner.operator() != Some(Kind::Arrow),
        _ => true,
    })
}

/// A name that a loop declares anew in each turn has many.
fn has_one_value<'a>(declaration: Declaration<'a>, function: Node<'a>, name: Node<'a>) -> bool {
    let scopes = declaration.scopes();
    scopes.binding_of(name).is_none_or(|id| {
        let declared = declaration.tree().node(scopes.get(id).declared);
        let mut around = declared.ancestors().take_while(|up| *up != function);
        let in_turn = around.any(|up| up.is(Kind::ForStatement));
        let mut uses = scopes.uses(id, declaration.tree());
        !in_turn && uses.all(|other| declaration.usage(other) == Usage::Read)
    })
}
