//! Deletes code with everything that only served it: locals that would be left unused (Go does not compile
//! those), conditions and critical sections that would be left empty, package-level names nobody else mentions.

use std::collections::BTreeMap;

use super::delete::delete_lines;
use super::extent::{Extent, extent, merged, names_of};
use super::pure::is_pure;
use super::rewrite::Rewrite;
use super::section;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Binding, BindingKind, Callee, DeclKind, Declaration, FileId, Meaning, Package, Usage};
use crate::text::Span;

/// Why something cannot go, with the place that stands against it.
#[derive(Clone, Debug)]
pub enum Obstacle<'a> {
    /// The local name would be left unused, and what defines it does more than that.
    NeededName(Declaration<'a>, Node<'a>),
    /// A block would be left empty whose head does something.
    EmptyBlock(Declaration<'a>, Node<'a>),
    /// It shares its lines with other code.
    Layout(Declaration<'a>, Node<'a>),
}

/// What goes: statements, declarations and specs, struct fields, elements of literals and arguments of calls.
#[derive(Clone)]
pub struct Removal<'a> {
    package: &'a Package,
    gone: Vec<(Declaration<'a>, Node<'a>)>,
}

impl<'a> Removal<'a> {
    pub fn new(package: &'a Package) -> Self {
        Removal {
            package,
            gone: Vec::new(),
        }
    }

    /// Marks `node` of `declaration` to go. What it holds goes with it.
    pub fn take(&mut self, declaration: Declaration<'a>, node: Node<'a>) {
        if !self.covers(declaration, node) {
            self.gone
                .retain(|(at, held)| *at != declaration || !node.contains(*held));
            self.gone.push((declaration, node));
        }
    }

    /// Whether `node` goes.
    pub fn covers(&self, declaration: Declaration<'_>, node: Node<'_>) -> bool {
        let holds = |(at, held): &(Declaration<'_>, Node<'_>)| *at == declaration && held.contains(node);
        self.gone.iter().any(holds)
    }

    /// What goes, in no particular order.
    pub fn gone(&self) -> &[(Declaration<'a>, Node<'a>)] {
        &self.gone
    }

