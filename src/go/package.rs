//! The files of one directory that share a package clause, and the names they declare.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use elsa::sync::FrozenVec;
use foldhash::{HashMap, HashMapExt};

use super::declaration::Declaration;
use super::module::Module;
use super::program::Program;
use super::search::Searches;
use super::source::SourceFile;
use super::types::Memo;
use crate::facts::{self, Facts};
use crate::text::Span;

/// A file of a package, by its place in [`Package::files`]; behind those come files of other packages to which a
/// [`Place`] led.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub usize);

/// A span of one file of the package, or of another one in sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    pub file: FileId,
    pub span: Span,
}

/// A declaration by its place: cheap to keep and to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeclId {
    pub file: FileId,
    pub index: usize,
}

/// What the floors above attach to a package, for those of them that only see the package.
pub type Surroundings = Arc<dyn Any + Send + Sync>;

/// The path of a package of which no go.mod tells one.
const UNKNOWN_PATH: &str = ".";

pub struct Package {
    /// The folder, relative to where names start, with `/`.
    pub dir: String,
    /// What the folder is called wherever names start.
    pub home: String,
    pub name: String,
    /// The import path; `.` where no go.mod gives one. Shared with the types that the package declares.
    pub path: Arc<str>,
    /// Whether it belongs to the module at hand: of other packages only the declarations count.
    pub is_own: bool,
    pub module: Option<Arc<Module>>,
    /// Shared, so that a package with one file changed keeps what is known about the others.
    pub files: Vec<Arc<SourceFile>>,
    /// Files that are there because they declare and use names; nobody asked for findings in them.
    pub context: HashSet<FileId>,
    pub surroundings: Option<Surroundings>,
    /// What is known about the packages that it uses.
    pub facts: Facts,
    /// Files of other packages that places lead to; their ids follow those of `files`.
    foreign: Arc<FrozenVec<Box<Foreign>>>,
    names: HashMap<Arc<str>, Vec<DeclId>>,
    /// By receiver, then by name.
    methods: HashMap<String, HashMap<Arc<str>, Vec<DeclId>>>,
    program: Option<Arc<Program>>,
    /// What is known about types, as seen from here.
    pub(super) memo: Memo,
    /// What was searched for in the module, as seen from here.
    searches: Searches,
}

/// A file of another package, by that package's path.
struct Foreign {
    package: Arc<str>,
    file: Arc<SourceFile>,
}

impl Package {
    /// `files` are those of one directory with one package clause, in the order of their paths.
    pub fn new(dir: impl Into<String>, module: Option<Arc<Module>>, files: Vec<SourceFile>) -> Self {
        let files = files.into_iter().map(Arc::new).collect();
        Package::of_shared(dir.into(), module, files)
    }

