//! Where memory of a request goes: through locals, parts, literals and functions of the module, up to what keeps it
//! beyond the request.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::accessor::{Access, Gives, Shape, access, contexts_in};
use super::loan::{Calls, Loan, Spot, Value};
use super::setting::Settings;
use crate::analysis::detached::Detached;
use crate::analysis::owner::{Frame, Outlives, Owner};
use crate::frameworks::ContextHandler;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Callee, DeclId, Declaration, Type, Usage};
use crate::limits::{Budget, Limit};

mod call;
mod filled;
mod getter;
mod place;

/// How many steps values of one handler are followed: real code needs a few hundred.
const STEPS: Limit = Limit::new(20_000, "steps");

/// What keeps the memory.
#[derive(Clone, Debug)]
pub enum Keeper<'a> {
    /// Code that may run after the handler.
    Detached(Detached<'a>),
    Owner(Owner, Outlives),
    /// A function of another package, by its name.
    Function(String),
}

/// A loan that ends up where it outlives the request.
#[derive(Clone, Debug)]
pub struct Kept<'a> {
    /// The statement or call that hands it over, in the function that asked the context.
    pub at: Declaration<'a>,
    pub node: Node<'a>,
    pub keeper: Keeper<'a>,
    pub loan: Loan<'a>,
    /// Where it is kept, if that is in a function called from there.
    pub inside: Option<(Declaration<'a>, Node<'a>)>,
}

/// Everything that a handler lends and that is kept.
pub fn kept<'a>(handler: &ContextHandler<'a>, settings: Settings) -> Vec<Kept<'a>> {
    let mut tracer = Tracer::new();
    let frame = Frame {
        at: handler.declaration,
        function: handler.function,
        receiver: None,
    };
    let own = |mention: &Node<'a>| {
        let around = ContextHandler::around(handler.declaration, *mention);
        around.is_some_and(|around| around.function == handler.function)
    };
    let at = handler.declaration;
    let starts = tracer.starts_in(at, handler.function);
    // What code does that outlives the handler is a matter of its own.
    let is_late = |mention: &Node<'a>| {
        let start = starts.iter().find(|start| start.holds(*mention));
        start.is_some_and(|start| !start.is_awaited(at, handler.function))
    };
    let mentions = contexts_in(at, handler.function).into_iter();
    for mention in { mentions }.filter(|mention| own(mention) && !is_late(mention)) {
        let access = access(at, mention, settings).or_else(|| getter::access(at, mention, settings));
        if let Some(access) = access {
            tracer.begin(frame, &access);
        }
    }
    while let Some(carrier) = tracer.open.pop() {
        tracer.follow_mentions(&carrier);
    }
    tracer.kept
}

/// A local name that has a loan.
struct Carrier<'a> {
    frame: Frame<'a>,
    binding: BindingId,
    loan: Loan<'a>,
    calls: Calls<'a>,
    /// From where on it has it.
    since: usize,
}

struct Tracer<'a> {
    open: Vec<Carrier<'a>>,
    /// The names looked at, each once for each loan and for each call through which it got there.
    seen: HashSet<(Place, BindingId, Lent)>,
    /// The results that functions gave their callers, likewise.
    given_back: HashSet<(Place, usize, usize, Lent)>,
    budget: Budget,
    /// By package, declaration and function.
    starts: HashMap<(usize, DeclId, usize), Rc<Vec<Detached<'a>>>>,
    kept: Vec<Kept<'a>>,
    /// What the function itself gives to its callers, by result.
    given: Vec<(usize, Shape)>,
}

/// A package, and a declaration of it.
type Place = (usize, DeclId);

/// What tells one loan from another: where it can be copied, its shape, and the call through which the function got
/// it, if it did.
type Lent = (Option<usize>, Shape, Option<(Place, usize)>);

fn place(at: Declaration<'_>) -> Place {
    (package_key(at), at.id)
}

fn lent(loan: &Loan<'_>, calls: &Calls<'_>) -> Lent {
    let spot = loan.spot.map(|spot| spot.node.index());
    let call = calls
        .as_ref()
        .map(|entry| (place(entry.frame.at), entry.call.index()));
    (spot, loan.shape, call)
}

