//! The fix of one opening: its pool is declared once, the function uses that, and nobody closes it any more.

use std::collections::BTreeMap;

use super::cut::Cut;
use super::draft::Draft;
use super::existing::Access;
use super::fault::Rest;
use super::helper;
use super::pool::{self, Shared, Source};
use super::removal::{Removal, wish_for_release};
use super::uses::handle_of;
use crate::analysis::literal_of;
use crate::edit::{ImportNeed, NewName, Rewrite, comments_above, with_comment_beside};
use crate::go::syntax::{Kind, Node};
use crate::go::{Declaration, FileId};
use crate::text::Edit;
use crate::transform::{Applicability, Fix, Pass, Reason, Refusal};

/// The fix for the opening at `index` of its group.
pub fn fix<'a>(pass: &Pass<'a>, group: &[&Draft<'a>], index: usize, shared: &Shared) -> Result<Fix, Refusal> {
    let draft = group[index];
    check_limits(draft, shared)?;
    let mut repair = Repair {
        rewrite: Rewrite::new(),
        cuts: BTreeMap::new(),
    };
    match &shared.source {
        Source::Exists | Source::Memo(_) => {}
        Source::New { file, edit, imports } => {
            repair.edit(*file, edit.clone())?;
            repair.need(imports);
            let name = NewName::of_package(shared.access.name());
            repair.rewrite.introduce(name);
        }
        Source::Helper(at) => {
            let (edits, imports) = helper::once(pass, group[*at], group)?;
            repair.edits(helper::file_of(group[*at]), edits)?;
            repair.need(&imports);
            group[*at].closes().for_each(|(at, close)| repair.cut(at, close));
        }
    }
    if let (Source::Memo(kept), Some(memo)) = (&shared.source, &draft.memo) {
        let (edits, imports) = memo.edits(pass, kept)?;
        repair.edits(draft.opening.at.id.file, edits)?;
        repair.rewrite.introduce(NewName::of_package(&kept.name));
        repair.need(&imports);
        draft.closes().for_each(|(at, close)| repair.cut(at, close));
        let applicability = applicability(draft);
        return Ok(Fix::new(title(draft, shared), applicability, repair.finish()?));
    }
    let is_helper_itself = matches!(shared.source, Source::Helper(at) if at == index);
    match &shared.access {
        _ if is_helper_itself => {}
        Access::Variable(name) => repair.take_out(draft, name)?,
        Access::Function(name) => repair.call(draft, name)?,
    }
    draft.closes().for_each(|(at, close)| repair.cut(at, close));
    if let Some(wish) = wish_for_release(draft) {
        repair.cut(draft.opening.at, wish);
    }
    Ok(Fix::new(
        title(draft, shared) + &limit_told(pass, group, shared),
        applicability(draft),
        repair.finish()?,
    ))
}

fn applicability(draft: &Draft<'_>) -> Applicability {
    let changes = draft.opening.resource.sharing_changes.is_some();
    match draft.is_sure() && !changes {
        true => Applicability::Safe,
        false => Applicability::Unsafe,
    }
}

fn title(draft: &Draft<'_>, shared: &Shared) -> String {
    let (name, resource) = (shared.access.name(), draft.opening.resource);
    // "pool" is what people call a pool of connections.
    let what = match resource.name.as_str() {
        "connection pool" => "pool",
        what => what,
    };
    let verb = if resource.sharing_changes.is_some() || literal_of(draft.opening.call).is_some() {
        "Make"
    } else {
        "Open"
    };
    match (&shared.source, &shared.access) {
        (Source::Exists, _) => format!("Use the {what} that `{name}` opens once"),
        (_, Access::Variable(_)) => format!("{verb} one {what}, `{name}`, when the program starts"),
        (_, Access::Function(_)) => format!("{verb} one {what} at the first call of `{name}`"),
    }
}

/// Which limit a new pool gets that the code does not set itself, or why it gets none.
fn limit_told(pass: &Pass<'_>, group: &[&Draft<'_>], shared: &Shared) -> String {
    let is_new = matches!(shared.source, Source::New { .. } | Source::Helper(_));
    let is_set = !is_new || !shared.limits.is_empty();
    if is_set || !group.iter().any(|draft| draft.opening.resource.limits) {
        return String::new();
    }
    match (
        pool::settings(pass, group).max_open_conns,
        pass.config.pool.max_open_conns,
    ) {
        (Some(limit), _) => format!(", with at most {limit} connections"),
        (None, Some(_)) => {
            ", with no limit, since a request may ask for a second connection while it holds one".to_owned()
        }
        (None, None) => String::new(),
    }
}

/// Two openings of one data source may not ask for different limits.
fn check_limits(draft: &Draft<'_>, shared: &Shared) -> Result<(), Refusal> {
    let own: Vec<String> = pool::limits(draft).iter().map(pool::limit_text).collect();
    match own.is_empty() || own == shared.limits {
        true => Ok(()),
        false => Err(Refusal::new(
            Reason::NeedsDecision,
            format!(
                "the pool of `{}` has other limits than those set here: decide on one set",
                shared.access.name()
            ),
        )),
    }
}

