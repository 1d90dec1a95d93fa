//! The edits: a deferred release behind the error check, or a release before each return that leaks.

use super::Unreleased;
use super::apart;
use super::context::chosen;
use super::discarded::named;
use super::exits::released_at_exits;
use super::obsolete::{late_defer, obsolete_releases};
use super::several::{self, Several};
use super::sink;
use super::spot::{self, Spot};
use super::statics;
use super::turn;
use super::unchecked::{self, Check};
use crate::analysis::{Effect, Fault, Handle, Keep};
use crate::edit::{self, Rewrite};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Declaration, SourceFile, Type};
use crate::text::{Conflict, Edit};
use crate::transform::{Applicability, Fix, Reason, Refusal};

/// What repairs `site`, or why nothing does.
pub fn fixes(site: &Unreleased<'_>) -> Result<Vec<Fix>, Refusal> {
    match site.acquisition.handle {
        Handle::Local(_) => held(site),
        // Nobody took it, but a context that carries it may leave.
        _ => match obstacle(site).filter(|refusal| refusal.reason != Reason::InLoop) {
            Some(refusal) => Err(refusal),
            None => named(site).map(|fix| vec![fix]),
        },
    }
}

/// A resource that a name holds: deferred where it stays in the function, else released before each leaking return.
fn held(site: &Unreleased<'_>) -> Result<Vec<Fix>, Refusal> {
    if !site.is_certain() {
        return Err(unseen(site));
    }
    if is_unread(site) {
        return Err(cut_off(site));
    }
    if let Some(refusal) = statics::obstacle(site) {
        return apart::taken_apart(site).map(|fix| vec![fix]).ok_or(refusal);
    }
    let obstacle = match several::held_by(site) {
        Several::No => obstacle(site),
        // A defer takes what the name holds where it stands. Anything else would ask the name later.
        Several::InTurn if obstacle(site).is_none() => None,
        Several::InTurn | Several::Unclear => return Err(several::refusal(site)),
    };
    match obstacle {
        // What releases it may do more, which is done on some paths already.
        None if site.acquisition.yields.beside.does_more() => match released_at_exits(site) {
            Some(fix) => Ok(vec![fix]),
            None => deferred_or_checked(site),
        },
        None => deferred_or_checked(site),
        Some(refusal) if site.acquisition.resource.sink.is_some() => Err(refusal),
        Some(refusal) => match released_at_exits(site) {
            Some(fix) => Ok(vec![fix]),
            None if refusal.reason == Reason::InLoop => {
                turn::deferred(site, site.held_name(), Vec::new()).map(|fix| vec![fix])
            }
            None => Err(refusal),
        },
    }
}

/// Whether nobody reads what has to be read to its end.
fn is_unread(site: &Unreleased<'_>) -> bool {
    let mentions = site.lifetime.mentions.iter();
    let mut others = mentions.filter(|mention| mention.effect != Effect::Release);
    site.acquisition.resource.read_to_end && !others.any(|mention| is_worked_with(mention.node))
}

/// Whether the name, or a part of it, is an argument or has a method called.
fn is_worked_with(name: Node<'_>) -> bool {
    let mut whole = name;
    while let Some(around) = whole
        .parent()
        .filter(|around| around.is(Kind::SelectorExpression))
    {
        whole = around;
    }
    let is_called = whole != name && whole.role() == Field::Function;
    is_called || whole.parent().is_some_and(|around| around.is(Kind::ArgumentList))
}

pub(super) fn cut_off(site: &Unreleased<'_>) -> Refusal {
    let message = format!(
        "the work that `{}` tells of ends with it: read it to its end, then release it",
        site.subject()
    );
    Refusal::new(Reason::NeedsDecision, message)
}

/// The edits of one file as a fix; `None` where they lie too close together.
pub(super) fn fix_of(
    at: Declaration<'_>,
    title: String,
    applicability: Applicability,
    edits: Vec<Edit>,
) -> Option<Fix> {
    let mut rewrite = Rewrite::new();
    for edit in edits {
        rewrite.edit(at.id.file, edit).ok()?;
    }
    Some(Fix::new(title, applicability, rewrite))
}

/// Where the error is dropped and the resource used all the same, a failure is a panic: the check of the error goes
/// before the guarded defer.
fn deferred_or_checked(site: &Unreleased<'_>) -> Result<Vec<Fix>, Refusal> {
    let deferred = deferred(site, site.held_name(), Vec::new());
    if site.acquisition.fault != Fault::Dropped
        || site.acquisition.resource.nil_safe
        || !is_used_blindly(site)
    {
        return deferred.map(|fix| vec![fix]);
    }
    match unchecked::check(site) {
        Some(check) => Ok(checked(site, &check)?.into_iter().collect()),
        None => Err(Refusal::new(
            Reason::ErrorIgnored,
            format!(
                "the error is dropped and `{}` is used all the same: check the error, then release it",
                site.held_name()
            ),
        )),
    }
}

