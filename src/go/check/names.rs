//! Names of one declaration: declared twice, not at all, or for nothing.

use foldhash::HashSet;

use super::complaint::{Fault, Found};
use crate::go::declaration::Declaration;
use crate::go::resolve::{Meaning, Usage};
use crate::go::scope::BindingKind;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::types::Type;

pub(super) fn check(found: &mut Found<'_>) {
    redeclared(found);
    unused(found);
    for node in found.nodes() {
        match node.kind() {
            Kind::ShortVarDeclaration => short_declaration(found, node),
            Kind::VarSpec => redeclared_by_spec(found, node),
            _ => {}
        }
    }
}

/// Names that nothing declares.
pub(super) fn mentions(found: &mut Found<'_>) {
    let names = found.nodes().filter(|node| {
        matches!(
            node.kind(),
            Kind::Identifier | Kind::TypeIdentifier | Kind::PackageIdentifier
        )
    });
    for name in names {
        mention(found, name);
    }
}

/// The scopes let a `:=` and a `var` assign to what the block has; all others are bindings of their own.
fn redeclared(found: &mut Found<'_>) {
    let at = found.at;
    let mut seen = HashSet::default();
    for (_, binding) in at.scopes().bindings() {
        if !seen.insert((binding.block, &binding.name)) {
            let node = at.tree().node(binding.declared);
            twice(found, node);
        }
    }
}

fn redeclared_by_spec(found: &mut Found<'_>, spec: Node<'_>) {
    let scopes = found.at.scopes();
    let names = spec.fields(Field::Name).filter(|name| name.is(Kind::Identifier));
    for name in names {
        let id = scopes.binding_of(name);
        if id.is_some_and(|id| scopes.get(id).declared != name.index()) {
            twice(found, name);
        }
    }
}

fn twice(found: &mut Found<'_>, name: Node<'_>) {
    let said = format!("{} redeclared in this block", name.text());
    found.add(Fault::Redeclared, name, name.text(), said);
}

fn short_declaration(found: &mut Found<'_>, statement: Node<'_>) {
    let Some(left) = statement.field(Field::Left) else {
        return;
    };
    let is_new = |name: Node<'_>| found.at.scopes().declares(name) && name.text() != "_";
    let are_names = left.children().all(|name| name.is(Kind::Identifier));
    if are_names && !left.children().any(is_new) {
        let said = "no new variables on left side of :=";
        found.add(Fault::NoNewVariables, statement, left.text(), said);
    }
}

fn unused(found: &mut Found<'_>) {
    let at = found.at;
    for (_, binding) in at.scopes().bindings() {
        let is_variable = matches!(
            binding.kind,
            BindingKind::Var | BindingKind::Range | BindingKind::TypeSwitch
        );
        let mut uses = binding.uses.iter().map(|&index| at.tree().node(index));
        if is_variable && !uses.any(|node| is_use(at, node)) {
            let said = format!("declared and not used: {}", binding.name);
            found.add(
                Fault::Unused,
                at.tree().node(binding.declared),
                &binding.name,
                said,
            );
        }
    }
}

/// Whether the compiler takes a mention for a use of the variable.
fn is_use(at: Declaration<'_>, mention: Node<'_>) -> bool {
    match at.usage(mention) {
        Usage::Write => false,
        Usage::FieldKey => !matches!(shape_around(at, mention), Some(Type::Struct(_))),
        Usage::Read | Usage::Update | Usage::Address => true,
    }
}

/// The structure of the literal of which `mention` is a key.
fn shape_around(at: Declaration<'_>, mention: Node<'_>) -> Option<Type> {
    let element = mention
        .parent()
        .filter(|element| element.is(Kind::LiteralElement))?;
    let is_key = element.role() == Field::Key;
    let body = element.parent().filter(|_| is_key).and_then(Node::parent)?;
    Some(at.literal_shape(body))
}

fn mention(found: &mut Found<'_>, name: Node<'_>) {
    let at = found.at;
    let is_known = || at.scopes().binding_of(name).is_some() || at.scopes().declares(name);
    if name.text() == "_" || name.text().is_empty() || names_declared(name) || is_known() {
        return;
    }
    match shape_around(at, name) {
        None | Some(Type::Slice(_) | Type::Array(_) | Type::Map(..)) => {}
        Some(Type::Struct(fields)) => {
            if fields.iter().all(|field| *field.name != *name.text()) {
                let said = format!("unknown field {} in struct literal", name.text());
                found.add(Fault::UndefinedMember, name, name.text(), said);
            }
            return;
        }
        Some(_) => return,
    }
    if matches!(at.resolve_top(name.text()), Meaning::Unknown) && is_certain(at, name) {
        let said = format!("undefined: {}", name.text());
        found.add(Fault::Undefined, name, name.text(), said);
    }
}

/// The names of functions and methods are no mentions, and what stands behind a dot means nothing by itself.
fn names_declared(name: Node<'_>) -> bool {
    name.role() == Field::Name
        && name.parent().is_some_and(|parent| {
            parent.is_function() || matches!(parent.kind(), Kind::MethodElem | Kind::QualifiedType)
        })
}

/// Whether a name that nothing at hand declares is declared nowhere.
fn is_certain(at: Declaration<'_>, name: Node<'_>) -> bool {
    let file = at.file();
    if at.package.declares(name.text()) {
        return false;
    }
    let stands_for_package = name.is(Kind::PackageIdentifier)
        || name
            .parent()
            .is_some_and(|parent| parent.is(Kind::SelectorExpression) && name.role() == Field::Operand);
    file.imports.iter().all(|import| match import.alias.as_deref() {
        Some(".") => false,
        Some(_) => true,
        None => !stands_for_package || super::package::certain_name(at.package, at.root(), import).is_some(),
    })
}
