//! What one function does with the pool it holds: which mentions only work with it, which statements close or
//! limit it, and whether anybody else has it afterwards.

use super::beneath::{self, Fate};
use super::closers::{Closer, Closers, may_be_closed_by, may_release_another, releases_beneath};
use super::dismissal;
use super::reader::Reader;
use super::removable::removable_close;
use super::setting::{is_setting, set_for_all};
use super::value::{Known, Value};
use crate::analysis::{
    Acquirers, Acquisition, Effect, Handle, Keep, Lifetime, Mention, Resource, literal_of,
};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Declaration, Usage};
use crate::transform::{Reason, Refusal};

/// A statement that sets a limit of the pool: `db.SetMaxOpenConns(10)`.
#[derive(Clone, Debug)]
pub struct Limit<'a> {
    pub statement: Node<'a>,
    pub call: Node<'a>,
    pub value: Value<'a>,
}

/// The mentions of a pool in the function that opened it, or that got it from a helper.
#[derive(Clone, Debug, Default)]
pub struct Uses<'a> {
    /// Names that stay.
    pub plain: Vec<Node<'a>>,
    /// Whole statements that close it.
    pub closes: Vec<Node<'a>>,
    pub limits: Vec<Limit<'a>>,
    /// Names in return statements.
    pub returned: Vec<Node<'a>>,
    /// A function that gets it and whose body cannot be seen.
    pub unseen: Option<&'a str>,
    /// Whether every path closes it.
    pub is_closed: bool,
}

impl<'a> Uses<'a> {
    /// The uses of an acquired pool in a local name, or what keeps people from sharing it.
    pub fn of(
        scene: &Scene<'a, '_>,
        acquisition: &Acquisition<'a>,
        lifetime: &Lifetime<'a>,
    ) -> Result<Uses<'a>, Refusal> {
        let Handle::Local(handle) = acquisition.handle else {
            return Err(elsewhere());
        };
        if !is_given_once(acquisition, handle) {
            return Err(reassigned(&acquisition.at.scopes().get(handle).name));
        }
        let sorter = Sorter {
            at: acquisition.at,
            acquisition,
            mentions: &lifetime.mentions,
            scene,
        };
        let mut uses = Uses {
            is_closed: is_closed(lifetime),
            ..Uses::default()
        };
        for node in acquisition.at.scopes().uses(handle, acquisition.at.tree()) {
            sorter.sort(node, &mut uses)?;
        }
        sorter.check_closes(&uses)?;
        sorter.check_beneath(handle)?;
        Ok(uses)
    }
}

/// What is asked about the module around an opening.
#[derive(Clone, Copy)]
pub struct Scene<'a, 's> {
    pub acquirers: &'s Acquirers<'a>,
    pub closers: &'s Closers,
    /// The function that opens.
    pub opener: Declaration<'a>,
}

impl Scene<'_, '_> {
    pub fn closer(&self, resource: &Resource) -> Closer {
        self.closers.of(self.acquirers, self.opener, resource)
    }

    /// Refuses a client that gets out of sight where others in the module set fields of one.
    pub fn check_unchanged(&self, resource: &Resource) -> Result<(), Refusal> {
        match self.closers.changer(self.acquirers, self.opener, resource) {
            None => Ok(()),
            Some(who) => Err(Refusal::new(
                Reason::Escapes,
                format!(
                    "{who} sets a field of one, which on a shared one would reach all requests: set it where it is made, then share it"
                ),
            )),
        }
    }
}

/// Whether every path closes the pool, and nobody else has it.
pub fn is_closed(lifetime: &Lifetime<'_>) -> bool {
    let goes = |effect| {
        matches!(
            effect,
            Effect::Keep(_) | Effect::Conditional { .. } | Effect::Unknown
        )
    };
    lifetime.losses.is_empty() && !lifetime.mentions.iter().any(|mention| goes(mention.effect))
}

struct Sorter<'a, 's> {
    at: Declaration<'a>,
    acquisition: &'s Acquisition<'a>,
    mentions: &'s [Mention<'a>],
    scene: &'s Scene<'a, 's>,
}

