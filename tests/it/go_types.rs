//! The model of Go against the compiler: every type and definition that the model answers is the one that
//! go/types gives. What it does not answer is counted and printed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use crate::support::go::{Go, tell};
use unleak::go::syntax::{Field, Kind, Node};
use unleak::go::{Declaration, Definition, FileId, Loader, Package, Place, Program};
use unleak::text::Span;
use unleak::workspace::ModuleLoader;

/// A line of the Go program beside this file.
struct Fact {
    is_type: bool,
    file: String,
    span: Span,
    /// The type, or the place of the definition.
    text: String,
}

/// Import path to what the compiler says of the package.
type Facts = BTreeMap<String, Vec<Fact>>;

/// What became of the questions of one kind.
#[derive(Default)]
struct Count {
    right: usize,
    /// Right as far as the answer goes.
    partly: usize,
    unknown: usize,
    wrong: Vec<String>,
}

impl Count {
    fn add(&mut self, answer: &str, fact: &Fact) {
        if answer == "?" {
            self.unknown += 1;
            if std::env::var_os("SHOW_UNKNOWN").is_some() {
                self.disagree(answer, fact);
                tell(&self.wrong.pop().unwrap_or_default());
            }
        } else if answer.contains(['?', '+']) {
            // An interface is written with what it embeds, and compared as far as that.
            let known = answer.split('+').next().unwrap_or("").trim_end_matches("; ");
            match matches(&format!("{known}?"), &fact.text) || answer.contains('+') {
                true => self.partly += 1,
                false => self.disagree(answer, fact),
            }
        } else if answer == fact.text {
            self.right += 1;
        } else {
            self.disagree(answer, fact);
        }
    }

    fn disagree(&mut self, answer: &str, fact: &Fact) {
        let Fact { file, span, text, .. } = fact;
        let bytes = std::fs::read(file).unwrap_or_default();
        let line = bytes[..span.start.min(bytes.len())]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        let code = String::from_utf8_lossy(span.of(&bytes)).into_owned();
        let code: String = code.chars().take(80).collect();
        self.wrong.push(format!(
            "{file}:{}: {code:?}\n    the compiler: {text}\n    the model:    {answer}",
            line + 1
        ));
    }

    fn told(&self) -> String {
        let all = self.right + self.partly + self.unknown + self.wrong.len();
        let share = |count: usize| 100.0 * count as f64 / all.max(1) as f64;
        format!(
            "{all}, answered {} ({:.2} %), in part {}, unknown {}, wrong {}",
            self.right,
            share(self.right),
            self.partly,
            self.unknown,
            self.wrong.len()
        )
    }
}

/// Whether `text` is `pattern`, where `?` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('?');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or("")) else {
        return false;
    };
    let parts: Vec<_> = parts.collect();
    for (at, part) in parts.iter().enumerate() {
        if at + 1 == parts.len() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(found) => rest = &rest[found + part.len()..],
            None => return false,
        }
    }
    rest.is_empty()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Go program, built once for each test process.
fn teller(go: &Go, into: &Path) -> PathBuf {
    let program = into.join("gotypes");
    let mut build = go.command(&root().join("tests/go_types"), "build");
    let output = build.arg("-o").arg(&program).arg(".").output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    program
}

fn facts(program: &Path, folder: &Path, patterns: &[&str]) -> Facts {
    let output = Command::new(program)
        .args(patterns)
        .current_dir(folder)
        .env("GOTOOLCHAIN", "local")
        .env("GOFLAGS", "-mod=readonly")
        .env("GOWORK", "off")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut facts = Facts::new();
    let mut package = String::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        match line.split('\t').collect::<Vec<_>>().as_slice() {
            ["package", path, _] => package = (*path).to_owned(),
            [kind, file, start, end, text] => {
                facts.entry(package.clone()).or_default().push(Fact {
                    is_type: *kind == "type",
                    file: (*file).to_owned(),
                    span: Span::new(start.parse().unwrap(), end.parse().unwrap()),
                    text: (*text).to_owned(),
                });
            }
            _ => panic!("no fact: {line}"),
        }
    }
    facts
}

/// A package as the one under analysis, with all others in sight.
fn package(folder: &Path, path: &str) -> Package {
    let loader = ModuleLoader::around(folder, folder).unwrap();
    let loaded = loader
        .load(path)
        .unwrap_or_else(|| panic!("{path} is not at hand"));
    let mut package = Package::new(loaded.dir, loaded.module, loaded.files);
    package.path = path.into();
    package.within(Arc::new(Program::new(loader)))
}

/// The declaration and node that a fact is about.
fn find<'a>(package: &'a Package, fact: &Fact) -> Option<(Declaration<'a>, Node<'a>)> {
    let base = |path: &str| path.rsplit('/').next().unwrap_or("").to_owned();
    let file = package
        .files
        .iter()
        .position(|file| base(&file.path) == base(&fact.file))?;
    let declaration = package.declarations().find(|declaration| {
        let span = declaration.decl().span;
        declaration.id.file == FileId(file) && span.start <= fact.span.start && fact.span.end <= span.end
    })?;
    Some((declaration, declaration.tree().at(fact.span)?))
}

