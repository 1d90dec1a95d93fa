//! What the checker says against code.

use std::fmt;

use crate::go::declaration::Declaration;
use crate::go::package::Place;
use crate::go::syntax::Node;

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
    pub(super) said: String,
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

/// Where the parts of the checker leave what they find.
pub(super) struct Found<'a> {
    pub(super) at: Declaration<'a>,
    pub(super) complaints: Vec<Complaint>,
}

impl<'a> Found<'a> {
    pub(super) fn add(&mut self, fault: Fault, node: Node<'_>, name: &str, said: impl Into<String>) {
        self.complaints.push(Complaint {
            fault,
            name: name.to_owned(),
            within: self.at.title(),
            place: self.at.place(node),
            said: said.into(),
        });
    }

    /// Every node of the declaration, in preorder.
    pub(super) fn nodes(&self) -> impl Iterator<Item = Node<'a>> + use<'a> {
        self.at.tree().root().subtree()
    }
}

/// An expression as a message shows it.
pub(super) fn shown(node: Node<'_>) -> String {
    const LONGEST: usize = 60;
    let text = node.text().split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
