//! Where a function runs: it is called by name, through an interface of the module, or as a value that was passed
//! on, assigned, kept in a field or returned. What is handed to `sync.Once` and its kin runs once and nowhere else.

use std::collections::{HashMap, HashSet};

use super::Call;
use crate::facts::paths;
use crate::frameworks::{Entry, is_called_back, serves, serving_names};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingKind, Callee, DeclId, DeclKind, Declaration, Meaning, Package, Type, Usage};
use crate::limits::{Budget, Limit};

/// How often one function value is looked at on its way from hand to hand. Real ones need a few dozen steps.
const STEPS: Limit = Limit::new(10_000, "steps");

/// One place where a function runs.
#[derive(Clone, Debug)]
pub(super) enum Run<'a> {
    At(Call<'a>),
    /// A server calls it for each request: it was handed to an adaptor, a route or a middleware's config.
    Served,
}

impl<'a> Run<'a> {
    /// The declaration and call at which it happens.
    fn place(&self) -> Option<(&'a str, DeclId, usize)> {
        match self {
            Run::At(call) => Some((&call.caller.package.path, call.caller.id, call.call.index())),
            Run::Served => None,
        }
    }
}

/// Where `function`, a declared function or a literal of `at`, runs, as far as can be seen.
pub(super) fn runs_of<'a>(at: Declaration<'a>, function: Node<'a>) -> Vec<Run<'a>> {
    let mut trail = Trail::default();
    if function.is(Kind::FuncLiteral) {
        return trail.runs(at, function);
    }
    let mut all = Vec::new();
    for mention in at.mentioned() {
        let mut runs = trail.runs(mention.at, mention.node);
        for run in &mut runs {
            if let Run::At(call) = run {
                call.through = call.through.take().or(mention.through.clone());
            }
        }
        all.append(&mut runs);
    }
    if let (Some(receiver), "ServeHTTP") = (&at.decl().receiver, at.decl().title())
        && is_served(at, receiver)
    {
        all.push(Run::Served);
    }
    all
}

/// Follows function values from hand to hand.
struct Trail<'a> {
    /// What the hops gave that were made before; nothing yet for those under way, so that cycles end.
    known: HashMap<Hop<'a>, Vec<Run<'a>>>,
    budget: Budget,
}

/// A step of the way: the package, the declaration and the node of what is followed, and which of the results of a
/// function it is, where that one returns it.
type Hop<'a> = (&'a str, DeclId, (usize, Option<usize>));

impl Default for Trail<'_> {
    fn default() -> Self {
        Trail {
            known: HashMap::new(),
            budget: Budget::new(STEPS),
        }
    }
}

