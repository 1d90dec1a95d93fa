//! The request that brings a handler as far as its code wants: path parameters, headers, a body that binds.

use serde_json::{Map, Value};

use super::setting::argument;
use crate::facts::paths;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingKind, Callee, DeclKind, Declaration, Meaning};

/// How many types a body is looked into, one inside the other.
const DEPTH: u32 = 4;

/// What a handler asks of its request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    pub params: Vec<String>,
    pub queries: Vec<String>,
    pub headers: Vec<String>,
    /// The field of an uploaded file.
    pub file: Option<String>,
    /// The JSON document that binds to what it reads the body into.
    pub json: Option<String>,
    /// It hands the request on.
    pub continues: bool,
    /// What another handler has to have stored.
    pub locals: Option<String>,
}

impl Request {
    pub fn call<'a>(&mut self, at: Declaration<'a>, call: Node<'a>) {
        let Callee::External { path, receiver, name } = at.callee(call) else {
            return self.binding(at, call);
        };
        if !path.starts_with(paths::FIBER) {
            return;
        }
        // The generic functions of v3 take the context first.
        let first = argument(call, usize::from(receiver.is_none()));
        let named = first.filter(|name| name.is(Kind::InterpretedStringLiteral));
        let named = named.map(|name| name.text().trim_matches('"').to_owned());
        let is_defaulted = argument(call, 1 + usize::from(receiver.is_none())).is_some();
        match (&*name, named) {
            ("Params" | "ParamsInt", Some(name)) => note(&mut self.params, name),
            ("Query", Some(name)) if !is_defaulted => note(&mut self.queries, name),
            ("Get", Some(name)) if receiver.is_some() => note(&mut self.headers, name),
            ("FormFile", Some(name)) => self.file = Some(name),
            ("Next", _) => self.continues = true,
            _ => self.binding(at, call),
        }
    }

    /// `c.BodyParser(&in)`, `c.Bind().Body(&in)`, `c.Bind().JSON(&in)`
    fn binding<'a>(&mut self, at: Declaration<'a>, call: Node<'a>) {
        let function = call
            .field(Field::Function)
            .filter(|function| function.is(Kind::SelectorExpression));
        let name = function
            .and_then(|function| function.field(Field::Field))
            .map(|name| name.text());
        if !matches!(name, Some("BodyParser" | "Body" | "JSON")) {
            return;
        }
        let target = argument(call, 0).filter(|target| target.operator() == Some(Kind::Address));
        let target = target
            .and_then(|target| target.field(Field::Operand))
            .filter(|target| target.is(Kind::Identifier));
        let Some(Meaning::Local(id)) = target.map(|target| at.resolve(target)) else {
            return;
        };
        let binding = at.scopes().get(id);
        if binding.kind != BindingKind::Var {
            return;
        }
        let origin = at.tree().node(binding.origin);
        let written = origin.field(Field::Type).or_else(|| {
            let literals = origin.descendants();
            let mut literals = literals.filter(|node| node.is(Kind::CompositeLiteral));
            literals.next()?.field(Field::Type)
        });
        let value = written.and_then(|written| value_of(at, written, DEPTH));
        self.json = value.map(|value| value.to_string()).or(self.json.take());
    }

    /// `c.Locals("user").(string)` panics where nobody stored a user.
    pub fn assertion(&mut self, assertion: Node<'_>) {
        let operand = assertion
            .field(Field::Operand)
            .filter(|operand| operand.is(Kind::CallExpression));
        let function = operand.and_then(|call| call.field(Field::Function));
        let name = function.and_then(|function| function.field(Field::Field));
        if name.is_none_or(|name| name.text() != "Locals") {
            return;
        }
        let list = assertion.parent().filter(|list| list.is(Kind::ExpressionList));
        let statement = list.and_then(Node::parent);
        let left = statement.and_then(|statement| statement.field(Field::Left));
        let is_asked = left.is_some_and(|left| left.children().count() == 2);
        if !is_asked {
            self.locals = operand.map(|call| call.text().to_owned());
        }
    }

    pub fn method(&self) -> &'static str {
        match self.file.is_some() || self.json.is_some() {
            true => "POST",
            false => "GET",
        }
    }
}

fn note(names: &mut Vec<String>, name: String) {
    if !names.contains(&name) {
        names.push(name);
    }
}

/// A JSON value that decodes into the type. Texts look like a mail address and are long enough for most checks.
fn value_of(at: Declaration<'_>, written: Node<'_>, depth: u32) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    let inner = |field| written.field(field).and_then(|inner| value_of(at, inner, depth));
    Some(match written.kind() {
        Kind::StructType => Value::Object(object_of(at, written, depth)),
        Kind::PointerType => value_of(at, written.child(0)?, depth)?,
        Kind::SliceType => Value::Array(inner(Field::Element).into_iter().collect()),
        Kind::MapType => Value::Object(Map::new()),
        Kind::TypeIdentifier => match written.text() {
            "string" => "unleak@example.com".into(),
            "bool" => true.into(),
            name if is_number(name) => 1.into(),
            _ => return declared(at, written, depth),
        },
        _ => return None,
    })
}

fn is_number(name: &str) -> bool {
    ["int", "uint", "float"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

fn declared(at: Declaration<'_>, name: Node<'_>, depth: u32) -> Option<Value> {
    let Meaning::Package(declaration) = at.resolve(name) else {
        return None;
    };
    let is_type = declaration.kind() == DeclKind::Type;
    let mut specs = declaration
        .tree()
        .root()
        .subtree()
        .filter(|node| node.is(Kind::TypeSpec) && is_type);
    let spec = specs.find(|spec| {
        spec.field(Field::Name)
            .is_some_and(|own| own.text() == name.text())
    })?;
    value_of(declaration, spec.field(Field::Type)?, depth)
}

fn object_of(at: Declaration<'_>, structure: Node<'_>, depth: u32) -> Map<String, Value> {
    let fields = structure.descendants().filter(|node| {
        node.is(Kind::FieldDeclaration) && node.enclosing(Kind::StructType) == Some(structure)
    });
    let mut object = Map::new();
    for field in fields {
        let tagged = field.field(Field::Tag).and_then(|tag| json_name(tag.text()));
        let value = field.field(Field::Type).and_then(|of| value_of(at, of, depth));
        let names = field.fields(Field::Name).map(|name| name.text().to_owned());
        for name in names {
            let name = tagged.clone().unwrap_or(name);
            if let (Some(value), false) = (&value, name == "-") {
                object.insert(name, value.clone());
            }
        }
    }
    object
}

fn json_name(tag: &str) -> Option<String> {
    let rest = tag.split("json:\"").nth(1)?;
    let name = rest.split(['"', ',']).next()?;
    (!name.is_empty()).then(|| name.to_owned())
}
