//! Functions that start goroutines: which goroutines, and the channels that nobody else can reach.

mod channel;
mod group;
mod turns;

use crate::facts::paths;
use crate::frameworks::{Handler, is_stream_writer};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Callee, Declaration};

pub use channel::{Action, Channel, Party, Use, action_of, make_of};
pub use group::waited_group;
pub use turns::{FOREVER, Turns, UNBOUNDED, is_left_by, leaves, loops_around, turns_of};

/// How a worker comes to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerKind {
    /// By a `go` statement, or the `Go` of a `sync.WaitGroup` or an `errgroup.Group`.
    Goroutine,
    /// fasthttp calls it after the handler, to write the body.
    Stream,
}

/// A function that runs beside the one that starts it.
#[derive(Clone, Copy, Debug)]
pub struct Worker<'a> {
    pub kind: WorkerKind,
    /// The `go` statement, the call of a group's `Go`, or the stream writer.
    pub start: Node<'a>,
    /// The call after `go`.
    pub call: Option<Node<'a>>,
    /// The group that starts it and can wait for it.
    pub group: Option<&'a str>,
    /// Where `function` stands: another declaration for `go work(ch)`.
    pub declaration: Declaration<'a>,
    pub function: Node<'a>,
}

/// A function that starts goroutines and makes channels.
#[derive(Debug)]
pub struct Launch<'a> {
    pub declaration: Declaration<'a>,
    /// The function declaration, method or literal.
    pub function: Node<'a>,
    pub workers: Vec<Worker<'a>>,
    /// Those that nobody but the function and its workers can reach.
    pub channels: Vec<Channel<'a>>,
}

impl<'a> Launch<'a> {
    /// Every launch of a declaration that has both goroutines and channels.
    pub fn all_of(declaration: Declaration<'a>) -> Vec<Launch<'a>> {
        let nodes = declaration.tree().root().subtree();
        let starts = nodes.filter(|node| node.is(Kind::GoStatement) || grouped(declaration, *node).is_some());
        let mut functions: Vec<Node<'a>> = starts.filter_map(Node::enclosing_function).collect();
        functions.dedup();
        functions.sort_by_key(|function| function.index());
        functions.dedup();
        let launches = functions
            .into_iter()
            .map(|function| Launch::around(declaration, function));
        launches.filter(|launch| !launch.channels.is_empty()).collect()
    }

    /// What `function` starts and makes.
    pub fn around(declaration: Declaration<'a>, function: Node<'a>) -> Launch<'a> {
        let workers = collect_workers(declaration, function);
        let channels = channel::collect(declaration, function, &workers);
        Launch {
            declaration,
            function,
            workers,
            channels,
        }
    }

    /// The declaration and the function of a party.
    pub fn home(&self, party: Party) -> (Declaration<'a>, Node<'a>) {
        match party {
            Party::Launcher => (self.declaration, self.function),
            Party::Worker(at) => (self.workers[at].declaration, self.workers[at].function),
        }
    }

    /// What a party does, with the place of each channel.
    pub fn uses_of(&self, party: Party) -> impl Iterator<Item = (usize, &Use<'a>)> {
        let channels = self.channels.iter().enumerate();
        channels.flat_map(move |(at, channel)| channel.uses_of(party).map(move |held| (at, held)))
    }

    /// Whether a worker does anything with a channel.
    pub fn shares(&self, worker: usize, channel: usize) -> bool {
        self.channels[channel]
            .uses_of(Party::Worker(worker))
            .next()
            .is_some()
    }

