//! Where the last send is over, and the close that goes there.

use crate::analysis::launch::{Action, Launch, Party, Use, WorkerKind, loops_around, waited_group};
use crate::edit::{self, Rewrite};
use crate::facts::paths;
use crate::go::syntax::{Field, Kind, Node};
use crate::text::Edit;
use crate::transform::{Applicability, Fix, Reason, Refusal};

/// Closes the channel when the last send is over:
///
/// ```text
/// all sends in the function         one goroutine sends            goroutines of a group send
/// ch := make(chan T)                go func() {                    go func() {
/// defer close(ch)                       defer close(ch)                wg.Wait()
///                                       …                              close(ch)
///                                                                  }()
/// ```
///
/// A close takes nothing from what waits in the channel: receivers get every item and then the end. A send on a
/// closed channel would panic, so each form is taken only where no send can follow.
pub fn fix(launch: &Launch<'_>, channel: usize) -> Result<Fix, Refusal> {
    let plan = Plan { launch, channel };
    plan.check()?;
    let senders = plan.senders();
    let (edits, title) = match senders.as_slice() {
        [Party::Launcher] => plan.close_at_return()?,
        [Party::Worker(only)] if plan.runs_once(*only) => plan.close_in_producer(*only)?,
        workers if !workers.contains(&Party::Launcher) => plan.close_after_group(workers)?,
        _ => {
            let message = format!(
                "the function and its goroutines both send to {}: close it where the last of them is done",
                plan.name()
            );
            return Err(Refusal::new(Reason::OtherParty, message));
        }
    };
    let mut rewrite = Rewrite::new();
    let file = launch.declaration.id.file;
    for edit in edits {
        rewrite
            .edit(file, edit)
            .map_err(|_| no_place("the statements overlap"))?;
    }
    Ok(Fix::new(title, Applicability::Safe, rewrite))
}

/// The edits of a repair and its title.
type Edits = (Vec<Edit>, String);

struct Plan<'a, 'l> {
    launch: &'l Launch<'a>,
    channel: usize,
}

