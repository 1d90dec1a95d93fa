//! Calls whose callee is indexed by one name, `f[T](x)` and `handlers[i](x)`. With one argument the grammar takes them
//! for conversions to a generic type, with two for calls. The array holds all of them as calls, as it does `T(x)`:
//! whether the callee is a type is a question of names.

use super::tree::Entry;
use super::{Field, Kind};

/// The array with such conversions as calls.
pub(super) fn with_calls(source: &[u8], mut entries: Vec<Entry>) -> Vec<Entry> {
    let mut changes = Changes::default();
    for at in 0..entries.len() {
        changes.note(source, &mut entries, at);
    }
    match changes.lists.is_empty() {
        true => entries,
        false => changes.applied(&entries),
    }
}

/// What differs from the grammar's tree beside kinds and roles.
#[derive(Default)]
struct Changes {
    /// Nodes that are left out; their children stay.
    dropped: Vec<usize>,
    /// Argument lists that begin before a node.
    lists: Vec<List>,
}

struct List {
    before: usize,
    /// The index behind its last node.
    end: usize,
    entry: Entry,
}

impl Changes {
    /// Makes a call of the conversion at `at`, if it may be one.
    fn note(&mut self, source: &[u8], entries: &mut [Entry], at: usize) {
        let generic = at + 1;
        let is_misread = |entry: &Entry| entry.kind == Kind::GenericType && entry.field == Field::Type;
        let Some(callee) = entries.get(generic).copied().filter(is_misread) else {
            return;
        };
        let whole = entries[at];
        let opens = callee.end as usize;
        if whole.kind != Kind::TypeConversionExpression || source.get(opens) != Some(&b'(') {
            return;
        }
        let brackets = entries[generic + 1].subtree_end as usize;
        entries[at].kind = Kind::CallExpression;
        entries[generic].field = Field::Function;
        self.dropped.push(brackets);
        match only_name(entries, brackets) {
            Some(index) => {
                entries[generic].kind = Kind::IndexExpression;
                self.dropped.push(brackets + 1);
                read_as_value(entries, index);
                entries[index].field = Field::Index;
                read_as_value(entries, generic + 1);
                entries[generic + 1].field = Field::Operand;
            }
            None => entries[generic].kind = Kind::TypeInstantiationExpression,
        }
        self.lists.push(List {
            before: callee.subtree_end as usize,
            end: whole.subtree_end as usize,
            entry: Entry {
                start: callee.end,
                kind: Kind::ArgumentList,
                field: Field::Arguments,
                ..whole
            },
        });
    }

    fn applied(mut self, entries: &[Entry]) -> Vec<Entry> {
        self.dropped.sort_unstable();
        self.lists.sort_unstable_by_key(|list| list.before);
        let (mut dropped, mut lists) = (
            self.dropped.into_iter().peekable(),
            self.lists.into_iter().peekable(),
        );
        let mut rebuilt = Rebuilt::default();
        for (at, entry) in entries.iter().enumerate() {
            rebuilt.close(at);
            if let Some(list) = lists.next_if(|list| list.before == at) {
                rebuilt.open(list.entry, list.end);
            }
            if dropped.next_if_eq(&at).is_none() {
                let of_list = entry.field == Field::Operand && rebuilt.is_in_list();
                let field = if of_list { Field::Other } else { entry.field };
                rebuilt.open(Entry { field, ..*entry }, entry.subtree_end as usize);
            }
        }
        rebuilt.close(entries.len());
        rebuilt.entries
    }
}

/// The node between the brackets, if it is all there is and may be a value's name.
fn only_name(entries: &[Entry], brackets: usize) -> Option<usize> {
    let (element, only) = (brackets + 1, brackets + 2);
    let end = entries[brackets].subtree_end;
    let is_only = entries.get(element)?.subtree_end == end && entries.get(only)?.subtree_end == end;
    let is_name = || matches!(entries[only].kind, Kind::TypeIdentifier | Kind::QualifiedType);
    (is_only && is_name()).then_some(only)
}

