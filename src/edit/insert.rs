//! New statements and declarations, on lines of their own.

use super::lines::{
    end_of_line_behind, indentation, indentation_of_block, indentation_unit, laid_out_behind, line_at,
    line_before, line_start, nested, newline, next_line,
};
use super::wish;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Declaration, FileId, Package, SourceFile};
use crate::text::{Edit, Span};

/// `lines` as statements of their own behind `statement`, at its indentation. A line's own leading tabs nest it
/// deeper. A comment below that asks for just that goes. `None` where more code follows on the same line.
pub fn insert_after(file: &SourceFile, statement: Node<'_>, lines: &[&str]) -> Option<Edit> {
    let end = end_of_line_behind(file, statement.end())?;
    let indent = indentation(file, statement.start());
    let below = line_at(&file.source, next_line(&file.source, end));
    let text = laid_out_behind(file, indent, lines);
    if wish::asks_for(below, lines) {
        let wish = next_line(&file.source, end) + below.trim_ascii_end().len();
        return Some(Edit::replace(Span::new(end, wish), text));
    }
    Some(Edit::insert(end, text))
}

/// `lines` behind the body of an `if`, whose `else if` becomes an `if` of its own below them. `None` where anything but
/// white space stands beside the `else`, or other code before the `if` on its line.
pub fn insert_before_else(file: &SourceFile, branch: Node<'_>, lines: &[&str]) -> Option<Edit> {
    let (body, next) = (
        branch.field(Field::Consequence)?,
        branch.field(Field::Alternative)?,
    );
    let between = Span::new(body.end(), next.start());
    let indent = indentation(file, branch.start());
    let stands_alone = line_start(&file.source, branch.start()) + indent.len() == branch.start();
    let is_plain = file.source[between.start..between.end].trim_ascii() == b"else";
    (stands_alone && is_plain && next.is(Kind::IfStatement)).then_some(())?;
    let behind = laid_out_behind(file, indent, lines);
    Some(Edit::replace(
        between,
        format!("{behind}{}{indent}", newline(file)),
    ))
}

/// `lines` as the first statements of a block that spans several lines. `None` for `{ return nil }` on one line.
pub fn insert_at_start(file: &SourceFile, block: Node<'_>, lines: &[&str]) -> Option<Edit> {
    let end = end_of_line_behind(file, block.start() + 1)?;
    let indent = format!("{}{}", indentation_of_block(file, block), indentation_unit(file));
    Some(Edit::insert(end, laid_out_behind(file, &indent, lines)))
}

/// `lines` as statements of their own before `statement`, behind any comment that stands above it; one that asks for
/// just that goes. `None` where other code stands before it on its line.
pub fn insert_before(file: &SourceFile, statement: Node<'_>, lines: &[&str]) -> Option<Edit> {
    let start = line_start(&file.source, statement.start());
    let indent = indentation(file, statement.start());
    (start + indent.len() == statement.start()).then_some(())?;
    let end = newline(file);
    let unit = indentation_unit(file);
    let text = lines
        .iter()
        .map(|line| format!("{}{end}{indent}", nested(line, unit)))
        .collect::<String>();
    let above = line_before(&file.source, start);
    if wish::asks_for(above, lines) {
        let wish = Span::new(line_start(&file.source, start - 1), statement.start());
        return Some(Edit::replace(wish, format!("{indent}{text}")));
    }
    Some(Edit::insert(statement.start(), text))
}

/// `lines` in place of `statement`. `None` where other code stands before it on its line.
pub fn replace_statement(file: &SourceFile, statement: Node<'_>, lines: &[&str]) -> Option<Edit> {
    let start = line_start(&file.source, statement.start());
    let indent = indentation(file, statement.start());
    (start + indent.len() == statement.start()).then_some(())?;
    let unit = indentation_unit(file);
    let lines: Vec<String> = lines.iter().map(|line| nested(line, unit)).collect();
    let text = lines.join(&format!("{}{indent}", newline(file)));
    Some(Edit::replace(statement.span(), text))
}

/// Top-level code behind `declaration`, with a blank line between.
pub fn insert_declaration_after(declaration: Declaration<'_>, lines: &[&str]) -> Option<Edit> {
    let file = declaration.file();
    let end = end_of_line_behind(file, declaration.decl().span.end)?;
    Some(Edit::insert(
        end,
        format!("{}{}", newline(file), laid_out_behind(file, "", lines)),
    ))
}

/// Top-level code before the first declaration that is no import, above its doc comment.
pub fn insert_first_declaration(package: &Package, file: FileId, lines: &[&str]) -> Option<Edit> {
    let source = package.file(file);
    let last_import = source
        .import_decls
        .last()
        .map_or(source.package_end, |span| span.end);
    let end = end_of_line_behind(source, last_import)?;
    Some(Edit::insert(
        end,
        format!("{}{}", newline(source), laid_out_behind(source, "", lines)),
    ))
}
