//! The signatures of the facts against the source: a program answers the same whether the source of a library is on
//! the machine or only the facts know it. `BLESS=1` writes them anew from the source, for the packages that
//! `[signatures]` of a file names.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::support::go::{Go, tell};
use unleak::facts::{self, Signature};
use unleak::go::syntax::{Field, Kind, Node};
use unleak::go::{
    DeclKind, Declaration, Direction, Package, Program, SourceFile, StructField, Type, signature_rows,
};
use unleak::workspace::ModuleLoader;

/// Name to spelling.
type Rows = BTreeMap<String, String>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn modules() -> PathBuf {
    root().join("fixtures/go/modules")
}

/// The folders whose go.mod pins the versions that signatures are read from: what other tests need, too, and the rest.
fn folders() -> [PathBuf; 2] {
    [modules(), root().join("fixtures/go/signatures")]
}

/// Of a package the program that has its source.
fn source_of<'p>(programs: &'p [Arc<Program>], path: &str) -> Option<&'p Arc<Program>> {
    programs.iter().find(|program| program.package(path).is_some())
}

fn programs() -> Vec<Arc<Program>> {
    let loaded = |folder: PathBuf| Program::new(ModuleLoader::around(&folder, &folder).unwrap());
    folders()
        .into_iter()
        .map(|folder| Arc::new(loaded(folder)))
        .collect()
}

/// A package that a test wrote, with the source of a program in sight or with nothing but the facts.
fn scratch(source: &str, program: Option<&Arc<Program>>) -> Package {
    let file = SourceFile::new("p/p.go", source.as_bytes());
    assert_eq!(file.broken, None, "{source}");
    let package = Package::new("p", None, vec![file]);
    match program {
        Some(program) => package.within(Arc::clone(program)),
        None => package,
    }
}

/// How the tables write a type; `None` for what they leave out.
fn spelling(of: &Type) -> Option<String> {
    let list = |types: &[Type]| {
        let all: Option<Vec<_>> = types.iter().map(spelling).collect();
        Some(all?.join(", "))
    };
    Some(match of {
        Type::Basic(name) if name.starts_with("untyped") => return None,
        Type::Basic(name) => (*name).to_owned(),
        Type::Named { path, .. } if **path == *"." || path.contains("/internal/") => return None,
        Type::Named {
            path,
            name,
            arguments,
        } if arguments.is_empty() => format!("{path}.{name}"),
        Type::Named {
            path,
            name,
            arguments,
        } => format!("{path}.{name}[{}]", list(arguments)?),
        Type::Pointer(to) => format!("*{}", spelling(to)?),
        Type::Slice(element) => format!("[]{}", spelling(element)?),
        Type::Array(array) => format!("[{}]{}", array.length?, spelling(&array.element)?),
        Type::Map(key, value) => format!("map[{}]{}", spelling(key)?, spelling(value)?),
        Type::Chan(channel) => {
            let arrow = match channel.direction {
                Direction::Both => "chan",
                Direction::Send => "chan<-",
                Direction::Receive => "<-chan",
            };
            format!("{arrow} {}", spelling(&channel.element)?)
        }
        Type::Func(signature) if signature.type_parameters.is_empty() => {
            format!("func({})", list(&signature.results)?)
        }
        of if *of == Type::any() => "any".to_owned(),
        Type::Struct(fields) if fields.is_empty() => "struct{}".to_owned(),
        _ => return None,
    })
}

fn is_exported(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}

/// The rows of one package, from its source.
fn rows_of(program: &Arc<Program>, path: &str, chosen: &[String]) -> Rows {
    let chosen: HashSet<&str> = chosen.iter().map(String::as_str).collect();
    let package = program.package(path).unwrap();
    let mut by_pointer: HashSet<String> = HashSet::new();
    let wanted = |name: &str| chosen.contains(name) || (chosen.is_empty() && is_exported(name));
    let of_member =
        |of: &str, name: &str| is_exported(name) && (wanted(of) || chosen.contains(&*format!("{of}.{name}")));
    let in_part = |of: &str| {
        chosen
            .iter()
            .any(|chosen| chosen.split_once('.').is_some_and(|(head, _)| head == of))
    };
    let mut members: Vec<String> = Vec::new();
    let mut types: Vec<String> = Vec::new();
    for declaration in package.declarations() {
        let decl = declaration.decl();
        for name in decl.names.iter().map(|name| &name.text) {
            match (&decl.receiver, decl.kind) {
                (Some(receiver), _) if of_member(receiver, name) => {
                    members.push(format!("{receiver}.{name}"));
                    if has_pointer(declaration) {
                        by_pointer.insert(format!("{receiver}.{name}"));
                    }
                }
                (None, DeclKind::Type) if wanted(name) || in_part(name) => types.push(name.to_string()),
                (None, _) if wanted(name) => members.push(name.to_string()),
                _ => {}
            }
        }
    }
    let mut rows = Rows::new();
    let shapes = ask_types(path, &types, Some(program));
    for (name, (spelled, parts)) in types.iter().zip(shapes) {
        rows.extend(
            spelled
                .filter(|_| wanted(name))
                .map(|spelled| (name.clone(), spelled)),
        );
        let parts = parts.into_iter().filter(|part| of_member(name, part));
        members.extend(parts.map(|part| format!("{name}.{part}")));
    }
    members.sort();
    members.dedup();
    for (name, of) in members.iter().zip(ask_members(path, &members, Some(program))) {
        let is_constant = matches!(&of, Type::Basic(_)) && !name.contains('.') && !is_variable(package, name);
        if let Some(spelled) = spelling(&of).filter(|_| !is_constant) {
            rows.insert(key(name, by_pointer.contains(name)), spelled);
        }
    }
    rows
}

