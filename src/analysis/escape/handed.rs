//! What it means for a resource to be given to a call, by what is known of that.

use super::alias_kind::Step::{Done, Up};
use super::alias_kind::{AliasKind, ParamSummary, Step};
use crate::analysis::arg_effect::{self, ArgEffect};
use crate::analysis::effect::{Effect, Keep, Mention};
use crate::analysis::lifetime::open::Open;
use crate::analysis::nodes::{called_name, is_started};
use crate::go::syntax::{Field, Kind, Node};

/// A function that has the resource is called.
pub(super) fn called(call: Node<'_>, grip: AliasKind) -> Effect {
    match grip {
        AliasKind::Closure(_) if is_started(call) => Effect::Keep(Keep::Goroutine),
        AliasKind::Closure(effect) => effect,
        _ => Effect::Unknown,
    }
}

/// `effect`, unless another goroutine runs the method.
pub(super) fn run_by(selector: Node<'_>, effect: Effect) -> Effect {
    let call = selector
        .parent()
        .filter(|call| call.is(Kind::CallExpression) && selector.role() == Field::Function);
    match call.is_some_and(is_started) {
        true => Effect::Keep(Keep::Goroutine),
        false => effect,
    }
}

/// A method that has this effect, called or as a value.
pub(super) fn method(selector: Node<'_>, effect: Effect) -> Step<'_> {
    match selector.role() == Field::Function {
        true => Done(run_by(selector, effect)),
        false => Up(selector, AliasKind::Closure(effect)),
    }
}

pub(super) fn handed(call: Node<'_>, handover: ArgEffect, grip: AliasKind) -> Step<'_> {
    match (handover, grip) {
        (ArgEffect::Keep, AliasKind::Closure(_)) => Done(Effect::Keep(Keep::Closure)),
        (ArgEffect::Keep, _) => Done(Effect::Keep(Keep::Passed)),
        // A closure that releases was given away to be run: when, is its receiver's business.
        (_, AliasKind::Closure(Effect::Release)) => Done(Effect::Release),
        (ArgEffect::Use, AliasKind::Closure(effect)) => Done(effect),
        (ArgEffect::Use, _) => Done(Effect::Pass),
        (ArgEffect::Wrap, AliasKind::Closure(_)) => Up(call, grip),
        (ArgEffect::Wrap, AliasKind::Child) => Up(call, grip),
        (ArgEffect::Wrap, _) => Up(call, AliasKind::Derived),
        (ArgEffect::View, AliasKind::Whole | AliasKind::Part) => Up(call, AliasKind::Part),
        (ArgEffect::View, _) => Up(call, grip),
        // What came out of it cannot release it.
        (ArgEffect::Release, AliasKind::Derived | AliasKind::Child) => Done(Effect::Pass),
        (ArgEffect::Release, AliasKind::Closure(_)) => Done(Effect::Unknown),
        (ArgEffect::Release, _) => Done(Effect::Release),
        (ArgEffect::Unknown, AliasKind::Derived | AliasKind::Child) => Done(Effect::Lent),
        (ArgEffect::Unknown, AliasKind::Whole | AliasKind::Made) if arg_effect::makes(called_name(call)) => {
            Up(call, AliasKind::Made)
        }
        (ArgEffect::Unknown, _) => Done(Effect::Unknown),
    }
}

/// What a function does that has these effects on its parameter. `open` tells which paths leave the resource open.
pub(super) fn summary(mentions: &[Mention<'_>], open: impl Fn() -> Open) -> ParamSummary {
    let any = |wanted: fn(Effect) -> bool| mentions.iter().any(|mention| wanted(mention.effect));
    if any(|effect| matches!(effect, Effect::Release | Effect::Conditional { .. })) {
        return ParamSummary::Has(match open() {
            Open::Never => Effect::Release,
            Open::Successes => Effect::Conditional { on_failure: true },
            Open::Sometimes => Effect::Conditional { on_failure: false },
        });
    }
    if any(|effect| matches!(effect, Effect::Keep(keep) if keep != Keep::Returned)) {
        return ParamSummary::Has(Effect::Keep(Keep::Passed));
    }
    for unseen in [Effect::Unknown, Effect::Lent] {
        if mentions.iter().any(|mention| mention.effect == unseen) {
            return ParamSummary::Has(unseen);
        }
    }
    match any(|effect| effect == Effect::Keep(Keep::Returned)) {
        true => ParamSummary::Returned,
        false => ParamSummary::Has(Effect::Pass),
    }
}
