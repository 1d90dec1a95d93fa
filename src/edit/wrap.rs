//! A block's statements, one level deeper in something that is called or run around them.

use super::lines::{
    end_of_line_behind, indentation, indentation_unit, line_rest, line_start, nested, newline, next_line,
};
use crate::go::SourceFile;
use crate::go::syntax::{Kind, Node};
use crate::text::{Edit, Span};

/// `{ … }` ⇒ `{ open … close }`, with the statements between indented once more and `inner`, edits between them, made
/// along. Lines of `close` may be nested with tabs. `None` where the braces share their lines with other code.
pub fn wrap_block(
    file: &SourceFile,
    block: Node<'_>,
    open: &str,
    close: &[&str],
    inner: Vec<Edit>,
) -> Option<Vec<Edit>> {
    let source = &file.source;
    let (unit, end) = (indentation_unit(file), newline(file));
    let brace = block.end() - 1;
    let (head, tail) = (
        end_of_line_behind(file, block.start() + 1)?,
        line_start(source, brace),
    );
    let base = indentation(file, brace);
    (tail + base.len() == brace && tail > head).then_some(())?;
    let raw: Vec<Span> = block
        .subtree()
        .filter(|node| node.is(Kind::RawStringLiteral))
        .map(Node::span)
        .collect();
    let is_raw = |at: usize| raw.iter().any(|span| span.start < at && at < span.end);
    let goes = |at: usize| {
        let mut gone = inner.iter().map(|edit| edit.span);
        gone.any(|span| span.start <= at && at < span.end)
    };
    let mut edits = vec![Edit::insert(head, format!("{end}{base}{unit}{open}"))];
    let mut line = next_line(source, head);
    while line < tail {
        let is_blank = line_rest(source, line).trim_ascii().is_empty();
        if !is_blank && !is_raw(line) && !goes(line) {
            edits.push(Edit::insert(line, unit));
        }
        line = next_line(source, line);
    }
    let close = close
        .iter()
        .map(|line| format!("{base}{unit}{}{end}", nested(line, unit)));
    edits.push(Edit::insert(tail, close.collect::<String>()));
    edits.extend(inner.into_iter().map(|edit| deeper(edit, unit)));
    Some(edits)
}

/// The edit with each new line in its text one level deeper.
fn deeper(edit: Edit, unit: &str) -> Edit {
    let (first, rest) = match edit.text.split_once('\n') {
        Some(parts) => parts,
        None => return edit,
    };
    let lines =
        rest.split('\n').map(
            |line| match line.trim_end().is_empty() && !line.starts_with([' ', '\t']) {
                true => line.to_owned(),
                false => format!("{unit}{line}"),
            },
        );
    let lines: Vec<String> = std::iter::once(first.to_owned()).chain(lines).collect();
    Edit {
        text: lines.join("\n"),
        ..edit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::Package;
    use crate::text::EditSet;

    #[test]
    fn statements_go_deeper_and_raw_strings_stay() {
        let source = "package p\n\nfunc f() {\n\tfor {\n\t\ta(`x\ny`)\n\n\t\tb() // why\n\t}\n}\n";
        let package = Package::new("p", None, vec![SourceFile::new("p/f.go", source.as_bytes())]);
        let declaration = package.find_name("f").unwrap();
        let mut nodes = declaration.tree().root().subtree();
        let looped = nodes.find(|node| node.is(Kind::ForStatement)).unwrap();
        let body = looped.children().last().unwrap();
        let behind_a = source.find("y`)").unwrap() + 3;
        let inner = vec![Edit::insert(behind_a, "\n\t\tc()")];
        let edits = wrap_block(&package.files[0], body, "func() {", &["}()"], inner).unwrap();
        let made = EditSet::try_from(edits).unwrap().apply(&package.files[0].source);
        assert_eq!(
            String::from_utf8(made).unwrap(),
            "package p\n\nfunc f() {\n\tfor {\n\t\tfunc() {\n\t\t\ta(`x\ny`)\n\t\t\tc()\n\n\t\t\tb() // why\n\t\t}()\n\t}\n}\n"
        );
    }
}
