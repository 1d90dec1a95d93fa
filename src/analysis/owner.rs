//! Who holds a stored value when the request is over: a package-level variable, a variable that the handler
//! captures, a field of a value that outlives the request.

use std::collections::HashSet;

use super::keeper::{self, Effect};
use super::request::request_path;
use crate::frameworks::{Answers, ContextHandler};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{
    BindingId, BindingKind, Callee, DeclId, DeclKind, Declaration, Meaning, Package, Place, Type,
};

/// A place that lives longer than a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// A package-level variable.
    Variable(String),
    /// A variable of the function that makes the handler.
    Captured(DeclId, BindingId),
    /// A field of a struct type of this package.
    Field { of: String, name: String },
    /// A field of a variable whose struct type has no name.
    Member { holder: Box<Owner>, name: String },
    /// Of another package or of a type that is not known, as the code calls it.
    Foreign(String),
}

/// How sure it is that the owner outlives the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outlives {
    /// By the looks of a method alone: it could belong to an object that is made for one request.
    Likely,
    Surely,
}

/// A function in which a context is at hand.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    pub at: Declaration<'a>,
    /// The function or literal.
    pub function: Node<'a>,
    /// How it stands with the receiver, where it was reached by a certain call; `None` where any call may reach it.
    pub receiver: Option<Option<Outlives>>,
}

/// The owner of what is assigned to `place`, if it outlives the request.
pub fn owner_of(frame: Frame<'_>, place: Node<'_>) -> Option<(Owner, Outlives)> {
    let place = container(place);
    let outlives = outlives(frame, place)?;
    let owner = match place.kind() {
        Kind::Identifier => variable(frame.at, place)?,
        Kind::SelectorExpression => member(frame.at, place)?,
        _ => return None,
    };
    Some((owner, outlives))
}

/// Whether the value at the bottom of `place`, a place or a method selected, outlives a call of the frame's function.
pub fn outlives(frame: Frame<'_>, place: Node<'_>) -> Option<Outlives> {
    root_outlives(frame, place, &mut HashSet::new())
}

