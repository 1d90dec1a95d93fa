//! Condition variables that nobody signals.

use super::model::Stay;
use super::object::Object;
use super::way::Runner;
use crate::facts::paths;
use crate::go::syntax::Node;

/// `cond.Wait()` of a condition that nobody signals.
pub(super) fn stay<'a>(runner: &Runner<'a, '_>, wait: Node<'a>) -> Option<Stay<'a>> {
    let cond = Object::of(runner.at, wait, paths::SYNC, &["Cond"])?;
    let wakes = |call: Node<'a>| !runner.is_behind(call, wait, cond.home);
    let mut signals = cond.of_method("Signal").chain(cond.of_method("Broadcast"));
    (!signals.any(wakes)).then(|| Stay {
        at: wait,
        why: format!("nobody signals {}", cond.name),
        always: true,
    })
}
