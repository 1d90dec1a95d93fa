//! Code that asks the request context when its handler may be over, and the repair: ask before it starts.
//!
//! ```text
//! go func() { track(c.Path()) }()   ⇒   path := strings.Clone(c.Path())
//!                                       go func() { track(path) }()
//! ```
//!
//! The getter gives the same string a moment earlier, before anything else could happen to the request; what may be
//! overwritten is copied. Only getters that do nothing else are moved, and only with arguments that mean the same
//! there.

use super::accessor::{Access, Gives, Shape, access, contexts_in};
use super::copy::copied;
use super::names::wanted;
use super::setting::Settings;
use super::whole;
use crate::analysis::detached::Detached;
use crate::analysis::gets_lent_context;
use crate::edit::{NewName, Rewrite, insert_before};
use crate::frameworks::{ContextFacts, ContextHandler, RequestContext, is_abandoned};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingKind, DeclKind, Declaration, Meaning, Usage};
use crate::text::Edit;
use crate::transform::{Applicability, Fix, Reason, Refusal};

/// A start of code that outlives its handler and asks the context.
#[derive(Clone, Debug)]
pub struct Late<'a> {
    pub at: Declaration<'a>,
    pub start: Detached<'a>,
    /// The context's name, wherever that code mentions it.
    pub mentions: Vec<Node<'a>>,
    pub request: RequestContext<'a>,
    settings: Settings,
}

/// Every such start of a handler.
pub fn late<'a>(handler: &ContextHandler<'a>, settings: Settings) -> Vec<Late<'a>> {
    let (at, function) = (handler.declaration, handler.function);
    let contexts = contexts_in(at, function);
    if contexts.is_empty() || is_abandoned(function) || !gets_lent_context(handler) {
        return Vec::new();
    }
    let starts = Detached::all_in(at, function).into_iter();
    let asked = starts.filter_map(|start| {
        let mentions: Vec<_> = contexts
            .iter()
            .copied()
            .filter(|mention| outlives(at, &start, *mention) && !lasts(*mention, handler.request.facts))
            .collect();
        (!mentions.is_empty() && !start.is_awaited(at, function)).then_some(Late {
            at,
            start,
            mentions,
            request: handler.request,
            settings,
        })
    });
    asked.collect()
}

/// Whether the context mentioned here is asked when the code runs: it is captured, or handed over as it is.
fn outlives(at: Declaration<'_>, start: &Detached<'_>, mention: Node<'_>) -> bool {
    if start.holds(mention) {
        let binding = at.scopes().binding_of(mention);
        return binding.is_some_and(|id| {
            let declared = at.tree().node(at.scopes().get(id).declared);
            !start.holds(declared)
        });
    }
    let is_whole = !mention
        .parent()
        .is_some_and(|parent| parent.is(Kind::SelectorExpression));
    let called = start.call.and_then(|call| call.field(Field::Function));
    (start.is_given(mention) && is_whole) || called.is_some_and(|called| called.contains(mention))
}

/// Whether what the context is asked for here is as right after the handler.
fn lasts(mention: Node<'_>, facts: &ContextFacts) -> bool {
    let method = selected(mention);
    method.is_some_and(|method| facts.lasting.iter().any(|lasting| **lasting == *method.text()))
}

