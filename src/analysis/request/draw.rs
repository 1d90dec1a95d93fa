//! Which functions of a package requests reach, and on which ways, as a drawing for people and for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::{HandlerChain, is_called_once, possible_path};
use crate::go::syntax::Field;
use crate::go::{Declaration, Package};

/// The functions of `package` that requests reach, as a mermaid flowchart: entries are round, and a way that leads
/// through an interface names it, and tells where other types implement it. Below stand, as comments, those that no request is seen to reach.
pub fn draw(package: &Package) -> String {
    let mut chart = Chart::default();
    for at in package.declarations() {
        let body = at.function().and_then(|function| function.field(Field::Body));
        let Some(body) = body else { continue };
        match possible_path(at, body) {
            Some(path) => chart.add(at, &path),
            None => {
                let (once, beyond) = (&mut chart.once, &mut chart.beyond);
                let list = if is_called_once(at) { once } else { beyond };
                list.insert(named(at));
            }
        }
    }
    chart.write(package)
}

#[derive(Default)]
struct Chart {
    /// Titles, each with whether a request comes in there.
    nodes: BTreeMap<String, bool>,
    edges: BTreeSet<(String, String, Option<String>)>,
    once: BTreeSet<String>,
    beyond: BTreeSet<String>,
}

impl Chart {
    fn add(&mut self, reached: Declaration<'_>, path: &HandlerChain<'_>) {
        let steps = path
            .calls
            .iter()
            .map(|call| (named(call.caller), call.through.as_ref()));
        let mut steps: Vec<_> = steps.collect();
        steps.push((named(reached), None));
        if let Some((first, _)) = steps.first_mut().filter(|_| !path.calls.is_empty()) {
            *first = path.entry_titled(std::mem::take(first));
        }
        for (at, (title, _)) in steps.iter().enumerate() {
            *self.nodes.entry(title.clone()).or_default() |= at == 0;
        }
        for pair in steps.windows(2) {
            let [(from, through), (to, _)] = pair else {
                continue;
            };
            let label = through.map(|through| match through.implementations {
                1 => through.interface.clone(),
                many => format!("{}, one of {many}", through.interface),
            });
            if from != to {
                self.edges.insert((from.clone(), to.clone(), label));
            }
        }
    }

    fn write(&self, package: &Package) -> String {
        let mut out = format!("%% package {}\nflowchart TD\n", package.path);
        let numbers: BTreeMap<&String, usize> = self.nodes.keys().zip(0..).collect();
        // Writing to a string cannot fail.
        for (title, is_entry) in &self.nodes {
            let (open, close) = if *is_entry { ("([", "])") } else { ("[", "]") };
            let _ = writeln!(out, "f{}{open}\"{title}\"{close}", numbers[title]);
        }
        for (from, to, label) in &self.edges {
            let label = label
                .as_ref()
                .map_or_else(String::new, |label| format!("|\"{label}\"|"));
            let _ = writeln!(out, "f{} -->{label} f{}", numbers[from], numbers[to]);
        }
        for (what, titles) in [
            ("runs once", &self.once),
            ("set-up, or not seen to run", &self.beyond),
        ] {
            for title in titles {
                let _ = writeln!(out, "%% {what}: {title}");
            }
        }
        out
    }
}

/// The title with the package's name.
fn named(at: Declaration<'_>) -> String {
    format!("{}.{}", at.package.name, at.title())
}
