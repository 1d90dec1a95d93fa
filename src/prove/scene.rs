//! What a handler touches when it runs, read from its code and that of the functions it reaches in the module:
//! the settings and pools a test has to give it, and what no test can give.

use std::collections::HashSet;
use std::sync::Arc;

use super::duration::beyond;
use super::request::Request;
use super::returned::is_returned;
use super::setting::{Root, Setting, argument};
use super::setting::{driver_of, is_of_request, is_request_parameter, used_as};
use crate::facts;
use crate::facts::paths;
use crate::frameworks::{Handler, Version};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingKind, Callee, DeclId, DeclKind, Declaration, Meaning};
use crate::limits;

/// Everything a handler touches.
pub struct Scene<'a> {
    pub settings: Vec<Setting>,
    pub request: Request,
    /// The driver names of the pools it opens, where they are literals.
    pub opened: Vec<Option<String>>,
    /// It closes a pool itself.
    pub closes_pool: bool,
    /// Files it opens, by the expression that names them, with where that stands.
    pub files: Vec<(Declaration<'a>, Node<'a>)>,
    /// It asks another service.
    pub asks: bool,
    /// Calls on pools, transactions and statements.
    queries: Vec<(Declaration<'a>, Node<'a>, String)>,
    /// It reaches functions of other packages of the module.
    leaves_package: bool,
    /// Calls of `time.Sleep` and waits with a limit, for [`super::lateness`].
    pub sleeps: bool,
    pub limits: Vec<(Declaration<'a>, Node<'a>)>,
    /// The driver of a pool it opens, where none is linked into the tests of its package.
    pub unlinked: Option<String>,
    /// The test runs in a folder of its own.
    pub chdir: bool,
    /// Go expressions that name the files a test makes for it.
    pub made: Vec<String>,
    version: Version,
    obstacle: Option<String>,
    seen: HashSet<(Arc<str>, DeclId)>,
    home: Declaration<'a>,
    receiver: Option<String>,
}

impl<'a> Scene<'a> {
    pub fn of(handler: &Handler<'a>) -> Self {
        let home = handler.declaration;
        let mut scene = Scene {
            settings: Vec::new(),
            request: Request::default(),
            opened: Vec::new(),
            closes_pool: false,
            files: Vec::new(),
            asks: false,
            queries: Vec::new(),
            leaves_package: false,
            sleeps: false,
            limits: Vec::new(),
            unlinked: None,
            chdir: false,
            made: Vec::new(),
            version: handler.version,
            obstacle: None,
            seen: HashSet::new(),
            home,
            receiver: home.decl().receiver.clone(),
        };
        scene.seen.insert((home.package.path.clone(), home.id));
        if let Some(body) = handler.body() {
            scene.look_into(home, body);
        }
        if is_returned(handler) {
            scene.look_around(home, handler.function);
        }
        scene.unlinked = scene
            .opened
            .iter()
            .flatten()
            .next()
            .filter(|_| links_no_driver(home))
            .cloned();
        scene.judge_queries();
        scene
    }

    /// Why no test can run the handler.
    pub fn obstacle(&self) -> Result<(), String> {
        match &self.obstacle {
            Some(why) => Err(why.clone()),
            None => Ok(()),
        }
    }

    /// Whether the request's context has to have ended, so that no pool is dialled that a test cannot replace.
    pub fn must_not_dial(&self) -> bool {
        let may_dial = !self.opened.is_empty() || !self.queries.is_empty() || self.leaves_package;
        may_dial && !self.has_own_pool() && !self.asks && self.unlinked.is_none()
    }

    /// Milliseconds by which others are to be late.
    pub fn latency(&self) -> u64 {
        beyond(&self.limits)
    }

