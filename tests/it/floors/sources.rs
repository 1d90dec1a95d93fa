//! The modules of the crate with what each imports, read from the source by a parser of Rust.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItemFn, Item, ItemFn, ItemMod, ItemUse, Meta, Token, UseTree, Visibility};

use crate::support::sources::rust_files;

/// A path of modules and names, from the root of the crate.
type Names = Vec<String>;

/// A file of Rust.
pub struct Source {
    /// Relative to the repository, with `/`.
    pub path: String,
    /// Its module: empty for `lib.rs`.
    pub module: Names,
    /// Every path that it says, as it stands there, without those of its own tests.
    said: Vec<Names>,
    /// What it passes on under a name of its own.
    reexports: BTreeMap<String, Names>,
    /// Lines that are neither blank nor comment.
    pub code_lines: usize,
}

/// All sources of the crate, without the program that only calls it.
pub struct Sources {
    pub all: Vec<Source>,
    by_module: BTreeMap<Names, usize>,
}

impl Sources {
    pub fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut paths = Vec::new();
        rust_files(&root.join("src"), &mut paths);
        rust_files(&root.join("transforms"), &mut paths);
        paths.retain(|path| !path.ends_with("src/main.rs"));
        paths.sort();
        let all: Vec<Source> = paths.iter().map(|path| Source::read(root, path)).collect();
        let modules = all.iter().enumerate();
        let by_module = modules.map(|(at, source)| (source.module.clone(), at)).collect();
        Sources { all, by_module }
    }

    /// The sources that each imports from, itself aside. An import of a name that is passed on leads to where it is
    /// from.
    pub fn imports(&self) -> Vec<BTreeSet<usize>> {
        let of = |(at, source): (usize, &Source)| {
            let targets = source.said.iter().filter_map(|said| self.target(source, said, 0));
            targets.filter(|target| *target != at).collect()
        };
        self.all.iter().enumerate().map(of).collect()
    }

    /// The source that a path leads to.
    fn target(&self, from: &Source, said: &[String], depth: usize) -> Option<usize> {
        let (mut module, mut rest) = self.start(from, said)?;
        while let Some((name, behind)) = rest.split_first() {
            let inner: Names = module.iter().chain([name]).cloned().collect();
            if !self.by_module.contains_key(&inner) {
                break;
            }
            (module, rest) = (inner, behind);
        }
        let at = *self.by_module.get(&module)?;
        let passed_on = rest.first().and_then(|name| self.all[at].reexports.get(name));
        match passed_on {
            // Names that lead to each other in circles would not compile, but nothing here holds that.
            Some(passed_on) if depth < 16 => self.target(&self.all[at], passed_on, depth + 1),
            _ => Some(at),
        }
    }

    /// The module that a path starts from, and what follows.
    fn start<'p>(&self, from: &Source, said: &'p [String]) -> Option<(Names, &'p [String])> {
        let (first, rest) = said.split_first()?;
        match first.as_str() {
            "crate" => Some((Names::new(), rest)),
            "self" => Some((from.module.clone(), rest)),
            "super" => {
                let ups = said.iter().take_while(|name| *name == "super").count();
                let module = &from.module[..from.module.len().checked_sub(ups)?];
                Some((module.to_vec(), &said[ups..]))
            }
            _ => {
                let child: Names = from.module.iter().chain([first]).cloned().collect();
                let is_child = self.by_module.contains_key(&child);
                is_child.then(|| (from.module.clone(), said))
            }
        }
    }
}

impl Source {
    fn read(root: &Path, path: &Path) -> Source {
        let below = path.strip_prefix(root).unwrap();
        let shown = below.to_string_lossy().replace('\\', "/");
        let text = fs::read_to_string(path).unwrap();
        let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{shown}: {error}"));
        let mut reader = Reader::default();
        reader.visit_file(&file);
        Source {
            module: module_of(&shown),
            path: shown,
            said: reader.said,
            reexports: reader.reexports,
            code_lines: text.lines().filter(|line| is_code(line)).count(),
        }
    }

    /// Every path that the file says, as it stands there.
    pub fn said(&self) -> impl Iterator<Item = &[String]> {
        self.said.iter().map(Vec::as_slice)
    }

    /// The module below the root of the crate.
    pub fn top(&self) -> &str {
        self.module.first().map_or("lib", String::as_str)
    }

    /// The repair that it belongs to.
    pub fn transform(&self) -> Option<&str> {
        let is_transform = self.top() == "transforms";
        is_transform
            .then(|| self.module.get(1).map(String::as_str))
            .flatten()
    }

    /// Whether all of it is tests.
    pub fn is_test(&self) -> bool {
        self.module.last().is_some_and(|name| name.starts_with("tests"))
    }
}

fn is_code(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with("//")
}

fn module_of(path: &str) -> Names {
    let path = path.strip_prefix("src/").unwrap_or(path);
    let names = path.trim_end_matches(".rs").split('/').map(str::to_owned);
    let mut names: Names = names.collect();
    if names.last().is_some_and(|last| last == "mod" || last == "lib") {
        names.pop();
    }
    names
}

#[derive(Default)]
struct Reader {
    said: Vec<Names>,
    reexports: BTreeMap<String, Names>,
}

impl Reader {
    fn take(&mut self, tree: &UseTree, above: &[String], is_passed_on: bool) {
        let with = |name: &syn::Ident| above.iter().cloned().chain([name.to_string()]).collect::<Names>();
        match tree {
            UseTree::Path(path) => self.take(&path.tree, &with(&path.ident), is_passed_on),
            UseTree::Name(name) => self.say(with(&name.ident), &name.ident, is_passed_on),
            UseTree::Rename(name) => self.say(with(&name.ident), &name.rename, is_passed_on),
            UseTree::Glob(_) => self.said.push(above.to_vec()),
            UseTree::Group(group) => {
                let trees = group.items.iter();
                trees.for_each(|tree| self.take(tree, above, is_passed_on));
            }
        }
    }

    fn say(&mut self, mut names: Names, own: &syn::Ident, is_passed_on: bool) {
        if names.last().is_some_and(|last| last == "self") {
            names.pop();
        }
        if is_passed_on {
            self.reexports.insert(own.to_string(), names.clone());
        }
        self.said.push(names);
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes: &[Attribute] = match item {
            Item::Mod(ItemMod { attrs, .. }) | Item::Fn(ItemFn { attrs, .. }) => attrs,
            Item::Use(ItemUse { attrs, .. }) => attrs,
            _ => &[],
        };
        if !attributes.iter().any(is_for_tests) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        if !function.attrs.iter().any(is_for_tests) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let is_passed_on = !matches!(item.vis, Visibility::Inherited);
        self.take(&item.tree, &[], is_passed_on);
    }

    /// Who may see it is no import.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path.segments.iter().map(|segment| segment.ident.to_string());
        let names: Names = names.collect();
        if names.len() > 1 {
            self.said.push(names);
        }
        visit::visit_path(self, path);
    }
}

/// `#[cfg(test)]`, alone or with further conditions.
fn is_for_tests(attribute: &Attribute) -> bool {
    let conditions = attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    let is_test = |condition: &Meta| match condition {
        Meta::List(all) if all.path.is_ident("all") => all.tokens.to_string().contains("test"),
        condition => condition.path().is_ident("test"),
    };
    attribute.path().is_ident("cfg") && conditions.is_ok_and(|conditions| conditions.iter().any(is_test))
}
