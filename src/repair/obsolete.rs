//! What a deferred release makes superfluous: the same defer further down, and releases just before a return.

use super::several::{may_change, still_holds};
use super::spot::{Spot, following};
use super::unreleased::Unreleased;
use crate::edit;
use crate::facts::paths;
use crate::frameworks::Version;
use crate::go::Callee;
use crate::go::syntax::{Field, Kind, Node};
use crate::text::Edit;

/// The one-line defer further down that can move up: in the same block, with no other defer before it that its
/// turn would change places with.
pub(super) fn late_defer<'a>(site: &Unreleased<'a>, spot: Spot<'a>) -> Option<Node<'a>> {
    let released = site.releases();
    let mut defers = defers_behind(site, spot);
    let first = defers.next()?;
    let releases = released.iter().any(|node| first.contains(*node));
    let same_block = first.parent() == spot.list();
    let call = first.child(0)?;
    let is_plain = call
        .field(Field::Function)
        .is_some_and(|function| !function.is(Kind::FuncLiteral));
    let one_line = !first.text().contains('\n');
    let only_release = is_plain || (!may_change(site) && is_bare_literal(call, &released));
    let is_ours = still_holds(site, spot.offset(), spot.list(), first);
    (releases && same_block && one_line && only_release && is_ours).then_some(first)
}

/// `func() { _ = x.Close() }()`
fn is_bare_literal(call: Node<'_>, released: &[Node<'_>]) -> bool {
    let body = call
        .field(Field::Function)
        .and_then(|literal| literal.field(Field::Body));
    let list = body.and_then(|body| body.children().find(|child| child.is(Kind::StatementList)));
    let statements: Vec<_> = list.into_iter().flat_map(Node::children).collect();
    matches!(statements.as_slice(), [only] if released.iter().any(|node| is_bare(*only, *node)))
}

/// Defers of the function itself that run behind the spot, in order.
fn defers_behind<'a>(site: &Unreleased<'a>, spot: Spot<'a>) -> impl Iterator<Item = Node<'a>> {
    let nodes = site
        .acquisition
        .function
        .field(Field::Body)
        .into_iter()
        .flat_map(Node::shallow_descendants);
    nodes.filter(move |node| node.is(Kind::DeferStatement) && node.start() >= spot.offset())
}

/// Releases that the new defer makes superfluous, with the edit that deletes each: the defer that moved, and bare
/// releases directly before the function is left. What a writer's Close reports is kept, and so is every release
/// that something else waits for.
pub(super) fn obsolete_releases<'a>(
    site: &Unreleased<'a>,
    spot: Spot<'a>,
    late: Option<Node<'a>>,
) -> Vec<(Node<'a>, Edit)> {
    let file = site.acquisition.at.file();
    let delete = |node: Node<'a>| Some((node, edit::delete_statement(file, node)?));
    let moved = late.and_then(|late| Some((late, edit::delete_with_comments(file, late)?)));
    let mut obsolete: Vec<_> = moved.into_iter().collect();
    let keeps_order = defers_behind(site, spot).all(|defer| Some(defer) == late);
    if site.acquisition.resource.writes || !keeps_order {
        return obsolete;
    }
    for node in site.releases() {
        let statement = node.statement().filter(|statement| is_bare(*statement, node));
        let trailing = statement.filter(|statement| {
            statement.start() >= spot.offset()
                && node.enclosing_function() == Some(site.acquisition.function)
                && still_holds(site, spot.offset(), spot.list(), *statement)
                && calls_first(site, *statement)
                && leaves_at_once(site, *statement)
                && is_alone_on_its_lines(site, *statement)
        });
        obsolete.extend(trailing.and_then(delete));
    }
    obsolete
}

/// Whether `statement` is nothing but `x.Close()` or `_ = x.Close()`, with `x` the given mention.
fn is_bare(statement: Node<'_>, mention: Node<'_>) -> bool {
    let call = match statement.kind() {
        Kind::ExpressionStatement => statement.child(0),
        Kind::AssignmentStatement
            if statement
                .field(Field::Left)
                .is_some_and(|left| left.text() == "_") =>
        {
            statement.field(Field::Right).and_then(|right| right.child(0))
        }
        _ => None,
    };
    call.filter(|call| call.is(Kind::CallExpression))
        .and_then(|call| call.field(Field::Function))
        .is_some_and(|function| {
            matches!(function.kind(), Kind::SelectorExpression | Kind::Identifier)
                && function.start() == mention.start()
        })
}

/// Whether the bare statement calls what a repair calls, too: the other ways to release mean more than that.
fn calls_first(site: &Unreleased<'_>, statement: Node<'_>) -> bool {
    let resource = site.acquisition.resource;
    let calls = |method: &String| statement.text().contains(&format!(".{method}("));
    let text = statement.text();
    // A cause that is given says more than the defer does.
    let is_bare_call = text.ends_with("()") || text.ends_with("(nil)");
    (resource.called && is_bare_call) || resource.release.first().is_some_and(calls)
}

/// Whether the function is left directly behind the statement, with nothing on the way that could wait for it.
fn leaves_at_once(site: &Unreleased<'_>, statement: Node<'_>) -> bool {
    let Some(next) = following(statement) else {
        let block = statement.parent().and_then(Node::parent);
        return block.and_then(Node::parent).is_some_and(Node::is_function);
    };
    let waits = |node: Node<'_>| match node.kind() {
        Kind::CallExpression => !only_answers(site, node),
        Kind::UnaryExpression => node.operator() == Some(Kind::Arrow),
        _ => false,
    };
    next.is(Kind::ReturnStatement) && !next.descendants().any(waits)
}

/// Whether `call` builds a value or an answer of the request and touches nothing that a release could free.
fn only_answers(site: &Unreleased<'_>, call: Node<'_>) -> bool {
    const ANSWERS: [&str; 8] = [
        "JSON",
        "XML",
        "Render",
        "Send",
        "SendString",
        "SendStatus",
        "Status",
        "Type",
    ];
    match site.acquisition.at.callee(call) {
        Callee::External { path, receiver, name } => match receiver.as_deref() {
            None => path == paths::FMT || path == paths::ERRORS || (name == "NewError" && is_fiber(&path)),
            Some("Ctx") => ANSWERS.contains(&&*name) && is_fiber(&path),
            Some("Rows") => path == paths::DATABASE_SQL && name == "Err",
            _ => false,
        },
        Callee::Conversion(_) => true,
        Callee::Builtin(name) => name == "len" || name == "string",
        _ => false,
    }
}

fn is_fiber(path: &str) -> bool {
    Version::ALL.iter().any(|version| version.import_path() == path)
}

/// Whether no comment speaks of the statement, on its line or directly above.
fn is_alone_on_its_lines(site: &Unreleased<'_>, statement: Node<'_>) -> bool {
    let file = site.acquisition.at.file();
    let siblings = statement.parent().into_iter().flat_map(Node::all_children);
    let line = |offset: usize| file.lines().position(offset).line;
    let touches = |comment: Node<'_>| {
        line(comment.end()) + 1 == line(statement.start()) || line(comment.start()) == line(statement.end())
    };
    !siblings.filter(|node| node.is(Kind::Comment)).any(touches)
}
