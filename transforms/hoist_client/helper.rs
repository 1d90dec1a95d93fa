//! Helpers that return a pool: the function itself becomes the one that opens once.

use super::draft::{Draft, is_returned};
use super::removable::only_reports;
use super::text::Opening;
use crate::analysis::Fault;
use crate::edit::{self, ImportNeed, is_error_check};
use crate::facts::paths;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Declaration, FileId};
use crate::text::{Edit, Span};
use crate::transform::{Pass, Reason, Refusal};

/// Whether nothing but the opening happens in the helper, so that `var helper = sync.OnceValues(…)` does the same,
/// once. Other helpers stay functions, and only what they call is opened once.
pub fn becomes_once(draft: &Draft<'_>) -> bool {
    let opening = &draft.opening;
    let at = opening.at;
    let Some(function) = at.function().filter(|function| *function == opening.function) else {
        return false;
    };
    let count = |field| function.field(field).map_or(0, |list| list.children().count());
    let is_plain = function.is(Kind::FunctionDeclaration)
        && count(Field::Parameters) == 0
        && function.field(Field::TypeParameters).is_none()
        && !has_named_results(function);
    let is_private = at.package.name == "main" || !at.decl().title().starts_with(char::is_uppercase);
    let results = at.results_of(function).len();
    draft.is_helper() && is_plain && is_private && matches!(results, 1 | 2) && only_opens(draft, function)
}

fn has_named_results(function: Node<'_>) -> bool {
    let list = function
        .field(Field::Result)
        .filter(|list| list.is(Kind::ParameterList));
    let mut results = list.into_iter().flat_map(Node::children);
    results.any(|result| result.field(Field::Name).is_some())
}

/// Definitions that the arguments need, the opening, its error check, limits, and the return.
fn only_opens(draft: &Draft<'_>, function: Node<'_>) -> bool {
    let opening = &draft.opening;
    let at = opening.at;
    let body = statements(function);
    let moving = draft.arguments.moving(at);
    let defines = |node: Node<'_>| moving.contains(&node);
    let limits = super::pool::limits(draft);
    let error = match opening.fault {
        Fault::Local(error) => Some(&*at.scopes().get(error).name),
        _ => None,
    };
    let checks = |node: Node<'_>| {
        let is_check = error.is_some_and(|error| is_error_check(node, error));
        is_check && node.field(Field::Consequence).is_some_and(only_reports)
    };
    let is_known = |node: Node<'_>| {
        node == opening.statement
            || node.is(Kind::ReturnStatement)
            || defines(node)
            || checks(node)
            || limits.iter().any(|limit| limit.statement == node)
    };
    let is_checked =
        is_returned(opening.call) || opening.yields.error.is_none() || body.iter().any(|node| checks(*node));
    let returns = body.iter().filter(|node| node.is(Kind::ReturnStatement)).count();
    let spans_lines = body
        .first()
        .is_some_and(|first| function.text()[..first.start() - function.start()].contains('\n'));
    is_checked && returns == 1 && spans_lines && body.iter().all(|node| is_known(*node))
}

fn statements(function: Node<'_>) -> Vec<Node<'_>> {
    let body = function.field(Field::Body).into_iter().flat_map(Node::children);
    body.into_iter().flat_map(Node::children).collect()
}

/// The edits that make the helper open once.
pub fn once<'a>(
    pass: &Pass<'a>,
    draft: &Draft<'a>,
    group: &[&Draft<'a>],
) -> Result<(Vec<Edit>, Vec<ImportNeed>), Refusal> {
    let at = draft.opening.at;
    let limits = super::pool::limits(draft);
    let opening = Opening::new(
        draft,
        limits,
        at.id.file,
        &super::pool::settings(pass, group),
        true,
    )?;
    let edits = rewritten(at, draft, &opening, limits.is_empty());
    let edits = edits.ok_or_else(|| {
        Refusal::new(
            Reason::ControlFlow,
            "the helper shares lines with other code: put it on lines of its own",
        )
    })?;
    let edits = wrapped(at, draft.opening.function, opening.sync()?, edits);
    Ok((edits, opening.needs(Some(paths::SYNC))))
}

/// The edits inside the body: the limits, in front of a return that hands the pool over.
fn rewritten(
    at: Declaration<'_>,
    draft: &Draft<'_>,
    opening: &Opening,
    adds_limits: bool,
) -> Option<Vec<Edit>> {
    let file = at.file();
    if !adds_limits || opening.limits.is_empty() {
        return Some(Vec::new());
    }
    let Some(uses) = &draft.own else {
        let statement = draft.opening.call.statement()?;
        let lines = opening.body(opening.local_name());
        let lines: Vec<&str> = lines
            .iter()
            .map(|line| line.strip_prefix('\t').unwrap_or(line))
            .collect();
        return Some(vec![edit::replace_statement(file, statement, &lines)?]);
    };
    let handed = *statements(draft.opening.function).last()?;
    let lines = opening.limit_lines(0, uses.returned.first()?.text());
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    Some(vec![edit::insert_before(file, handed, &lines)?])
}

/// `func open() (…) { … }` becomes `var open = sync.OnceValues(func() (…) { … })`.
fn wrapped(at: Declaration<'_>, function: Node<'_>, sync: &str, mut edits: Vec<Edit>) -> Vec<Edit> {
    let wrapper = match at.results_of(function).len() {
        1 => "OnceValue",
        _ => "OnceValues",
    };
    let result = function.field(Field::Result).map_or(function.end(), Node::start);
    let head = Span::new(function.start(), result);
    edits.push(Edit::replace(
        head,
        format!("var {} = {sync}.{wrapper}(func() ", at.decl().title()),
    ));
    edits.push(Edit::insert(function.end(), ")"));
    edits
}

/// The file that holds the helper.
pub fn file_of(draft: &Draft<'_>) -> FileId {
    draft.opening.at.id.file
}
