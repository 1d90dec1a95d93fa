//! What the module's apps are set to, as far as it decides who owns a request's strings.

use std::collections::BTreeSet;

use memchr::memmem;

use crate::frameworks::{ContextFacts, Framework, Name, Scope};
use crate::go::Package;
use crate::go::syntax::{Field, Kind, Node};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Some app copies what its accessors give.
    pub immutable: bool,
    /// Some app takes the client's address from a header.
    pub proxied: bool,
}

impl Settings {
    /// Those of every package in sight that could make an app.
    pub fn around(package: &Package) -> Self {
        let scope = Scope::of(package);
        let rows: Vec<(&str, &ContextFacts)> = scope.known().flat_map(Framework::contexts).collect();
        let settable = rows
            .iter()
            .filter(|(_, facts)| facts.immutable_by.is_some() || facts.proxied_by.is_some());
        let others = package
            .program()
            .into_iter()
            .flat_map(|program| { settable.clone() }.flat_map(|(path, _)| program.importers(path)));
        let names = |field: fn(&ContextFacts) -> Option<&Name>| {
            let names: BTreeSet<&str> = rows
                .iter()
                .filter_map(|(_, facts)| Some(&**field(facts)?))
                .collect();
            names
        };
        let (immutable_by, proxied_by) = (
            names(|it| it.immutable_by.as_ref()),
            names(|it| it.proxied_by.as_ref()),
        );
        let mut settings = Settings::default();
        for package in std::iter::once(package).chain(others) {
            settings.immutable |= immutable_by
                .iter()
                .any(|name| sets(package, name, |value| value.is(Kind::True)));
            settings.proxied |= proxied_by
                .iter()
                .any(|name| sets(package, name, |value| value.text() != "\"\""));
        }
        settings
    }
}

/// Whether a literal or an assignment of the package gives the setting `name` such a value.
fn sets(package: &Package, name: &str, fits: fn(Node<'_>) -> bool) -> bool {
    let holding = package
        .declarations()
        .filter(|declaration| memmem::find(declaration.bytes(), name.as_bytes()).is_some());
    let sets_here = |node: Node<'_>| {
        let names = |key: Node<'_>| key.text() == name || key.text().ends_with(&format!(".{name}"));
        let side = |field| node.field(field).and_then(|list| list.child(0));
        let value = match node.kind() {
            Kind::KeyedElement => node
                .field(Field::Key)
                .filter(|key| names(*key))
                .and_then(|_| side(Field::Value)),
            Kind::AssignmentStatement => side(Field::Left)
                .filter(|place| names(*place))
                .and_then(|_| side(Field::Right)),
            _ => None,
        };
        value.is_some_and(fits)
    };
    { holding }.any(|at| at.tree().root().subtree().any(sets_here))
}
