//! Leaks that were none, and other shapes of the same paths.

use unleak::go::SourceFile;
use unleak::go::syntax::{Field, Kind, Node};
use unleak::text::{Edit, Span};

use super::{Random, functions, group, lists, span_of, text};

/// The lists of at least two statements, and a place before the last of one of them.
fn pair<'f>(file: &'f SourceFile, random: &mut Random) -> Option<(Vec<Node<'f>>, usize)> {
    let mut lists = lists(file);
    lists.retain(|list| list.len() > 1);
    let list = random.pick(&lists)?.clone();
    let at = random.below(list.len() - 1);
    Some((list, at))
}

/// Drops a call that stands alone, as `defer f.Close()` and `cancel()`. A name that nothing uses then becomes `_`.
pub fn drop_call(file: &SourceFile, random: &mut Random) -> Option<Vec<Edit>> {
    let calls: Vec<Node<'_>> = lists(file)
        .into_iter()
        .flatten()
        .filter(|node| matches!(node.kind(), Kind::DeferStatement | Kind::ExpressionStatement))
        .collect();
    let call = random.pick(&calls)?;
    let mut edits = vec![Edit::delete(call.span())];
    for decl in file
        .decls
        .iter()
        .filter(|decl| decl.span.start <= call.start() && call.end() <= decl.span.end)
    {
        let tree = file.tree(decl);
        for (_, binding) in file.scopes(decl).bindings() {
            let mut uses = binding.uses.iter().map(|&index| tree.node(index));
            let is_lost = !binding.uses.is_empty() && uses.all(|used| call.span().contains(used.span()));
            if is_lost {
                edits.push(Edit::replace(tree.node(binding.declared).span(), "_"));
            }
        }
    }
    Some(edits)
}

/// Some statements once more behind themselves, which assign what the first ones declare.
pub fn twice(file: &SourceFile, random: &mut Random) -> Option<Vec<Edit>> {
    let group = group(file, random)?;
    let span = span_of(&group)?;
    let mut again = String::new();
    let mut done = span.start;
    for statement in group
        .iter()
        .filter(|statement| statement.is(Kind::ShortVarDeclaration))
    {
        let (left, right) = (statement.field(Field::Left)?, statement.field(Field::Right)?);
        again.push_str(&text(file, Span::new(done, left.end())));
        again.push_str(" = ");
        done = right.start();
    }
    again.push_str(&text(file, Span::new(done, span.end)));
    Some(vec![Edit::insert(span.end, format!("\n{again}"))])
}

/// `x, err := f()` and the `if` behind it in one header, and the rest in its `else`.
pub fn into_header(file: &SourceFile, random: &mut Random) -> Option<Vec<Edit>> {
    let (list, at) = pair(file, random)?;
    let (declaration, check) = (list[at], list[at + 1]);
    let fits = matches!(
        declaration.kind(),
        Kind::ShortVarDeclaration | Kind::AssignmentStatement
    ) && check.is(Kind::IfStatement)
        && check.field(Field::Initializer).is_none()
        && check.field(Field::Alternative).is_none();
    if !fits {
        return None;
    }
    let condition = check.field(Field::Condition)?;
    let mut edits = vec![
        Edit::insert(declaration.start(), "if "),
        Edit::replace(Span::new(declaration.end(), condition.start()), "; "),
    ];
    edits.extend(else_rest(&list, at + 1));
    Some(edits)
}

fn else_rest(list: &[Node<'_>], at: usize) -> Vec<Edit> {
    match list.get(at + 1) {
        Some(next) => vec![
            Edit::replace(Span::new(list[at].end(), next.start()), " else {\n"),
            Edit::insert(list[list.len() - 1].end(), "\n}"),
        ],
        None => Vec::new(),
    }
}

/// What follows an `if` in its `else`.
pub fn into_else(file: &SourceFile, random: &mut Random) -> Option<Vec<Edit>> {
    let (list, at) = pair(file, random)?;
    let fits = list[at].is(Kind::IfStatement) && list[at].field(Field::Alternative).is_none();
    fits.then(|| else_rest(&list, at))
}

/// `if c { … }` as `switch { case c: … }`.
pub fn into_switch(file: &SourceFile, random: &mut Random) -> Option<Vec<Edit>> {
    let ifs: Vec<Node<'_>> = lists(file)
        .into_iter()
        .flatten()
        .filter(|node| node.is(Kind::IfStatement) && node.field(Field::Alternative).is_none())
        .collect();
    let check = random.pick(&ifs)?;
    let (condition, body) = (check.field(Field::Condition)?, check.field(Field::Consequence)?);
    let header = check
        .field(Field::Initializer)
        .map_or(String::new(), |header| format!("{};", text(file, header.span())));
    Some(vec![
        Edit::replace(
            Span::new(check.start(), condition.start()),
            format!("switch {header} {{\ncase "),
        ),
        Edit::replace(Span::new(condition.end(), body.start() + 1), ":"),
    ])
}

/// A function as a variable that holds it.
pub fn into_variable(file: &SourceFile, random: &mut Random) -> Option<Vec<Edit>> {
    let functions = functions(file);
    let function = random
        .pick(&functions)
        .filter(|function| function.is(Kind::FunctionDeclaration))?;
    let name = function.field(Field::Name)?;
    if function.field(Field::TypeParameters).is_some() || matches!(name.text(), "main" | "init") {
        return None;
    }
    let head = Span::new(function.start(), name.end());
    Some(vec![Edit::replace(head, format!("var {} = func", name.text()))])
}
