//! Finds packages by import path, where the go command would: in the module and its workspace, in vendor/, in the
//! module cache and in the standard library. Reads files and runs nothing.

mod build_list;
mod places;
mod work;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::files::Files;
use super::naming::{slashed, upwards};
use super::{ImportIndexes, Unread};
use crate::go::{Loaded, Loader, Module, SourceFile};
use crate::limits::Limit;
use build_list::BuildList;
use places::Places;
use work::Work;

/// Machine-written tables of the standard library and of drivers go up to this size.
pub(super) const MAX_FILE_BYTES: u64 = (LARGEST_FILE.most as u64) << 20;
/// go.mod, go.work and their sums; the go command takes no larger go.mod either.
pub(super) const MAX_MODULE_BYTES: u64 = 16 << 20;
const LARGEST_FILE: Limit = Limit::new(8, "MiB in one file");

/// What lies around one module.
pub struct ModuleLoader {
    /// Where the names of files start.
    root: PathBuf,
    /// The module at hand first, then the others of its workspace.
    own: Vec<Home>,
    /// Where vendored packages lie, if any are.
    vendor: Option<PathBuf>,
    places: Places,
    build_list: BuildList,
    indexes: Arc<ImportIndexes>,
    files: Arc<Files>,
    imports: OnceLock<Imports>,
}

/// The own packages, and who imports whom.
#[derive(Default)]
struct Imports {
    own: Vec<String>,
    /// The own packages by the path they import.
    importers: HashMap<String, Vec<String>>,
}

/// A module whose source is part of the work.
struct Home {
    folder: PathBuf,
    /// Its path as go.mod says it.
    path: String,
    module: Arc<Module>,
}

impl Home {
    /// `folder` holds go.mod. A module above the root is told as in [`super::Modules::nearest`].
    fn read(folder: &Path, root: &Path, files: &Files) -> Option<Home> {
        let text = files.read_text(&folder.join("go.mod"), MAX_MODULE_BYTES)?;
        let dir = folder.strip_prefix(root).map(slashed).unwrap_or_default();
        let module = Module::parse(dir, &text);
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
        ModuleLoader::seeing(folder, root, Arc::default())
    }

    /// The same, which sees and notes `files`.
    pub(super) fn seeing(folder: &Path, root: &Path, files: Arc<Files>) -> Option<ModuleLoader> {
        ModuleLoader::among(folder, root, Places::of_this_machine(), files)
    }

    /// This loader with the indexes that others ask, too.
    pub fn sharing(self, indexes: Arc<ImportIndexes>) -> ModuleLoader {
        ModuleLoader { indexes, ..self }
    }

    fn among(folder: &Path, root: &Path, places: Places, files: Arc<Files>) -> Option<ModuleLoader> {
        let mut above = folder.ancestors();
        let home = above.find(|dir| files.has_file(&dir.join("go.mod")))?;
        let work = Work::around(home, &files);
        let mut own = vec![Home::read(home, root, &files)?];
        let others = work.iter().flat_map(|work| &work.uses).filter(|dir| *dir != home);
        own.extend(others.filter_map(|dir| Home::read(dir, root, &files)));
        let vendor = work.as_ref().map_or(home, |work| &work.folder).join("vendor");
        Some(ModuleLoader {
            root: root.to_owned(),
            vendor: vendor.is_dir().then_some(vendor),
            places,
            build_list: BuildList::read(&own, work.as_ref(), &files),
            own,
            indexes: Arc::new(ImportIndexes::new(Arc::clone(&files))),
            files,
            imports: OnceLock::new(),
        })
    }

    /// In a module of the work. A folder with a go.mod of its own belongs to another one.
    fn of_own(&self, path: &str) -> Option<Loaded> {
        let homes = self.own.iter().filter(|home| below(path, &home.path).is_some());
        let home = homes.max_by_key(|home| home.path.len())?;
        let folder = home.folder_of(path)?;
        let mut inner = folder.ancestors().take_while(|dir| *dir != home.folder);
        match inner.any(|dir| self.files.has_file(&dir.join("go.mod"))) {
            true => None,
            false => self.open(&folder, Some(home)),
        }
    }

    fn of_std(&self, path: &str) -> Option<Loaded> {
        self.open(&self.places.go_root.as_ref()?.join("src").join(path), None)
    }

    /// What the standard library vendors, for its own use.
    fn of_std_vendor(&self, path: &str) -> Option<Loaded> {
        let vendor = self.places.go_root.as_ref()?.join("src/vendor");
        self.open(&vendor.join(path), None)
    }

    fn of_vendor(&self, path: &str) -> Option<Loaded> {
        self.open(&self.vendor.as_ref()?.join(path), None)
    }

    fn of_requirements(&self, path: &str) -> Option<Loaded> {
        let folder = self.build_list.folder_of(path, &self.places)?;
        self.open(&folder, None)
    }

