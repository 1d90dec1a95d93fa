//! Finds packages by import path, where the go command would: in the module and its workspace, in vendor/, in the
//! module cache and in the standard library. Reads files and runs nothing.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::walk::slashed;
use super::{WalkOptions, discover, read};
use crate::go::{Loaded, Loader, Module, Replacement, SourceFile};

/// Machine-written tables of the standard library and of drivers go up to this size.
const MAX_FILE_BYTES: u64 = 8 << 20;

/// What lies around one module.
pub struct ModuleLoader {
    /// The scanned root, to which the paths of files are relative.
    root: PathBuf,
    /// The module at hand first, then the others of its workspace.
    own: Vec<Home>,
    go_root: Option<PathBuf>,
    module_cache: Option<PathBuf>,
    importers: OnceLock<HashMap<String, Vec<String>>>,
}

/// A module whose source is part of the work.
struct Home {
    folder: PathBuf,
    /// Its path as go.mod says it.
    path: String,
    module: Arc<Module>,
}

impl Home {
    /// `folder` holds go.mod. A module above the scanned root is told as in [`super::Modules::nearest`].
    fn read(folder: &Path, root: &Path) -> Option<Home> {
        let text = fs::read(folder.join("go.mod")).ok()?;
        let dir = folder.strip_prefix(root).map(slashed).unwrap_or_default();
        let module = Module::parse(dir, &String::from_utf8_lossy(&text));
        Some(Home {
            folder: folder.to_owned(),
            path: module.path.clone(),
            module: Arc::new(module),
        })
    }

    /// The folder of the package `path`, if it would lie in this module.
    fn folder_of(&self, path: &str) -> Option<PathBuf> {
        Some(self.folder.join(below(path, &self.path)?))
    }
}

/// What follows `module` in `path`.
fn below<'p>(path: &'p str, module: &str) -> Option<&'p str> {
    match path.strip_prefix(module)? {
        "" => Some(""),
        rest => rest.strip_prefix('/'),
    }
}

impl ModuleLoader {
    /// For the module whose go.mod lies in `folder` or above; `None` without one.
    pub fn around(folder: &Path, root: &Path) -> Option<ModuleLoader> {
        let home = folder.ancestors().find(|dir| dir.join("go.mod").is_file())?;
        let mut own = vec![Home::read(home, root)?];
        let others = workspace_of(home).into_iter().filter(|dir| dir != home);
        own.extend(others.filter_map(|dir| Home::read(&dir, root)));
        Some(ModuleLoader {
            root: root.to_owned(),
            own,
            go_root: go_root(),
            module_cache: module_cache(),
            importers: OnceLock::new(),
        })
    }

    fn of_own(&self, path: &str) -> Option<Loaded> {
        let homes = self.own.iter().filter(|home| below(path, &home.path).is_some());
        let home = homes.max_by_key(|home| home.path.len())?;
        self.open(&home.folder_of(path)?, Some(home))
    }

    fn of_std(&self, path: &str) -> Option<Loaded> {
        let source = self.go_root.as_ref()?.join("src");
        let folders = [source.join(path), source.join("vendor").join(path)];
        folders.iter().find_map(|folder| self.open(folder, None))
    }

    fn of_vendor(&self, path: &str) -> Option<Loaded> {
        self.open(&self.own.first()?.folder.join("vendor").join(path), None)
    }

    /// By the longest required module path, its replacement first.
    fn of_requirements(&self, path: &str) -> Option<Loaded> {
        let home = self.own.first()?;
        let required = home.module.requires.iter();
        let (module, version) = required
            .filter(|(module, _)| below(path, module).is_some())
            .max_by_key(|(module, _)| module.len())?;
        let rest = below(path, module)?;
        let folder = match home.module.replaces.get(module) {
            Some(Replacement::Folder(folder)) => home.folder.join(folder),
            Some(Replacement::Module { path, version }) => self.cached(path, version)?,
            None => self.cached(module, version)?,
        };
        self.open(&folder.join(rest), None)
    }

