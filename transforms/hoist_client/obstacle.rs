//! Why a value is not known to be the same for every request, as refusals that name the obstacle.

use crate::go::syntax::Node;
use crate::transform::{Reason, Refusal};

pub fn from_request() -> Refusal {
    Refusal::new(
        Reason::RequestDependent,
        "what it is opened with depends on the request: keep a map with one for each, or close this one before returning",
    )
}

pub fn manifold(name: &str) -> Refusal {
    Refusal::new(
        Reason::NeedsDecision,
        format!(
            "`{name}` gets its value in more than one step: give it one definition, or open the pool once where the program is set up"
        ),
    )
}

pub fn obscure(node: Node<'_>) -> Refusal {
    Refusal::new(
        Reason::NeedsDecision,
        format!(
            "it is not clear that `{}` is the same for every request: open the pool once where the program is set up",
            first_line(node)
        ),
    )
}

pub fn captured(name: Node<'_>) -> Refusal {
    Refusal::new(
        Reason::RequestDependent,
        format!(
            "a function in it uses `{}`, which each call has of its own: release it before returning",
            name.text()
        ),
    )
}

pub fn unresolved(node: Node<'_>) -> Refusal {
    Refusal::new(
        Reason::TypeUnknown,
        format!(
            "what `{}` means cannot be seen from this package",
            first_line(node)
        ),
    )
}

pub fn temporary(node: Node<'_>) -> Refusal {
    Refusal::new(
        Reason::NeedsDecision,
        format!(
            "`{}` is a temporary place, so this database is not meant to last: close the pool before returning",
            first_line(node)
        ),
    )
}

fn first_line(node: Node<'_>) -> &str {
    node.text().lines().next().unwrap_or("")
}
