//! Counts the goroutines of a `sync.WaitGroup` where they start.
//!
//! All in this file: an `Add` that the goroutine itself calls moves in front of the `go` statement.
//!
//! The page for users is explain.md.

use std::sync::Arc;

use crate::analysis::endless::Turning;
use crate::analysis::launch::{Launch, Party, waited_group};
use crate::config::Config;
use crate::edit::{self, Rewrite};
use crate::facts::paths;
use crate::go::Declaration;
use crate::go::syntax::{Field, Kind, Node};
use crate::text::Span;
use crate::transform::{
    Applicability, Confidence, Family, Finding, Fix, Pass, Reason, Refusal, Related, Remedy, Rule, Severity,
    Transform,
};

/// Counts the goroutines of a `sync.WaitGroup` where they start.
pub struct CountGoroutines;

/// A group that is told of more goroutines than start.
pub struct Site<'a> {
    declaration: Declaration<'a>,
    /// `wg.Add(len(items))`
    add: Node<'a>,
    group: &'a str,
    /// The loop over the items.
    looped: Node<'a>,
    /// The statement that starts a goroutine in each turn that comes so far.
    start: Node<'a>,
    wait: Node<'a>,
}

impl Transform for CountGoroutines {
    type Site<'a> = Site<'a>;

    fn name(&self) -> &'static str {
        "count_goroutines"
    }

    fn page(&self) -> &'static str {
        include_str!("explain.md")
    }

    fn rules(&self, _config: &Config) -> Vec<Arc<Rule>> {
        vec![rule()]
    }

    fn needles(&self, _config: &Config) -> Vec<String> {
        vec![".Add(len(".to_owned()]
    }

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<Site<'a>> {
        pass.candidates(&self.needles(pass.config))
            .flat_map(sites)
            .collect()
    }

    fn finding(&self, _pass: &Pass<'_>, site: &Site<'_>) -> Finding {
        let at = site.declaration;
        let keyword = Span::new(
            site.start.start(),
            (site.start.start() + "go".len()).min(site.start.end()),
        );
        let related = |span, message: &str| Related {
            place: at.place_of(span),
            message: message.to_owned(),
        };
        Finding {
            rule: rule(),
            place: at.place(site.add),
            message: format!(
                "{} counts every item here, and some turns of the loop start no goroutine: the wait behind it never ends",
                site.group
            ),
            confidence: Confidence::High,
            function: Some(at.title()),
            related: vec![
                related(keyword, "some turns of the loop go on without coming here"),
                related(site.wait.span(), "waits here for those, too"),
            ],
        }
    }

    fn fix(&self, _pass: &Pass<'_>, site: &Site<'_>) -> Remedy {
        count_at_start(site).map(|fix| vec![fix])
    }
}

fn rule() -> Arc<Rule> {
    Rule::new(
        "count_goroutines",
        "overcounted-group",
        "A wait group counts goroutines that never start",
        Family::Goroutine,
        Severity::High,
        Applicability::Safe,
    )
}

/// Counts each goroutine directly before it starts:
///
/// ```text
/// wg.Add(len(items))
/// for _, item := range items {        for _, item := range items {
///     if !item.ok {                       if !item.ok {
///         continue                ⇒           continue
///     }                                   }
///     go func() { … }()                   wg.Add(1)
/// }                                       go func() { … }()
/// wg.Wait()                           }
///                                     wg.Wait()
/// ```
///
/// The group counts as many goroutines as will tell it that they are done, and all of them before the wait.
fn count_at_start(site: &Site<'_>) -> Result<Fix, Refusal> {
    let refuse = |message: &str| Err(Refusal::new(Reason::ControlFlow, message));
    if site.is_used_otherwise() {
        return refuse(
            "the group is counted or waited for in other places as well: count where each goroutine starts",
        );
    }
    let file = site.declaration.file();
    let crowded = edit::has_comments_around(file, site.start);
    let lines = edit::moved_lines(site.add, &format!("{}.Add(1)", site.group), crowded, &|_| false);
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let edits = edit::delete_with_comments(file, site.add).zip(edit::insert_above(file, site.start, &lines));
    let Some((delete, insert)) = edits else {
        return refuse("other code stands on the line: give the count and the start lines of their own");
    };
    let mut rewrite = Rewrite::new();
    let id = site.declaration.id.file;
    let overlap = |_| Refusal::new(Reason::ControlFlow, "the statements overlap");
    rewrite.edit(id, delete).map_err(overlap)?;
    rewrite.edit(id, insert).map_err(overlap)?;
    let title = format!("Count a goroutine of {} when it starts", site.group);
    Ok(Fix::new(title, Applicability::Safe, rewrite))
}

