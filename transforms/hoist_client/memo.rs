//! Helpers that take more than one step to open a client: the helper keeps what it opened and gives it to everyone
//! who calls. A failure is not kept; the next call tries again.

use super::beneath;
use super::draft::is_returned;
use super::pool::check_cycle_of;
use super::steady;
use super::table;
use super::uses::handle_of;
use super::value::Known;
use crate::analysis::{Acquirers, Acquisition, Fault};
use crate::edit::{self, ImportNeed, callable_package, indentation, is_error_check};
use crate::facts::paths;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{DeclKind, Declaration, Type};
use crate::text::{Edit, Span};
use crate::transform::{Pass, Reason, Refusal};

/// A helper that can keep what it opens.
#[derive(Clone, Debug)]
pub struct Memo<'a> {
    opening: Acquisition<'a>,
    /// The result type as the helper writes it: `*sqlx.DB`.
    of: &'a str,
    gives_error: bool,
    /// The first value of each return that hands the client over.
    handed: Vec<Node<'a>>,
    /// How surely a second call would have done the same as the first.
    pub known: Known,
}

/// The package variables around a helper that keeps its client.
#[derive(Clone, Debug)]
pub struct Kept {
    pub name: String,
    lock: String,
}

impl<'a> Memo<'a> {
    /// `None` where the function is no helper of this shape at all.
    pub fn of(acquirers: &Acquirers<'a>, opening: Acquisition<'a>) -> Option<Result<Memo<'a>, Refusal>> {
        let at = opening.at;
        let function = at.function().filter(|function| *function == opening.function)?;
        let count = |field| {
            function
                .field(field)
                .map_or(0, |list: Node<'_>| list.children().count())
        };
        let is_plain = at.kind() == DeclKind::Func
            && function.is(Kind::FunctionDeclaration)
            && count(Field::Parameters) == 0
            && function.field(Field::TypeParameters).is_none();
        let yields = acquirers.passes_on(at).filter(|_| is_plain)?;
        let of = first_result(function)?;
        let results = at.results_of(function);
        let is_pointer = matches!(at.type_meant(of), Type::Pointer(_));
        let is_interface = opening
            .resource
            .gives
            .as_deref()
            .is_some_and(|gives| !gives.starts_with('*') && of.text().rsplit('.').next() == Some(gives));
        let fits = match results.as_slice() {
            [_] => true,
            [_, error] => error.is_error(),
            _ => false,
        };
        (fits && yields.result == 0 && (is_pointer || is_interface)).then_some(())?;
        let handed = handed(function)?;
        Some(Memo::checked(opening, of.text(), results.len() == 2, handed))
    }