/// Whether a method takes a pointer to its type.
fn has_pointer(method: Declaration<'_>) -> bool {
    let receiver = method
        .function()
        .and_then(|function| function.field(Field::Receiver));
    receiver.is_some_and(|receiver| receiver.text().contains('*'))
}

/// `Type.Member` as Go spells it.
fn key(name: &str, is_pointer: bool) -> String {
    match (name.split_once('.'), is_pointer) {
        (Some((of, member)), true) => format!("(*{of}).{member}"),
        (Some((of, member)), false) => format!("({of}).{member}"),
        (None, _) => name.to_owned(),
    }
}

fn is_variable(package: &Package, name: &str) -> bool {
    let found = package.find_name(name);
    found.is_some_and(|declaration| declaration.kind() == DeclKind::Var)
}

/// The types of `Func`, `Var` and `Type.Member` of a package, as code that uses them sees them.
fn ask_members(path: &str, names: &[String], program: Option<&Arc<Program>>) -> Vec<Type> {
    let mut source = format!("package p\n\nimport lib \"{path}\"\n\n");
    for (at, name) in names.iter().enumerate() {
        source += &match name.split_once('.') {
            Some((receiver, member)) => format!("func f{at}(v *lib.{receiver}) {{ use(v.{member}) }}\n"),
            None => format!("func f{at}() {{ use(lib.{name}) }}\n"),
        };
    }
    let package = scratch(&source, program);
    let asked = |declaration: Declaration<'_>| {
        let mut nodes = declaration.tree().root().subtree();
        let selector = nodes.find(|node| node.is(Kind::SelectorExpression)).unwrap();
        declaration.type_of(selector)
    };
    package.declarations().map(asked).collect()
}

/// Of types of a package the row that tells what they are, and the names of their exported parts.
fn ask_types(
    path: &str,
    names: &[String],
    program: Option<&Arc<Program>>,
) -> Vec<(Option<String>, Vec<String>)> {
    let mut source = format!("package p\n\nimport lib \"{path}\"\n\n");
    for (at, name) in names.iter().enumerate() {
        source += &format!("type t{at} lib.{name}\n");
    }
    let package = scratch(&source, program);
    let written = package.declarations().zip(names).map(|(declaration, name)| {
        let mut nodes = declaration.tree().root().subtree();
        let spec = nodes.find(|node: &Node<'_>| node.is(Kind::TypeSpec)).unwrap();
        let of = declaration.type_meant(spec.field(Field::Type).unwrap());
        if !of.is(path, name) {
            return (spelling(&of).map(|of| format!("type = {of}")), Vec::new());
        }
        told(declaration, &declaration.underlying(&of))
    });
    written.collect()
}

fn told(at: Declaration<'_>, shape: &Type) -> (Option<String>, Vec<String>) {
    let exported = |fields: &[StructField]| {
        let fields = fields.iter().filter(|field| is_exported(&field.name));
        fields.map(|field| field.name.to_string()).collect::<Vec<_>>()
    };
    match shape {
        Type::Struct(fields) => {
            let embedded = fields.iter().filter(|field| field.embedded);
            let embedded: Vec<_> = embedded.filter_map(|field| spelling(&field.of)).collect();
            let row = (!embedded.is_empty()).then(|| format!("type struct{{{}}}", embedded.join(", ")));
            (row, exported(fields))
        }
        Type::Interface(interface) => {
            let inner = interface
                .embedded
                .iter()
                .flat_map(|of| told(at, &at.underlying(of)).1);
            (
                None,
                exported(&interface.methods).into_iter().chain(inner).collect(),
            )
        }
        other => (spelling(other).map(|of| format!("type {of}")), Vec::new()),
    }
}

/// The file of facts that begins with `path`.
fn file(path: &str) -> PathBuf {
    let folder = root().join("src/facts/libraries");
    let std = folder.join(format!("std/{path}.toml"));
    match std.exists() {
        true => std,
        false => folder.join(format!("{path}.toml")),
    }
}

/// The rows that a file has, by import path and key.
fn held(text: &str) -> BTreeMap<String, Rows> {
    #[derive(serde::Deserialize)]
    struct Part {
        #[serde(default)]
        types: BTreeMap<String, Rows>,
    }
    toml::from_str::<Part>(text).unwrap().types
}

/// A file with other rows.
fn with_rows(text: &str, packages: &BTreeMap<String, Rows>) -> String {
    let end = text.find("\n[types.").unwrap_or(text.len());
    let end = if text.starts_with("[types.") { 0 } else { end };
    let mut text = text[..end].to_owned();
    for (path, rows) in packages {
        text += &format!("\n[types.\"{path}\"]\n");
        for (name, spelled) in rows {
            text += &match name.starts_with('(') {
                true => format!("\"{name}\" = \"{spelled}\"\n"),
                false => format!("{name} = \"{spelled}\"\n"),
            };
        }
    }
    text.trim_start_matches('\n').to_owned()
}

/// Whether the source of everything that other tests need is on this machine.
fn have_source() -> bool {
    Go::find().is_some_and(|go| go.has_modules(&modules()))
}

#[test]
fn the_tables_say_what_the_source_says() {
    if !have_source() {
        return;
    }
    let programs = programs();
    let mut unseen = Vec::new();
    for (path, library) in facts::paths().zip(facts::libraries()) {
        let text = std::fs::read_to_string(file(path)).unwrap();
        let mut packages = held(&text);
        for (package, chosen) in &library.signatures {
            match source_of(&programs, package) {
                Some(program) => drop(packages.insert(package.clone(), rows_of(program, package, chosen))),
                None => unseen.push(package),
            }
        }
        let new = with_rows(&text, &packages);
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(file(path), new).unwrap();
            continue;
        }
        let differing = |(held, new): (&str, &str)| (held != new).then(|| format!("{held}\n{new}"));
        let first = text.lines().zip(new.lines()).find_map(differing);
        assert!(text == new, "{path}.toml is not what the source says: {first:?}");
    }
    tell(&format!("not at hand are {unseen:?}"));
}

