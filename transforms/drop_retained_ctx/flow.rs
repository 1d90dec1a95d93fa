//! Where a request context goes: through aliases, literals, closures and functions of the package, up to the
//! statements that store it in something that outlives the request.

use std::collections::HashSet;

use crate::analysis::keeper::{self, Effect};
use crate::analysis::owner::{Frame, Outlives, Owner, outlives, owner_of};
use crate::frameworks::{ContextHandler, RequestContext};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Callee, DeclId, Declaration};

/// A statement that stores a request context in its owner.
#[derive(Clone, Debug)]
pub struct Store<'a> {
    pub request: RequestContext<'a>,
    pub declaration: Declaration<'a>,
    /// The function or literal in which it stands: the handler, or a function that the handler calls.
    pub function: Node<'a>,
    pub statement: Node<'a>,
    pub owner: Owner,
    pub outlives: Outlives,
}

/// A local name whose value is or holds the context.
#[derive(Clone, Copy)]
struct Carrier<'a> {
    frame: Frame<'a>,
    binding: BindingId,
}

/// Every store of the handler's context.
pub fn stores<'a>(handler: &ContextHandler<'a>) -> Vec<Store<'a>> {
    let mut tracer = Tracer::new(handler.request);
    if let Some(binding) = handler.context {
        let frame = Frame {
            at: handler.declaration,
            function: handler.function,
            receiver: None,
        };
        tracer.carry(Carrier { frame, binding });
    }
    while let Some(carrier) = tracer.queue.pop() {
        tracer.follow_mentions(carrier);
    }
    tracer.stores
}

struct Tracer<'a> {
    request: RequestContext<'a>,
    queue: Vec<Carrier<'a>>,
    /// A function counts once for each way its receiver may stand.
    seen: HashSet<(DeclId, BindingId, Option<Option<Outlives>>)>,
    stores: Vec<Store<'a>>,
}

impl<'a> Tracer<'a> {
    fn new(request: RequestContext<'a>) -> Self {
        Tracer {
            request,
            queue: Vec::new(),
            seen: HashSet::new(),
            stores: Vec::new(),
        }
    }

    fn carry(&mut self, carrier: Carrier<'a>) {
        let Carrier { frame, binding } = carrier;
        if self.seen.insert((frame.at.id, binding, frame.receiver)) {
            self.queue.push(carrier);
        }
    }

    /// Follows the name itself and every closure that captures it.
    fn follow_mentions(&mut self, carrier: Carrier<'a>) {
        for mention in carrier
            .frame
            .at
            .scopes()
            .uses(carrier.binding, carrier.frame.at.tree())
        {
            self.follow(carrier, mention);
            let around = mention
                .ancestors()
                .take_while(|node| *node != carrier.frame.function);
            for literal in around.filter(|node| node.is(Kind::FuncLiteral)) {
                self.follow(carrier, literal);
            }
        }
    }

    /// Follows a value through what merely wraps it to what takes it.
    fn follow(&mut self, carrier: Carrier<'a>, value: Node<'a>) {
        let wrapped = std::iter::successors(Some(value), |value| wrapping(carrier.frame.at, *value));
        let Some(value) = wrapped.last() else { return };
        let Some(parent) = value.parent() else { return };
        match parent.kind() {
            Kind::ExpressionList => self.assign(carrier, parent, value),
            Kind::SendStatement if value.role() == Field::Value => {
                self.store(carrier, parent.field(Field::Channel), parent);
            }
            Kind::IndexExpression if value.role() == Field::Index => self.assign_key(carrier, parent),
            Kind::ArgumentList => self.pass(carrier, parent, value),
            _ => {}
        }
    }

    /// The value stands on the right of `:=`, `=` or `var`.
    fn assign(&mut self, carrier: Carrier<'a>, list: Node<'a>, value: Node<'a>) {
        let Some(statement) = list.parent() else { return };
        let position = list.children().position(|node| node == value);
        let Some(position) = position else { return };
        match statement.kind() {
            Kind::AssignmentStatement if list.role() == Field::Right => {
                let place = statement.field(Field::Left).and_then(|left| left.child(position));
                self.store(carrier, place, statement);
            }
            Kind::ShortVarDeclaration => {
                let name = statement.field(Field::Left).and_then(|left| left.child(position));
                self.alias(carrier, name);
            }
            Kind::VarSpec => {
                let names = statement
                    .fields(Field::Name)
                    .filter(|name| name.is(Kind::Identifier));
                self.alias(carrier, names.into_iter().nth(position));
            }
            _ => {}
        }
    }

