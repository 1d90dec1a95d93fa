//! The questions that decide about a repair: who waits for whom, what still runs behind, what the request lends.

use super::blocked::Blocked;
use crate::analysis::launch::{Action, Launch, Party, Use, select_around, waited_group};
use crate::frameworks::{Entry, Handler};
use crate::go::cfg::{Cfg, Exit, Flow, Paths, walk};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Callee, Declaration};
use crate::transform::{Reason, Refusal};

/// A blocked goroutine with the questions that decide about its repair.
#[derive(Clone, Copy)]
pub struct Guard<'a, 'l> {
    pub launch: &'l Launch<'a>,
    pub blocked: &'l Blocked<'a>,
}

impl<'a, 'l> Guard<'a, 'l> {
    pub fn worker(self) -> (Declaration<'a>, Node<'a>) {
        self.launch.home(Party::Worker(self.blocked.worker))
    }

    /// The operations at which the goroutine can stand, with the places of their channels.
    pub fn operations(self) -> impl Iterator<Item = (usize, &'l Use<'a>)> {
        self.blocked
            .stops
            .iter()
            .flatten()
            .map(|(channel, held)| (*channel, held))
    }

    /// The channels of those operations.
    pub fn channels(self) -> Vec<usize> {
        let mut channels: Vec<usize> = self.operations().map(|(channel, _)| channel).collect();
        channels.sort_unstable();
        channels.dedup();
        channels
    }

    /// The names of the channels, for people.
    pub fn names(self) -> String {
        let names = self
            .channels()
            .into_iter()
            .map(|at| self.launch.channels[at].name);
        names.collect::<Vec<_>>().join(" and ")
    }

    /// What forbids every repair.
    pub fn check(self) -> Result<(), Refusal> {
        self.check_parties()?;
        let (declaration, function) = self.worker();
        let request = Request::seen_by(self.launch, self.blocked.worker);
        let defers = function
            .shallow_descendants()
            .filter(|node| node.is(Kind::DeferStatement));
        let mut runs = defers.chain(self.followers());
        match runs.any(|node| request.is_touched_by(declaration, node)) {
            true => Err(Refusal::new(
                Reason::TouchesRequest,
                "code behind the blocked operation uses the request, which is gone by then: copy what it needs first",
            )),
            false => Ok(()),
        }
    }

