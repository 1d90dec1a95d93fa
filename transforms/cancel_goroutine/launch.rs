use super::channel::{self, Action, Channel, Party, Use};
use crate::fiber::{Handler, is_stream_writer};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, Declaration};

/// How a worker comes to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerKind {
    /// By a `go` statement.
    Goroutine,
    /// fasthttp calls it after the handler, to write the body.
    Stream,
}

/// A function that runs beside the one that starts it.
#[derive(Clone, Copy, Debug)]
pub struct Worker<'a> {
    pub kind: WorkerKind,
    /// The `go` statement, or the stream writer.
    pub start: Node<'a>,
    /// The call after `go`.
    pub call: Option<Node<'a>>,
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
        let starts = nodes.filter(|node| node.is(Kind::GoStatement));
        let mut functions: Vec<Node<'a>> = starts.filter_map(Node::enclosing_function).collect();
        functions.dedup();
        functions.sort_by_key(|function| function.index());
        functions.dedup();
        let launches = functions
            .into_iter()
            .map(|function| Launch::of(declaration, function));
        launches.filter(|launch| !launch.channels.is_empty()).collect()
    }

    fn of(declaration: Declaration<'a>, function: Node<'a>) -> Launch<'a> {
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
        let clauses = select.children().filter(|clause| is_clause(*clause));
        clauses.map(|clause| self.arm(party, clause)).collect()
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
        Kind::FuncLiteral if is_stream_writer(node) => Some(Worker {
            kind: WorkerKind::Stream,
            start: node,
            call: None,
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
        declaration: home,
        function,
    })
}
