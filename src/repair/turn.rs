//! One turn of a loop as a function of its own, so that what it defers runs when the turn ends.

use super::unreleased::Unreleased;
use super::{deferred, release};
use crate::analysis::{Acquisition, jump_target};
use crate::edit::wrap_block;
use crate::facts::paths;
use crate::frameworks::Version;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, Declaration, Usage};
use crate::text::Edit;
use crate::transform::{Fix, Reason, Refusal};

/// `for … { f, err := acquire() … }` ⇒ the same with the release deferred in a turn that is a function of its own.
///
/// `naming` gives the resource its name where it has none yet.
pub(super) fn deferred(site: &Unreleased<'_>, name: &str, naming: Vec<Edit>) -> Result<Fix, Refusal> {
    let refuse = || {
        let message =
            "a defer in this loop would run only when the function returns: move the body to a function";
        Refusal::new(Reason::InLoop, message)
    };
    let looped = loop_around(&site.acquisition).ok_or_else(refuse)?;
    let body = body_of(looped).ok_or_else(refuse)?;
    let mut mentions = site.lifetime.mentions.iter();
    if !mentions.all(|mention| body.contains(mention.node)) {
        return Err(refused(format!(
            "`{}` is used outside of the loop: release it there, and in the loop before it gets another value",
            site.held_name()
        )));
    }
    let fix = deferred::deferred(site, name, naming)?;
    let inner = fix
        .edits
        .iter()
        .flat_map(|(_, edits)| edits.iter().cloned())
        .collect();
    let edits = as_function(&site.acquisition, looped, &[], inner)?;
    let title = format!(
        "Make a turn of the loop a function that ends with its `{}`",
        site.subject()
    );
    let made = release::fix_of(site.acquisition.at, title, fix.applicability, edits).ok_or_else(refuse)?;
    Ok(Fix {
        imports: fix.imports,
        names: fix.names,
        ..made
    })
}

/// The innermost loop of the function whose body acquires.
pub(super) fn loop_around<'a>(acquisition: &Acquisition<'a>) -> Option<Node<'a>> {
    let statement = acquisition.statement;
    let mut around = statement
        .ancestors()
        .take_while(|node| *node != acquisition.function);
    around.find(|node| {
        node.is(Kind::ForStatement) && body_of(*node).is_some_and(|body| body.contains(statement))
    })
}

pub(super) fn body_of(looped: Node<'_>) -> Option<Node<'_>> {
    looped.field(Field::Body)
}

/// `for … { body }` ⇒ `for … { func() { body }() }`, with the edits of the body made along.
///
/// Everything in the body runs in the same order and sees the same names; only what it defers now runs at the end of
/// each turn. So nothing may leave the body but its end, a `continue`, which becomes `return`, and returns of errors
/// that are not nil, which the function hands on: `if err := func() error { body }(); err != nil { return err }`. And
/// it may defer nothing but `releases`.
pub(super) fn as_function(
    acquisition: &Acquisition<'_>,
    looped: Node<'_>,
    releases: &[Node<'_>],
    inner: Vec<Edit>,
) -> Result<Vec<Edit>, Refusal> {
    let body = body_of(looped).ok_or_else(|| refused("this loop has no body"))?;
    let returns: Vec<Node<'_>> = body
        .shallow_descendants()
        .filter(|node| node.is(Kind::ReturnStatement))
        .collect();
    let failures = match returns.first() {
        None => None,
        Some(_) => Some(Failures::of(acquisition, body, &returns).ok_or_else(|| leaves("return"))?),
    };
    let done = if failures.is_some() {
        "return nil"
    } else {
        "return"
    };
    let mut inner = inner;
    for node in body.shallow_descendants() {
        if goes_on(looped, body, node)? {
            inner.push(Edit::replace(node.span(), done));
        }
        if node.is(Kind::DeferStatement) && !releases.contains(&node) {
            return Err(refused(
                "the loop defers something else, too: move what one turn does to a function of its own",
            ));
        }
    }
    let file = acquisition.at.file();
    let wrapped = match &failures {
        None => wrap_block(file, body, "func() {", &["}()"], inner),
        Some(failures) => {
            inner.extend(returns.iter().filter_map(|statement| error_alone(*statement)));
            let close = failures.close();
            let close: Vec<&str> = close.iter().map(String::as_str).collect();
            wrap_block(file, body, "if err := func() error {", &close, inner)
        }
    };
    wrapped.ok_or_else(|| refused("the loop shares lines with other code: put its body on lines of its own"))
}

/// Whether `node` is a jump to the next turn. What leaves the loop is refused.
fn goes_on(looped: Node<'_>, body: Node<'_>, node: Node<'_>) -> Result<bool, Refusal> {
    match node.kind() {
        Kind::GotoStatement => Err(leaves("goto")),
        Kind::LabeledStatement => Err(refused(
            "a label stands in the loop: move what one turn does to a function of its own, and defer there",
        )),
        Kind::BreakStatement | Kind::ContinueStatement => match jump_target(node) {
            Some(target) if body.contains(target) => Ok(false),
            Some(target)
                if target == looped
                    && node.is(Kind::ContinueStatement)
                    && node.children().next().is_none() =>
            {
                Ok(true)
            }
            _ if node.is(Kind::BreakStatement) => Err(leaves("break")),
            _ => Err(leaves("continue")),
        },
        _ => Ok(false),
    }
}

/// Returns of a loop's body that all report an error, and nothing else.
struct Failures {
    /// What they return before it: `nil, `.
    before: String,
    /// Whether the body comes to its end.
    ends: bool,
}

impl Failures {
    fn of<'a>(acquisition: &Acquisition<'a>, body: Node<'a>, returns: &[Node<'a>]) -> Option<Failures> {
        let (at, function) = (acquisition.at, acquisition.function);
        let results = at.results_of(function);
        results.last().filter(|last| last.is_error())?;
        let is_named = function
            .field(Field::Result)
            .is_some_and(|list| list.children().any(|result| result.field(Field::Name).is_some()));
        let mut before: Option<String> = None;
        for statement in returns {
            let values: Vec<Node<'a>> = statement.children().flat_map(Node::children).collect();
            let (last, others) = values.split_last().filter(|_| values.len() == results.len())?;
            let fixed = others.iter().all(|value| is_fixed(*value));
            let texts: String = others.iter().map(|value| format!("{}, ", value.text())).collect();
            let same = before.get_or_insert_with(|| texts.clone()) == &texts;
            (fixed && same && is_failure(at, *last, *statement)).then_some(())?;
        }
        let list = body.children().find(|child| child.is(Kind::StatementList))?;
        let last = list.children().last()?;
        let ends = match last.kind() {
            Kind::ReturnStatement | Kind::ContinueStatement => false,
            // Whether these come to their end takes a closer look.
            Kind::ForStatement | Kind::SelectStatement | Kind::Block => return None,
            Kind::IfStatement if last.field(Field::Alternative).is_some() => return None,
            Kind::ExpressionSwitchStatement | Kind::TypeSwitchStatement => return None,
            _ => true,
        };
        (!is_named).then(|| Failures {
            before: before.unwrap_or_default(),
            ends,
        })
    }

    fn close(&self) -> Vec<String> {
        let done = self.ends.then(|| "\treturn nil".to_owned());
        let check = [
            "}(); err != nil {".to_owned(),
            format!("\treturn {}err", self.before),
            "}".to_owned(),
        ];
        done.into_iter().chain(check).collect()
    }
}

