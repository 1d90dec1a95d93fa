//! The other repair of code that asks the context too late, where the framework copies contexts: hand it a copy.
//!
//! ```text
//! go func() { v, ok := c.Get("user") … }()   ⇒   cCopy := c.Copy()
//!                                                go func() { v, ok := cCopy.Get("user") … }()
//! ```
//!
//! It is safe where the code only asks what a copy answers alike. Whoever gets the context whole might write the
//! response, which a copy cannot.

use super::late::{Late, selected};
use crate::edit::{NewName, Rewrite, insert_before};
use crate::frameworks::Name;
use crate::go::syntax::Node;
use crate::text::Edit;
use crate::transform::{Applicability, Fix, Refusal};

/// The fix that hands over a copy; `refusal`, which says why values alone will not do, where that is no repair either.
pub fn copy(late: &Late<'_>, refusal: Refusal) -> Result<Fix, Refusal> {
    let fix = || {
        let copy = late.request.facts.copy.as_ref()?;
        let promises: Option<Vec<Applicability>> = late
            .mentions
            .iter()
            .map(|mention| promise(late, *mention))
            .collect();
        rewritten(late, copy, promises?.into_iter().max()?)
    };
    fix().ok_or(refusal)
}

/// What a copy in place of the context promises here; `None` where it is no repair.
fn promise(late: &Late<'_>, mention: Node<'_>) -> Option<Applicability> {
    let Some(method) = selected(mention) else {
        return Some(Applicability::Unsafe);
    };
    let facts = late.request.facts;
    let is_alike = late.asks_for_value(mention) || facts.copied.iter().any(|name| **name == *method.text());
    let is_inside = late.start.holds(mention);
    (is_alike && is_inside && !late.is_set_after(method)).then(|| late.promise())
}

fn rewritten(late: &Late<'_>, copy: &Name, promise: Applicability) -> Option<Fix> {
    let (at, context) = (late.at, late.context());
    if late.mentions.iter().any(|mention| mention.text() != context) {
        return None;
    }
    let mut rewrite = Rewrite::new();
    let copied = format!("{context}.{}()", &**copy);
    let edit = |rewrite: &mut Rewrite, edit| rewrite.edit(at.id.file, edit).ok();
    let literal = late
        .start
        .literal
        .filter(|literal| late.mentions.iter().any(|mention| literal.contains(*mention)));
    if let Some(literal) = literal {
        let wanted = [format!("{context}Copy"), "contextCopy".to_owned()];
        let new = NewName::local_beside(at, literal, &wanted, &[]);
        let line = format!("{} := {copied}", new.name);
        let inside = late.mentions.iter().filter(|mention| literal.contains(**mention));
        for mention in inside {
            edit(&mut rewrite, Edit::replace(mention.span(), new.name.clone()))?;
        }
        edit(
            &mut rewrite,
            insert_before(at.file(), literal.statement()?, &[&line])?,
        )?;
        rewrite.introduce(new);
    }
    // Arguments after `go` are evaluated at the start.
    let handed = late
        .mentions
        .iter()
        .filter(|mention| literal.is_none_or(|literal| !literal.contains(**mention)));
    for mention in handed {
        edit(&mut rewrite, Edit::replace(mention.span(), copied.clone()))?;
    }
    let title = format!("Hand the {} a copy of the context", late.start.means.noun());
    Some(Fix::new(title, promise, rewrite))
}
