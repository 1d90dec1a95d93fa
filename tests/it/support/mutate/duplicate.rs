//! The same code twice, and generic functions.

use unleak::go::SourceFile;
use unleak::go::syntax::{Field, Kind};
use unleak::text::{Edit, Span};

use super::{Random, functions, group, span_of, text};

/// Gives a function type parameters that nothing can infer: it compiles where nothing calls it.
pub fn make_generic(file: &SourceFile, random: &mut Random) -> Option<Vec<Edit>> {
    let functions = functions(file);
    let function = random.pick(&functions)?;
    let is_plain = function.is(Kind::FunctionDeclaration) && function.field(Field::TypeParameters).is_none();
    let name = function.field(Field::Name).filter(|_| is_plain)?;
    let parameters = *random.pick(&[
        "[T any]",
        "[T comparable, E error]",
        "[E interface{ ~int | ~string }]",
    ])?;
    // A second one may take the place of the one that others call.
    let mut edits = match random.one_in(2) {
        true => vec![Edit::insert(name.end(), parameters)],
        false => return twin(file, function.span(), name.span(), parameters),
    };
    edits.dedup();
    Some(edits)
}

/// The function once more, under another name.
pub fn repeat_function(file: &SourceFile, random: &mut Random) -> Option<Vec<Edit>> {
    let functions = functions(file);
    let function = random.pick(&functions)?;
    twin(file, function.span(), function.field(Field::Name)?.span(), "")
}

fn twin(file: &SourceFile, function: Span, name: Span, parameters: &str) -> Option<Vec<Edit>> {
    let head = text(file, Span::new(function.start, name.end));
    let rest = text(file, Span::new(name.end, function.end));
    Some(vec![Edit::insert(
        function.end,
        format!("\n\n{head}Again{parameters}{rest}"),
    )])
}

/// Some statements once more: in a block of their own before or behind, or on another branch.
pub fn repeat_statements(file: &SourceFile, random: &mut Random) -> Option<Vec<Edit>> {
    let group = group(file, random)?;
    let span = span_of(&group)?;
    let again = text(file, span);
    Some(match random.below(5) {
        0 => vec![Edit::insert(span.start, format!("{{\n{again}\n}}\n"))],
        1 => vec![Edit::insert(span.end, format!("\n{{\n{again}\n}}"))],
        2 => vec![Edit::insert(
            span.start,
            format!("if len(\"x\") > 1 {{\n{again}\n}}\n"),
        )],
        3 => vec![Edit::insert(span.end, format!("\nfor range 2 {{\n{again}\n}}"))],
        _ => vec![Edit::insert(span.end, format!("\n{again}"))],
    })
}
