//! The facts about libraries: what lies in the source is what is in the binary, and a run says the same of a library that
//! has rows whether its source is on the machine or not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use unleak::facts;
use unleak::go::{Module, signature_rows};

use crate::support::command::{Ran, unleak};
use crate::support::go::{Go, tell};
use crate::support::sources::rust_files;
use crate::support::txtar::Archive;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below `folder`.
fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let counted = entries.map(|path| if path.is_dir() { files(&path) } else { 1 });
    counted.sum()
}

#[test]
fn every_file_of_facts_is_in_the_binary() {
    let folder = root().join("src/facts/libraries");
    let embedded = facts::paths().count();
    assert_eq!(embedded, files(&folder), "build again after a file came or went");
}

/// The import paths of which some row says that it acquires.
fn packages_with_rows() -> BTreeSet<String> {
    let rows = facts::libraries().flat_map(|library| {
        let released = [
            &library.resources,
            &library.cancels,
            &library.groups,
            &library.streamed,
        ];
        let kept = [&library.clients, &library.underlying];
        released.into_iter().chain(kept).flatten()
    });
    let paths = rows.flat_map(|row| std::iter::once(&row.package).chain(&row.also));
    paths.cloned().collect()
}

#[test]
fn a_package_that_has_rows_has_signatures() {
    let signatures = signature_rows();
    let is_told = |package: &str| match package.strip_suffix('*') {
        Some(above) => signatures.iter().any(|row| row.path.starts_with(above)),
        None => signatures.iter().any(|row| row.path == package),
    };
    let untold: Vec<String> = packages_with_rows()
        .into_iter()
        .filter(|package| !is_told(package))
        .collect();
    assert!(
        untold.is_empty(),
        "name them in [signatures] of their file, pin a version, and run `BLESS=1 cargo test --test it signatures`: {untold:?}"
    );
}

/// One folder for all cases of the transforms that look for resources and clients, whose go.mod requires the versions
/// that tests pin.
fn cases() -> (tempfile::TempDir, usize) {
    let folder = tempfile::tempdir().unwrap();
    let mut seen = 0;
    for family in [
        "defer_release",
        "call_cancel",
        "hoist_client",
        "check_write",
        "defer_cleanup",
        "copy_ctx_value",
    ] {
        for entry in fs::read_dir(root().join("fixtures").join(family)).unwrap() {
            let path = entry.unwrap().path();
            let archive = Archive::parse(&fs::read_to_string(&path).unwrap());
            if archive.get("go.mod").is_some() {
                continue;
            }
            let case = folder.path().join(family).join(path.file_stem().unwrap());
            for (name, content) in archive.files.iter().filter(|(name, _)| name.ends_with(".go")) {
                let file = case.join(name);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, content).unwrap();
            }
            seen += 1;
        }
    }
    let pinned = ["modules", "signatures"].into_iter().flat_map(|name| {
        let text = fs::read_to_string(root().join(format!("fixtures/go/{name}/go.mod"))).unwrap();
        Module::parse("", &text).requires
    });
    let pinned: BTreeMap<String, String> = pinned.collect();
    let required: String = pinned
        .iter()
        .map(|(path, version)| format!("\t{path} {version}\n"))
        .collect();
    let module = format!("module app\n\ngo 1.26\n\nrequire (\n{required})\n");
    fs::write(folder.path().join("go.mod"), module).unwrap();
    (folder, seen)
}

/// The findings of a run with their fixes: place, rule and what each fix counts as.
fn findings(ran: &Ran) -> BTreeSet<String> {
    let text = ran.text();
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let found = lines.filter(|line| line.get("rule").is_some()).map(|line| {
        let fixes = line["fixes"].as_array().unwrap().iter();
        let fixes: Vec<_> = fixes.map(|fix| &fix["applicability"]).collect();
        format!(
            "{}:{} {} {fixes:?}",
            line["path"], line["start"]["line"], line["rule"]
        )
    });
    found.collect()
}

