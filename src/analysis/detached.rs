//! Code that may run after the function that starts it has returned: goroutines, timers, jobs put in a queue,
//! writers of a response body. And whether the function waits for it after all.

use super::owner::{Frame, owner_of};
use crate::facts::paths;
use crate::frameworks::ContextHandler;
use crate::go::cfg::{Exit, Flow, Paths, walk};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, Declaration, Type};

/// How code comes to run later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    Goroutine,
    /// Handed to a timer, a pool or another function that runs it in a goroutine.
    Job,
    /// Sent to a channel that outlives the function.
    Queue,
    /// fasthttp calls it after the handler, to write the body.
    Stream,
}

impl Means {
    /// What runs later, for a sentence.
    pub fn noun(self) -> &'static str {
        match self {
            Means::Goroutine => "goroutine",
            Means::Job | Means::Queue => "job",
            Means::Stream => "stream writer",
        }
    }
}

/// One start of such code.
#[derive(Clone, Copy, Debug)]
pub struct Detached<'a> {
    pub means: Means,
    /// The `go` statement, the send, or the call that takes the function.
    pub start: Node<'a>,
    /// The call after `go`. Its arguments are evaluated at the start.
    pub call: Option<Node<'a>>,
    /// The literal that runs later.
    pub literal: Option<Node<'a>>,
}

impl<'a> Detached<'a> {
    /// Every start in `function`, those inside code that is detached already left out.
    pub fn all_in(at: Declaration<'a>, function: Node<'a>) -> Vec<Detached<'a>> {
        let mut found: Vec<Detached<'a>> = Vec::new();
        for node in function.descendants() {
            let runs_elsewhere =
                |held: &Detached<'a>| held.literal.is_some_and(|literal| literal.contains(node));
            if found.iter().any(runs_elsewhere) || belongs_to_other_handler(at, function, node) {
                continue;
            }
            found.extend(Detached::of(at, function, node));
        }
        found
    }

    fn of(at: Declaration<'a>, function: Node<'a>, node: Node<'a>) -> Option<Detached<'a>> {
        match node.kind() {
            Kind::GoStatement => {
                let call = node.child(0).filter(|call| call.is(Kind::CallExpression))?;
                Some(Detached {
                    means: Means::Goroutine,
                    start: node,
                    call: Some(call),
                    literal: call
                        .field(Field::Function)
                        .and_then(|called| literal_of(at, called)),
                })
            }
            Kind::FuncLiteral => {
                let (means, start) = taker(at, function, node)?;
                Some(Detached {
                    means,
                    start,
                    call: None,
                    literal: Some(node),
                })
            }
            _ => None,
        }
    }

    /// Whether `node` stands in code that runs later. The arguments after `go` do not.
    pub fn holds(&self, node: Node<'_>) -> bool {
        self.literal.is_some_and(|literal| literal.contains(node))
    }

    /// Whether `node` is, or stands in, an argument after `go`.
    pub fn is_given(&self, node: Node<'_>) -> bool {
        let arguments = self.call.and_then(|call| call.field(Field::Arguments));
        arguments.is_some_and(|arguments| arguments.contains(node)) && !self.holds(node)
    }

    /// Whether every path of the functions around the start, up to `function`, waits before it ends: for a wait
    /// group, an error group, a channel. What waits in code that cannot be seen counts, too.
    pub fn is_awaited(&self, at: Declaration<'a>, function: Node<'a>) -> bool {
        if self.means == Means::Stream {
            return false;
        }
        let mut around = self.start.ancestors().filter(|node| node.is_function());
        let mut inside = self.start;
        loop {
            let Some(outer) = around.next().filter(|outer| function.contains(*outer)) else {
                return false;
            };
            if waits_behind(at, outer, inside) {
                return true;
            }
            inside = outer;
        }
    }
}

/// The function literal that `called` is or names.
fn literal_of<'a>(at: Declaration<'a>, called: Node<'a>) -> Option<Node<'a>> {
    let called = called.unparenthesized();
    if called.is(Kind::FuncLiteral) {
        return Some(called);
    }
    let binding = at.scopes().get(at.scopes().binding_of(called)?);
    let origin = at.tree().node(binding.origin);
    let values = origin.field(Field::Right).or(origin.field(Field::Value))?;
    values
        .child(0)
        .filter(|value| value.is(Kind::FuncLiteral) && values.children().count() == 1)
}

