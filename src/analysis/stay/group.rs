//! Wait groups that are never done.

use super::model::Stay;
use super::object::Object;
use super::way::{Runner, runs_once};
use crate::facts::paths;
use crate::go::syntax::{Field, Kind, Node};

/// `group.Wait()` of a group that counts more than is ever done.
pub(super) fn stay<'a>(runner: &Runner<'a, '_>, wait: Node<'a>) -> Option<Stay<'a>> {
    let group = Object::of(runner.at, wait, paths::SYNC, &["WaitGroup"])?;
    let known = |(_, method): &(Node<'a>, &str)| matches!(*method, "Add" | "Done" | "Wait");
    group.calls.iter().all(known).then_some(())?;
    let counted: Option<Vec<(Node<'a>, u32)>> = group
        .of_method("Add")
        .map(|add| Some((add, number(add)?)))
        .collect();
    let surely = counted?
        .into_iter()
        .filter(|(add, _)| runner.is_surely_before(*add, wait));
    let added = surely.fold(0_u32, |sum, (_, number)| sum.saturating_add(number));
    let is_late = |done: &Node<'a>| runner.is_behind(*done, wait, group.home);
    let (late, served): (Vec<_>, Vec<_>) = group.of_method("Done").partition(is_late);
    let each = served
        .iter()
        .map(|done| runs_once(*done, group.home).then_some(1));
    let done = each.sum::<Option<u32>>()?;
    let name = group.name;
    (done < added).then(|| Stay {
        at: wait,
        why: match (done, late.is_empty()) {
            (0, true) => format!("nobody calls {name}.Done()"),
            (_, false) => format!("its own {name}.Done() comes only after that"),
            (1, true) => format!("{name} counts {added}, and {name}.Done() is called once"),
            _ => format!("{name} counts {added}, and {name}.Done() is called {done} times"),
        },
        always: true,
    })
}

/// The number that an `Add` counts, where it is written there.
fn number(add: Node<'_>) -> Option<u32> {
    let argument = add.field(Field::Arguments)?.child(0)?;
    let digits = Some(argument.text()).filter(|_| argument.is(Kind::IntLiteral));
    digits?.parse().ok()
}
