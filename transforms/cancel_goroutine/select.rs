//! The repair that lets a wait end with the request: a `select` with the context's end.

use memchr::memmem;

use super::guard::Guard;
use crate::analysis::launch::{Action, Party, Use, select_around};
use crate::edit::{self, ImportNeed, NewName, Rewrite};
use crate::facts::paths;
use crate::frameworks::ParentContext;
use crate::go::SourceFile;
use crate::go::syntax::{Field, Kind, Node};
use crate::text::{Conflict, Edit, Span};
use crate::transform::{Applicability, Fix, Reason, Refusal};

/// Ends the wait when the launching function returns:
///
/// ```text
///                         reqCtx, cancel := context.WithCancel(c.UserContext())
///                         defer cancel()
/// go func() {             go func() {
///     …               ⇒       …
///     ch <- v                 select {
///     …                       case ch <- v:
/// }()                         case <-reqCtx.Done():
///                                 return
///                             }
///                             …
/// ```
///
/// The other side of the channel is in the launching function alone: once that has returned, nobody can tell a
/// dropped item from one that was never taken. The work around the operation is neither cut short nor skipped,
/// since the new context is used in these arms and nowhere else.
pub fn fix(guard: Guard<'_, '_>) -> Result<Fix, Refusal> {
    check(guard)?;
    let mut rewrite = Rewrite::new();
    let context = Context::open(guard, &mut rewrite)?;
    let (declaration, _) = guard.worker();
    let mut selects: Vec<Node<'_>> = Vec::new();
    let mut lines: Vec<Node<'_>> = Vec::new();
    for (_, held) in guard.operations() {
        let edits = match select_around(held.name) {
            Some(select) if selects.contains(&select) => continue,
            Some(select) => {
                selects.push(select);
                context.add_arm(declaration.file(), select)?
            }
            None => match one_line_block(declaration.file(), held.name) {
                Some(block) if lines.contains(&block) => continue,
                Some(block) => {
                    lines.push(block);
                    context.lay_out(guard, block)?
                }
                None => context.wrap(guard, held)?,
            },
        };
        for edit in edits {
            rewrite.edit(declaration.id.file, edit).map_err(overlap)?;
        }
    }
    let verb = match guard.blocked.action {
        Action::Send => "Stop sending to",
        _ => "Stop waiting for",
    };
    let when = match guard.launch.handler() {
        Some(_) => "when the handler returns",
        None => "when the function returns",
    };
    let title = format!("{verb} {} {when}", guard.names());
    Ok(Fix::new(title, Applicability::Safe, rewrite))
}

/// What forbids a select where a buffer may still do.
fn check(guard: Guard<'_, '_>) -> Result<(), Refusal> {
    let (declaration, _) = guard.worker();
    let name = guard.names();
    let refuse = |reason, message: String| Err(Refusal::new(reason, message));
    if declaration != guard.launch.declaration {
        let message = format!(
            "{} is a function of its own: give it a context that is cancelled here, and select on it there",
            declaration.title()
        );
        return refuse(Reason::NeedsDecision, message);
    }
    if guard.is_awaited() {
        let message =
            "the function waits for this goroutine before it returns, so its return cannot end the goroutine";
        return refuse(Reason::HandlerWaits, message.to_owned());
    }
    if guard.feeds_stream() {
        let message =
            "the goroutine feeds the response body, which is written after the handler has returned";
        return refuse(Reason::FeedsStream, message.to_owned());
    }
    if let Some(queue) = guard.queue() {
        let message =
            format!("items may wait in {queue} when the function returns, and a select would drop them");
        return refuse(Reason::DropsQueuedWork, message);
    }
    if is_signalled(guard) {
        let message = format!(
            "{name} is closed on other paths, and the goroutine's work after that must not be cut off: close it on every path"
        );
        return refuse(Reason::WorkOutlivesHandler, message);
    }
    if let Some(duty) = guard.duty() {
        let message = format!("{} must run after the send as well: defer it first", duty.text());
        return refuse(Reason::ControlFlow, message);
    }
    Ok(())
}

