//! One opening of a pool that could be shared: its arguments, and every function that holds the pool.

use std::collections::HashSet;

use super::state;
use super::table::Table;
use super::uses::{self, Uses};
use super::value::{Known, Reader, Value};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{DeclId, DeclKind, Declaration};
use crate::leak::request::callers;
use crate::leak::{Acquirers, Acquisition, Handle, Lifetime};
use crate::transform::{Pass, Reason, Refusal};

/// A function that has the pool in a local name.
#[derive(Clone, Debug)]
pub struct Holder<'a> {
    pub acquisition: Acquisition<'a>,
    pub uses: Uses<'a>,
}

/// An opening that can be repaired, as far as it is known without the others of the package.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    pub opening: Acquisition<'a>,
    pub arguments: Value<'a>,
    /// What the opening function does with the pool; `None` where it returns the call's results at once.
    pub own: Option<Uses<'a>>,
    /// The functions that get the pool from a helper, helpers of the helper too.
    pub holders: Vec<Holder<'a>>,
}

impl<'a> Draft<'a> {
    pub fn of(
        pass: &Pass<'a>,
        acquirers: &Acquirers<'a>,
        opening: Acquisition<'a>,
        lifetime: Option<&Lifetime<'a>>,
    ) -> Result<Draft<'a>, Refusal> {
        let arguments = arguments(&opening)?;
        state::check(opening.at, opening.function)?;
        let own = match (opening.handle, lifetime) {
            (Handle::Local(_), Some(lifetime)) => Some(Uses::of(&opening, lifetime)?),
            (Handle::Elsewhere, _) if is_returned(opening.call) => None,
            (Handle::Discarded, _) => return Err(discarded()),
            _ => return Err(uses::elsewhere()),
        };
        let is_helper = own.as_ref().is_none_or(|uses| !uses.returned.is_empty());
        let mut helper = Helper {
            pass,
            acquirers,
            seen: HashSet::new(),
            holders: Vec::new(),
        };
        if is_helper {
            helper.visit(opening.at, opening.function)?;
        }
        let draft = Draft {
            opening,
            arguments,
            own,
            holders: helper.holders,
        };
        draft.check_is_used()?;
        Ok(draft)
    }

    pub fn is_helper(&self) -> bool {
        self.own.as_ref().is_none_or(|uses| !uses.returned.is_empty())
    }

    /// Whether nothing but seen code has the pool, and every argument is surely the same for all requests.
    pub fn is_sure(&self) -> bool {
        let own = self.own.iter();
        let all = own.chain(self.holders.iter().map(|holder| &holder.uses));
        self.arguments.known < Known::Guess && all.into_iter().all(|uses| uses.unseen.is_none())
    }

    /// The statements that close the pool and have to go, by declaration.
    pub fn closes(&self) -> impl Iterator<Item = (Declaration<'a>, Node<'a>)> {
        let own = self.own.iter().map(|uses| (self.opening.at, uses));
        let others = self
            .holders
            .iter()
            .map(|holder| (holder.acquisition.at, &holder.uses));
        own.chain(others)
            .flat_map(|(at, uses)| uses.closes.iter().map(move |close| (at, *close)))
    }

    /// A name that nothing mentions any more would not compile.
    fn check_is_used(&self) -> Result<(), Refusal> {
        let own = self.own.iter();
        let mut all = own.chain(self.holders.iter().map(|holder| &holder.uses));
        match all.all(|uses| !uses.plain.is_empty() || !uses.returned.is_empty()) {
            true => Ok(()),
            false => Err(Refusal::new(
                Reason::NeedsDecision,
                "the pool is opened and closed, and nothing queries it: delete it, or ping one shared pool",
            )),
        }
    }
}

fn arguments<'a>(opening: &Acquisition<'a>) -> Result<Value<'a>, Refusal> {
    let reader = Reader::new(opening.at, Some(opening.function));
    let nodes = opening
        .call
        .field(Field::Arguments)
        .into_iter()
        .flat_map(Node::children);
    let values: Vec<Value<'a>> = nodes.map(|node| reader.read(node)).collect::<Result<_, _>>()?;
    let mut constants = values.iter().filter_map(|value| value.constant.as_deref());
    if let Some(dsn) = constants.find(|text| Table::get().is_in_memory(text)) {
        let message = format!(
            "`{dsn}` is a database that is gone with its last connection: requests would see each other's data in a shared pool, so close this one before returning"
        );
        return Err(Refusal::new(Reason::PerConnectionState, message));
    }
    Ok(Value::joined(&opening.resource.acquire.join(","), values))
}

/// Whether a return statement hands the call's results on as they are.
pub fn is_returned(call: Node<'_>) -> bool {
    let list = call.parent().filter(|list| list.is(Kind::ExpressionList));
    list.and_then(Node::parent)
        .is_some_and(|parent| parent.is(Kind::ReturnStatement))
}

fn discarded() -> Refusal {
    Refusal::new(
        Reason::HandleDiscarded,
        "nobody keeps the pool, so nothing can close or share it: delete the call, or keep its result",
    )
}