/// What the model says; `None` where it is not asked.
fn answered(declaration: Declaration<'_>, node: Node<'_>, fact: &Fact) -> Option<String> {
    match fact.is_type {
        true => type_answered(declaration, node),
        false => Some(definition_answered(declaration, node)),
    }
}

fn type_answered(declaration: Declaration<'_>, node: Node<'_>) -> Option<String> {
    let is_unbound = || declaration.scopes().binding_of(node).is_none();
    match (node.kind(), node.parent()) {
        // Names of fields, methods and the parameters of function types are no expressions.
        (Kind::FieldIdentifier | Kind::FieldDeclaration | Kind::ParameterList, _) => None,
        (_, Some(parent)) if is_parameter(parent) && node.role() == Field::Name && is_unbound() => None,
        (Kind::Identifier, _) if node.text() == "_" => None,
        // A generic type without its arguments is no type.
        (_, Some(parent)) if parent.is(Kind::GenericType) && node.role() == Field::Type => None,
        _ => Some(match declaration.type_of(node) {
            of if of.is_unknown() => declaration.type_meant(node).to_string(),
            of => of.to_string(),
        }),
    }
}

fn is_parameter(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        Kind::ParameterDeclaration | Kind::VariadicParameterDeclaration
    )
}

fn definition_answered(declaration: Declaration<'_>, node: Node<'_>) -> String {
    let package = declaration.package;
    let here = |place: Place| {
        let path = &package.file(place.file).path;
        format!("here {} {}", path.rsplit('/').next().unwrap(), place.span.start)
    };
    match declaration.definition(node) {
        Definition::Local(id) => {
            let declared = declaration.scopes().get(id).declared;
            here(declaration.place(declaration.tree().node(declared)))
        }
        Definition::Declared(other) if std::ptr::eq(other.package, package) => {
            let mut names = other.decl().names.iter();
            let name = names.find(|name| *name.text == *node.text()).unwrap();
            here(other.place_of(name.span))
        }
        Definition::Declared(other) => match &other.decl().receiver {
            Some(receiver) => format!("{} {receiver}.{}", other.package.path, node.text()),
            None => format!("{} {}", other.package.path, node.text()),
        },
        Definition::Part { path, place } if path == package.path => here(place),
        // Which type a field or a method of an interface belongs to is told by the package alone.
        Definition::Part { path, .. } => format!("{path} ?.{}", node.text()),
        Definition::External { path, name } => format!("{path} {name}"),
        Definition::Import(path) => format!("import {path}"),
        Definition::Universe => format!("universe {}", node.text()),
        Definition::Unknown => "?".to_owned(),
    }
}

/// Compares what the model says of the packages with what the compiler says: a failure, if anything differs.
fn compare(program: &Path, folder: &str, patterns: &[&str]) -> Option<String> {
    let folder = root().join(folder);
    let (mut types, mut definitions) = (Count::default(), Count::default());
    for (path, facts) in facts(program, &folder, patterns) {
        let package = package(&folder, &path);
        for fact in &facts {
            let asked = find(&package, fact);
            let Some(answer) = asked.and_then(|(declaration, node)| answered(declaration, node, fact)) else {
                continue;
            };
            match fact.is_type {
                true => types.add(&answer, fact),
                false if answer.contains(" ?.") && matches(&answer, &fact.text) => definitions.right += 1,
                false => definitions.add(&answer, fact),
            }
        }
    }
    let name = format!("{} {}", folder.file_name().unwrap().display(), patterns.join(" "));
    tell(&format!("{name}: types {}", types.told()));
    tell(&format!("{name}: definitions {}", definitions.told()));
    let mut wrong = types.wrong;
    wrong.append(&mut definitions.wrong);
    wrong.sort();
    let shown = wrong.iter().take(60).cloned().collect::<Vec<_>>().join("\n");
    (!wrong.is_empty()).then(|| format!("{} disagreements in {name}:\n{shown}", wrong.len()))
}

/// Compares all of `modules`, and fails with everything that is wrong.
fn compare_all(modules: &[(&str, &[&str])]) {
    let Some(go) = Go::find() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let program = teller(&go, folder.path());
    // One module alone while a disagreement is looked into.
    let only = std::env::var("ONLY").unwrap_or_default();
    let mut failures = Vec::new();
    for (folder, patterns) in modules {
        if format!("{folder} {patterns:?}").contains(&only) && go.has_modules(&root().join(folder)) {
            failures.extend(compare(&program, folder, patterns));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_bundled_services_are_understood_as_by_the_compiler() {
    compare_all(&[
        ("fixtures/apps/v2-leaky", &["./..."]),
        ("fixtures/apps/v3-leaky", &["./..."]),
    ]);
}

#[test]
fn real_modules_are_understood_as_by_the_compiler() {
    let modules = "fixtures/go/modules";
    compare_all(&[
        // Embedding and closures, fluent chains, generics, build tags, code that leans on other modules.
        (modules, &["github.com/go-chi/chi/v5/..."]),
        (modules, &["github.com/spf13/cobra"]),
        (modules, &["github.com/rs/zerolog"]),
        (modules, &["github.com/samber/lo"]),
        (modules, &["github.com/gofiber/fiber/v2/..."]),
        (modules, &["github.com/gofiber/fiber/v3"]),
        (modules, &["github.com/jmoiron/sqlx"]),
    ]);
}
