//! The floors of the architecture, held by reading every path in the source: imports go down or stay, no module of the
//! crate imports one that imports it back, transforms do not know each other, what is pure stays pure, and no room is
//! larger than one person oversees.

mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use sources::{Source, Sources};

/// Modules by floor, from the ground up.
const FLOORS: [&[&str]; 9] = [
    &["limits", "rating", "text"],
    &["facts"],
    &["go"],
    &["analysis", "edit", "frameworks"],
    &["transform", "config", "repair"],
    &["transforms"],
    &["engine", "prove"],
    &["job", "batch", "review", "report", "workspace"],
    &["cli"],
];

/// The first floor that may touch files, processes, terminals and clocks of the wall.
const OUTER: usize = 7;

/// More files that all import each other nobody can change one by one.
const MOST_FILES_IN_A_KNOT: usize = 4;
const MOST_CODE_LINES: usize = 400;
const MOST_LINES_OF_A_TRANSFORM: usize = 2_500;

/// Folders with a knot, and files, that are larger: to be cut. What holds the law leaves the list.
const KNOTS_TO_CUT: [&str; 2] = ["src/go/", "transforms/hoist_client/"];
const FILES_TO_CUT: [&str; 1] = ["transforms/hoist_client"];

fn floor_of(source: &Source) -> usize {
    let found = FLOORS.iter().position(|floor| floor.contains(&source.top()));
    found.unwrap_or_else(|| panic!("{} is on no floor", source.path))
}

/// Read once for all laws.
fn sources() -> &'static Sources {
    static SOURCES: LazyLock<Sources> = LazyLock::new(Sources::read);
    &SOURCES
}

/// The sources with a floor: lib.rs is the tour of all.
fn on_floors(sources: &Sources) -> impl Iterator<Item = (usize, &Source)> {
    let all = sources.all.iter().enumerate();
    all.filter(|(_, source)| source.top() != "lib")
}