/// Follows a pool from the function that returns it to everyone who gets it.
struct Helper<'a, 'p> {
    pass: &'p Pass<'a>,
    acquirers: &'p Acquirers<'a>,
    seen: HashSet<(&'a str, DeclId)>,
    holders: Vec<Holder<'a>>,
}

impl<'a> Helper<'a, '_> {
    fn visit(&mut self, at: Declaration<'a>, function: Node<'a>) -> Result<(), Refusal> {
        let is_plain = at.kind() == DeclKind::Func
            && at.function() == Some(function)
            && self.acquirers.passes_on(at).is_some();
        if !is_plain {
            return Err(Refusal::new(
                Reason::Returned,
                format!(
                    "{} returns the pool in a way that cannot be followed: open it once where the program is set up",
                    at.title()
                ),
            ));
        }
        if !self.seen.insert((&at.package.path, at.id)) {
            return Ok(());
        }
        self.check_is_only_called(at)?;
        for (caller, call) in callers(at) {
            self.caller(at, caller, call)?;
        }
        Ok(())
    }

    fn caller(
        &mut self,
        helper: Declaration<'a>,
        caller: Declaration<'a>,
        call: Node<'a>,
    ) -> Result<(), Refusal> {
        let acquisition = self
            .acquirers
            .acquisition(caller, call)
            .ok_or_else(|| lost(helper, caller))?;
        state::check(caller, acquisition.function)?;
        match acquisition.handle {
            Handle::Discarded => Ok(()),
            Handle::Elsewhere if is_returned(call) => self.visit(caller, acquisition.function),
            Handle::Elsewhere => Err(lost(helper, caller)),
            Handle::Local(_) => {
                let lifetime = Lifetime::of(&acquisition).ok_or_else(|| lost(helper, caller))?;
                let mut uses = Uses::of(&acquisition, &lifetime)?;
                if !std::ptr::eq(caller.package, self.pass.package) && !uses.closes.is_empty() {
                    return Err(closed_elsewhere(helper, caller));
                }
                if is_main(caller, acquisition.function) {
                    uses.closes.retain(|close| !close.is(Kind::DeferStatement));
                }
                let passes_on = !uses.returned.is_empty();
                self.holders.push(Holder { acquisition, uses });
                match passes_on {
                    true => self.visit(caller, acquisition.function),
                    false => Ok(()),
                }
            }
        }
    }

    /// Tests, function values and calls through an interface could close what they get.
    fn check_is_only_called(&self, at: Declaration<'a>) -> Result<(), Refusal> {
        let name = at.decl().title();
        let calls = callers(at);
        let seen: HashSet<&str> = calls.iter().map(|(caller, _)| &*caller.file().path).collect();
        let users = self.pass.sources.users_of(at.package, name);
        if let Some(user) = users.iter().find(|user| !seen.contains(user.as_str())) {
            return Err(Refusal::new(
                Reason::UsedElsewhere,
                format!(
                    "{user} uses {} too, and could close the pool: open it once where the program is set up",
                    at.title()
                ),
            ));
        }
        let is_called = |(other, node): &(Declaration<'a>, Node<'a>)| {
            let mut calls = calls.iter();
            calls.any(|(caller, call)| {
                caller.file().path == other.file().path && call.field(Field::Function) == Some(*node)
            })
        };
        let outside = at.importers().flat_map(|importer| importer.selections(name));
        let outside = outside.filter(|(other, node)| names_package(at, *other, *node));
        let inside = match at.decl().receiver {
            Some(_) => at.package.selections(name),
            None => at.package.mentions(name),
        };
        match inside
            .into_iter()
            .chain(outside)
            .all(|mention| is_called(&mention))
        {
            true => Ok(()),
            false => Err(Refusal::new(
                Reason::Escapes,
                format!(
                    "{} is handed over as a value or called through an interface, so not all of its users can be seen",
                    at.title()
                ),
            )),
        }
    }
}

/// Whether a selector of another package means the function `at`, or could mean the method.
fn names_package(at: Declaration<'_>, other: Declaration<'_>, selector: Node<'_>) -> bool {
    let operand = selector.field(Field::Operand);
    let path = operand
        .filter(|node| node.is(Kind::Identifier))
        .and_then(|node| at.beside(other).import_path_of(node));
    match path {
        Some(path) => path == at.package.path,
        None => at.decl().receiver.is_some(),
    }
}

/// `main` may close what it holds when it ends: then the process does.
fn is_main(at: Declaration<'_>, function: Node<'_>) -> bool {
    at.decl().title() == "main" && at.decl().receiver.is_none() && at.function() == Some(function)
}

/// One fix changes one package.
fn closed_elsewhere(helper: Declaration<'_>, caller: Declaration<'_>) -> Refusal {
    Refusal::new(
        Reason::UsedElsewhere,
        format!(
            "{} in {} closes the pool that {} gives it: drop that Close, then share one pool",
            caller.title(),
            caller.file().path,
            helper.title()
        ),
    )
}

fn lost(helper: Declaration<'_>, caller: Declaration<'_>) -> Refusal {
    Refusal::new(
        Reason::Escapes,
        format!(
            "{} keeps the pool of {} where others can reach it: open it once where the program is set up",
            caller.title(),
            helper.title()
        ),
    )
}
