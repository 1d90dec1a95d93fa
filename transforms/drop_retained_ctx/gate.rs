//! Tells by its bytes alone whether a declaration can store a request context: most handlers only call methods
//! of theirs and need no parsing.

use memchr::memmem;

/// Whether some parameter of one of the types is used other than as `c.Method`, or a closure that could capture it
/// may be stored. The types are spelt `gin.Context`, or as the name alone.
pub fn may_store(bytes: &[u8], types: &[String]) -> bool {
    let spelt = |of: &'_ String| {
        let bare = of.rfind('.').map_or(0, |dot| dot + 1);
        let found = memmem::find_iter(bytes, of.as_bytes());
        found.map(|at| at + bare).collect::<Vec<usize>>()
    };
    let found = types.iter().flat_map(spelt);
    let names = found.filter_map(|at| parameter_before(bytes, at));
    let mut names = names.peekable();
    names.peek().is_some() && (may_store_closure(bytes) || { names }.any(|name| is_used_bare(bytes, name)))
}

/// The name before the type that ends at `at`: `c` of `c *fiber.Ctx`.
fn parameter_before(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let qualified = bytes[..at].strip_suffix(b".").map_or(&bytes[..at], trim_word);
    let spaced = qualified.strip_suffix(b"*").unwrap_or(qualified);
    let trimmed = spaced.trim_ascii_end();
    let name = &trimmed[trim_word(trimmed).len()..];
    (!name.is_empty() && trimmed.len() < spaced.len()).then_some(name)
}

/// `bytes` without the word at their end.
fn trim_word(bytes: &[u8]) -> &[u8] {
    let length = bytes.iter().rev().take_while(|byte| is_word(**byte)).count();
    &bytes[..bytes.len() - length]
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn is_used_bare(bytes: &[u8], name: &[u8]) -> bool {
    memmem::find_iter(bytes, name).any(|at| {
        let before = at.checked_sub(1).map(|at| bytes[at]);
        let behind = &bytes[at + name.len()..];
        let alone = !before.is_some_and(|byte| is_word(byte) || byte == b'.')
            && !behind.first().is_some_and(|byte| is_word(*byte));
        alone && !behind.trim_ascii_start().starts_with(b".") && !is_parameter(behind)
    })
}

/// Whether a type follows: then this is where the name is declared.
fn is_parameter(behind: &[u8]) -> bool {
    let blank = behind
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    let of = &behind[blank..];
    of.len() < behind.len() && of.first().is_some_and(|byte| is_word(*byte) || *byte == b'*')
}

fn may_store_closure(bytes: &[u8]) -> bool {
    const TAKERS: [&[u8]; 5] = [b"= func(", b"append(", b"<- func(", b": func(", b"Store("];
    memmem::find(bytes, b"func(").is_some() && TAKERS.iter().any(|taker| memmem::find(bytes, taker).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stores(bytes: &[u8]) -> bool {
        may_store(bytes, &["Ctx".to_owned(), "gin.Context".to_owned()])
    }

    #[test]
    fn handlers_that_only_call_methods_need_no_parsing() {
        assert!(!stores(
            b"func h(c *fiber.Ctx) error { return c.SendString(c.Path()) }"
        ));
        assert!(!stores(b"func h(db *sql.DB) error { return f(c) }"));
        assert!(!stores(
            b"func h(ctx fiber.Ctx) error { ctxs := 1; return ctx.JSON(ctxs) }"
        ));
    }

    #[test]
    fn bare_uses_and_kept_closures_do() {
        assert!(stores(b"func h(c *gin.Context) { last = c }"));
        assert!(!stores(b"func h(ctx context.Context) { last = ctx }"));
        assert!(stores(b"func h(c *fiber.Ctx) error { last = c; return nil }"));
        assert!(stores(
            b"func (s *S) h(ctx fiber.Ctx) error { s.all = append(s.all, ctx)\n}"
        ));
        assert!(stores(b"func h(c *Ctx) error { f(c); return nil }"));
        assert!(stores(
            b"func h(c *fiber.Ctx) error {\n\tkept[id] = c\n\tn := 1\n}"
        ));
        assert!(stores(
            b"func h(c *fiber.Ctx) error { later = append(later, func() { c.Next() }); return nil }"
        ));
    }
}