/// Whether nothing asks if the resource is there before it is used.
fn is_used_blindly(site: &Unreleased<'_>) -> bool {
    let mentions = &site.lifetime.mentions;
    let asks = |node: Node<'_>| {
        node.parent()
            .is_some_and(|parent| matches!(parent.operator(), Some(Kind::Equal | Kind::NotEqual)))
    };
    let touched = mentions.iter().any(|mention| mention.effect == Effect::Touch);
    touched && !mentions.iter().any(|mention| asks(mention.node))
}

/// `x, _ := acquire()` ⇒ the same with its error checked as the function reports errors, and a deferred release.
/// Where acquiring fails, the function panicked and now returns the error.
fn checked(site: &Unreleased<'_>, check: &Check<'_>) -> Result<Option<Fix>, Refusal> {
    let at = site.acquisition.at;
    let mut rewrite = Rewrite::new();
    check.new.iter().for_each(|new| rewrite.introduce(new.clone()));
    let release = release_call(site, site.held_name(), &mut rewrite)?;
    let line = deferred_line(at.file(), &release, site);
    let [condition, leave, end] = &check.lines;
    let lines = [condition.as_str(), leave, end, line.as_str()];
    let Some(insert) = edit::insert_after(at.file(), check.statement, &lines) else {
        return Ok(None);
    };
    for edit in [check.naming.clone(), insert] {
        if rewrite.edit(at.id.file, edit).is_err() {
            return Ok(None);
        }
    }
    let title = format!(
        "Check the error, and {}",
        lower_first(&title(site, site.held_name()))
    );
    Ok(Some(Fix::new(title, Applicability::Unsafe, rewrite)))
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

/// The call that releases what `name` holds.
pub(super) fn release_call(
    site: &Unreleased<'_>,
    name: &str,
    rewrite: &mut Rewrite,
) -> Result<String, Refusal> {
    let resource = site.acquisition.resource;
    if site.acquisition.yields.beside.does_more() {
        return match site.release_beside() {
            Some(release) => Ok(format!("{release}()")),
            None => Err(Refusal::new(
                Reason::HandleDiscarded,
                format!(
                    "`{name}` comes with a function that releases it and may do more: take that, and defer it"
                ),
            )),
        };
    }
    let argument = match (resource.release_takes_context, &resource.release_argument) {
        (true, _) => chosen(site, rewrite).ok_or_else(|| {
            let message = format!("`context` means something else here: release `{name}` by hand");
            Refusal::new(Reason::NameTaken, message)
        })?,
        (false, Some(argument)) => argument.clone(),
        (false, None) => String::new(),
    };
    let unknown = || Refusal::new(Reason::NeedsDecision, "no method is known that releases it");
    resource.release_of(name, &argument).ok_or_else(unknown)
}

fn unseen(site: &Unreleased<'_>) -> Refusal {
    let (subject, verb) = (site.subject(), &site.acquisition.resource.verb);
    let mut mentions = site.lifetime.mentions.iter();
    let partly = mentions.find_map(|mention| match mention.effect {
        Effect::Conditional { on_failure } => Some(on_failure),
        _ => None,
    });
    let message = match partly {
        Some(true) => format!(
            "`{subject}` is handed to a function by which it is {verb} only when that fails: see to the rest behind the check of its error"
        ),
        Some(false) => format!(
            "`{subject}` is handed to a function by which it is {verb} on some paths only: see to it on all of them there"
        ),
        None => {
            format!("`{subject}` is handed to code that cannot be seen here: check that it is {verb} there")
        }
    };
    Refusal::new(Reason::Escapes, message)
}

fn is_unseen(effect: Effect) -> bool {
    matches!(
        effect,
        Effect::Unknown | Effect::Conditional { .. } | Effect::Lent
    )
}

/// Why a defer would be wrong.
pub(super) fn obstacle(site: &Unreleased<'_>) -> Option<Refusal> {
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
        None if effects.any(is_unseen) => Some(unseen(site)),
        None if site.acquisition.resource.sink.is_some() && !site.lifetime.repeats => {
            sink::used_before_the_end(site)
        }
        None if site.lifetime.repeats => refuse(
            Reason::InLoop,
            "a defer in this loop would run only when the function returns: move the body to a function"
                .to_owned(),
        ),
        None => None,
    }
}

