//! Code that moves from a function to the top level, of another file perhaps, as text.

use crate::edit::{indentation, indentation_unit};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Declaration, FileId};

/// Code that moves from a function to the top level.
pub struct Moved<'a> {
    pub at: Declaration<'a>,
    pub file: FileId,
    /// How deep it stands there.
    pub depth: usize,
}

impl<'a> Moved<'a> {
    /// `call` with its function under the name it has in the other file, and with `context` as the argument at its
    /// place. A literal moves as it is.
    pub fn call(&self, call: Node<'a>, qualifier: &str, context: Option<(usize, String)>) -> String {
        if !call.is(Kind::CallExpression) {
            return self.laid_out(call);
        }
        let function = call.field(Field::Function);
        let name = function.map_or("", |function| {
            function.field(Field::Field).unwrap_or(function).text()
        });
        let arguments = call
            .field(Field::Arguments)
            .map_or(String::new(), |node| self.laid_out(node));
        let is_method = function
            .and_then(|function| function.field(Field::Operand))
            .is_some_and(|operand| {
                !operand.is(Kind::Identifier) || self.at.import_path_of(operand).is_none()
            });
        if is_method {
            return self.laid_out(call);
        }
        let replaced = context.and_then(|(at, context)| {
            let list = call.field(Field::Arguments)?;
            let old = list.child(at)?;
            let (before, behind) = (old.start() - list.start(), old.end() - list.start());
            let is_plain = !old.text().contains('\n');
            let start = list
                .text()
                .get(..before)
                .filter(|start| is_plain && !start.contains('\n'))?;
            let rest = arguments.get(behind..)?;
            Some(format!("{start}{context}{rest}"))
        });
        format!("{qualifier}{name}{}", replaced.unwrap_or(arguments))
    }

    /// Further lines lose the indentation of their statement and get that of the new place; lines of raw strings
    /// stay as they are.
    pub fn laid_out(&self, node: Node<'a>) -> String {
        let source = self.at.file();
        let base = node
            .statement()
            .map_or("", |statement| indentation(source, statement.start()));
        let indent = indentation_unit(self.at.package.file(self.file)).repeat(self.depth);
        let mut next = node.start();
        let line = |line: &'a str| {
            let start = next;
            next += line.len() + 1;
            let is_raw = node.subtree().any(|inner| {
                inner.is(Kind::RawStringLiteral) && inner.start() < start && start < inner.end()
            });
            let line = line.trim_end_matches('\r');
            match is_raw || start == node.start() || line.is_empty() {
                true => line.to_owned(),
                false => format!("{indent}{}", line.strip_prefix(base).unwrap_or(line.trim_start())),
            }
        };
        let lines: Vec<String> = node.text().split('\n').map(line).collect();
        lines.join("\n")
    }
}