    fn alias(&mut self, carrier: Carrier<'a>, name: Option<Node<'a>>) {
        if let Some(binding) = name.and_then(|name| carrier.frame.at.scopes().binding_of(name)) {
            self.carry(Carrier { binding, ..carrier });
        }
    }

    /// The value is the key in `m[c] = …`.
    fn assign_key(&mut self, carrier: Carrier<'a>, index: Node<'a>) {
        let statement = index
            .parent()
            .filter(|list| list.role() == Field::Left)
            .and_then(Node::parent);
        if let Some(statement) = statement.filter(|statement| statement.is(Kind::AssignmentStatement)) {
            self.store(carrier, Some(index), statement);
        }
    }

    /// The value is an argument of a call: of a method that keeps it, or of a function of this package.
    fn pass(&mut self, carrier: Carrier<'a>, arguments: Node<'a>, value: Node<'a>) {
        let Some(call) = arguments.parent() else { return };
        if let Some((Effect::Stores, operand)) = keeper::effect(carrier.frame.at, call) {
            return self.store(carrier, Some(operand), call);
        }
        let position = arguments.children().position(|argument| argument == value);
        if let (Callee::Package(callee), Some(position)) = (carrier.frame.at.callee(call), position)
            // Findings belong to the package under analysis.
            && std::ptr::eq(callee.package, carrier.frame.at.package)
            && callee.is_sound()
            && let Some(function) = callee.function()
            && let Some(binding) = parameter(callee, function, position)
            // A function that takes a context is looked at as a handler of its own.
            && RequestContext::of_binding(callee, binding).is_none()
        {
            let frame = Frame {
                at: callee,
                function,
                receiver: Some(
                    call.field(Field::Function)
                        .and_then(|method| outlives(carrier.frame, method)),
                ),
            };
            self.carry(Carrier { frame, binding });
        }
    }

    fn store(&mut self, carrier: Carrier<'a>, place: Option<Node<'a>>, taker: Node<'a>) {
        let owner = place.and_then(|place| owner_of(carrier.frame, place));
        let statement = match taker.kind() {
            Kind::CallExpression => taker
                .parent()
                .filter(|parent| keeper::called(*parent) == Some(taker)),
            _ => Some(taker),
        };
        if let Some((owner, outlives)) = owner {
            self.stores.push(Store {
                request: self.request,
                declaration: carrier.frame.at,
                function: carrier.frame.function,
                statement: statement.unwrap_or(taker),
                owner,
                outlives,
            });
        }
    }
}

/// The expression around `value` whose own value holds it.
fn wrapping<'a>(at: Declaration<'a>, value: Node<'a>) -> Option<Node<'a>> {
    let parent = value.parent()?;
    match parent.kind() {
        Kind::ParenthesizedExpression
        | Kind::LiteralElement
        | Kind::KeyedElement
        | Kind::LiteralValue
        | Kind::CompositeLiteral
        | Kind::TypeConversionExpression => Some(parent),
        Kind::UnaryExpression => {
            matches!(parent.operator(), Some(Kind::Address | Kind::Star)).then_some(parent)
        }
        Kind::ArgumentList => {
            let call = parent.parent().filter(|call| call.is(Kind::CallExpression))?;
            let appended = || parent.child(0) != Some(value);
            match at.callee(call) {
                Callee::Builtin(name) => (name == "append" && appended()).then_some(call),
                Callee::Conversion(_) => Some(call),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The name of the parameter that takes the argument at `position`; a variadic one takes all that follow.
fn parameter(callee: Declaration<'_>, function: Node<'_>, position: usize) -> Option<BindingId> {
    let mut names = Vec::new();
    for declared in function.field(Field::Parameters)?.children() {
        let of = declared
            .fields(Field::Name)
            .filter(|name| !name.bytes().starts_with(b","));
        names.extend(of.map(|name| (declared, name)));
    }
    let last_variadic = names
        .last()
        .filter(|(declared, _)| declared.is(Kind::VariadicParameterDeclaration));
    let (_, name) = names.get(position).or(last_variadic)?;
    callee.scopes().binding_of(*name)
}