/// The variable or field that holds an element: `m.items` of `m.items[k]`.
pub fn container(place: Node<'_>) -> Node<'_> {
    let mut place = place.unparenthesized();
    while let Kind::IndexExpression | Kind::SliceExpression = place.kind() {
        match place.field(Field::Operand) {
            Some(operand) => place = operand.unparenthesized(),
            None => break,
        }
    }
    place
}

fn variable(at: Declaration<'_>, name: Node<'_>) -> Option<Owner> {
    match at.resolve(name) {
        Meaning::Package(declaration) if declaration.kind() == DeclKind::Var => {
            Some(Owner::Variable(name.text().to_owned()))
        }
        Meaning::Local(id) => Some(Owner::Captured(at.id, id)),
        _ => None,
    }
}

/// The field that `selector` selects.
pub fn member(at: Declaration<'_>, selector: Node<'_>) -> Option<Owner> {
    let operand = selector.field(Field::Operand)?;
    let name = selector.field(Field::Field)?.text().to_owned();
    match at.type_of(operand).pointee() {
        Type::Named { path, name: of, .. } if *path == at.package.path => Some(Owner::Field {
            of: of.to_string(),
            name,
        }),
        Type::Struct(_) if operand.is(Kind::Identifier) => Some(Owner::Member {
            holder: Box::new(variable(at, operand)?),
            name,
        }),
        _ => Some(Owner::Foreign(selector.text().to_owned())),
    }
}

fn root_outlives(frame: Frame<'_>, place: Node<'_>, seen: &mut HashSet<DeclId>) -> Option<Outlives> {
    let root = root(place)?;
    match frame.at.resolve(root) {
        Meaning::Package(declaration) => (declaration.kind() == DeclKind::Var).then_some(Outlives::Surely),
        Meaning::Import(_) => Some(Outlives::Surely),
        Meaning::Local(id) => local_outlives(frame, id, place, seen),
        _ => None,
    }
}

fn root(place: Node<'_>) -> Option<Node<'_>> {
    let mut place = container(place);
    while place.is(Kind::SelectorExpression) {
        place = container(place.field(Field::Operand)?);
    }
    place.is(Kind::Identifier).then_some(place)
}

fn local_outlives(
    frame: Frame<'_>,
    id: BindingId,
    place: Node<'_>,
    seen: &mut HashSet<DeclId>,
) -> Option<Outlives> {
    let Frame { at, function, .. } = frame;
    let binding = at.scopes().get(id);
    if binding.function == function.index() {
        let through = binding.kind == BindingKind::Receiver && is_shared(at, place);
        let known = || frame.receiver.unwrap_or_else(|| receiver_outlives(at, seen));
        return through.then(known)?;
    }
    let owner = at.tree().node(binding.function);
    let captured = owner.contains(function) && owner.index() != function.index();
    // What a function that serves one request makes, dies with that request.
    let per_request = |node: Node<'_>| node.is_function() && ContextHandler::of(at, node).is_some();
    let lasting = captured && !per_request(owner) && !owner.ancestors().any(per_request);
    lasting.then_some(Outlives::Surely)
}

/// Whether a change of `place` reaches the value behind the receiver and not only the method's copy of it.
fn is_shared(at: Declaration<'_>, place: Node<'_>) -> bool {
    let mut part = place;
    loop {
        if matches!(at.type_of(part), Type::Pointer(_) | Type::Map(..) | Type::Chan(_)) && part != place {
            return true;
        }
        match part.field(Field::Operand) {
            Some(operand) => part = operand.unparenthesized(),
            None => break,
        }
    }
    // A map is shared by all its copies.
    matches!(at.type_of(place), Type::Map(..) | Type::Chan(_))
}

/// Whether the receiver of this method outlives a request: the method is registered as a handler of a value that
/// set-up code made, or called on a value that outlives the request itself.
fn receiver_outlives(method: Declaration<'_>, seen: &mut HashSet<DeclId>) -> Option<Outlives> {
    if !seen.insert(method.id) {
        return None;
    }
    let receiver = method.decl().receiver.as_deref()?;
    let mut called = false;
    for (at, selector) in selections_of(method) {
        if !matches!(at.function_meant(selector), Callee::Package(meant) if meant == method) {
            continue;
        }
        called |= selector.role() == Field::Function;
        if selected_value_outlives(at, selector, seen) {
            return Some(Outlives::Surely);
        }
    }
    let likely = !called && looks_like_handler(method);
    likely.then(|| match is_kept_in_package(method.package, receiver) {
        true => Outlives::Surely,
        false => Outlives::Likely,
    })
}

/// Every selector of the module that could mean the method.
fn selections_of<'a>(method: Declaration<'a>) -> impl Iterator<Item = (Declaration<'a>, Node<'a>)> {
    let name = method.decl().title();
    let is_exported = name.starts_with(char::is_uppercase);
    let importers = method.importers().filter(move |_| is_exported);
    let packages = std::iter::once(method.package).chain(importers);
    let selections = packages.flat_map(move |package| package.selections(name));
    selections.map(move |(at, selector)| (method.beside(at), selector))
}

/// Whether a package-level variable holds a value of this type.
fn is_kept_in_package(package: &Package, of: &str) -> bool {
    let finder = memchr::memmem::Finder::new(of.as_bytes());
    let variables = package
        .declarations()
        .filter(|declaration| declaration.kind() == DeclKind::Var)
        .filter(|declaration| finder.find(declaration.bytes()).is_some());
    let mut specs = variables.flat_map(|at| {
        let specs = at.tree().root().subtree().filter(|node| node.is(Kind::VarSpec));
        specs.map(move |spec| (at, spec))
    });
    specs.any(|(at, spec)| {
        let named = spec.field(Field::Name).is_some_and(|name| name.text() != "_");
        let held = match (spec.field(Field::Type), spec.field(Field::Value)) {
            (Some(written), _) => at.type_meant(written),
            (None, values) => values
                .and_then(|values| values.child(0))
                .map_or(Type::Unknown, |value| at.type_of(value)),
        };
        named && held.is(&package.path, of)
    })
}

/// Whether the value on which `selector` names a method outlives a request.
fn selected_value_outlives(at: Declaration<'_>, selector: Node<'_>, seen: &mut HashSet<DeclId>) -> bool {
    let Some(handler) = ContextHandler::around(at, selector) else {
        // Set-up code registers it, or it runs outside requests.
        return true;
    };
    let frame = Frame {
        at,
        function: handler.function,
        receiver: None,
    };
    root_outlives(frame, selector, seen) == Some(Outlives::Surely)
}

/// An exported method of a handler's signature, which another package may register.
fn looks_like_handler(method: Declaration<'_>) -> bool {
    let exported = method.decl().title().starts_with(char::is_uppercase);
    let Some(function) = method.function() else {
        return false;
    };
    let one_parameter = function
        .field(Field::Parameters)
        .is_some_and(|list| list.children().count() == 1);
    let results = method.results_of(function);
    let fits = match ContextHandler::of(method, function).map(|handler| handler.request.facts.answers) {
        Some(Answers::None) => results.is_empty(),
        Some(Answers::Error) => matches!(results.as_slice(), [only] if only.is_error()),
        None => false,
    };
    exported && one_parameter && fits
}

impl Owner {
    /// How people call it.
    pub fn title(&self, package: &Package) -> String {
        match self {
            Owner::Variable(name) | Owner::Foreign(name) => name.clone(),
            Owner::Captured(at, id) => package.declaration(*at).scopes().get(*id).name.clone(),
            Owner::Field { of, name } => format!("{of}.{name}"),
            Owner::Member { holder, name } => format!("{}.{name}", holder.title(package)),
        }
    }

    /// What it is, for a sentence.
    pub fn described(&self, package: &Package) -> String {
        let title = self.title(package);
        match self {
            Owner::Variable(_) => format!("the package variable `{title}`"),
            Owner::Captured(..) => format!("`{title}`, which lives as long as the handler"),
            Owner::Field { .. } => format!("the field `{title}`"),
            Owner::Member { .. } | Owner::Foreign(_) => format!("`{title}`"),
        }
    }

    /// The name that other packages could use, with the kind of search it takes.
    pub fn name<'n>(&'n self, package: &'n Package) -> &'n str {
        match self {
            Owner::Variable(name)
            | Owner::Field { name, .. }
            | Owner::Member { name, .. }
            | Owner::Foreign(name) => name,
            Owner::Captured(at, id) => &package.declaration(*at).scopes().get(*id).name,
        }
    }

    /// The node that declares it: a spec or a short declaration, or the declaration of a field.
    pub fn declaration<'a>(&self, package: &'a Package) -> Option<(Declaration<'a>, Node<'a>)> {
        match self {
            Owner::Variable(name) => {
                let at = package.find_name(name)?;
                Some((at, spec_of(at, Kind::VarSpec, name)?))
            }
            Owner::Captured(at, id) => {
                let at = package.declaration(*at);
                Some((at, at.tree().node(at.scopes().get(*id).origin)))
            }
            Owner::Field { of, name } => {
                let at = package.find_name(of)?;
                let of = spec_of(at, Kind::TypeSpec, of)?.field(Field::Type)?;
                Some((at, own_field(of, name)?))
            }
            Owner::Member { holder, name } => {
                let (at, spec) = holder.declaration(package)?;
                let structure = spec.subtree().find(|node| node.is(Kind::StructType))?;
                Some((at, own_field(structure, name)?))
            }
            Owner::Foreign(_) => None,
        }
    }

    /// Where it is declared, for people.
    pub fn place(&self, package: &Package) -> Option<Place> {
        let (at, node) = self.declaration(package)?;
        Some(at.place(node))
    }

    /// Everything in the package that mentions it, its declaration left out. A mention that only might mean it is
    /// there too. Elements of literals that set a field are no mentions but [`Owner::initializers`].
    pub fn mentions<'a>(&self, package: &'a Package) -> Vec<(Declaration<'a>, Node<'a>)> {
        match self {
            Owner::Variable(name) => package.mentions(name),
            Owner::Captured(at, id) => {
                let at = package.declaration(*at);
                at.scopes().uses(*id, at.tree()).map(|node| (at, node)).collect()
            }
            Owner::Field { of, name } => {
                let selections = package.selections(name).into_iter();
                selections
                    .filter(|(at, selector)| may_select(*at, *selector, of, name))
                    .collect()
            }
            Owner::Member { holder, name } => {
                let holders = holder.mentions(package).into_iter();
                holders
                    .filter_map(|(at, mention)| selected(mention, name).map(|node| (at, node)))
                    .collect()
            }
            Owner::Foreign(_) => Vec::new(),
        }
    }

    /// Whether the request takes out again what `statement` puts in: after it, deferred, or in another function that
    /// runs for a request. `function` is the one of `at` that holds the statement.
    pub fn is_taken_out(&self, at: Declaration<'_>, function: Node<'_>, statement: Node<'_>) -> bool {
        self.mentions(at.package).into_iter().any(|(there, mention)| {
            let here = there == at && function.contains(mention);
            let later =
                || mention.start() > statement.end() || mention.enclosing(Kind::DeferStatement).is_some();
            let taken = || match here {
                true => later(),
                false => request_path(there, mention).is_some(),
            };
            removes(there, mention) && taken()
        })
    }

    /// Whether the function itself takes out again what `statement` puts in, before the request ends.
    pub fn is_taken_out_here(&self, at: Declaration<'_>, function: Node<'_>, statement: Node<'_>) -> bool {
        self.mentions(at.package).into_iter().any(|(there, mention)| {
            let here = there == at && function.contains(mention);
            let later =
                mention.start() > statement.end() || mention.enclosing(Kind::DeferStatement).is_some();
            here && later && removes(there, mention)
        })
    }

    /// `name: value` in literals that may be of the struct that has this field; `None` where a literal sets its
    /// fields by position.
    pub fn initializers<'a>(&self, package: &'a Package) -> Option<Vec<(Declaration<'a>, Node<'a>)>> {
        match self {
            Owner::Field { of, name } => {
                let mut found = Vec::new();
                for (at, literal) in literals_of(package, of) {
                    found.extend(keyed(literal, name)?.map(|element| (at, element)));
                }
                Some(found)
            }
            Owner::Member { holder, name } => {
                let (at, spec) = holder.declaration(package)?;
                let literal = spec.subtree().find(|node| node.is(Kind::CompositeLiteral));
                match literal.and_then(|literal| literal.field(Field::Body)) {
                    Some(literal) => Some(
                        keyed(literal, name)?
                            .map(|element| (at, element))
                            .into_iter()
                            .collect(),
                    ),
                    None => Some(Vec::new()),
                }
            }
            _ => Some(Vec::new()),
        }
    }
}

