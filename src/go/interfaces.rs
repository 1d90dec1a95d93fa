//! Calls through interfaces of the module: which interface is asked, and which types of the module implement it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use elsa::sync::FrozenMap;
use foldhash::HashMap;

use super::calls::Callee;
use super::declaration::Declaration;
use super::package::Package;
use super::source::DeclKind;
use super::syntax::{Field, Kind, Node};
use super::types::Type;

/// The types and interfaces looked at so far, so that those which embed each other come to an end. Types of one generic
/// type have the same methods.
type Seen = HashSet<InterfaceId>;

/// An interface that the module declares.
#[derive(Clone, Copy, Debug)]
pub struct Interface<'a> {
    pub declaration: Declaration<'a>,
    asked: &'a Asked,
}

/// The interfaces of the module, by the path of their package and their name, with what was asked about them; of other
/// types, that they are none.
#[derive(Default)]
pub(super) struct Interfaces(FrozenMap<InterfaceId, Box<Option<Asked>>>);

pub(super) type InterfaceId = (Arc<str>, Arc<str>);

/// What was asked about an interface.
#[derive(Debug)]
struct Asked {
    id: InterfaceId,
    /// By name, with the number of parameters.
    methods: Vec<(String, usize)>,
    /// How many types of the module implement it.
    implementations: OnceLock<usize>,
    /// By the address of the package and the name of the type.
    is_implemented: Mutex<HashMap<(usize, String), bool>>,
}

impl<'a> Declaration<'a> {
    /// The interface of the module to which the method that `selector` means belongs; `None` where the method is a
    /// declared one, and where the type is unknown or not of the module.
    pub fn interface_asked(self, selector: Node<'_>) -> Option<Interface<'a>> {
        let (operand, field) = (selector.field(Field::Operand)?, selector.field(Field::Field)?);
        let of = self.type_of(operand);
        self.interface_with(&of, field.text(), &mut Seen::new())
    }

    /// `of`, or the interface embedded in it that gives it the method `name`. What a type parameter stands for has the
    /// methods of its constraint.
    fn interface_with(self, of: &Type, name: &str, seen: &mut Seen) -> Option<Interface<'a>> {
        match of.pointee() {
            Type::Parameter(parameter) => {
                seen.insert(("".into(), parameter.as_ref().into()))
                    .then_some(())?;
                return self.interface_with(&self.constraint_of(parameter), name, seen);
            }
            Type::Named { path, name, .. } => {
                seen.insert((path.clone(), name.clone())).then_some(())?;
            }
            _ => {}
        }
        if let Some(interface) = self.interface_named(of) {
            return interface.asks_for(name).then_some(interface);
        }
        let embedded = self.embedded_in(of);
        embedded.iter().find_map(|of| self.interface_with(of, name, seen))
    }

    fn interface_named(self, of: &Type) -> Option<Interface<'a>> {
        let Type::Named { path, name, .. } = of else {
            return None;
        };
        self.interface_of((Arc::clone(path), Arc::clone(name)))
    }

    /// The interface that goes by `id`.
    pub(super) fn interface_of(self, id: InterfaceId) -> Option<Interface<'a>> {
        let known = &self.root().searches().interfaces.0;
        let asked = match known.get(&id) {
            Some(asked) => asked,
            None => {
                let methods = self.methods_declared(&id, &mut Seen::new());
                let asked = methods.map(|methods| Asked::new(&id, methods));
                known.insert(id, Box::new(asked))
            }
        };
        let asked = asked.as_ref()?;
        let package = self.package_at(&asked.id.0)?;
        let declaration = self.find_name_in(package, &asked.id.1)?;
        Some(Interface { declaration, asked })
    }

    /// The methods of the interface that goes by `id`, if it is one of the module and was not seen.
    fn methods_declared(self, id: &InterfaceId, seen: &mut Seen) -> Option<Vec<(String, usize)>> {
        seen.insert(id.clone()).then_some(())?;
        let (path, name) = (&*id.0, &*id.1);
        let package = self.package_at(path).filter(|package| package.is_own)?;
        let declaration = self.find_name_in(package, name)?;
        if declaration.kind() != DeclKind::Type {
            return None;
        }
        let mut specs = declaration.tree().root().subtree();
        let spec = specs.find(|spec| {
            let named = spec.field(Field::Name).is_some_and(|named| named.text() == name);
            spec.is(Kind::TypeSpec) && named
        })?;
        let body = spec
            .field(Field::Type)
            .filter(|body| body.is(Kind::InterfaceType))?;
        Some(declaration.methods_asked(body, seen))
    }

    /// The methods of an interface type with those of the interfaces it embeds, as far as they are of the module.
    fn methods_asked(self, body: Node<'a>, seen: &mut Seen) -> Vec<(String, usize)> {
        let mut methods = Vec::new();
        for element in body.children() {
            match element.kind() {
                Kind::MethodElem => {
                    let name = element.field(Field::Name).map_or("", Node::text);
                    methods.push((name.to_owned(), parameters_of(element)));
                }
                Kind::TypeElem => {
                    if let Type::Named { path, name, .. } = self.type_meant(element) {
                        let embedded = self.methods_declared(&(path, name), seen);
                        methods.extend(embedded.into_iter().flatten());
                    }
                }
                _ => {}
            }
        }
        methods
    }
}

