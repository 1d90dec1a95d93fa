//! Who closes what a function opens, as far as it can be seen: what people are told, and how severe it is.

use super::beneath::is_closed_beneath;
use super::draft::Draft;
use super::uses::is_closed;
use crate::analysis::request::callers;
use crate::analysis::{Acquirers, Acquisition, Handle, Lifetime};
use crate::go::Declaration;
use crate::transform::Refusal;

/// Who closes a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// The function that opens it, on every path.
    Itself,
    /// The function that opens it does not.
    Nobody,
    /// Everyone who gets it from the function that opens it.
    Callers,
    /// Someone who gets it does not.
    NotEveryCaller,
    /// Someone gets it who cannot be followed.
    Unknown,
}

impl Closing {
    pub fn of<'a>(
        acquirers: &Acquirers<'a>,
        opening: &Acquisition<'a>,
        lifetime: Option<&Lifetime<'a>>,
        draft: &Result<Draft<'a>, Refusal>,
    ) -> Closing {
        let at = opening.at;
        let is_returned = || at.function() == Some(opening.function) && acquirers.passes_on(at).is_some();
        match draft {
            Ok(draft) if draft.is_helper() => {
                let mut holders = draft.holders.iter();
                match !draft.holders.is_empty() && holders.all(|holder| holder.uses.is_closed) {
                    true => Closing::Callers,
                    false => Closing::NotEveryCaller,
                }
            }
            _ if lifetime.is_some_and(is_closed) || is_closed_beneath(opening) => Closing::Itself,
            Err(_) if is_returned() => by_callers(acquirers, at),
            _ => Closing::Nobody,
        }
    }

    pub fn is_closed(self) -> bool {
        matches!(self, Closing::Itself | Closing::Callers)
    }

    /// Whether the function that opens it gives it to its callers.
    pub fn is_of_helper(self) -> bool {
        !matches!(self, Closing::Itself | Closing::Nobody)
    }
}

/// What the callers of a helper do that could not be followed to the end.
fn by_callers<'a>(acquirers: &Acquirers<'a>, helper: Declaration<'a>) -> Closing {
    let closes = |(caller, call)| {
        let acquisition = acquirers.acquisition(caller, call)?;
        let is_local = matches!(acquisition.handle, Handle::Local(_));
        let lifetime = Lifetime::of(&acquisition).filter(|_| is_local)?;
        Some(is_closed(&lifetime) || is_closed_beneath(&acquisition))
    };
    let told: Vec<Option<bool>> = callers(helper).into_iter().map(closes).collect();
    match () {
        () if told.contains(&Some(false)) => Closing::NotEveryCaller,
        () if told.is_empty() || told.contains(&None) => Closing::Unknown,
        () => Closing::Callers,
    }
}