fn spec_of<'a>(at: Declaration<'a>, kind: Kind, name: &str) -> Option<Node<'a>> {
    let mut specs = at.tree().root().subtree().filter(|node| node.is(kind));
    specs.find(|spec| spec.fields(Field::Name).any(|node| node.text() == name))
}

/// The declaration of a field that is not embedded: the members of an embedded one are used without its name.
fn own_field<'a>(structure: Node<'a>, name: &str) -> Option<Node<'a>> {
    let list = structure
        .children()
        .find(|node| node.is(Kind::FieldDeclarationList))?;
    let mut fields = list.children();
    fields.find(|field| field.fields(Field::Name).any(|node| node.text() == name))
}

/// Whether `selector` may mean the field `name` of `of`: not where its operand is known to be something else.
fn may_select(at: Declaration<'_>, selector: Node<'_>, of: &str, name: &str) -> bool {
    let Some(operand) = selector.field(Field::Operand) else {
        return false;
    };
    if operand.is(Kind::Identifier) && at.import_path_of(operand).is_some() {
        return false;
    }
    match at.type_of(operand).pointee() {
        Type::Named { path, name: held, .. } if *path == at.package.path => {
            let rival = Owner::Field {
                of: held.to_string(),
                name: name.to_owned(),
            };
            **held == *of || rival.declaration(at.package).is_none()
        }
        Type::Named { .. } => false,
        _ => true,
    }
}