/// `T` and `p.T` as the expressions that are written like them.
fn read_as_value(entries: &mut [Entry], at: usize) {
    match entries[at].kind {
        Kind::TypeIdentifier => entries[at].kind = Kind::Identifier,
        Kind::QualifiedType => {
            entries[at].kind = Kind::SelectorExpression;
            for part in &mut entries[at + 1..][..2] {
                (part.kind, part.field) = match part.kind {
                    Kind::PackageIdentifier => (Kind::Identifier, Field::Operand),
                    _ => (Kind::FieldIdentifier, Field::Field),
                };
            }
        }
        _ => {}
    }
}

/// The new array while it grows.
#[derive(Default)]
struct Rebuilt {
    entries: Vec<Entry>,
    /// The nodes around, each with the index of the old array at which it ends.
    around: Vec<(usize, usize)>,
}

impl Rebuilt {
    fn open(&mut self, entry: Entry, end: usize) {
        let parent = self.around.last().map_or(0, |(at, _)| *at as u32);
        self.around.push((self.entries.len(), end));
        self.entries.push(Entry { parent, ..entry });
    }

    /// Ends what ends before `at`.
    fn close(&mut self, at: usize) {
        let size = self.entries.len() as u32;
        while let Some((node, _)) = self.around.pop_if(|(_, end)| *end <= at) {
            self.entries[node].subtree_end = size;
        }
    }

    fn is_in_list(&self) -> bool {
        let inner = self.around.last();
        inner.is_some_and(|(at, _)| self.entries[*at].kind == Kind::ArgumentList)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::sync::Arc;

    use crate::go::syntax::{Node, parse};
    use crate::text::Span;

    /// Kinds, roles and texts of the statement in `func f() { … }`, a level in each pair of parentheses.
    fn shape(statement: &str) -> String {
        let source = format!("func f() {{\n\t{statement}\n}}");
        let tree = parse(&Arc::from(source.as_bytes()), Span::new(0, source.len()));
        assert_eq!(tree.error(), None, "{statement}");
        let node = tree.root().descendants().find(|node| node.text() == statement);
        let expression = node
            .unwrap()
            .descendants()
            .find(|node| node.text() == statement)
            .unwrap();
        let mut out = String::new();
        write(
            expression
                .subtree()
                .find(|node| node.child(0).is_some() && node.text() == statement)
                .unwrap(),
            &mut out,
        );
        out
    }

    fn write(node: Node<'_>, out: &mut String) {
        write!(out, "{:?}", node.kind()).unwrap();
        let children: Vec<_> = node.all_children().collect();
        if children.is_empty() {
            return;
        }
        for (at, child) in children.into_iter().enumerate() {
            assert_eq!(child.parent(), Some(node));
            write!(out, "{}{:?}:", if at == 0 { "(" } else { " " }, child.role()).unwrap();
            write(child, out);
        }
        out.push(')');
    }

    #[test]
    fn one_argument_reads_as_two_do() {
        for callee in ["f[T]", "handlers[i]", "s.handlers[i]"] {
            let two = shape(&format!("{callee}(x, x)"));
            assert_eq!(
                shape(&format!("{callee}(x)")),
                two.replace(" Other:Identifier)", ")"),
                "{callee}"
            );
        }
    }

    #[test]
    fn what_can_only_be_a_type_stays_one() {
        let call = shape("f[[]byte](x)");
        assert!(
            call.starts_with("CallExpression(Function:TypeInstantiationExpression("),
            "{call}"
        );
        let selected = shape("s.m[k.v](x)");
        assert!(
            selected.starts_with("CallExpression(Function:IndexExpression(Operand:SelectorExpression("),
            "{selected}"
        );
        let nested = shape("f[T](g[U](x))");
        assert_eq!(nested.matches("CallExpression").count(), 2, "{nested}");
        assert!(shape("[]byte(x)").starts_with("TypeConversionExpression("));
    }
}
