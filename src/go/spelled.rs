//! Whether a text that somebody wrote, and that is to become part of Go source, is what it should be and no more.

use std::sync::Arc;

use super::syntax::{Kind, parse};
use crate::text::Span;

/// Whether `text` can name something.
pub fn is_identifier(text: &str) -> bool {
    let is_letter = |c: char| c.is_alphabetic() || c == '_';
    let is_word = text.starts_with(is_letter) && text.chars().all(|c| is_letter(c) || c.is_numeric());
    // The parser knows the keywords.
    is_word && text != "_" && argument(text) == Some(Kind::Identifier)
}

/// Whether `text` is one expression, whole and on one line, with nothing before it or behind it.
pub fn is_expression(text: &str) -> bool {
    let kind = argument(text);
    !text.contains(char::is_control) && kind.is_some_and(|kind| kind != Kind::VariadicArgument)
}

/// Whether `text` can be imported.
pub fn is_import_path(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._~+".contains(c);
    let is_element =
        |element: &str| !element.is_empty() && !matches!(element, "." | "..") && element.chars().all(fits);
    text.split('/').all(is_element)
}

/// What `text` is as the only argument of a call, if it is just that.
fn argument(text: &str) -> Option<Kind> {
    const BEFORE: &str = "package p\n\nvar _ = f(";
    let source: Arc<[u8]> = format!("{BEFORE}{text})\n").into_bytes().into();
    let tree = parse(&source, Span::new(0, source.len()));
    if tree.error().is_some() {
        return None;
    }
    let all = Span::new(BEFORE.len(), BEFORE.len() + text.len());
    let mut whole = tree.at(all)?;
    // The innermost one of those with this span is found.
    while let Some(parent) = whole.parent().filter(|parent| parent.span() == all) {
        whole = parent;
    }
    let list = whole.parent()?;
    let is_alone = list.is(Kind::ArgumentList) && list.span() == Span::new(all.start - 1, all.end + 1);
    (is_alone && !whole.is(Kind::Comment)).then(|| whole.kind())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_words_of_go() {
        for text in ["Close", "größe", "_x", "a1", "nilable"] {
            assert!(is_identifier(text), "{text}");
        }
        for text in [
            "",
            "_",
            "1a",
            "a.b",
            "a b",
            "func",
            "Return(1); panic",
            "x\n",
            "a-b",
            "a/**/",
            "世 ",
        ] {
            assert!(!is_identifier(text), "{text}");
        }
    }

    #[test]
    fn an_expression_is_one_and_whole() {
        for text in [
            "nil",
            "-1",
            "\"a, b\"",
            "f(1, 2)",
            "time.Second * 2",
            "[]int{1, 2}",
            "&T{}",
            "(x)",
        ] {
            assert!(is_expression(text), "{text}");
        }
        let not_one = [
            "",
            " ",
            " nil",
            "nil ",
            "nil, nil",
            "nil); panic(1",
            "nil), g(nil",
            "x...",
            "// x",
            "nil // x",
            "/* x */",
            "x := 1",
            "return",
            "nil)\n\nfunc init() { panic(1) }\n\nvar _ = f(1",
            "1\n",
            "(",
            "\"",
            "`",
            "nil/**/",
            "func",
        ];
        for text in not_one {
            assert!(!is_expression(text), "{text}");
        }
    }

    #[test]
    fn import_paths_are_plain() {
        for text in [
            "os",
            "net/http",
            "github.com/a/b-c_d/v2",
            "gopkg.in/yaml.v3",
            "ex.com/~x",
        ] {
            assert!(is_import_path(text), "{text}");
        }
        for text in [
            "",
            "/a",
            "a/",
            "a//b",
            "../x",
            "a\"\nimport \"b",
            "a b",
            "a;b",
            "C\\D",
        ] {
            assert!(!is_import_path(text), "{text}");
        }
    }
}
