//! What the Go compiler and vet would say against a declaration or a file, as far as the model is certain: what it
//! does not know, it does not complain about.

mod assign;
mod assignable;
mod calls;
mod ends;
mod hidden;
mod labels;
mod members;
mod names;
mod package;
#[cfg(test)]
mod tests;
mod unreachable;
mod vet;

use std::fmt;

pub use hidden::hidden;
pub use package::{clashes, of_file};

use super::package::{Declaration, Place};
use super::syntax::{Field, Kind, Node};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    Redeclared,
    NoNewVariables,
    Unused,
    UnusedImport,
    Undefined,
    UndefinedMember,
    CountMismatch,
    NotAssignable,
    NotCallable,
    Hidden,
    UnusedLabel,
    UndefinedLabel,
    JumpOverDeclaration,
    JumpIntoBlock,
    MissingReturn,
    Unreachable,
    LostCancel,
    UncheckedResponse,
}

/// One complaint, in the compiler's words where it has some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    pub fault: Fault,
    /// The name or expression it is about.
    pub name: String,
    /// The declaration it is in; empty for the file.
    pub within: String,
    pub place: Place,
    said: String,
}

impl Complaint {
    /// What makes it the same complaint in another version of the file: everything but the place.
    pub fn key(&self) -> (Fault, &str, &str) {
        (self.fault, &self.name, &self.within)
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said)
    }
}

/// The complaints about one declaration, in the order of the source. A declaration that does not parse gets none.
pub fn of_declaration(at: Declaration<'_>) -> Vec<Complaint> {
    if !at.is_sound() || is_misread(at) {
        return Vec::new();
    }
    let mut found = Found {
        at,
        complaints: Vec::new(),
    };
    names::check(&mut found);
    // What names mean in a file for another machine, or another Go, nobody can say here.
    if at.file().is_for_host() && !at.file().asks_for_a_go() {
        names::mentions(&mut found);
        members::check(&mut found);
        assign::check(&mut found);
        calls::check(&mut found);
    }
    for function in at.tree().root().subtree().filter(|node| node.is_function()) {
        labels::check(&mut found, function);
        ends::check(&mut found, function);
        unreachable::check(&mut found, function);
        vet::check(&mut found, function);
    }
    let mut complaints = found.complaints;
    complaints.sort_by_key(|complaint| complaint.place);
    complaints
}

/// Very long lists of parameters are too much for the grammar: the first names of `a, b, c int` then read as types.
/// Real lists have names for all or for none.
fn is_misread(at: Declaration<'_>) -> bool {
    let lists = at.tree().root().subtree();
    let mut lists = lists.filter(|node| node.is(Kind::ParameterList));
    lists.any(|list| {
        let named = |parameter: &Node<'_>| parameter.field(Field::Name).is_some();
        let (named, all) = (list.children().filter(named).count(), list.children().count());
        named != 0 && named != all
    })
}

/// Where the parts of the checker leave what they find.
struct Found<'a> {
    at: Declaration<'a>,
    complaints: Vec<Complaint>,
}

impl<'a> Found<'a> {
    fn add(&mut self, fault: Fault, node: Node<'_>, name: &str, said: impl Into<String>) {
        self.complaints.push(Complaint {
            fault,
            name: name.to_owned(),
            within: self.at.title(),
            place: self.at.place(node),
            said: said.into(),
        });
    }

    /// Every node of the declaration, in preorder.
    fn nodes(&self) -> impl Iterator<Item = Node<'a>> + use<'a> {
        self.at.tree().root().subtree()
    }
}

/// An expression as a message shows it.
fn shown(node: Node<'_>) -> String {
    const LONGEST: usize = 60;
    let text = node.text().split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
