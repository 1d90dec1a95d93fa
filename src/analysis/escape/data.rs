//! Plain values: what stays right after a release, and after the end of the context that it was fetched under.

use std::collections::HashSet;

use crate::analysis::nodes::targets;
use crate::go::syntax::{Kind, Node};
use crate::go::{Declaration, Package, Type};

/// Methods of values that live: a number may stand for an open file.
const ENDING: [&str; 5] = ["Close", "Stop", "Next", "Read", "Recv"];

/// Whether values of this type are plain data. Types that are not known are not, nor are those of other packages but a
/// few, nor is anything that could hold a function, a channel or a value behind an interface.
pub(super) fn is_data(at: Declaration<'_>, of: &Type) -> bool {
    Seen {
        at,
        types: HashSet::new(),
    }
    .holds_values(of)
}

/// Whether the only value of a call whose type is not known gets a name that is returned where an error is: then it
/// is one.
pub(super) fn is_used_as_error(at: Declaration<'_>, call: Node<'_>) -> bool {
    let statement = call.parent().and_then(Node::parent);
    let mut names = statement.into_iter().flat_map(targets);
    let (Some(name), None) = (names.next(), names.next()) else {
        return false;
    };
    let Some(binding) = at.scopes().binding_of(name) else {
        return false;
    };
    let mut uses = at.scopes().uses(binding, at.tree());
    uses.any(|usage| is_returned_as_error(at, usage))
}

fn is_returned_as_error(at: Declaration<'_>, value: Node<'_>) -> bool {
    let list = value.parent().filter(|list| list.is(Kind::ExpressionList));
    let returns = |list: &Node<'_>| {
        list.parent()
            .is_some_and(|around| around.is(Kind::ReturnStatement))
    };
    let (Some(list), Some(function)) = (list.filter(returns), value.enclosing_function()) else {
        return false;
    };
    let position = list.children().position(|child| child == value);
    let results = at.results_of(function);
    position.is_some_and(|position| results.get(position).is_some_and(Type::is_error))
}

/// The declared types under way: one that holds itself holds nothing new.
struct Seen<'a> {
    at: Declaration<'a>,
    types: HashSet<String>,
}

impl Seen<'_> {
    fn holds_values(&mut self, of: &Type) -> bool {
        match of {
            Type::Basic(_) => true,
            Type::Slice(inner) | Type::Pointer(inner) => self.holds_values(inner),
            Type::Array(array) => self.holds_values(&array.element),
            Type::Map(key, value) => self.holds_values(key) && self.holds_values(value),
            Type::Tuple(types) => types.iter().all(|of| self.holds_values(of)),
            Type::Struct(fields) => fields.iter().all(|field| self.holds_values(&field.of)),
            Type::Named {
                path,
                name,
                arguments,
            } => {
                let known = self.at.facts().is_data(path, name);
                let is_own = |package: &Package| {
                    package.is_own && !ENDING.iter().any(|end| package.has_method(name, end))
                };
                let may_ask = arguments.is_empty() && self.at.package_at(path).is_some_and(is_own);
                known || (may_ask && self.declared(&format!("{path}.{name}"), of))
            }
            Type::Local(local) => self.declared(&format!("{}.{}#{}", local.path, local.name, local.spec), of),
            _ => false,
        }
    }

    fn declared(&mut self, name: &str, of: &Type) -> bool {
        if !self.types.insert(name.to_owned()) {
            return true;
        }
        let beneath = self.at.underlying(of);
        beneath != *of && self.holds_values(&beneath)
    }
}
