//! Contexts of a request that are used where they outlive it.

use super::deriving;
use crate::analysis::detached::{Detached, Means};
use crate::facts::paths;
use crate::frameworks::{Handler, Version, is_request_context};
use crate::go::cfg::{Exit, Flow, Paths, walk};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Callee, Declaration, Usage};

/// What is wrong with a use of the request's context.
#[derive(Clone, Copy, Debug)]
pub enum Harm<'a> {
    /// A child of it is not cancelled on every path.
    Uncancelled,
    /// It, or a child of it, is used by code that starts here and can outlive the handler.
    Outlives(Node<'a>),
}

#[derive(Clone, Debug)]
pub struct Misuse<'a> {
    pub at: Declaration<'a>,
    pub version: Version,
    /// The name of Fiber's context.
    pub context: &'a str,
    /// `c.Context()` or the like.
    pub parent: Node<'a>,
    /// The call that derives from it.
    pub derived: Option<Node<'a>>,
    /// What a repair replaces: the parent, or the local name that holds it.
    pub replaced: Node<'a>,
    /// The local name that holds the parent and would hold another context after the repair.
    alias: Option<BindingId>,
    pub harm: Harm<'a>,
}

/// Every such use in a handler.
pub fn misuses<'a>(handler: &Handler<'a>) -> Vec<Misuse<'a>> {
    let (at, function) = (handler.declaration, handler.function);
    let context = handler
        .context
        .filter(|context| is_request_context(&at.type_of_binding(*context)));
    let Some(context) = context else {
        return Vec::new();
    };
    let mentions: Vec<Node<'a>> = at
        .scopes()
        .uses(context, at.tree())
        .filter(|mention| request_parent(handler, *mention).is_some() || is_argument(*mention))
        .collect();
    if mentions.is_empty() {
        return Vec::new();
    }
    let watch = Watch {
        handler,
        starts: Detached::all_in(at, function),
    };
    let mut found = Vec::new();
    for mention in mentions {
        // What such code asks of the context itself is another rule's business.
        if !watch.starts.iter().any(|start| start.holds(mention)) {
            watch.look_at(mention, &mut found);
        }
    }
    found
}

fn is_argument(node: Node<'_>) -> bool {
    node.parent().is_some_and(|parent| parent.is(Kind::ArgumentList))
}

/// `c.Context()` of v1 and v2 and `c.RequestCtx()` of v3: fasthttp's context.
fn request_parent<'a>(handler: &Handler<'a>, mention: Node<'a>) -> Option<Node<'a>> {
    let selector = mention
        .parent()
        .filter(|parent| parent.is(Kind::SelectorExpression) && mention.role() == Field::Operand)?;
    let wanted = match handler.version {
        Version::V3 => "RequestCtx",
        _ => "Context",
    };
    let call = selector.parent().filter(|call| call.is(Kind::CallExpression))?;
    (selector.field(Field::Field)?.text() == wanted && selector.role() == Field::Function).then_some(call)
}

/// A handler with the code that it starts.
struct Watch<'a, 'h> {
    handler: &'h Handler<'a>,
    starts: Vec<Detached<'a>>,
}

