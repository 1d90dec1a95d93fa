//! When is the value of an argument known, and is it the same for every request? An answer is only given where the
//! source says so; everything else is a [`Refusal`] that names the obstacle.

use super::definition::{definition, local_definition, right_of};
use super::live;
use super::obstacle::{captured, from_request, manifold, obscure, temporary, unresolved};
use super::steady::{self, Writes};
use super::steps;
use super::table::{Source, is_constant, source};
use super::value::{Known, Value};
use crate::analysis::request::request_path;
use crate::edit::is_tractable;
use crate::frameworks::is_request_context;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, BindingKind, Callee, DeclKind, Declaration, Meaning, Type, Usage};
use crate::limits::Limit;
use crate::transform::{Reason, Refusal};

/// How many definitions a value may hang on, each on the next.
const DEFINITIONS: Limit = Limit::new(24, "definitions that lead to each other");

type Answer<'a> = Result<Value<'a>, Refusal>;

/// Reads values in one function.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    pub at: Declaration<'a>,
    /// The function that opens; `None` at package level.
    pub function: Option<Node<'a>>,
    /// The call that opens, where what stands before it counts.
    pub opening: Option<Node<'a>>,
    /// The name that is being built, and the step that is looked at.
    building: Option<(BindingId, Node<'a>)>,
    depth: u32,
}

impl<'a> Reader<'a> {
    pub fn new(at: Declaration<'a>, function: Option<Node<'a>>) -> Self {
        Reader {
            at,
            function,
            opening: None,
            building: None,
            depth: DEFINITIONS.most,
        }
    }

    /// Reads what `opening` gets.
    pub fn before(self, opening: Node<'a>) -> Self {
        Reader {
            opening: Some(opening),
            ..self
        }
    }

    /// Reads a step that builds `id`.
    pub fn within(self, id: BindingId, step: Node<'a>) -> Self {
        Reader {
            building: Some((id, step)),
            ..self
        }
    }