    fn cached(&self, module: &str, version: &str) -> Option<PathBuf> {
        let name = format!("{}@{}", escaped(module), escaped(version));
        Some(self.module_cache.as_ref()?.join(name))
    }

    /// The package in `folder`, if there are files for this machine.
    fn open(&self, folder: &Path, home: Option<&Home>) -> Option<Loaded> {
        let mut names: Vec<PathBuf> = fs::read_dir(folder)
            .ok()?
            .flatten()
            .map(|entry| entry.path())
            .collect();
        names.retain(|path| is_source(path));
        names.sort();
        let shown = |path: &Path| slashed(path.strip_prefix(&self.root).unwrap_or(path));
        let files = names.iter().filter_map(|path| {
            let source = read(path, MAX_FILE_BYTES).ok()?;
            let file = SourceFile::new(shown(path), source);
            (file.is_for_host() && file.package != "documentation").then_some(file)
        });
        let files = of_one_package(files.collect());
        (!files.is_empty()).then(|| Loaded {
            dir: shown(folder),
            module: home.map(|home| Arc::clone(&home.module)),
            files,
            is_own: home.is_some(),
        })
    }

    fn index(&self) -> HashMap<String, Vec<String>> {
        let mut index: HashMap<String, Vec<String>> = HashMap::new();
        for home in &self.own {
            for (path, import) in home.imports() {
                index.entry(import).or_default().push(path);
            }
        }
        for importers in index.values_mut() {
            importers.sort();
            importers.dedup();
        }
        index
    }
}

impl Home {
    /// Each package of the module with each path it imports. Modules inside this one are others.
    fn imports(&self) -> Vec<(String, String)> {
        let Ok(discovery) = discover(std::slice::from_ref(&self.folder), WalkOptions::default()) else {
            return Vec::new();
        };
        let mut imports = Vec::new();
        for directory in &discovery.directories {
            let inner = directory.path.ancestors().take_while(|dir| *dir != self.folder);
            if inner.into_iter().any(|dir| dir.join("go.mod").is_file()) {
                continue;
            }
            let path = match &*directory.dir {
                "" => self.path.clone(),
                dir => format!("{}/{dir}", self.path),
            };
            for file in &directory.files {
                let source = read(file, MAX_FILE_BYTES).unwrap_or_default();
                let file = SourceFile::new("", source);
                imports.extend(file.imports.into_iter().map(|import| (path.clone(), import.path)));
            }
        }
        imports
    }
}

impl Loader for ModuleLoader {
    fn load(&self, path: &str) -> Option<Loaded> {
        let is_std = path.split('/').next().is_some_and(|first| !first.contains('.'));
        let of_std = || is_std.then(|| self.of_std(path)).flatten();
        self.of_own(path)
            .or_else(of_std)
            .or_else(|| self.of_vendor(path))
            .or_else(|| self.of_requirements(path))
    }

    fn importers(&self, path: &str) -> Vec<String> {
        let index = self.importers.get_or_init(|| self.index());
        index.get(path).cloned().unwrap_or_default()
    }
}

fn is_source(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".go") && !name.ends_with("_test.go") && !name.starts_with(['_', '.'])
}

/// A folder holds one package; what else lies there (`package main` programs beside a library) is left out.
fn of_one_package(mut files: Vec<SourceFile>) -> Vec<SourceFile> {
    let library = files
        .iter()
        .map(|file| &file.package)
        .find(|name| *name != "main");
    if let Some(name) = library.or(files.first().map(|file| &file.package)).cloned() {
        files.retain(|file| file.package == name);
    }
    files
}

/// The folders that a go.work above `home` uses, if it uses `home`.
fn workspace_of(home: &Path) -> Vec<PathBuf> {
    if env::var_os("GOWORK").is_some_and(|value| value == "off") {
        return Vec::new();
    }
    let Some(folder) = home.ancestors().find(|dir| dir.join("go.work").is_file()) else {
        return Vec::new();
    };
    let text = fs::read_to_string(folder.join("go.work")).unwrap_or_default();
    let used = used_by(&text)
        .into_iter()
        .filter_map(|dir| fs::canonicalize(folder.join(dir)).ok());
    let used: Vec<PathBuf> = used.collect();
    match used.iter().any(|dir| dir == home) {
        true => used,
        false => Vec::new(),
    }
}

