//! The declarations of a shared pool, as lines of Go.

use super::draft::Draft;
use super::uses::Limit;
use super::value::local_definition;
use crate::config::Pool;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, Declaration, FileId};
use crate::rewrite::{ImportNeed, callable_package, indentation, indentation_unit};
use crate::transform::{Reason, Refusal};

/// The package variables around a `sync.Once`.
pub struct OnceNames {
    pub once: String,
    pub pool: String,
    pub error: String,
}

/// Everything that opening a pool takes, written for one file.
#[derive(Clone, Debug)]
pub struct Opening {
    pub file: FileId,
    /// Local definitions that moved along, then the call.
    pub before: Vec<String>,
    pub call: String,
    /// Calls on the pool, without it: `SetMaxOpenConns(25)`.
    pub limits: Vec<String>,
    pub can_fail: bool,
    /// `*sql.DB`
    pub of: String,
    sync: Option<String>,
    fatal: String,
    imports: Vec<String>,
    needs_log: bool,
}

impl Opening {
    /// `limits` are those that the code sets itself; without any, the configured ones.
    /// `modern` Go has `sync.OnceValues`.
    pub fn new(
        draft: &Draft<'_>,
        limits: &[Limit<'_>],
        file: FileId,
        pool: &Pool,
        modern: bool,
    ) -> Result<Opening, Refusal> {
        let at = draft.opening.at;
        let package = at.package;
        let path = &draft.opening.resource.package;
        let is_dot = package
            .file(file)
            .import_of(path)
            .is_some_and(|import| import.alias.as_deref() == Some("."));
        let qualifier = match (is_dot, callable_package(package, file, path)) {
            (true, _) => String::new(),
            (false, Some(name)) => format!("{name}."),
            (false, None) => return Err(taken(path)),
        };
        let mut imports = if is_dot { Vec::new() } else { vec![path.clone()] };
        let limits = match limits {
            [] => configured(pool, callable_package(package, file, "time"), &mut imports)?,
            own => own.iter().map(|limit| method_call(limit.call)).collect(),
        };
        let log = callable_package(package, file, "log");
        let depth = if modern { 1 } else { 2 };
        let moved = Moved { at, file, depth };
        Ok(Opening {
            file,
            before: draft
                .arguments
                .locals
                .iter()
                .filter_map(|id| moved.definition(*id))
                .collect(),
            call: moved.call(draft.opening.call, &qualifier),
            limits,
            can_fail: draft.opening.yields.error.is_some(),
            of: format!("*{qualifier}DB"),
            sync: callable_package(package, file, "sync"),
            fatal: log
                .as_ref()
                .map_or_else(|| "panic(err)".to_owned(), |log| format!("{log}.Fatal(err)")),
            needs_log: log.is_some(),
            imports,
        })
    }

    /// The name of package sync in the file.
    pub fn sync(&self) -> Result<&str, Refusal> {
        self.sync.as_deref().ok_or_else(|| taken("sync"))
    }

    pub fn needs(&self, further: Option<&str>) -> Vec<ImportNeed> {
        let paths = self.imports.iter().map(String::as_str).chain(further);
        paths
            .map(|path| ImportNeed::Add(self.file, path.to_owned()))
            .collect()
    }

    /// A package variable that `init` fills.
    pub fn variable(&self, name: &str) -> (Vec<String>, Vec<ImportNeed>) {
        let mut lines = vec![
            format!("// {name} is the connection pool that all requests share."),
            format!("var {name} {}", self.of),
            String::new(),
            "func init() {".to_owned(),
        ];
        lines.extend(nested(1, &self.before));
        match self.can_fail {
            true => lines.extend([
                "\tvar err error".to_owned(),
                format!("\t{name}, err = {}", self.call),
                "\tif err != nil {".to_owned(),
                format!("\t\t{}", self.fatal),
                "\t}".to_owned(),
            ]),
            false => lines.push(format!("\t{name} = {}", self.call)),
        }
        lines.extend(self.limit_lines(1, name));
        lines.push("}".to_owned());
        let log = (self.can_fail && self.needs_log).then_some("log");
        (lines, self.needs(log))
    }

    /// A function that opens at its first call: with `names`, as Go before 1.21 needs it.
    pub fn function(
        &self,
        name: &str,
        names: Option<&OnceNames>,
    ) -> Result<(Vec<String>, Vec<ImportNeed>), Refusal> {
        let sync = self.sync()?;
        let lines = match names {
            Some(names) => self.once_function(name, names, sync),
            None => self.once_variable(name, sync),
        };
        Ok((lines, self.needs(Some("sync"))))
    }

    /// `var open = sync.OnceValues(func() (*sql.DB, error) { … })`
    fn once_variable(&self, name: &str, sync: &str) -> Vec<String> {
        let (wrapper, results) = match self.can_fail {
            true => ("OnceValues", format!("({}, error)", self.of)),
            false => ("OnceValue", self.of.clone()),
        };
        let mut lines = vec![
            format!("// {name} opens the connection pool at its first call; all requests share it."),
            format!("var {name} = {sync}.{wrapper}(func() {results} {{"),
        ];
        lines.extend(nested(1, &self.before));
        lines.extend(self.body(self.local_name()));
        lines.push("})".to_owned());
        lines
    }

    /// The call, its error check, the limits and the return: what stands in a function that opens a pool.
    pub fn body(&self, pool: &str) -> Vec<String> {
        let mut lines = Vec::new();
        match (self.can_fail, self.limits.is_empty()) {
            (_, true) => return vec![format!("\treturn {}", self.call)],
            (true, false) => lines.extend([
                format!("\t{pool}, err := {}", self.call),
                "\tif err != nil {".to_owned(),
                "\t\treturn nil, err".to_owned(),
                "\t}".to_owned(),
            ]),
            (false, false) => lines.push(format!("\t{pool} := {}", self.call)),
        }
        lines.extend(self.limit_lines(1, pool));
        lines.push(match self.can_fail {
            true => format!("\treturn {pool}, nil"),
            false => format!("\treturn {pool}"),
        });
        lines
    }

    /// The same with `sync.Once`, for Go before 1.21.
    fn once_function(&self, name: &str, names: &OnceNames, sync: &str) -> Vec<String> {
        let OnceNames { once, pool, error } = names;
        let width = [once, pool, error]
            .map(String::len)
            .into_iter()
            .max()
            .unwrap_or(0);
        let mut lines = vec!["var (".to_owned(), format!("\t{once:width$} {sync}.Once")];
        lines.push(format!("\t{pool:width$} {}", self.of));
        if self.can_fail {
            lines.push(format!("\t{error:width$} error"));
        }
        lines.extend([")".to_owned(), String::new()]);
        lines.push(format!(
            "// {name} opens the connection pool at its first call; all requests share it."
        ));
        let (results, returned) = match self.can_fail {
            true => (format!("({}, error)", self.of), format!("{pool}, {error}")),
            false => (self.of.clone(), pool.clone()),
        };
        lines.push(format!("func {name}() {results} {{"));
        lines.push(format!("\t{once}.Do(func() {{"));
        lines.extend(nested(2, &self.before));
        lines.push(match self.can_fail {
            true => format!("\t\t{pool}, {error} = {}", self.call),
            false => format!("\t\t{pool} = {}", self.call),
        });
        if self.can_fail && !self.limits.is_empty() {
            lines.extend([
                format!("\t\tif {error} != nil {{"),
                "\t\t\treturn".to_owned(),
                "\t\t}".to_owned(),
            ]);
        }
        lines.extend(self.limit_lines(2, pool));
        lines.extend(["\t})".to_owned(), format!("\treturn {returned}"), "}".to_owned()]);
        lines
    }

    pub fn limit_lines(&self, depth: usize, pool: &str) -> Vec<String> {
        let indent = "\t".repeat(depth);
        self.limits
            .iter()
            .map(|limit| format!("{indent}{pool}.{limit}"))
            .collect()
    }

    /// A name for the pool that no moved code uses.
    pub fn local_name(&self) -> &'static str {
        let is_used = |name: &str| {
            let mut texts = self.before.iter().chain([&self.call]);
            texts.any(|text| {
                text.split(|c: char| !c.is_alphanumeric() && c != '_')
                    .any(|word| word == name)
            })
        };
        ["db", "pool", "shared"]
            .into_iter()
            .find(|name| !is_used(name))
            .unwrap_or("opened")
    }
}