impl<'a> Sorter<'a, '_> {
    /// The pool goes where others have it, which does no harm where none of them closes it.
    fn kept(&self, node: Node<'a>, how: &str, uses: &mut Uses<'a>) -> Result<(), Refusal> {
        if may_release_another(self.at, node, self.acquisition.resource) {
            return Err(escapes(
                node,
                &format!("{how}, and this function closes one such value"),
            ));
        }
        self.scene.check_unchanged(self.acquisition.resource)?;
        match self.scene.closer(self.acquisition.resource) {
            Closer::Somebody(who) => return Err(escapes(node, &format!("{how}, and {who} closes one"))),
            Closer::Perhaps(_) => {
                uses.unseen.get_or_insert("Close");
            }
            Closer::Nobody => {}
        }
        uses.plain.push(node);
        Ok(())
    }

    fn sort(&self, node: Node<'a>, uses: &mut Uses<'a>) -> Result<(), Refusal> {
        match self.at.usage(node) {
            Usage::Write | Usage::Update => return Ok(()),
            Usage::Address => return Err(escapes(node, "its address is taken")),
            Usage::FieldKey => return Ok(()),
            Usage::Read => {}
        }
        let parent = node.parent().ok_or_else(elsewhere)?;
        match parent.kind() {
            Kind::SelectorExpression => self.selected(node, parent, uses),
            Kind::BinaryExpression => {
                uses.plain.push(node);
                Ok(())
            }
            Kind::ArgumentList => self.argument(node, parent, uses),
            Kind::ExpressionList if self.is_returned(parent) => {
                uses.returned.push(node);
                Ok(())
            }
            Kind::ExpressionList => self.kept(node, "it is stored elsewhere too", uses),
            Kind::SendStatement => self.kept(node, "it is sent over a channel", uses),
            _ => self.kept(node, "it is stored in a value that may outlive the handler", uses),
        }
    }

    fn is_returned(&self, list: Node<'a>) -> bool {
        list.enclosing_function() == Some(self.acquisition.function)
            && list
                .parent()
                .is_some_and(|parent| parent.is(Kind::ReturnStatement))
    }

    /// `db.Method`
    fn selected(&self, node: Node<'a>, selector: Node<'a>, uses: &mut Uses<'a>) -> Result<(), Refusal> {
        let method = selector.field(Field::Field).map_or("", Node::text);
        let call = selector
            .parent()
            .filter(|call| call.field(Field::Function) == Some(selector));
        let Some(call) = call else {
            return Err(escapes(node, "one of its methods is handed over as a value"));
        };
        let resource = self.acquisition.resource;
        if let Some(taking) = beneath::taken_at(node, resource) {
            self.taken_out(node, taking, uses)?;
        } else if resource.is_released_by(method) {
            let statement = removable_close(self.at, self.acquisition.function, call);
            uses.closes
                .push(statement.ok_or_else(|| closed_in_passing(call))?);
        } else if let Some(limit) = self.limit(method, call) {
            uses.limits.push(limit);
        } else if is_setting(self.at, call) && !resource.limits {
            return Err(set_for_all(call));
        } else {
            uses.plain.push(node);
        }
        Ok(())
    }

    /// `db.DB()`, which `taking` is: what lies beneath a shared client may be used and not closed.
    fn taken_out(&self, node: Node<'a>, taking: Node<'a>, uses: &mut Uses<'a>) -> Result<(), Refusal> {
        match beneath::fate(self.at, self.acquisition.function, taking) {
            Fate::Used => uses.plain.push(node),
            Fate::Closed { goes, always } => {
                if !goes.iter().any(|gone| gone.contains(node)) {
                    uses.plain.push(node);
                }
                uses.closes.extend(goes);
                uses.is_closed |= always && beneath::is_right_behind(self.acquisition, taking);
            }
            Fate::Ended => return Err(closed_beneath(node)),
            Fate::Out if releases_beneath(self.at, self.acquisition.resource) => {
                return Err(closed_beneath(node));
            }
            Fate::Out => self.kept(node, "its underlying pool is taken out", uses)?,
        }
        Ok(())
    }

    /// What lies beneath it may be closed under another name, too.
    fn check_beneath(&self, handle: BindingId) -> Result<(), Refusal> {
        let resource = self.acquisition.resource;
        let mut uses = self.at.scopes().uses(handle, self.at.tree()).peekable();
        let Some(first) = uses.peek().copied() else {
            return Ok(());
        };
        let taken: Vec<Node<'a>> = uses
            .filter_map(|node| beneath::taken_at(node, resource))
            .collect();
        match beneath::closes_otherwise(self.at, self.acquisition.function, &taken, resource) {
            true => Err(closed_beneath(first)),
            false => Ok(()),
        }
    }

    /// A limit whose value does not depend on anything local, so that it can be set where the pool is opened.
    fn limit(&self, method: &str, call: Node<'a>) -> Option<Limit<'a>> {
        let statement = call
            .parent()
            .filter(|parent| parent.is(Kind::ExpressionStatement))?;
        // In a branch, it would be set for those who do not take it.
        let is_beside = statement.parent() == self.acquisition.statement.parent();
        // A pool keeps to the last limit, whoever set it. What else is set up is the opener's matter.
        let is_own = is_beside && (self.acquisition.resource.limits || self.opens());
        let reader = Reader::new(self.at, Some(self.acquisition.function));
        let arguments = call.field(Field::Arguments)?.children();
        let values: Option<Vec<_>> = arguments.map(|argument| reader.read(argument).ok()).collect();
        let value = Value::joined(method, values?);
        let is_movable = value.known == Known::Init && value.locals.is_empty();
        (is_setting(self.at, call) && is_own && is_movable).then_some(Limit {
            statement,
            call,
            value,
        })
    }

    /// Whether the function opens it itself, and did not get it from a helper.
    fn opens(&self) -> bool {
        let Acquisition {
            at, call, resource, ..
        } = self.acquisition;
        literal_of(*call).is_some() || resource.is_acquired_by(&at.callee(*call))
    }

    fn argument(&self, node: Node<'a>, list: Node<'a>, uses: &mut Uses<'a>) -> Result<(), Refusal> {
        let call = list.parent().ok_or_else(elsewhere)?;
        let function = call.field(Field::Function);
        let name = function.map_or("", |function| {
            function.field(Field::Field).unwrap_or(function).text()
        });
        if matches!(name, "Locals" | "SetUserValue") && self.acquisition.resource.closer {
            return Err(closed_by_locals());
        }
        let resource = self.acquisition.resource;
        self.scene.check_unchanged(resource)?;
        if let Some(statement) = dismissal::removable(self.at, self.acquisition.function, call, resource) {
            uses.is_closed |=
                statement.is(Kind::DeferStatement) && beneath::is_right_behind(self.acquisition, call);
            uses.closes.push(statement);
            return Ok(());
        }
        if beneath::is_closed_by(self.at, call, resource) {
            return Err(escapes(node, &format!("`{name}` may close its underlying pool")));
        }
        let mention = self.mentions.iter().find(|mention| mention.node == node);
        match mention.map(|mention| mention.effect) {
            Some(Effect::Pass | Effect::Touch | Effect::Lent) => {}
            Some(Effect::Release) => {
                return Err(escapes(node, &format!("`{name}` closes it")));
            }
            Some(Effect::Keep(Keep::Goroutine)) => {
                return self.kept(node, "it is handed to a goroutine", uses);
            }
            Some(Effect::Keep(_)) => return self.kept(node, &format!("`{name}` keeps it"), uses),
            Some(Effect::Conditional { .. }) => {
                return Err(escapes(node, &format!("`{name}` closes it on some of its paths")));
            }
            Some(Effect::Unknown) | None if may_be_closed_by(self.at, call, node, resource) => {
                return Err(escapes(node, &format!("`{name}` may close it")));
            }
            Some(Effect::Unknown) | None => {
                uses.unseen.get_or_insert(name);
            }
        }
        uses.plain.push(node);
        Ok(())
    }

    /// Every release that is seen must be one that can be taken out.
    fn check_closes(&self, uses: &Uses<'a>) -> Result<(), Refusal> {
        let releases = self
            .mentions
            .iter()
            .filter(|mention| mention.effect == Effect::Release);
        match releases.count() <= uses.closes.len() {
            true => Ok(()),
            false => Err(Refusal::new(
                Reason::Escapes,
                "it is closed in more than one way: open one pool by hand, and drop every Close",
            )),
        }
    }
}

