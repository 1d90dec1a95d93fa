//! Comments that ask for the call that a repair adds: `// TODO: close rows`. They are true no longer and go, where
//! they stand directly at the place and say nothing else.

/// Whether `comment`, a line of source, asks for one of the calls in `lines` and for nothing else.
pub fn asks_for(comment: &[u8], lines: &[&str]) -> bool {
    let Some(text) = std::str::from_utf8(comment)
        .ok()
        .and_then(|line| line.trim().strip_prefix("//"))
    else {
        return false;
    };
    let Some(wanted) = wanted(text) else { return false };
    // What people put around it.
    let is_filler = |word: &&str| matches!(*word, "" | "a" | "add" | "call" | "defer" | "the");
    let words = wanted
        .split_whitespace()
        .map(|word| word.trim_matches(['.', '`', '!', ',', '"']));
    let words: Vec<&str> = words.filter(|word| !is_filler(word)).collect();
    lines
        .iter()
        .filter_map(|line| call(line))
        .any(|call| is_call(&words, call))
}

/// What a comment says is missing, in small letters.
fn wanted(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    let markers = ["todo", "fixme", "xxx", "missing"];
    let rest = markers.iter().find_map(|marker| text.strip_prefix(marker))?;
    let rest = match rest.strip_prefix('(') {
        Some(named) => named.split_once(')')?.1,
        None => rest,
    };
    let is_apart = rest.starts_with([':', ' ']);
    is_apart.then(|| rest.trim_start_matches([':', ' ']).to_owned())
}

/// `rows.Close` of `defer rows.Close()`.
fn call(line: &str) -> Option<&str> {
    let line = line.trim();
    let called = line.strip_prefix("defer ").unwrap_or(line).strip_suffix("()")?;
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    (!called.is_empty() && called.chars().all(is_name)).then_some(called)
}

/// Whether the words name this call: `rows.close()`, or `close rows`.
fn is_call(words: &[&str], call: &str) -> bool {
    let call = call.to_ascii_lowercase();
    match words {
        [whole] => whole.strip_suffix("()").unwrap_or(whole) == call,
        [verb, what] => call.rsplit_once('.').is_some_and(|(holder, method)| {
            let last = holder.rsplit('.').next();
            *verb == method && (*what == holder || Some(*what) == last)
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::asks_for;

    #[test]
    fn only_a_comment_that_asks_for_the_call_and_nothing_else_counts() {
        let asks = |comment: &str, line: &str| asks_for(comment.as_bytes(), &[line]);
        for comment in [
            "\t// TODO: close rows",
            "// Missing: defer rows.Close()",
            "// FIXME(kim): call rows.Close().",
            "// todo close the rows",
        ] {
            assert!(asks(comment, "defer rows.Close()"), "{comment}");
        }
        assert!(asks("// TODO: close resp.Body", "defer resp.Body.Close()"));
        assert!(asks("// Missing: defer cancel()", "defer cancel()"));
        for comment in [
            "// close rows",
            "// TODO: close rows and count them",
            "// TODO: close rows2",
            "// TODO: close the file",
            "// missing rows are closed",
            "// TODOs: close rows",
            "x() // TODO: close rows",
        ] {
            assert!(!asks(comment, "defer rows.Close()"), "{comment}");
        }
    }
}
