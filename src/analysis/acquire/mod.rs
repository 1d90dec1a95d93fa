//! Where resources are acquired: calls that a table knows, and calls of functions of the package that only pass on
//! what they acquired.

mod taken;

use std::cell::RefCell;
use std::collections::HashMap;

use super::acquisition::{Acquisition, Handle, ResultIndexes};
use super::beside::Beside;
use super::effect::{Effect, Hold, Keep, Mention};
use super::escape;
use super::excuse;
use super::literals::{assigned_value, assignment_of, field_set_in, is_acquiring, literal_of};
use super::nodes::targets;
use crate::facts::Resource;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, BindingKind, Callee, DeclId, Declaration, Type, Usage};
use crate::limits;
use taken::named_results;

/// Finds acquisitions by a table; remembers which functions of the package pass them on.
pub struct Acquirers<'a> {
    table: Vec<&'a Resource>,
    /// Whether a named result of a function may hold what it acquires, like any other name.
    follows_results: bool,
    /// By package and place, since a table may lead through several packages.
    fresh: RefCell<HashMap<(&'a str, DeclId), Option<ResultIndexes<'a>>>>,
}

impl<'a> Acquirers<'a> {
    pub fn new(table: impl IntoIterator<Item = &'a Resource>) -> Self {
        Acquirers {
            table: table.into_iter().collect(),
            follows_results: false,
            fresh: RefCell::default(),
        }
    }

    /// The same, which also follows what named results hold: `func open() (f *os.File, err error)`.
    pub fn following_results(self) -> Self {
        Acquirers {
            follows_results: true,
            ..self
        }
    }

    /// The acquisitions of a declaration.
    pub fn collect(&self, at: Declaration<'a>) -> Vec<Acquisition<'a>> {
        let nodes = at.tree().root().subtree();
        let values = nodes.filter(|node| is_acquiring(*node));
        values.filter_map(|value| self.acquisition(at, value)).collect()
    }

    /// What `call` acquires, where it does.
    pub fn acquisition(&self, at: Declaration<'a>, call: Node<'a>) -> Option<Acquisition<'a>> {
        let yields = self.yields(at, call)?;
        let function = call.enclosing_function()?;
        let (statement, mut handle, fault) = self.taken(at, function, call, yields);
        if yields.beside.taken_by(at, function, statement).is_none() {
            handle = Handle::Elsewhere;
        }
        Some(Acquisition {
            at,
            function,
            call,
            statement,
            resource: yields.resource,
            handle,
            fault,
            yields,
        })
    }

    /// What a function or method of the package gives its caller, where all it returns is freshly acquired.
    pub fn passes_on(&self, declaration: Declaration<'a>) -> Option<ResultIndexes<'a>> {
        self.passed_on(declaration)
    }

    fn yields(&self, at: Declaration<'a>, call: Node<'a>) -> Option<ResultIndexes<'a>> {
        if !call.is(Kind::CallExpression) {
            return self.made(at, call);
        }
        let callee = at.callee(call);
        // A row about a function of the module knows better than its code.
        match (self.table.iter().find(|row| row.is_acquired_by(&callee)), callee) {
            (Some(resource), _) => (!excuse::is_excused(at, call, resource)).then_some(ResultIndexes {
                resource,
                result: resource.result,
                error: resource.error,
                beside: Beside::carried(resource.carrier),
            }),
            (None, Callee::Package(callee)) => self.passed_on(callee),
            (
                None,
                Callee::Unknown
                | Callee::External {
                    receiver: Some(_), ..
                },
            ) => self.handed_out(at, call),
            (None, _) => None,
        }
    }