    /// The other side must be in the launcher's own hands.
    fn check_parties(self) -> Result<(), Refusal> {
        if self.launch.workers[self.blocked.worker].is_stream() {
            let message = format!(
                "the body is written after the handler, which can take from {} first: give each receiver a channel of its own, or close it instead of sending once",
                self.names()
            );
            return Err(Refusal::new(Reason::FeedsStream, message));
        }
        for channel in self.channels() {
            let channel = &self.launch.channels[channel];
            let others = channel
                .uses
                .iter()
                .filter(|held| self.is_counterpart(held.action));
            for held in others {
                match held.party {
                    Party::Launcher => {}
                    Party::Worker(at) if self.launch.workers[at].is_stream() => {
                        return Err(Refusal::new(
                            Reason::FeedsStream,
                            format!(
                                "{} feeds the response body, which is written after the handler: end the goroutine from the stream writer",
                                channel.name
                            ),
                        ));
                    }
                    Party::Worker(_) => {
                        return Err(Refusal::new(
                            Reason::OtherParty,
                            format!(
                                "another goroutine is at the other end of {}: decide who ends whom",
                                channel.name
                            ),
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    fn is_counterpart(self, action: Action) -> bool {
        match self.blocked.action {
            Action::Send => matches!(action, Action::Receive | Action::Range),
            _ => matches!(action, Action::Send | Action::Close),
        }
    }

    /// The channel that keeps items, among those of the blocked operations and of other arms beside them.
    pub fn queue(self) -> Option<&'a str> {
        let selects: Vec<Node<'a>> = self
            .operations()
            .filter_map(|(_, held)| select_around(held.name))
            .collect();
        let beside =
            |held: &Use<'a>| select_around(held.name).is_some_and(|select| selects.contains(&select));
        let own = self.launch.uses_of(Party::Worker(self.blocked.worker));
        let arms = own.filter(|(_, held)| beside(held)).map(|(at, _)| at);
        let mut channels = self.channels().into_iter().chain(arms);
        let queue = channels.find(|at| self.launch.channels[*at].capacity > 0);
        queue.map(|at| self.launch.channels[at].name)
    }

    /// What runs in the goroutine once one of its operations is done.
    pub fn followers(self) -> Vec<Node<'a>> {
        let (declaration, _) = self.worker();
        let behind = |(_, held): (usize, &Use<'a>)| {
            // A deferred function has a flow of its own.
            let function = held.name.enclosing_function()?;
            Some(behind(&declaration.control_flow(function)?, held.name))
        };
        self.operations().filter_map(behind).flatten().collect()
    }

    /// Whether nothing but tidying up follows the operations.
    pub fn is_last(self) -> bool {
        let (declaration, _) = self.worker();
        self.operations().all(|(_, held)| is_last(declaration, held.name))
    }

    /// Something behind the operations that others may wait for, so that the goroutine must not end before it.
    pub fn duty(self) -> Option<Node<'a>> {
        let (declaration, _) = self.worker();
        let parts = self.followers().into_iter().flat_map(Node::subtree);
        let is_deferred = |node: Node<'a>| {
            let mut up = node.ancestors().take_while(|up| !up.is_function());
            up.any(|up| up.is(Kind::DeferStatement))
        };
        let mut parts = parts.filter(|node| !is_deferred(*node));
        parts.find(|node| match node.kind() {
            Kind::CallExpression if releases(declaration, *node) => {
                let arguments = node.field(Field::Arguments);
                !arguments
                    .and_then(|arguments| arguments.child(0))
                    .is_some_and(|name| self.is_shared_here(name))
            }
            Kind::SendStatement => !node
                .field(Field::Channel)
                .is_some_and(|name| self.is_shared_here(name)),
            Kind::UnaryExpression if node.operator() == Some(Kind::Arrow) => {
                let from = node
                    .field(Field::Operand)
                    .filter(|from| !from.is(Kind::CallExpression));
                from.is_some_and(|name| !self.is_shared_here(name))
            }
            _ => false,
        })
    }

    /// Whether `name` is a channel that this goroutine shares with the launcher alone.
    fn is_shared_here(self, name: Node<'a>) -> bool {
        let own = |held: &Use<'a>| {
            held.party == Party::Worker(self.blocked.worker) || held.party == Party::Launcher
        };
        let mut channels = self.launch.channels.iter();
        channels
            .any(|channel| channel.uses.iter().any(|held| held.name == name) && channel.uses.iter().all(own))
    }

    /// Whether the launcher waits for this goroutine before it ends.
    pub fn is_awaited(self) -> bool {
        let runs_beside = |node: &Node<'a>| self.launch.workers.iter().any(|held| held.function == *node);
        let statements = self.launch.function.shallow_descendants();
        let waits = statements
            .filter(|node| !runs_beside(node))
            .filter_map(waited_group)
            .any(|group| self.launch.tells_done(self.blocked.worker, group));
        let at_end = |held: &Use<'a>| held.deferred && held.action != Action::Close;
        let mut own = self.launch.uses_of(Party::Launcher);
        waits
            || own.any(|(channel, held)| at_end(held) && self.launch.shares(self.blocked.worker, channel))
            || self.is_awaited_by_another()
    }

    /// Whether another goroutine waits for this one, and the launcher for what that one tells when the wait is over.
    fn is_awaited_by_another(self) -> bool {
        let waits = |node: Node<'a>| {
            waited_group(node).is_some_and(|group| self.launch.tells_done(self.blocked.worker, group))
        };
        let workers = self.launch.workers.iter().enumerate();
        let mut waiters = workers.filter(|(at, held)| {
            *at != self.blocked.worker && held.function.shallow_descendants().any(waits)
        });
        let own = self.channels();
        waiters.any(|(waiter, _)| {
            let mut awaited = self.launch.uses_of(Party::Launcher).filter(|(channel, held)| {
                matches!(held.action, Action::Receive | Action::Range)
                    && select_around(held.name).is_none()
                    && !own.contains(channel)
            });
            awaited.any(|(channel, _)| self.launch.shares(waiter, channel))
        })
    }

    /// Whether the launcher goes on although the goroutine has gone: each of its operations on the goroutine's
    /// channels has another way out.
    pub fn launcher_can_give_up(self) -> bool {
        let mut own = self.launch.uses_of(Party::Launcher);
        own.all(|(channel, held)| {
            let concerns = self.launch.shares(self.blocked.worker, channel);
            !concerns || matches!(held.action, Action::Close | Action::Measure) || self.has_way_out(held)
        })
    }

    fn has_way_out(self, held: &Use<'a>) -> bool {
        let foreign = self.launch.arms(Party::Launcher, held).is_none();
        select_around(held.name).is_some() && foreign
    }

    /// Whether the launcher hands to a response stream what this goroutine works on.
    pub fn feeds_stream(self) -> bool {
        const STREAMS: [&str; 5] = [
            "SendStream",
            "SetBodyStream",
            "SendStreamWriter",
            "SetBodyStreamWriter",
            "NewStreamReader",
        ];
        let worker = &self.launch.workers[self.blocked.worker];
        let calls = self
            .launch
            .function
            .shallow_descendants()
            .filter(|node| node.is(Kind::CallExpression));
        let streams = calls.filter(|call| {
            let name = call.field(Field::Function).map_or("", Node::text);
            STREAMS.contains(&name.rsplit('.').next().unwrap_or(name))
        });
        // A function of its own works on what its call hands to it.
        let worked_on = origins(self.launch.declaration, worker.start);
        let context = Request::around(self.launch).context;
        streams
            .filter_map(|call| call.field(Field::Arguments))
            .any(|arguments| {
                let lent = origins(self.launch.declaration, arguments);
                lent.iter().any(|(id, origin)| {
                    Some(*id) != context && worked_on.iter().any(|(_, other)| other == origin)
                })
            })
    }
}

/// The local names in `node`, each with what declares it.
fn origins(declaration: Declaration<'_>, node: Node<'_>) -> Vec<(BindingId, usize)> {
    let names = node.descendants().filter(|inner| inner.is(Kind::Identifier));
    let ids = names.filter_map(|name| declaration.scopes().binding_of(name));
    ids.map(|id| (id, declaration.scopes().get(id).origin)).collect()
}

/// The request as the code of a launch can see it.
struct Request {
    context: Option<BindingId>,
    /// Names that hold what a getter of the context lent.
    lent: Vec<BindingId>,
}

impl Request {
    fn around(launch: &Launch<'_>) -> Self {
        let declaration = launch.declaration;
        let handler = launch
            .handler()
            .or_else(|| Handler::around(declaration, launch.function));
        let Some(context) = handler.and_then(|handler| handler.context) else {
            return Request {
                context: None,
                lent: taken_by_other_entries(launch),
            };
        };
        let lends = |value: Node<'_>| {
            let function = value.field(Field::Function);
            let operand = function.and_then(|function| function.field(Field::Operand));
            operand.is_some_and(|operand| declaration.scopes().binding_of(operand) == Some(context))
        };
        let is_lent = |origin: Node<'_>| {
            let values = origin.field(Field::Right).or(origin.field(Field::Value));
            values.is_some_and(|values| values.children().any(lends))
        };
        let bindings = declaration.scopes().bindings();
        let lent = bindings.filter(|(_, binding)| is_lent(declaration.tree().node(binding.origin)));
        Request {
            context: Some(context),
            lent: lent.map(|(id, _)| id).collect(),
        }
    }

    /// The request under the names by which a worker knows it: those around it, where it is a literal, and its
    /// parameters.
    fn seen_by(launch: &Launch<'_>, worker: usize) -> Self {
        let around = Request::around(launch);
        let arguments = launch.arguments_of(worker).into_iter();
        let lent = arguments.filter(|(_, argument)| around.is_touched_by(launch.declaration, *argument));
        let lent: Vec<BindingId> = lent.map(|(id, _)| id).collect();
        match launch.workers[worker].declaration == launch.declaration {
            true => Request {
                lent: [around.lent, lent].concat(),
                ..around
            },
            false => Request { context: None, lent },
        }
    }

    fn is_touched_by(&self, declaration: Declaration<'_>, node: Node<'_>) -> bool {
        let mut names = node.subtree().filter(|inner| inner.is(Kind::Identifier));
        names.any(|name| {
            let id = declaration.scopes().binding_of(name);
            id.is_some_and(|id| self.context == Some(id) || self.lent.contains(&id))
        })
    }
}