    fn checked(
        opening: Acquisition<'a>,
        of: &'a str,
        gives_error: bool,
        handed: Vec<Node<'a>>,
    ) -> Result<Memo<'a>, Refusal> {
        if !leaves_on_error(&opening) {
            return Err(Refusal::new(
                Reason::ErrorIgnored,
                format!(
                    "{} may hand over what it could not open: return where opening fails, then keep what it gives",
                    opening.at.title()
                ),
            ));
        }
        let body = opening.function.field(Field::Body);
        let known = match body {
            Some(body) => steady::of_body(opening.at, body, handle_of(&opening))?,
            None => Known::Guess,
        };
        let texts = opening.function.descendants().filter(|node| {
            matches!(
                node.kind(),
                Kind::InterpretedStringLiteral | Kind::RawStringLiteral
            )
        });
        for text in texts {
            if table::memory_in(text.text()).is_some() {
                return Err(Refusal::new(
                    Reason::PerConnectionState,
                    format!(
                        "{} is a database that is gone with its last connection: close it before returning",
                        text.text()
                    ),
                ));
            }
        }
        check_cycle_of(opening.at)?;
        let has_beneath = !opening.resource.beneath.is_empty();
        if has_beneath && beneath::is_handed_over_closed(&opening, &handed) {
            return Err(Refusal::new(
                Reason::Escapes,
                format!(
                    "{} may close the client's underlying pool before it returns the client: drop that Close",
                    opening.at.title()
                ),
            ));
        }
        Ok(Memo {
            opening,
            of,
            gives_error,
            handed,
            known,
        })
    }

    /// Names for the variables, which nothing in the package uses.
    pub fn kept(&self, pass: &Pass<'a>, wanted: &[String]) -> Kept {
        let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        let name = pass.fresh_global(&wanted);
        Kept {
            lock: pass.fresh_global(&[&format!("{name}Mu")]),
            name,
        }
    }

    /// The edits: the variables, the question at the head of the helper, and a note before each return.
    pub fn edits(&self, pass: &Pass<'a>, kept: &Kept) -> Result<(Vec<Edit>, Vec<ImportNeed>), Refusal> {
        let at = self.opening.at;
        let file = at.id.file;
        let sync = callable_package(pass.package, file, paths::SYNC).ok_or_else(|| {
            Refusal::new(
                Reason::NameTaken,
                "package `sync` cannot be called by its name in this file: something else has that name",
            )
        })?;
        let variables = self.variables(kept, &sync);
        let variables: Vec<&str> = variables.iter().map(String::as_str).collect();
        let declared = edit::insert_first_declaration(pass.package, file, &variables);
        let asked = self.asked(kept);
        let edits = [declared, asked]
            .into_iter()
            .chain(self.handed.iter().flat_map(|value| self.noted(*value, kept)));
        let edits: Option<Vec<Edit>> = edits.collect();
        let needs = vec![ImportNeed::Add(file, paths::SYNC.to_owned())];
        Ok((edits.ok_or_else(|| crowded(at))?, needs))
    }

    fn variables(&self, kept: &Kept, sync: &str) -> Vec<String> {
        let Kept { name, lock } = kept;
        let width = name.len().max(lock.len());
        vec![
            format!(
                "// {name} is what {} opened; all requests share it.",
                self.opening.at.decl().title()
            ),
            "var (".to_owned(),
            format!("\t{lock:width$} {sync}.Mutex"),
            format!("\t{name:width$} {}", self.of),
            ")".to_owned(),
        ]
    }

    /// At the head of the helper: what is there already is enough.
    fn asked(&self, kept: &Kept) -> Option<Edit> {
        let Kept { name, lock } = kept;
        let nil = if self.gives_error { ", nil" } else { "" };
        let body = self.opening.function.field(Field::Body)?;
        let first = body.children().flat_map(Node::children).next()?;
        let source = self
            .opening
            .at
            .file()
            .source
            .get(body.start() + 1..first.start())?;
        let lines = [
            format!("{lock}.Lock()"),
            format!("defer {lock}.Unlock()"),
            format!("if {name} != nil {{"),
            format!("\treturn {name}{nil}"),
            "}".to_owned(),
        ];
        let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        // Two blank lines would not be gofmt's.
        if source.iter().filter(|byte| **byte == b'\n').count() < 2 || !starts_blank(source) {
            lines.push("");
        }
        edit::insert_at_start(self.opening.at.file(), body, &lines)
    }

    /// `name = db` before `return db, nil`.
    fn noted(&self, value: Node<'a>, kept: &Kept) -> Vec<Option<Edit>> {
        let file = self.opening.at.file();
        let statement = value.enclosing(Kind::ReturnStatement);
        if value.text().contains('\n') {
            return self.noted_where_it_stands(value, statement, kept);
        }
        let line = format!("{} = {}", kept.name, value.text());
        let note = statement.and_then(|statement| edit::insert_before(file, statement, &[&line]));
        match value.kind() {
            Kind::Identifier => vec![note],
            _ => vec![note, Some(Edit::replace(value.span(), kept.name.clone()))],
        }
    }

    /// `name = &T{ … }` and `return name, nil` in place of `return &T{ … }, nil`: its lines stay as they are.
    fn noted_where_it_stands(
        &self,
        value: Node<'a>,
        statement: Option<Node<'a>>,
        kept: &Kept,
    ) -> Vec<Option<Edit>> {
        let source = self.opening.at.file();
        let Some(statement) = statement.filter(|statement| {
            let between = source.source.get(statement.start()..value.start());
            between.is_some_and(|between| between.trim_ascii() == b"return")
        }) else {
            return vec![None];
        };
        let indent = indentation(source, statement.start());
        let head = Span::new(statement.start(), value.start());
        let end = edit::newline(source);
        let back = format!("{end}{indent}return {}", kept.name);
        vec![
            Some(Edit::replace(head, format!("{} = ", kept.name))),
            Some(Edit::insert(value.end(), back)),
        ]
    }
}