struct Repair<'a> {
    rewrite: Rewrite,
    /// By the file, as the package at hand speaks of it, and the place there.
    cuts: BTreeMap<(FileId, usize), (Declaration<'a>, Cut<'a>)>,
}

impl<'a> Repair<'a> {
    fn edit(&mut self, file: FileId, edit: Edit) -> Result<(), Refusal> {
        self.rewrite.edit(file, edit).map_err(|_| crowded())
    }

    fn edits(&mut self, file: FileId, edits: Vec<Edit>) -> Result<(), Refusal> {
        edits.into_iter().try_for_each(|edit| self.edit(file, edit))
    }

    fn need(&mut self, imports: &[ImportNeed]) {
        imports.iter().for_each(|need| self.rewrite.need(need.clone()));
    }

    fn cut(&mut self, at: Declaration<'a>, statement: Node<'a>) {
        self.cut_of(at).take(statement);
    }

    fn cut_of(&mut self, at: Declaration<'a>) -> &mut Cut<'a> {
        let cuts = self.cuts.entry((at.file_id(), at.id.index));
        &mut cuts.or_insert_with(|| (at, Cut::new(at))).1
    }

    /// The opening goes; its uses mean the package variable.
    fn take_out(&mut self, draft: &Draft<'a>, name: &str) -> Result<(), Refusal> {
        if draft.is_chained {
            return self.replace(draft, name);
        }
        let at = draft.opening.at;
        let removal = Removal::of(draft).filter(|_| Removal::fits(draft, name)).ok_or_else(|| {
            Refusal::new(
                Reason::NeedsDecision,
                format!("the package has a pool for this data source, `{name}`, but the error check here does more than report: use that pool by hand"),
            )
        })?;
        let file = at.id.file;
        match removal.rest.clone() {
            Rest::Nothing => {}
            Rest::Declare(edit) => self.edit(file, edit)?,
            Rest::Variable(error) => {
                let statement = draft.opening.statement.statement().ok_or_else(crowded)?;
                let line = with_comment_beside(statement);
                self.edit(file, Edit::replace(line, format!("var {error} error")))?;
                self.rewrite.drop_imports_of(at, line);
                let going = |node| removal.cut.statements().contains(&node);
                for comment in comments_above(statement, &going) {
                    self.cut(at, comment);
                }
            }
        }
        let stays = matches!(removal.rest, Rest::Variable(_)).then_some(draft.opening.statement);
        let cut = removal.cut.statements().iter();
        let goes = cut.filter(|statement| stays.is_none_or(|stays| !statement.contains(stays)));
        goes.for_each(|statement| self.cut(at, *statement));
        let gone = removal.cut.spans();
        let own = handle_of(&draft.opening).map(|id| at.scopes().get(id).name.clone());
        let renamed = draft
            .own
            .iter()
            .flat_map(|uses| &uses.plain)
            .filter(|_| own.as_deref() != Some(name));
        let staying = renamed.filter(|node| !gone.iter().any(|span| span.contains(node.span())));
        for node in staying {
            self.edit(file, Edit::replace(node.span(), name))?;
        }
        Ok(())
    }

    /// The opening asks the function that opens once.
    fn call(&mut self, draft: &Draft<'a>, name: &str) -> Result<(), Refusal> {
        let (at, call) = (draft.opening.at, draft.opening.call);
        if at.scopes().visible(name, call).is_some() {
            let message = format!(
                "`{name}`, which opens this data source once, means something else here: rename that"
            );
            return Err(Refusal::new(Reason::NameTaken, message));
        }
        self.replace(draft, &format!("{name}()"))?;
        pool::limits(draft)
            .iter()
            .for_each(|limit| self.cut(at, limit.statement));
        Ok(())
    }

    /// `expression` stands where the opening stood, and what only the opening read goes.
    fn replace(&mut self, draft: &Draft<'a>, expression: &str) -> Result<(), Refusal> {
        let (at, call) = (draft.opening.at, draft.opening.call);
        let around = call
            .parent()
            .filter(|around| around.is(Kind::ParenthesizedExpression));
        let place = around.unwrap_or(call).span();
        self.edit(at.id.file, Edit::replace(place, expression))?;
        self.rewrite.drop_imports_of(at, place);
        let cut = self.cut_of(at);
        cut.take_definitions(&[place], &draft.arguments)
            .ok_or_else(crowded)
    }

    fn finish(mut self) -> Result<Rewrite, Refusal> {
        for (at, mut cut) in std::mem::take(&mut self.cuts).into_values() {
            cut.take_comments();
            let edits = cut.edits().ok_or_else(|| {
                Refusal::new(
                    Reason::ControlFlow,
                    format!(
                        "statements of {} share a line: put each on a line of its own",
                        at.title()
                    ),
                )
            })?;
            self.edits(at.file_id(), edits)?;
            for span in cut.spans() {
                self.rewrite.drop_imports_of(at, span);
            }
        }
        Ok(self.rewrite)
    }
}

fn crowded() -> Refusal {
    Refusal::new(
        Reason::ControlFlow,
        "the places to change lie too close together: open the pool once by hand",
    )
}