impl<'a> Plan<'a, '_> {
    fn name(&self) -> &'a str {
        self.launch.channels[self.channel].name
    }

    fn uses(&self) -> &[Use<'a>] {
        &self.launch.channels[self.channel].uses
    }

    /// Who sends, each party once.
    fn senders(&self) -> Vec<Party> {
        let sends = self.uses().iter().filter(|held| held.action == Action::Send);
        let mut parties: Vec<Party> = Vec::new();
        for party in sends.map(|held| held.party) {
            if !parties.contains(&party) {
                parties.push(party);
            }
        }
        parties
    }

    /// Every receiver must be able to tell a closed channel from an item.
    fn check(&self) -> Result<(), Refusal> {
        if !self.launch.channels[self.channel].is_closable {
            let message = format!(
                "{} can only receive: give the channel a name that can close it",
                self.name()
            );
            return Err(Refusal::new(Reason::TypeUnknown, message));
        }
        let bare = |held: &&Use<'_>| held.action == Action::Receive && !is_checked(held.name);
        if self.uses().iter().any(|held| bare(&held)) {
            let message = format!(
                "a bare receive takes a zero value from a closed channel: receive with `v, ok := <-{}` first",
                self.name()
            );
            return Err(Refusal::new(Reason::OtherParty, message));
        }
        Ok(())
    }

    /// Whether the channel sees one run of the worker.
    fn runs_once(&self, worker: usize) -> bool {
        let make = self.launch.channels[self.channel].make;
        let held = &self.launch.workers[worker];
        let mut loops = loops_around(held.start, self.launch.function);
        held.kind == WorkerKind::Goroutine && loops.all(|looped| looped.contains(make))
    }

    /// All sends are made by the function itself, so the channel is done when that returns.
    fn close_at_return(&self) -> Result<Edits, Refusal> {
        let (launch, name) = (self.launch, self.name());
        let make = launch.channels[self.channel].make;
        if loops_around(make, launch.function).next().is_some() {
            let message = format!("{name} is made in a loop: close it at the end of each turn");
            return Err(Refusal::new(Reason::InLoop, message));
        }
        if self.waits_for_receiver() {
            let message = format!(
                "the function waits for the receiver before it returns: close {name} behind the last send, before the wait"
            );
            return Err(Refusal::new(Reason::HandlerWaits, message));
        }
        let statement = statement_of(make).ok_or_else(|| no_place("the channel is made in a header"))?;
        let line = format!("defer close({name})");
        let edit = edit::insert_after(launch.declaration.file(), statement, &[&line])
            .ok_or_else(|| no_place("other code stands on the line"))?;
        Ok((vec![edit], format!("Close {name} when the function returns")))
    }

    /// Whether the function waits, in whatever way, for someone who may be waiting for the close.
    fn waits_for_receiver(&self) -> bool {
        let receivers = self
            .uses()
            .iter()
            .filter_map(|held| match (held.action, held.party) {
                (Action::Range | Action::Receive, Party::Worker(at)) => Some(at),
                _ => None,
            });
        let receivers: Vec<usize> = receivers.collect();
        let groups = self.launch.function.descendants().filter_map(waited_group);
        let by_group = groups
            .into_iter()
            .any(|group| receivers.iter().any(|at| self.launch.tells_done(*at, group)));
        let own = self.launch.uses_of(Party::Launcher);
        let by_channel = own
            .filter(|(at, held)| {
                *at != self.channel && matches!(held.action, Action::Receive | Action::Range)
            })
            .any(|(at, _)| receivers.iter().any(|worker| self.launch.shares(*worker, at)));
        let ranges = self.uses().iter().any(|held| {
            held.party == Party::Launcher && matches!(held.action, Action::Range | Action::Receive)
        });
        by_group || by_channel || ranges
    }

    /// One goroutine makes all sends, so the channel is done when that ends.
    fn close_in_producer(&self, worker: usize) -> Result<Edits, Refusal> {
        let held = &self.launch.workers[worker];
        let sends = self
            .uses()
            .iter()
            .filter(|held| held.party == Party::Worker(worker));
        let name = sends.map(|held| held.name).next().map_or(self.name(), Node::text);
        if held.declaration != self.launch.declaration {
            let message = format!(
                "{} is a function of its own: let it begin with `defer close({name})`, if nobody else calls it",
                held.declaration.title()
            );
            return Err(Refusal::new(Reason::UsedElsewhere, message));
        }
        let list = self.statement_list();
        let start = list.and_then(|list| statement_in(held.start, list));
        let start = start.filter(|start| held.start.statement() == Some(*start));
        let start = start.ok_or_else(|| no_place("the producer starts on some paths only"))?;
        self.check_straight(list, start)?;
        let body = held
            .function
            .field(Field::Body)
            .ok_or_else(|| no_place("it has no body"))?;
        if !self.is_known_at(body, name) {
            return Err(no_place(&format!(
                "{name} means something else at the head of the goroutine"
            )));
        }
        let line = format!("defer close({name})");
        let edit = edit::insert_at_start(held.declaration.file(), body, &[&line]).ok_or_else(|| {
            no_place("the goroutine stands on one line: put its statements on lines of their own first")
        })?;
        Ok((vec![edit], format!("Close {name} when its producer ends")))
    }

    /// The statements among which the channel is made.
    fn statement_list(&self) -> Option<Node<'a>> {
        statement_of(self.launch.channels[self.channel].make)?.parent()
    }

    /// Whether `name` is the channel where the body begins.
    fn is_known_at(&self, body: Node<'a>, name: &str) -> bool {
        let declaration = self.launch.declaration;
        let mut uses = self
            .uses()
            .iter()
            .filter(|held| body.contains(held.name) && held.name.text() == name);
        uses.all(|held| {
            let id = declaration.scopes().binding_of(held.name);
            id.is_some_and(|id| declaration.scopes().get(id).declared < body.index())
        })
    }

    /// Several goroutines send, and one group counts them all.
    fn close_after_group(&self, workers: &[Party]) -> Result<Edits, Refusal> {
        let (launch, name) = (self.launch, self.name());
        let uncovered = || {
            let message = format!(
                "several goroutines send to {name}: count them with a sync.WaitGroup, wait for it in a goroutine of its own, and close {name} there"
            );
            Refusal::new(Reason::OtherParty, message)
        };
        let workers: Vec<usize> = workers
            .iter()
            .filter_map(|party| match party {
                Party::Worker(at) => Some(*at),
                Party::Launcher => None,
            })
            .collect();
        let group = self.group_of(&workers).ok_or_else(uncovered)?;
        let function = launch.function;
        let waits = function
            .descendants()
            .find(|node| node.is(Kind::CallExpression) && waited_group(*node) == Some(group));
        let list = self.statement_list();
        match (waits, self.own_receive()) {
            (Some(wait), Some(receive)) if receive.start() < wait.start() => {
                self.move_wait(wait, receive, &workers, group)
            }
            (Some(_), Some(_)) if launch.channels[self.channel].capacity == 0 => {
                let message = format!(
                    "{group}.Wait() stands before the loop, and nobody takes what the producers send to {name}: wait in a goroutine of its own, and close {name} there"
                );
                Err(Refusal::new(Reason::HandlerWaits, message))
            }
            (Some(wait), _) => self.close_behind(wait, list),
            (None, _) => Ok((vec![self.wait_aside(&workers, group)?], self.close_title())),
        }
    }

    fn close_title(&self) -> String {
        format!("Close {} when every producer is done", self.name())
    }

    /// Where the function takes from the channel in its own goroutine.
    fn own_receive(&self) -> Option<Node<'a>> {
        let takes = |held: &&Use<'a>| matches!(held.action, Action::Range | Action::Receive);
        let own = self.launch.channels[self.channel].uses_of(Party::Launcher);
        own.filter(takes)
            .map(|held| held.name)
            .min_by_key(|name| name.start())
    }

    /// A goroutine of its own that waits for the group and closes the channel, behind the last start of a producer.
    fn wait_aside(&self, workers: &[usize], group: &str) -> Result<Edit, Refusal> {
        let (launch, list) = (self.launch, self.statement_list());
        let last = self
            .last_start(workers)
            .ok_or_else(|| no_place("the goroutines start in another block"))?;
        self.check_straight(list, last)?;
        let lines = [
            "go func() {",
            &format!("\t{group}.Wait()"),
            &format!("\tclose({})", self.name()),
            "}()",
        ];
        edit::insert_after(launch.declaration.file(), last, &lines)
            .ok_or_else(|| no_place("other code stands on the line"))
    }

    /// The statement beside the make that holds the last start of a producer.
    fn last_start(&self, workers: &[usize]) -> Option<Node<'a>> {
        let list = self.statement_list()?;
        let starts = workers.iter().map(|at| self.launch.workers[*at].start);
        let outer = starts.filter_map(|start| statement_in(start, list));
        outer.max_by_key(|statement| statement.index())
    }

    /// The function waits for its producers only when its own loop is over, which only a close would end: the wait
    /// moves into a goroutine, with the close. The loop then ends when the producers are done, as the wait did.
    fn move_wait(
        &self,
        wait: Node<'a>,
        receive: Node<'a>,
        workers: &[usize],
        group: &str,
    ) -> Result<Edits, Refusal> {
        let list = self.statement_list();
        let statement = self.plain_wait(wait, list)?;
        let looped = list.and_then(|list| statement_in(receive, list));
        let looped = looped.filter(|looped| looped.is(Kind::ForStatement));
        let before = |last: Node<'a>| looped.is_some_and(|looped| last.end() <= looped.start());
        if !self.last_start(workers).is_some_and(before) {
            return Err(no_place(
                "the loop does not stand behind the last start of a producer",
            ));
        }
        let aside = self.wait_aside(workers, group)?;
        let gone = edit::delete_statement(self.launch.declaration.file(), statement)
            .ok_or_else(|| no_place("other code stands on the line"))?;
        Ok((vec![aside, gone], self.close_title()))
    }

    /// The group that each of the workers tells when it is done, and that only the function adds to.
    fn group_of(&self, workers: &[usize]) -> Option<&'a str> {
        let calls = self
            .launch
            .function
            .shallow_descendants()
            .filter(|node| node.is(Kind::CallExpression));
        let groups = calls.filter_map(|call| {
            let function = call.field(Field::Function)?;
            let name = function.field(Field::Field)?.text();
            let on_group = self
                .launch
                .declaration
                .callee(call)
                .is_method(paths::SYNC, "WaitGroup", name);
            (on_group && matches!(name, "Add" | "Go"))
                .then(|| function.field(Field::Operand).map(Node::text))?
        });
        let mut groups: Vec<&str> = groups.collect();
        groups.sort_unstable();
        groups.dedup();
        let covers = |group: &&str| workers.iter().all(|at| self.launch.tells_done(*at, group));
        groups.into_iter().find(covers)
    }

    /// The function waits for the producers itself: behind that, no send can follow.
    fn close_behind(&self, wait: Node<'a>, list: Option<Node<'a>>) -> Result<Edits, Refusal> {
        let statement = self.plain_wait(wait, list)?;
        self.check_straight(list, statement)?;
        let line = format!("close({})", self.name());
        let edit = edit::insert_after(self.launch.declaration.file(), statement, &[&line])
            .ok_or_else(|| no_place("other code stands on the line"))?;
        Ok((vec![edit], self.close_title()))
    }

    /// The wait as a statement of the list in which the channel is made.
    fn plain_wait(&self, wait: Node<'a>, list: Option<Node<'a>>) -> Result<Node<'a>, Refusal> {
        let plain = |statement: &Node<'a>| {
            statement.is(Kind::ExpressionStatement)
                && statement.child(0) == Some(wait)
                && statement.parent() == list
        };
        let statement = wait.statement().filter(plain);
        statement.ok_or_else(|| no_place("the wait for the producers stands in another block"))
    }

    /// Nothing may leave the function between the make and the close, nor start a producer behind it.
    fn check_straight(&self, list: Option<Node<'a>>, last: Node<'a>) -> Result<(), Refusal> {
        let make = self.launch.channels[self.channel].make;
        let statements = list.into_iter().flat_map(|list| list.shallow_descendants());
        let mut between = statements.filter(|node| make.start() < node.start() && node.start() < last.end());
        let leaves = |node: Node<'_>| {
            matches!(node.kind(), Kind::ReturnStatement | Kind::GotoStatement)
                || (node.is(Kind::BreakStatement) && node.child(0).is_some())
        };
        match between.any(leaves) {
            true => Err(no_place(
                "the function can return before every producer has started",
            )),
            false => Ok(()),
        }
    }
}

