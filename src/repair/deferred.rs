//! A deferred release behind the check of the acquisition's error.

use super::obsolete::{late_defer, obsolete_releases};
use super::release::{deferred_line, release_call, title};
use super::several::{self, Several};
use super::spot::{self, Spot};
use super::unreleased::Unreleased;
use crate::analysis::Handle;
use crate::edit::{self, Rewrite};
use crate::go::Type;
use crate::text::{Conflict, Edit};
use crate::transform::{Applicability, Fix, Reason, Refusal};

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

pub(super) fn inserted(site: &Unreleased<'_>, spot: Spot<'_>, name: &str, lines: &[String]) -> Option<Edit> {
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
pub(super) fn is_pointer(site: &Unreleased<'_>) -> bool {
    match site.acquisition.handle {
        Handle::Local(binding) => {
            let of = site.acquisition.at.type_of_binding(binding);
            matches!(of, Type::Pointer(_))
        }
        _ => false,
    }
}