    /// The declarations in which something goes.
    pub fn declarations(&self) -> Vec<Declaration<'a>> {
        let mut found: Vec<Declaration<'a>> = Vec::new();
        for (declaration, _) in &self.gone {
            if !found.contains(declaration) {
                found.push(*declaration);
            }
        }
        found
    }

    /// Takes what the removal leaves behind without a purpose, until nothing more is.
    pub fn settle(&mut self) -> Result<(), Obstacle<'a>> {
        loop {
            let before = self.gone.clone();
            self.take_empty_sections();
            self.take_empty_blocks()?;
            if self.gone == before {
                self.take_unused_locals()?;
            }
            if self.gone == before {
                return Ok(());
            }
        }
    }

    /// Takes the functions whose body goes entirely and that `may_go` lets go, with the statements that call them.
    pub fn take_hollow_functions(&mut self, may_go: &dyn Fn(&str) -> bool) {
        for declaration in self.declarations() {
            if let Some((function, calls)) = self
                .hollow(declaration)
                .filter(|_| may_go(declaration.decl().title()))
            {
                self.take(declaration, function);
                calls.into_iter().for_each(|(at, call)| self.take(at, call));
            }
        }
    }

    /// A function without results of which nothing stays, and the statements that call it: all that mention it.
    fn hollow(&self, declaration: Declaration<'a>) -> Option<(Node<'a>, Vec<(Declaration<'a>, Node<'a>)>)> {
        let function = declaration.function()?;
        let name = declaration.decl().title();
        let plain = function.field(Field::Result).is_none() && name != "main";
        let lists = function
            .field(Field::Body)?
            .children()
            .filter(|node| node.is(Kind::StatementList));
        let mut statements = lists.flat_map(Node::children);
        if !plain || !statements.all(|statement| self.covers(declaration, statement)) {
            return None;
        }
        let mentions = match function.kind() {
            Kind::FunctionDeclaration => self.package.mentions(name),
            _ if names_interface_method(self.package, name) => return None,
            _ => self.package.selections(name),
        };
        let calls = mentions.into_iter().map(|(at, mention)| {
            let means_it =
                matches!(at.function_meant(mention), Callee::Package(meant) if meant == declaration);
            Some((at, call_statement(at, mention).filter(|_| means_it)?))
        });
        Some((function, calls.collect::<Option<Vec<_>>>()?))
    }

    /// Takes the unexported package-level variables, constants and types that only the gone code mentions and
    /// `may_go` lets go. Those may leave others without a mention in turn.
    pub fn take_orphans(&mut self, may_go: &dyn Fn(&str) -> bool) {
        loop {
            let orphans: Vec<_> = self
                .named_in_gone()
                .into_iter()
                .filter(|(_, name)| name.starts_with(|c: char| c.is_lowercase() || c == '_') && may_go(name))
                .filter_map(|(declaration, name)| self.orphan(declaration, &name))
                .collect();
            if orphans.is_empty() {
                return;
            }
            for (declaration, node) in orphans {
                self.take(declaration, node);
            }
        }
    }

    /// The declaration of a package-level name, if nothing but gone code mentions it and it can be deleted alone.
    pub fn orphan(&self, declaration: Declaration<'a>, name: &str) -> Option<(Declaration<'a>, Node<'a>)> {
        let node = sole_spec(declaration, name)?;
        let mentions = self.package.mentions(name);
        // Mentions inside the declaration itself, as in a type that refers to itself, do not keep it.
        let idle = |(at, mention): &(Declaration<'_>, Node<'_>)| {
            self.covers(*at, *mention) || (*at == declaration && node.contains(*mention))
        };
        let lonely = mentions.iter().all(idle) && !self.covers(declaration, node);
        lonely.then_some((declaration, node))
    }

    /// Package-level variables, constants and types that the gone code mentions.
    fn named_in_gone(&self) -> Vec<(Declaration<'a>, String)> {
        let mut found: Vec<(Declaration<'a>, String)> = Vec::new();
        for (declaration, gone) in &self.gone {
            let names = gone
                .subtree()
                .filter(|node| matches!(node.kind(), Kind::Identifier | Kind::TypeIdentifier));
            for name in names {
                if let Meaning::Package(named) = declaration.resolve(name)
                    && named.kind() != DeclKind::Func
                {
                    found.push((named, name.text().to_owned()));
                }
            }
        }
        found.sort_by(|a, b| (a.0.id, &a.1).cmp(&(b.0.id, &b.1)));
        found.dedup();
        found
    }

    /// The statement lists that lose something.
    fn lists(&self) -> Vec<(Declaration<'a>, Node<'a>)> {
        let parents = self.gone.iter().filter_map(|(declaration, node)| {
            let list = node.parent().filter(|parent| parent.is(Kind::StatementList))?;
            Some((*declaration, list))
        });
        let mut lists: Vec<_> = parents.collect();
        lists.dedup();
        lists
    }

    /// `mu.Lock()` and `mu.Unlock()` around nothing but gone statements. A deferred unlock counts where the
    /// section reaches to the end of the function.
    fn take_empty_sections(&mut self) {
        for (declaration, list) in self.lists() {
            let statements: Vec<Node<'a>> = list.children().collect();
            for (at, lock) in statements.iter().enumerate() {
                let gone = |node| self.covers(declaration, node);
                if let Some(unlock) = section::emptied(declaration, &statements[at..], &gone) {
                    self.take(declaration, *lock);
                    self.take(declaration, unlock);
                }
            }
        }
    }

    fn take_empty_blocks(&mut self) -> Result<(), Obstacle<'a>> {
        for (declaration, list) in self.lists() {
            let block = list.parent().filter(|parent| parent.is(Kind::Block));
            if let Some(block) = block
                && !self.covers(declaration, block)
                && list
                    .children()
                    .all(|statement| self.covers(declaration, statement))
                && let Some(statement) = emptied_with(declaration, block)?
            {
                self.take(declaration, statement);
            }
        }
        Ok(())
    }

    fn take_unused_locals(&mut self) -> Result<(), Obstacle<'a>> {
        for declaration in self.declarations() {
            let unused: Vec<&Binding> = declaration
                .scopes()
                .bindings()
                .filter(|(_, binding)| self.leaves_unused(declaration, binding))
                .map(|(_, binding)| binding)
                .collect();
            for binding in unused {
                let definition = self.definition(declaration, binding).ok_or(Obstacle::NeededName(
                    declaration,
                    declaration.tree().node(binding.declared),
                ))?;
                self.take(declaration, definition);
            }
        }
        Ok(())
    }

    /// Whether a local loses its last use. An assignment is no use to Go's compiler.
    fn leaves_unused(&self, declaration: Declaration<'a>, binding: &Binding) -> bool {
        let node = |index: usize| declaration.tree().node(index);
        let (mut lost, mut kept) = (false, false);
        for used in binding.uses.iter().map(|&index| node(index)) {
            match self.covers(declaration, used) {
                true => lost = true,
                false => kept |= declaration.usage(used) != Usage::Write,
            }
        }
        let checked = matches!(
            binding.kind,
            BindingKind::Var | BindingKind::Range | BindingKind::TypeSwitch
        );
        checked && lost && !kept && !self.covers(declaration, node(binding.declared))
    }

    /// The statement or spec that defines this local and nothing else, if it may go unevaluated.
    fn definition(&self, declaration: Declaration<'a>, binding: &Binding) -> Option<Node<'a>> {
        let tree = declaration.tree();
        let origin = tree.node(binding.origin);
        let mut uses = binding.uses.iter().map(|&index| tree.node(index));
        let (names, values, node) = match origin.kind() {
            Kind::ShortVarDeclaration => (
                origin.field(Field::Left)?.children().count(),
                origin.field(Field::Right),
                origin,
            ),
            Kind::VarSpec => (
                origin
                    .fields(Field::Name)
                    .filter(|name| name.is(Kind::Identifier))
                    .count(),
                origin.field(Field::Value),
                whole_declaration(origin),
            ),
            _ => return None,
        };
        let stands_alone = node
            .parent()
            .is_some_and(|parent| matches!(parent.kind(), Kind::StatementList | Kind::VarSpecList));
        let holds = names == 1
            && stands_alone
            && values.is_none_or(|values| is_pure(declaration, values))
            && uses.all(|used| self.covers(declaration, used));
        holds.then_some(node)
    }

    /// The edits, with the imports that may have lost their last use.
    pub fn into_rewrite(self) -> Result<Rewrite, Obstacle<'a>> {
        let mut rewrite = Rewrite::new();
        let mut lines: BTreeMap<FileId, Vec<(Span, Declaration<'a>, Node<'a>)>> = BTreeMap::new();
        let whole = self.with_whole_groups();
        for &(declaration, node) in &whole {
            rewrite.drop_imports_of(declaration, node.span());
            let layout = Obstacle::Layout(declaration, node);
            let going = |other| {
                whole
                    .iter()
                    .any(|(at, held)| *at == declaration && held.contains(other))
            };
            match extent(declaration.file(), node, &going).ok_or(layout.clone())? {
                Extent::Inside(edit) => rewrite.edit(declaration.id.file, edit).map_err(|_| layout)?,
                Extent::Lines(span) => {
                    lines
                        .entry(declaration.id.file)
                        .or_default()
                        .push((span, declaration, node))
                }
            }
        }
        for (file, spans) in lines {
            for (span, declaration, node) in merged(self.package.file(file), spans) {
                let layout = Obstacle::Layout(declaration, node);
                let edit = delete_lines(self.package.file(file), span).ok_or(layout.clone())?;
                rewrite.edit(file, edit).map_err(|_| layout)?;
            }
        }
        Ok(rewrite)
    }

    /// A spec whose names all go goes as a whole, and so does a group whose specs do.
    fn with_whole_groups(&self) -> Vec<(Declaration<'a>, Node<'a>)> {
        let mut whole = self.clone();
        for (declaration, node) in &self.gone {
            let spec = node
                .parent()
                .filter(|parent| parent.is(Kind::VarSpec) && node.role() == Field::Name);
            if let Some(spec) =
                spec.filter(|spec| names_of(*spec).all(|name| self.covers(*declaration, name)))
            {
                whole.take(*declaration, whole_declaration(spec));
            }
        }
        for (declaration, node) in whole.gone.clone() {
            let list = node.parent().filter(|parent| parent.is(Kind::VarSpecList));
            let group = list.filter(|list| list.children().all(|spec| whole.covers(declaration, spec)));
            whole.take(declaration, group.and_then(Node::parent).unwrap_or(node));
        }
        whole.gone
    }
}