/// `return nil, err` ⇒ `return err`
fn error_alone(statement: Node<'_>) -> Option<Edit> {
    let list = statement.child(0)?;
    let last = list.children().last()?;
    (list.children().count() > 1).then(|| Edit::replace(list.span(), last.text()))
}

fn is_fixed(value: Node<'_>) -> bool {
    matches!(
        value.kind(),
        Kind::Nil | Kind::True | Kind::False | Kind::IntLiteral | Kind::InterpretedStringLiteral
    )
}

/// Whether the returned error is none that could be nil: a new one, or one that a check around has found.
fn is_failure(at: Declaration<'_>, value: Node<'_>, statement: Node<'_>) -> bool {
    let is_fiber = |path: &str| Version::ALL.iter().any(|version| version.import_path() == path);
    match value.kind() {
        Kind::Identifier => is_checked(at, value, statement),
        Kind::SelectorExpression => {
            let operand = value.field(Field::Operand);
            let path = operand.and_then(|operand| at.import_path_of(operand));
            let name = value.field(Field::Field).map_or("", Node::text);
            path.is_some_and(is_fiber) && name.starts_with("Err")
        }
        Kind::CallExpression => match at.callee(value) {
            Callee::External {
                path,
                receiver: None,
                name,
            } => match (path.as_str(), &*name) {
                (paths::ERRORS, "New") | (paths::FMT, "Errorf") => true,
                (path, "NewError") => is_fiber(path),
                _ => false,
            },
            _ => false,
        },
        _ => false,
    }
}

/// `if err != nil { … return err }`, with nothing between that gives `err` another value.
fn is_checked(at: Declaration<'_>, error: Node<'_>, statement: Node<'_>) -> bool {
    let Some(held) = at.scopes().binding_of(error) else {
        return false;
    };
    let Some(check) = statement.enclosing(Kind::IfStatement) else {
        return false;
    };
    let block = check
        .field(Field::Consequence)
        .filter(|block| block.contains(statement));
    let condition = check.field(Field::Condition).map(Node::unparenthesized);
    let asks = condition.is_some_and(|condition| {
        let side = |field| condition.field(field);
        condition.operator() == Some(Kind::NotEqual)
            && side(Field::Right).is_some_and(|right| right.is(Kind::Nil))
            && side(Field::Left).and_then(|left| at.scopes().binding_of(left)) == Some(held)
    });
    let mut uses = at.scopes().uses(held, at.tree());
    let changes = |node: Node<'_>| at.usage(node) != Usage::Read;
    asks && block.is_some_and(|block| !uses.any(|node| block.contains(node) && changes(node)))
}

fn leaves(word: &str) -> Refusal {
    refused(format!(
        "a `{word}` leaves the loop from within a turn: move what one turn does to a function that returns an error, and defer there"
    ))
}

fn refused(message: impl Into<String>) -> Refusal {
    Refusal::new(Reason::InLoop, message)
}