/// Whether the launcher closes a channel that the goroutine waits for: a closed channel and a cancelled context are
/// both ready, and a select takes either.
fn is_signalled(guard: Guard<'_, '_>) -> bool {
    let mut awaited = guard
        .operations()
        .filter(|(_, held)| held.action == Action::Receive);
    awaited.any(|(channel, _)| {
        let mut uses = guard.launch.channels[channel].uses_of(Party::Launcher);
        uses.any(|held| held.action == Action::Close)
    })
}

fn overlap(_: Conflict) -> Refusal {
    Refusal::new(
        Reason::ControlFlow,
        "the operations are nested in each other: give each a statement of its own",
    )
}

/// The new context of the launching function.
struct Context {
    name: String,
}

impl Context {
    /// Makes the context at the head of the launching function, so that every goroutine below can see it.
    fn open(guard: Guard<'_, '_>, rewrite: &mut Rewrite) -> Result<Self, Refusal> {
        let launch = guard.launch;
        let declaration = launch.declaration;
        let taken = |name: &str| {
            Refusal::new(
                Reason::NameTaken,
                format!("the name {name} means something else here"),
            )
        };
        let crowded = || {
            let message = "the function stands on one line: put its statements on lines of their own first";
            Refusal::new(Reason::ControlFlow, message)
        };
        let body = launch.function.field(Field::Body).ok_or_else(crowded)?;
        let package = rewrite
            .package_at(declaration, paths::CONTEXT, body)
            .ok_or_else(|| taken(paths::CONTEXT))?;
        let wanted: &[&str] = match launch.handler() {
            Some(_) => &["reqCtx"],
            // A goroutine's own context must not hide that of the handler around it.
            None => &["waitCtx"],
        };
        let context = NewName::local(declaration, body, wanted);
        let stop = NewName::local(declaration, body, &["cancel", "cancelReq"]);
        let (name, cancel) = (context.name.clone(), stop.name.clone());
        [context, stop].into_iter().for_each(|new| rewrite.introduce(new));
        let made = format!(
            "{name}, {cancel} := {package}.WithCancel({})",
            parent(guard, &package)
        );
        let deferred = format!("defer {cancel}()");
        let file = declaration.file();
        let blank: &[&str] = if opens_with_blank(file, body) { &[] } else { &[""] };
        let lines = [&[made.as_str(), deferred.as_str()], blank].concat();
        let edit = edit::insert_at_start(file, body, &lines).ok_or_else(crowded)?;
        rewrite.edit(declaration.id.file, edit).map_err(overlap)?;
        rewrite.need(ImportNeed::Add(declaration.id.file, paths::CONTEXT.to_owned()));
        Ok(Context { name })
    }

    fn arm(&self, indent: &str, unit: &str) -> String {
        format!("case <-{}.Done():\n{indent}{unit}return\n{indent}", self.name)
    }

    /// The arm beside `statement`; it has nothing to do where a bare return follows anyway.
    fn arm_beside(&self, statement: Node<'_>, indent: &str, unit: &str) -> String {
        let list = statement.parent().into_iter().flat_map(Node::children);
        let next = list.skip_while(|other| *other != statement).nth(1);
        let returns = next.is_some_and(|next| next.is(Kind::ReturnStatement) && next.child(0).is_none());
        match returns {
            true => format!("case <-{}.Done():\n{indent}", self.name),
            false => self.arm(indent, unit),
        }
    }

    /// A further arm at the end of a select.
    fn add_arm(&self, file: &SourceFile, select: Node<'_>) -> Result<Vec<Edit>, Refusal> {
        check_results(select)?;
        let brace = select.end() - 1;
        let indent = edit::indentation(file, brace);
        let own_line = file.source[..brace].ends_with(format!("\n{indent}").as_bytes());
        if !own_line {
            return Err(unfit(select));
        }
        Ok(vec![Edit::insert(
            brace,
            self.arm(indent, edit::indentation_unit(file)),
        )])
    }