/// Whether the opening is all that the name ever holds: declared by it, or by a `var` without a value before it and
/// in the same turn of every loop.
pub fn is_given_once(acquisition: &Acquisition<'_>, handle: BindingId) -> bool {
    let (at, statement) = (acquisition.at, acquisition.statement);
    let tree = at.tree();
    let origin = tree.node(at.scopes().get(handle).origin);
    let mut writes = at
        .scopes()
        .uses(handle, tree)
        .filter(|node| matches!(at.usage(*node), Usage::Write | Usage::Update));
    let is_empty = origin.is(Kind::VarSpec) && origin.field(Field::Value).is_none();
    let loops = |node: Node<'_>| {
        node.ancestors()
            .filter(|node| node.is(Kind::ForStatement))
            .count()
    };
    let here = origin == statement || (is_empty && loops(origin) == loops(statement));
    here && writes.all(|node| statement.contains(node))
}

fn reassigned(name: &str) -> Refusal {
    Refusal::new(
        Reason::Reassigned,
        format!("`{name}` holds one pool after the other: give each a name of its own"),
    )
}

fn escapes(node: Node<'_>, how: &str) -> Refusal {
    let message = format!(
        "`{}` leaves this function ({how}), and whoever has it could close it: open the pool once where the program is set up",
        node.text()
    );
    Refusal::new(Reason::Escapes, message)
}

fn closed_in_passing(call: Node<'_>) -> Refusal {
    Refusal::new(
        Reason::StillRead,
        format!(
            "the result of `{}` is used, or it runs elsewhere: take it out, then share one pool",
            call.text()
        ),
    )
}

fn closed_beneath(client: Node<'_>) -> Refusal {
    Refusal::new(
        Reason::StillRead,
        format!(
            "the underlying pool of `{}` may be closed here, in a way that cannot be taken out: drop that Close, then share one pool",
            client.text().lines().next().unwrap_or("")
        ),
    )
}

fn closed_by_locals() -> Refusal {
    Refusal::new(
        Reason::ClosedByLocals,
        "fasthttp closes what Locals keeps at the end of the request, so a shared pool would not survive there: keep one in a package variable instead",
    )
}

/// The pool goes where no local name holds it.
pub fn elsewhere() -> Refusal {
    Refusal::new(
        Reason::Escapes,
        "the pool is stored where others can reach it on every request: open it once where the program is set up",
    )
}

/// The local name that holds the pool.
pub fn handle_of(acquisition: &Acquisition<'_>) -> Option<BindingId> {
    match acquisition.handle {
        Handle::Local(handle) => Some(handle),
        _ => None,
    }
}
