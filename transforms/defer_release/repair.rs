//! The edits: a deferred release behind the error check, or a release before each return that leaks.

use super::Site;
use super::spot::{self, Spot, following};
use crate::fiber::Version;
use crate::go::cfg::Exit;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, SourceFile, Usage};
use crate::leak::{Effect, Handle, Keep, Lost};
use crate::rewrite::{self, Rewrite};
use crate::text::{Conflict, Edit, Span};
use crate::transform::{Applicability, Fix, Reason, Refusal};

/// What repairs `site`, or why nothing does.
pub(super) fn fixes(site: &Site<'_>) -> Result<Vec<Fix>, Refusal> {
    let fix = match site.acquisition.handle {
        Handle::Local(_) => held(site),
        _ => named(site),
    };
    fix.map(|fix| vec![fix])
}

/// A resource that a name holds: deferred where it stays in the function, else released before each leaking return.
fn held(site: &Site<'_>) -> Result<Fix, Refusal> {
    if !site.is_certain() {
        return Err(unseen(site));
    }
    if is_reassigned(site) {
        let message = format!(
            "`{}` holds several in turn: give each a name of its own",
            site.held_name()
        );
        return Err(Refusal::new(Reason::Reassigned, message));
    }
    match obstacle(site) {
        None => deferred(site, site.held_name(), None),
        Some(refusal) => released_at_exits(site).ok_or(refusal),
    }
}

fn unseen(site: &Site<'_>) -> Refusal {
    let (subject, verb) = (site.subject(), &site.acquisition.resource.verb);
    let message =
        format!("`{subject}` is handed to code that cannot be seen here: check that it is {verb} there");
    Refusal::new(Reason::Escapes, message)
}

/// Why a defer would be wrong.
fn obstacle(site: &Site<'_>) -> Option<Refusal> {
    let subject = site.subject();
    let mut effects = site.lifetime.mentions.iter().map(|mention| mention.effect);
    let kept = effects.clone().find_map(|effect| match effect {
        Effect::Keep(keep) => Some(keep),
        _ => None,
    });
    let refuse = |reason, message: String| Some(Refusal::new(reason, message));
    match kept {
        Some(Keep::Returned) => refuse(
            Reason::Returned,
            format!("`{subject}` is returned on another path: release it only where it is not handed over"),
        ),
        Some(Keep::Goroutine | Keep::Closure) => refuse(
            Reason::Escapes,
            format!("`{subject}` is used by a goroutine or closure that may outlive the function"),
        ),
        Some(Keep::Stored | Keep::Passed) => refuse(
            Reason::Escapes,
            format!("`{subject}` is kept elsewhere on another path: release it only where it is not"),
        ),
        None if effects.any(|effect| matches!(effect, Effect::Unknown | Effect::Lent)) => Some(unseen(site)),
        None if site.lifetime.repeats => refuse(
            Reason::InLoop,
            "a defer in this loop would run only when the function returns: move the body to a function"
                .to_owned(),
        ),
        None => None,
    }
}

/// Whether the name gets a value anywhere else.
fn is_reassigned(site: &Site<'_>) -> bool {
    let at = site.acquisition.at;
    let Handle::Local(binding) = site.acquisition.handle else {
        return false;
    };
    let held = at.scopes().get(binding);
    let origin = at.tree().node(held.origin);
    let declared_empty = origin.is(Kind::VarSpec) && origin.field(Field::Value).is_none();
    let declared_here = site.acquisition.statement.contains(at.tree().node(held.declared));
    let written = |node: Node<'_>| {
        matches!(at.usage(node), Usage::Write | Usage::Address) && !site.acquisition.statement.contains(node)
    };
    !(declared_here || declared_empty) || at.scopes().uses(binding, at.tree()).any(written)
}