    /// The statement of an operation becomes the arm of a select.
    fn wrap(&self, guard: Guard<'_, '_>, held: &Use<'_>) -> Result<Vec<Edit>, Refusal> {
        let file = guard.launch.declaration.file();
        let shape = Shape::of(guard, held)?;
        let statement = shape.statement;
        let indent = edit::indentation(file, statement.start());
        let unit = edit::indentation_unit(file);
        let head = format!(
            "{}select {{\n{indent}case {}",
            shape.declared(&format!("\n{indent}")),
            shape.left
        );
        let replaced = Span::new(statement.start(), shape.operation.start());
        let tail = format!("\n{indent}{}}}", self.arm_beside(statement, indent, unit));
        let rest = comment_behind(&file.source, statement.end());
        let mut edits = vec![Edit::replace(replaced, head)];
        match rest.is_empty() {
            true => edits.push(Edit::insert(statement.end(), format!(":{tail}"))),
            // A comment on the line stays beside the operation.
            false => edits.extend([
                Edit::insert(statement.end(), ":"),
                Edit::insert(statement.end() + rest.len(), tail),
            ]),
        }
        Ok(edits)
    }

    /// A function body on one line, laid out with its operations in selects.
    fn lay_out(&self, guard: Guard<'_, '_>, block: Node<'_>) -> Result<Vec<Edit>, Refusal> {
        let file = guard.launch.declaration.file();
        let unit = edit::indentation_unit(file);
        let outer = edit::indentation(file, block.start());
        let indent = format!("{outer}{unit}");
        let statements = block.children().flat_map(Node::children);
        let mut text = String::from("{");
        for statement in statements {
            let operation = guard
                .operations()
                .find(|(_, held)| held.name.statement() == Some(statement));
            let line = match operation {
                Some((_, held)) => {
                    let shape = Shape::of(guard, held)?;
                    let declared = shape.declared(&format!("\n{indent}"));
                    let arm = self.arm(&indent, unit);
                    format!(
                        "{declared}select {{\n{indent}case {}{}:\n{indent}{arm}}}",
                        shape.left,
                        shape.operation.text()
                    )
                }
                None => statement.text().to_owned(),
            };
            text.push_str(&format!("\n{indent}{line}"));
        }
        text.push_str(&format!("\n{outer}}}"));
        Ok(vec![Edit::replace(block.span(), text)])
    }
}

/// The parent of the new context. Where the launcher would wait in vain for a goroutine that ended early, nothing
/// but the launcher's return may end it.
fn parent(guard: Guard<'_, '_>, package: &str) -> String {
    let background = format!("{package}.Background()");
    let Some(handler) = guard.launch.handler().filter(|_| guard.launcher_can_give_up()) else {
        return background;
    };
    let module = guard.launch.declaration.package.module.as_deref();
    match (ParentContext::of(handler.version, module), handler.context_name()) {
        (ParentContext::UserContext, Some(name)) => format!("{name}.UserContext()"),
        (ParentContext::Context, Some(name)) => format!("{name}.Context()"),
        _ => background,
    }
}

/// A statement that does nothing but one channel operation.
struct Shape<'a> {
    statement: Node<'a>,
    /// What the arm waits for, without its left side.
    operation: Node<'a>,
    /// The left side of the arm: `v, ok = `.
    left: String,
    /// Names that the statement declared, with their types.
    new: Vec<(&'a str, &'a str)>,
}

impl<'a> Shape<'a> {
    fn of(guard: Guard<'a, '_>, held: &Use<'a>) -> Result<Self, Refusal> {
        let statement = held.name.statement().ok_or_else(|| unfit(held.name))?;
        let operation = held.operation().ok_or_else(|| unfit(statement))?;
        check_results(statement)?;
        let mut shape = Shape {
            statement,
            operation,
            left: String::new(),
            new: Vec::new(),
        };
        match statement.kind() {
            Kind::SendStatement if statement == operation => {}
            Kind::ExpressionStatement if statement.child(0) == Some(operation) => {}
            Kind::AssignmentStatement if statement.operator() == Some(Kind::Assign) => shape.assign(guard)?,
            Kind::ShortVarDeclaration => shape.assign(guard)?,
            _ => return Err(unfit(statement)),
        }
        Ok(shape)
    }

    /// Takes over the left side; what `:=` declares needs a type.
    fn assign(&mut self, guard: Guard<'a, '_>) -> Result<(), Refusal> {
        let statement = self.statement;
        let (Some(left), Some(right)) = (statement.field(Field::Left), statement.field(Field::Right)) else {
            return Err(unfit(statement));
        };
        if right.child(0) != Some(self.operation) || right.child(1).is_some() {
            return Err(unfit(statement));
        }
        self.left = format!("{} = ", left.text());
        if !statement.is(Kind::ShortVarDeclaration) {
            return Ok(());
        }
        let scopes = guard.launch.declaration.scopes();
        for (at, name) in left.children().enumerate() {
            let declares = scopes
                .binding_of(name)
                .is_some_and(|id| scopes.get(id).declared == name.index());
            if declares {
                let of = if at == 0 { self.element(guard)? } else { "bool" };
                self.new.push((name.text(), of));
            }
        }
        Ok(())
    }