    /// The package in `folder`, if there are files for this machine.
    fn open(&self, folder: &Path, home: Option<&Home>) -> Option<Loaded> {
        let names = self.files.list(folder, is_source);
        let shown = |path: &Path| match (path.strip_prefix(&self.root), home) {
            (Ok(below), _) => slashed(below),
            (Err(_), Some(_)) => slashed(&upwards(path, &self.root)),
            (Err(_), None) => slashed(path),
        };
        let files = names.iter().filter_map(|path| {
            let read = self.files.text(path, MAX_FILE_BYTES);
            match &read {
                Err(Unread::TooLarge(_)) => LARGEST_FILE.reached(&shown(path)),
                Err(special @ Unread::Special) => self.files.note(path, special.to_string()),
                _ => {}
            }
            let source = read.ok()?;
            let file = SourceFile::new(shown(path), source);
            (file.package != "documentation").then_some(file)
        });
        let files = of_one_package(for_host(files.collect()));
        (!files.is_empty()).then(|| Loaded {
            dir: shown(folder),
            module: home.map(|home| Arc::clone(&home.module)),
            files,
            is_own: home.is_some(),
        })
    }

    fn imports(&self) -> &Imports {
        self.imports.get_or_init(|| {
            let mut imports = Imports::default();
            for home in &self.own {
                home.index(&self.files, &self.indexes, &mut imports);
            }
            for paths in imports.importers.values_mut().chain([&mut imports.own]) {
                paths.sort();
                paths.dedup();
            }
            imports
        })
    }
}

impl Home {
    /// Notes each package of the module with each path it imports. Modules inside this one are others.
    fn index(&self, files: &Files, indexes: &ImportIndexes, imports: &mut Imports) {
        let folder = fs::canonicalize(&self.folder).unwrap_or_else(|_| self.folder.clone());
        let index = indexes.of(&folder);
        let searched = index.files.iter().filter(|file| file.is_searched);
        let mut own: HashMap<&Path, Option<String>> = HashMap::new();
        for file in searched {
            let Some(dir) = file.path.parent() else {
                continue;
            };
            let path = own
                .entry(dir)
                .or_insert_with(|| self.path_of(dir, &folder, files));
            let Some(path) = path else {
                continue;
            };
            for import in &file.imports {
                let importers = imports.importers.entry(import.clone()).or_default();
                importers.push(path.clone());
            }
        }
        imports.own.extend(own.into_values().flatten());
    }

    /// The import path of the package in `dir`, if that is of this module, whose `folder` has no symbolic links.
    fn path_of(&self, dir: &Path, folder: &Path, files: &Files) -> Option<String> {
        let mut inner = dir.ancestors().take_while(|dir| *dir != folder);
        if inner.any(|dir| files.has_file(&dir.join("go.mod"))) {
            return None;
        }
        Some(match &*slashed(dir.strip_prefix(folder).ok()?) {
            "" => self.path.clone(),
            below => format!("{}/{below}", self.path),
        })
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
            .or_else(|| self.of_std_vendor(path))
    }

    fn importers(&self, path: &str) -> Vec<String> {
        let importers = self.imports().importers.get(path);
        importers.cloned().unwrap_or_default()
    }

    fn own(&self) -> Vec<String> {
        self.imports().own.clone()
    }
}

fn is_source(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".go") && !name.ends_with("_test.go") && !name.starts_with(['_', '.'])
}