#[test]
fn the_source_of_a_library_with_rows_changes_nothing() {
    if !Go::find().is_some_and(|go| go.has_modules(&root().join("fixtures/go/modules"))) {
        return;
    }
    let (folder, seen) = cases();
    let scan = |hidden: &[(&str, &str)]| {
        let mut command = unleak(folder.path());
        command
            .args(["scan", "--profile", "fiber", "--format", "jsonl", "."])
            .envs(hidden.iter().copied());
        findings(&Ran::new(command.output().unwrap()))
    };
    let with = scan(&[]);
    let without = scan(&[("GOMODCACHE", "off"), ("GOROOT", "off")]);
    assert!(with.len() > 400, "{} findings in {seen} cases", with.len());
    let differing: Vec<&String> = with.symmetric_difference(&without).collect();
    assert!(differing.is_empty(), "{differing:#?}");
    tell(&format!(
        "{} findings in {seen} cases are the same either way",
        with.len()
    ));
}

/// Where a literal looks like an import path and is a word of something else.
const WORDS: [(&str, &str); 5] = [
    ("src/batch/summary/tables.rs", "path"),
    ("src/go/syntax/kind.rs", "path"),
    ("src/report/", "errors"),
    ("src/report/", "path"),
    ("src/review/toy.rs", "io"),
];

/// Folders of the standard library that are no packages.
const FOLDERS: [&str; 6] = ["archive", "compress", "database", "encoding", "mime", "text"];

/// The string literals of a file, without those of tests and of docs.
fn literals(text: &str) -> Vec<String> {
    let file = syn::parse_file(text).unwrap();
    let is_test = |item: &syn::Item| match item {
        syn::Item::Mod(item) => item.attrs.iter().any(|attribute| {
            let told = attribute.to_token_stream().to_string();
            told.contains("cfg") && told.contains("test")
        }),
        _ => false,
    };
    let mut found = Vec::new();
    for item in file.items.iter().filter(|item| !is_test(item)) {
        collect(item.to_token_stream(), &mut found);
    }
    found
}

fn collect(tokens: TokenStream, found: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let first = group.stream().into_iter().next().map(|token| token.to_string());
                if first.as_deref() != Some("doc") {
                    collect(group.stream(), found);
                }
            }
            TokenTree::Literal(literal) => {
                if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                    found.push(text.value());
                }
            }
            _ => {}
        }
    }
}

#[test]
fn import_paths_are_spelt_among_the_facts_only() {
    let told = signature_rows().into_iter().map(|row| row.path);
    let files = facts::paths().filter(|path| !FOLDERS.contains(path));
    let standard: BTreeSet<String> = told.chain(files.map(str::to_owned)).collect();
    let is_host = |first: &str| {
        first.contains('.')
            && first.starts_with(char::is_alphanumeric)
            && !first.contains(['{', ' ', '*', ':', '='])
    };
    let is_path = |text: &str| match text.split_once('/') {
        Some((first, _)) if is_host(first) => !text.contains([' ', '{', '\n']),
        _ => standard.contains(text),
    };
    let mut sources = Vec::new();
    for folder in ["src", "transforms"] {
        rust_files(&root().join(folder), &mut sources);
    }
    let (mut wrong, mut unused) = (Vec::new(), BTreeSet::from(WORDS));
    for source in sources {
        let shown = source
            .strip_prefix(root())
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/");
        let is_test = source
            .file_stem()
            .is_some_and(|stem| stem.to_string_lossy().starts_with("tests"));
        if is_test || shown.starts_with("src/facts/") || shown.starts_with("src/frameworks/") {
            continue;
        }
        let literals = literals(&fs::read_to_string(&source).unwrap()).into_iter();
        for literal in literals.filter(|literal| is_path(literal)) {
            let mut words = WORDS.iter();
            match words.find(|(at, word)| shown.starts_with(at) && *word == literal) {
                Some(word) => drop(unused.remove(word)),
                None => wrong.push(format!("{shown} spells {literal:?}")),
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "name them in src/facts/paths.rs, or make rows of them:\n{}",
        wrong.join("\n")
    );
    assert!(unused.is_empty(), "no literal needs these exceptions: {unused:?}");
}
