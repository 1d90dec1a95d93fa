//! An error that nobody looks at: checked where the function has a way to report it.

use super::Unreleased;
use crate::go::Type;
use crate::go::syntax::{Field, Kind, Node};
use crate::rewrite;
use crate::text::Edit;

/// `x, _ := acquire()` ⇒ `x, err := acquire()` and `if err != nil { return …, err }`.
pub(super) struct Check<'a> {
    pub(super) statement: Node<'a>,
    /// The `_` gets a name.
    pub(super) naming: Edit,
    pub(super) lines: [String; 3],
}

/// The check that the function's own results allow. `None` where it has results and no error among them, or in a
/// loop, whose other turns may be wanted.
pub(super) fn check<'a>(site: &Unreleased<'a>) -> Option<Check<'a>> {
    let acquisition = &site.acquisition;
    let (at, statement) = (acquisition.at, acquisition.statement);
    let blank = statement.field(Field::Left)?.child(acquisition.yields.error?)?;
    if blank.text() != "_" || !statement.is(Kind::ShortVarDeclaration) || site.lifetime.repeats {
        return None;
    }
    let error = rewrite::fresh_local(at, &["err"]);
    let values = values(&at.results_of(acquisition.function), &error)?;
    if has_named_results(acquisition.function) {
        return None;
    }
    Some(Check {
        statement,
        naming: Edit::replace(blank.span(), error.clone()),
        lines: [
            format!("if {error} != nil {{"),
            format!("\treturn {values}").trim_end().to_owned(),
            "}".to_owned(),
        ],
    })
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