/// `x, err := acquire(); if err != nil { return … }` ⇒ the same with `defer x.Close()` behind it.
///
/// The defer runs when the function is left, on the paths that released nothing so far; a second release of these
/// resources does nothing. The check has proven that the resource is there. Where the function already defers the
/// release further down, behind a return that leaks, that defer moves up.
fn deferred(site: &Site<'_>, name: &str, naming: Option<Edit>) -> Result<Fix, Refusal> {
    let (at, resource) = (site.acquisition.at, site.acquisition.resource);
    let spot = spot::find(site)?;
    let release = resource
        .release_of(name)
        .ok_or_else(|| Refusal::new(Reason::NeedsDecision, "no method is known that releases it"))?;
    let late = late_defer(site, spot);
    let line = match late {
        Some(late) => late.text().to_owned(),
        None => deferred_line(at.file(), &release),
    };
    let obsolete = obsolete_releases(site, spot, late);
    if !resource.idempotent && obsolete.len() != other_releases(site) {
        let message = "it is released on some paths, and a second release would do harm";
        return Err(Refusal::new(Reason::ControlFlow, message));
    }
    let edits = naming
        .into_iter()
        .chain(inserted(at.file(), spot, name, &line))
        .chain(obsolete.into_iter().map(|(_, edit)| edit));
    let shares_line = || {
        Refusal::new(
            Reason::ControlFlow,
            "the place for the defer shares its line with other code",
        )
    };
    let mut rewrite = Rewrite::new();
    let mut inserts = 0;
    for edit in edits {
        inserts += usize::from(edit.span.is_empty());
        rewrite.edit(at.id.file, edit).map_err(|Conflict| shares_line())?;
    }
    match inserts {
        0 => Err(shares_line()),
        _ => Ok(Fix::new(title(site, name), Applicability::Safe, rewrite)),
    }
}

fn title(site: &Site<'_>, name: &str) -> String {
    let resource = site.acquisition.resource;
    let subject = match &resource.part {
        Some(part) => format!("{name}.{part}"),
        None => name.to_owned(),
    };
    match resource.release.first().map(String::as_str) {
        Some("Rollback") => format!("Roll back `{subject}` when the function returns without a commit"),
        Some("Close") => format!("Close `{subject}` when the function returns"),
        _ => format!("Release `{subject}` when the function returns"),
    }
}

fn inserted(file: &SourceFile, spot: Spot<'_>, name: &str, line: &str) -> Option<Edit> {
    let guarded = |statement, guard: String| {
        rewrite::insert_after(file, statement, &[&guard, &format!("\t{line}"), "}"])
    };
    match spot {
        Spot::Behind(statement) => rewrite::insert_after(file, statement, &[line]),
        Spot::StartOf(block) => rewrite::insert_at_start(file, block, &[line]),
        Spot::BehindUnchecked(statement) => guarded(statement, format!("if {name} != nil {{")),
        Spot::BehindUnlessFailed(statement, error) => guarded(statement, format!("if {error} == nil {{")),
    }
}

/// The defer in the style of the file: plain, or with its result dropped in so many words.
fn deferred_line(file: &SourceFile, release: &str) -> String {
    let method = release.rsplit('.').next().unwrap_or(release);
    let lines = || file.source.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let ends = |line: &[u8]| line.ends_with(format!(".{method}").as_bytes());
    let plain = lines().any(|line| line.starts_with(b"defer ") && ends(line));
    let wordy = lines().any(|line| {
        line.strip_suffix(b" }()")
            .is_some_and(|line| line.starts_with(b"defer func() { _ = ") && ends(line))
    });
    match wordy && !plain {
        true => format!("defer func() {{ _ = {release} }}()"),
        false => format!("defer {release}"),
    }
}

/// The one-line defer further down that can move up: in the same block, with no other defer before it that its
/// turn would change places with.
fn late_defer<'a>(site: &Site<'a>, spot: Spot<'a>) -> Option<Node<'a>> {
    let released = site.releases();
    let mut defers = defers_behind(site, spot);
    let first = defers.next()?;
    let releases = released.iter().any(|node| first.contains(*node));
    let same_block = first.parent() == spot.list();
    let call = first.child(0)?;
    let is_plain = call
        .field(Field::Function)
        .is_some_and(|function| !function.is(Kind::FuncLiteral));
    let one_line = !first.text().contains('\n');
    let only_release = is_plain || is_bare_literal(call, &released);
    (releases && same_block && one_line && only_release && is_alone_on_its_lines(site, first))
        .then_some(first)
}

/// `func() { _ = x.Close() }()`
fn is_bare_literal(call: Node<'_>, released: &[Node<'_>]) -> bool {
    let body = call
        .field(Field::Function)
        .and_then(|literal| literal.field(Field::Body));
    let list = body.and_then(|body| body.children().find(|child| child.is(Kind::StatementList)));
    let statements: Vec<_> = list.into_iter().flat_map(Node::children).collect();
    matches!(statements.as_slice(), [only] if released.iter().any(|node| is_bare(*only, *node)))
}