/// The statement that goes when `block` is left empty; `None` where an empty block is as good.
fn emptied_with<'a>(declaration: Declaration<'a>, block: Node<'a>) -> Result<Option<Node<'a>>, Obstacle<'a>> {
    let obstacle = Obstacle::EmptyBlock(declaration, block);
    let Some(owner) = block.parent() else {
        return Ok(None);
    };
    let is_statement = |node: Node<'a>| node.parent().is_some_and(|parent| parent.is(Kind::StatementList));
    match owner.kind() {
        Kind::FunctionDeclaration | Kind::MethodDeclaration => Ok(None),
        Kind::FuncLiteral => Ok(called_at_once(owner)),
        Kind::StatementList => Ok(Some(block)),
        Kind::IfStatement if is_statement(owner) && head_is_pure(declaration, owner) => Ok(Some(owner)),
        _ => Err(obstacle),
    }
}

/// Whether an interface of the package asks for a method of this name, which types then may have for its sake.
fn names_interface_method(package: &Package, name: &str) -> bool {
    let finder = memchr::memmem::Finder::new(name.as_bytes());
    let mut holding = package
        .declarations()
        .filter(|declaration| finder.find(declaration.bytes()).is_some());
    holding.any(|declaration| {
        let mut methods = declaration
            .tree()
            .root()
            .subtree()
            .filter(|node| node.is(Kind::MethodElem));
        methods.any(|method| method.field(Field::Name).is_some_and(|held| held.text() == name))
    })
}

