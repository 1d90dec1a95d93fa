//! The declarations of a shared pool, as lines of Go.

use super::draft::Draft;
use super::uses::Limit;
use crate::config::Pool;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, Declaration, FileId, Package, Type};
use crate::leak::literal_of;
use crate::rewrite::{ImportNeed, callable_package, indentation, indentation_unit};
use crate::transform::{Reason, Refusal};

/// The package variables of a function that opens once.
pub struct OnceNames {
    /// The `sync.Once`, or the mutex where opening is tried again after a failure.
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
    /// The call as it stands at the top level.
    call_at_top: String,
    /// Calls on the pool, without it: `SetMaxOpenConns(25)`.
    pub limits: Vec<String>,
    pub can_fail: bool,
    /// Whether a failure may pass, so that the next call tries again.
    pub connects: bool,
    /// `*sql.DB`
    pub of: String,
    /// `connection pool`
    what: String,
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
        let (at, resource) = (draft.opening.at, draft.opening.resource);
        let package = at.package;
        let mut names = Names::of(package, file);
        let path = match at.callee(draft.opening.call) {
            Callee::External { path, .. } => path,
            _ => resource.package.clone(),
        };
        let qualifier = names.qualifier(&path)?;
        let of = type_of(draft, &qualifier, &mut names)?;
        let limits = match limits {
            [] if resource.limits => configured(pool, &mut names)?,
            own => own.iter().map(|limit| method_call(limit.call)).collect(),
        };
        let log = callable_package(package, file, "log");
        let connects = resource.connects;
        let depth = if modern || connects { 1 } else { 2 };
        let moved = Moved { at, file, depth };
        let context = resource
            .context
            .filter(|_| literal_of(draft.opening.call).is_none());
        let context = context.map(|at| Ok((at, format!("{}Background()", names.qualifier("context")?))));
        let context = context.transpose()?;
        Ok(Opening {
            file,
            before: draft
                .arguments
                .moving_with_comments(at)
                .into_iter()
                .map(|line| moved.laid_out(line))
                .collect(),
            call: moved.call(draft.opening.call, &qualifier, context.clone()),
            call_at_top: Moved { depth: 0, ..moved }.call(draft.opening.call, &qualifier, context),
            limits,
            can_fail: draft.opening.yields.error.is_some(),
            connects,
            of,
            what: resource.name.clone(),
            sync: callable_package(package, file, "sync"),
            fatal: log
                .as_ref()
                .map_or_else(|| "panic(err)".to_owned(), |log| format!("{log}.Fatal(err)")),
            needs_log: log.is_some(),
            imports: names.imports,
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

    /// A package variable with its value, or one that `init` fills.
    pub fn variable(&self, name: &str) -> (Vec<String>, Vec<ImportNeed>) {
        let mut lines = vec![format!("// {name} is the {} that all requests share.", self.what)];
        if !self.can_fail && self.before.is_empty() && self.limits.is_empty() {
            lines.push(format!("var {name} = {}", self.call_at_top));
            return (lines, self.needs(None));
        }
        lines.extend([
            format!("var {name} {}", self.of),
            String::new(),
            "func init() {".to_owned(),
        ]);
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
            Some(names) if self.connects => self.retrying_function(name, names, sync),
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
            format!(
                "// {name} opens the {} at its first call; all requests share it.",
                self.what
            ),
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

    /// A function that opens until it succeeds, so that no failure is kept.
    fn retrying_function(&self, name: &str, names: &OnceNames, sync: &str) -> Vec<String> {
        let OnceNames { once: lock, pool, .. } = names;
        let width = lock.len().max(pool.len());
        let (results, error) = match self.can_fail {
            true => (format!("({}, error)", self.of), ", nil"),
            false => (self.of.clone(), ""),
        };
        let mut lines = vec![
            "var (".to_owned(),
            format!("\t{lock:width$} {sync}.Mutex"),
            format!("\t{pool:width$} {}", self.of),
            ")".to_owned(),
            String::new(),
            format!(
                "// {name} opens the {} at its first call that succeeds; all requests share it.",
                self.what
            ),
            format!("func {name}() {results} {{"),
            format!("\t{lock}.Lock()"),
            format!("\tdefer {lock}.Unlock()"),
            format!("\tif {pool} != nil {{"),
            format!("\t\treturn {pool}{error}"),
            "\t}".to_owned(),
        ];
        lines.extend(nested(1, &self.before));
        let opened = self.local_name();
        match self.can_fail {
            true => lines.extend([
                format!("\t{opened}, err := {}", self.call),
                "\tif err != nil {".to_owned(),
                "\t\treturn nil, err".to_owned(),
                "\t}".to_owned(),
            ]),
            false => lines.push(format!("\t{opened} := {}", self.call)),
        }
        lines.extend(self.limit_lines(1, opened));
        lines.push(format!("\t{pool} = {opened}"));
        lines.push(format!("\treturn {pool}{error}"));
        lines.push("}".to_owned());
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
            "// {name} opens the {} at its first call; all requests share it.",
            self.what
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
        let wanted = match (self.connects, self.of.ends_with("DB")) {
            (true, _) => ["opened", "fresh", "shared"],
            (false, true) => ["db", "pool", "shared"],
            (false, false) => ["client", "opened", "shared"],
        };
        wanted
            .into_iter()
            .find(|name| !is_used(name))
            .unwrap_or("another")
    }
}

fn nested(depth: usize, texts: &[String]) -> impl Iterator<Item = String> {
    texts
        .iter()
        .map(move |text| format!("{}{text}", "\t".repeat(depth)))
}

/// The names that packages have in one file, and the imports that they ask for.
struct Names<'p> {
    package: &'p Package,
    file: FileId,
    imports: Vec<String>,
}

impl<'p> Names<'p> {
    fn of(package: &'p Package, file: FileId) -> Self {
        Names {
            package,
            file,
            imports: Vec::new(),
        }
    }

    /// `sql.` for `database/sql`; nothing where its names stand for themselves.
    fn qualifier(&mut self, path: &str) -> Result<String, Refusal> {
        let import = self.package.file(self.file).import_of(path);
        let is_dotted = import.is_some_and(|import| import.alias.as_deref() == Some("."));
        if is_dotted || *path == *self.package.path {
            return Ok(String::new());
        }
        let name = callable_package(self.package, self.file, path).ok_or_else(|| taken(path))?;
        self.imports.push(path.to_owned());
        Ok(format!("{name}."))
    }
}

/// The type of what is opened, as the file writes it: by its row, by the literal, or as far as it can be inferred.
fn type_of(draft: &Draft<'_>, qualifier: &str, names: &mut Names<'_>) -> Result<String, Refusal> {
    let opening = &draft.opening;
    if let Some(literal) = literal_of(opening.call) {
        let star = if literal == opening.call { "" } else { "*" };
        let of = literal.field(Field::Type).map_or("", Node::text);
        let name = of.rsplit_once('.').map_or(of, |(_, name)| name);
        return Ok(format!("{star}{qualifier}{name}"));
    }
    let inferred = || match opening
        .at
        .type_of(opening.call)
        .values()
        .into_iter()
        .nth(opening.yields.result)?
    {
        Type::Pointer(inner) => match &*inner {
            Type::Named { path, name, .. } => Some(format!("*{path}.{name}")),
            _ => None,
        },
        Type::Named { path, name, .. } => Some(format!("{path}.{name}")),
        _ => None,
    };
    let of = opening
        .resource
        .gives
        .clone()
        .or_else(inferred)
        .ok_or_else(unknown_type)?;
    let (star, name) = of.strip_prefix('*').map_or(("", &*of), |name| ("*", name));
    Ok(match name.rsplit_once('.') {
        Some((path, name)) if path != opening.resource.package => {
            format!("{star}{}{name}", names.qualifier(path)?)
        }
        Some((_, name)) => format!("{star}{qualifier}{name}"),
        None => format!("{star}{qualifier}{name}"),
    })
}

fn unknown_type() -> Refusal {
    Refusal::new(
        Reason::TypeUnknown,
        "the type of what is opened cannot be seen: open it once where the program is set up",
    )
}

/// The limits that a user configured.
fn configured(pool: &Pool, names: &mut Names<'_>) -> Result<Vec<String>, Refusal> {
    let mut limits = Vec::new();
    if let Some(connections) = pool.max_open_conns {
        limits.push(format!("SetMaxOpenConns({connections})"));
    }
    if let Some(minutes) = pool.conn_max_lifetime {
        let time = names.qualifier("time")?;
        limits.push(format!("SetConnMaxLifetime({minutes} * {time}Minute)"));
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
    /// `call` with its function under the name it has in the other file, and with `context` as the argument at its
    /// place. A literal moves as it is.
    fn call(&self, call: Node<'a>, qualifier: &str, context: Option<(usize, String)>) -> String {
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