/// The files that a compiler for this machine takes. A package that is all for others (`syscall/js`, or code behind a
/// tag for integration tests) is there with what it has: who imports it is for others as well.
fn for_host(files: Vec<SourceFile>) -> Vec<SourceFile> {
    let is_empty = !files.iter().any(SourceFile::is_for_host);
    let keeps = |file: &SourceFile| file.is_for_host() || is_empty;
    files.into_iter().filter(keeps).collect()
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
        assert_eq!(loader.own(), ["ex.com/app", "ex.com/app/db", "ex.com/lib"]);
    }

    /// Places with a module cache and a standard library of the test's own.
    fn places(top: &Path) -> Places {
        Places {
            go_root: Some(top.join("goroot")),
            module_cache: Some(top.join("cache")),
        }
    }

    fn package_of(loader: &ModuleLoader, path: &str) -> Option<String> {
        loader.load(path).map(|loaded| loaded.files[0].package.clone())
    }

    #[test]
    fn versions_come_from_go_mod_then_go_sum_and_replacements_may_name_one() {
        let folder = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(folder.path()).unwrap();
        let go_mod = "module ex.com/app\ngo 1.16\nrequire (\n\tex.com/A v1.2.0\n\tex.com/b v1.0.0\n\tex.com/c v1.0.0\n)\n\
            replace ex.com/b v1.0.0 => ex.com/fork v0.1.0\nreplace ex.com/c v9.9.9 => ./nowhere\n";
        write(&top.join("app/go.mod"), go_mod);
        let go_sum = "ex.com/deep v1.1.0 h1:x\nex.com/deep v1.9.0 h1:x\nex.com/deep v1.10.0/go.mod h1:x\n";
        write(&top.join("app/go.sum"), go_sum);
        write(&top.join("app/main.go"), "package main\n");
        write(&top.join("cache/ex.com/!a@v1.2.0/sub/a.go"), "package required\n");
        write(&top.join("cache/ex.com/!a@v1.9.0/sub/a.go"), "package newer\n");
        write(&top.join("cache/ex.com/fork@v0.1.0/b.go"), "package fork\n");
        write(&top.join("cache/ex.com/b@v1.0.0/b.go"), "package replaced\n");
        write(&top.join("cache/ex.com/c@v1.0.0/c.go"), "package kept\n");
        write(&top.join("cache/ex.com/deep@v1.9.0/d.go"), "package summed\n");
        write(
            &top.join("cache/ex.com/deep@v1.10.0/d.go"),
            "package only_looked_at\n",
        );

        let loader = ModuleLoader::among(&top.join("app"), &top, places(&top), Arc::default()).unwrap();
        let found = |path| package_of(&loader, path);
        assert_eq!(found("ex.com/A/sub").as_deref(), Some("required"));
        assert_eq!(found("ex.com/b").as_deref(), Some("fork"));
        assert_eq!(found("ex.com/c").as_deref(), Some("kept"));
        assert_eq!(found("ex.com/deep").as_deref(), Some("summed"));
        assert_eq!(found("ex.com/absent"), None);
    }

    #[test]
    fn vendored_packages_come_before_the_cache_and_the_standard_library_has_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(folder.path()).unwrap();
        write(
            &top.join("app/go.mod"),
            "module ex.com/app\nrequire ex.com/a v1.0.0\n",
        );
        write(&top.join("app/main.go"), "package main\n");
        write(&top.join("app/vendor/ex.com/a/a.go"), "package vendored\n");
        write(&top.join("cache/ex.com/a@v1.0.0/a.go"), "package cached\n");
        write(&top.join("goroot/src/net/http/http.go"), "package http\n");
        write(
            &top.join("goroot/src/vendor/golang.org/x/net/n.go"),
            "package net\n",
        );

        let loader = ModuleLoader::among(&top.join("app"), &top, places(&top), Arc::default()).unwrap();
        assert_eq!(package_of(&loader, "ex.com/a").as_deref(), Some("vendored"));
        assert_eq!(package_of(&loader, "net/http").as_deref(), Some("http"));
        assert_eq!(package_of(&loader, "golang.org/x/net").as_deref(), Some("net"));
        assert!(!loader.load("net/http").unwrap().is_own);
    }

    #[test]
    fn the_highest_version_of_a_workspace_counts_and_nested_modules_are_others() {
        let folder = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(folder.path()).unwrap();
        write(
            &top.join("go.work"),
            "go 1.22\nuse ./app\nuse ./lib\nreplace ex.com/r => ./local\n",
        );
        let app = "module ex.com/app\nrequire ex.com/a v1.2.0\nrequire ex.com/r v1.0.0\n";
        write(&top.join("app/go.mod"), app);
        write(
            &top.join("lib/go.mod"),
            "module ex.com/lib\nrequire ex.com/a v1.10.0\n",
        );
        write(&top.join("app/nested/go.mod"), "module ex.com/app/nested\n");
        write(&top.join("app/nested/n.go"), "package nested\n");
        write(&top.join("local/r.go"), "package local\n");
        write(&top.join("cache/ex.com/a@v1.10.0/a.go"), "package highest\n");
        write(&top.join("cache/ex.com/a@v1.2.0/a.go"), "package lower\n");

        let loader = ModuleLoader::among(&top.join("app"), &top, places(&top), Arc::default()).unwrap();
        assert_eq!(package_of(&loader, "ex.com/a").as_deref(), Some("highest"));
        assert_eq!(package_of(&loader, "ex.com/r").as_deref(), Some("local"));
        assert_eq!(package_of(&loader, "ex.com/app/nested"), None);
    }

    #[test]
    fn files_for_other_machines_count_where_a_package_has_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(folder.path()).unwrap();
        write(&top.join("go.mod"), "module ex.com/app\n");
        write(&top.join("it/it.go"), "//go:build integration\n\npackage it\n");
        write(&top.join("db/db.go"), "package db\n");
        write(&top.join("db/fake.go"), "//go:build integration\n\npackage db\n");

        let loader = ModuleLoader::among(&top, &top, places(&top), Arc::default()).unwrap();
        assert_eq!(package_of(&loader, "ex.com/app/it").as_deref(), Some("it"));
        assert_eq!(loader.load("ex.com/app/db").unwrap().files.len(), 1);
        write(
            &top.join("goroot/src/syscall/js/js.go"),
            "//go:build js\n\npackage js\n",
        );
        assert_eq!(package_of(&loader, "syscall/js").as_deref(), Some("js"));
    }
}