impl<'a> Trail<'a> {
    /// Where the function that the expression `value` gives runs.
    fn runs(&mut self, at: Declaration<'a>, value: Node<'a>) -> Vec<Run<'a>> {
        self.hop(at, (value.index(), None), |trail| {
            let found = value.parent().map(|parent| trail.held(at, value, parent));
            found.unwrap_or_default()
        })
    }

    /// What `follow` finds, each run once; nothing where this hop is under way already, or the way got too long.
    fn hop(
        &mut self,
        at: Declaration<'a>,
        of: (usize, Option<usize>),
        follow: impl FnOnce(&mut Self) -> Vec<Run<'a>>,
    ) -> Vec<Run<'a>> {
        let hop = (&*at.package.path, at.id, of);
        if let Some(known) = self.known.get(&hop) {
            return known.clone();
        }
        if !self.budget.spend(&at.file().path) {
            return Vec::new();
        }
        self.known.insert(hop, Vec::new());
        let mut found = follow(self);
        let mut seen = HashSet::new();
        found.retain(|run| seen.insert(run.place()));
        self.known.insert(hop, found.clone());
        found
    }

    /// [`Trail::runs`] of each of the values.
    fn all_runs(&mut self, values: impl IntoIterator<Item = (Declaration<'a>, Node<'a>)>) -> Vec<Run<'a>> {
        let values: Vec<_> = values.into_iter().collect();
        values
            .into_iter()
            .flat_map(|(at, value)| self.runs(at, value))
            .collect()
    }

    fn held(&mut self, at: Declaration<'a>, value: Node<'a>, parent: Node<'a>) -> Vec<Run<'a>> {
        match parent.kind() {
            Kind::ParenthesizedExpression | Kind::TypeInstantiationExpression => self.runs(at, parent),
            Kind::IndexExpression if value.role() == Field::Operand => self.runs(at, parent),
            Kind::CallExpression if value.role() == Field::Function => vec![Run::At(Call::plain(at, parent))],
            Kind::ArgumentList => self.handed(at, value, parent),
            Kind::ExpressionList => {
                let position = parent.children().position(|child| child == value);
                self.listed(at, parent, position.unwrap_or(0))
            }
            Kind::LiteralElement => self.kept_in_literal(at, parent),
            Kind::RangeClause if value.role() == Field::Right => {
                let element = parent.field(Field::Left).and_then(|left| left.child(1));
                element.map_or_else(Vec::new, |element| self.named(at, element))
            }
            _ => Vec::new(),
        }
    }

    /// The function is an argument.
    fn handed(&mut self, at: Declaration<'a>, value: Node<'a>, list: Node<'a>) -> Vec<Run<'a>> {
        let Some(call) = list.parent().filter(|call| call.is(Kind::CallExpression)) else {
            return Vec::new();
        };
        let position = list.children().position(|child| child == value).unwrap_or(0);
        let callee = at.callee(call);
        match &callee {
            Callee::Conversion(_) => self.runs(at, call),
            Callee::Builtin(name) if name == "append" => self.runs(at, call),
            Callee::Builtin(_) => Vec::new(),
            callee if runs_once(callee) => Vec::new(),
            callee if serves(at.root(), callee) => vec![Run::Served],
            Callee::Package(taker) => match taker.function() {
                Some(function) => self.passed(at, call, *taker, function, position),
                None => Vec::new(),
            },
            Callee::Literal(index) => self.passed(at, call, at, at.tree().node(*index), position),
            _ if is_collection(&at.underlying(&at.type_of(value))) => Vec::new(),
            // Code that cannot be seen calls it while it runs, if at all, or makes something of it that is served.
            Callee::External { .. } | Callee::Local(_) | Callee::Unknown => {
                let made = self.runs(at, call).into_iter();
                let served = made.filter(|run| matches!(run, Run::Served));
                served.chain([Run::At(Call::plain(at, call))]).collect()
            }
        }
    }

    /// What a function of the module does with a function it takes. Where it calls it while it runs itself, that is this
    /// `call` and none of its others.
    fn passed(
        &mut self,
        at: Declaration<'a>,
        call: Node<'a>,
        taker: Declaration<'a>,
        function: Node<'a>,
        position: usize,
    ) -> Vec<Run<'a>> {
        let Some(name) = parameter(function, position) else {
            return Vec::new();
        };
        let Some(binding) = taker.scopes().binding_of(name) else {
            return Vec::new();
        };
        let uses = taker.scopes().uses(binding, taker.tree());
        let reads = uses.filter(|node| taker.usage(*node) == Usage::Read);
        let inside = self.all_runs(reads.map(|node| (taker, node)));
        self.lifted(inside, (taker, function), &Call::plain(at, call))
    }

    /// `runs`, told as they are seen from outside of `taker`.
    fn lifted(
        &mut self,
        runs: Vec<Run<'a>>,
        taker: (Declaration<'a>, Node<'a>),
        outside: &Call<'a>,
    ) -> Vec<Run<'a>> {
        let (mut due, mut all) = (runs, Vec::new());
        due.reverse();
        let mut seen = HashSet::new();
        while let Some(run) = due.pop() {
            let Run::At(inside) = &run else {
                all.push(run);
                continue;
            };
            match inside.call.enclosing_function() {
                Some(function) if inside.caller == taker.0 && function == taker.1 => {
                    all.push(Run::At(outside.clone()));
                }
                Some(literal)
                    if literal.is(Kind::FuncLiteral) && Entry::of(inside.caller, literal).is_none() =>
                {
                    // One that runs in itself was looked at.
                    if seen.insert((&*inside.caller.package.path, inside.caller.id, literal.index())) {
                        due.extend(self.runs(inside.caller, literal).into_iter().rev());
                    }
                }
                _ => all.push(run),
            }
        }
        all
    }

    /// The function is one of the values of a statement.
    fn listed(&mut self, at: Declaration<'a>, list: Node<'a>, position: usize) -> Vec<Run<'a>> {
        let Some(statement) = list.parent() else {
            return Vec::new();
        };
        match (statement.kind(), list.role()) {
            (Kind::ReturnStatement, _) => self.returned(at, statement, position),
            (_, Field::Right | Field::Value) => self.assigned(at, statement, position),
            _ => Vec::new(),
        }
    }

    /// What the callers of the function around do with the result.
    fn returned(&mut self, at: Declaration<'a>, statement: Node<'a>, position: usize) -> Vec<Run<'a>> {
        let Some(function) = statement.enclosing_function() else {
            return Vec::new();
        };
        if function.is(Kind::FuncLiteral) {
            return Vec::new();
        }
        let mentions = at.mentioned().into_iter();
        let calls = mentions.filter_map(|mention| Some((mention.at, called(mention.node)?)));
        let calls: Vec<_> = calls.collect();
        // A function may return what it gives itself: `return step(n - 1)`.
        self.hop(at, (statement.index(), Some(position)), |trail| {
            let results = calls.into_iter();
            let runs = results.flat_map(|(caller, call)| trail.result(caller, call, position));
            runs.collect()
        })
    }

    /// Where a function that a call gives as its result number `position` runs.
    fn result(&mut self, at: Declaration<'a>, call: Node<'a>, position: usize) -> Vec<Run<'a>> {
        let list = call.parent().filter(|list| list.is(Kind::ExpressionList));
        match list {
            Some(list) if list.children().count() == 1 => self.listed(at, list, position),
            _ if position == 0 => self.runs(at, call),
            _ => Vec::new(),
        }
    }

    /// The name or field at `position` of the left side takes it.
    fn assigned(&mut self, at: Declaration<'a>, statement: Node<'a>, position: usize) -> Vec<Run<'a>> {
        let names = statement
            .fields(Field::Name)
            .filter(|name| name.is(Kind::Identifier) || name.is(Kind::BlankIdentifier));
        let left = statement.field(Field::Left).into_iter().flat_map(Node::children);
        let Some(target) = names.chain(left).nth(position) else {
            return Vec::new();
        };
        match target.kind() {
            Kind::Identifier => self.named(at, target),
            Kind::SelectorExpression => {
                let of = target.field(Field::Operand).map(|operand| at.type_of(operand));
                let field = target.field(Field::Field).map_or("", Node::text);
                of.map_or_else(Vec::new, |of| self.held_by_field(at, &of, field))
            }
            // A map or slice holds it: what is read from there may be it.
            Kind::IndexExpression => match target.field(Field::Operand) {
                Some(collection) if collection.is(Kind::Identifier) => self.named(at, collection),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// A local or package variable holds it.
    fn named(&mut self, at: Declaration<'a>, name: Node<'a>) -> Vec<Run<'a>> {
        if let Some(id) = at.scopes().binding_of(name) {
            if at.scopes().get(id).kind == BindingKind::Result {
                return Vec::new();
            }
            let uses = at.scopes().uses(id, at.tree());
            let reads = uses.filter(|node| at.usage(*node) == Usage::Read);
            return self.all_runs(reads.map(|node| (at, node)));
        }
        let declared = match at.resolve(name) {
            Meaning::Package(declaration) if declaration.kind() == DeclKind::Var => declaration,
            // The declaring name of `var f = …` at package level.
            _ if at.kind() == DeclKind::Var => at,
            _ => return Vec::new(),
        };
        let (package, text) = (declared.package, name.text());
        let is_exported = text.starts_with(char::is_uppercase);
        let importers = declared.importers().filter(|_| is_exported);
        let selected = importers.flat_map(|importer| importer.selections(text));
        let outside = selected.filter(|(other, node)| {
            let operand = node.field(Field::Operand);
            let path = operand.and_then(|operand| declared.beside(*other).import_path_of(operand));
            path == Some(&package.path)
        });
        let mentions = package.mentions(text).into_iter().chain(outside);
        let reads = mentions
            .map(|(other, node)| (declared.beside(other), node))
            .filter(|(other, node)| other.usage(*node) == Usage::Read);
        self.all_runs(reads)
    }

    /// `T{field: value}`, or an element of a map or slice, which is then followed as a whole.
    fn kept_in_literal(&mut self, at: Declaration<'a>, element: Node<'a>) -> Vec<Run<'a>> {
        let keyed = element.parent().filter(|keyed| keyed.is(Kind::KeyedElement));
        let Some(body) = keyed.or(Some(element)).and_then(Node::parent) else {
            return Vec::new();
        };
        let literal = body.parent().filter(|literal| literal.is(Kind::CompositeLiteral));
        let literal = literal.unwrap_or(body);
        let of = at.type_of(literal);
        if is_called_back(&of) {
            return vec![Run::Served];
        }
        match (keyed, is_collection(&at.underlying(&of))) {
            (_, true) if element.role() != Field::Key => self.runs(at, literal),
            (Some(keyed), false) => {
                let field = keyed.field(Field::Key).map_or("", Node::text);
                self.held_by_field(at, &of, field)
            }
            _ => Vec::new(),
        }
    }

    /// A field of a struct of the module holds it.
    fn held_by_field(&mut self, at: Declaration<'a>, of: &Type, field: &str) -> Vec<Run<'a>> {
        let Type::Named { path, name, .. } = of.pointee() else {
            return Vec::new();
        };
        let declaring = at.package_at(path).filter(|package| package.is_own);
        let Some(declaring) = declaring else {
            return Vec::new();
        };
        let is_exported = field.starts_with(char::is_uppercase);
        let packages = at.own_packages_holding(field);
        let seeing = packages.filter(|package| is_exported || std::ptr::eq::<Package>(*package, declaring));
        let selections = seeing.flat_map(|package| package.selections(field));
        let held = selections.filter_map(|(other, node)| {
            let other = at.beside(other);
            let operand = node.field(Field::Operand)?;
            let is_meant = other.type_of(operand).is(path, name) && other.usage(node) == Usage::Read;
            is_meant.then_some((other, node))
        });
        self.all_runs(held)
    }
}

