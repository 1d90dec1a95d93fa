//! What a file says to its package: names at package level, and imports.

use super::complaint::{Complaint, Fault};
use crate::go::package::{FileId, Package, Place};
use crate::go::source::{DeclKind, Import, SourceFile};
use crate::go::syntax::{Field, Kind, Node};
use crate::text::Span;

/// The complaints about what a file declares at package level and imports.
pub fn of_file(package: &Package, id: FileId) -> Vec<Complaint> {
    let Some(file) = package.files.get(id.0) else {
        return Vec::new();
    };
    let mut complaints = unused_imports(package, id, file);
    complaints.extend(redeclared(package, id, file));
    complaints.extend(import_names(id, file));
    complaints
}

fn complaint(fault: Fault, file: FileId, span: Span, name: &str, said: String) -> Complaint {
    Complaint {
        fault,
        name: name.to_owned(),
        within: String::new(),
        place: Place { file, span },
        said,
    }
}

/// The name that an import has for certain, with or without an alias.
pub(super) fn certain_name(package: &Package, root: &Package, import: &Import) -> Option<String> {
    if let Some(alias) = &import.alias {
        return Some(alias.clone());
    }
    let at_hand = root.program().and_then(|program| program.package(&import.path));
    if let Some(imported) = at_hand.filter(|imported| !imported.name.is_empty()) {
        return Some(imported.name.clone());
    }
    // Packages of the standard library are called as their paths say; so is the own one.
    let first = import.path.split('/').next().unwrap_or("");
    let own = package.module.as_ref().map(|module| module.path.as_str());
    let is_standard = !first.contains('.') && own.is_none_or(|own| own.split('/').next() != Some(first));
    is_standard.then(|| import.name().to_owned())
}

fn unused_imports(package: &Package, id: FileId, file: &SourceFile) -> Vec<Complaint> {
    let is_sound = file.decls.iter().all(|decl| file.tree(decl).error().is_none());
    if !is_sound || file.broken.is_some() {
        return Vec::new();
    }
    let named = file.imports.iter().filter(|import| import.path != "C");
    let named = named.filter_map(|import| Some((import, certain_name(package, package, import)?)));
    let named = named.filter(|(_, name)| name != "_" && name != ".");
    let unused = named.filter(|(_, name)| !is_used(file, name));
    let told = |(import, name): (&Import, String)| {
        let said = match package_differs(import, &name) {
            true => format!("{:?} imported as {name} and not used", import.path),
            false => format!("{:?} imported and not used", import.path),
        };
        complaint(Fault::UnusedImport, id, import.span, &name, said)
    };
    unused.map(told).collect()
}

fn package_differs(import: &Import, name: &str) -> bool {
    import.path.rsplit('/').next() != Some(name)
}

/// Whether a declaration of the file speaks of a package that it calls `name`.
fn is_used(file: &SourceFile, name: &str) -> bool {
    let finder = memchr::memmem::Finder::new(name.as_bytes());
    let holding = file
        .decls
        .iter()
        .filter(|decl| finder.find(decl.span.of(&file.source)).is_some());
    holding.into_iter().any(|decl| {
        let scopes = file.scopes(decl);
        let mut nodes = file.tree(decl).root().subtree();
        nodes.any(|node| speaks_of_package(node) && node.text() == name && scopes.binding_of(node).is_none())
    })
}

fn speaks_of_package(node: Node<'_>) -> bool {
    match node.kind() {
        Kind::PackageIdentifier => true,
        Kind::Identifier => {
            node.role() == Field::Operand
                || node
                    .parent()
                    .is_some_and(|parent| parent.is(Kind::SelectorExpression))
        }
        _ => false,
    }
}

