//! Getters in other packages of the module: what they lend is copied where they are called.

use std::collections::HashMap;

use super::super::accessor::{self, Access, Gives, Shape, contexts_in};
use super::super::setting::Settings;
use super::Tracer;
use crate::analysis::owner::Frame;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, DeclId, Declaration};
use crate::limits;

/// What the functions give that were asked before; nothing yet for those under way, so that cycles end.
type Known<'a> = HashMap<(&'a str, DeclId), Option<Shape>>;

/// The call to which the context `mention` is handed, where that gives one string of the request.
pub(super) fn access<'a>(at: Declaration<'a>, mention: Node<'a>, settings: Settings) -> Option<Access<'a>> {
    asked(at, mention, settings, &mut Known::new())
}

fn asked<'a>(
    at: Declaration<'a>,
    mention: Node<'a>,
    settings: Settings,
    known: &mut Known<'a>,
) -> Option<Access<'a>> {
    let list = mention.parent().filter(|list| list.is(Kind::ArgumentList))?;
    let call = list.parent().filter(|call| call.is(Kind::CallExpression))?;
    let Callee::Package(callee) = at.callee(call) else {
        return None;
    };
    // Beside the handler the way back from a getter is followed as it is.
    let is_far = !std::ptr::eq(callee.package, at.package) && callee.is_sound();
    let function = callee.function().filter(|_| is_far)?;
    let key = (&*callee.package.path, callee.id);
    let shape = match known.get(&key) {
        Some(shape) => *shape,
        None => {
            known.insert(key, None);
            let lent = || lent_by(callee, function, settings, known);
            let shape = limits::inside(&callee.file().path, lent).flatten();
            known.insert(key, shape);
            shape
        }
    }?;
    Some(Access {
        gives: Gives::Lent(shape),
        node: call,
        name: call.field(Field::Function)?.text().to_owned(),
        arguments: Vec::new(),
        is_late: false,
    })
}

/// What the only result of a function has of the request's memory.
fn lent_by<'a>(
    at: Declaration<'a>,
    function: Node<'a>,
    settings: Settings,
    known: &mut Known<'a>,
) -> Option<Shape> {
    (at.results_of(function).len() == 1).then_some(())?;
    let mut tracer = Tracer::new();
    let frame = Frame {
        at,
        function,
        receiver: None,
    };
    for mention in contexts_in(at, function) {
        let access = accessor::access(at, mention, settings);
        if let Some(access) = access.or_else(|| asked(at, mention, settings, known)) {
            tracer.begin(frame, &access);
        }
    }
    while let Some(carrier) = tracer.open.pop() {
        tracer.follow_mentions(&carrier);
    }
    let shapes = tracer.given.iter().map(|(_, shape)| *shape);
    let [shape] = shapes
        .collect::<std::collections::HashSet<_>>()
        .into_iter()
        .collect::<Vec<_>>()[..]
    else {
        return None;
    };
    (shape != Shape::Group).then_some(shape)
}