/// Whether values of this structure hold others, to be asked for by key or position.
fn is_collection(shape: &Type) -> bool {
    matches!(shape, Type::Map(..) | Type::Slice(_) | Type::Array(_))
}

/// Whether values of the type `receiver`, which `at` declares a method for, are handed to what makes handlers of them.
fn is_served(at: Declaration<'_>, receiver: &str) -> bool {
    let mentions = serving_names(at.root()).flat_map(|name| {
        let packages = at.own_packages_holding(name);
        packages.flat_map(move |package| package.selections(name))
    });
    let mut calls = mentions.filter_map(|(other, node)| Some((at.beside(other), called(node)?)));
    calls.any(|(other, call)| {
        let arguments = call.field(Field::Arguments).into_iter().flat_map(Node::children);
        let mut types = arguments.map(|argument| other.type_of(argument));
        serves(at.root(), &other.callee(call)) && types.any(|of| of.is(&at.package.path, receiver))
    })
}

/// Whether the literal is handed to `sync.Once.Do`, `sync.OnceFunc`, `sync.OnceValue` or `sync.OnceValues`.
pub(super) fn is_run_once(at: Declaration<'_>, literal: Node<'_>) -> bool {
    let list = literal.parent().filter(|list| list.is(Kind::ArgumentList));
    let call = list
        .and_then(Node::parent)
        .filter(|call| call.is(Kind::CallExpression));
    call.is_some_and(|call| runs_once(&at.callee(call)))
}

