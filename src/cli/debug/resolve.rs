//! How well calls are resolved: of all calls that may be one of the rules' acquire functions by their last name, the
//! share of which the import path and the name are known.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::config::Config;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, Declaration, Package};
use crate::transforms::suite;

/// One call with what is known of it.
pub struct Call {
    module: String,
    place: String,
    text: String,
    /// `path.Type.Name`; `None` is Unknown.
    meant: Option<String>,
    /// Whether that is one of the tables' functions.
    acquires: bool,
}

/// The acquire functions of the suite's tables as `path.Name` and `path.Type.Name`.
fn acquired() -> BTreeSet<String> {
    let config = Config::default();
    let resources = suite().iter().flat_map(|transform| transform.resources(&config));
    let named = resources.flat_map(|row| {
        let named = row.acquire.iter().map(|key| match &key.receiver {
            Some(receiver) => format!("{}.{receiver}.{}", row.package, key.name),
            None => format!("{}.{}", row.package, key.name),
        });
        named.collect::<Vec<_>>()
    });
    named.collect()
}

/// The calls of a package whose callee goes by a name of the tables.
pub fn calls(package: &Package) -> Vec<Call> {
    let acquired = acquired();
    let last = |name: &String| name.rsplit('.').next().map(str::to_owned);
    let names: BTreeSet<String> = acquired.iter().filter_map(last).collect();
    let sound = package.declarations().filter(|at| at.is_sound());
    sound
        .flat_map(|at| {
            let calls = at.tree().root().subtree();
            let calls = calls.filter(|node| node.is(Kind::CallExpression));
            calls
                .filter_map(|call| seen(at, call, &names, &acquired))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn seen(
    at: Declaration<'_>,
    call: Node<'_>,
    names: &BTreeSet<String>,
    acquired: &BTreeSet<String>,
) -> Option<Call> {
    let function = call.field(Field::Function)?;
    let name = function.field(Field::Field).unwrap_or(function);
    names.contains(name.text()).then(|| {
        let line = at.file().lines().position(call.start()).line;
        let module = at.package.module.as_ref();
        let meant = meant(at, function);
        Call {
            module: module.map_or_else(|| "(no module)".to_owned(), |module| module.path.clone()),
            place: format!("{}:{line}", at.file().path),
            text: function.text().split_whitespace().collect::<Vec<_>>().join(" "),
            acquires: meant.as_ref().is_some_and(|meant| acquired.contains(meant)),
            meant,
        }
    })
}

fn meant(at: Declaration<'_>, function: Node<'_>) -> Option<String> {
    let with = |path: &str, receiver: Option<&str>, name: &str| match receiver {
        Some(receiver) => format!("{path}.{receiver}.{name}"),
        None => format!("{path}.{name}"),
    };
    match at.function_meant(function) {
        Callee::External { path, receiver, name } => Some(with(&path, receiver.as_deref(), &name)),
        Callee::Package(meant) => {
            let receiver = meant.decl().receiver.as_deref();
            Some(with(&meant.package.path, receiver, meant.decl().title()))
        }
        Callee::Builtin(name) => Some(name),
        Callee::Conversion(_) => Some("(conversion)".to_owned()),
        Callee::Literal(_) | Callee::Local(_) => Some("(function value)".to_owned()),
        Callee::Unknown => {
            let interface = at.interface_asked(function)?;
            let path = &interface.declaration.package.path;
            let method = function.field(Field::Field)?;
            Some(with(path, Some(interface.name()), method.text()))
        }
    }
}

/// What was counted in one module.
#[derive(Clone, Copy, Default)]
struct Counts {
    acquires: usize,
    others: usize,
    unknown: usize,
}

impl Counts {
    fn line(self, of: &str) -> String {
        let Counts {
            acquires,
            others,
            unknown,
        } = self;
        let (of_names, of_acquires) = (
            share(acquires + others, acquires + others + unknown),
            share(acquires, acquires + unknown),
        );
        format!(
            "{of}: {acquires} acquire, {others} are others, {unknown} unknown: {of_names:.1} % known, {of_acquires:.1} % if all unknown ones acquired\n"
        )
    }
}

/// The figures by module, then the calls that are unknown, or all of them.
pub fn table(calls: impl Iterator<Item = Call>, all: bool) -> String {
    let mut modules: BTreeMap<String, Counts> = BTreeMap::new();
    let mut total = Counts::default();
    let mut listed = String::new();
    for call in calls {
        for counts in [modules.entry(call.module).or_default(), &mut total] {
            match (&call.meant, call.acquires) {
                (None, _) => counts.unknown += 1,
                (Some(_), true) => counts.acquires += 1,
                (Some(_), false) => counts.others += 1,
            }
        }
        if all || call.meant.is_none() {
            let meant = call.meant.as_deref().unwrap_or("unknown");
            let star = if call.acquires { " *" } else { "" };
            // Writing to a string cannot fail.
            let _ = writeln!(listed, "{}: {} is {meant}{star}", call.place, call.text);
        }
    }
    let lines: String = modules
        .iter()
        .map(|(module, counts)| counts.line(module))
        .collect();
    format!("{lines}{}{listed}", total.line("in all"))
}

fn share(part: usize, whole: usize) -> f64 {
    match whole {
        0 => 100.0,
        whole => 100.0 * part as f64 / whole as f64,
    }
}
