//! A resource that a variable of another type takes: it gets a name of its own, and the variable its value then.

use super::discarded::stays;
use super::release::{deferred_line, obstacle, release_call, title};
use super::spot::{self, Spot};
use super::unreleased::Unreleased;
use crate::analysis::Handle;
use crate::edit::{self, NewName, Rewrite};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, BindingKind, Type};
use crate::text::Edit;
use crate::transform::{Applicability, Fix};

/// Gives the resource a name of its own:
///
/// ```text
/// in, err = os.Open(p)              var f *os.File
/// if err != nil { return err }  ⇒   f, err = os.Open(p)
///                                   if err != nil { return err }
///                                   defer f.Close()
///                                   in = f
/// ```
///
/// The variable gets its value behind the check, where nobody asked for it before. A `:=` does without the declaration
/// where everything else that is assigned was declared in the same block, and so stays the same.
pub(super) fn taken_apart(site: &Unreleased<'_>) -> Option<Fix> {
    let acquisition = &site.acquisition;
    let (at, statement) = (acquisition.at, acquisition.statement);
    let Handle::Local(held) = acquisition.handle else {
        return None;
    };
    let is_plain = statement.is(Kind::AssignmentStatement)
        && statement.operator() == Some(Kind::Assign)
        && !site.lifetime.repeats
        && site.releases().is_empty()
        && acquisition.resource.sink.is_none()
        && obstacle(site).is_none();
    is_plain.then_some(())?;
    let Spot::Behind(check) = spot::find(site).ok()? else {
        return None;
    };
    // The new name is known in the block of the acquisition only.
    (check.parent() == statement.parent()).then_some(())?;
    let target = statement.field(Field::Left)?.child(acquisition.yields.result)?;
    waits(site, held, target, check).then_some(())?;
    let new = NewName::local(at, statement, &[&acquisition.resource.name]);
    let mut rewrite = Rewrite::new();
    let release = release_call(site, &new.name, &mut rewrite).ok()?;
    let (name, variable) = (&new.name, site.held_name());
    let lines = [
        deferred_line(at.file(), &release, site),
        format!("{variable} = {name}"),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let mut edits = vec![Edit::replace(target.span(), name.clone())];
    edits.push(declared(site, target, name, &mut rewrite)?);
    edits.push(edit::insert_after(at.file(), check, &lines)?);
    for edit in edits {
        rewrite.edit(at.id.file, edit).ok()?;
    }
    let title = title(site, name);
    rewrite.introduce(new);
    Some(Fix::new(title, Applicability::Safe, rewrite))
}

/// Whether nobody can tell that the variable gets its value behind the check and not before it: no code in between, no
/// closure, and no caller.
fn waits(site: &Unreleased<'_>, held: BindingId, target: Node<'_>, check: Node<'_>) -> bool {
    let acquisition = &site.acquisition;
    let scopes = acquisition.at.scopes();
    let binding = scopes.get(held);
    let mut uses = scopes.uses(held, acquisition.at.tree());
    let is_own = binding.kind != BindingKind::Result && binding.function == acquisition.function.index();
    let jumps = acquisition
        .function
        .descendants()
        .any(|node| node.is(Kind::GotoStatement));
    let start = acquisition.statement.start();
    let is_late = |node: Node<'_>| {
        let between = node.start() >= start && node.end() <= check.end();
        let is_inside = node.enclosing_function() == Some(acquisition.function);
        node == target || (is_inside && !between)
    };
    is_own && !jumps && uses.all(is_late)
}

/// The edit that declares the new name.
fn declared(site: &Unreleased<'_>, target: Node<'_>, name: &str, rewrite: &mut Rewrite) -> Option<Edit> {
    let acquisition = &site.acquisition;
    let (at, statement) = (acquisition.at, acquisition.statement);
    let left = statement.field(Field::Left)?;
    let mut others = left.children().filter(|other| *other != target);
    if others.all(|other| stays(site, other)) {
        let operator = statement.field(Field::Operator)?;
        return Some(Edit::replace(operator.span(), ":="));
    }
    let given = at.type_of(acquisition.call).values();
    let of = given.get(acquisition.yields.result)?;
    let (star, named) = match of {
        Type::Pointer(to) => ("*", &**to),
        named => ("", named),
    };
    let Type::Named {
        path,
        name: of,
        arguments,
    } = named
    else {
        return None;
    };
    (arguments.is_empty() && of.starts_with(char::is_uppercase)).then_some(())?;
    let of = match **path == *at.package.path {
        true => of.to_string(),
        false => format!("{}.{of}", rewrite.package_at(at, path, statement)?),
    };
    edit::insert_before(at.file(), statement, &[&format!("var {name} {star}{of}")])
}