fn belongs_to_other_handler(at: Declaration<'_>, function: Node<'_>, node: Node<'_>) -> bool {
    let mut between = node.ancestors().take_while(|outer| *outer != function);
    between.any(|outer| outer.is(Kind::FuncLiteral) && ContextHandler::of(at, outer).is_some())
}

/// What takes the literal and runs it later.
fn taker<'a>(at: Declaration<'a>, function: Node<'a>, literal: Node<'a>) -> Option<(Means, Node<'a>)> {
    let parent = literal.parent()?;
    match parent.kind() {
        Kind::SendStatement if literal.role() == Field::Value => {
            let frame = Frame {
                at,
                function,
                receiver: None,
            };
            owner_of(frame, parent.field(Field::Channel)?)?;
            Some((Means::Queue, parent))
        }
        Kind::ArgumentList => {
            let call = parent.parent().filter(|call| call.is(Kind::CallExpression))?;
            let position = parent.children().position(|argument| argument == literal)?;
            match called_name(call) {
                "SetBodyStreamWriter" | "SendStreamWriter" | "NewStreamReader" => Some((Means::Stream, call)),
                "StreamWriter" => taker(at, function, call),
                _ => runs_later(at, call, position).then_some((Means::Job, call)),
            }
        }
        _ => None,
    }
}

fn called_name(call: Node<'_>) -> &str {
    let function = call.field(Field::Function);
    let name = function.map(|function| function.field(Field::Field).unwrap_or(function));
    name.map_or("", Node::text)
}

/// Whether `call` runs its argument at `position` in another goroutine.
fn runs_later(at: Declaration<'_>, call: Node<'_>, position: usize) -> bool {
    match at.callee(call) {
        Callee::Package(callee) if callee.is_sound() => starts_parameter(callee, position),
        callee => callee
            .function()
            .is_some_and(|function| at.facts().runs_later(function)),
    }
}

/// Whether a function of the module calls its parameter at `position` in a goroutine.
fn starts_parameter(callee: Declaration<'_>, position: usize) -> bool {
    let Some(function) = callee.function() else {
        return false;
    };
    let names = function
        .field(Field::Parameters)
        .into_iter()
        .flat_map(Node::children)
        .flat_map(|declared| declared.fields(Field::Name))
        .filter(|name| name.is(Kind::Identifier));
    let binding = names
        .into_iter()
        .nth(position)
        .and_then(|name| callee.scopes().binding_of(name));
    let Some(binding) = binding else { return false };
    let goroutines: Vec<_> = function
        .descendants()
        .filter(|node| node.is(Kind::GoStatement))
        .collect();
    let mut uses = callee.scopes().uses(binding, callee.tree());
    uses.any(|name| {
        let is_called = name.role() == Field::Function;
        is_called && goroutines.iter().any(|start| start.contains(name))
    })
}

/// Whether every path of `function` from `start` on waits.
fn waits_behind<'a>(at: Declaration<'a>, function: Node<'a>, start: Node<'a>) -> bool {
    let waits: Vec<Node<'a>> = function
        .shallow_descendants()
        .filter(|node| !start.contains(*node) && waits(at, *node))
        .collect();
    if waits.is_empty() {
        return false;
    }
    let is_deferred = |wait: &Node<'a>| wait.enclosing(Kind::DeferStatement).is_some();
    if waits.iter().any(is_deferred) {
        return true;
    }
    // A loop that waits takes as many turns as there were starts.
    let loops = waits.iter().flat_map(|wait| wait.ancestors());
    let loops = loops.filter(|node| node.is(Kind::ForStatement) && !node.contains(start));
    let mut rest = Rest {
        places: waits.iter().copied().chain(loops).collect(),
        gets_away: false,
    };
    let Some(cfg) = at.control_flow(function) else {
        return false;
    };
    match cfg.point_of(start) {
        Some(point) => walk(&cfg, point.after(), (), &mut rest),
        None => rest.gets_away = true,
    }
    !rest.gets_away
}

/// Looks for a path that ends without a wait.
struct Rest<'a> {
    places: Vec<Node<'a>>,
    gets_away: bool,
}

impl<'a> Paths<'a> for Rest<'a> {
    type State = ();

    fn visit(&mut self, node: Node<'a>, _state: &mut ()) -> Flow {
        let waits = |place: &Node<'a>| place.contains(node) || node.contains(*place);
        match self.places.iter().any(waits) {
            true => Flow::Stop,
            false => Flow::Continue,
        }
    }

    fn leave(&mut self, exit: Exit<'a>, _state: &()) {
        self.gets_away |= !matches!(exit, Exit::NoReturn(_));
    }
}

