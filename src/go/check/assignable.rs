//! Whether a value of one type may be assigned to another.

use std::collections::HashSet;

use crate::go::declaration::Declaration;
use crate::go::types::{Direction, InterfaceType, Type};

/// `None` where that is not known for sure.
pub(super) fn assignable(at: Declaration<'_>, value: &Type, to: &Type) -> Option<bool> {
    if value.is_partly_unknown() || to.is_partly_unknown() {
        return None;
    }
    if value.is_untyped() {
        return of_constant(at, value, to);
    }
    if value.to_string() == to.to_string() {
        return Some(true);
    }
    let (from, into) = (at.underlying(value), at.underlying(to));
    match &into {
        Type::Interface(interface) => of_interface(at, value, &from, interface),
        Type::Basic("error") => of_methods(at, value, &from, &["Error".into()]),
        _ => (is_certain(at, value) && is_certain(at, to) && refuses(at, value, to, &from, &into))
            .then_some(false),
    }
}

fn is_certain(at: Declaration<'_>, of: &Type) -> bool {
    match of {
        Type::Unknown | Type::Parameter(_) | Type::Tuple(_) => false,
        Type::Named {
            path,
            name,
            arguments,
        } => {
            let package = at.package_at(path);
            let is_doubtful = package.is_some_and(|package| package.is_declared_again(None, name));
            arguments.is_empty() && &**path != "C" && !is_doubtful && !at.underlying(of).is_unknown()
        }
        _ => true,
    }
}

fn has_name(of: &Type) -> bool {
    matches!(of, Type::Named { .. } | Type::Local(_) | Type::Basic(_))
}

fn refuses(at: Declaration<'_>, value: &Type, to: &Type, from: &Type, into: &Type) -> bool {
    match (has_name(value), has_name(to)) {
        (true, true) => differ(at, value, to),
        _ => match (from, into) {
            (Type::Chan(one), Type::Chan(other)) => {
                let is_turned = one.direction != Direction::Both && one.direction != other.direction;
                is_turned || differ(at, &one.element, &other.element)
            }
            _ => differ(at, from, into),
        },
    }
}

/// Whether two types are different ones for certain.
fn differ(at: Declaration<'_>, one: &Type, other: &Type) -> bool {
    match (one, other) {
        (Type::Unknown | Type::Parameter(_), _) | (_, Type::Unknown | Type::Parameter(_)) => false,
        (Type::Basic(_), Type::Basic(_)) => one.to_string() != other.to_string(),
        // One name under two paths may be one type: a module can be reached in two ways.
        (Type::Named { name, .. }, Type::Named { name: held, .. }) => {
            name != held && is_certain(at, one) && is_certain(at, other)
        }
        (Type::Local(_), Type::Local(_)) => false,
        (Type::Named { .. } | Type::Local(_), unnamed) | (unnamed, Type::Named { .. } | Type::Local(_)) => {
            let named = if std::ptr::eq(unnamed, one) { other } else { one };
            is_certain(at, named)
        }
        (Type::Pointer(one), Type::Pointer(other)) | (Type::Slice(one), Type::Slice(other)) => {
            differ(at, one, other)
        }
        (Type::Map(key, value), Type::Map(other_key, other_value)) => {
            differ(at, key, other_key) || differ(at, value, other_value)
        }
        (Type::Array(one), Type::Array(other)) => {
            one.length != other.length || differ(at, &one.element, &other.element)
        }
        (Type::Chan(one), Type::Chan(other)) => {
            one.direction != other.direction || differ(at, &one.element, &other.element)
        }
        (Type::Func(one), Type::Func(other)) => {
            let counts =
                |of: &crate::go::types::Signature| (of.parameters.as_ref().map(Vec::len), of.results.len());
            let are_plain = one.type_parameters.is_empty() && other.type_parameters.is_empty();
            are_plain && counts(one) != counts(other)
        }
        (Type::Struct(_), Type::Struct(_)) | (Type::Interface(_), Type::Interface(_)) => false,
        (Type::Basic("error"), Type::Interface(_)) | (Type::Interface(_), Type::Basic("error")) => false,
        _ => true,
    }
}

fn of_interface(at: Declaration<'_>, value: &Type, from: &Type, to: &InterfaceType) -> Option<bool> {
    let is_open = !to.terms.is_empty();
    let methods = methods_of(at, to).filter(|_| !is_open)?;
    of_methods(at, value, from, &methods)
}

fn of_methods(at: Declaration<'_>, value: &Type, from: &Type, methods: &[String]) -> Option<bool> {
    if matches!(value, Type::Parameter(_) | Type::Tuple(_)) || from.is_unknown() {
        return None;
    }
    let to_interface = match value {
        Type::Pointer(to) => matches!(at.underlying(to), Type::Interface(_) | Type::Basic("error")),
        _ => false,
    };
    let is_missing = |name: &String| to_interface || at.lacks(value, name);
    match methods.is_empty() {
        true => Some(true),
        false => methods.iter().any(is_missing).then_some(false),
    }
}

/// The methods an interface asks for; `None` where what it embeds is not known.
fn methods_of(at: Declaration<'_>, interface: &InterfaceType) -> Option<Vec<String>> {
    all_methods(at, interface, &mut HashSet::new())
}

/// `seen` holds the embedded types that were looked at: an interface must not embed itself, and some do.
fn all_methods(
    at: Declaration<'_>,
    interface: &InterfaceType,
    seen: &mut HashSet<String>,
) -> Option<Vec<String>> {
    let mut methods: Vec<String> = interface
        .methods
        .iter()
        .map(|method| method.name.to_string())
        .collect();
    for embedded in &interface.embedded {
        match at.underlying(embedded) {
            Type::Interface(inner) if inner.terms.is_empty() => {
                if seen.insert(embedded.to_string()) {
                    methods.extend(all_methods(at, &inner, seen)?);
                }
            }
            Type::Basic("error") => methods.push("Error".to_owned()),
            _ => return None,
        }
    }
    Some(methods)
}

/// Whether the type takes an untyped constant, `nil` among them; how large it is, is not asked.
fn of_constant(at: Declaration<'_>, value: &Type, to: &Type) -> Option<bool> {
    let Type::Basic(constant) = value else {
        return None;
    };
    let shape = at.underlying(to);
    let takes = match (*constant, &shape) {
        (_, Type::Unknown | Type::Parameter(_) | Type::Tuple(_)) => return None,
        ("untyped nil", Type::Basic("error")) => true,
        ("untyped nil", Type::Basic(_) | Type::Struct(_) | Type::Array(_)) => false,
        ("untyped nil", _) => true,
        (_, Type::Interface(interface)) => return of_empty(at, interface),
        ("untyped bool", Type::Basic(name)) => *name == "bool",
        ("untyped string", Type::Basic(name)) => *name == "string",
        (_, Type::Basic(name)) => !matches!(*name, "bool" | "string" | "error"),
        _ => false,
    };
    Some(takes)
}

fn of_empty(at: Declaration<'_>, interface: &InterfaceType) -> Option<bool> {
    let is_open = !interface.terms.is_empty();
    let methods = methods_of(at, interface).filter(|_| !is_open)?;
    Some(methods.is_empty())
}