/// Whether the receive asks `, ok`.
fn is_checked(name: Node<'_>) -> bool {
    let receive = name.enclosing(Kind::UnaryExpression);
    let header = receive.and_then(|receive| receive.ancestors().find(|up| up.field(Field::Left).is_some()));
    let right = header.and_then(|header| header.field(Field::Right));
    let direct = right.is_some_and(|right| {
        let value = if right.is(Kind::ExpressionList) {
            right.child(0)
        } else {
            Some(right)
        };
        value == receive
    });
    let left = header.and_then(|header| header.field(Field::Left));
    direct && left.is_some_and(|left| left.children().count() == 2)
}

/// The statement around a `make`, where that is a plain one.
fn statement_of(make: Node<'_>) -> Option<Node<'_>> {
    let statement = make.statement()?;
    matches!(
        statement.kind(),
        Kind::ShortVarDeclaration | Kind::VarDeclaration | Kind::AssignmentStatement
    )
    .then_some(statement)
}

/// The statement of `list` that holds `node`.
fn statement_in<'a>(node: Node<'a>, list: Node<'a>) -> Option<Node<'a>> {
    let mut around = std::iter::once(node).chain(node.ancestors());
    around.find(|up| up.parent() == Some(list))
}

fn no_place(why: &str) -> Refusal {
    let message = format!("no place for the close was found ({why}): close the channel behind its last send");
    Refusal::new(Reason::ControlFlow, message)
}
