//! The floors of the architecture, held by reading every path in the source: imports go down or stay, transforms
//! do not know each other, and what is pure stays pure.

use std::fs;
use std::path::{Path, PathBuf};

/// Modules by floor, from the ground up.
const FLOORS: [&[&str]; 8] = [
    &["limits", "rating", "text"],
    &["go"],
    &["analysis", "frameworks", "edit"],
    &["transform", "config", "repair"],
    &["transforms"],
    &["engine", "prove"],
    &["job", "batch", "review", "report", "workspace"],
    &["cli", "main"],
];

/// The first floor that may touch files, processes, terminals and clocks of the wall.
const OUTER: usize = 6;

struct Source {
    path: String,
    /// The module under the crate root, and the transform where it is one.
    module: String,
    transform: Option<String>,
    /// Without comments.
    code: String,
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    rust_files(&root.join("src"), &mut paths);
    rust_files(&root.join("transforms"), &mut paths);
    paths.sort();
    let sources = paths.iter().map(|path| source(root, path));
    // lib.rs is the tour of all floors.
    sources.filter(|source| source.module != "lib").collect()
}

fn source(root: &Path, path: &Path) -> Source {
    let shown = path
        .strip_prefix(root)
        .unwrap()
        .to_string_lossy()
        .replace('\\', "/");
    let mut parts = shown.trim_end_matches(".rs").split('/');
    let top = parts.next().unwrap();
    let second = parts.next().unwrap();
    let is_transform = top == "transforms" && second != "mod";
    Source {
        module: if top == "transforms" { top } else { second }.to_owned(),
        transform: is_transform.then(|| second.to_owned()),
        code: without_comments(&fs::read_to_string(path).unwrap()),
        path: shown,
    }
}

fn without_comments(text: &str) -> String {
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or(""));
    lines.collect::<Vec<_>>().join("\n")
}

fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

fn leading_word(text: &str) -> &str {
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    &text[..end]
}

/// The first segments of every path behind `prefix`, those of a group `prefix{a::b, c}` too.
fn segments<'t>(code: &'t str, prefix: &str) -> Vec<&'t str> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        let rest = &code[at + prefix.len()..];
        match rest.strip_prefix('{') {
            None => found.push(leading_word(rest)),
            Some(group) => found.extend(group_heads(group)),
        }
    }
    found
}

/// The first word of each item of a group, up to its closing brace.
fn group_heads(group: &str) -> Vec<&str> {
    let mut depth = 0;
    let mut starts = vec![0];
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => starts.push(at + 1),
            _ => {}
        }
    }
    let heads = starts
        .iter()
        .map(|&start| leading_word(group[start..].trim_start()));
    heads.filter(|head| !head.is_empty()).collect()
}

#[test]
fn imports_only_go_down() {
    let mut wrong = Vec::new();
    for source in sources() {
        let floor = floor_of(&source.module).unwrap_or_else(|| panic!("{} is on no floor", source.path));
        for target in segments(&source.code, "crate::") {
            if floor_of(target).is_some_and(|target| target > floor) {
                wrong.push(format!("{} imports crate::{target}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn transforms_do_not_know_each_other() {
    let sources = sources();
    let mut names: Vec<&str> = sources
        .iter()
        .filter_map(|source| source.transform.as_deref())
        .collect();
    names.dedup();
    let mut wrong = Vec::new();
    for source in &sources {
        let Some(own) = &source.transform else { continue };
        let up = segments(&source.code, "super::");
        let across = segments(&source.code, "transforms::");
        for target in up.into_iter().chain(across) {
            if target != own && names.contains(&target) {
                wrong.push(format!("{} knows {target}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn inner_floors_touch_nothing_outside() {
    let mut wrong = Vec::new();
    for source in sources() {
        if floor_of(&source.module).is_none_or(|floor| floor >= OUTER) {
            continue;
        }
        // What machine this was built for is no state of the outside.
        let code = source.code.replace("std::env::consts", "");
        for forbidden in ["fs", "process", "env", "io", "net"] {
            if segments(&code, "std::").contains(&forbidden) {
                wrong.push(format!("{} uses std::{forbidden}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_parser_stays_hidden() {
    let leaks = sources()
        .into_iter()
        .filter(|source| source.code.contains("tree_sitter") && !source.path.starts_with("src/go/syntax/"));
    let leaks: Vec<String> = leaks.map(|source| source.path).collect();
    assert!(leaks.is_empty(), "{leaks:?}");
}

#[test]
fn groups_are_read_too() {
    let code = "use crate::{go::{A, B}, plan::C,\n    verify};\nuse crate::text::X;";
    assert_eq!(segments(code, "crate::"), ["go", "plan", "verify", "text"]);
}
