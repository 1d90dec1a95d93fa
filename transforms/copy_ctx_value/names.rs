//! Names for the locals that hold what a context gave: `userAgent` of `c.Get("User-Agent")`.

use super::accessor::{Access, Gives};
use crate::go::syntax::{Field, Kind, Node};

/// Good names for what an access gives, from what it asks for: `userAgent` of `c.Get("User-Agent")`.
pub fn wanted(access: &Access<'_>) -> Vec<String> {
    if access.gives == Gives::Context {
        return vec!["ctx".to_owned(), "userCtx".to_owned()];
    }
    let last = access.name.rsplit('.').next().unwrap_or(&access.name);
    let asked = access.arguments.first().and_then(|argument| spelled(*argument));
    let name = asked.unwrap_or_else(|| match last {
        "Cookies" => "cookie".to_owned(),
        "Get" | "Peek" | "GetReqHeader" => "header".to_owned(),
        "Locals" => "local".to_owned(),
        "Params" => "param".to_owned(),
        // `GetString` of a key that is no literal.
        last if last.strip_prefix("Get").is_some_and(is_type) => "value".to_owned(),
        // `IP` and `XHR` are one word.
        last if last.bytes().all(|byte| byte.is_ascii_uppercase()) => last.to_ascii_lowercase(),
        last => with_first(last, char::to_ascii_lowercase),
    });
    let longer = format!("request{}", inner_word(&name));
    vec![name, longer]
}

/// Whether a getter that ends so is called after the type of what it gives.
fn is_type(name: &str) -> bool {
    const TYPES: [&str; 9] = [
        "Bool", "Duration", "Float64", "Int", "Int64", "String", "Time", "Uint", "Uint64",
    ];
    TYPES.contains(&name)
}

/// `word` as it stands inside a name: `Agent`, `ID`.
fn inner_word(word: &str) -> String {
    // Those of the list of Go's code review comments that requests are made of.
    const INITIALISMS: [&str; 12] = [
        "API", "HTTP", "HTTPS", "ID", "IP", "JSON", "JWT", "UID", "URI", "URL", "UUID", "XHR",
    ];
    let upper = word.to_ascii_uppercase();
    match INITIALISMS.contains(&upper.as_str()) {
        true => upper,
        false => with_first(word, char::to_ascii_uppercase),
    }
}

/// `name` with another first letter.
fn with_first(name: &str, letter: fn(&char) -> char) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| letter(&first));
    first.into_iter().chain(letters).collect()
}

/// A name from a string literal or a constant: `"user-id"` gives `userId`.
fn spelled(argument: Node<'_>) -> Option<String> {
    let text = match argument.kind() {
        Kind::InterpretedStringLiteral | Kind::RawStringLiteral => {
            argument.text().trim_matches(['"', '`']).to_owned()
        }
        Kind::SelectorExpression => {
            let name = argument.field(Field::Field)?.text();
            name.strip_prefix("Header").unwrap_or(name).to_owned()
        }
        _ => return None,
    };
    let mut name = String::new();
    for word in text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        let shouted = word.bytes().all(|byte| !byte.is_ascii_lowercase());
        name.push_str(&match name.is_empty() {
            true if shouted => word.to_ascii_lowercase(),
            true => with_first(word, char::to_ascii_lowercase),
            false => inner_word(word),
        });
    }
    let usable = name.len() > 1 && name.starts_with(|c: char| c.is_ascii_lowercase()) && !is_keyword(&name);
    usable.then_some(name)
}

fn is_keyword(name: &str) -> bool {
    const KEYWORDS: [&str; 25] = [
        "break",
        "case",
        "chan",
        "const",
        "continue",
        "default",
        "defer",
        "else",
        "fallthrough",
        "for",
        "func",
        "go",
        "goto",
        "if",
        "import",
        "interface",
        "map",
        "package",
        "range",
        "return",
        "select",
        "struct",
        "switch",
        "type",
        "var",
    ];
    KEYWORDS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::syntax::parse;
    use crate::text::Span;
    use std::sync::Arc;

    #[test]
    fn names_come_from_what_is_asked_for() {
        let name = |argument: &str| {
            let source = format!("var x = {argument}");
            let tree = parse(&Arc::from(source.as_bytes()), Span::new(0, source.len()));
            let values = tree
                .root()
                .subtree()
                .find(|node| node.is(Kind::ExpressionList))
                .unwrap();
            spelled(values.child(0).unwrap())
        };
        assert_eq!(name("\"User-Agent\"").as_deref(), Some("userAgent"));
        assert_eq!(name("\"id\"").as_deref(), Some("id"));
        assert_eq!(name("fiber.HeaderXRequestID").as_deref(), Some("xRequestID"));
        assert_eq!(name("\"type\""), None);
        assert_eq!(name("key"), None);
    }
}
