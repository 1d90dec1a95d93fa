//! Takes an opening out of its function, where a package variable holds the pool instead.

use super::cut::Cut;
use super::draft::Draft;
use super::fault::{self, Rest};
use super::removable::only_reports;
use super::uses::handle_of;
use crate::analysis::Fault;
use crate::edit::{asks_for, is_error_check, next_line_of};
use crate::go::syntax::{Field, Kind, Node};

/// What goes with the opening, and what stays for the error's name.
#[derive(Clone, Debug)]
pub struct Removal<'a> {
    pub cut: Cut<'a>,
    pub rest: Rest,
}

impl<'a> Removal<'a> {
    /// `None` where the opening has to stay: its error check does more than report, its error is asked for later, or
    /// it is not a statement of its own.
    pub fn of(draft: &Draft<'a>) -> Option<Removal<'a>> {
        let opening = &draft.opening;
        let uses = draft.own.as_ref()?;
        let statement = whole_statement(opening.statement)?;
        let at = opening.at;
        let handle = at.scopes().get(handle_of(opening)?);
        (handle.origin == opening.statement.index()).then_some(())?;
        let mut cut = Cut::new(at);
        cut.take(statement);
        if let Some(check) = error_check(draft, statement) {
            let quiet = check.field(Field::Consequence).is_some_and(only_reports);
            quiet.then_some(())?;
            cut.take(check);
        }
        uses.closes.iter().for_each(|close| cut.take(*close));
        uses.limits.iter().for_each(|limit| cut.take(limit.statement));
        let rest = fault::without(opening, &cut.spans())?;
        cut.take_definitions(&[], &draft.arguments)?;
        Some(Removal { cut, rest })
    }

    /// Whether every use of the pool would mean a package variable called `name`.
    pub fn fits(draft: &Draft<'a>, name: &str) -> bool {
        let scopes = draft.opening.at.scopes();
        let own = handle_of(&draft.opening);
        let hidden = |node: Node<'a>| {
            scopes.bindings().any(|(id, binding)| {
                let is_rival = binding.name == name && Some(id) != own && binding.declared < node.index();
                let around = || node.ancestors().any(|outer| outer.index() == binding.block);
                is_rival && around()
            })
        };
        let mut plain = draft.own.iter().flat_map(|uses| uses.plain.iter());
        !plain.any(|node| hidden(*node))
    }
}

/// The declaration as a statement of its own that names nothing but the pool and its error.
fn whole_statement(assignment: Node<'_>) -> Option<Node<'_>> {
    let statement = match assignment.kind() {
        Kind::ShortVarDeclaration => assignment,
        Kind::VarSpec => assignment
            .parent()
            .filter(|declaration| declaration.children().count() == 1)?,
        _ => return None,
    };
    statement
        .parent()
        .is_some_and(|list| list.is(Kind::StatementList))
        .then_some(statement)
}

/// A comment behind the opening that asks for the release that a shared pool is never to have.
pub fn wish_for_release<'a>(draft: &Draft<'a>) -> Option<Node<'a>> {
    let opened = draft.opening.statement.statement()?;
    let last = error_check(draft, opened).unwrap_or(opened);
    let wish = next_line_of(last).filter(|next| next.is(Kind::Comment))?;
    let name = &draft.opening.at.scopes().get(handle_of(&draft.opening)?).name;
    let mut calls = draft
        .opening
        .resource
        .release
        .iter()
        .map(|method| format!("{name}.{method}()"));
    calls.any(|call| asks_for(wish.bytes(), &[&call])).then_some(wish)
}

/// Whether `node` goes with the opening, or moves with it.
pub fn goes_with<'a>(draft: &Draft<'a>, node: Node<'a>) -> bool {
    let opened = draft.opening.statement.statement();
    let check = opened.and_then(|statement| error_check(draft, statement));
    let is_own = draft.own.as_ref().is_some_and(|uses| {
        uses.closes.contains(&node) || uses.limits.iter().any(|limit| limit.statement == node)
    });
    is_own
        || check == Some(node)
        || opened == Some(node)
        || draft.arguments.moving(draft.opening.at).contains(&node)
}

/// The check of the opening's error, right behind it.
fn error_check<'a>(draft: &Draft<'a>, statement: Node<'a>) -> Option<Node<'a>> {
    let Fault::Local(error) = draft.opening.fault else {
        return None;
    };
    let name = &draft.opening.at.scopes().get(error).name;
    let next = std::iter::successors(statement.next_sibling(), |node| node.next_sibling())
        .find(|node| !node.is(Kind::Comment))?;
    is_error_check(next, name).then_some(next)
}