/// Defers of the function itself that run behind the spot, in order.
fn defers_behind<'a>(site: &Site<'a>, spot: Spot<'a>) -> impl Iterator<Item = Node<'a>> {
    let nodes = site
        .acquisition
        .function
        .field(Field::Body)
        .into_iter()
        .flat_map(Node::shallow_descendants);
    nodes.filter(move |node| node.is(Kind::DeferStatement) && node.start() >= spot.offset())
}

/// Releases that the new defer makes superfluous, with the edit that deletes each: the defer that moved, and bare
/// releases directly before the function is left. What a writer's Close reports is kept, and so is every release
/// that something else waits for.
fn obsolete_releases<'a>(site: &Site<'a>, spot: Spot<'a>, late: Option<Node<'a>>) -> Vec<(Node<'a>, Edit)> {
    let file = site.acquisition.at.file();
    let delete = |node: Node<'a>| Some((node, rewrite::delete_statement(file, node)?));
    let mut obsolete: Vec<_> = late.and_then(delete).into_iter().collect();
    let keeps_order = defers_behind(site, spot).all(|defer| Some(defer) == late);
    if site.acquisition.resource.writes || !keeps_order {
        return obsolete;
    }
    for node in site.releases() {
        let statement = node.statement().filter(|statement| is_bare(*statement, node));
        let trailing = statement.filter(|statement| {
            statement.start() >= spot.offset()
                && node.enclosing_function() == Some(site.acquisition.function)
                && site
                    .acquisition
                    .resource
                    .release
                    .first()
                    .is_some_and(|method| calls(*statement, method))
                && leaves_at_once(site, *statement)
                && is_alone_on_its_lines(site, *statement)
        });
        obsolete.extend(trailing.and_then(delete));
    }
    obsolete
}

fn other_releases(site: &Site<'_>) -> usize {
    site.releases().len()
}

/// Whether `statement` is nothing but `x.Close()` or `_ = x.Close()`, with `x` the given mention.
fn is_bare(statement: Node<'_>, mention: Node<'_>) -> bool {
    let call = match statement.kind() {
        Kind::ExpressionStatement => statement.child(0),
        Kind::AssignmentStatement
            if statement
                .field(Field::Left)
                .is_some_and(|left| left.text() == "_") =>
        {
            statement.field(Field::Right).and_then(|right| right.child(0))
        }
        _ => None,
    };
    call.filter(|call| call.is(Kind::CallExpression))
        .and_then(|call| call.field(Field::Function))
        .is_some_and(|function| function.is(Kind::SelectorExpression) && function.start() == mention.start())
}

fn calls(statement: Node<'_>, method: &str) -> bool {
    let text = statement.text();
    text.ends_with(&format!(".{method}()"))
}

/// Whether the function is left directly behind the statement, with nothing on the way that could wait for it.
fn leaves_at_once(site: &Site<'_>, statement: Node<'_>) -> bool {
    let Some(next) = following(statement) else {
        let block = statement.parent().and_then(Node::parent);
        return block.and_then(Node::parent).is_some_and(Node::is_function);
    };
    let waits = |node: Node<'_>| match node.kind() {
        Kind::CallExpression => !only_answers(site, node),
        Kind::UnaryExpression => node.operator() == Some(Kind::Arrow),
        _ => false,
    };
    next.is(Kind::ReturnStatement) && !next.descendants().any(waits)
}

/// Whether `call` builds a value or an answer of the request and touches nothing that a release could free.
fn only_answers(site: &Site<'_>, call: Node<'_>) -> bool {
    const ANSWERS: [&str; 8] = [
        "JSON",
        "XML",
        "Render",
        "Send",
        "SendString",
        "SendStatus",
        "Status",
        "Type",
    ];
    match site.acquisition.at.callee(call) {
        Callee::External { path, receiver, name } => match receiver.as_deref() {
            None => path == "fmt" || path == "errors" || (name == "NewError" && is_fiber(&path)),
            Some("Ctx") => ANSWERS.contains(&&*name) && is_fiber(&path),
            Some("Rows") => path == "database/sql" && name == "Err",
            _ => false,
        },
        Callee::Conversion(_) => true,
        Callee::Builtin(name) => name == "len" || name == "string",
        _ => false,
    }
}

fn is_fiber(path: &str) -> bool {
    Version::ALL.iter().any(|version| version.import_path() == path)
}

