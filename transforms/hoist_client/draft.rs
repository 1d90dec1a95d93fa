//! One opening of a pool that could be shared: its arguments, and every function that holds the pool.

use super::holders::{self, Helper, Holder};
use super::memo::Memo;
use super::reader::Reader;
use super::setting;
use super::state;
use super::table;
use super::uses::{self, Scene, Uses};
use super::value::{Known, Value};
use crate::analysis::{Acquisition, Handle, Lifetime, literal_of};
use crate::facts::Key;
use crate::go::Declaration;
use crate::go::syntax::{Field, Kind, Node};
use crate::transform::{Pass, Reason, Refusal};

/// An opening that can be repaired, as far as it is known without the others of the package.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    pub opening: Acquisition<'a>,
    pub arguments: Value<'a>,
    /// What the opening function does with the pool; `None` where it returns the call's results at once.
    pub own: Option<Uses<'a>>,
    /// The functions that get the pool from a helper, helpers of the helper too.
    pub holders: Vec<Holder<'a>>,
    /// Whether no name holds it: it is used where it is opened.
    pub is_chained: bool,
    /// The helper as one that keeps what it opens, where that is the repair.
    pub memo: Option<Memo<'a>>,
}

impl<'a> Draft<'a> {
    pub fn of(
        pass: &Pass<'a>,
        scene: &Scene<'a, '_>,
        opening: Acquisition<'a>,
        lifetime: Option<&Lifetime<'a>>,
    ) -> Result<Draft<'a>, Refusal> {
        check_row(&opening)?;
        state::check(opening.at, opening.function)?;
        let moved = Draft::moved(pass, scene, opening, lifetime);
        if !takes_steps(&opening, &moved) {
            return moved;
        }
        match Memo::of(scene.acquirers, opening) {
            Some(memo) => Draft::kept(pass, scene, memo?, opening),
            None => moved,
        }
    }

    /// The opening as one that moves out of its function.
    fn moved(
        pass: &Pass<'a>,
        scene: &Scene<'a, '_>,
        opening: Acquisition<'a>,
        lifetime: Option<&Lifetime<'a>>,
    ) -> Result<Draft<'a>, Refusal> {
        let mut arguments = arguments(&opening)?;
        setting::check_chain(&opening)?;
        let is_chained = is_chained(&opening);
        let own = match (opening.handle, lifetime) {
            _ if is_chained => Some(Uses::default()),
            (Handle::Local(_), Some(lifetime)) => Some(Uses::of(scene, &opening, lifetime)?),
            (Handle::Elsewhere, _) if is_returned(opening.call) => None,
            (Handle::Discarded, _) => return Err(discarded()),
            _ => return Err(uses::elsewhere()),
        };
        if let Some(own) = own.as_ref().filter(|_| !opening.resource.limits) {
            // Clients that are set up in other ways are other clients.
            let set = own.limits.iter().map(|setting| &*setting.value.key);
            arguments.key.extend(set);
        }
        let is_helper = own.as_ref().is_none_or(|uses| !uses.returned.is_empty());
        let mut helper = Helper::new(pass, scene);
        if is_helper {
            helper.follow(opening.at, opening.function)?;
        }
        let draft = Draft {
            opening,
            arguments,
            own,
            holders: helper.holders,
            is_chained,
            memo: None,
        };
        draft.check_is_used()?;
        Ok(draft)
    }

    /// The opening as one whose function keeps what it opens.
    fn kept(
        pass: &Pass<'a>,
        scene: &Scene<'a, '_>,
        memo: Memo<'a>,
        opening: Acquisition<'a>,
    ) -> Result<Draft<'a>, Refusal> {
        let mut helper = Helper::new(pass, scene);
        helper.follow(opening.at, opening.function)?;
        let draft = Draft {
            opening,
            arguments: Value::of_helper(memo.known, opening.at),
            own: None,
            holders: helper.holders,
            is_chained: false,
            memo: Some(memo),
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
        let own = self.own.iter().filter(|_| !self.is_chained);
        let own = own.map(|uses| (&self.opening, uses));
        let others = self
            .holders
            .iter()
            .map(|holder| (&holder.acquisition, &holder.uses));
        let is_used = |uses: &Uses<'_>| {
            !uses.plain.is_empty()
                || !uses.returned.is_empty()
                || (self.own.is_none() && uses.closes.is_empty())
        };
        match own.chain(others).find(|(_, uses)| !is_used(uses)) {
            None => Ok(()),
            Some((idle, _)) => Err(Refusal::new(
                Reason::NeedsDecision,
                format!(
                    "{}the pool is opened and closed, and nothing queries it: delete it, or ping one shared pool",
                    holders::place_seen_from(self.opening.at, idle.at, idle.call)
                ),
            )),
        }
    }
}

