//! The files of one directory that share a package clause, and the names they declare.

use std::collections::HashSet;
use std::sync::Arc;

use elsa::sync::FrozenVec;
use foldhash::{HashMap, HashMapExt};

use super::module::Module;
use super::program::Program;
use super::scope::Scopes;
use super::source::{Decl, DeclKind, SourceFile};
use super::syntax::{Node, Tree};
use super::types::{DeclarationMemo, Memo};
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

/// Whose handlers count as such.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Servers {
    /// Those of the frameworks that the module requires.
    #[default]
    Required,
    /// Those of the framework whose import paths begin so.
    Only(&'static str),
    All,
}

/// The path of a package of which no go.mod tells one.
const UNKNOWN_PATH: &str = ".";

pub struct Package {
    /// The folder, relative to the scanned root, with `/`.
    pub dir: String,
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
    pub servers: Servers,
    /// Files of other packages that places lead to; their ids follow those of `files`.
    foreign: Arc<FrozenVec<Arc<SourceFile>>>,
    names: HashMap<Arc<str>, Vec<DeclId>>,
    /// By receiver, then by name.
    methods: HashMap<String, HashMap<Arc<str>, Vec<DeclId>>>,
    program: Option<Arc<Program>>,
    /// What is known about types, as seen from here.
    memo: Memo,
}

impl Package {
    /// `files` are those of one directory with one package clause, in the order of their paths.
    pub fn new(dir: impl Into<String>, module: Option<Arc<Module>>, files: Vec<SourceFile>) -> Self {
        let files = files.into_iter().map(Arc::new).collect();
        Package::of_shared(dir.into(), module, files)
    }

