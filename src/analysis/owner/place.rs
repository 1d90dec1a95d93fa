//! A place that lives longer than a request, and everything in its package that names it.

use crate::analysis::keeper::{self, Effect};
use crate::analysis::request::request_path;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, DeclId, DeclKind, Declaration, Meaning, Package, Place, Type};

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

pub(super) fn variable(at: Declaration<'_>, name: Node<'_>) -> Option<Owner> {
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