/// What a handler of another framework, or of a websocket, is lent: all that it takes.
fn taken_by_other_entries(launch: &Launch<'_>) -> Vec<BindingId> {
    let declaration = launch.declaration;
    let around = launch.function.ancestors().filter(|node| node.is_function());
    let mut functions = std::iter::once(launch.function).chain(around);
    let entry = functions.find_map(|function| Entry::of(declaration, function));
    let parameters = entry.and_then(|entry| entry.function.field(Field::Parameters));
    let names = parameters.into_iter().flat_map(|list| {
        let declared = list.children();
        declared.flat_map(|parameter| parameter.fields(Field::Name))
    });
    names
        .filter_map(|name| declaration.scopes().binding_of(name))
        .collect()
}

/// Whether nothing but tidying up follows the operation on the channel `name`.
pub fn is_last<'a>(declaration: Declaration<'a>, name: Node<'a>) -> bool {
    // A deferred function has a flow of its own.
    let flow = name
        .enclosing_function()
        .and_then(|function| declaration.control_flow(function));
    let behind = flow.map_or_else(Vec::new, |flow| behind(&flow, name));
    behind.into_iter().all(|node| is_tidying(declaration, node))
}

/// What can run in the same call behind the statement or arm of `name`.
fn behind<'a>(cfg: &Cfg<'a>, name: Node<'a>) -> Vec<Node<'a>> {
    struct Rest<'a>(Vec<Node<'a>>);
    impl<'a> Paths<'a> for Rest<'a> {
        type State = ();

        fn visit(&mut self, node: Node<'a>, _state: &mut ()) -> Flow {
            self.0.push(node);
            Flow::Continue
        }

        fn leave(&mut self, _exit: Exit<'a>, _state: &()) {}
    }
    let mut rest = Rest(Vec::new());
    if let Some(point) = cfg.point_of(name) {
        walk(cfg, point.after(), (), &mut rest);
    }
    rest.0
}

/// `return`, `wg.Done()` and `close(ch)`: nobody misses them, nobody notices when they run late.
fn is_tidying(declaration: Declaration<'_>, node: Node<'_>) -> bool {
    match node.kind() {
        Kind::ReturnStatement => node.child(0).is_none(),
        Kind::ExpressionStatement => node.child(0).is_some_and(|call| releases(declaration, call)),
        _ => false,
    }
}

fn releases(declaration: Declaration<'_>, call: Node<'_>) -> bool {
    const RELEASES: [&str; 6] = ["Done", "Unlock", "RUnlock", "Release", "Signal", "Broadcast"];
    let method = call
        .field(Field::Function)
        .and_then(|function| function.field(Field::Field));
    let bare = call
        .field(Field::Arguments)
        .is_some_and(|arguments| arguments.child(0).is_none());
    bare && method.is_some_and(|method| RELEASES.contains(&method.text()))
        || matches!(declaration.callee(call), Callee::Builtin(name) if name == "close")
}