impl<'a> Watch<'a, '_> {
    fn look_at(&self, mention: Node<'a>, found: &mut Vec<Misuse<'a>>) {
        match request_parent(self.handler, mention) {
            Some(parent) => {
                found.extend(self.misuse(parent, parent, None, true));
                if let Some(alias) = self.alias_of(parent) {
                    found.extend(self.of_alias(parent, alias));
                }
            }
            // A child of v3's own context costs no goroutine.
            None if self.handler.version == Version::V3 && deriving(self.at(), mention).is_some() => {
                found.extend(self.misuse(mention, mention, None, false));
            }
            None => {}
        }
    }

    fn at(&self) -> Declaration<'a> {
        self.handler.declaration
    }

    /// The misuse that `value`, which is the parent or a name that holds it, is part of.
    fn misuse(
        &self,
        parent: Node<'a>,
        value: Node<'a>,
        alias: Option<BindingId>,
        costs_goroutine: bool,
    ) -> Option<Misuse<'a>> {
        let derived = deriving(self.at(), value);
        let harm = match derived {
            Some(call) => self.harm_of_child(call, costs_goroutine)?,
            None => Harm::Outlives(self.start_given(value)?.start),
        };
        Some(Misuse {
            at: self.at(),
            version: self.handler.version,
            context: self.handler.context_name().unwrap_or("c"),
            parent,
            derived,
            replaced: value,
            alias,
            harm,
        })
    }

    /// The start of code that is handed `value` as an argument.
    fn start_given(&self, value: Node<'a>) -> Option<&Detached<'a>> {
        let direct = is_argument(value);
        let given = |start: &&Detached<'a>| start.is_given(value) && direct;
        self.starts.iter().find(given).filter(|start| self.is_left(start))
    }

    /// Whether the code can outlive fasthttp's context. A stream is written before that is recycled.
    fn is_left(&self, start: &Detached<'a>) -> bool {
        start.means != Means::Stream && !start.is_awaited(self.at(), self.handler.function)
    }

    /// The code that is started and left with the name `binding`.
    fn start_using(&self, binding: BindingId) -> Option<Node<'a>> {
        let at = self.at();
        let declared = at.tree().node(at.scopes().get(binding).declared);
        let uses: Vec<_> = at.scopes().uses(binding, at.tree()).collect();
        let uses_it = |start: &&Detached<'a>| {
            let used = |name: &Node<'a>| start.holds(*name) || start.is_given(*name);
            !start.holds(declared) && uses.iter().any(used)
        };
        let start = self
            .starts
            .iter()
            .filter(uses_it)
            .find(|start| self.is_left(start));
        start.map(|start| start.start)
    }

    fn harm_of_child(&self, call: Node<'a>, costs_goroutine: bool) -> Option<Harm<'a>> {
        let at = self.at();
        let names = call.parent().and_then(Node::parent)?.field(Field::Left)?;
        let child = names.child(0).and_then(|name| at.scopes().binding_of(name));
        if let Some(start) = child.and_then(|child| self.start_using(child)) {
            return Some(Harm::Outlives(start));
        }
        let cancel = names.child(1)?;
        let is_lost = cancel.text() == "_" || is_missed(at, call, at.scopes().binding_of(cancel)?);
        (costs_goroutine && is_lost).then_some(Harm::Uncancelled)
    }

    /// The local name that holds the parent and nothing else.
    fn alias_of(&self, parent: Node<'a>) -> Option<BindingId> {
        let list = parent.parent().filter(|list| list.is(Kind::ExpressionList))?;
        let statement = list.parent().filter(|node| node.is(Kind::ShortVarDeclaration))?;
        let names = statement.field(Field::Left)?;
        let only = names.children().count() == 1 && list.children().count() == 1;
        only.then(|| self.at().scopes().binding_of(names.child(0)?))?
    }

    fn of_alias(&self, parent: Node<'a>, alias: BindingId) -> Vec<Misuse<'a>> {
        let at = self.at();
        let mut found = Vec::new();
        let uses: Vec<_> = at.scopes().uses(alias, at.tree()).collect();
        // Where nothing else would use the name, it is what has to hold another context.
        let only_derives = uses.iter().all(|name| deriving(at, *name).is_some());
        for name in uses.iter().filter(|name| deriving(at, **name).is_some()) {
            if self.starts.iter().any(|start| start.holds(*name)) {
                continue;
            }
            let misuse = self.misuse(parent, *name, None, true);
            found.extend(misuse.map(|misuse| Misuse {
                replaced: if only_derives { parent } else { *name },
                ..misuse
            }));
        }
        if let Some(start) = self.start_using(alias) {
            found.push(Misuse {
                at,
                version: self.handler.version,
                context: self.handler.context_name().unwrap_or("c"),
                parent,
                derived: None,
                replaced: parent,
                alias: Some(alias),
                harm: Harm::Outlives(start),
            });
        }
        found
    }
}

impl<'a> Misuse<'a> {
    /// Where people see it.
    pub fn place(&self) -> Node<'a> {
        self.derived.unwrap_or(self.replaced)
    }

    /// Whether any context fits where this one stands: what is called there takes no fasthttp type.
    pub fn takes_any_context(&self) -> bool {
        if self.derived.is_some() {
            return true;
        }
        match self.alias {
            None => self.fits(self.replaced),
            Some(alias) => {
                let mut uses = self.at.scopes().uses(alias, self.at.tree());
                uses.all(|name| self.at.usage(name) == Usage::Read && self.fits(name))
            }
        }
    }

    /// Whether the value is an argument of a function that takes a `context.Context`, or only asked as one.
    fn fits(&self, value: Node<'a>) -> bool {
        let Some(parent) = value.parent() else {
            return false;
        };
        match parent.kind() {
            Kind::SelectorExpression => {
                let name = parent.field(Field::Field).map_or("", Node::text);
                matches!(name, "Done" | "Err" | "Deadline" | "Value")
            }
            Kind::ArgumentList => {
                let position = parent.children().position(|argument| argument == value);
                let call = parent.parent().filter(|call| call.is(Kind::CallExpression));
                matches!((call, position), (Some(call), Some(position)) if self.takes_context(call, position))
            }
            _ => false,
        }
    }

    fn takes_context(&self, call: Node<'a>, position: usize) -> bool {
        match self.at.callee(call) {
            Callee::External { path, .. } => {
                !path.starts_with(paths::VALYALA) && !path.starts_with(paths::GOFIBER)
            }
            Callee::Package(callee) => parameter_is_context(callee, callee.function(), position),
            Callee::Literal(index) => {
                parameter_is_context(self.at, Some(self.at.tree().node(index)), position)
            }
            _ => false,
        }
    }
}