    /// This package with other bytes in some files, those of other packages in sight too. The files keep their ids.
    pub fn with_sources<'s>(&self, sources: impl IntoIterator<Item = (FileId, &'s [u8])>) -> Self {
        let mut files = self.files.clone();
        let mut others: BTreeMap<&str, Vec<(FileId, &[u8])>> = BTreeMap::new();
        for (id, source) in sources {
            match self.foreign_at(id) {
                None => files[id.0] = Arc::new(SourceFile::new(files[id.0].path.clone(), source)),
                Some(held) => {
                    let at = self
                        .other(&held.package)
                        .and_then(|other| other.own_at(&held.file.path));
                    let changed = at.map(|at| (at, source));
                    others.entry(&held.package).or_default().extend(changed);
                }
            }
        }
        let package = Package::of_shared(self.dir.clone(), self.module.clone(), files);
        let program = self.program_with(&others);
        Package {
            home: self.home.clone(),
            context: self.context.clone(),
            path: self.path.clone(),
            surroundings: self.surroundings.clone(),
            facts: self.facts.clone(),
            foreign: self.foreign_in(program.as_deref(), &others),
            program,
            ..package
        }
    }

    /// The packages in sight, some with other bytes.
    fn program_with(&self, others: &BTreeMap<&str, Vec<(FileId, &[u8])>>) -> Option<Arc<Program>> {
        let program = self.program.as_ref()?;
        if others.is_empty() {
            return Some(Arc::clone(program));
        }
        let altered = others
            .iter()
            .filter_map(|(path, sources)| Some(program.package(path)?.with_sources(sources.iter().copied())));
        Some(Arc::new(Program::altered(program, altered)))
    }

    /// The files of other packages as `program` has them by now, under the ids they have.
    fn foreign_in(
        &self,
        program: Option<&Program>,
        others: &BTreeMap<&str, Vec<(FileId, &[u8])>>,
    ) -> Arc<FrozenVec<Box<Foreign>>> {
        if others.is_empty() {
            return Arc::clone(&self.foreign);
        }
        let now = |held: &Foreign| {
            let package = program.and_then(|program| program.package(&held.package));
            let at = |package: &Package| Some(Arc::clone(&package.files[package.own_at(&held.file.path)?.0]));
            Box::new(Foreign {
                package: Arc::clone(&held.package),
                file: package.and_then(at).unwrap_or_else(|| Arc::clone(&held.file)),
            })
        };
        let files = FrozenVec::new();
        self.foreign.iter().for_each(|held| files.push(now(held)));
        Arc::new(files)
    }

    /// This package as one whose folder is called so, wherever names start.
    pub fn at_home(mut self, home: String) -> Self {
        self.home = home;
        self
    }

    /// This package with others in sight.
    pub fn within(mut self, program: Arc<Program>) -> Self {
        self.program = Some(program);
        self
    }

    pub(super) fn searches(&self) -> &Searches {
        &self.searches
    }

    /// The packages that files of this one import and of which nothing is known, though something was asked: neither
    /// is their source on this machine, nor have the facts their signatures.
    pub fn unresolved_imports(&self) -> BTreeSet<String> {
        let Some(program) = self.program() else {
            return BTreeSet::new();
        };
        let files = self.files.iter().enumerate();
        let files = files.filter(|(index, _)| !self.context.contains(&FileId(*index)));
        let imports = files.flat_map(|(_, file)| &file.imports);
        let unknown = imports.filter(|import| {
            let path = &*import.path;
            program.is_missed(path) && !matches!(path, "C" | "unsafe") && !facts::has_signatures(path)
        });
        unknown.map(|import| import.path.to_string()).collect()
    }

    /// The packages in sight.
    pub fn program(&self) -> Option<&Program> {
        self.program.as_deref()
    }

    fn of_shared(dir: String, module: Option<Arc<Module>>, files: Vec<Arc<SourceFile>>) -> Self {
        let mut package = Package {
            home: dir.clone(),
            dir,
            name: files
                .first()
                .map_or_else(String::new, |file| file.package.clone()),
            path: UNKNOWN_PATH.into(),
            is_own: true,
            module,
            context: HashSet::new(),
            surroundings: None,
            facts: Facts::default(),
            foreign: Arc::default(),
            names: HashMap::new(),
            methods: HashMap::new(),
            program: None,
            memo: Memo::default(),
            searches: Searches::default(),
            files,
        };
        if let Some(path) = package.import_path() {
            package.path = path.into();
        }
        package.index();
        package
    }

    fn index(&mut self) {
        for (file_index, file) in self.files.iter().enumerate() {
            for (index, decl) in file.decls.iter().enumerate() {
                let id = DeclId {
                    file: FileId(file_index),
                    index,
                };
                for name in &decl.names {
                    let declared = match &decl.receiver {
                        Some(receiver) => self.methods.entry(receiver.clone()).or_default(),
                        None => &mut self.names,
                    };
                    declared.entry(Arc::clone(&name.text)).or_default().push(id);
                }
            }
        }
    }

    /// The import path, where go.mod gives one.
    pub fn import_path(&self) -> Option<String> {
        let module = self.module.as_ref()?;
        let below = self.dir.strip_prefix(&*module.dir)?.trim_start_matches('/');
        Some(match below {
            "" => module.path.clone(),
            below => format!("{}/{below}", module.path),
        })
    }

    pub fn file(&self, id: FileId) -> &SourceFile {
        self.find_file(id)
            .expect("a place of a package holds an id that this package gave out")
    }

    /// The file with this id; `None` where this package gave out no such id.
    pub fn find_file(&self, id: FileId) -> Option<&Arc<SourceFile>> {
        let own = self.files.get(id.0);
        own.or_else(|| Some(&self.foreign_at(id)?.file))
    }

    fn foreign_at(&self, id: FileId) -> Option<&Foreign> {
        self.foreign.get(id.0.checked_sub(self.files.len())?)
    }

    /// Whether the file is one of this package's.
    pub fn owns(&self, id: FileId) -> bool {
        id.0 < self.files.len()
    }

    /// The package that holds the file: this one, or another in sight.
    pub fn owner_of(&self, id: FileId) -> Option<&Package> {
        match self.owns(id) {
            true => Some(self),
            false => self.other(&self.foreign_at(id)?.package),
        }
    }

    /// Whether the file of another package belongs to this one's module. Both are asked for in the same way: a module
    /// above the root is known by more than one path.
    pub fn is_of_one_module_with(&self, id: FileId) -> bool {
        let module_of = |package: &Package| package.module.as_ref().map(|module| module.path.clone());
        let own = self.other(&self.path).unwrap_or(self);
        self.owner_of(id)
            .is_some_and(|owner| module_of(owner) == module_of(own))
    }

    /// The file `path` of the package with the import path `package`: this one, or another in sight.
    pub fn file_of(&self, package: &str, path: &str) -> Option<FileId> {
        if *package == *self.path {
            return self.own_at(path);
        }
        let other = self.other(package)?;
        let FileId(at) = other.own_at(path)?;
        Some(self.id_of_foreign(other, &other.files[at]))
    }

    fn own_at(&self, path: &str) -> Option<FileId> {
        self.files.iter().position(|file| file.path == path).map(FileId)
    }

    fn other(&self, path: &str) -> Option<&Package> {
        self.program.as_ref()?.package(path)
    }

    /// Another package as the one under analysis, with this one in its sight.
    pub fn seen_from(&self, path: &str) -> Option<Package> {
        let other = self.other(path)?.with_sources([]);
        let around = Program::altered(self.program.as_ref()?, [self.with_sources([])]);
        Some(other.within(Arc::new(around)))
    }

    /// The id under which this package speaks of a file of another one.
    pub(super) fn id_of_foreign(&self, package: &Package, file: &Arc<SourceFile>) -> FileId {
        let known = self.foreign.iter().position(|held| Arc::ptr_eq(&held.file, file));
        let held = || {
            Box::new(Foreign {
                package: Arc::clone(&package.path),
                file: Arc::clone(file),
            })
        };
        let at = known.unwrap_or_else(|| self.foreign.push_get_index(held()));
        FileId(self.files.len() + at)
    }

    pub fn declaration(&self, id: DeclId) -> Declaration<'_> {
        Declaration {
            root: self,
            package: self,
            id,
        }
    }

    pub fn declarations(&self) -> impl Iterator<Item = Declaration<'_>> {
        let ids = self.files.iter().enumerate().flat_map(|(file, source)| {
            (0..source.decls.len()).map(move |index| DeclId {
                file: FileId(file),
                index,
            })
        });
        ids.map(|id| self.declaration(id))
    }

    /// The declaration of a package-level name. Of several behind build tags it is the one for this machine.
    pub fn find_name(&self, name: &str) -> Option<Declaration<'_>> {
        self.find_only(self.names.get(name)?)
    }

    fn find_only(&self, declared: &[DeclId]) -> Option<Declaration<'_>> {
        let for_host = || declared.iter().filter(|id| self.file(id.file).is_for_host());
        match declared {
            [only] => Some(self.declaration(*only)),
            _ if for_host().count() == 1 => for_host().next().map(|id| self.declaration(*id)),
            _ => None,
        }
    }

    /// Whether the package declares a method `name` for the type `receiver`, once or more often.
    pub fn has_method(&self, receiver: &str, name: &str) -> bool {
        let methods = self.methods.get(receiver);
        methods.is_some_and(|methods| methods.contains_key(name))
    }

    /// Whether the package declares `name`, once or more often.
    pub fn declares(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// Whether the package declares the name, or the method of `receiver`, more than once.
    pub(in crate::go) fn is_declared_again(&self, receiver: Option<&str>, name: &str) -> bool {
        let declared = match receiver {
            Some(receiver) => self.methods.get(receiver).and_then(|methods| methods.get(name)),
            None => self.names.get(name),
        };
        declared.is_some_and(|declared| declared.len() > 1)
    }

    /// The types of the package that declare a method `name`, in the order of their names.
    pub fn receivers_of(&self, name: &str) -> Vec<&str> {
        let declared = self
            .methods
            .iter()
            .filter(|(_, methods)| methods.contains_key(name));
        let mut receivers: Vec<&str> = declared.map(|(receiver, _)| &**receiver).collect();
        receivers.sort_unstable();
        receivers
    }

    /// The method `name` of the type `receiver`.
    pub fn find_method(&self, receiver: &str, name: &str) -> Option<Declaration<'_>> {
        self.find_only(self.methods.get(receiver)?.get(name)?)
    }
}
