//! Code in more blocks, closures, loops and labels than it needs.

use unleak::go::SourceFile;
use unleak::go::syntax::{Field, Kind};
use unleak::text::{Edit, Span};

use super::{Random, functions, group, lists, span_of, text};

/// Puts the whole body of a function or literal into something that runs it once.
pub fn wrap_body(file: &SourceFile, random: &mut Random) -> Option<Vec<Edit>> {
    let functions = functions(file);
    let all: Vec<_> = functions
        .iter()
        .flat_map(|function| function.subtree())
        .filter(|node| node.is_function())
        .collect();
    let function = random.pick(&all)?;
    let body = function.field(Field::Body)?;
    let inner = Span::new(body.start() + 1, body.end() - 1);
    let result = function
        .field(Field::Result)
        .map(|result| text(file, result.span()));
    let (open, close) = match (random.below(8), result) {
        (0, None) => ("func() {".to_owned(), "}()"),
        (0, Some(result)) => (format!("return func() {result} {{"), "}()"),
        (1, None) => ("for range 1 {".to_owned(), "}"),
        (1, Some(_)) => ("for {".to_owned(), "}"),
        (2, _) => ("switch {\ndefault:".to_owned(), "}"),
        (3, _) => ("select {\ndefault:".to_owned(), "}"),
        (4, _) => ("again:\nif false {\ngoto again\n}\n{".to_owned(), "}"),
        (5, None) => ("if true {".to_owned(), "}"),
        (5, Some(result)) => (format!("run := func() {result} {{"), "}\nreturn run()"),
        (6, _) => (
            "outer:\nswitch {\ncase false:\nbreak outer\ndefault:".to_owned(),
            "}",
        ),
        _ => ("{".to_owned(), "}"),
    };
    Some(vec![
        Edit::insert(inner.start, format!("\n{open}")),
        Edit::insert(inner.end, format!("{close}\n")),
    ])
}

/// Puts some statements into a block of some kind. What they declare is then not to be seen below.
pub fn wrap_statements(file: &SourceFile, random: &mut Random) -> Option<Vec<Edit>> {
    let lists = lists(file);
    let list = random.pick(&lists)?;
    let first = random.below(list.len());
    // To the end of the list, which any declaration survives.
    let last = if random.one_in(2) { list.len() - 1 } else { first };
    let span = span_of(&list[first..=last])?;
    let (open, close) = *random.pick(&[
        ("{\n", "\n}"),
        ("if true {\n", "\n}"),
        ("if ok := true; ok {\n", "\n} else {\npanic(ok)\n}"),
        ("for range 1 {\n", "\n}"),
        ("for i := 0; i < 1; i++ {\n", "\n}"),
        ("func() {\n", "\n}()"),
        ("switch {\ndefault:\n", "\n}"),
        ("switch x := 1; x {\ncase 1:\n", "\n}"),
        ("select {\ndefault:\n", "\n}"),
        ("go func() {\n", "\n}()"),
        ("defer func() {\n", "\n}()"),
        ("here:\nfor range 1 {\nif false {\ncontinue here\n}\n", "\n}"),
    ])?;
    Some(vec![
        Edit::insert(span.start, open),
        Edit::insert(span.end, close),
    ])
}

/// A `goto` over some statements, legal as long as nothing is declared between.
pub fn jump_over(file: &SourceFile, random: &mut Random) -> Option<Vec<Edit>> {
    let group = group(file, random)?;
    let span = span_of(&group)?;
    if group.last().is_some_and(|last| last.is(Kind::ReturnStatement)) {
        return None;
    }
    Some(vec![
        Edit::insert(span.start, "if false {\ngoto end\n}\n"),
        Edit::insert(span.end, "\nend:\n"),
    ])
}
