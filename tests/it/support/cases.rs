//! The sources of the fixtures, the bundled services and, where wanted, of other folders, as what a fuzzer begins with.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::mutate::Files;
use super::txtar::Archive;

/// The module path of fixtures, below which each mutant gets a folder.
pub const MODULE: &str = "example.com/app";

/// One case: the Go files of a small program.
pub struct Seed {
    pub name: String,
    pub files: Files,
}

/// Every fixture that needs nothing but the standard library, what `go_mod` requires and its own packages.
pub fn seeds(go_mod: &str) -> Vec<Seed> {
    // Of the fuzz target, the package is a folder of the repository.
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let root = above
        .map(|folder| folder.join("fixtures"))
        .find(|root| root.is_dir())
        .unwrap();
    let mut paths = Vec::new();
    archives(&root, &mut paths);
    paths.sort();
    let mut seeds: Vec<Seed> = paths.iter().filter_map(|path| from_archive(path)).collect();
    for app in ["v2-leaky", "v3-leaky"] {
        let module = fs::read_to_string(root.join("apps").join(app).join("go.mod")).unwrap();
        let module = module
            .lines()
            .find_map(|line| line.strip_prefix("module "))
            .unwrap()
            .to_owned();
        seeds.push(from_folder(app, &root.join("apps").join(app), &module));
    }
    if let Some(more) = std::env::var_os("UNLEAK_FUZZ_SEEDS") {
        more_seeds(Path::new(&more), &mut seeds);
    }
    seeds.retain(|seed| can_compile(seed, go_mod));
    seeds
}

fn archives(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("go") {
            archives(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "txtar") {
            found.push(path);
        }
    }
}

/// A fixture with a `go.mod` of its own is about that file.
fn from_archive(path: &Path) -> Option<Seed> {
    let archive = Archive::parse(&fs::read_to_string(path).unwrap());
    if archive.get("go.mod").is_some() {
        return None;
    }
    let sources = archive
        .files
        .into_iter()
        .filter(|(name, _)| name.ends_with(".go"));
    Some(Seed {
        name: path.display().to_string(),
        files: sources.map(|(name, text)| (name, text.into_bytes())).collect(),
    })
}

fn from_folder(name: &str, folder: &Path, module: &str) -> Seed {
    let mut files = Files::new();
    collect(folder, folder, &mut files);
    for source in files.values_mut() {
        let text = String::from_utf8_lossy(source).replace(&format!("\"{module}/"), &format!("\"{MODULE}/"));
        *source = text.into_bytes();
    }
    Seed {
        name: name.to_owned(),
        files,
    }
}

fn collect(folder: &Path, root: &Path, files: &mut Files) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, root, files);
        } else if path.extension().is_some_and(|extension| extension == "go") {
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_string_lossy()
                .replace('\\', "/");
            files.insert(name, fs::read(&path).unwrap());
        }
    }
}

/// Each folder in `folder` is a seed, as a program of its own.
fn more_seeds(folder: &Path, seeds: &mut Vec<Seed>) {
    let mut folders: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    seeds.extend(
        folders
            .iter()
            .map(|path| from_folder(&path.display().to_string(), path, MODULE)),
    );
}

fn can_compile(seed: &Seed, go_mod: &str) -> bool {
    let required: BTreeSet<&str> = go_mod
        .lines()
        .filter_map(|line| line.strip_prefix('\t')?.split(' ').next())
        .collect();
    let folders: BTreeSet<String> = seed.files.keys().map(|path| folder_of(path).to_owned()).collect();
    let is_there = |path: &str| {
        let is_standard = !path.split('/').next().is_some_and(|first| first.contains('.'));
        let own = path
            .strip_prefix(MODULE)
            .filter(|rest| rest.is_empty() || rest.starts_with('/'));
        match own {
            Some(below) => folders.contains(below.trim_start_matches('/')),
            None => {
                is_standard
                    || required.iter().any(|module| {
                        path.strip_prefix(module).is_some_and(|rest| {
                            rest.is_empty() || (rest.starts_with('/') && !rest.starts_with("/v"))
                        })
                    })
            }
        }
    };
    seed.files.iter().all(|(path, source)| {
        let file = unleak::go::SourceFile::new(path.clone(), source.as_slice());
        file.imports.iter().all(|import| is_there(&import.path))
    })
}

pub fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The files of a mutant as they lie below `folder` of the module.
pub fn placed(files: &Files, folder: &str) -> Files {
    let moved = files.iter().map(|(path, source)| {
        let text = String::from_utf8_lossy(source)
            .replace(&format!("\"{MODULE}/"), &format!("\"{MODULE}/{folder}/"))
            .replace(&format!("\"{MODULE}\""), &format!("\"{MODULE}/{folder}\""));
        (format!("{folder}/{path}"), text.into_bytes())
    });
    moved.collect()
}
