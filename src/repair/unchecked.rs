//! An error that nobody looks at: checked where the function has a way to report it.

use super::unreleased::Unreleased;
use crate::analysis::Handle;
use crate::edit::NewName;
use crate::go::cfg::Point;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Type, Usage};
use crate::text::Edit;

/// `x, _ := acquire()` ⇒ `x, err := acquire()` and `if err != nil { return …, err }`.
pub(super) struct Check<'a> {
    pub(super) statement: Node<'a>,
    /// The `_` gets a name.
    pub(super) naming: Edit,
    /// Where no error of the function could be used.
    pub(super) new: Option<NewName>,
    pub(super) lines: [String; 3],
}

/// The check that the function's own results allow. `None` where it has results and no error among them, or in a
/// loop, whose other turns may be wanted.
pub(super) fn check<'a>(site: &Unreleased<'a>) -> Option<Check<'a>> {
    let acquisition = &site.acquisition;
    let (at, statement) = (acquisition.at, acquisition.statement);
    let blank = statement.field(Field::Left)?.child(acquisition.yields.error?)?;
    if blank.text() != "_" || site.lifetime.repeats {
        return None;
    }
    let (error, new) = match statement.kind() {
        Kind::ShortVarDeclaration => match idle_error(site).filter(|error| is_beside(site, error)) {
            Some(error) => (error.to_owned(), None),
            None => {
                let new = NewName::local(at, statement, &["err"]).shared();
                (new.name.clone(), Some(new))
            }
        },
        Kind::AssignmentStatement => (idle_error(site)?.to_owned(), None),
        _ => return None,
    };
    let values = values(&at.results_of(acquisition.function), &error)?;
    if has_named_results(acquisition.function) {
        return None;
    }
    Some(Check {
        statement,
        naming: Edit::replace(blank.span(), error.clone()),
        new,
        lines: [
            format!("if {error} != nil {{"),
            format!("\treturn {values}").trim_end().to_owned(),
            "}".to_owned(),
        ],
    })
}

/// The error of the function itself that `x, _ = acquire()` may use: nobody reads what it holds by then.
fn idle_error<'a>(site: &Unreleased<'a>) -> Option<&'a str> {
    let (at, function, flow) = (
        site.acquisition.at,
        site.acquisition.function,
        &site.lifetime.flow,
    );
    let binding = at.scopes().visible("err", site.acquisition.statement)?;
    let held = at.scopes().get(binding);
    let is_own = held.function == function.index() && at.type_of_binding(binding).is_error();
    let mut uses = at.scopes().uses(binding, at.tree());
    let is_plain = uses.all(|node| {
        matches!(at.usage(node), Usage::Read | Usage::Write) && node.enclosing_function() == Some(function)
    });
    let points = |usage: Usage| {
        let uses = at.scopes().uses(binding, at.tree());
        let chosen = uses.filter(|node| at.usage(*node) == usage);
        chosen.filter_map(|node| flow.point_of(node)).collect::<Vec<_>>()
    };
    let (reads, writes) = (points(Usage::Read), points(Usage::Write));
    let is_at = |points: &[Point], node: Node<'a>| flow.point_of(node).is_some_and(|at| points.contains(&at));
    let start = flow.point_of(site.acquisition.call)?;
    let is_read = flow.reaches(
        start.after(),
        |node| is_at(&reads, node) && !is_at(&writes, node),
        |node| is_at(&writes, node),
    );
    (is_own && is_plain && !is_read).then_some(&held.name)
}

/// Whether `:=` would take this name up, and not declare another.
fn is_beside(site: &Unreleased<'_>, error: &str) -> bool {
    let scopes = site.acquisition.at.scopes();
    let known = scopes.visible(error, site.acquisition.statement);
    match (site.acquisition.handle, known) {
        (Handle::Local(held), Some(error)) => scopes.get(held).block == scopes.get(error).block,
        _ => false,
    }
}

/// What the function returns with this error: nothing where it has no results.
fn values(results: &[Type], error: &str) -> Option<String> {
    let Some((last, others)) = results.split_last() else {
        return Some(String::new());
    };
    let zeros: Option<Vec<&str>> = others.iter().map(zero).collect();
    let mut values = zeros?;
    values.push(error);
    last.is_error().then(|| values.join(", "))
}

/// The zero value, for types of which it can be written down without their name.
fn zero(of: &Type) -> Option<&'static str> {
    let basic = [
        ("string", "\"\""),
        ("bool", "false"),
        ("error", "nil"),
        ("any", "nil"),
    ];
    match of {
        Type::Pointer(_) | Type::Slice(_) | Type::Map(..) | Type::Func(..) | Type::Chan(..) => Some("nil"),
        Type::Interface(_) => Some("nil"),
        _ if of.is_error() => Some("nil"),
        _ => {
            let found = basic.iter().find(|(name, _)| *of == Type::basic(name));
            let number = || {
                [
                    "int", "int8", "int16", "int32", "int64", "uint", "uint64", "float64",
                ]
                .iter()
            };
            let is_number = || number().any(|name| *of == Type::basic(name));
            found.map(|(_, zero)| *zero).or(is_number().then_some("0"))
        }
    }
}

fn has_named_results(function: Node<'_>) -> bool {
    let results = function.field(Field::Result).into_iter().flat_map(Node::children);
    results
        .into_iter()
        .any(|result| result.field(Field::Name).is_some())
}