fn none(wrong: BTreeSet<String>) {
    let wrong: Vec<String> = wrong.into_iter().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The same but for what is listed, all of which has to be there.
fn none_but(listed: &[&str], mut wrong: BTreeMap<String, String>) {
    let held = listed.iter().filter(|name| wrong.remove(**name).is_none());
    let held: Vec<String> = held
        .map(|name| format!("{name} holds the law: take it off the list"))
        .collect();
    none(wrong.into_values().chain(held).collect());
}

#[test]
fn imports_only_go_down() {
    let sources = sources();
    let imports = sources.imports();
    let wrong = on_floors(sources).flat_map(|(at, source)| {
        let targets = imports[at].iter().map(|target| &sources.all[*target]);
        let up = targets.filter(|target| target.top() != "lib" && floor_of(target) > floor_of(source));
        up.map(|target| format!("{} imports {}", source.path, target.path))
    });
    none(wrong.collect());
}

#[test]
fn modules_of_the_crate_import_each_other_one_way() {
    let sources = sources();
    let imports = sources.imports();
    let tops: BTreeSet<&str> = on_floors(sources).map(|(_, source)| source.top()).collect();
    let tops: Vec<&str> = tops.into_iter().collect();
    let mut graph = vec![BTreeSet::new(); tops.len()];
    let number = |top: &str| tops.iter().position(|known| *known == top);
    for (at, source) in on_floors(sources).filter(|(_, source)| !source.is_test()) {
        let targets = imports[at]
            .iter()
            .filter_map(|target| number(sources.all[*target].top()));
        graph[number(source.top()).unwrap()].extend(targets);
    }
    let knots = knots(&graph).into_iter().map(|knot| {
        let names: Vec<&str> = knot.into_iter().map(|at| tops[at]).collect();
        names.join(" and ")
    });
    none(knots.collect());
}

#[test]
fn no_knot_has_more_files_than_one_person_oversees() {
    let sources = sources();
    let mut imports = sources.imports();
    // Tests of a module's own insides come and go with it.
    for (at, source) in sources.all.iter().enumerate() {
        if source.is_test() || source.top() == "lib" {
            imports[at].clear();
        }
    }
    let large = knots(&imports)
        .into_iter()
        .filter(|knot| knot.len() > MOST_FILES_IN_A_KNOT);
    let told = large.map(|knot| {
        let paths: Vec<&str> = knot.iter().map(|at| &*sources.all[*at].path).collect();
        let told = format!("{} files: {}", paths.len(), paths.join(" "));
        (common_folder(&paths), told)
    });
    none_but(&KNOTS_TO_CUT, told.collect());
}

fn common_folder(paths: &[&str]) -> String {
    let first = paths[0];
    let folders = first.rmatch_indices('/').map(|(at, _)| &first[..=at]);
    let mut common = folders.filter(|folder| paths.iter().all(|path| path.starts_with(folder)));
    common.next().unwrap_or_default().to_owned()
}

/// Nodes that all lead to each other, where there are several.
fn knots(graph: &[BTreeSet<usize>]) -> Vec<Vec<usize>> {
    let reached: Vec<BTreeSet<usize>> = (0..graph.len()).map(|at| reached_from(graph, at)).collect();
    let mut knots: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in 0..graph.len() {
        let mutual = reached[at]
            .iter()
            .copied()
            .filter(|other| reached[*other].contains(&at));
        let first = mutual.chain([at]).min().unwrap_or(at);
        knots.entry(first).or_default().push(at);
    }
    knots.into_values().filter(|knot| knot.len() > 1).collect()
}

fn reached_from(graph: &[BTreeSet<usize>], start: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut due = vec![start];
    while let Some(at) = due.pop() {
        let new = graph[at].iter().copied().filter(|next| reached.insert(*next));
        due.extend(new.collect::<Vec<_>>());
    }
    reached
}

#[test]
fn no_file_and_no_transform_is_larger_than_one_person_oversees() {
    let sources = sources();
    let files = sources
        .all
        .iter()
        .filter(|source| source.code_lines > MOST_CODE_LINES);
    let told = |name: &str, lines: usize| (name.to_owned(), format!("{name} has {lines} lines of code"));
    let files = files.map(|source| told(&source.path, source.code_lines));
    let mut transforms: BTreeMap<&str, usize> = BTreeMap::new();
    for source in &sources.all {
        if let Some(transform) = source.transform() {
            *transforms.entry(transform).or_default() += source.code_lines;
        }
    }
    let transforms = transforms
        .into_iter()
        .filter(|(_, lines)| *lines > MOST_LINES_OF_A_TRANSFORM);
    let transforms = transforms.map(|(name, lines)| told(&format!("transforms/{name}"), lines));
    none_but(&FILES_TO_CUT, files.chain(transforms).collect());
}

#[test]
fn transforms_do_not_know_each_other() {
    let sources = sources();
    let imports = sources.imports();
    let wrong = on_floors(sources).flat_map(|(at, source)| {
        let targets = imports[at].iter().map(|target| &sources.all[*target]);
        let own = source.transform();
        let others = targets
            .filter(move |target| own.is_some() && target.transform().is_some() && target.transform() != own);
        others.map(|target| format!("{} knows {}", source.path, target.path))
    });
    none(wrong.collect());
}

#[test]
fn inner_floors_touch_nothing_outside() {
    let sources = sources();
    let inner = on_floors(sources).filter(|(_, source)| floor_of(source) < OUTER);
    let wrong = inner.flat_map(|(_, source)| {
        let outside = source.said().filter(|said| is_outside(said));
        outside.map(|said| format!("{} uses {}", source.path, said.join("::")))
    });
    none(wrong.collect());
}

fn is_outside(said: &[String]) -> bool {
    let said: Vec<&str> = said.iter().map(String::as_str).collect();
    match said.as_slice() {
        // What machine this was built for is no state of the outside.
        ["std", "env", "consts", ..] => false,
        ["std", "fs" | "process" | "env" | "io" | "net", ..] => true,
        _ => false,
    }
}

#[test]
fn the_parser_stays_hidden() {
    let sources = sources();
    let outside = sources
        .all
        .iter()
        .filter(|source| !source.path.starts_with("src/go/syntax/"));
    let wrong = outside.filter(|source| {
        let mut said = source.said();
        said.any(|said| said[0].starts_with("tree_sitter"))
    });
    none(wrong.map(|source| source.path.clone()).collect());
}

#[test]
fn knots_are_found_where_all_lead_to_each_other() {
    let graph = |edges: &[&[usize]]| -> Vec<BTreeSet<usize>> {
        edges
            .iter()
            .map(|targets| targets.iter().copied().collect())
            .collect()
    };
    assert_eq!(knots(&graph(&[&[1], &[2], &[]])), Vec::<Vec<usize>>::new());
    assert_eq!(
        knots(&graph(&[&[1], &[2], &[1, 3], &[4], &[3]])),
        [vec![1, 2], vec![3, 4]]
    );
}
