//! How long a handler waits by what its code says.

use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Declaration, Meaning};

/// Milliseconds that are longer than every wait with a limit that the handler makes; two seconds where one of them is
/// not known.
pub fn beyond(limits: &[(Declaration<'_>, Node<'_>)]) -> u64 {
    let mut longest = 50;
    for (at, limit) in limits {
        match duration(*at, *limit, 4) {
            Some(known) => longest = longest.max(known),
            None => longest = longest.max(1000),
        }
    }
    2 * longest + 50
}

/// A constant duration in milliseconds.
pub(super) fn duration(at: Declaration<'_>, node: Node<'_>, depth: u32) -> Option<u64> {
    let node = node.unparenthesized();
    let depth = depth.checked_sub(1)?;
    match node.kind() {
        Kind::IntLiteral => node.text().parse().ok(),
        Kind::SelectorExpression => match node.text() {
            "time.Millisecond" => Some(1),
            "time.Second" => Some(1000),
            "time.Minute" => Some(60_000),
            _ => None,
        },
        Kind::BinaryExpression if node.operator() == Some(Kind::Star) => {
            let side = |field| duration(at, node.field(field)?, depth);
            Some(side(Field::Left)? * side(Field::Right)?)
        }
        Kind::Identifier => {
            let Meaning::Package(constant) = at.resolve(node) else {
                return None;
            };
            let mut specs = constant
                .tree()
                .root()
                .subtree()
                .filter(|node| node.is(Kind::ConstSpec));
            let spec = specs.find(|spec| spec.fields(Field::Name).any(|name| name.text() == node.text()))?;
            duration(constant, spec.field(Field::Value)?.child(0)?, depth)
        }
        _ => None,
    }
}