/// `x, err := acquire(); if err != nil { return … }` ⇒ the same with `defer x.Close()` behind it.
///
/// The defer runs when the function is left, on the paths that released nothing so far; a second release of these
/// resources does nothing. The check has proven that the resource is there. Where the function already defers the
/// release further down, behind a return that leaks, that defer moves up.
pub(super) fn deferred(site: &Unreleased<'_>, name: &str, naming: Vec<Edit>) -> Result<Fix, Refusal> {
    let (at, resource) = (site.acquisition.at, site.acquisition.resource);
    let spot = spot::find(site).map_err(|refusal| match several::held_by(site) {
        Several::No => refusal,
        _ => several::refusal(site),
    })?;
    several::shared_below(site, spot).map_or(Ok(()), Err)?;
    let mut rewrite = Rewrite::new();
    let release = release_call(site, name, &mut rewrite)?;
    let late = late_defer(site, spot);
    let lines = match late {
        Some(late) => {
            let is_crowded = edit::has_comments_behind(at.file(), spot.offset());
            edit::moved_lines(late, late.text(), is_crowded, &|_| false)
        }
        None => vec![deferred_line(at.file(), &release, site)],
    };
    let obsolete = obsolete_releases(site, spot, late);
    let is_idempotent = resource.idempotent && !site.acquisition.yields.beside.does_more();
    if !is_idempotent && obsolete.len() != site.releases().len() {
        let message = "it is released on some paths, and a second release would do harm";
        return Err(Refusal::new(Reason::ControlFlow, message));
    }
    let shares_line = || {
        Refusal::new(
            Reason::ControlFlow,
            "the place for the defer shares its line with other code",
        )
    };
    let inserted = inserted(site, spot, name, &lines).ok_or_else(shares_line)?;
    let edits = naming
        .into_iter()
        .chain([inserted])
        .chain(obsolete.into_iter().map(|(_, edit)| edit));
    for edit in edits {
        rewrite.edit(at.id.file, edit).map_err(|Conflict| shares_line())?;
    }
    Ok(Fix::new(title(site, name), Applicability::Safe, rewrite))
}

pub(super) fn title(site: &Unreleased<'_>, name: &str) -> String {
    let resource = site.acquisition.resource;
    let subject = match &resource.part {
        Some(part) => format!("{name}.{part}"),
        None => name.to_owned(),
    };
    match resource.release.first().map(String::as_str) {
        _ if resource.called => format!("Call `{subject}` when the function returns"),
        Some("Rollback") => format!("Roll back `{subject}` when the function returns without a commit"),
        Some("Close") => format!("Close `{subject}` when the function returns"),
        _ => format!("Release `{subject}` when the function returns"),
    }
}

fn inserted(site: &Unreleased<'_>, spot: Spot<'_>, name: &str, lines: &[String]) -> Option<Edit> {
    let file = site.acquisition.at.file();
    let plain: Vec<&str> = lines.iter().map(String::as_str).collect();
    let guarded = |statement, guard: String| {
        let inner: Vec<String> = lines.iter().map(|line| format!("\t{line}")).collect();
        let inner = inner.iter().map(String::as_str);
        let all: Vec<&str> = [&*guard].into_iter().chain(inner).chain(["}"]).collect();
        edit::insert_after(file, statement, &all)
    };
    match spot {
        Spot::Behind(statement) => edit::insert_after(file, statement, &plain),
        Spot::BeforeElse(branch) => edit::insert_before_else(file, branch, &plain),
        Spot::StartOf(block) => edit::insert_at_start(file, block, &plain),
        Spot::BehindUnchecked(statement) => guarded(statement, format!("if {name} != nil {{")),
        Spot::BehindUnlessFailed(statement, _) if is_pointer(site) => {
            guarded(statement, format!("if {name} != nil {{"))
        }
        Spot::BehindUnlessFailed(statement, error) => guarded(statement, format!("if {error} == nil {{")),
    }
}

/// Whether the resource is a pointer, which says by itself whether there is anything to release.
fn is_pointer(site: &Unreleased<'_>) -> bool {
    match site.acquisition.handle {
        Handle::Local(binding) => {
            let of = site.acquisition.at.type_of_binding(binding);
            matches!(of, Type::Pointer(_))
        }
        _ => false,
    }
}

/// The defer in the style of the file: plain, or with its result dropped in so many words.
pub(super) fn deferred_line(file: &SourceFile, release: &str, site: &Unreleased<'_>) -> String {
    let method = site.acquisition.resource.release.first();
    let Some(method) = method.map(|method| format!(".{method}(")) else {
        return format!("defer {release}");
    };
    let lines = || file.source.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let ends = |line: &[u8]| {
        let call = memchr::memmem::rfind(line, method.as_bytes()).map(|at| &line[at + method.len()..]);
        call.is_some_and(|rest| rest.ends_with(b")") && !rest[..rest.len() - 1].contains(&b')'))
    };
    let plain = lines().any(|line| line.starts_with(b"defer ") && ends(line));
    let wordy = lines().any(|line| {
        line.strip_suffix(b" }()")
            .is_some_and(|line| line.starts_with(b"defer func() { _ = ") && ends(line))
    });
    let answers = matches!(&*method, ".Close(" | ".Rollback(") && !site.acquisition.resource.quiet;
    match wordy && !plain && answers && !several::may_change(site) {
        true => format!("defer func() {{ _ = {release} }}()"),
        false => format!("defer {release}"),
    }
}

impl<'a> Unreleased<'a> {
    /// The local name, for sites that have one.
    pub(super) fn held_name(&self) -> &'a str {
        self.name().unwrap_or_default()
    }

    /// The mentions that release.
    pub(super) fn releases(&self) -> Vec<Node<'a>> {
        let mentions = self.lifetime.mentions.iter();
        let released = mentions.filter(|mention| mention.effect == Effect::Release);
        released.map(|mention| mention.node).collect()
    }
}
