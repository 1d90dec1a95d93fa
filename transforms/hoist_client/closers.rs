//! Who in the module can release a client that is stored somewhere. A pool that nobody releases may be kept
//! wherever the code likes to, and still be the same one for everyone.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use super::beneath;
use super::changers;
use crate::analysis::{Acquirers, Handle, Resource};
use crate::facts::paths;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingKind, Callee, Declaration, Package, Type};

/// Whether some code releases what it did not open itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closer {
    Nobody,
    /// A release at this place, of a value whose type cannot be seen.
    Perhaps(String),
    Somebody(String),
}

/// Answers for the whole module, found once for each kind of client.
#[derive(Default)]
pub struct Closers {
    known: RefCell<HashMap<String, Closer>>,
    changed: RefCell<HashMap<String, Option<String>>>,
}

impl Closers {
    /// Who releases a client of this kind. What `opener` itself does does not count, nor does a release by the function
    /// that opened or got it: those are looked at one by one.
    pub fn of<'a>(&self, acquirers: &Acquirers<'a>, opener: Declaration<'a>, resource: &Resource) -> Closer {
        let key = key(opener, resource);
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone();
        }
        let found = search(acquirers, opener, resource);
        self.known.borrow_mut().insert(key, found.clone());
        found
    }

    /// Who sets a field of a client of this kind that it did not make itself.
    pub fn changer<'a>(
        &self,
        acquirers: &Acquirers<'a>,
        opener: Declaration<'a>,
        resource: &Resource,
    ) -> Option<String> {
        let key = key(opener, resource);
        if let Some(known) = self.changed.borrow().get(&key) {
            return known.clone();
        }
        let found = changers::search(acquirers, opener, resource);
        self.changed.borrow_mut().insert(key, found.clone());
        found
    }
}

fn key(opener: Declaration<'_>, resource: &Resource) -> String {
    format!(
        "{} {:?} {} {:?}",
        resource.package, resource.gives, opener.package.path, opener.id
    )
}

fn search<'a>(acquirers: &Acquirers<'a>, opener: Declaration<'a>, resource: &Resource) -> Closer {
    let mut perhaps = None;
    for package in scope(opener, resource) {
        for method in methods(resource) {
            for (at, selector) in package.selections(method) {
                let at = opener.beside(at);
                if at == opener
                    || at.file().is_test()
                    || is_end_of_main(at)
                    || is_own(acquirers, at, selector, resource)
                {
                    continue;
                }
                let told = || format!("{} in {}", at.title(), at.file().path);
                match releases(at, selector, method, resource) {
                    Some(true) => return Closer::Somebody(told()),
                    Some(false) => {}
                    None => perhaps = perhaps.or_else(|| Some(told())),
                }
            }
        }
    }
    perhaps.map_or(Closer::Nobody, Closer::Perhaps)
}

/// Whether the declaration releases something that lies beneath the client, or could be that.
pub fn releases_beneath<'a>(at: Declaration<'a>, resource: &Resource) -> bool {
    let mut nodes = at.tree().root().subtree();
    nodes.any(|node| may_release_beneath(at, node, resource))
}

/// Whether `node` is the selector of a release of what lies beneath the client, or could be that.
pub fn may_release_beneath<'a>(at: Declaration<'a>, node: Node<'a>, resource: &Resource) -> bool {
    let is_close = node.is(Kind::SelectorExpression)
        && node
            .field(Field::Field)
            .is_some_and(|field| field.text() == "Close");
    is_close && releases(at, node, "Close", resource) != Some(false)
}

/// Whether the function that `call` gives the client to, as `argument`, may release it: it takes it as something to
/// close, or it, or what it calls, closes a value that could be the client.
pub fn may_be_closed_by<'a>(
    at: Declaration<'a>,
    call: Node<'a>,
    argument: Node<'a>,
    resource: &Resource,
) -> bool {
    let is_taken_to_close = || {
        let position = argument
            .parent()?
            .children()
            .position(|child| child == argument)?;
        let Type::Func(signature) = at.type_of(call.field(Field::Function)?) else {
            return None;
        };
        let parameters = signature.parameters.as_ref()?;
        let of = match (parameters.get(position), parameters.last()) {
            (_, Some(Type::Slice(of))) if signature.variadic && position + 1 >= parameters.len() => &**of,
            (of, _) => of?,
        };
        Some(of.is(paths::IO, "Closer"))
    };
    let callee = match at.callee(call) {
        Callee::Package(callee) => Some(callee),
        Callee::Literal(_) => Some(at),
        _ => None,
    };
    is_taken_to_close().unwrap_or(false) || callee.is_some_and(|callee| may_release(callee, resource))
}

/// Whether the function, or one that it calls on any way, releases a value that it did not open itself and that could
/// be the client.
fn may_release<'a>(callee: Declaration<'a>, resource: &Resource) -> bool {
    let (mut open, mut seen) = (vec![callee], HashSet::new());
    while let Some(at) = open.pop() {
        if !seen.insert((&*at.package.path, at.id)) {
            continue;
        }
        let nodes = || at.tree().root().subtree();
        if nodes().any(|node| may_be_release(at, node, resource)) {
            return true;
        }
        let calls = nodes().filter(|node| node.is(Kind::CallExpression));
        open.extend(calls.filter_map(|call| match at.callee(call) {
            Callee::Package(callee) => Some(callee),
            _ => None,
        }));
    }
    false
}