fn starts_blank(source: &[u8]) -> bool {
    let mut lines = source.split(|byte| *byte == b'\n').skip(1);
    lines.next().is_some_and(|line| line.trim_ascii().is_empty())
        && source.iter().filter(|byte| **byte == b'\n').count() > 1
}

/// The type expression of the first result, where the results have no names.
fn first_result(function: Node<'_>) -> Option<Node<'_>> {
    let result = function.field(Field::Result)?;
    if !result.is(Kind::ParameterList) {
        return Some(result);
    }
    let first = result.child(0)?;
    let is_named = result
        .children()
        .any(|result| result.field(Field::Name).is_some());
    first.field(Field::Type).filter(|_| !is_named)
}

/// The first value of each return that does not give nil: a name, or what opens. `None` where a call with several
/// results is returned as it is, since it has no place for a note.
fn handed(function: Node<'_>) -> Option<Vec<Node<'_>>> {
    let body = function.field(Field::Body)?;
    let returns = body
        .shallow_descendants()
        .filter(|node| node.is(Kind::ReturnStatement));
    let mut found = Vec::new();
    let many = function.field(Field::Result)?.is(Kind::ParameterList);
    for statement in returns {
        let values: Vec<Node<'_>> = statement.children().flat_map(Node::children).collect();
        let first = *values.first()?;
        match first.kind() {
            Kind::Nil => {}
            Kind::Identifier => found.push(first),
            _ if many && values.len() == 1 => return None,
            _ => found.push(first),
        }
    }
    (!found.is_empty()).then_some(found)
}

/// Whether the helper goes no further where opening fails.
fn leaves_on_error(opening: &Acquisition<'_>) -> bool {
    let error = match opening.fault {
        Fault::Never => return true,
        Fault::Dropped => return is_returned(opening.call) && opening.yields.error.is_none(),
        Fault::Local(error) => error,
    };
    let name = &opening.at.scopes().get(error).name;
    let Some(statement) = opening.statement.statement() else {
        return false;
    };
    let mut behind = std::iter::successors(statement.next_sibling(), |node| node.next_sibling());
    let check = behind
        .find(|node| !node.is(Kind::Comment))
        .filter(|next| is_error_check(*next, name));
    let last = check
        .and_then(|check| check.field(Field::Consequence))
        .and_then(|block| {
            block
                .children()
                .flat_map(Node::children)
                .filter(|node| !node.is(Kind::Comment))
                .last()
        });
    last.is_some_and(leaves)
}

/// Whether nothing runs behind the statement: a return, a panic, the end of the process.
fn leaves(statement: Node<'_>) -> bool {
    let call = match statement.kind() {
        Kind::ReturnStatement => return true,
        Kind::ExpressionStatement => statement.child(0),
        _ => None,
    };
    let function = call.and_then(|call| call.field(Field::Function));
    let name = function.map_or("", |function| {
        function.field(Field::Field).unwrap_or(function).text()
    });
    name == "panic" || ["Fatal", "Panic", "Exit"].iter().any(|end| name.starts_with(end))
}

fn crowded(at: Declaration<'_>) -> Refusal {
    Refusal::new(
        Reason::ControlFlow,
        format!(
            "{} shares lines with other code: put its statements on lines of their own",
            at.title()
        ),
    )
}