#[test]
fn programs_see_the_same_with_and_without_source() {
    if !have_source() {
        return;
    }
    let mut paths: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in signature_rows() {
        if !row.spelled.starts_with("type ") {
            paths.entry(row.path).or_default().push(row.name);
        }
    }
    let programs = programs();
    let (mut compared, mut unseen) = (0, 0);
    for (path, names) in &paths {
        let Some(program) = source_of(&programs, path) else {
            unseen += names.len();
            continue;
        };
        let from_source = ask_members(path, names, Some(program));
        let from_table = ask_members(path, names, None);
        for ((name, source), table) in names.iter().zip(from_source).zip(from_table) {
            assert_eq!(spelling(&source), spelling(&table), "{path}.{name}");
            compared += 1;
        }
    }
    tell(&format!(
        "{compared} rows answer as the source does, {unseen} are of packages that no test pins"
    ));
    assert!(compared > 1000);
}

/// Whose methods `v.Name()` calls for a `v` of the type `of`, as code that calls them sees it.
fn ask_callees(path: &str, of: &str, names: &[String], program: Option<&Arc<Program>>) -> Vec<String> {
    let mut source = format!("package p\n\nimport lib \"{path}\"\n\n");
    for (at, name) in names.iter().enumerate() {
        source += &format!("func f{at}(v *lib.{of}) {{ v.{name}() }}\n");
    }
    let package = scratch(&source, program);
    let asked = |declaration: Declaration<'_>| {
        let mut nodes = declaration.tree().root().subtree();
        let call = nodes.find(|node| node.is(Kind::CallExpression)).unwrap();
        format!("{:?}", declaration.callee(call))
    };
    package.declarations().map(asked).collect()
}

#[test]
fn promoted_methods_belong_to_the_same_type_with_and_without_source() {
    if !have_source() {
        return;
    }
    let (programs, rows) = (programs(), signature_rows());
    let methods_of = |of: &str| {
        let (path, receiver) = of.trim_start_matches('*').rsplit_once('.').unwrap();
        let methods = rows
            .iter()
            .filter(|row| row.path == path && row.spelled.starts_with("func("));
        let named = methods.filter_map(|row| row.name.split_once('.').filter(|(of, _)| *of == receiver));
        let exported = named.filter(|(_, method)| is_exported(method));
        exported.map(|(_, method)| method.to_owned()).collect::<Vec<_>>()
    };
    let (mut compared, mut differing) = (0, Vec::new());
    for Signature {
        path,
        name: of,
        spelled,
    } in &rows
    {
        let program = source_of(&programs, path);
        let embedded = spelled
            .strip_prefix("type struct{")
            .and_then(|rest| rest.strip_suffix('}'));
        let Some(embedded) = embedded.filter(|_| is_exported(of) && program.is_some()) else {
            continue;
        };
        let names: Vec<String> = embedded.split(", ").flat_map(methods_of).collect();
        let from_source = ask_callees(path, of, &names, program);
        let from_table = ask_callees(path, of, &names, None);
        // Two embedded types that have a method of one name promote neither.
        let promoted = from_source
            .iter()
            .zip(from_table)
            .filter(|(source, _)| *source != "Unknown");
        for (source, table) in promoted {
            differing.extend((*source != table).then(|| format!("{path}.{of}: {source}, {table}")));
            compared += 1;
        }
    }
    assert_eq!(differing, Vec::<String>::new());
    tell(&format!(
        "{compared} promoted methods have the same owner either way"
    ));
    assert!(compared > 50);
}