fn parameter_is_context(at: Declaration<'_>, function: Option<Node<'_>>, position: usize) -> bool {
    let parameters = function.and_then(|function| function.field(Field::Parameters));
    let declared = parameters
        .into_iter()
        .flat_map(Node::children)
        .flat_map(|declared| {
            let names = declared.fields(Field::Name).count().max(1);
            std::iter::repeat_n(declared, names)
        });
    let of = { declared }
        .nth(position)
        .and_then(|declared| declared.field(Field::Type));
    of.is_some_and(|of| {
        let of = at.type_meant(of);
        of.is(paths::CONTEXT, "Context") && !is_request_context(&of)
    })
}

/// Whether some path from `call` leaves the function without a mention of `cancel`.
fn is_missed<'a>(at: Declaration<'a>, call: Node<'a>, cancel: BindingId) -> bool {
    let mentions: Vec<Node<'a>> = at.scopes().uses(cancel, at.tree()).collect();
    let Some(function) = call.enclosing_function() else {
        return false;
    };
    let Some(cfg) = at.control_flow(function) else {
        return false;
    };
    let mut search = Search {
        mentions,
        is_missed: false,
    };
    if let Some(point) = cfg.point_of(call) {
        walk(&cfg, point.after(), (), &mut search);
    }
    search.is_missed
}

struct Search<'a> {
    mentions: Vec<Node<'a>>,
    is_missed: bool,
}

impl<'a> Paths<'a> for Search<'a> {
    type State = ();

    fn visit(&mut self, node: Node<'a>, _state: &mut ()) -> Flow {
        match self.mentions.iter().any(|mention| node.contains(*mention)) {
            true => Flow::Stop,
            false => Flow::Continue,
        }
    }

    fn leave(&mut self, exit: Exit<'a>, _state: &()) {
        self.is_missed |= !matches!(exit, Exit::NoReturn(_));
    }
}
