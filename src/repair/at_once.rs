//! An answer that nobody takes is released on the spot, where the error says that there is one.

use super::release::release_call;
use super::spot::Check;
use super::unreleased::Unreleased;
use crate::analysis::Fault;
use crate::edit::{self, NewName, Rewrite};
use crate::go::syntax::{Field, Kind, Node};
use crate::text::Edit;
use crate::transform::{Applicability, Fix};

/// ```text
/// _, err := acquire()   ⇒  x, err := acquire()
/// return err               if err == nil {
///                              x.Close()
///                          }
///                          return err
/// ```
///
/// `acquire()` alone becomes `if x, err := acquire(); err == nil { x.Close() }`, and `if _, err := acquire(); err != nil
/// { … }` gets an `else`. Only for what is worth nothing unless it is read: closing a listener ends it.
pub(super) fn released_at_once(
    site: &Unreleased<'_>,
    new: &NewName,
    naming: Option<Vec<Edit>>,
) -> Option<Fix> {
    let acquisition = &site.acquisition;
    let (at, statement) = (acquisition.at, acquisition.statement);
    let is_answer = acquisition.resource.always_fresh && acquisition.resource.carrier.is_none();
    is_answer.then_some(())?;
    let mut rewrite = Rewrite::new();
    let release = release_call(site, &new.name, &mut rewrite).ok()?;
    // What nobody takes at all needs no other names.
    let mut edits = match statement.is(Kind::ExpressionStatement) {
        true => Vec::new(),
        false => naming?,
    };
    edits.extend(match (acquisition.fault, statement.kind()) {
        (_, Kind::ExpressionStatement) => alone(site, &new.name, &release)?,
        (Fault::Local(_), _) if statement.role() == Field::Initializer => vec![otherwise(site, &release)?],
        (Fault::Local(error), _) => {
            let error = &at.scopes().get(error).name;
            let guard = format!("if {error} == nil {{");
            let lines = [guard, format!("\t{release}"), "}".to_owned()];
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let inserted = stands_alone(statement).then(|| edit::insert_after(at.file(), statement, &lines));
            vec![inserted??]
        }
        _ => return None,
    });
    for edit in edits {
        rewrite.edit(at.id.file, edit).ok()?;
    }
    let title = format!("Close `{}` at once", subject(site, &new.name));
    Some(Fix::new(title, Applicability::Safe, rewrite))
}

fn subject(site: &Unreleased<'_>, name: &str) -> String {
    match &site.acquisition.resource.part {
        Some(part) => format!("{name}.{part}"),
        None => name.to_owned(),
    }
}

fn stands_alone(statement: Node<'_>) -> bool {
    statement
        .parent()
        .is_some_and(|list| list.is(Kind::StatementList))
}

/// `acquire()` ⇒ `if x, err := acquire(); err == nil { x.Close() }`. A comment stays on the line of the call.
fn alone(site: &Unreleased<'_>, name: &str, release: &str) -> Option<Vec<Edit>> {
    let acquisition = &site.acquisition;
    let (file, statement) = (acquisition.at.file(), acquisition.statement);
    let is_pair = acquisition.yields.result == 0 && acquisition.yields.error == Some(1);
    let gives_two = acquisition.at.type_of(acquisition.call).values().len() == 2;
    (is_pair && gives_two && stands_alone(statement)).then_some(())?;
    // Nothing else is said inside of the `if`, so that its `err` hides nothing.
    let header = Edit::insert(statement.start(), format!("if {name}, err := "));
    let lines = [format!("\t{release}"), "}".to_owned()];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    // It shares no line with what stands before it.
    edit::insert_before(file, statement, &lines)?;
    let body = edit::insert_after(file, statement, &lines)?;
    const TEST: &str = "; err == nil {";
    Some(match body.span.start == statement.end() {
        true => vec![header, Edit::replace(body.span, format!("{TEST}{}", body.text))],
        false => vec![header, Edit::insert(statement.end(), TEST), body],
    })
}

/// `if x, err := acquire(); err != nil { … }` gets an `else` that closes.
fn otherwise(site: &Unreleased<'_>, release: &str) -> Option<Edit> {
    let acquisition = &site.acquisition;
    let branch = acquisition.statement.parent()?;
    let Fault::Local(error) = acquisition.fault else {
        return None;
    };
    let check = Check { site, error };
    let body = branch.field(Field::Consequence)?;
    let has_failed = branch
        .field(Field::Condition)
        .is_some_and(|condition| check.has_failed(condition));
    let file = acquisition.at.file();
    let is_spread = memchr::memchr(b'\n', &file.source[body.start()..body.end()]).is_some();
    let fits = has_failed && is_spread && branch.field(Field::Alternative).is_none();
    (fits && stands_alone(branch)).then_some(())?;
    let (indent, unit) = (
        edit::indentation(file, branch.start()),
        edit::indentation_unit(file),
    );
    let newline = edit::newline(file);
    let text = format!(" else {{{newline}{indent}{unit}{release}{newline}{indent}}}");
    Some(Edit::insert(body.end(), text))
}
