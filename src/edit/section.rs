//! Critical sections that a removal leaves empty.

use super::pure::is_pure;
use crate::facts::paths;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, Declaration, Type};

/// The unlock that ends the section opened by the first of `statements`, where everything in between is gone. A
/// deferred unlock counts where the section reaches to the end of the function.
pub(super) fn emptied<'a>(
    declaration: Declaration<'a>,
    statements: &[Node<'a>],
    gone: &dyn Fn(Node<'a>) -> bool,
) -> Option<Node<'a>> {
    let (lock, rest) = statements.split_first()?;
    let opens = bound(declaration, *lock).filter(|bound| !bound.ends)?;
    if !lock.is(Kind::ExpressionStatement) || gone(*lock) {
        return None;
    }
    let ends = |node: &Node<'a>| {
        let end = bound(declaration, *node).filter(|bound| bound.ends && !gone(*node));
        end.is_some_and(|end| (end.mutex, end.shared) == (opens.mutex, opens.shared))
    };
    if let Some((unlock, rest)) = rest.split_first()
        && unlock.is(Kind::DeferStatement)
    {
        let body = unlock.enclosing(Kind::Block).and_then(Node::parent);
        let emptied = !rest.is_empty() && rest.iter().all(|node| gone(*node));
        return Some(*unlock).filter(|unlock| emptied && body.is_some_and(Node::is_function) && ends(unlock));
    }
    let skipped = rest.iter().take_while(|node| gone(**node)).count();
    let unlock = rest
        .get(skipped)
        .filter(|node| skipped > 0 && node.is(Kind::ExpressionStatement));
    unlock.copied().filter(ends)
}

/// A call that opens or ends a critical section.
struct Bound<'a> {
    mutex: &'a str,
    /// For readers.
    shared: bool,
    ends: bool,
}

fn bound<'a>(declaration: Declaration<'a>, statement: Node<'a>) -> Option<Bound<'a>> {
    let held = matches!(statement.kind(), Kind::ExpressionStatement | Kind::DeferStatement);
    let call = statement
        .child(0)
        .filter(|call| held && call.is(Kind::CallExpression))?;
    let function = call
        .field(Field::Function)
        .filter(|function| function.is(Kind::SelectorExpression))?;
    let (operand, name) = (
        function.field(Field::Operand)?,
        function.field(Field::Field)?.text(),
    );
    let (shared, ends) = match name {
        "Lock" => (false, false),
        "Unlock" => (false, true),
        "RLock" => (true, false),
        "RUnlock" => (true, true),
        _ => return None,
    };
    (is_mutex_method(declaration, call, operand) && is_pure(declaration, operand)).then_some(Bound {
        mutex: operand.text(),
        shared,
        ends,
    })
}

/// Whether the call is one of sync.Mutex or sync.RWMutex, embedded ones included.
fn is_mutex_method(declaration: Declaration<'_>, call: Node<'_>, operand: Node<'_>) -> bool {
    let is_mutex = |path: &str, name: &str| path == paths::SYNC && matches!(name, "Mutex" | "RWMutex");
    if let Callee::External {
        path,
        receiver: Some(receiver),
        ..
    } = declaration.callee(call)
    {
        return is_mutex(&path, &receiver);
    }
    match declaration.type_of(operand).pointee() {
        Type::Struct(fields) => fields.iter().any(|field| match field.of.pointee() {
            Type::Named { path, name, .. } => field.embedded && is_mutex(path, name),
            _ => false,
        }),
        _ => false,
    }
}