/// `mention.name`, or the mention itself where the whole variable is used.
fn selected<'a>(mention: Node<'a>, name: &str) -> Option<Node<'a>> {
    let selector = mention
        .parent()
        .filter(|parent| parent.is(Kind::SelectorExpression) && mention.role() == Field::Operand);
    match selector.and_then(|selector| selector.field(Field::Field)) {
        Some(field) if field.text() == name => selector,
        Some(_) => None,
        None => Some(mention),
    }
}

/// The bodies of the package's literals that may be of the type `of`: those that name it, and those within
/// literals that leave out the type of their elements.
fn literals_of<'a>(package: &'a Package, of: &str) -> Vec<(Declaration<'a>, Node<'a>)> {
    let mut found = Vec::new();
    for (at, mention) in package.mentions(of) {
        let literal = mention.enclosing(Kind::CompositeLiteral);
        let typed = literal.filter(|literal| {
            literal
                .field(Field::Type)
                .is_some_and(|written| written.contains(mention))
        });
        let Some(body) = typed.and_then(|literal| literal.field(Field::Body)) else {
            continue;
        };
        let is_itself = mention.role() == Field::Type;
        let inner = body.descendants().filter(|node| {
            node.is(Kind::LiteralValue)
                && node
                    .parent()
                    .is_some_and(|parent| parent.is(Kind::LiteralElement))
        });
        match is_itself {
            true => found.push((at, body)),
            false => found.extend(inner.map(|node| (at, node))),
        }
    }
    found
}