    /// The items' type as the `make` says it, where that means the same at the statement.
    fn element(&self, guard: Guard<'a, '_>) -> Result<&'a str, Refusal> {
        let declaration = guard.launch.declaration;
        let unknown = || {
            let message = "the type of the received value is not visible here: declare its variable first";
            Refusal::new(Reason::TypeUnknown, message)
        };
        let mut operations = guard.operations();
        let channel = operations.find(|(_, held)| held.operation() == Some(self.operation));
        let (channel, _) = channel.ok_or_else(unknown)?;
        let element = guard.launch.channels[channel].element().ok_or_else(unknown)?;
        let scopes = declaration.scopes();
        let same = |name: Node<'a>| scopes.visible(name.text(), self.statement) == scopes.binding_of(name);
        let mut names = element.subtree().filter(|inner| {
            matches!(
                inner.kind(),
                Kind::Identifier | Kind::TypeIdentifier | Kind::PackageIdentifier
            )
        });
        match names.all(same) && !element.text().contains('\n') {
            true => Ok(element.text()),
            false => Err(unknown()),
        }
    }

    /// `var v T` for each new name, each followed by `end`.
    fn declared(&self, end: &str) -> String {
        let lines = self.new.iter().map(|(name, of)| format!("var {name} {of}{end}"));
        lines.collect()
    }
}

/// A bare return must do.
fn check_results(node: Node<'_>) -> Result<(), Refusal> {
    let function = node.enclosing_function();
    match function.and_then(|function| function.field(Field::Result)) {
        None => Ok(()),
        Some(_) => Err(Refusal::new(
            Reason::ControlFlow,
            "the goroutine's function has results: decide what it returns when its request is over",
        )),
    }
}

fn unfit(node: Node<'_>) -> Refusal {
    let line = node.text().lines().next().unwrap_or_default();
    let message =
        format!("`{line}` does more than this one operation: give the operation a statement of its own");
    Refusal::new(Reason::ControlFlow, message)
}

/// The body around `name`, where that stands on one line.
fn one_line_block<'a>(file: &SourceFile, name: Node<'a>) -> Option<Node<'a>> {
    let block = name.enclosing(Kind::Block)?;
    let plain = |inner: Node<'_>| !inner.is(Kind::Comment);
    let single = !block.span().of(&file.source).contains(&b'\n');
    (single && block.descendants().all(plain)).then_some(block)
}

/// The comment that ends a line, with the blanks before it; empty where more code stands there.
fn comment_behind(source: &[u8], offset: usize) -> &[u8] {
    let rest = source.get(offset..).unwrap_or_default();
    let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.trim_ascii_end();
    let text = line.trim_ascii_start();
    let is_block = || text.starts_with(b"/*") && memmem::find(text, b"*/") == Some(text.len() - 2);
    match text.starts_with(b"//") || is_block() {
        true => line,
        false => b"",
    }
}

fn opens_with_blank(file: &SourceFile, body: Node<'_>) -> bool {
    let behind = file.source.get(body.start() + 1..).unwrap_or_default();
    let mut lines = behind.split(|byte| *byte == b'\n').skip(1);
    lines.next().is_some_and(|line| line.trim_ascii().is_empty())
}

#[cfg(test)]
mod tests {
    use super::comment_behind;

    #[test]
    fn code_behind_an_operation_is_no_comment() {
        let behind = |rest: &str| String::from_utf8(comment_behind(rest.as_bytes(), 0).to_vec()).unwrap();
        assert_eq!(behind(" // why\nnext()"), " // why");
        assert_eq!(behind(" /* why */ \n"), " /* why */");
        for code in [
            "; log()",
            " /* why */; log()",
            " }()",
            " /* why\nnot */",
            "\n// next",
        ] {
            assert_eq!(behind(code), "", "{code}");
        }
    }
}
