//! Which declaration a name or selector means.

use std::sync::Arc;

use super::member::Origin;
use super::typer::{Fuel, Typer};
use super::{Member, Type};
use crate::go::declaration::Declaration;
use crate::go::package::Place;
use crate::go::resolve::Meaning;
use crate::go::scope::BindingId;
use crate::go::syntax::{Field, Kind, Node};

/// What declares the thing that an identifier means.
#[derive(Clone, Debug)]
pub enum Definition<'a> {
    Local(BindingId),
    /// A package-level name or a method, here or in another package.
    Declared(Declaration<'a>),
    /// A field, or a method of an interface: the path of its package and the place of its name.
    Part {
        path: Arc<str>,
        place: Place,
    },
    /// A name of another package whose source is not at hand: `Func`, `Type.Method`.
    External {
        path: Arc<str>,
        name: String,
    },
    Import(&'a str),
    Universe,
    Unknown,
}

impl<'a> Declaration<'a> {
    /// What an identifier of this declaration means, also behind the dot of a selector and before the colon of a
    /// struct literal.
    pub fn definition(self, name: Node<'_>) -> Definition<'a> {
        let fuel = Fuel::default();
        let typer = Typer::new(self, &fuel);
        match (name.kind(), name.parent()) {
            (Kind::FieldIdentifier, Some(selector)) if selector.is(Kind::SelectorExpression) => {
                typer.selection(selector.field(Field::Operand), name.text())
            }
            (Kind::TypeIdentifier, Some(qualified)) if qualified.is(Kind::QualifiedType) => {
                typer.selection(qualified.field(Field::Package), name.text())
            }
            (Kind::Identifier, Some(element)) if is_key(element) => typer.key(element, name),
            (Kind::Nil | Kind::True | Kind::False | Kind::Iota, _) => Definition::Universe,
            (Kind::Identifier | Kind::TypeIdentifier | Kind::PackageIdentifier, _) => typer.named(name),
            _ => Definition::Unknown,
        }
    }
}

fn is_key(element: Node<'_>) -> bool {
    element.is(Kind::LiteralElement) && element.role() == Field::Key
}

impl<'a> Typer<'a, '_> {
    fn named(self, name: Node<'_>) -> Definition<'a> {
        match self.at.resolve(name) {
            Meaning::Local(id) => Definition::Local(id),
            Meaning::Package(declaration) => Definition::Declared(declaration),
            Meaning::Import(import) => Definition::Import(&import.path),
            Meaning::Universe => Definition::Universe,
            Meaning::Unknown => match self.at.dot_imported(name.text()) {
                Some((_, declaration)) => Definition::Declared(declaration),
                None => Definition::Unknown,
            },
        }
    }

    /// The key of a struct literal is a field, that of others an expression.
    fn key(self, element: Node<'_>, name: Node<'_>) -> Definition<'a> {
        let body = element.parent().and_then(Node::parent);
        match body.map(|body| self.shape_of_body(body)) {
            Some(Type::Struct(fields)) => {
                let field = fields.iter().find(|field| *field.name == *name.text());
                match field.and_then(|field| field.declared.clone()) {
                    Some((path, place)) => Definition::Part { path, place },
                    None => Definition::Unknown,
                }
            }
            Some(Type::Slice(_) | Type::Array(_) | Type::Map(..)) => self.named(name),
            _ => Definition::Unknown,
        }
    }

    fn selection(self, operand: Option<Node<'_>>, name: &str) -> Definition<'a> {
        let Some(operand) = operand else {
            return Definition::Unknown;
        };
        match self.at.import_path_of(operand) {
            Some(path) => self.imported_definition(path, name),
            None => self
                .selected(operand, name)
                .map_or(Definition::Unknown, |member| part_of(member, name)),
        }
    }

    fn imported_definition(self, path: &str, name: &str) -> Definition<'a> {
        match self.at.package_at(path) {
            Some(package) => self
                .at
                .find_name_in(package, name)
                .map_or(Definition::Unknown, Definition::Declared),
            None => Definition::External {
                path: path.into(),
                name: name.to_owned(),
            },
        }
    }
}

fn part_of<'a>(member: Member<'a>, name: &str) -> Definition<'a> {
    match member.origin {
        Origin::Method(declaration) => Definition::Declared(declaration),
        Origin::Field(Some((path, place)))
        | Origin::Interface {
            declared: Some((path, place)),
            ..
        } => Definition::Part { path, place },
        Origin::Table { path, receiver } => Definition::External {
            path,
            name: format!("{receiver}.{name}"),
        },
        Origin::Interface {
            named: Some((path, _)),
            ..
        } if path.is_empty() => Definition::Universe,
        Origin::Field(None) | Origin::Interface { .. } => Definition::Unknown,
    }
}