/// The statement that does nothing but call `function`, with arguments that can go and leave no local unused.
fn call_statement<'a>(at: Declaration<'a>, function: Node<'a>) -> Option<Node<'a>> {
    let call = function
        .parent()
        .filter(|call| call.is(Kind::CallExpression) && function.role() == Field::Function)?;
    let arguments = call.field(Field::Arguments)?;
    let is_variable = |node: Node<'_>| {
        let local = at.scopes().binding_of(node).map(|id| at.scopes().get(id).kind);
        local.is_some_and(|kind| !matches!(kind, BindingKind::Param | BindingKind::Receiver))
    };
    let idle = is_pure(at, function)
        && arguments.children().all(|argument| is_pure(at, argument))
        && !call.descendants().any(is_variable);
    call.parent().filter(|statement| {
        idle && matches!(
            statement.kind(),
            Kind::DeferStatement | Kind::GoStatement | Kind::ExpressionStatement
        )
    })
}

/// The statement that consists of calling this literal: `defer func() { … }()`.
fn called_at_once(literal: Node<'_>) -> Option<Node<'_>> {
    let call = literal
        .parent()
        .filter(|call| call.is(Kind::CallExpression) && literal.role() == Field::Function)?;
    let no_arguments = call.field(Field::Arguments)?.children().next().is_none();
    call.parent().filter(|statement| {
        no_arguments
            && matches!(
                statement.kind(),
                Kind::DeferStatement | Kind::GoStatement | Kind::ExpressionStatement
            )
    })
}

/// Whether an `if` without `else` only decides about its block.
fn head_is_pure(declaration: Declaration<'_>, statement: Node<'_>) -> bool {
    let condition = statement
        .field(Field::Condition)
        .is_some_and(|condition| is_pure(declaration, condition));
    let initializer = statement.field(Field::Initializer).is_none_or(|initializer| {
        initializer.is(Kind::ShortVarDeclaration)
            && initializer
                .field(Field::Right)
                .is_some_and(|values| is_pure(declaration, values))
    });
    condition && initializer && statement.field(Field::Alternative).is_none()
}

/// What declares a package-level name and can be deleted without deleting another: its declaration, its spec in a
/// group, or the name alone where it has no value.
fn sole_spec<'a>(declaration: Declaration<'a>, name: &str) -> Option<Node<'a>> {
    let specs = declaration.tree().root().subtree();
    let specs = specs.filter(|node| matches!(node.kind(), Kind::VarSpec | Kind::ConstSpec | Kind::TypeSpec));
    let mut named = specs.flat_map(|spec| names_of(spec).map(move |node| (spec, node)));
    let (spec, name) = named.find(|(_, node)| node.text() == name)?;
    let values = spec.field(Field::Value);
    let values_may_go = values.is_none_or(|values| is_pure(declaration, values));
    let node = whole_declaration(spec);
    // Constants of a group may count on their neighbours (iota).
    let deletable = node.is(Kind::VarSpec) || node != spec;
    match names_of(spec).count() {
        1 => (values_may_go && deletable).then_some(node),
        _ => values.is_none().then_some(name),
    }
}

/// The declaration that holds nothing but this spec, or the spec of a group.
fn whole_declaration(spec: Node<'_>) -> Node<'_> {
    let Some(parent) = spec.parent() else {
        return spec;
    };
    match parent.kind() {
        Kind::VarDeclaration | Kind::ConstDeclaration | Kind::TypeDeclaration
            if parent.children().count() == 1 =>
        {
            parent
        }
        _ => spec,
    }
}