impl<'a> Interface<'a> {
    pub fn name(&self) -> &'a str {
        &self.asked.id.1
    }

    pub(super) fn id(&self) -> &'a InterfaceId {
        &self.asked.id
    }

    fn asks_for(&self, method: &str) -> bool {
        self.asked.methods.iter().any(|(name, _)| name == method)
    }

    /// Whether the type `receiver` of `package` has every method that is asked for, by name and number of parameters.
    pub fn is_implemented_by(&self, package: &'a Package, receiver: &str) -> bool {
        let key = (std::ptr::from_ref(package).addr(), receiver.to_owned());
        let known = || {
            self.asked
                .is_implemented
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(known) = known().get(&key) {
            return *known;
        }
        let is_implemented = self.has_methods(package, receiver);
        known().insert(key, is_implemented);
        is_implemented
    }

    fn has_methods(&self, package: &'a Package, receiver: &str) -> bool {
        let at = self.declaration;
        let of = Type::named(&package.path, receiver);
        let methods = &self.asked.methods;
        !methods.is_empty()
            && methods.iter().all(|(name, parameters)| {
                let declared = at.find_method_in(package, receiver, name);
                let function = declared.and_then(Declaration::function);
                match function {
                    Some(function) => parameters_of(function) == *parameters,
                    None => !matches!(at.method_of(&of, name), Callee::Unknown),
                }
            })
    }

    /// How many types of the module implement it.
    pub fn count_implementations(&self) -> usize {
        let implementations = &self.asked.implementations;
        *implementations.get_or_init(|| self.implementations().len())
    }

    /// The methods `name` that the module declares for types which implement it, those of tests and machine-written
    /// mocks left out.
    pub fn methods_named(&self, name: &str) -> Vec<Declaration<'a>> {
        let implementing = self.implementations().into_iter();
        let methods = implementing.filter_map(|(package, receiver)| {
            match self
                .declaration
                .method_of(&Type::named(&package.path, receiver), name)
            {
                Callee::Package(method) => Some(method),
                _ => None,
            }
        });
        methods.filter(|method| !method.file().is_test()).collect()
    }

    /// The types of the module that implement it, machine-written mocks left out, with their packages.
    fn implementations(&self) -> Vec<(&'a Package, &'a str)> {
        let Some((first, _)) = self.asked.methods.first() else {
            return Vec::new();
        };
        let packages = self.declaration.own_packages_holding(first);
        let candidates = packages.flat_map(|package| {
            let receivers = package.receivers_of(first).into_iter();
            receivers.map(move |receiver| (package, receiver))
        });
        let written = candidates.filter(|(package, receiver)| !is_generated(package, receiver, first));
        written
            .filter(|(package, receiver)| self.is_implemented_by(package, receiver))
            .collect()
    }
}

impl Asked {
    fn new(id: &InterfaceId, methods: Vec<(String, usize)>) -> Self {
        Asked {
            id: id.clone(),
            methods,
            implementations: OnceLock::new(),
            is_implemented: Mutex::default(),
        }
    }
}

fn is_generated(package: &Package, receiver: &str, method: &str) -> bool {
    let method = package.find_method(receiver, method);
    method.is_some_and(|method| method.file().is_generated())
}

/// How many parameters a function or method takes.
fn parameters_of(function: Node<'_>) -> usize {
    let parameters = function.field(Field::Parameters).into_iter();
    let declared = parameters.flat_map(Node::children);
    declared
        .map(|parameter| parameter.fields(Field::Name).count().max(1))
        .sum()
}

#[cfg(test)]
mod tests {
    use crate::go::syntax::{Field, Kind};
    use crate::go::{Package, SourceFile};

    const SOURCE: &str = "package p

type finder interface {
	Find(id int) string
	closer
}

type closer interface{ Close() }

type base struct{}

func (base) Close() {}

type sql struct{ base }

func (s *sql) Find(id int) string { return \"\" }

type half struct{}

func (half) Find(id int) string { return \"\" }

type other struct{ base }

func (other) Find() string { return \"\" }

type service struct{ finder }

func ask(s *service) { s.Find(1) }
";

    #[test]
    fn a_type_parameter_is_asked_for_the_methods_of_its_constraint() {
        let source = "package p

type starter interface{ Start() }

type clock struct{}

func (clock) Start() {}

type driver[T starter] struct{ component T }

func (d *driver[C]) run() { d.component.Start() }
";
        let file = SourceFile::new("p/f.go", source.as_bytes());
        let package = Package::new("p", None, vec![file]);
        let run = package.find_method("driver", "run").unwrap();
        let mut nodes = run.tree().root().subtree();
        let call = nodes.find(|node| node.is(Kind::CallExpression)).unwrap();
        let interface = run.interface_asked(call.field(Field::Function).unwrap()).unwrap();
        let implementations = interface.implementations();
        let names: Vec<&str> = implementations.into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["clock"]);
    }

    #[test]
    fn an_interface_is_found_through_embedding_and_so_are_its_implementations() {
        let file = SourceFile::new("p/f.go", SOURCE.as_bytes());
        let package = Package::new("p", None, vec![file]);
        let ask = package.find_name("ask").unwrap();
        let mut nodes = ask.tree().root().subtree();
        let call = nodes.find(|node| node.is(Kind::CallExpression)).unwrap();
        let selector = call.field(Field::Function).unwrap();
        let interface = ask.interface_asked(selector).unwrap();
        assert_eq!(interface.name(), "finder");
        let implementations = interface.implementations();
        let names: Vec<&str> = implementations.into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["sql"]);
    }
}