/// The overcounted groups of a declaration.
fn sites(declaration: Declaration<'_>) -> Vec<Site<'_>> {
    let calls = declaration
        .tree()
        .root()
        .subtree()
        .filter(|node| node.is(Kind::CallExpression));
    calls.filter_map(|call| site(declaration, call)).collect()
}

fn site<'a>(declaration: Declaration<'a>, call: Node<'a>) -> Option<Site<'a>> {
    let (group, items) = counted(declaration, call)?;
    let add = call
        .statement()
        .filter(|statement| statement.is(Kind::ExpressionStatement))?;
    let function = add.enclosing_function()?;
    let mut later = add.parent()?.children().skip_while(|statement| *statement != add);
    let looped = later.find(|statement| ranges_over(*statement, items))?;
    let launch = Launch::around(declaration, function);
    let mut starts = (0..launch.workers.len()).filter(|at| looped.contains(launch.workers[*at].start));
    let only = starts.next().filter(|_| starts.next().is_none())?;
    let start = launch.workers[only].start;
    let counted = start.is(Kind::GoStatement) && launch.tells_done(only, group);
    let (_, body) = launch.home(Party::Worker(only));
    let statement = start
        .statement()
        .filter(|statement| counted && *statement == start && body != function)?;
    let passes = |node: Node<'a>| node.contains(start) || may_tell_done(node, group);
    let turning = Turning::of(declaration, function, looped)?;
    turning.has_turn_without(&passes, false).then_some(())?;
    let mut waits = later.filter(|statement| waited_group(*statement) == Some(group));
    Some(Site {
        declaration,
        add,
        group,
        looped,
        start: statement,
        wait: waits.next()?,
    })
}

/// `wg` and `items` of `wg.Add(len(items))`.
fn counted<'a>(declaration: Declaration<'a>, call: Node<'a>) -> Option<(&'a str, &'a str)> {
    let function = call.field(Field::Function)?;
    (function.field(Field::Field)?.text() == "Add").then_some(())?;
    declaration
        .callee(call)
        .is_method(paths::SYNC, "WaitGroup", "Add")
        .then_some(())?;
    let length = call.field(Field::Arguments)?.child(0)?;
    let measures = length.field(Field::Function)?.text() == "len";
    let items = length.field(Field::Arguments)?.child(0).filter(|_| measures)?;
    Some((function.field(Field::Operand)?.text(), items.text()))
}

fn ranges_over(statement: Node<'_>, items: &str) -> bool {
    let range = statement.children().find(|child| child.is(Kind::RangeClause));
    let over = range.and_then(|range| range.field(Field::Right));
    statement.is(Kind::ForStatement) && over.is_some_and(|over| over.text() == items)
}

/// Whether `node` may count one down: it mentions the group, also in a literal, or calls something of the value that
/// holds it.
fn may_tell_done(node: Node<'_>, group: &str) -> bool {
    let owner = group.split_once('.').map(|(owner, _)| owner);
    let hands_over = |call: Node<'_>| {
        let operand = call
            .field(Field::Function)
            .and_then(|function| function.field(Field::Operand));
        let arguments = call.field(Field::Arguments).into_iter().flat_map(Node::children);
        operand
            .into_iter()
            .chain(arguments)
            .any(|part| Some(part.text()) == owner)
    };
    node.subtree()
        .any(|part| part.text() == group || (part.is(Kind::CallExpression) && hands_over(part)))
}

fn is_on_group(call: Node<'_>, group: &str, methods: &[&str]) -> bool {
    let function = call.field(Field::Function);
    let name = function
        .and_then(|function| function.field(Field::Field))
        .map_or("", Node::text);
    let operand = function
        .and_then(|function| function.field(Field::Operand))
        .map_or("", Node::text);
    operand == group && methods.contains(&name)
}

impl Site<'_> {
    /// Whether anything but this count, the goroutine and one later wait concerns the group.
    fn is_used_otherwise(&self) -> bool {
        let Some(function) = self.add.enclosing_function() else {
            return true;
        };
        let calls = function
            .descendants()
            .filter(|node| node.is(Kind::CallExpression));
        let mut others = calls.filter(|call| {
            let counts = is_on_group(*call, self.group, &["Add", "Go", "Wait"]);
            counts && !self.add.contains(*call) && !self.wait.contains(*call)
        });
        others.next().is_some() || self.looped.contains(self.wait)
    }
}