/// Names of the file that it, or another file that is compiled with it, has too.
fn redeclared(package: &Package, id: FileId, file: &SourceFile) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let is_compiled = file.is_for_host();
    for (at, decl) in file.decls.iter().enumerate() {
        let others = |name: &str| {
            let same_file = file.decls[..at].iter();
            let elsewhere = package.files.iter().enumerate();
            let elsewhere =
                elsewhere.filter(|(other, held)| *other != id.0 && is_compiled && held.is_for_host());
            let elsewhere = elsewhere.flat_map(|(_, held)| &held.decls);
            same_file.chain(elsewhere).any(|other| {
                other.receiver == decl.receiver && other.names.iter().any(|held| *held.text == *name)
            })
        };
        for (position, name) in decl.names.iter().enumerate() {
            let is_free = *name.text == *"_"
                || (decl.kind == DeclKind::Func && decl.receiver.is_none() && *name.text == *"init");
            let earlier = decl.names[..position].iter().any(|held| held.text == name.text);
            if is_free
                || !(earlier
                    || (package.is_declared_again(decl.receiver.as_deref(), &name.text)
                        && others(&name.text)))
            {
                continue;
            }
            let (of, said) = match &decl.receiver {
                Some(receiver) => {
                    let of = format!("{receiver}.{}", name.text);
                    let said = format!("method {of} already declared");
                    (of, said)
                }
                None => (
                    name.text.to_string(),
                    format!("{} redeclared in this block", name.text),
                ),
            };
            complaints.push(complaint(Fault::Redeclared, id, name.span, &of, said));
        }
    }
    complaints.extend(imported_too(package, id, file, is_compiled));
    complaints
}

/// A name at package level that a file of the package has for an import, too.
fn imported_too(package: &Package, id: FileId, file: &SourceFile, is_compiled: bool) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for decl in file.decls.iter().filter(|decl| decl.receiver.is_none()) {
        for name in decl.names.iter().filter(|name| !matches!(&*name.text, "_" | ".")) {
            let imports = |(other, held): (usize, &std::sync::Arc<SourceFile>)| {
                let is_beside = other == id.0 || (is_compiled && held.is_for_host());
                is_beside
                    && held.imports.iter().any(|import| {
                        import.name() == &*name.text
                            && certain_name(package, package, import).as_deref() == Some(&*name.text)
                    })
            };
            if package.files.iter().enumerate().any(imports) {
                let said = format!("{} already declared through import of package", name.text);
                complaints.push(complaint(Fault::Redeclared, id, name.span, &name.text, said));
            }
        }
    }
    complaints
}

/// Two imports of one name.
fn import_names(id: FileId, file: &SourceFile) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (at, import) in file.imports.iter().enumerate() {
        let Some(alias) = import
            .alias
            .as_deref()
            .filter(|alias| !matches!(*alias, "_" | "."))
        else {
            continue;
        };
        let is_taken = |other: &Import| other.alias.as_deref() == Some(alias);
        if file.imports[..at].iter().any(is_taken) {
            let said = format!("{alias} redeclared in this block");
            complaints.push(complaint(Fault::Redeclared, id, import.span, alias, said));
        }
    }
    complaints
}

/// Names that a change brings to package level although a file of the package has them, be it one that this machine
/// does not compile.
pub fn clashes(before: &Package, after: &Package, id: FileId) -> Vec<Complaint> {
    let (Some(old), Some(new)) = (before.files.get(id.0), after.files.get(id.0)) else {
        return Vec::new();
    };
    let had = |name: &str| {
        old.decls
            .iter()
            .any(|decl| decl.receiver.is_none() && decl.names.iter().any(|held| *held.text == *name))
    };
    let declared = new.decls.iter().filter(|decl| decl.receiver.is_none());
    let names = declared.flat_map(|decl| &decl.names);
    let clashing = names.filter(|name| {
        !matches!(&*name.text, "_" | "init")
            && !had(&name.text)
            && before.declares(&name.text)
            && after.is_declared_again(None, &name.text)
    });
    let told = clashing.map(|name| {
        let said = format!("{} redeclared in this block", name.text);
        complaint(Fault::Redeclared, id, name.span, &name.text, said)
    });
    told.collect()
}