impl<'a> Tracer<'a> {
    fn new() -> Self {
        Tracer {
            open: Vec::new(),
            seen: HashSet::new(),
            given_back: HashSet::new(),
            budget: Budget::new(STEPS),
            starts: HashMap::new(),
            kept: Vec::new(),
            given: Vec::new(),
        }
    }

    fn begin(&mut self, frame: Frame<'a>, access: &Access<'a>) {
        let at = frame.at;
        let node = access.node;
        let source = |shape: Shape| (shape != Shape::Group).then_some(Spot { at, node, shape });
        let loan = |shape: Shape| Loan {
            origin: (at, node),
            shape,
            part: None,
            spot: source(shape),
            source: source(shape),
            settled: false,
            of_text: shape == Shape::Group,
        };
        match access.gives {
            Gives::Lent(shape) => self.follow(Value {
                frame,
                node: access.node,
                loan: loan(shape),
                result: 0,
                calls: None,
            }),
            Gives::Filled => {
                let filled = access.arguments.last().map(|value| value.unparenthesized());
                let filled = filled.and_then(|value| value.field(Field::Operand).or(Some(value)));
                let binding = filled.and_then(|name| at.scopes().binding_of(name));
                let loan = Loan {
                    of_text: false,
                    ..loan(Shape::Group)
                };
                if let Some(binding) = binding {
                    self.carry(frame, binding, loan, None, access.node.end());
                }
            }
            Gives::Own | Gives::Context | Gives::Advised => {}
        }
    }

    fn carry(
        &mut self,
        frame: Frame<'a>,
        binding: BindingId,
        loan: Loan<'a>,
        calls: Calls<'a>,
        since: usize,
    ) {
        if self.seen.insert((place(frame.at), binding, lent(&loan, &calls))) {
            self.open.push(Carrier {
                frame,
                binding,
                loan,
                calls,
                since,
            });
        }
    }

    fn follow_mentions(&mut self, carrier: &Carrier<'a>) {
        let Frame { at, function, .. } = carrier.frame;
        let starts = self.starts_in(at, function);
        let declared = at.tree().node(at.scopes().get(carrier.binding).declared);
        for mention in at.scopes().uses(carrier.binding, at.tree()) {
            let skips = matches!(at.usage(mention), Usage::Write | Usage::FieldKey)
                || mention.start() < carrier.since
                || is_overwritten(at, carrier, mention)
                || filled::is_filled(at, carrier, mention);
            if skips || asks_for_other_part(&carrier.loan, mention) {
                continue;
            }
            let later = starts
                .iter()
                .find(|start| start.holds(mention) && !start.holds(declared));
            let mut value = Value {
                frame: carrier.frame,
                node: mention,
                loan: carrier.loan.clone(),
                result: 0,
                calls: carrier.calls.clone(),
            };
            if let Some(start) = later {
                self.detach(value, *start);
                continue;
            }
            if value.loan.spot.is_some() || value.loan.shape != Shape::Group {
                value = value.same(mention);
            }
            self.follow_closures(&value);
            self.follow(value);
        }
    }

