//! What a release on some paths leaves: the resource goes on in a local struct that nobody empties.

use super::unreleased::Unreleased;
use crate::analysis::{ArgEffect, Effect, Keep, of_known, of_name};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Declaration, Usage};
use crate::transform::Related;

/// `p := pair{f, g}` where the function only works with what `p` holds: the literal took the resource over, so that no
/// path behind it counts as losing it, and yet nobody releases it. Silent where anybody else may.
pub(super) fn lost_in_literals(site: &Unreleased<'_>) -> Vec<Related> {
    let at = site.acquisition.at;
    let mentions = &site.lifetime.mentions;
    let may_end = |effect: Effect| {
        matches!(
            effect,
            Effect::Release | Effect::Conditional { .. } | Effect::Unknown
        )
    };
    if mentions.iter().any(|mention| may_end(mention.effect)) {
        return Vec::new();
    }
    let stored = mentions
        .iter()
        .filter(|mention| mention.effect == Effect::Keep(Keep::Stored));
    let told = stored.filter_map(|mention| {
        let (literal, name) = local_struct(mention.node)?;
        only_worked_with(at, name).then(|| Related {
            place: at.place(literal),
            message: format!(
                "`{}` goes on in `{}`, and nothing in sight releases what that holds",
                site.subject(),
                name.text()
            ),
        })
    });
    told.collect()
}

/// The literal that holds the mention, and the name that it is the value of.
fn local_struct(mention: Node<'_>) -> Option<(Node<'_>, Node<'_>)> {
    let mut around = mention.ancestors().skip_while(|up| {
        matches!(
            up.kind(),
            Kind::SelectorExpression | Kind::LiteralElement | Kind::KeyedElement | Kind::LiteralValue
        )
    });
    let literal = around.next().filter(|up| up.is(Kind::CompositeLiteral))?;
    let values = around.next().filter(|up| up.is(Kind::ExpressionList))?;
    let statement = around.next().filter(|up| up.is(Kind::ShortVarDeclaration))?;
    let names = statement.field(Field::Left)?;
    let alone = values.children().count() == 1 && names.children().count() == 1;
    let name = names.child(0).filter(|_| alone)?;
    Some((literal, name))
}

/// Whether every use of the name asks for a field, and no use of a field could release it.
fn only_worked_with<'a>(at: Declaration<'a>, name: Node<'a>) -> bool {
    let scopes = at.scopes();
    let Some(id) = scopes.binding_of(name) else {
        return false;
    };
    scopes.uses(id, at.tree()).all(|held| {
        let selector = held.parent().filter(|up| up.is(Kind::SelectorExpression));
        let read = at.usage(held) == Usage::Read;
        read && selector.is_some_and(|selector| is_worked_with(at, selector))
    })
}

/// `p.a.Read(…)`, `io.Copy(w, p.a)`
fn is_worked_with<'a>(at: Declaration<'a>, field: Node<'a>) -> bool {
    let Some(parent) = field.parent() else {
        return false;
    };
    match parent.kind() {
        Kind::SelectorExpression => {
            let called = parent
                .parent()
                .is_some_and(|call| call.field(Field::Function) == Some(parent));
            let method = parent.field(Field::Field).map_or("", Node::text);
            called && of_name(method) == ArgEffect::Unknown
        }
        Kind::ArgumentList => {
            let call = parent.parent().filter(|call| call.is(Kind::CallExpression));
            call.is_some_and(|call| {
                let callee = at.callee(call);
                let function = callee.function();
                function.is_some_and(|function| of_known(at.facts(), function) == ArgEffect::Use)
            })
        }
        _ => false,
    }
}