/// The folders that go.work text uses.
fn used_by(text: &str) -> Vec<String> {
    let mut folders = Vec::new();
    let mut in_block = false;
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or("").trim();
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["use", "("] => in_block = true,
            [")"] => in_block = false,
            ["use", folder] => folders.push((*folder).to_owned()),
            [folder] if in_block => folders.push((*folder).to_owned()),
            _ => {}
        }
    }
    folders
}

/// The module cache writes `A` as `!a`, for file systems that do not tell them apart.
fn escaped(path: &str) -> String {
    let escape = |c: char| match c.is_ascii_uppercase() {
        true => format!("!{}", c.to_ascii_lowercase()),
        false => c.to_string(),
    };
    path.chars().map(escape).collect()
}

/// Where Go is: by `GOROOT`, beside the `go` on PATH, or at the usual place.
fn go_root() -> Option<PathBuf> {
    let has_source = |root: &PathBuf| root.join("src/fmt").is_dir();
    let beside = |folder: PathBuf| {
        let program = fs::canonicalize(folder.join("go")).ok()?;
        Some(program.parent()?.parent()?.to_owned())
    };
    let on_path = || {
        let path = env::var_os("PATH")?;
        env::split_paths(&path).filter_map(beside).find(has_source)
    };
    let named = env::var_os("GOROOT").map(PathBuf::from).filter(has_source);
    named
        .or_else(on_path)
        .or_else(|| Some(PathBuf::from("/usr/local/go")).filter(has_source))
}

fn module_cache() -> Option<PathBuf> {
    let named = |name: &str| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let go_path = || named("GOPATH").and_then(|path| env::split_paths(&path).next());
    let home = || env::home_dir().map(|home| home.join("go"));
    let cache = named("GOMODCACHE").or_else(|| Some(go_path().or_else(home)?.join("pkg/mod")))?;
    cache.is_dir().then_some(cache)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn packages_are_found_in_the_module_its_workspace_and_replaced_folders() {
        let folder = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(folder.path()).unwrap();
        write(
            &top.join("go.work"),
            "go 1.22\nuse (\n\t./app // here\n\t./lib\n)\n",
        );
        let go_mod = "module ex.com/app\nrequire ex.com/third v1.0.0\nreplace ex.com/third => ../third\n";
        write(&top.join("app/go.mod"), go_mod);
        write(&top.join("app/db/db.go"), "package db\n");
        write(&top.join("app/db/db_windows_386.go"), "package db\n");
        write(
            &top.join("app/main.go"),
            "package main\nimport \"ex.com/app/db\"\n",
        );
        write(&top.join("lib/go.mod"), "module ex.com/lib\n");
        write(&top.join("lib/x.go"), "package lib\nimport \"ex.com/app/db\"\n");
        write(&top.join("third/t.go"), "package third\n");

        let loader = ModuleLoader::around(&top.join("app/db"), &top).unwrap();
        let db = loader.load("ex.com/app/db").unwrap();
        assert_eq!((db.dir.as_str(), db.files.len(), db.is_own), ("app/db", 1, true));
        assert_eq!(db.files[0].path, "app/db/db.go");
        assert!(loader.load("ex.com/lib").unwrap().is_own);
        assert!(!loader.load("ex.com/third").unwrap().is_own);
        assert!(loader.load("ex.com/absent").is_none());
        assert_eq!(loader.importers("ex.com/app/db"), ["ex.com/app", "ex.com/lib"]);
    }

    #[test]
    fn upper_case_is_escaped_as_the_cache_does() {
        assert_eq!(
            escaped("github.com/BurntSushi/toml"),
            "github.com/!burnt!sushi/toml"
        );
    }
}