/// Whether no comment speaks of the statement, on its line or directly above.
fn is_alone_on_its_lines(site: &Site<'_>, statement: Node<'_>) -> bool {
    let file = site.acquisition.at.file();
    let siblings = statement.parent().into_iter().flat_map(Node::all_children);
    let line = |offset: usize| file.lines().position(offset).line;
    let touches = |comment: Node<'_>| {
        line(comment.end()) + 1 == line(statement.start()) || line(comment.start()) == line(statement.end())
    };
    !siblings.filter(|node| node.is(Kind::Comment)).any(touches)
}

/// `return nil, err` ⇒ `x.Close()` before it, for each return that leaks, where a defer would also close what other
/// paths hand over, or would wait for the end of a loop. The same before `continue` and `break`, and at the end of the
/// loop's body. `None` unless each of these places always comes with the resource and does not use it.
fn released_at_exits(site: &Site<'_>) -> Option<Fix> {
    let release = site.acquisition.resource.release_of(site.held_name())?;
    let mut rewrite = Rewrite::new();
    for loss in &site.lifetime.losses {
        let edit = released_at(site, loss.how, &release).filter(|_| loss.certain)?;
        rewrite.edit(site.acquisition.at.id.file, edit).ok()?;
    }
    let title = match site.lifetime.repeats {
        true => format!("Release `{}` at each end of the loop's turn", site.subject()),
        false => format!("Release `{}` before the returns that leak it", site.subject()),
    };
    Some(Fix::new(title, Applicability::Safe, rewrite))
}

fn released_at(site: &Site<'_>, lost: Lost<'_>, release: &str) -> Option<Edit> {
    let at = site.acquisition.at;
    let known = |node| match site.acquisition.handle {
        Handle::Local(binding) => at.scopes().visible(site.held_name(), node) == Some(binding),
        _ => false,
    };
    let mut mentions = site.lifetime.mentions.iter().map(|mention| mention.node);
    match lost {
        Lost::Exit(Exit::Return(exit)) | Lost::Jump(exit) => {
            let uses = mentions.any(|node| exit.contains(node) && !reads_beside(site, node));
            let safe = !uses && known(exit) && site.lifetime.is_held_at(exit);
            rewrite::insert_before(at.file(), exit, &[release]).filter(|_| safe)
        }
        Lost::End(block) => {
            let list = block.children().find(|child| child.is(Kind::StatementList))?;
            let last = list.children().last()?;
            let safe = site.lifetime.is_held_at_end && known(last);
            rewrite::insert_after(at.file(), last, &[release]).filter(|_| safe)
        }
        _ => None,
    }
}

/// Whether the mention reads a field beside the part that is released, which is as good afterwards: the status of a
/// response.
fn reads_beside(site: &Site<'_>, mention: Node<'_>) -> bool {
    let selector = mention
        .parent()
        .filter(|parent| parent.is(Kind::SelectorExpression));
    let called = |selector: Node<'_>| selector.role() == Field::Function;
    let field = selector
        .filter(|selector| !called(*selector))
        .and_then(|selector| selector.field(Field::Field));
    match (&site.acquisition.resource.part, field) {
        (Some(part), Some(field)) => field.text() != part,
        _ => false,
    }
}

/// `_, err := acquire()` ⇒ `x, err := acquire()` with a deferred release, under a name that nothing uses.
fn named(site: &Site<'_>) -> Result<Fix, Refusal> {
    let acquisition = &site.acquisition;
    let discarded = || {
        let message = format!(
            "the result is dropped: take it, check the error and release it{}",
            match acquisition.resource.name.as_str() {
                "rows" => ", or use Exec where no rows are wanted",
                _ => "",
            }
        );
        Refusal::new(Reason::HandleDiscarded, message)
    };
    let left = acquisition.statement.field(Field::Left);
    let blank = left.and_then(|left| left.child(acquisition.yields.result));
    let blank =
        blank.filter(|blank| blank.text() == "_" && acquisition.statement.is(Kind::ShortVarDeclaration));
    let blank: Span = blank.ok_or_else(discarded)?.span();
    if site.lifetime.repeats {
        return Err(discarded());
    }
    let name = rewrite::fresh_local(acquisition.at, &[&acquisition.resource.name]);
    deferred(site, &name, Some(Edit::replace(blank, name.clone())))
}

impl<'a> Site<'a> {
    /// The local name, for sites that have one.
    fn held_name(&self) -> &'a str {
        self.name().unwrap_or_default()
    }

    /// The mentions that release.
    fn releases(&self) -> Vec<Node<'a>> {
        let mentions = self.lifetime.mentions.iter();
        let released = mentions.filter(|mention| mention.effect == Effect::Release);
        released.map(|mention| mention.node).collect()
    }
}