    pub fn read(self, node: Node<'a>) -> Answer<'a> {
        if !is_tractable(self.at, node) {
            return Err(obscure(node));
        }
        match node.kind() {
            Kind::InterpretedStringLiteral | Kind::RawStringLiteral => {
                Ok(Value::constant(unquoted(node.text())))
            }
            Kind::IntLiteral
            | Kind::FloatLiteral
            | Kind::RuneLiteral
            | Kind::ImaginaryLiteral
            | Kind::True
            | Kind::False
            | Kind::Nil => Ok(Value::of(Known::Init, node.text())),
            Kind::Identifier => self.identifier(node),
            Kind::ParenthesizedExpression => self.read(node.child(0).ok_or_else(|| obscure(node))?),
            Kind::BinaryExpression => self.binary(node),
            Kind::UnaryExpression if node.operator() == Some(Kind::Arrow) => Err(obscure(node)),
            Kind::UnaryExpression | Kind::IndexExpression | Kind::SliceExpression => self.parts(node),
            Kind::TypeConversionExpression | Kind::TypeAssertionExpression => {
                self.read(node.field(Field::Operand).ok_or_else(|| obscure(node))?)
            }
            Kind::SelectorExpression => self.selector(node),
            Kind::CallExpression => self.call(node),
            Kind::CompositeLiteral => self.literal(node),
            Kind::FuncLiteral => self.function_literal(node),
            _ => Err(obscure(node)),
        }
    }

    /// Steps into another definition.
    fn deeper(self, name: &str) -> Result<Self, Refusal> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Reader { depth, ..self }),
            None => {
                DEFINITIONS.reached(&self.at.file().path);
                let message = format!(
                    "`{name}` hangs on more than {DEFINITIONS}: open the pool once where the program is set up"
                );
                Err(Refusal::new(Reason::NeedsDecision, message))
            }
        }
    }

    fn all(self, form: &str, nodes: impl Iterator<Item = Node<'a>>) -> Answer<'a> {
        let values: Result<Vec<_>, _> = nodes.map(|node| self.read(node)).collect();
        Ok(Value::joined(form, values?))
    }

    fn parts(self, node: Node<'a>) -> Answer<'a> {
        let operator = node.field(Field::Operator).map_or("index", Node::text);
        let value = self.all(operator, node.children())?;
        // What a pointer points to or a map holds may be set until the program is set up.
        match node.operator() {
            Some(Kind::Star) | None => Ok(value.at_least(Known::Running)),
            _ => Ok(value),
        }
    }

    fn binary(self, node: Node<'a>) -> Answer<'a> {
        let operator = node.field(Field::Operator).map_or("", Node::text);
        let side = |field| self.read(node.field(field).ok_or_else(|| obscure(node))?);
        let (left, right) = (side(Field::Left)?, side(Field::Right)?);
        let folded = match (&left.constant, &right.constant) {
            (Some(left), Some(right)) if operator == "+" => Some(format!("{left}{right}")),
            _ => None,
        };
        let mut value = Value::joined(operator, [left, right]);
        if let Some(text) = folded {
            value.key = format!("{text:?}");
            value.constant = Some(text);
        }
        Ok(value)
    }

    fn identifier(self, node: Node<'a>) -> Answer<'a> {
        match self.at.resolve(node) {
            Meaning::Local(id) => self.local(id),
            Meaning::Package(declaration) => self.package_name(declaration, node.text()),
            Meaning::Universe => Ok(Value::of(Known::Init, node.text())),
            Meaning::Import(_) | Meaning::Unknown => Err(unresolved(node)),
        }
    }

    fn package_name(self, declaration: Declaration<'a>, name: &str) -> Answer<'a> {
        let there = Reader {
            at: declaration,
            function: None,
            opening: None,
            building: None,
            depth: self.depth,
        };
        let definition = definition(declaration, name);
        let value = || definition.and_then(|node| there.deeper(name).ok()?.read(node).ok());
        match declaration.kind() {
            DeclKind::Const => {
                let constant = value().and_then(|value| value.constant);
                let value = constant.map_or_else(|| Value::of(Known::Init, name), Value::constant);
                Ok(value.naming(declaration))
            }
            DeclKind::Var => match steady::writes(declaration, name) {
                Writes::PerRequest => Err(Refusal::new(
                    Reason::RequestDependent,
                    format!(
                        "`{name}` is assigned while requests run: keep a map of pools, one for each of its values"
                    ),
                )),
                Writes::None if definition.is_some() && !is_open_to_others(declaration, name) => {
                    let constant = value().and_then(|value| value.constant);
                    let value = constant.map_or_else(|| Value::of(Known::Init, name), Value::constant);
                    Ok(value.naming(declaration))
                }
                _ => Ok(Value::of(Known::Running, name).naming(declaration)),
            },
            DeclKind::Func => Ok(Value::of(Known::Init, name).naming(declaration)),
            DeclKind::Type => Err(Refusal::new(
                Reason::NeedsDecision,
                format!("`{name}` is a type: open the pool once where it is set up"),
            )),
        }
    }

    fn local(self, id: BindingId) -> Answer<'a> {
        let binding = self.at.scopes().get(id);
        if is_request_context(&self.at.type_of_binding(id)) {
            return Err(from_request());
        }
        if let Some((built, step)) = self.building {
            let is_inside = step.contains(self.at.tree().node(binding.declared));
            if id == built || is_inside {
                return Ok(Value::of(Known::Running, &*binding.name));
            }
        }
        match binding.kind {
            BindingKind::Var | BindingKind::Const => self.defined(id),
            BindingKind::Receiver => Err(Refusal::new(
                Reason::NeedsDecision,
                format!(
                    "the data source is part of `{}`: open the pool in its constructor and keep it in a field",
                    binding.name
                ),
            )),
            BindingKind::Param | BindingKind::Result => Err(self.parameter(id)),
            _ => Err(manifold(&binding.name)),
        }
    }

    fn parameter(self, id: BindingId) -> Refusal {
        let binding = self.at.scopes().get(id);
        let owner = self.at.tree().node(binding.function);
        let name = &binding.name;
        if self.function.is_some_and(|function| function != owner) {
            let message = format!(
                "`{name}` is a parameter of {}: open the pool there, outside of the returned handler",
                self.at.title()
            );
            return Refusal::new(Reason::NeedsDecision, message);
        }
        match steady::is_fed_by_request(self.at, id) {
            true => from_request(),
            false => Refusal::new(
                Reason::NeedsDecision,
                format!("`{name}` is a parameter: keep a map of pools, one for each of its values"),
            ),
        }
    }

    /// A local name that is given its value once, in a statement of its own.
    fn defined(self, id: BindingId) -> Answer<'a> {
        let (scopes, tree) = (self.at.scopes(), self.at.tree());
        let binding = scopes.get(id);
        let defined = local_definition(self.at, id);
        let changed = scopes.uses(id, tree).any(|node| self.may_change(node));
        let inside = self.deeper(&binding.name)?;
        let (statement, value) = match defined {
            Some((statement, node)) => (statement, inside.read(node)?),
            None => {
                let values = right_of(tree.node(binding.origin));
                values
                    .map(|node| inside.read(node))
                    .collect::<Result<Vec<_>, _>>()?;
                return Err(manifold(&binding.name));
            }
        };
        let value = match changed {
            true => steps::value(inside, id, statement, value)?,
            false => value,
        };
        let is_outer = self
            .function
            .is_some_and(|function| function.index() != binding.function);
        let known = match value.known {
            Known::Running if is_outer => Known::Guess,
            known => known,
        };
        let mut value = value.at_least(known);
        value.locals.push(id);
        value.locals.sort();
        value.locals.dedup();
        Ok(value)
    }

    /// Whether a mention of a local name may give it, or a part of it, another value: an assignment, a method that
    /// is not known, or a function that gets more than a plain value.
    pub fn may_change(self, node: Node<'a>) -> bool {
        match self.at.usage(node) {
            Usage::Read => {}
            Usage::FieldKey => return false,
            Usage::Write | Usage::Update | Usage::Address => return true,
        }
        let Some(parent) = node.parent() else {
            return false;
        };
        let is_plain = || matches!(self.at.type_of(node), Type::Basic(_) | Type::Unknown);
        let is_known = |call: Node<'a>| source(self.at, &self.at.callee(call)) != Source::Unknown;
        match parent.kind() {
            Kind::SelectorExpression | Kind::IndexExpression
                if parent.field(Field::Operand) == Some(node) =>
            {
                let called = parent
                    .parent()
                    .filter(|call| call.field(Field::Function) == Some(parent));
                let changes = |call| !is_known(call) || steps::is_setter(call);
                self.at.usage(parent) != Usage::Read || called.is_some_and(changes)
            }
            // The opening itself takes what it is given as it is.
            Kind::ArgumentList if parent.parent() == self.opening => false,
            Kind::ArgumentList => !is_plain() && !parent.parent().is_some_and(is_known),
            _ => {
                steps::is_assigned(node) && matches!(self.at.type_of(node), Type::Pointer(_) | Type::Map(..))
            }
        }
    }

    fn selector(self, node: Node<'a>) -> Answer<'a> {
        let (Some(operand), Some(field)) = (node.field(Field::Operand), node.field(Field::Field)) else {
            return Err(obscure(node));
        };
        let import = Some(operand).filter(|node| node.is(Kind::Identifier));
        if let Some(path) = import.and_then(|node| self.at.import_path_of(node)) {
            return self.imported(path, field.text());
        }
        let value = self.read(operand)?;
        if steady::is_field_set_per_request(self.at, node) {
            return Err(Refusal::new(
                Reason::RequestDependent,
                format!(
                    "`{}` is assigned while requests run: keep a map of pools, one for each of its values",
                    node.text()
                ),
            ));
        }
        let form = format!(".{}", field.text());
        Ok(Value::joined(&form, [value]).at_least(Known::Running))
    }

    /// A variable or constant of another package. What is not at hand is taken for something that set-up code fills.
    fn imported(self, path: &str, name: &str) -> Answer<'a> {
        let declared = self
            .at
            .package_at(path)
            .and_then(|package| self.at.find_name_in(package, name));
        let value = match declared.filter(|declaration| declaration.package.is_own) {
            Some(declaration) => self.package_name(declaration, name)?,
            None if is_constant(self.at, path, name) => Value::of(Known::Init, ""),
            None => Value::of(Known::Running, ""),
        };
        let key = match &value.constant {
            Some(_) => value.key,
            None => format!("{path}.{name}"),
        };
        Ok(Value {
            key,
            qualified: true,
            ..value
        })
    }

    fn call(self, node: Node<'a>) -> Answer<'a> {
        let function = node.field(Field::Function).ok_or_else(|| obscure(node))?;
        let arguments = node.field(Field::Arguments).into_iter().flat_map(Node::children);
        let arguments = arguments.map(|argument| match argument.kind() {
            Kind::VariadicArgument => argument.child(0).unwrap_or(argument),
            _ => argument,
        });
        let callee = self.at.callee(node);
        let receiver = match function.kind() {
            Kind::SelectorExpression => function.field(Field::Operand).filter(|operand| {
                !operand.is(Kind::Identifier) || self.at.import_path_of(*operand).is_none()
            }),
            _ => None,
        };
        let form = function.field(Field::Field).unwrap_or(function).text();
        match callee {
            Callee::Local(_) | Callee::Literal(_) => return Err(obscure(node)),
            Callee::Conversion(_) => return self.all("conversion", arguments),
            _ => {}
        }
        let mut value = self.all(form, receiver.into_iter().chain(arguments))?;
        value.qualified |= matches!(callee, Callee::External { receiver: None, .. });
        let known = match &callee {
            Callee::Builtin(_) => Known::Init,
            Callee::Package(declaration) => {
                value.names.push(*declaration);
                match steady::is_steady(*declaration) {
                    true => Known::Running,
                    false => live::check(self.at, node).map(|()| Known::Guess)?,
                }
            }
            callee => match source(self.at, callee) {
                Source::Pure => Known::Init,
                Source::Steady => Known::Running,
                Source::Temporary => return Err(temporary(node)),
                Source::Live | Source::Unknown => live::check(self.at, node).map(|()| Known::Guess)?,
            },
        };
        if let Callee::External { path, .. } = &callee {
            value.key = format!("{path}.{}", value.key);
        }
        Ok(value.at_least(known))
    }

    /// A function made on the spot is the same for every request where it uses nothing of the function around it.
    fn function_literal(self, node: Node<'a>) -> Answer<'a> {
        let names = node.descendants().filter(|inner| inner.is(Kind::Identifier));
        let mut value = Value::of(Known::Init, node.text());
        for name in names {
            match self.at.resolve(name) {
                Meaning::Local(id)
                    if !node.contains(self.at.tree().node(self.at.scopes().get(id).declared)) =>
                {
                    return Err(captured(name));
                }
                Meaning::Package(declaration) => value.names.push(declaration),
                Meaning::Import(_) => value.qualified = true,
                _ => {}
            }
        }
        Ok(value)
    }

    fn literal(self, node: Node<'a>) -> Answer<'a> {
        let of = node.field(Field::Type).ok_or_else(|| obscure(node))?;
        let elements = node.descendants().filter(|inner| {
            inner.is(Kind::LiteralElement) && inner.enclosing(Kind::CompositeLiteral) == Some(node)
        });
        let is_name = |element: &Node<'a>| {
            element.role() == Field::Key && element.child(0).is_some_and(|key| key.is(Kind::Identifier))
        };
        let values = elements
            .filter(|element| !is_name(element))
            .filter_map(|element| element.child(0));
        let mut value = self.all(of.text(), values)?;
        value.qualified |= of.subtree().any(|inner| inner.is(Kind::QualifiedType));
        Ok(value)
    }
}

/// Whether other packages can assign to the variable.
fn is_open_to_others(declaration: Declaration<'_>, name: &str) -> bool {
    declaration.package.name != "main" && name.starts_with(char::is_uppercase)
}

/// Whether a value leads anywhere near a request.
pub fn runs_per_request(declaration: Declaration<'_>, node: Node<'_>) -> bool {
    request_path(declaration, node).is_some()
}

fn unquoted(literal: &str) -> String {
    let inner = literal.get(1..literal.len().saturating_sub(1)).unwrap_or("");
    match literal.starts_with('`') || !inner.contains('\\') {
        true => inner.to_owned(),
        // Escapes stay as they are written: good enough to tell values apart.
        false => format!("\"{inner}"),
    }
}
