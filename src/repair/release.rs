//! The release itself: the call, its line, its title, and what stands against any.

use super::context::chosen;
use super::several;
use super::sink;
use super::unreleased::Unreleased;
use crate::analysis::{Effect, Keep};
use crate::edit::Rewrite;
use crate::go::{Declaration, SourceFile};
use crate::text::Edit;
use crate::transform::{Applicability, Fix, Reason, Refusal};

pub(super) fn cut_off(site: &Unreleased<'_>) -> Refusal {
    let message = format!(
        "releasing `{}` now would stop the work that it reports on: read it to the end, then release it",
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

pub(super) fn unseen(site: &Unreleased<'_>) -> Refusal {
    let (subject, verb) = (site.subject(), &site.acquisition.resource.verb);
    let mut mentions = site.lifetime.mentions.iter();
    let partly = mentions.find_map(|mention| match mention.effect {
        Effect::Conditional { on_failure } => Some(on_failure),
        _ => None,
    });
    let message = match partly {
        Some(true) => format!(
            "`{subject}` is passed to a function in which it is {verb} only on failure: handle success after the check of its error"
        ),
        Some(false) => format!(
            "`{subject}` is passed to a function in which it is {verb} on some paths only: cover the others there"
        ),
        None => {
            format!("`{subject}` is passed to code that cannot be seen here: check that it is {verb} there")
        }
    };
    Refusal::new(Reason::Escapes, message)
}

pub(super) fn is_unseen(effect: Effect) -> bool {
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
