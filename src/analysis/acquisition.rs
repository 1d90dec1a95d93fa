//! One call that gives a resource: who holds that, and where the error went.

use super::beside::Beside;
use super::effect::Hold;
use crate::facts::Resource;
use crate::facts::paths;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Callee, Declaration, Usage};

/// Who holds the acquired resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handle {
    /// A local name of the acquiring function.
    Local(BindingId),
    /// `_`, or a call whose results nobody takes.
    Discarded,
    /// A field, a package variable, the caller, another call.
    Elsewhere,
}

/// Where the error of the acquisition went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Acquiring cannot fail.
    Never,
    Local(BindingId),
    /// `_`, or a place that is no local name.
    Dropped,
}

/// One call that gives a resource.
#[derive(Clone, Copy, Debug)]
pub struct Acquisition<'a> {
    pub at: Declaration<'a>,
    /// The function declaration, method or literal that acquires.
    pub function: Node<'a>,
    pub call: Node<'a>,
    /// What the results are assigned by, or the statement that drops them.
    pub statement: Node<'a>,
    pub resource: &'a Resource,
    pub handle: Handle,
    pub fault: Fault,
    /// Which results of `call` are the resource and its error.
    pub yields: ResultIndexes<'a>,
}

impl ResultIndexes<'_> {
    /// Whether callers have to do the same for both.
    pub(super) fn is_like(&self, other: &ResultIndexes<'_>) -> bool {
        (self.result, self.error, self.beside) == (other.result, other.error, other.beside)
            && self.resource.is_like(other.resource)
    }
}

/// What a call gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResultIndexes<'a> {
    pub resource: &'a Resource,
    pub result: usize,
    pub error: Option<usize>,
    /// What else it gives that has to do with the resource.
    pub beside: Beside,
}

impl<'a> Acquisition<'a> {
    /// In `main` and `init` the process ends, or the resource is there once.
    pub fn ends_with_process(&self) -> bool {
        let declared = self.at.function() == Some(self.function);
        declared && self.at.decl().receiver.is_none() && matches!(self.at.decl().title(), "main" | "init")
    }

    /// Whether `call` tells what kind of error its first argument is, which nil is not: `errors.Is(err, x)`.
    pub fn asks_what_failed(&self, call: Node<'a>) -> bool {
        let Callee::External {
            path,
            receiver: None,
            name,
        } = self.at.callee(call)
        else {
            return false;
        };
        match path.as_str() {
            paths::ERRORS => matches!(&*name, "Is" | "As"),
            paths::OS => matches!(&*name, "IsNotExist" | "IsExist" | "IsPermission" | "IsTimeout"),
            // What stands in for the standard package, and predicates beside an API's own errors.
            _ if path.ends_with("/errors") || path.ends_with("/xerrors") => {
                name == "As" || name.starts_with("Is")
            }
            _ => false,
        }
    }

    /// Whether `node` is the field in which the resource itself holds the error, or a name that has its value and never
    /// another.
    pub fn holds_fault(&self, node: Node<'_>) -> bool {
        let node = node.unparenthesized();
        let named = self.at.scopes().binding_of(node).and_then(|name| {
            let name_of = self.at.scopes().get(name);
            let origin = self.at.tree().node(name_of.origin);
            let mut uses = self.at.scopes().uses(name, self.at.tree());
            let stays =
                origin.is(Kind::ShortVarDeclaration) && uses.all(|node| self.at.usage(node) == Usage::Read);
            let values = origin.field(Field::Right).filter(|_| stays)?;
            values.child(0).filter(|_| values.children().count() == 1)
        });
        self.is_error_field(node) || named.is_some_and(|value| self.is_error_field(value))
    }

    fn is_error_field(&self, node: Node<'_>) -> bool {
        let field = self.resource.error_field.as_deref();
        let named = node.field(Field::Field).map(Node::text);
        let Handle::Local(handle) = self.handle else {
            return false;
        };
        let operand = node.field(Field::Operand);
        field.is_some()
            && named == field
            && operand
                .is_some_and(|operand| self.at.scopes().binding_of(operand.unparenthesized()) == Some(handle))
    }

    /// The names that hold the resource, release it or carry it.
    pub fn holders(&self) -> Vec<(BindingId, Hold)> {
        let beside = self
            .yields
            .beside
            .taken_by(self.at, self.function, self.statement);
        let handle = match self.handle {
            Handle::Local(handle) => Some((handle, Hold::Resource)),
            _ => None,
        };
        handle.into_iter().chain(beside.unwrap_or_default()).collect()
    }

    /// Whether a release is right even where acquiring failed.
    pub(super) fn may_release_nil(&self) -> bool {
        self.resource.nil_safe || self.fault == Fault::Never
    }
}