/// Whether a function given to `callee` runs once in the life of the process.
fn runs_once(callee: &Callee<'_>) -> bool {
    let Callee::External { path, receiver, name } = callee else {
        return false;
    };
    path == paths::SYNC
        && match receiver.as_deref() {
            Some("Once") => name == "Do",
            None => name.starts_with("Once"),
            _ => false,
        }
}

/// The name of the parameter at `position`.
fn parameter(function: Node<'_>, position: usize) -> Option<Node<'_>> {
    let declared = function.field(Field::Parameters)?.children();
    let names = declared.flat_map(|parameter| {
        let is_one = parameter.is(Kind::ParameterDeclaration);
        let names: Vec<Option<Node<'_>>> = parameter
            .fields(Field::Name)
            .map(|name| is_one.then_some(name))
            .collect();
        match names.is_empty() {
            true => vec![None],
            false => names,
        }
    });
    names.into_iter().nth(position)?
}

/// The call whose callee `mention` is, with type arguments or without.
pub(super) fn called(mention: Node<'_>) -> Option<Node<'_>> {
    let instantiates = |parent: &Node<'_>| match parent.kind() {
        Kind::IndexExpression => mention.role() == Field::Operand,
        Kind::TypeInstantiationExpression => mention.role() == Field::Type,
        _ => false,
    };
    let callee = mention.parent().filter(instantiates).unwrap_or(mention);
    let call = callee.parent().filter(|call| call.is(Kind::CallExpression))?;
    (call.field(Field::Function) == Some(callee)).then_some(call)
}
