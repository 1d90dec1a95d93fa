//! Who means a function: every mention in the module, by name or through an interface. What each selector means is
//! found once, however many functions of its name are asked about.

use std::sync::{Arc, OnceLock};

use elsa::sync::FrozenMap;

use super::calls::Callee;
use super::declaration::Declaration;
use super::interfaces::InterfaceId;
use super::package::{DeclId, Package};
use super::syntax::Node;

/// A mention of a function, to call it or to hand it on.
#[derive(Clone, Debug)]
pub struct Mentioned<'a> {
    pub at: Declaration<'a>,
    pub node: Node<'a>,
    pub through: Option<Through>,
}

/// The interface through which a method is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Through {
    pub interface: String,
    /// How many types of the module implement it.
    pub implementations: usize,
}

/// What the selectors of packages in sight mean, by the address of the package and the name selected.
#[derive(Default)]
pub(super) struct Selections(FrozenMap<(usize, Box<str>), Vec<Selected>>);

/// A selector, and what it means to the package under analysis.
struct Selected {
    at: DeclId,
    node: usize,
    meant: Meant,
}

enum Meant {
    /// A function or method, by the path of its package.
    Declared(Arc<str>, DeclId),
    /// It may be a method of an interface: of this one.
    Undeclared(OnceLock<Option<InterfaceId>>),
    Other,
}

impl<'a> Declaration<'a> {
    /// Every mention in the module that means this function or method.
    pub fn mentioned(self) -> Vec<Mentioned<'a>> {
        let name = self.decl().title();
        let is_exported = name.starts_with(char::is_uppercase);
        let Some(receiver) = self.decl().receiver.as_deref() else {
            let inside = self.package.mentions(name).into_iter();
            let inside = inside.map(|(at, node)| (self.beside(at), node));
            let inside = inside.filter(|(at, node)| is_meant(at.function_meant(*node), self));
            let plain = |(at, node)| Mentioned {
                at,
                node,
                through: None,
            };
            let importers = self.importers().filter(|_| is_exported);
            let outside = importers.flat_map(|importer| self.selected_in(importer, name, None));
            return inside.map(plain).chain(outside).collect();
        };
        // A method is called where its package is not even imported: through an interface, on a field.
        let packages = self.own_packages_holding(name);
        let seeing = packages.filter(|other| is_exported || std::ptr::eq(*other, self.package));
        seeing
            .flat_map(|other| self.selected_in(other, name, Some(receiver)))
            .collect()
    }

    /// The selectors of `package` that mean this declaration; those that mean a method of an interface too, where the
    /// type `receiver` of this package implements that.
    fn selected_in(self, package: &'a Package, name: &str, receiver: Option<&str>) -> Vec<Mentioned<'a>> {
        let through = |at: Declaration<'a>, node: Node<'a>, asked: &OnceLock<Option<InterfaceId>>| {
            let receiver = receiver?;
            let asked = asked.get_or_init(|| Some(at.interface_asked(node)?.id().clone()));
            let interface = at.interface_of(asked.clone()?)?;
            let is_implemented = interface.is_implemented_by(self.package, receiver);
            is_implemented.then(|| Through {
                interface: interface.name().to_owned(),
                implementations: interface.count_implementations(),
            })
        };
        let mut found = Vec::new();
        for selected in self.selections_of(package, name) {
            let at = self.beside(package.declaration(selected.at));
            let node = at.tree().node(selected.node);
            let through = match &selected.meant {
                Meant::Declared(path, id) if *id == self.id && **path == *self.package.path => None,
                Meant::Undeclared(asked) => match through(at, node, asked) {
                    Some(through) => Some(through),
                    None => continue,
                },
                _ => continue,
            };
            found.push(Mentioned { at, node, through });
        }
        found
    }

    fn selections_of(self, package: &'a Package, name: &str) -> &'a [Selected] {
        let key = (std::ptr::from_ref(package).addr(), name.into());
        let known = &self.root().searches().selections.0;
        if let Some(selected) = known.get(&key) {
            return selected;
        }
        let selections = package.selections(name).into_iter();
        let selected = selections.map(|(at, node)| Selected {
            at: at.id,
            node: node.index(),
            meant: Meant::of(self.beside(at).function_meant(node)),
        });
        known.insert(key, selected.collect())
    }
}

impl Meant {
    fn of(callee: Callee<'_>) -> Self {
        match callee {
            Callee::Package(meant) => Meant::Declared(Arc::clone(&meant.package.path), meant.id),
            Callee::Unknown => Meant::Undeclared(OnceLock::new()),
            _ => Meant::Other,
        }
    }
}

fn is_meant(callee: Callee<'_>, declaration: Declaration<'_>) -> bool {
    matches!(callee, Callee::Package(meant) if meant == declaration)
}

#[cfg(test)]
mod tests {
    use crate::go::{Package, SourceFile};

    const SOURCE: &str = "package p

type closer interface{ Close() }

type file struct{}

func (f *file) Close() {}

type pipe struct{ file }

func (p *pipe) Close() { p.file.Close() }

type other struct{ Close func() }

func open() *file { return nil }

func all(c closer, f *file, p *pipe, o other) {
	c.Close()
	f.Close()
	defer p.Close()
	o.Close()
	open().Close()
}
";

    #[test]
    fn methods_of_one_name_have_each_their_own_mentions() {
        let package = Package::new("p", None, vec![SourceFile::new("p/f.go", SOURCE.as_bytes())]);
        let mentions = |receiver: &str| {
            let mentioned = package.find_method(receiver, "Close").unwrap().mentioned();
            let told = mentioned.iter().map(|mention| {
                let through = mention.through.as_ref();
                (
                    mention.node.text(),
                    through.map(|through| through.implementations),
                )
            });
            told.collect::<Vec<_>>()
        };
        let file = [
            ("p.file.Close", None),
            ("c.Close", Some(2)),
            ("f.Close", None),
            ("open().Close", None),
        ];
        let pipe = [("c.Close", Some(2)), ("p.Close", None)];
        // The second time, what was found the first time.
        assert_eq!([mentions("file"), mentions("file")], [file, file]);
        assert_eq!(mentions("pipe"), pipe);
        let open = package.find_name("open").unwrap().mentioned();
        assert_eq!(open.len(), 1);
    }
}
