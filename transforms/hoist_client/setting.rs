//! Calls that set a client up for everyone who has it: `client.SetBaseURL(address)`. On a client of its own a
//! request may make them with what it knows; on a shared one they reach all other requests.

use crate::analysis::Acquisition;
use crate::go::Declaration;
use crate::go::Type;
use crate::go::syntax::{Field, Kind, Node};
use crate::transform::{Reason, Refusal};

/// How the names of such methods begin, in all libraries of the table.
const VERBS: [&str; 8] = [
    "Add", "Disable", "Enable", "On", "Register", "Remove", "Set", "Use",
];

/// Whether a method call changes what it is called on: it is named so, and gives nothing back, or what it was called
/// on. `SetNX` of a Redis client is a command and gives its result; where the types are unknown it counts as well.
pub fn is_setting(at: Declaration<'_>, call: Node<'_>) -> bool {
    let Some(selector) = call.field(Field::Function) else {
        return false;
    };
    let (Some(operand), Some(method)) = (selector.field(Field::Operand), selector.field(Field::Field)) else {
        return false;
    };
    is_named_so(method.text())
        && match at.type_of(call) {
            Type::Unknown => true,
            Type::Tuple(results) => results.is_empty(),
            given => given == at.type_of(operand),
        }
}

/// `SetTimeout` or `Use`, and neither `Set`, which stores a value, nor `Settle`.
fn is_named_so(method: &str) -> bool {
    let rests = VERBS.iter().filter_map(|verb| method.strip_prefix(verb));
    let mut rests = rests.map(|rest| rest.starts_with(char::is_uppercase));
    method == "Use" || rests.any(|is_word| is_word)
}

/// Whether a call in the function that opens it, or on the package variable that holds it, sets it up.
pub fn is_set_up(opening: &Acquisition<'_>, variable: Option<&str>) -> bool {
    let at = opening.at;
    let of = at.type_of(opening.call);
    let calls = { opening.function.descendants() }.filter(|node| node.is(Kind::CallExpression));
    let is_meant = |call: Node<'_>| {
        let operand = call
            .field(Field::Function)
            .and_then(|function| function.field(Field::Operand));
        operand.is_some_and(|operand| at.type_of(operand) == of) && is_setting(at, call)
    };
    let mentions = variable.map_or_else(Vec::new, |name| at.package.mentions(name));
    let mut set = mentions
        .iter()
        .filter_map(|(at, node)| Some((*at, node.parent()?.parent()?)));
    calls.into_iter().any(is_meant)
        || set.any(|(at, call)| call.is(Kind::CallExpression) && is_setting(at, call))
}

/// Refuses where the client is set up in the expression that opens it: `resty.New().SetTimeout(d)`.
pub fn check_chain(opening: &Acquisition<'_>) -> Result<(), Refusal> {
    let selector = opening.call.parent();
    let call = selector
        .filter(|selector| selector.field(Field::Operand) == Some(opening.call))
        .and_then(Node::parent)
        .filter(|call| call.is(Kind::CallExpression) && call.field(Field::Function) == selector);
    match call.filter(|call| is_setting(opening.at, *call) && !opening.resource.limits) {
        Some(call) => Err(set_for_all(call)),
        None => Ok(()),
    }
}

pub fn set_for_all(call: Node<'_>) -> Refusal {
    let function = call.field(Field::Function);
    let method = function
        .and_then(|function| function.field(Field::Field))
        .map_or("", Node::text);
    Refusal::new(
        Reason::NeedsDecision,
        format!(
            "`{method}` would set it up for every request that shares it: make one for each configuration when the program starts, and set what differs between requests on the request"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::is_named_so;

    #[test]
    fn setting_up_is_told_by_whole_words() {
        for setting in ["SetTimeout", "AddHook", "OnBeforeRequest", "Use", "DisableWarn"] {
            assert!(is_named_so(setting), "{setting}");
        }
        for other in ["Set", "Settle", "Get", "R", "Used", "Online", "Address", "User"] {
            assert!(!is_named_so(other), "{other}");
        }
    }
}
