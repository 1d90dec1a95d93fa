//! The channels that a function shares with the goroutines it starts.

use super::{UNBOUNDED, Worker, WorkerKind};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Callee, Declaration, Direction, Type, Usage};

/// What is done with a channel at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    Send,
    Receive,
    /// `for range ch`
    Range,
    Close,
    /// `len` or `cap`
    Measure,
}

/// Who does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Party {
    /// The function that makes the channel, in its own goroutine.
    Launcher,
    /// A function that it starts, by its place in [`super::Launch::workers`].
    Worker(usize),
}

/// One mention of a channel.
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    /// The identifier, in the tree of the party's declaration.
    pub name: Node<'a>,
    pub action: Action,
    pub party: Party,
    /// Runs when the party's function ends.
    pub deferred: bool,
}

/// A channel that a function makes and that only this function and its workers can reach.
#[derive(Debug)]
pub struct Channel<'a> {
    pub name: &'a str,
    /// The call `make(chan T)`.
    pub make: Node<'a>,
    /// How many items wait in it: [`UNBOUNDED`] where that is computed, in the hope that it was computed well.
    pub capacity: u32,
    /// Whether the name is of a type that can be closed: not `var ch <-chan T = make(chan T)`.
    pub is_closable: bool,
    pub uses: Vec<Use<'a>>,
}

impl<'a> Channel<'a> {
    /// The channel type in the `make`.
    pub fn made(&self) -> Option<Node<'a>> {
        self.make.field(Field::Arguments)?.child(0)
    }

    /// The type of the items as written.
    pub fn element(&self) -> Option<Node<'a>> {
        self.made()?.field(Field::Value)
    }

    /// Whether its items are tokens: whoever takes one gives it back, so that nobody waits for a partner.
    pub fn is_semaphore(&self) -> bool {
        let does = |party: Party, action: Action| self.uses_of(party).any(|held| held.action == action);
        let both = |party: Party| does(party, Action::Send) && does(party, Action::Receive);
        let mut parties = self.uses.iter().map(|held| held.party);
        let counts = self
            .element()
            .is_some_and(|of| matches!(of.text(), "struct{}" | "bool" | "int"));
        self.capacity > 0 && counts && parties.any(both)
    }

    /// The capacity as written.
    pub fn written_capacity(&self) -> Option<Node<'a>> {
        self.make.field(Field::Arguments)?.child(1)
    }

    pub fn uses_of(&self, party: Party) -> impl Iterator<Item = &Use<'a>> {
        self.uses.iter().filter(move |held| held.party == party)
    }
}

/// Every channel that `function` makes and keeps to itself and its workers.
pub fn collect<'a>(
    declaration: Declaration<'a>,
    function: Node<'a>,
    workers: &[Worker<'a>],
) -> Vec<Channel<'a>> {
    let bindings = declaration.scopes().bindings();
    let own = bindings.filter(|(_, binding)| binding.function == function.index());
    let ids = own.map(|(id, _)| id);
    let tracker = Tracker {
        declaration,
        function,
        workers,
    };
    ids.filter_map(|id| tracker.channel(id)).collect()
}

fn is_receive_only(of: &Type) -> bool {
    matches!(of, Type::Chan(channel) if channel.direction == Direction::Receive)
}

struct Tracker<'a, 'w> {
    declaration: Declaration<'a>,
    function: Node<'a>,
    workers: &'w [Worker<'a>],
}

impl<'a> Tracker<'a, '_> {
    fn channel(&self, id: BindingId) -> Option<Channel<'a>> {
        let make = make_of(self.declaration, id)?;
        let capacity = match make.field(Field::Arguments)?.child(1) {
            None => 0,
            Some(written) if written.is(Kind::IntLiteral) => written.text().parse().ok()?,
            Some(_) => UNBOUNDED,
        };
        let tree = self.declaration.tree();
        let mut uses = Vec::new();
        for name in self.declaration.scopes().uses(id, tree) {
            uses.extend(self.uses_at(name)?);
        }
        Some(Channel {
            name: tree.node(self.declaration.scopes().get(id).declared).text(),
            make,
            capacity,
            is_closable: !is_receive_only(&self.declaration.type_of_binding(id)),
            uses,
        })
    }

    /// What the mention `name` comes to: one use, or those of the worker it is handed to. `None` where the
    /// channel gets out of sight.
    fn uses_at(&self, name: Node<'a>) -> Option<Vec<Use<'a>>> {
        if self.declaration.usage(name) != Usage::Read {
            return None;
        }
        if let Some(handed) = self.handed_over(name) {
            return handed;
        }
        let action = action_of(self.declaration, name)?;
        let (party, deferred) = self.party_of(name)?;
        Some(vec![Use {
            name,
            action,
            party,
            deferred,
        }])
    }

    /// The uses of a worker's parameter, where `name` is an argument of its start.
    fn handed_over(&self, name: Node<'a>) -> Option<Option<Vec<Use<'a>>>> {
        let call = name.parent()?.parent()?;
        let started = |worker: &Worker<'a>| worker.call == Some(call);
        let at = self.workers.iter().position(started)?;
        let position = call
            .field(Field::Arguments)?
            .children()
            .position(|argument| argument == name)?;
        Some(self.uses_of_parameter(at, position))
    }

    fn uses_of_parameter(&self, worker: usize, position: usize) -> Option<Vec<Use<'a>>> {
        let Worker {
            declaration,
            function,
            ..
        } = self.workers[worker];
        let parameter = parameter_at(function, position)?;
        if parameter.text() == "_" {
            return Some(Vec::new());
        }
        let id = declaration.scopes().binding_of(parameter)?;
        let known = |name: Node<'a>| {
            let fits = declaration.usage(name) == Usage::Read;
            let action = action_of(declaration, name).filter(|_| fits)?;
            let deferred = runs_in(name, function)?;
            Some(Use {
                name,
                action,
                party: Party::Worker(worker),
                deferred,
            })
        };
        declaration
            .scopes()
            .uses(id, declaration.tree())
            .map(known)
            .collect()
    }

    /// Who runs the code at `name`, and whether only when that function ends.
    fn party_of(&self, name: Node<'a>) -> Option<(Party, bool)> {
        if let Some(deferred) = runs_in(name, self.function) {
            return Some((Party::Launcher, deferred));
        }
        let runs = |(at, worker): (usize, &Worker<'a>)| {
            let literal = worker.function.is(Kind::FuncLiteral);
            let deferred = runs_in(name, worker.function).filter(|_| literal)?;
            Some((Party::Worker(at), deferred))
        };
        self.workers.iter().enumerate().find_map(runs)
    }
}

