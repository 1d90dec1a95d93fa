//! Names behind a dot.

use super::complaint::{Fault, Found, shown};
use crate::go::declaration::Declaration;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::types::Type;

pub(super) fn check(found: &mut Found<'_>) {
    for node in found.nodes() {
        match node.kind() {
            Kind::SelectorExpression => selector(found, node),
            Kind::QualifiedType => {
                if let (Some(package), Some(name)) = (node.field(Field::Package), node.field(Field::Name)) {
                    of_package(found, package, name);
                }
            }
            _ => {}
        }
    }
}

fn selector(found: &mut Found<'_>, node: Node<'_>) {
    let (Some(operand), Some(name)) = (node.field(Field::Operand), node.field(Field::Field)) else {
        return;
    };
    if of_package(found, operand, name) {
        return;
    }
    let at = found.at;
    let of = match at.names_type(operand) {
        true => at.type_meant(operand),
        false => at.type_of(operand),
    };
    if is_seen_whole(at, &of) && at.lacks(&of, name.text()) {
        let said = format!(
            "{} undefined (type {of} has no field or method {})",
            shown(node),
            name.text()
        );
        found.add(Fault::UndefinedMember, name, &shown(node), said);
    }
}

/// Whether the operand names a package; and then whether that has the name.
fn of_package(found: &mut Found<'_>, operand: Node<'_>, name: Node<'_>) -> bool {
    let at = found.at;
    let is_name = matches!(operand.kind(), Kind::Identifier | Kind::PackageIdentifier);
    let Some(path) = at.import_path_of(operand).filter(|_| is_name) else {
        return false;
    };
    let is_built_in = matches!(path, "C" | "unsafe");
    if let Some(package) = at.package_at(path).filter(|_| !is_built_in)
        && !package.declares(name.text())
        && !is_tested_here(at, path)
        && !package.files.is_empty()
    {
        let said = format!("undefined: {}.{}", operand.text(), name.text());
        found.add(Fault::Undefined, name, &format!("{path}.{}", name.text()), said);
    }
    true
}

/// A test beside a package sees what other tests add to that package, and the model does not.
fn is_tested_here(at: Declaration<'_>, path: &str) -> bool {
    let is_test = at.file().is_test();
    is_test
        && at
            .package_at(path)
            .is_some_and(|package| package.dir == at.package.dir || package.is_own)
}

fn is_seen_whole(at: Declaration<'_>, of: &Type) -> bool {
    match of.pointee() {
        Type::Unknown | Type::Tuple(_) | Type::Parameter(_) => false,
        Type::Named { path, .. } => !is_tested_here(at, path) || **path == *at.package.path,
        _ => true,
    }
}