fn nested(depth: usize, texts: &[String]) -> impl Iterator<Item = String> {
    texts
        .iter()
        .map(move |text| format!("{}{text}", "\t".repeat(depth)))
}

/// The limits that a user configured.
fn configured(pool: &Pool, time: Option<String>, imports: &mut Vec<String>) -> Result<Vec<String>, Refusal> {
    let mut limits = Vec::new();
    if let Some(connections) = pool.max_open_conns {
        limits.push(format!("SetMaxOpenConns({connections})"));
    }
    if let Some(minutes) = pool.conn_max_lifetime {
        let time = time.ok_or_else(|| taken("time"))?;
        imports.push("time".to_owned());
        limits.push(format!("SetConnMaxLifetime({minutes} * {time}.Minute)"));
    }
    Ok(limits)
}

/// `SetMaxOpenConns(10)` of `db.SetMaxOpenConns(10)`.
fn method_call(call: Node<'_>) -> String {
    let part = |node: Option<Node<'_>>| node.map_or("", Node::text).to_owned();
    let method = call
        .field(Field::Function)
        .and_then(|function| function.field(Field::Field));
    part(method) + &part(call.field(Field::Arguments))
}

fn taken(path: &str) -> Refusal {
    Refusal::new(
        Reason::NameTaken,
        format!("package `{path}` cannot be called by its name in this file: something else has that name"),
    )
}

/// Code that moves from a function to the top level.
struct Moved<'a> {
    at: Declaration<'a>,
    file: FileId,
    /// How deep it stands there.
    depth: usize,
}

impl<'a> Moved<'a> {
    fn definition(&self, id: BindingId) -> Option<String> {
        let (statement, _) = local_definition(self.at, id)?;
        Some(self.laid_out(statement))
    }

    /// `call` with its function under the name it has in the other file.
    fn call(&self, call: Node<'a>, qualifier: &str) -> String {
        let function = call.field(Field::Function);
        let name = function.map_or("", |function| {
            function.field(Field::Field).unwrap_or(function).text()
        });
        let arguments = call
            .field(Field::Arguments)
            .map_or(String::new(), |node| self.laid_out(node));
        format!("{qualifier}{name}{arguments}")
    }

    /// Further lines lose the indentation of their statement and get that of the new place; lines of raw strings
    /// stay as they are.
    fn laid_out(&self, node: Node<'a>) -> String {
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