/// The method or field of the context that is selected at `mention`.
pub fn selected(mention: Node<'_>) -> Option<Node<'_>> {
    let selector = mention
        .parent()
        .filter(|parent| parent.is(Kind::SelectorExpression))?;
    selector
        .field(Field::Field)
        .filter(|_| mention.role() == Field::Operand)
}

impl<'a> Late<'a> {
    /// The name of the context.
    pub fn context(&self) -> &'a str {
        self.mentions.first().map_or("c", |mention| mention.text())
    }

    fn access(&self, mention: Node<'a>) -> Option<Access<'a>> {
        let access = access(self.at, mention, self.settings);
        access.filter(|access| access.gives != Gives::Advised)
    }

    /// The first thing that code does with the context.
    pub fn first_use(&self) -> Node<'a> {
        let first = self.mentions[0];
        let whole = self.access(first).map_or(first, |access| access.node);
        match whole == first {
            true => first.parent().unwrap_or(first),
            false => whole,
        }
    }

    pub fn fix(&self) -> Result<Fix, Refusal> {
        self.values_taken().or_else(|refusal| whole::copy(self, refusal))
    }

    /// What the fixes promise: of a version without rows it is not known what its getters do.
    pub fn promise(&self) -> Applicability {
        match self.request.is_guess {
            true => Applicability::Unsafe,
            false => Applicability::Safe,
        }
    }

    /// Whether the context is asked for a value here, and nothing happens by that.
    pub fn asks_for_value(&self, mention: Node<'a>) -> bool {
        self.access(mention).is_some_and(|access| !access.is_late)
    }

    fn values_taken(&self) -> Result<Fix, Refusal> {
        let literal = self
            .start
            .literal
            .filter(|literal| self.mentions.iter().all(|mention| literal.contains(*mention)));
        let literal = literal.ok_or_else(|| self.hand_over())?;
        let accesses: Vec<Access<'a>> = self
            .mentions
            .iter()
            .map(|mention| self.movable(*mention, literal))
            .collect::<Result<_, _>>()?;
        let mut rewrite = Rewrite::new();
        let mut lines: Vec<String> = Vec::new();
        let mut held: Vec<(&str, NewName)> = Vec::new();
        for access in &accesses {
            let text = access.node.text();
            let known = held.iter().find(|(known, _)| *known == text);
            let name = match known {
                Some((_, new)) => new.name.clone(),
                None => {
                    let taken: Vec<&str> = held.iter().map(|(_, new)| &*new.name).collect();
                    let new = NewName::local_beside(self.at, literal, &wanted(access), &taken);
                    let name = new.name.clone();
                    lines.push(format!("{name} := {}", self.value(&mut rewrite, access)?));
                    rewrite.introduce(new.clone());
                    held.push((text, new));
                    name
                }
            };
            self.edit(&mut rewrite, Some(Edit::replace(access.node.span(), name)))?;
        }
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let place = literal.statement();
        let insertion = place.and_then(|place| insert_before(self.at.file(), place, &lines));
        self.edit(&mut rewrite, insertion)?;
        let title = format!(
            "Take the {} from the context before the {} starts",
            if held.len() == 1 { "value" } else { "values" },
            self.start.means.noun()
        );
        Ok(Fix::new(title, self.promise(), rewrite))
    }

    fn edit(&self, rewrite: &mut Rewrite, edit: Option<Edit>) -> Result<(), Refusal> {
        let edited = edit.and_then(|edit| rewrite.edit(self.at.id.file, edit).ok());
        edited.ok_or_else(|| {
            refused(
                Reason::ControlFlow,
                "the code is laid out so that a person should move the values",
            )
        })
    }

    fn value(&self, rewrite: &mut Rewrite, access: &Access<'a>) -> Result<String, Refusal> {
        match access.gives {
            Gives::Lent(shape) => copied(rewrite, self.at, access.node, shape),
            _ => Ok(access.node.text().to_owned()),
        }
    }

    /// The access of `mention`, if it can be asked for before the code starts.
    fn movable(&self, mention: Node<'a>, literal: Node<'a>) -> Result<Access<'a>, Refusal> {
        let Some(access) = self.access(mention) else {
            return Err(self.unmovable(mention));
        };
        let call = access.node.text();
        if access.is_late || self.is_set_later(&access) {
            let why = format!(
                "`{call}` reads what is there at that moment: take it before the {} starts, where it is complete",
                self.start.means.noun()
            );
            return Err(refused(Reason::TouchesRequest, why));
        }
        if matches!(access.gives, Gives::Lent(Shape::Group) | Gives::Filled) {
            let why = format!(
                "`{call}` gives several strings of the request: copy the ones that are needed before the {} starts",
                self.start.means.noun()
            );
            return Err(refused(Reason::TouchesRequest, why));
        }
        if !access
            .arguments
            .iter()
            .all(|argument| self.is_steady(*argument, literal))
        {
            let why = format!(
                "the argument of `{call}` is computed in the {}: compute it and ask the context before that starts",
                self.start.means.noun()
            );
            return Err(refused(Reason::TouchesRequest, why));
        }
        Ok(access)
    }

    /// Whether the handler gives the context another value of this kind once the code has started.
    fn is_set_later(&self, access: &Access<'a>) -> bool {
        let call = access.node.field(Field::Arguments);
        self.is_changed_later(&access.name, call)
    }

    /// The same for the method of the context that is selected here.
    pub fn is_set_after(&self, method: Node<'a>) -> bool {
        let call = method.parent().and_then(Node::parent);
        self.is_changed_later(method.text(), call.and_then(|call| call.field(Field::Arguments)))
    }

    /// Whether the handler calls a setter of `getter`, one with more arguments, once the code has started.
    fn is_changed_later(&self, getter: &str, arguments: Option<Node<'a>>) -> bool {
        let count = |arguments: Option<Node<'a>>| arguments.into_iter().flat_map(Node::children).count();
        let given = count(arguments);
        let setters = self.request.facts.setters.iter();
        let setters = setters.filter(|(_, getters)| getters.iter().any(|row| **row == *getter));
        let setters: Vec<&str> = setters.map(|(setter, _)| &**setter).collect();
        let handler = ContextHandler::around(self.at, self.start.start);
        let nodes = handler
            .into_iter()
            .flat_map(|handler| handler.function.descendants());
        let calls = nodes.filter(|node| node.is(Kind::CallExpression));
        let mut later = calls.filter(|call| call.start() > self.start.start.end());
        later.any(|call| {
            let called = call.field(Field::Function);
            let named = called.and_then(|function| function.field(Field::Field));
            named.is_some_and(|name| setters.contains(&name.text()))
                && count(call.field(Field::Arguments)) > given
        })
    }

    fn unmovable(&self, mention: Node<'a>) -> Refusal {
        let context = self.context();
        let noun = self.start.means.noun();
        let Some(method) = selected(mention) else {
            return self.hand_over();
        };
        let asked = access(self.at, mention, self.settings);
        let advice = asked.and_then(|access| {
            let advice = self.request.facts.advice.get(access.name.as_str())?;
            Some(format!(
                "`{}` {}",
                access.node.text(),
                advice.replace("{start}", noun)
            ))
        });
        let why = advice.unwrap_or_else(|| {
            format!(
                "`{context}.{}` does more than read a value: do it before the {noun} starts, or wait for that before the handler returns",
                method.text()
            )
        });
        refused(Reason::TouchesRequest, why)
    }

    fn hand_over(&self) -> Refusal {
        let copied = match self.request.facts.lends() {
            true => ", strings through strings.Clone",
            false => "",
        };
        let why = format!(
            "`{}` itself is handed on: hand the {} the values that it needs instead{copied}",
            self.context(),
            self.start.means.noun()
        );
        refused(Reason::TouchesRequest, why)
    }

    /// Whether `argument` means the same before the literal: a constant, or a name of the outside that keeps its value.
    fn is_steady(&self, argument: Node<'a>, literal: Node<'a>) -> bool {
        let argument = argument.unparenthesized();
        match argument.kind() {
            Kind::InterpretedStringLiteral
            | Kind::RawStringLiteral
            | Kind::IntLiteral
            | Kind::FloatLiteral
            | Kind::True
            | Kind::False
            | Kind::Nil => true,
            Kind::SelectorExpression => argument
                .field(Field::Operand)
                .is_some_and(|operand| self.at.import_path_of(operand).is_some()),
            Kind::Identifier => match self.at.resolve(argument) {
                Meaning::Package(declaration) => declaration.kind() == DeclKind::Const,
                Meaning::Local(id) => {
                    let binding = self.at.scopes().get(id);
                    let outside = !literal.contains(self.at.tree().node(binding.declared));
                    let mut uses = self.at.scopes().uses(id, self.at.tree());
                    let is_kept =
                        uses.all(|name| matches!(self.at.usage(name), Usage::Read | Usage::FieldKey));
                    outside && (binding.kind == BindingKind::Const || is_kept)
                }
                _ => false,
            },
            _ => false,
        }
    }
}

fn refused(reason: Reason, why: impl Into<String>) -> Refusal {
    Refusal::new(reason, why)
}