    /// This package with other bytes in some files. The files keep their ids.
    pub fn with_sources<'s>(&self, sources: impl IntoIterator<Item = (FileId, &'s [u8])>) -> Self {
        let mut files = self.files.clone();
        for (FileId(at), source) in sources {
            files[at] = Arc::new(SourceFile::new(files[at].path.clone(), source));
        }
        let package = Package::of_shared(self.dir.clone(), self.module.clone(), files);
        Package {
            context: self.context.clone(),
            program: self.program.clone(),
            path: self.path.clone(),
            servers: self.servers,
            foreign: Arc::clone(&self.foreign),
            ..package
        }
    }

    /// This package with others in sight.
    pub fn within(mut self, program: Arc<Program>) -> Self {
        self.program = Some(program);
        self
    }

    /// The packages in sight.
    pub fn program(&self) -> Option<&Program> {
        self.program.as_deref()
    }

    fn of_shared(dir: String, module: Option<Arc<Module>>, files: Vec<Arc<SourceFile>>) -> Self {
        let mut package = Package {
            dir,
            name: files
                .first()
                .map_or_else(String::new, |file| file.package.clone()),
            path: UNKNOWN_PATH.into(),
            is_own: true,
            module,
            context: HashSet::new(),
            servers: Servers::default(),
            foreign: Arc::default(),
            names: HashMap::new(),
            methods: HashMap::new(),
            program: None,
            memo: Memo::default(),
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
        let own = self.files.get(id.0).map(|file| &**file);
        let foreign = || self.foreign.get(id.0 - self.files.len());
        own.or_else(foreign)
            .expect("a place of a package holds an id that this package gave out")
    }

    /// The id under which this package speaks of a file of another one.
    fn id_of_foreign(&self, file: &Arc<SourceFile>) -> FileId {
        let known = self.foreign.iter().position(|held| std::ptr::eq(held, &**file));
        let at = known.unwrap_or_else(|| self.foreign.push_get_index(Arc::clone(file)));
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

/// A declaration with the package around it: the handle through which nodes get their meaning.
#[derive(Clone, Copy)]
pub struct Declaration<'a> {
    /// The package under analysis, which sees the others.
    root: &'a Package,
    pub package: &'a Package,
    pub id: DeclId,
}

impl<'a> Declaration<'a> {
    /// The package that an import of `path` means from here; the one under analysis as it is now.
    pub fn package_at(self, path: &str) -> Option<&'a Package> {
        if *path == *self.package.path {
            return Some(self.package);
        }
        match *path == *self.root.path {
            true => Some(self.root),
            false => self.root.program()?.package(path),
        }
    }

    /// The package-level `name` of a package in sight.
    pub fn find_name_in(self, package: &'a Package, name: &str) -> Option<Declaration<'a>> {
        package.find_name(name).map(|found| self.beside(found))
    }

    /// The method `name` of the type `receiver` of a package in sight.
    pub fn find_method_in(self, package: &'a Package, receiver: &str, name: &str) -> Option<Declaration<'a>> {
        package
            .find_method(receiver, name)
            .map(|found| self.beside(found))
    }

    /// The own packages that import this one's, in sight of the same root.
    pub fn importers(self) -> impl Iterator<Item = &'a Package> {
        self.importers_of(&self.package.path)
    }

    /// The own packages that import `path`, in sight of the same root.
    pub fn importers_of(self, path: &str) -> impl Iterator<Item = &'a Package> {
        let program = self.root.program().into_iter();
        let importers = program
            .flat_map(|program| program.importers(path))
            .collect::<Vec<_>>()
            .into_iter();
        importers.map(move |package| self.as_it_is(package))
    }

    /// All own packages in sight of the same root, this one's first.
    pub fn own_packages(self) -> impl Iterator<Item = &'a Package> {
        let program = self.root.program().into_iter();
        let own = program.flat_map(Program::own);
        let others = own.map(move |package| self.as_it_is(package));
        let others = others.filter(move |package| !std::ptr::eq(*package, self.package));
        std::iter::once(self.package).chain(others)
    }

    /// `package`, or the one under analysis where the two are the same.
    fn as_it_is(self, package: &'a Package) -> &'a Package {
        match package.path == self.root.path {
            true => self.root,
            false => package,
        }
    }

    /// The package under analysis, from which this declaration is seen.
    pub fn root(self) -> &'a Package {
        self.root
    }

    /// `other` as seen by the package under analysis.
    pub fn beside(self, other: Declaration<'a>) -> Declaration<'a> {
        Declaration {
            root: self.root,
            ..other
        }
    }

    /// What the package under analysis knows of the types in this declaration.
    pub(in crate::go) fn memo(self) -> &'a DeclarationMemo {
        self.root.memo.of(self.package, self.id)
    }

    pub fn file(self) -> &'a SourceFile {
        self.package.file(self.id.file)
    }

    pub fn decl(self) -> &'a Decl {
        &self.file().decls[self.id.index]
    }

    pub fn kind(self) -> DeclKind {
        self.decl().kind
    }

    pub fn tree(self) -> &'a Tree {
        self.file().tree(self.decl())
    }

    pub fn scopes(self) -> &'a Scopes {
        self.file().scopes(self.decl())
    }

    /// `name`, which this declares, to be kept.
    pub(in crate::go) fn shared_name(self, name: &str) -> Arc<str> {
        let declared = self.decl().names.iter().find(|declared| *declared.text == *name);
        declared.map_or_else(|| name.into(), |declared| Arc::clone(&declared.text))
    }

    pub fn bytes(self) -> &'a [u8] {
        self.decl().span.of(&self.file().source)
    }

    pub fn place(self, node: Node<'_>) -> Place {
        self.place_of(node.span())
    }

    pub fn place_of(self, span: Span) -> Place {
        let file = match std::ptr::eq(self.root, self.package) {
            true => self.id.file,
            false => self.root.id_of_foreign(&self.package.files[self.id.file.0]),
        };
        Place { file, span }
    }

    /// Whether the parser understood all of it.
    pub fn is_sound(self) -> bool {
        self.tree().error().is_none()
    }

    /// The function or method this declares, as a node of its tree.
    pub fn function(self) -> Option<Node<'a>> {
        self.tree().root().subtree().find(|node| node.is_function())
    }

    /// How people call it: `handler`, `Server.list` for methods.
    pub fn title(self) -> String {
        match &self.decl().receiver {
            Some(receiver) => format!("{receiver}.{}", self.decl().title()),
            None => self.decl().title().to_owned(),
        }
    }
}

impl PartialEq for Declaration<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.package, other.package) && self.id == other.id
    }
}

impl Eq for Declaration<'_> {}

impl std::fmt::Debug for Declaration<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.title())
    }
}
