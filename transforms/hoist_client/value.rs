//! What an argument is, and from when on that is known.

use super::definition::local_definition;
use crate::edit::comments_above;
use crate::go::syntax::Node;
use crate::go::{BindingId, Declaration};

/// From when on a value is known, and how surely it stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Known {
    /// When the package's `init` functions run.
    Init,
    /// Once the program is set up.
    Running,
    /// Most likely then: a function is asked whose body is not at hand.
    Guess,
}

/// What an argument is.
#[derive(Clone, Debug)]
pub struct Value<'a> {
    pub known: Known,
    /// The text of a constant string.
    pub constant: Option<String>,
    /// What the value is made of, local names replaced by their definitions: equal values have equal keys.
    pub key: String,
    /// Local names that have to move along, in source order.
    pub locals: Vec<BindingId>,
    /// Those of them that are built in steps, and the statements behind their definition that build them.
    pub built: Vec<(BindingId, Vec<Node<'a>>)>,
    /// The package-level declarations it mentions.
    pub names: Vec<Declaration<'a>>,
    /// Whether it mentions an import.
    pub qualified: bool,
}

impl Value<'_> {
    pub fn of(known: Known, key: impl Into<String>) -> Self {
        Value {
            known,
            constant: None,
            key: key.into(),
            locals: Vec::new(),
            built: Vec::new(),
            names: Vec::new(),
            qualified: false,
        }
    }

    pub fn constant(text: String) -> Self {
        Value {
            key: format!("{text:?}"),
            constant: Some(text),
            ..Value::of(Known::Init, "")
        }
    }

    pub fn at_least(mut self, known: Known) -> Self {
        self.known = self.known.max(known);
        self
    }
}

impl<'a> Value<'a> {
    /// Several values as one, written as `form`.
    pub fn joined(form: &str, parts: impl IntoIterator<Item = Value<'a>>) -> Self {
        let mut whole = Value::of(Known::Init, "");
        let mut keys = Vec::new();
        for part in parts {
            whole.known = whole.known.max(part.known);
            whole.locals.extend(part.locals);
            for built in part.built {
                if !whole.built.contains(&built) {
                    whole.built.push(built);
                }
            }
            whole.names.extend(part.names);
            whole.qualified |= part.qualified;
            keys.push(part.key);
        }
        whole.locals.sort();
        whole.locals.dedup();
        whole.key = format!("{form}({})", keys.join(","));
        whole
    }

    /// What a helper without parameters opens, whatever it does for that.
    pub fn of_helper(known: Known, at: Declaration<'a>) -> Self {
        Value::of(known, format!("helper {}.{}", at.package.path, at.title()))
    }

    /// The statements that have to move along, in source order.
    pub fn moving(&self, at: Declaration<'a>) -> Vec<Node<'a>> {
        let definitions = self.locals.iter().filter_map(|id| local_definition(at, *id));
        let steps = self.built.iter().flat_map(|(_, steps)| steps.iter().copied());
        let mut moving: Vec<Node<'a>> = definitions.map(|(statement, _)| statement).chain(steps).collect();
        moving.sort_by_key(|statement| statement.index());
        moving.dedup();
        moving
    }

    /// The same with the comments above them.
    pub fn moving_with_comments(&self, at: Declaration<'a>) -> Vec<Node<'a>> {
        let moving = self.moving(at);
        let lines = |statement: &Node<'a>| {
            let comments = comments_above(*statement, &|node| moving.contains(&node)).into_iter();
            comments.chain([*statement]).collect::<Vec<_>>()
        };
        moving.iter().flat_map(lines).collect()
    }

    pub fn naming(mut self, declaration: Declaration<'a>) -> Self {
        self.names.push(declaration);
        self
    }
}
