//! gofmt's word on a change, relative to what the file was before: many files in the world are not clean, and
//! those keep their own shape.

use super::{Check, Rejection};
use crate::engine::Formatter;
use crate::engine::plan::Change;

/// gofmt reads every result. A file that was clean takes gofmt's print of it: an edit can shift the alignment
/// of its neighbours.
pub(super) fn settle(changes: &mut [Change], formatter: &dyn Formatter) -> Result<(), Rejection> {
    let old = changes.iter().map(|change| &*change.old);
    let new = changes.iter().map(|change| change.new.as_slice());
    let sources: Vec<&[u8]> = old.chain(new).collect();
    let mut before = formatter.format(&sources);
    let after = before.split_off(changes.len().min(before.len()));
    if after.len() < changes.len() {
        return Err(rejection("gofmt gave no answer".to_owned()));
    }
    for ((change, before), after) in changes.iter_mut().zip(before).zip(after) {
        let after = after.map_err(|complaint| rejection(blame(change, before.is_err(), &complaint)))?;
        if before.is_ok_and(|printed| printed == *change.old) {
            change.new = after;
        }
    }
    Ok(())
}

fn rejection(evidence: String) -> Rejection {
    Rejection {
        rung: Check::Gofmt,
        evidence,
    }
}

fn blame(change: &Change, was_so_before: bool, complaint: &str) -> String {
    let when = if was_so_before {
        "even before the fix"
    } else {
        "after the fix"
    };
    format!("gofmt does not read {} {when}: {}", change.path, complaint.trim())
}
