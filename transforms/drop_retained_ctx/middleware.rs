//! The alternative: a middleware that only calls the next handler once its stores are gone can go as a whole,
//! with its registrations.

use super::flow::Store;
use crate::edit::{Removal, is_pure};
use crate::facts::paths;
use crate::frameworks::Handler;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, Declaration, Type};
use crate::transform::{Applicability, Fix, Pass};

use super::repair::is_private;

/// A place where the middleware is handed over, as a value.
type Mention<'a> = (Declaration<'a>, Node<'a>);

/// The fix that removes the middleware of this store, if it did nothing else and only `Use` names it.
pub fn without<'a>(pass: &Pass<'a>, store: &Store<'a>, removal: &Removal<'a>) -> Option<Fix> {
    let at = store.declaration;
    let handler = Handler::of(at, store.function)?;
    let mut whole = removal.clone();
    let mut only = left(removal, at, store.function).into_iter();
    let (Some(last), None) = (only.next(), only.next()) else {
        return None;
    };
    calls_next(&handler, last).then_some(())?;
    let (mentions, title) = match store.function.kind() {
        Kind::FuncLiteral if is_argument(store.function) => (
            vec![(at, store.function)],
            "Remove the middleware, which does nothing else".to_owned(),
        ),
        _ => {
            let (declared, values) = named(pass, &handler)?;
            whole.take(at, declared);
            (
                values,
                format!("Remove the middleware `{}`, which does nothing else", at.title()),
            )
        }
    };
    (!mentions.is_empty()).then_some(())?;
    for (at, mention) in mentions {
        whole.take(at, registration(at, mention)?);
    }
    whole.settle().ok()?;
    whole.take_orphans(&|name| is_private(pass, name));
    Some(Fix::new(title, Applicability::Safe, whole.into_rewrite().ok()?))
}

/// The statements of a function that stay.
fn left<'a>(removal: &Removal<'a>, at: Declaration<'a>, function: Node<'a>) -> Vec<Node<'a>> {
    let lists = function
        .field(Field::Body)
        .into_iter()
        .flat_map(Node::children)
        .filter(|node| node.is(Kind::StatementList));
    lists
        .flat_map(Node::children)
        .filter(|statement| !removal.covers(at, *statement))
        .collect()
}

/// `return c.Next()`, or `c.Next()` in v1.
fn calls_next(handler: &Handler<'_>, statement: Node<'_>) -> bool {
    let value = match statement.kind() {
        Kind::ReturnStatement => statement
            .child(0)
            .filter(|list| list.children().count() == 1)
            .and_then(|list| list.child(0)),
        Kind::ExpressionStatement => statement.child(0),
        _ => None,
    };
    let function = value
        .filter(|call| {
            call.is(Kind::CallExpression)
                && call
                    .field(Field::Arguments)
                    .is_some_and(|list| list.child(0).is_none())
        })
        .and_then(|call| call.field(Field::Function));
    let part = |field| function.and_then(|function| function.field(field));
    let on_context = part(Field::Operand)
        .is_some_and(|operand| handler.declaration.scopes().binding_of(operand) == handler.context);
    on_context && handler.context.is_some() && part(Field::Field).is_some_and(|name| name.text() == "Next")
}

fn is_argument(node: Node<'_>) -> bool {
    node.parent().is_some_and(|parent| parent.is(Kind::ArgumentList))
}

/// The function declaration that is or makes nothing but this middleware, with every place that hands it over.
fn named<'a>(pass: &Pass<'a>, handler: &Handler<'a>) -> Option<(Node<'a>, Vec<Mention<'a>>)> {
    let at = handler.declaration;
    let declared = at
        .function()
        .filter(|function| function.is(Kind::FunctionDeclaration))?;
    let is_factory = declared != handler.function;
    if !is_private(pass, at.decl().title()) || (is_factory && !only_returns(declared, handler.function)) {
        return None;
    }
    let mentions = pass.package.mentions(at.decl().title()).into_iter();
    let values = mentions.map(|(there, mention)| match is_factory {
        false => Some((there, mention)),
        true => {
            let call = mention
                .parent()
                .filter(|call| call.is(Kind::CallExpression) && mention.role() == Field::Function)?;
            let arguments = call.field(Field::Arguments)?;
            arguments
                .children()
                .all(|argument| is_pure(there, argument))
                .then_some((there, call))
        }
    });
    Some((declared, values.collect::<Option<Vec<_>>>()?))
}

/// Whether a factory's body is `return func(c …) { … }` and nothing more.
fn only_returns(factory: Node<'_>, literal: Node<'_>) -> bool {
    let returns = literal
        .parent()
        .and_then(Node::parent)
        .filter(|node| node.is(Kind::ReturnStatement));
    let list = returns
        .and_then(Node::parent)
        .filter(|list| list.children().count() == 1);
    list.and_then(Node::parent)
        .is_some_and(|body| Some(body) == factory.field(Field::Body))
}

/// What goes where `mention` is registered by `app.Use(…)`: the statement, or the argument beside other handlers.
fn registration<'a>(at: Declaration<'a>, mention: Node<'a>) -> Option<Node<'a>> {
    let arguments = mention.parent().filter(|list| list.is(Kind::ArgumentList))?;
    let call = arguments.parent().filter(|call| call.is(Kind::CallExpression))?;
    let statement = call.parent().filter(|node| node.is(Kind::ExpressionStatement))?;
    is_use(at, call).then_some(())?;
    let others: Vec<Node<'a>> = arguments
        .children()
        .filter(|argument| *argument != mention)
        .collect();
    // A prefix alone registers nothing.
    if others.iter().all(|argument| is_text(at, *argument)) {
        return Some(statement);
    }
    let is_first = arguments.child(0) == Some(mention);
    let others_serve =
        is_first || others.len() > 1 || others.iter().all(|argument| is_handler(at, *argument));
    others_serve.then_some(mention)
}

/// Whether an argument is a string; literals are, whatever the function called is.
fn is_text(at: Declaration<'_>, argument: Node<'_>) -> bool {
    let is_literal = matches!(
        argument.kind(),
        Kind::InterpretedStringLiteral | Kind::RawStringLiteral
    );
    is_literal || at.type_of(argument) == Type::basic("string")
}

/// Whether an argument of `Use` surely is a handler and no prefix.
fn is_handler(at: Declaration<'_>, argument: Node<'_>) -> bool {
    let is_constructor = matches!(at.function_meant(argument.field(Field::Function).unwrap_or(argument)),
        Callee::External { receiver: None, name, .. } if name == "New");
    matches!(at.type_of(argument), Type::Func(_)) || is_constructor
}

fn is_use(at: Declaration<'_>, call: Node<'_>) -> bool {
    match at.callee(call) {
        Callee::External {
            path,
            receiver: Some(receiver),
            name,
        } => {
            path.starts_with(paths::FIBER)
                && matches!(&*receiver, "App" | "Group" | "Router")
                && name == "Use"
        }
        _ => false,
    }
}
