//! Line ends of what is inserted: those of the lines around it, whatever the rest of the file has.

use memchr::{memchr, memrchr};

use super::{Edit, EditSet};

/// The edits with the line ends of the places that they change. A file without any keeps them as they are.
pub fn with_line_ends(edits: &EditSet, source: &[u8]) -> EditSet {
    // What was laid out for this file has the end of its first line.
    let comes_with_crlf = memchr(b'\n', source).is_some_and(|at| is_crlf(source, at));
    let fitted = edits.iter().map(|edit| {
        let unix = || edit.text.replace("\r\n", "\n");
        let text = match end_at(source, edit.span.start).map(|at| is_crlf(source, at)) {
            Some(true) => unix().replace('\n', "\r\n"),
            Some(false) if comes_with_crlf => unix(),
            _ => return edit.clone(),
        };
        Edit::replace(edit.span, text)
    });
    // Spans stay as they were, so the edits stay disjoint.
    EditSet::try_from(fitted.collect::<Vec<_>>()).unwrap_or_else(|_| edits.clone())
}

/// Where the line that holds `offset` ends, or, for one without an end, the line before.
fn end_at(source: &[u8], offset: usize) -> Option<usize> {
    let offset = offset.min(source.len());
    let behind = memchr(b'\n', &source[offset..]).map(|at| offset + at);
    behind.or_else(|| memrchr(b'\n', &source[..offset]))
}

fn is_crlf(source: &[u8], end: usize) -> bool {
    source[..end].ends_with(b"\r")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inserted(source: &str, before: &str, text: &str) -> String {
        let at = source.find(before).unwrap_or(source.len());
        let edits = EditSet::try_from(vec![Edit::insert(at, text)]).unwrap();
        let made = with_line_ends(&edits, source.as_bytes()).apply(source.as_bytes());
        String::from_utf8(made).unwrap()
    }

    #[test]
    fn the_line_around_an_edit_decides() {
        assert_eq!(
            inserted("a\nb\r\nc\r\n", "c", "x\ny\r\n"),
            "a\nb\r\nx\r\ny\r\nc\r\n"
        );
        assert_eq!(inserted("a\r\nb\nc\n", "c", "x\r\ny\n"), "a\r\nb\nx\ny\nc\n");
        assert_eq!(inserted("a\r\nb\r\nc", "c", "x\n"), "a\r\nb\r\nx\r\nc");
        assert_eq!(inserted("a\nb\r\n", "at the end", "x\n"), "a\nb\r\nx\r\n");
        assert_eq!(inserted("a", "a", "x\n"), "x\na");
        // What was copied from elsewhere stays as it is.
        assert_eq!(inserted("a\nb\nc\r\n", "b", "x\r\n"), "a\nx\r\nb\nc\r\n");
    }
}