/// Whether the function waits for something behind `statement`, most likely for the receiver of what it sends there
/// to be done with it.
pub fn waits_for_answer(at: Declaration<'_>, function: Node<'_>, statement: Node<'_>) -> bool {
    let mut behind = function
        .shallow_descendants()
        .filter(|node| node.start() > statement.end());
    behind.any(|node| node.is(Kind::SelectStatement) || waits(at, node))
}

fn waits(at: Declaration<'_>, node: Node<'_>) -> bool {
    match node.kind() {
        // `<-ctx.Done()` waits for no goroutine.
        Kind::UnaryExpression => {
            let from = node.field(Field::Operand);
            node.operator() == Some(Kind::Arrow) && !from.is_some_and(|from| from.is(Kind::CallExpression))
        }
        Kind::RangeClause => {
            let over = node.field(Field::Right);
            over.is_some_and(|over| matches!(at.type_of(over), Type::Chan(_)))
        }
        Kind::CallExpression => {
            let lends = |argument: Node<'_>| {
                let of = at.type_of(argument);
                matches!(of, Type::Chan(_)) || of.is(paths::SYNC, "WaitGroup")
            };
            let arguments = node.field(Field::Arguments).into_iter().flat_map(Node::children);
            let is_started = node.parent().is_some_and(|parent| parent.is(Kind::GoStatement));
            let is_builtin = matches!(at.callee(node), Callee::Builtin(_));
            called_name(node) == "Wait" || (!is_started && !is_builtin && { arguments }.any(lends))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::{Package, SourceFile};

    /// How many starts the body of a handler has, and how many of them are awaited.
    fn counted(body: &str) -> (usize, usize) {
        let code = format!(
            "package p\n\nimport (\n\t\"sync\"\n\t\"time\"\n\n\t\"github.com/gofiber/fiber/v2\"\n)\n\nvar jobs chan func()\n\nfunc safely(f func()) {{ go func() {{ f() }}() }}\n\nfunc h(c *fiber.Ctx) error {{\n{body}\n\treturn nil\n}}\n"
        );
        let package = Package::new("p", None, vec![SourceFile::new("p/f.go", code.as_bytes())]);
        let at = package.find_name("h").unwrap();
        let function = at.function().unwrap();
        let all = Detached::all_in(at, function);
        let awaited = all.iter().filter(|held| held.is_awaited(at, function)).count();
        (all.len(), awaited)
    }

    #[test]
    fn every_way_to_start_is_known() {
        for body in [
            "go func() {}()",
            "go work(c)",
            "f := func() {}\n\tgo f()",
            "time.AfterFunc(1, func() {})",
            "jobs <- func() {}",
            "safely(func() {})",
            "c.Context().SetBodyStreamWriter(func(w *bufio.Writer) { go func() {}() })",
        ] {
            assert_eq!(counted(body), (1, 0), "{body}");
        }
        assert_eq!(
            counted(
                "func() {}()\n\tdefer func() {}()\n\tlocal := make(chan func(), 1)\n\tlocal <- func() {}"
            ),
            (0, 0)
        );
    }

    #[test]
    fn who_waits_on_all_paths_is_not_left_behind() {
        for body in [
            "var wg sync.WaitGroup\n\tgo func() { wg.Done() }()\n\twg.Wait()",
            "var wg sync.WaitGroup\n\tdefer wg.Wait()\n\tgo func() { wg.Done() }()",
            "done := make(chan int)\n\tgo func() { done <- 1 }()\n\t<-done",
            "done := make(chan int)\n\tgo func() { done <- 1 }()\n\tfor i := 0; i < 1; i++ {\n\t\t<-done\n\t}",
            "done := make(chan int)\n\tgo func() { close(done) }()\n\tcollect(done)",
        ] {
            assert_eq!(counted(body), (1, 1), "{body}");
        }
        for body in [
            "done := make(chan int)\n\tgo func() { done <- 1 }()\n\tselect {\n\tcase <-done:\n\tcase <-time.After(1):\n\t}",
            "done := make(chan int)\n\tgo func() { done <- 1 }()\n\tif x {\n\t\treturn nil\n\t}\n\t<-done",
        ] {
            assert_eq!(counted(body), (1, 0), "{body}");
        }
    }
}
