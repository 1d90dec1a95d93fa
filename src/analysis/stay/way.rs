//! In which order the steps of a goroutine and of those around it run.

use super::model::Stay;
use crate::analysis::launch::loops_around;
use crate::go::Declaration;
use crate::go::cfg::{Cfg, Exit, Flow, Paths, walk};
use crate::go::syntax::{Field, Kind, Node};

/// The function that may stay, with its paths.
pub(super) struct Runner<'a, 'f> {
    pub at: Declaration<'a>,
    pub function: Node<'a>,
    pub flow: &'f Cfg<'a>,
}

impl<'a> Runner<'a, '_> {
    /// Whether `node` runs in a call of this function, now or when it ends.
    pub fn runs(&self, node: Node<'a>) -> bool {
        runner_of(node) == Some(self.function)
    }

    /// Whether `node` can only run once `stay` is over: in the same call, and each value of the names that `home`
    /// declares sees one such call.
    pub fn is_behind(&self, node: Node<'a>, stay: Node<'a>, home: Node<'a>) -> bool {
        if !self.runs(node) || !runs_once(self.function, home) {
            return false;
        }
        let before = |from: Node<'a>| {
            let point = self.flow.point_of(from);
            point.is_none_or(|point| {
                self.flow
                    .reaches(point.after(), |step| holds(step, stay), |_| false)
            })
        };
        is_deferred(node) || !before(node)
    }

    /// Whether `earlier` has run wherever `later`, a part of this function, does.
    pub fn is_surely_before(&self, earlier: Node<'a>, later: Node<'a>) -> bool {
        let mut later = later;
        while let Some(function) = later.enclosing_function() {
            if earlier.enclosing_function() == Some(function) {
                let flow = self.at.control_flow(function);
                return !is_deferred(earlier) && flow.is_some_and(|flow| dominates(&flow, earlier, later));
            }
            later = function;
        }
        false
    }
}

fn dominates<'a>(flow: &Cfg<'a>, earlier: Node<'a>, later: Node<'a>) -> bool {
    let here = |step: Node<'a>| step.contains(earlier);
    flow.point_of(earlier).is_some()
        && !flow.reaches(flow.entry(), |step| step.contains(later) && !here(step), here)
}

/// The function in whose call `node` runs: a literal that is called or deferred on the spot belongs to its caller.
pub(super) fn runner_of(node: Node<'_>) -> Option<Node<'_>> {
    let function = node.enclosing_function()?;
    let call = called_at_once(function);
    match call.filter(|call| call.parent().is_none_or(|up| !up.is(Kind::GoStatement))) {
        Some(call) => runner_of(call),
        None => Some(function),
    }
}

/// The call whose function the literal is.
fn called_at_once(literal: Node<'_>) -> Option<Node<'_>> {
    let call = literal.parent()?;
    (literal.is(Kind::FuncLiteral) && call.field(Field::Function) == Some(literal)).then_some(call)
}

/// Whether `node` runs only when the function around it ends.
pub(super) fn is_deferred(node: Node<'_>) -> bool {
    let Some(function) = runner_of(node) else {
        return false;
    };
    let mut around = node.ancestors().take_while(|up| *up != function);
    around.any(|up| up.is(Kind::DeferStatement))
}

/// Whether `node` runs at most once for each run of `home`, in which it stands.
pub(super) fn runs_once(node: Node<'_>, home: Node<'_>) -> bool {
    let jumps = |inner: Node<'_>| inner.is(Kind::GotoStatement);
    if home.descendants().any(jumps) || loops_around(node, home).next().is_some() {
        return false;
    }
    let functions = std::iter::once(node).chain(node.ancestors());
    let mut functions = functions
        .take_while(|up| *up != home)
        .filter(|up| up.is_function());
    functions.all(|function| called_at_once(function).is_some() || is_started_by_group(function))
}

/// The argument of a `Go`.
fn is_started_by_group(literal: Node<'_>) -> bool {
    let call = literal.parent().and_then(Node::parent);
    let function = call.and_then(|call| call.field(Field::Function));
    let method = function.and_then(|function| function.field(Field::Field));
    method.is_some_and(|method| method.text() == "Go")
}

/// Whether some path of the flow comes to `goal` and passes none of these places where it would stay.
pub fn is_reached_past<'a>(flow: &Cfg<'a>, stays: &[Stay<'a>], goal: Node<'a>) -> bool {
    let stops = |step: Node<'a>| stays.iter().any(|stay| stay.always && holds(step, stay.at));
    flow.reaches(flow.entry(), |step| step.contains(goal) && !stops(step), stops)
}

/// Whether some path from behind `from` ends, and passes none of these places where it would stay.
pub fn ends_past<'a>(flow: &Cfg<'a>, stays: &[Stay<'a>], from: Node<'a>) -> bool {
    struct Ends<'a, 's>(&'s [Stay<'a>], bool);
    impl<'a> Paths<'a> for Ends<'a, '_> {
        type State = ();

        fn visit(&mut self, node: Node<'a>, _state: &mut ()) -> Flow {
            let mut always = self.0.iter().filter(|stay| stay.always);
            match always.any(|stay| holds(node, stay.at)) {
                true => Flow::Stop,
                false => Flow::Continue,
            }
        }

        fn leave(&mut self, exit: Exit<'a>, _state: &()) {
            self.1 |= !matches!(exit, Exit::NoReturn(node) if node.is(Kind::SelectStatement));
        }
    }
    let mut ends = Ends(stays, false);
    if let Some(point) = flow.point_of(from) {
        walk(flow, point.after(), (), &mut ends);
    }
    ends.1
}

/// Whether the step runs what stands at `place`; a range waits where its loop evaluates it.
fn holds(step: Node<'_>, place: Node<'_>) -> bool {
    let ranged = place.field(Field::Right).filter(|_| place.is(Kind::RangeClause));
    let place = ranged.unwrap_or(place);
    step.contains(place) && step.enclosing_function() == place.enclosing_function()
}