/// Whether a helper does more than open: it connects or works with what it opened before it hands it over, or opens
/// in a way that cannot move.
fn takes_steps(opening: &Acquisition<'_>, moved: &Result<Draft<'_>, Refusal>) -> bool {
    match moved {
        Ok(draft) if draft.is_helper() => {
            let connects = opening.resource.connects && !is_returned(opening.call);
            let works = draft.own.as_ref().is_some_and(|uses| !uses.plain.is_empty());
            connects || works || gives_one_of_several(opening)
        }
        Ok(_) => false,
        Err(refusal) => matches!(
            refusal.reason,
            Reason::NeedsDecision | Reason::StillRead | Reason::Escapes | Reason::TypeUnknown
        ),
    }
}

/// Whether the function opens in more than one place, and hands over what one of them gave.
fn gives_one_of_several(opening: &Acquisition<'_>) -> bool {
    let returns = opening.function.field(Field::Body).into_iter();
    let returns = returns.flat_map(Node::shallow_descendants);
    let values = returns
        .filter(|node| node.is(Kind::ReturnStatement))
        .filter_map(|statement| statement.child(0)?.child(0));
    values.filter(|value| literal_of(*value).is_some()).count() > 1
}

/// What the row says about sharing.
fn check_row(opening: &Acquisition<'_>) -> Result<(), Refusal> {
    let Some(why) = &opening.resource.not_shared else {
        return Ok(());
    };
    Err(Refusal::new(
        Reason::NeedsDecision,
        format!("this {} cannot be shared as it is: {why}", opening.resource.name),
    ))
}

fn arguments<'a>(opening: &Acquisition<'a>) -> Result<Value<'a>, Refusal> {
    let reader = Reader::new(opening.at, Some(opening.function)).before(opening.call);
    let values: Vec<Value<'a>> = parts(opening)
        .map(|node| reader.read(node))
        .collect::<Result<_, _>>()?;
    let whole = Value::joined(&form_of(opening), values);
    match table::memory_in(&whole.key) {
        None => Ok(whole),
        Some(dsn) => Err(Refusal::new(
            Reason::PerConnectionState,
            format!(
                "`{dsn}` is a database that is gone with its last connection: requests would see each other's data in a shared pool, so close this one before returning"
            ),
        )),
    }
}

/// What the opened value is made of: a literal as a whole, or the arguments of a call and what it is a method of. A
/// context that only bounds the opening does not count.
pub fn parts<'a>(opening: &Acquisition<'a>) -> impl Iterator<Item = Node<'a>> {
    let call = opening.call;
    let literal = literal_of(call).is_some().then_some(call);
    let context = opening.resource.context;
    let arguments = call.field(Field::Arguments).filter(|_| literal.is_none());
    let arguments = arguments.into_iter().flat_map(Node::children).enumerate();
    let arguments = arguments
        .filter(move |(at, _)| context != Some(*at))
        .map(|(_, node)| node);
    let function = call.field(Field::Function).filter(|_| literal.is_none());
    let operand = function.and_then(|function| function.field(Field::Operand));
    let at = opening.at;
    let receiver =
        operand.filter(|operand| !operand.is(Kind::Identifier) || at.import_path_of(*operand).is_none());
    literal.into_iter().chain(receiver).chain(arguments)
}

/// What openings of the same arguments must also have in common to share.
pub fn form_of(opening: &Acquisition<'_>) -> String {
    let resource = opening.resource;
    let functions: Vec<&str> = resource.acquire.iter().map(Key::text).collect();
    format!("{}.{}", resource.package, functions.join(","))
}

/// Whether the opened value is used where it is opened: a method is called on it, or it is called itself.
pub fn is_chained(opening: &Acquisition<'_>) -> bool {
    let value = opening.call.parenthesized();
    let Some(around) = value.parent().filter(|_| opening.handle == Handle::Elsewhere) else {
        return false;
    };
    let is_called = |call: Node<'_>| call.is(Kind::CallExpression);
    match around.kind() {
        Kind::CallExpression => around.field(Field::Function) == Some(value),
        Kind::SelectorExpression => {
            let method = around.field(Field::Field).map_or("", Node::text);
            let released = opening.resource.is_released_by(method);
            !released && around.parent().is_some_and(is_called)
        }
        _ => false,
    }
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