    /// What a method of an interface gives, of which no body is at hand. Types of the module that implement the
    /// interface know best; where there are none, its name and its type say it.
    fn handed_out(&self, at: Declaration<'a>, call: Node<'a>) -> Option<ResultIndexes<'a>> {
        let selector = call.field(Field::Function)?.unparenthesized();
        let method = selector.field(Field::Field)?.text();
        let given = at.type_of(call).values();
        let [of, error] = given.as_slice() else {
            return None;
        };
        let mut rows = self.table.iter().filter(|_| error.is_error());
        let resource = *rows.find(|row| row.is_handed_out_as(method, of))?;
        let is_fresh = match at.interface_asked(selector) {
            Some(interface) => {
                let methods = interface.methods_named(method);
                let passes = |method: &Declaration<'a>| self.passed_on(at.beside(*method)).is_some();
                methods.is_empty() || methods.iter().any(passes)
            }
            None => {
                let operand = at.type_of(selector.field(Field::Operand)?);
                matches!(at.underlying(&operand), Type::Interface(_))
            }
        };
        (is_fresh && !excuse::is_excused(at, call, resource)).then_some(ResultIndexes {
            resource,
            result: 0,
            error: Some(1),
            beside: Beside::default(),
        })
    }

    /// What a literal is, or the address of one.
    fn made(&self, at: Declaration<'a>, value: Node<'a>) -> Option<ResultIndexes<'a>> {
        let literal = literal_of(value)?;
        let mut rows = self.table.iter().filter(|row| !row.literal.is_empty()).peekable();
        rows.peek()?;
        let of = at.type_meant(literal.field(Field::Type)?);
        let owns = |row: &Resource| {
            let field = row.owns.as_deref();
            field.is_none_or(|field| field_set_in(literal, field).is_some())
        };
        let resource = *rows.find(|row| row.is_made_as(&of) && owns(row))?;
        Some(ResultIndexes {
            resource,
            result: 0,
            error: None,
            beside: Beside::default(),
        })
    }

    fn passed_on(&self, declaration: Declaration<'a>) -> Option<ResultIndexes<'a>> {
        let key = (&*declaration.package.path, declaration.id);
        if let Some(known) = self.fresh.borrow().get(&key) {
            return *known;
        }
        // A function that calls itself passes on nothing while it is looked at.
        self.fresh.borrow_mut().insert(key, None);
        let returned = || self.returned(declaration);
        let found = limits::inside(&declaration.file().path, returned).flatten();
        self.fresh.borrow_mut().insert(key, found);
        found
    }

    /// The one resource that every return of the function hands over, `return nil, err` apart.
    fn returned(&self, at: Declaration<'a>) -> Option<ResultIndexes<'a>> {
        let function = at.function()?;
        function.field(Field::Result)?;
        let body = function.field(Field::Body)?;
        let returns = body
            .shallow_descendants()
            .filter(|node| node.is(Kind::ReturnStatement));
        let mut all: Option<ResultIndexes<'a>> = None;
        let mut gives_nothing = false;
        for statement in returns {
            let values: Vec<_> = statement.children().flat_map(Node::children).collect();
            let found = match values.as_slice() {
                [] if self.follows_results => self.fresh_value(at, function, &named_results(function)),
                [] => return None,
                [only] if is_acquiring(*only) => self.yields(at, *only),
                many => self.fresh_value(at, function, many),
            };
            match (found, all) {
                (None, _) if hands_over_nothing(&values) => gives_nothing = true,
                (Some(found), Some(known)) if found.is_like(&known) => {}
                (Some(found), None) => all = Some(found),
                _ => return None,
            }
        }
        // Without an error, something else says whether there is one.
        all.filter(|all| !gives_nothing || all.error.is_some())
    }

    /// A returned name that holds nothing but fresh resources and went nowhere else.
    fn fresh_value(
        &self,
        at: Declaration<'a>,
        function: Node<'a>,
        values: &[Node<'a>],
    ) -> Option<ResultIndexes<'a>> {
        let error = || at.results_of(function).iter().rposition(|of| of.is_error());
        let opened = values.iter().enumerate().find_map(|(position, value)| {
            let yields = is_acquiring(*value).then(|| self.yields(at, *value))??;
            (yields.result == 0 && yields.error.is_none()).then_some((position, yields.resource))
        });
        if let Some((result, resource)) = opened {
            let error = error();
            return Some(ResultIndexes {
                resource,
                result,
                error,
                beside: Beside::default(),
            });
        }
        let (position, resource, holders) = values.iter().enumerate().find_map(|(position, value)| {
            let binding = at.scopes().binding_of(*value)?;
            self.acquired_into(at, function, binding)
                .map(|(resource, holders)| (position, resource, holders))
        })?;
        let followed = escape::follow(at, function, holders, resource);
        let mentions = &followed.mentions;
        let stays = mentions.iter().all(|mention| {
            matches!(
                mention.effect,
                Effect::Pass | Effect::Touch | Effect::Keep(Keep::Returned) | Effect::Release
            )
        }) && !hands_over_released(at, function, mentions);
        stays.then_some(ResultIndexes {
            resource,
            result: position,
            error: error(),
            beside: followed.beside(position, resource),
        })
    }

    /// The resource that every assignment to `binding` acquires, with the names that have to do with it.
    fn acquired_into(
        &self,
        at: Declaration<'a>,
        function: Node<'a>,
        binding: BindingId,
    ) -> Option<(&'a Resource, Vec<(BindingId, Hold)>)> {
        let tree = at.tree();
        let held = at.scopes().get(binding);
        if !self.may_hold(held.kind) || held.function != function.index() {
            return None;
        }
        // A named result holds nothing where it is declared.
        let is_assigned = held.kind == BindingKind::Var;
        let declared = is_assigned.then(|| tree.node(held.declared)).into_iter();
        let written = at
            .scopes()
            .uses(binding, tree)
            .filter(|node| matches!(at.usage(*node), Usage::Write | Usage::Address));
        let mut found = None;
        let mut holders = vec![(binding, Hold::Resource)];
        for target in declared.chain(written) {
            let statement = assignment_of(target)?;
            let Some(value) = assigned_value(statement) else {
                // `var rows *sql.Rows` holds nothing yet.
                statement.is(Kind::VarSpec).then_some(())?;
                continue;
            };
            let yields = self.yields(at, value)?;
            let is_handle = targets(statement).nth(yields.result) == Some(target);
            is_handle.then_some(())?;
            holders.extend(yields.beside.taken_by(at, function, statement)?);
            found.get_or_insert(yields.resource);
        }
        Some((found?, holders))
    }
}

/// Whether the function can return the resource after it released it, or with a release deferred.
fn hands_over_released<'a>(at: Declaration<'a>, function: Node<'a>, mentions: &[Mention<'a>]) -> bool {
    let Some(flow) = at.control_flow(function) else {
        return true;
    };
    let points = |wanted: Effect| {
        let found = mentions.iter().filter(move |mention| mention.effect == wanted);
        found
            .filter_map(|mention| flow.point_of(mention.node))
            .collect::<Vec<_>>()
    };
    let returned = points(Effect::Keep(Keep::Returned));
    let is_returned = |node| flow.point_of(node).is_some_and(|point| returned.contains(&point));
    let mut released = points(Effect::Release).into_iter();
    released.any(|point| flow.reaches(point.after(), is_returned, |_| false))
}

/// Whether a return gives nothing but nils, zero values and errors: no name or call that could be a resource stands
/// first.
fn hands_over_nothing(values: &[Node<'_>]) -> bool {
    values.first().is_some_and(|value| value.is(Kind::Nil))
}
