//! The declarations of a shared pool, as lines of Go.

use super::draft::Draft;
use super::moved::Moved;
use super::qualifiers::{Names, taken};
use super::removal::goes_with;
use super::uses::Limit;
use crate::analysis::literal_of;
use crate::config::Pool;
use crate::edit::{ImportNeed, callable_package, comments_above};
use crate::facts::paths;
use crate::go::syntax::{Field, Node};
use crate::go::{Callee, FileId, Package, Type};
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
    /// The comments above the opening, which move with it where it leaves its function.
    remarks: Vec<String>,
    /// The call as it stands at the top level.
    call_at_top: String,
    /// Calls on the pool, without it: `SetMaxOpenConns(25)`.
    pub limits: Vec<String>,
    /// The comments above each of the calls, where they are the code's own.
    limit_remarks: Vec<Vec<String>>,
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
        let limit_remarks = limits.iter().map(|limit| remarks_on(draft, limit.statement));
        let limit_remarks = limit_remarks.collect();
        let limits = match limits {
            [] if resource.limits => configured(pool, &mut names)?,
            own => own.iter().map(|limit| method_call(limit.call)).collect(),
        };
        check_error_name(package, file, draft)?;
        let log = callable_package(package, file, paths::LOG);
        let connects = resource.connects;
        let depth = if modern || connects { 1 } else { 2 };
        let moved = Moved { at, file, depth };
        let context = resource
            .context
            .filter(|_| literal_of(draft.opening.call).is_none());
        let context = context.map(|at| Ok((at, format!("{}Background()", names.qualifier(paths::CONTEXT)?))));
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
            remarks: match draft.is_chained {
                true => Vec::new(),
                false => remarks_on(draft, draft.opening.statement),
            },
            limits,
            limit_remarks,
            can_fail: draft.opening.yields.error.is_some(),
            connects,
            of,
            what: resource.name.clone(),
            sync: callable_package(package, file, paths::SYNC),
            fatal: log
                .as_ref()
                .map_or_else(|| "panic(err)".to_owned(), |log| format!("{log}.Fatal(err)")),
            needs_log: log.is_some(),
            imports: names.imports,
        })
    }

    /// The name of package sync in the file.
    pub fn sync(&self) -> Result<&str, Refusal> {
        self.sync.as_deref().ok_or_else(|| taken(paths::SYNC))
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
            if !self.remarks.is_empty() {
                lines.push("//".to_owned());
                lines.extend(self.remarks.iter().cloned());
            }
            lines.push(format!("var {name} = {}", self.call_at_top));
            return (lines, self.needs(None));
        }
        lines.extend([
            format!("var {name} {}", self.of),
            String::new(),
            "func init() {".to_owned(),
        ]);
        lines.extend(nested(1, &self.before));
        if self.can_fail {
            lines.push("\tvar err error".to_owned());
        }
        lines.extend(nested(1, &self.remarks));
        match self.can_fail {
            true => lines.extend([
                format!("\t{name}, err = {}", self.call),
                "\tif err != nil {".to_owned(),
                format!("\t\t{}", self.fatal),
                "\t}".to_owned(),
            ]),
            false => lines.push(format!("\t{name} = {}", self.call)),
        }
        lines.extend(self.limit_lines(1, name));
        lines.push("}".to_owned());
        let log = (self.can_fail && self.needs_log).then_some(paths::LOG);
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
        Ok((lines, self.needs(Some(paths::SYNC))))
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
        let line = |(at, limit): (usize, &String)| {
            let remarks = self.limit_remarks.get(at).into_iter().flatten();
            let remarks = remarks.map(|remark| format!("{indent}{remark}"));
            let lines = remarks.chain([format!("{indent}{pool}.{limit}")]);
            lines.collect::<Vec<_>>()
        };
        self.limits.iter().enumerate().flat_map(line).collect()
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

/// The comments above a statement that moves with the opening.
fn remarks_on(draft: &Draft<'_>, node: Node<'_>) -> Vec<String> {
    let Some(statement) = node.statement() else {
        return Vec::new();
    };
    let comments = comments_above(statement, &|next| goes_with(draft, next)).into_iter();
    comments.map(|comment| comment.text().to_owned()).collect()
}

fn nested(depth: usize, texts: &[String]) -> impl Iterator<Item = String> {
    texts
        .iter()
        .map(move |text| format!("{}{text}", "\t".repeat(depth)))
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
        let time = names.qualifier(paths::TIME)?;
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

/// The code that opens once calls its error `err`, and may not hide what the opening calls so.
fn check_error_name(package: &Package, file: FileId, draft: &Draft<'_>) -> Result<(), Refusal> {
    const ERROR: &str = "err";
    let means_more = package.file(file).import_named(ERROR).is_some() || package.declares(ERROR);
    match draft.opening.yields.error.is_some() && means_more {
        true => Err(Refusal::new(
            Reason::NameTaken,
            format!(
                "the repair needs the name `{ERROR}` for an error, and it means something else in this file: rename that"
            ),
        )),
        false => Ok(()),
    }
}
