//! Fields and methods, through embedded types as Go promotes them.

use std::sync::Arc;

use super::generic::{Bindings, substituted};
use super::meant::receiver_parameters;
use super::typer::Typer;
use super::{InterfaceType, Signature, StructField, Type};
use crate::go::declaration::Declaration;
use crate::go::package::{Package, Place};
use crate::go::signatures;
use crate::go::syntax::Field;

/// A field or method that a selector means.
#[derive(Clone, Debug)]
pub(in crate::go) struct Member<'a> {
    /// The field's type, or the method's signature without its receiver.
    pub of: Type,
    pub origin: Origin<'a>,
}

/// Who declares a [`Member`].
#[derive(Clone, Debug)]
pub(in crate::go) enum Origin<'a> {
    /// The package's path and the place of the name, where the source is at hand.
    Field(Option<(Arc<str>, Place)>),
    Method(Declaration<'a>),
    /// A method of an interface; of which declared type, where it has a name, and where it is written.
    Interface {
        named: Option<(Arc<str>, Arc<str>)>,
        declared: Option<(Arc<str>, Place)>,
    },
    /// Known by the table of signatures only.
    Table {
        path: Arc<str>,
        receiver: Arc<str>,
    },
}

impl<'a> Typer<'a, '_> {
    /// The field or method `name` of a value of type `of`. Of several, the one that the fewest embedded types
    /// stand before counts; two at the same depth, or a type in between that is not at hand, leave it open.
    pub(super) fn member(self, of: &Type, name: &str) -> Option<Member<'a>> {
        let next = self.deeper()?;
        let mut level = vec![next.start_of(of)];
        let mut seen: Vec<Type> = Vec::new();
        while !level.is_empty() {
            let mut found = level.iter().filter_map(|of| next.own_member(of, name));
            let first = found.next();
            if first.is_some() {
                return first.filter(|_| found.next().is_none());
            }
            if level.iter().any(|of| next.may_have(of, name)) {
                return None;
            }
            let below: Vec<Type> = level.iter().flat_map(|of| next.embedded(of)).collect();
            seen.append(&mut level);
            level = below.into_iter().filter(|of| !seen.contains(of)).collect();
        }
        None
    }

    /// Whether a value of type `of` surely has no field or method `name`.
    pub(super) fn lacks(self, of: &Type, name: &str) -> bool {
        let Some(next) = self.deeper() else {
            return false;
        };
        let mut level = vec![next.start_of(of)];
        let mut seen: Vec<Type> = Vec::new();
        while !level.is_empty() {
            let has = |of: &Type| next.own_member(of, name).is_some() || next.may_have(of, name);
            if level.iter().any(|of| has(of) || next.is_declared_again(of)) {
                return false;
            }
            let below: Vec<Type> = level.iter().flat_map(|of| next.embedded(of)).collect();
            seen.append(&mut level);
            level = below.into_iter().filter(|of| !seen.contains(of)).collect();
        }
        true
    }

    /// Whether the package declares the type more than once, for other machines or another Go.
    fn is_declared_again(self, of: &Type) -> bool {
        match of {
            Type::Named { path, name, .. } => {
                let package = self.at.package_at(path);
                package.is_some_and(|package| package.is_declared_again(None, name))
            }
            _ => false,
        }
    }

    /// Selectors see through one pointer, also through that of `type P *T`.
    fn start_of(self, of: &Type) -> Type {
        let of = of.pointee();
        match of {
            Type::Named { .. } | Type::Local(_) => match self.underlying(of) {
                Type::Pointer(to) => (*to).clone(),
                _ => of.clone(),
            },
            other => other.clone(),
        }
    }

    fn own_member(self, of: &Type, name: &str) -> Option<Member<'a>> {
        let next = self.deeper()?;
        match of {
            Type::Named {
                path,
                name: receiver,
                arguments,
            } => match next.at.package_at(path) {
                Some(package) if package.declares(receiver) => next
                    .method(package, receiver, arguments, name)
                    .or_else(|| next.part(of, name)),
                _ => table_member(path, receiver, name).or_else(|| next.part(of, name)),
            },
            Type::Basic("error") if name == "Error" => Some(Member {
                of: error_method(),
                origin: Origin::Interface {
                    named: Some((Arc::default(), "error".into())),
                    declared: None,
                },
            }),
            Type::Parameter(parameter) => {
                let constraint = next.constraint_of(parameter);
                match next.underlying(&constraint) {
                    Type::Interface(interface) => next.interface_member(&constraint, &interface, name),
                    _ => None,
                }
            }
            _ => next.part(of, name),
        }
    }

    /// A method that is declared for `receiver`.
    fn method(
        self,
        package: &'a Package,
        receiver: &str,
        arguments: &[Type],
        name: &str,
    ) -> Option<Member<'a>> {
        let method = self.at.find_method_in(package, receiver, name)?;
        let function = method.function()?;
        let there = self.within(method).deeper()?;
        let of = there.declared_signature(function);
        let receiver = function.field(Field::Receiver).and_then(|list| list.child(0));
        let names = receiver.map_or_else(Vec::new, receiver_parameters);
        let given = |at: usize| arguments.get(at).cloned().unwrap_or(Type::Unknown);
        let bindings: Bindings = names
            .into_iter()
            .enumerate()
            .map(|(at, name)| (name, given(at)))
            .collect();
        Some(Member {
            of: substituted(&of, &bindings),
            origin: Origin::Method(method),
        })
    }

    /// A field of the struct, or a method of the interface, that `of` is.
    fn part(self, of: &Type, name: &str) -> Option<Member<'a>> {
        match self.underlying(of) {
            Type::Struct(fields) => {
                let field = fields.iter().find(|field| *field.name == *name)?;
                Some(Member {
                    of: field.of.clone(),
                    origin: Origin::Field(field.declared.clone()),
                })
            }
            Type::Interface(interface) => self.interface_member(of, &interface, name),
            Type::Basic("error") if name == "Error" => Some(Member {
                of: error_method(),
                origin: interface_origin(of, None),
            }),
            _ => None,
        }
    }

    fn interface_member(self, of: &Type, interface: &InterfaceType, name: &str) -> Option<Member<'a>> {
        let method = self.interface_method_named(interface, name)?;
        Some(Member {
            of: method.of,
            origin: interface_origin(of, method.declared),
        })
    }

    fn interface_method_named(self, interface: &InterfaceType, name: &str) -> Option<StructField> {
        let next = self.deeper()?;
        let own = interface.methods.iter().find(|method| *method.name == *name);
        own.cloned().or_else(|| {
            let embedded = interface.embedded.iter();
            let mut found = embedded.filter_map(|of| match next.underlying(of) {
                Type::Interface(inner) => next.interface_method_named(&inner, name),
                Type::Basic("error") if name == "Error" => Some(StructField {
                    name: name.into(),
                    of: error_method(),
                    embedded: false,
                    declared: None,
                }),
                _ => None,
            });
            found.next()
        })
    }

    /// Whether `of` may have more than the source at hand shows.
    fn may_have(self, of: &Type, name: &str) -> bool {
        let is_ambiguous = match of {
            Type::Named {
                path, name: receiver, ..
            } => {
                let package = self.at.package_at(path);
                package.is_some_and(|package| package.has_method(receiver, name))
            }
            _ => false,
        };
        is_ambiguous || self.is_open(of)
    }

    fn is_open(self, of: &Type) -> bool {
        let Some(next) = self.deeper() else {
            return true;
        };
        match next.underlying(of) {
            Type::Unknown => true,
            Type::Interface(interface) => interface.embedded.iter().any(|of| next.is_open(of)),
            _ => match of {
                // The table tells all methods of the types of which it tells what they embed; of others, some.
                Type::Named { path, name, .. } => {
                    self.at.package_at(path).is_none() && !signatures::tells_embedded(path, name)
                }
                _ => false,
            },
        }
    }

    pub(super) fn embedded(self, of: &Type) -> Vec<Type> {
        match self.underlying(of) {
            Type::Struct(fields) => {
                let embedded = fields.iter().filter(|field| field.embedded);
                embedded.map(|field| field.of.pointee().clone()).collect()
            }
            _ => Vec::new(),
        }
    }
}

fn interface_origin<'a>(of: &Type, declared: Option<(Arc<str>, Place)>) -> Origin<'a> {
    let named = match of {
        Type::Named { path, name, .. } => Some((path.clone(), name.clone())),
        _ => None,
    };
    Origin::Interface { named, declared }
}

fn table_member<'a>(path: &str, receiver: &str, name: &str) -> Option<Member<'a>> {
    let of = signatures::find(path, &format!("{receiver}.{name}"))?;
    Some(Member {
        of: of.clone(),
        origin: Origin::Table {
            path: path.into(),
            receiver: receiver.into(),
        },
    })
}

fn error_method() -> Type {
    Type::Func(Arc::new(Signature {
        parameters: Some(Vec::new()),
        results: [Type::Basic("string")].into(),
        ..Signature::default()
    }))
}

/// What the table of signatures says of `path.name`.
pub(super) fn known(path: &str, name: &str) -> Type {
    signatures::find(path, name).cloned().unwrap_or(Type::Unknown)
}