    /// The launching function as a handler, if it is one itself.
    pub fn handler(&self) -> Option<Handler<'a>> {
        Handler::of(self.declaration, self.function)
    }

    /// What else can be ready in the select around `held`: its other arms on channels of the launch.
    pub fn arms(&self, party: Party, held: &Use<'a>) -> Option<Vec<(usize, Use<'a>)>> {
        let Some(select) = select_around(held.name) else {
            let channel = self.uses_of(party).find(|(_, other)| other.name == held.name)?.0;
            return Some(vec![(channel, *held)]);
        };
        let clauses: Vec<_> = select.children().filter(|clause| is_clause(*clause)).collect();
        let all = || clauses.iter().map(|clause| self.arm(party, *clause)).collect();
        self.ways_out(party, select, &clauses).or_else(all)
    }

    /// Where a loop turns about its select and nothing else: the arms that leave it. The others may be ready as
    /// often as they like, they only bring it back.
    fn ways_out(
        &self,
        party: Party,
        select: Node<'a>,
        clauses: &[Node<'a>],
    ) -> Option<Vec<(usize, Use<'a>)>> {
        let looped = select.enclosing(Kind::ForStatement)?;
        let list = looped.field(Field::Body)?.child(0)?;
        let alone = list.children().eq([select]) && looped.child(0)?.role() == Field::Body;
        let out = clauses.iter().filter(|clause| leaves(**clause, looped));
        let arms: Option<Vec<_>> = out.map(|clause| self.arm(party, *clause)).collect();
        arms.filter(|arms| alone && !arms.is_empty())
    }

    /// What the name `name` of a function started here stands for: its parameters have their arguments' meaning.
    /// The pairs of a parameter and the argument it gets.
    pub fn arguments_of(&self, worker: usize) -> Vec<(BindingId, Node<'a>)> {
        let worker = &self.workers[worker];
        let Some(call) = worker.call else {
            return Vec::new();
        };
        let arguments = call.field(Field::Arguments).into_iter().flat_map(Node::children);
        let parameters = arguments.enumerate().filter_map(|(at, argument)| {
            let parameter = channel::parameter_at(worker.function, at)?;
            Some((parameter, argument))
        });
        let receiver = worker.function.field(Field::Receiver).and_then(|list| {
            let name = list.child(0)?.field(Field::Name)?;
            let operand = call.field(Field::Function)?.field(Field::Operand)?;
            Some((name, operand))
        });
        let bound = parameters.chain(receiver).filter_map(|(parameter, argument)| {
            let id = worker.declaration.scopes().binding_of(parameter)?;
            Some((id, argument))
        });
        bound.collect()
    }

    /// The channel operation that an arm of a select waits for, where its channel is known.
    fn arm(&self, party: Party, clause: Node<'a>) -> Option<(usize, Use<'a>)> {
        let waits_for = operation(clause)?;
        let mut uses = self.uses_of(party);
        let (channel, held) = uses.find(|(_, held)| held.operation() == Some(waits_for))?;
        Some((channel, *held))
    }
}

impl<'a> Use<'a> {
    /// The send statement or receive expression.
    pub fn operation(&self) -> Option<Node<'a>> {
        let wanted = match self.action {
            Action::Send => Kind::SendStatement,
            Action::Receive => Kind::UnaryExpression,
            _ => return None,
        };
        self.name.enclosing(wanted)
    }
}

/// The select whose arm waits for the operation on the channel `name`.
pub fn select_around(name: Node<'_>) -> Option<Node<'_>> {
    let clause = name.enclosing(Kind::CommunicationCase)?;
    let waits_for = operation(clause)?;
    let direct = match waits_for.kind() {
        Kind::SendStatement => waits_for.field(Field::Channel),
        _ => waits_for.field(Field::Operand),
    };
    (direct?.unparenthesized() == name).then(|| clause.parent())?
}

/// The send statement or receive expression that an arm waits for.
fn operation(clause: Node<'_>) -> Option<Node<'_>> {
    let communication = clause.field(Field::Communication)?;
    match communication.kind() {
        Kind::SendStatement => Some(communication),
        _ => communication.field(Field::Right).map(Node::unparenthesized),
    }
}

pub fn is_clause(node: Node<'_>) -> bool {
    matches!(node.kind(), Kind::CommunicationCase | Kind::DefaultCase)
}

fn collect_workers<'a>(declaration: Declaration<'a>, function: Node<'a>) -> Vec<Worker<'a>> {
    let worker = |node: Node<'a>| match node.kind() {
        Kind::GoStatement => goroutine(declaration, node),
        Kind::CallExpression => grouped(declaration, node),
        Kind::FuncLiteral if is_stream_writer(node) => Some(Worker {
            kind: WorkerKind::Stream,
            start: node,
            call: None,
            group: None,
            declaration,
            function: node,
        }),
        _ => None,
    };
    function.shallow_descendants().filter_map(worker).collect()
}

fn goroutine<'a>(declaration: Declaration<'a>, start: Node<'a>) -> Option<Worker<'a>> {
    let call = start.child(0).filter(|call| call.is(Kind::CallExpression))?;
    let (home, function) = match declaration.callee(call) {
        Callee::Literal(_) => (declaration, call.field(Field::Function)?.unparenthesized()),
        Callee::Package(callee) if callee != declaration => (callee, callee.function()?),
        _ => return None,
    };
    function.field(Field::Body)?;
    Some(Worker {
        kind: WorkerKind::Goroutine,
        start,
        call: Some(call),
        group: None,
        declaration: home,
        function,
    })
}

/// `group.Go(func() { … })`
fn grouped<'a>(declaration: Declaration<'a>, call: Node<'a>) -> Option<Worker<'a>> {
    let function = call
        .field(Field::Function)
        .filter(|_| call.is(Kind::CallExpression))?;
    let named = function.field(Field::Field)?.text() == "Go";
    let literal = call.field(Field::Arguments)?.child(0)?;
    (named && literal.is(Kind::FuncLiteral)).then_some(())?;
    let callee = declaration.callee(call);
    let waits =
        callee.is_method(paths::SYNC, "WaitGroup", "Go") || callee.is_method(paths::ERRGROUP, "Group", "Go");
    waits.then_some(Worker {
        kind: WorkerKind::Goroutine,
        start: call,
        call: None,
        group: function.field(Field::Operand).map(Node::text),
        declaration,
        function: literal,
    })
}