/// Whether `node` runs as part of `function`, and if so whether deferred: in its body, or in a literal that it
/// defers.
fn runs_in(node: Node<'_>, function: Node<'_>) -> Option<bool> {
    let deferred = |node: Node<'_>| {
        let mut up = node.ancestors().take_while(|up| !up.is_function());
        up.any(|up| up.is(Kind::DeferStatement))
    };
    let inner = node.enclosing_function()?;
    if inner == function {
        return Some(deferred(node));
    }
    let call = inner
        .parent()
        .filter(|call| call.field(Field::Function) == Some(inner))?;
    let by_defer = call
        .parent()
        .is_some_and(|parent| parent.is(Kind::DeferStatement));
    (by_defer && inner.enclosing_function() == Some(function)).then_some(true)
}

/// The `make(chan T)` that is the first value of the name.
pub fn make_of(declaration: Declaration<'_>, id: BindingId) -> Option<Node<'_>> {
    let tree = declaration.tree();
    let binding = declaration.scopes().get(id);
    let (origin, name) = (tree.node(binding.origin), tree.node(binding.declared));
    let (names, values): (Vec<_>, _) = match origin.kind() {
        Kind::ShortVarDeclaration => (origin.field(Field::Left)?.children().collect(), Field::Right),
        Kind::VarSpec => (origin.fields(Field::Name).collect(), Field::Value),
        _ => return None,
    };
    let values: Vec<_> = origin.field(values)?.children().collect();
    let at = names.iter().position(|held| *held == name)?;
    let value = values.get(at).filter(|_| values.len() == names.len())?;
    is_channel_make(declaration, *value).then_some(*value)
}

fn is_channel_make(declaration: Declaration<'_>, value: Node<'_>) -> bool {
    let arguments = value.field(Field::Arguments);
    let of = arguments.and_then(|arguments| arguments.child(0));
    value.is(Kind::CallExpression)
        && of.is_some_and(|of| of.is(Kind::ChannelType))
        && matches!(declaration.callee(value), Callee::Builtin(name) if name == "make")
}

/// The name of the parameter that takes the argument at `position`; `None` for variadic ones.
pub(super) fn parameter_at(function: Node<'_>, position: usize) -> Option<Node<'_>> {
    let declared = function.field(Field::Parameters)?;
    let single = declared.children().all(|one| one.is(Kind::ParameterDeclaration));
    let mut names = declared.children().flat_map(|one| one.fields(Field::Name));
    names.nth(position).filter(|_| single)
}

/// What is done with the channel that `name` stands for.
pub fn action_of(declaration: Declaration<'_>, name: Node<'_>) -> Option<Action> {
    let node = name.parenthesized();
    let parent = node.parent()?;
    match parent.kind() {
        Kind::SendStatement if node.role() == Field::Channel => Some(Action::Send),
        Kind::UnaryExpression if parent.operator() == Some(Kind::Arrow) => Some(Action::Receive),
        Kind::RangeClause if node.role() == Field::Right => Some(Action::Range),
        Kind::ArgumentList => match declaration.callee(parent.parent()?) {
            Callee::Builtin(name) if name == "close" => Some(Action::Close),
            Callee::Builtin(name) if name == "len" || name == "cap" => Some(Action::Measure),
            _ => None,
        },
        _ => None,
    }
}

impl Worker<'_> {
    pub fn is_stream(&self) -> bool {
        self.kind == WorkerKind::Stream
    }
}
