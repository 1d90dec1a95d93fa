//! Text of scanned code, in which nothing commands, reorders or hides.

use std::borrow::Cow;

use crate::text::printable;

/// Text of the scanned code, in which nothing commands, reorders or hides.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    printable(text.as_bytes())
}

/// A path that starts a line. Behind `::` and `##[` a log of GitHub Actions or Azure Pipelines takes commands, and a
/// folder can be called so.
pub(super) fn leading(path: &str) -> Cow<'_, str> {
    match path.starts_with("::") || path.starts_with("##") {
        true => Cow::Owned(format!("./{}", shown(path))),
        false => shown(path),
    }
}
