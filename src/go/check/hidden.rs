//! Calls that look like those of predeclared functions, and are not.

use super::complaint::{Complaint, Fault};
use crate::go::declaration::Declaration;
use crate::go::resolve::Meaning;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::types::Type;

/// Calls of what a name hides of a predeclared function whose arguments they have. In code that nobody changed that
/// may be meant; so only new ones count.
pub fn hidden(at: Declaration<'_>) -> Vec<Complaint> {
    let calls = at.tree().root().subtree();
    let calls = calls.filter(|node| node.is(Kind::CallExpression));
    calls.filter_map(|call| complaint(at, call)).collect()
}

fn complaint(at: Declaration<'_>, call: Node<'_>) -> Option<Complaint> {
    let function = call.field(Field::Function)?;
    let is_name = function.is(Kind::Identifier) && looks_predeclared(at, call, function.text());
    let is_hidden = is_name && !matches!(at.resolve(function), Meaning::Universe);
    is_hidden.then(|| Complaint {
        fault: Fault::Hidden,
        name: function.text().to_owned(),
        within: String::new(),
        place: at.place(function),
        said: format!("{} does not mean the predeclared function here", function.text()),
    })
}

fn looks_predeclared(at: Declaration<'_>, call: Node<'_>, name: &str) -> bool {
    let list = call.field(Field::Arguments);
    let first = list.and_then(|list| list.child(0));
    let shape = || first.map_or(Type::Unknown, |first| at.underlying(&at.raw_type(first)));
    match name {
        "close" => matches!(shape(), Type::Chan(_)),
        "append" | "copy" => matches!(shape(), Type::Slice(_)),
        "delete" => matches!(shape(), Type::Map(..)),
        "len" | "cap" => matches!(shape(), Type::Slice(_) | Type::Map(..) | Type::Chan(_)),
        "make" | "new" => first.is_some_and(|first| at.names_type(first)),
        "recover" => first.is_none(),
        _ => false,
    }
}
