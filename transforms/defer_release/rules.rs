//! The rules of this repair that no row of a resource describes, and its name.

use std::sync::Arc;

use crate::rating::{Applicability, Severity};
use crate::transform::{Family, Rule};

pub(super) const NAME: &str = "defer_release";

pub(super) fn websocket() -> Rule {
    Rule {
        slug: Arc::from("unclosed-websocket"),
        title: "A websocket handler leaves its connection open".to_owned(),
        family: Family::Release,
        severity: Severity::High,
        applicability: Applicability::Safe,
        transform: NAME,
    }
}

pub(in crate::transforms::defer_release) fn streamed() -> Rule {
    Rule {
        slug: Arc::from("unclosed-streamed-response"),
        title: "A streamed response is not closed on every path, and holds its connection".to_owned(),
        family: Family::Release,
        severity: Severity::High,
        applicability: Applicability::Safe,
        transform: NAME,
    }
}