/// The element that sets `name`, if any; `None` where elements go by position.
fn keyed<'a>(literal: Node<'a>, name: &str) -> Option<Option<Node<'a>>> {
    let by_position = literal.children().any(|element| !element.is(Kind::KeyedElement));
    let sets = |element: &Node<'a>| element.field(Field::Key).is_some_and(|key| key.text() == name);
    (!by_position).then(|| literal.children().find(sets))
}

/// Whether the owner mentioned here loses a value: `delete(m, k)`, `m.Delete(k)`, `last = nil`, `m[k] = nil`.
pub fn removes(at: Declaration<'_>, mention: Node<'_>) -> bool {
    let calls = mention
        .ancestors()
        .take_while(|node| node.statement() == mention.statement());
    let by_call = calls.filter(|node| node.is(Kind::CallExpression)).any(|call| {
        keeper::effect(at, call)
            .is_some_and(|(effect, kept)| effect == Effect::Removes && container(kept) == mention)
    });
    let assignment = mention
        .statement()
        .filter(|statement| statement.is(Kind::AssignmentStatement));
    let by_nil = assignment.is_some_and(|assignment| {
        let side = |field| {
            assignment
                .field(field)
                .filter(|list| list.children().count() == 1)?
                .child(0)
        };
        side(Field::Left).is_some_and(|place| container(place) == mention)
            && side(Field::Right).is_some_and(|value| value.is(Kind::Nil))
    });
    by_call || by_nil
}
