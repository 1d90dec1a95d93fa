//! A small program in memory, repaired as `fix` would.

use std::collections::BTreeMap;
use std::sync::Arc;

use unleak::config::{Config, Profile};
use unleak::engine::Formatter;
use unleak::engine::plan::Change;
use unleak::engine::{Analysis, Automatic, Engine, Joint, analyze};
use unleak::go::{Loaded, Loader, Module, Package, Program, SourceFile};
use unleak::transform::Sources;
use unleak::transforms::suite;

/// The Go files of a program by path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What one run over a program gave.
pub struct Run {
    pub analyses: Vec<Analysis>,
    pub changes: Vec<Change>,
}

/// How to repair.
pub struct Repairer<'f> {
    pub profile: Profile,
    pub unsafe_fixes: bool,
    pub formatter: Option<&'f dyn Formatter>,
}

impl Repairer<'_> {
    pub fn run(&self, module: &Arc<Module>, files: &Files) -> Run {
        let config = Config {
            profile: self.profile,
            ..Config::default()
        };
        let neighbours = Neighbours(files);
        let engine = Engine {
            suite: suite(),
            config: &config,
            sources: &neighbours,
            formatter: self.formatter,
            compiler: None,
        };
        let packages = packages(module, files).into_iter();
        let mut waiting: Vec<Analysis> = packages.map(|package| analyze(package, &engine)).collect();
        waiting.sort_by_key(Analysis::reaches_out);
        let mut joint = Joint::default();
        let repaired = waiting.into_iter().map(|analysis| {
            let mut chooser = Automatic::new(self.unsafe_fixes, None);
            joint.repair(analysis, &engine, &mut chooser).analysis
        });
        let mut analyses: Vec<Analysis> = repaired.collect();
        analyses.sort_by(|a, b| (&a.package.dir, &a.package.name).cmp(&(&b.package.dir, &b.package.name)));
        let mut changes = joint.into_groups().concat();
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        Run { analyses, changes }
    }
}

pub fn applied(files: &Files, changes: &[Change]) -> Files {
    let mut files = files.clone();
    for change in changes {
        files.insert(change.path.clone(), change.new.clone());
    }
    files
}

fn packages(module: &Arc<Module>, files: &Files) -> Vec<Package> {
    let mut groups: BTreeMap<(String, String), Vec<SourceFile>> = BTreeMap::new();
    for (path, source) in files {
        let file = SourceFile::new(path.clone(), source.as_slice());
        let dir = dir_of(path);
        groups
            .entry((dir.to_owned(), file.package.clone()))
            .or_default()
            .push(file);
    }
    let program = Arc::new(Program::new(CaseLoader {
        module: Arc::clone(module),
        files: files.clone(),
    }));
    let package =
        |((dir, _), files)| Package::new(dir, Some(Arc::clone(module)), files).within(Arc::clone(&program));
    groups.into_iter().map(package).collect()
}

/// The packages of a case, as they see each other.
struct CaseLoader {
    module: Arc<Module>,
    files: Files,
}

impl CaseLoader {
    /// The import paths of the packages that hold these files.
    fn paths_of<'l>(&self, files: impl Iterator<Item = &'l String>) -> Vec<String> {
        let path = |file: &String| match dir_of(file) {
            "" => self.module.path.clone(),
            dir => format!("{}/{dir}", self.module.path),
        };
        let mut paths: Vec<String> = files.map(path).collect();
        paths.dedup();
        paths
    }

    /// The files of the package `path`.
    fn of<'l>(&'l self, path: &'l str) -> impl Iterator<Item = (&'l String, &'l Vec<u8>)> {
        let folder = path
            .strip_prefix(&self.module.path)
            .map(|below| below.trim_start_matches('/'));
        let lies_in = move |file: &str| folder.is_some_and(|folder| dir_of(file) == folder);
        self.files
            .iter()
            .filter(move |(file, _)| lies_in(file) && !file.ends_with("_test.go"))
    }
}

impl Loader for CaseLoader {
    fn load(&self, path: &str) -> Option<Loaded> {
        let files = self
            .of(path)
            .map(|(file, source)| SourceFile::new(file.clone(), source.as_slice()));
        let files: Vec<SourceFile> = files.collect();
        Some(Loaded {
            dir: dir_of(&files.first()?.path).to_owned(),
            module: Some(Arc::clone(&self.module)),
            is_own: true,
            files,
        })
    }

    fn importers(&self, path: &str) -> Vec<String> {
        let imports = |source: &[u8]| String::from_utf8_lossy(source).contains(&format!("\"{path}\""));
        let importing = self.files.iter().filter(|(_, source)| imports(source));
        self.paths_of(importing.map(|(file, _)| file))
    }

    fn own(&self) -> Vec<String> {
        self.paths_of(self.files.keys())
    }
}

fn dir_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(dir, _)| dir)
}

/// The other packages of a case.
struct Neighbours<'a>(&'a Files);

impl Sources for Neighbours<'_> {
    fn users_of(&self, package: &Package, name: &str) -> Vec<String> {
        let path = package.import_path().unwrap_or_default();
        let uses = |(file, source): (&String, &Vec<u8>)| {
            let text = String::from_utf8_lossy(source);
            let elsewhere = dir_of(file) != package.dir;
            let used = text.contains(&format!("\"{path}\"")) && text.contains(&format!(".{name}"));
            (elsewhere && used).then(|| file.clone())
        };
        self.0.iter().filter_map(uses).collect()
    }
}