/// Whether `at` releases a value that could be the one that `held` names, under another name.
pub fn may_release_another<'a>(at: Declaration<'a>, held: Node<'a>, resource: &Resource) -> bool {
    let handle = at.scopes().binding_of(held);
    let of = |node: Node<'a>| at.type_of(node);
    let is_other = |node: &Node<'a>| {
        let operand = node.field(Field::Operand);
        let named = operand.and_then(|operand| at.scopes().binding_of(operand));
        // Another name that got a pool of its own has its own end.
        let is_own = |id| at.scopes().get(id).kind == BindingKind::Var && at.type_of_binding(id) == of(held);
        named.is_none_or(|id| Some(id) != handle && !is_own(id))
    };
    let mut nodes = at.tree().root().subtree();
    nodes.any(|node| may_be_release(at, node, resource) && is_other(&node))
}

/// Whether `node` selects a method that ends the client, of a value that could be one.
fn may_be_release<'a>(at: Declaration<'a>, node: Node<'a>, resource: &Resource) -> bool {
    let name = node
        .field(Field::Field)
        .filter(|_| node.is(Kind::SelectorExpression));
    name.is_some_and(|name| {
        let mut ends = methods(resource);
        ends.any(|method| method == name.text()) && releases(at, node, name.text(), resource) != Some(false)
    })
}

/// The methods that end the client, those of what lies beneath it too.
fn methods(resource: &Resource) -> impl Iterator<Item = &str> {
    let beneath = (!resource.beneath.is_empty()).then_some("Close");
    let own = resource.release.iter().map(String::as_str);
    own.filter(move |method| beneath != Some(*method)).chain(beneath)
}

/// Packages that can have the client: its own, those that import it, and those that know the client's package.
pub(super) fn scope<'a>(opener: Declaration<'a>, resource: &Resource) -> Vec<&'a Package> {
    let mut seen: HashSet<&str> = HashSet::from([&*opener.package.path]);
    let mut found = vec![opener.package];
    for package in opener.importers_of(&resource.package) {
        if seen.insert(&package.path) {
            found.push(package);
        }
    }
    let mut next = 0;
    while let Some(package) = found.get(next).copied() {
        next += 1;
        for importer in opener.importers_of(&package.path) {
            if seen.insert(&importer.path) {
                found.push(importer);
            }
        }
    }
    found
}

/// `main` may release what it holds when it ends: then the process does.
fn is_end_of_main(at: Declaration<'_>) -> bool {
    at.package.name == "main" && at.decl().title() == "main" && at.decl().receiver.is_none()
}

/// Whether the selected value is a local name that got it from an opening in the same function, or what lies beneath
/// the value of such a name.
pub(super) fn is_own<'a>(
    acquirers: &Acquirers<'a>,
    at: Declaration<'a>,
    selector: Node<'a>,
    resource: &Resource,
) -> bool {
    let operand = selector.field(Field::Operand);
    let source = operand.and_then(|operand| beneath::source_of(at, operand, resource));
    let operand = source.or(operand);
    let held = operand.and_then(|operand| at.scopes().binding_of(operand));
    held.is_some_and(|held| {
        let mut opened = acquirers.collect(at).into_iter();
        opened.any(|opening| opening.handle == Handle::Local(held))
    })
}

/// Whether `selector` is the method of this client; `None` where its type cannot be seen.
fn releases<'a>(at: Declaration<'a>, selector: Node<'a>, method: &str, resource: &Resource) -> Option<bool> {
    let operand = selector.field(Field::Operand)?;
    if operand.is(Kind::Identifier) && at.import_path_of(operand).is_some() {
        return Some(false);
    }
    match at.method_of(&at.type_of(operand), method) {
        Callee::Package(_) => Some(false),
        Callee::External { path, receiver, .. } => {
            let of = receiver.unwrap_or_default();
            let is_any = (path == paths::IO && of == "Closer")
                || at.package_at(&path).is_some_and(|package| package.is_own);
            match is_any {
                true => None,
                false => Some(is_client(&path, &of, resource)),
            }
        }
        _ => None,
    }
}

fn is_client(path: &str, of: &str, resource: &Resource) -> bool {
    let gives = resource
        .gives
        .as_deref()
        .map(|gives| gives.trim_start_matches('*'));
    let is_named = gives == Some(of) || resource.literal.iter().any(|literal| literal == of);
    let is_beneath = !resource.beneath.is_empty() && (path, of) == (paths::DATABASE_SQL, "DB");
    (path == resource.package && is_named) || is_beneath
        // The embedded pool of a sqlx.DB.
        || (resource.limits && (path, of) == (paths::DATABASE_SQL, "DB") && path != resource.package)
}