    /// The type of the request's context.
    pub fn context(&self) -> &'static str {
        match self.version {
            Version::V3 => "fiber.Ctx",
            _ => "*fiber.Ctx",
        }
    }

    fn has_own_pool(&self) -> bool {
        self.pools().next().is_some()
    }

    /// The pools a test can put in place.
    pub fn pools(&self) -> impl Iterator<Item = &Setting> {
        self.settings
            .iter()
            .filter(|setting| setting.of.is(paths::DATABASE_SQL, "DB"))
    }

    fn refuse(&mut self, why: impl Into<String>) {
        self.obstacle.get_or_insert(why.into());
    }

    fn look_into(&mut self, at: Declaration<'a>, body: Node<'a>) {
        for node in body.subtree() {
            match node.kind() {
                Kind::CallExpression => self.call(at, node),
                Kind::Identifier => self.name(at, node),
                Kind::TypeAssertionExpression => self.request.assertion(node),
                _ => {}
            }
        }
    }

    /// What the function around a handler does before it returns it.
    fn look_around(&mut self, at: Declaration<'a>, literal: Node<'a>) {
        let body = at.function().and_then(|function| function.field(Field::Body));
        let statements = body.and_then(|body| body.child(0));
        for statement in statements.into_iter().flat_map(Node::children) {
            if !statement.contains(literal) {
                self.look_into(at, statement);
            }
        }
    }

    fn call(&mut self, at: Declaration<'a>, call: Node<'a>) {
        self.request.call(at, call);
        match at.callee(call) {
            Callee::Package(callee) if callee.package.is_own => self.enter(callee),
            Callee::External { path, receiver, name } => {
                self.external(at, call, (&path, receiver.as_deref(), &name));
            }
            _ => {}
        }
    }

    fn enter(&mut self, callee: Declaration<'a>) {
        let is_new = self.seen.insert((callee.package.path.clone(), callee.id));
        self.leaves_package |= callee.package.path != self.home.package.path;
        let body = callee.function().and_then(|function| function.field(Field::Body));
        if let Some(body) = body.filter(|_| is_new)
            && limits::inside(&callee.file().path, || self.look_into(callee, body)).is_none()
        {
            self.refuse(format!("it calls deeper than unleak looks ({})", callee.title()));
        }
    }

    fn external(&mut self, at: Declaration<'a>, call: Node<'a>, callee: (&str, Option<&str>, &str)) {
        let (path, receiver, name) = callee;
        match (path, receiver, name) {
            (paths::DATABASE_SQL, None, "Open") => self.opened.push(driver_of(call)),
            (paths::DATABASE_SQL, Some("DB"), "Close") => self.closes_pool = true,
            (paths::DATABASE_SQL, Some("DB" | "Tx" | "Conn" | "Stmt"), _) => {
                self.queries.push((at, call, name.to_owned()));
            }
            (paths::NET_HTTP, None | Some("Client"), "Get" | "Post" | "PostForm" | "Head" | "Do") => {
                self.asks = true
            }
            (paths::OS, None, "Open" | "ReadFile") => {
                self.files.extend(argument(call, 0).map(|file| (at, file)));
            }
            (paths::OS, None, "Exit") | (paths::LOG, None, "Fatal" | "Fatalf" | "Fatalln") => {
                self.refuse(format!("it may end the process ({path}.{name})"));
            }
            (paths::TIME, None, "Sleep") => self.sleeps = true,
            (paths::TIME, None, "After" | "NewTimer") => {
                self.limits.extend(argument(call, 0).map(|limit| (at, limit)))
            }
            (paths::CONTEXT, None, "WithTimeout") => {
                self.limits.extend(argument(call, 1).map(|limit| (at, limit)))
            }
            (paths::OS, None, name) if changes_files(name) => {
                self.refuse(format!("it changes files (os.{name})"))
            }
            (paths::NET, None, name) if name.starts_with("Dial") => {
                self.refuse(format!("it dials (net.{name})"))
            }
            (paths::OS_EXEC | paths::NET_SMTP | paths::NET_RPC | paths::SYSCALL | paths::PLUGIN, _, _) => {
                self.refuse(format!("it calls {path}.{name}, which a test must not"));
            }
            _ if is_harmless(path) => {}
            _ => self.refuse(format!(
                "it calls {name} of {path}, and unleak does not know what that needs"
            )),
        }
    }

    /// A query on a pool that a test can replace is harmless; on another pool it must not dial.
    fn judge_queries(&mut self) {
        if self.unlinked.is_some() {
            return;
        }
        match (self.has_own_pool(), self.opened.is_empty()) {
            (true, true) => return,
            (true, false) => self.refuse("it uses a pool of its own beside those it is given"),
            (false, _) => {}
        }
        let dialling = self.queries.iter().find(|(at, call, name)| {
            let takes_context = name.ends_with("Context") || matches!(name.as_str(), "BeginTx" | "Conn");
            let is_bound = || argument(*call, 0).is_some_and(|context| is_of_request(*at, context, 4));
            let connects = takes_context
                || matches!(
                    name.as_str(),
                    "Ping" | "Query" | "QueryRow" | "Exec" | "Begin" | "Prepare"
                );
            let of_pool = || {
                let function = call.field(Field::Function);
                let operand = function.and_then(|function| function.field(Field::Operand));
                operand.is_some_and(|operand| at.type_of(operand).is(paths::DATABASE_SQL, "DB"))
            };
            // Transactions and statements come from pools, which are judged themselves.
            connects && of_pool() && !(takes_context && is_bound())
        });
        if let Some((_, _, name)) = dialling {
            let why = format!(
                "{name} would connect to the database of the service: it is not given the request's context, which a test could end"
            );
            self.refuse(why);
        }
    }

    fn name(&mut self, at: Declaration<'a>, name: Node<'a>) {
        let Some(setting) = self.setting_at(at, name) else {
            return;
        };
        if !self.settings.contains(&setting) {
            self.settings.push(setting);
        }
    }

    /// The setting that an identifier begins, or that an expression is.
    fn setting_at(&self, at: Declaration<'a>, node: Node<'a>) -> Option<Setting> {
        let mut root = node;
        while root.is(Kind::SelectorExpression) {
            root = root.field(Field::Operand)?;
        }
        let is_name = root.is(Kind::Identifier);
        let root_of = is_name.then(|| self.root(at, root)).flatten()?;
        let mut end = root;
        let mut fields = Vec::new();
        while let Some(parent) = end.parent().filter(|parent| parent.is(Kind::SelectorExpression)) {
            let is_called = parent.role() == Field::Function;
            let (false, Some(field)) = (is_called, parent.field(Field::Field)) else {
                break;
            };
            let of = at.type_of(parent);
            fields.push((field.text().to_owned(), of));
            end = parent;
        }
        if fields.is_empty() && root_of == Root::Receiver {
            return None;
        }
        Some(Setting {
            root: root_of,
            of: at.type_of(end),
            used_as: used_as(at, end, 3),
            fields,
        })
    }

    fn root(&self, at: Declaration<'a>, name: Node<'a>) -> Option<Root> {
        match at.resolve(name) {
            Meaning::Local(id) => {
                let binding = at.scopes().get(id);
                match binding.kind {
                    BindingKind::Receiver => {
                        let is_ours =
                            at.package.path == self.home.package.path && at.decl().receiver == self.receiver;
                        is_ours.then_some(Root::Receiver)
                    }
                    BindingKind::Param if at == self.home => {
                        let outer = at
                            .function()
                            .filter(|function| function.index() == binding.function)?;
                        let is_outer = outer.index() == binding.function && !is_request_parameter(at, name);
                        is_outer.then(|| Root::Parameter(binding.name.clone()))
                    }
                    _ => None,
                }
            }
            Meaning::Package(variable) if variable.kind() == DeclKind::Var => {
                let is_pool = at.type_of(name).is(paths::DATABASE_SQL, "DB");
                let is_ours = at.package.path == self.home.package.path;
                (is_pool && is_ours).then(|| Root::Variable(name.text().to_owned()))
            }
            _ => None,
        }
    }
}

fn changes_files(name: &str) -> bool {
    let verbs = [
        "Remove", "Rename", "Create", "Write", "OpenFile", "Mkdir", "Chmod", "Chown", "Truncate", "Link",
        "Symlink",
    ];
    verbs.iter().any(|verb| name.starts_with(verb))
}

/// The standard library, Fiber, and modules that only compute.
fn is_harmless(path: &str) -> bool {
    let is_std = path.split('/').next().is_some_and(|first| !first.contains('.'));
    is_std || facts::only_computes(path)
}

/// Whether the tests of the package run without any database driver: drivers register themselves when they are
/// imported, and everything that this package imports only computes.
fn links_no_driver(home: Declaration<'_>) -> bool {
    let mut due = vec![home.package];
    let mut seen: HashSet<&str> = HashSet::new();
    while let Some(package) = due.pop() {
        for import in package
            .files
            .iter()
            .filter(|file| !file.is_test())
            .flat_map(|file| &file.imports)
        {
            match home.package_at(&import.path).filter(|package| package.is_own) {
                Some(own) if seen.insert(&own.path) => due.push(own),
                Some(_) => {}
                None if is_harmless(&import.path) => {}
                None => return false,
            }
        }
    }
    true
}