    fn starts_in(&mut self, at: Declaration<'a>, function: Node<'a>) -> Rc<Vec<Detached<'a>>> {
        let key = (package_key(at), at.id, function.index());
        let starts = self.starts.entry(key);
        Rc::clone(starts.or_insert_with(|| Rc::new(Detached::all_in(at, function))))
    }

    /// A closure that captures the name holds it, too.
    fn follow_closures(&mut self, value: &Value<'a>) {
        let around = value.node.ancestors();
        let around = around.take_while(|node| *node != value.frame.function);
        for literal in around.filter(|node| node.is(Kind::FuncLiteral)) {
            let is_stored = literal.parent().is_some_and(|parent| {
                !matches!(parent.kind(), Kind::CallExpression | Kind::ArgumentList)
                    || is_append(value.at(), parent)
            });
            if is_stored {
                self.follow(value.clone().grouped(literal, None));
            }
        }
    }

    fn follow(&mut self, mut value: Value<'a>) {
        loop {
            if !self.budget.spend(&value.at().file().path) {
                return;
            }
            match self.step(value) {
                Some(next) => value = next,
                None => return,
            }
        }
    }

    /// What the expression around the value makes of it.
    fn step(&mut self, value: Value<'a>) -> Option<Value<'a>> {
        let parent = value.node.parent()?;
        let at = value.at();
        let role = value.node.role();
        match parent.kind() {
            Kind::ParenthesizedExpression => Some(value.same(parent)),
            Kind::TypeAssertionExpression => Some(value.disguised(parent)),
            Kind::UnaryExpression => {
                let passes = matches!(parent.operator(), Some(Kind::Address | Kind::Star));
                passes.then(|| value.disguised(parent))
            }
            Kind::SelectorExpression if value.loan.shape == Shape::Group && role == Field::Operand => {
                let is_method = parent.role() == Field::Function;
                let field = parent.field(Field::Field).map(Node::text);
                (!is_method).then(|| value.part(parent, field)).flatten()
            }
            Kind::IndexExpression if role == Field::Index => {
                self.key(value, parent);
                None
            }
            Kind::IndexExpression if value.loan.shape == Shape::Group => {
                value.part(parent, parent.field(Field::Index).and_then(literal_text))
            }
            Kind::SliceExpression if role == Field::Operand => Some(value.same(parent)),
            Kind::TypeConversionExpression => converted(value, parent, &at.type_of(parent)),
            Kind::LiteralElement | Kind::LiteralValue | Kind::CompositeLiteral => {
                let part = value.loan.part;
                Some(value.grouped(parent, part))
            }
            Kind::KeyedElement => {
                let key = parent.field(Field::Key).filter(|_| role == Field::Value);
                Some(value.grouped(parent, key.map(Node::text)))
            }
            Kind::ArgumentList | Kind::VariadicArgument => self.pass(value),
            Kind::ExpressionList => self.listed(value, parent),
            Kind::RangeClause if role == Field::Right && value.loan.shape == Shape::Group => {
                self.range(&value, parent);
                None
            }
            Kind::SendStatement if role == Field::Value => {
                let channel = parent.field(Field::Channel);
                self.store(&value, channel, parent);
                None
            }
            _ => None,
        }
    }
}

/// Tells packages apart while they are at hand.
fn package_key(at: Declaration<'_>) -> usize {
    std::ptr::from_ref(at.package).addr()
}

/// Whether a statement between the carrier's start and `mention` surely gives the name another value.
fn is_overwritten(at: Declaration<'_>, carrier: &Carrier<'_>, mention: Node<'_>) -> bool {
    let writes = at
        .scopes()
        .uses(carrier.binding, at.tree())
        .filter(|node| at.usage(*node) == Usage::Write && node.start() >= carrier.since);
    let statements = writes.filter_map(Node::statement);
    { statements }.any(|statement| {
        let list = statement.parent();
        statement.end() <= mention.start() && list.is_some_and(|list| list.contains(mention))
    })
}

/// Whether only a field of the group is used here that does not hold the loan.
fn asks_for_other_part(loan: &Loan<'_>, mention: Node<'_>) -> bool {
    let selector = mention
        .parent()
        .filter(|parent| parent.is(Kind::SelectorExpression) && parent.role() != Field::Function);
    match (
        loan.part,
        selector.and_then(|selector| selector.field(Field::Field)),
    ) {
        (Some(part), Some(field)) => field.text() != part,
        _ => false,
    }
}

fn converted<'a>(value: Value<'a>, around: Node<'a>, to: &Type) -> Option<Value<'a>> {
    match (value.loan.shape, to) {
        (Shape::Text, Type::Basic("string")) => Some(value.same(around)),
        (Shape::Text, Type::Slice(_)) => None,
        (Shape::Bytes, Type::Basic(_)) => None,
        _ => Some(value.disguised(around)),
    }
}

fn literal_text(node: Node<'_>) -> Option<&str> {
    matches!(
        node.kind(),
        Kind::InterpretedStringLiteral | Kind::RawStringLiteral
    )
    .then(|| node.text())
}

fn is_append(at: Declaration<'_>, list: Node<'_>) -> bool {
    let call = list.parent().filter(|call| call.is(Kind::CallExpression));
    call.is_some_and(|call| matches!(at.callee(call), Callee::Builtin(name) if name == "append"))
}
