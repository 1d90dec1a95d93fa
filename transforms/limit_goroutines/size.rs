//! Whether a client chooses how many items there are: what it sends in the body, the query, a form, also where that
//! is handed on to other functions of the module.

use std::collections::HashSet;

use crate::analysis::launch::loops_around;
use crate::analysis::request::callers;
use crate::facts::paths;
use crate::frameworks::{Version, is_request_context};
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{BindingId, BindingKind, Callee, DeclId, Declaration, Meaning, Type};
use crate::limits;

/// The expressions and names that were asked before, each in its declaration: once is enough, and what is asked again
/// on the way has no other answer.
#[derive(Default)]
struct Seen<'a> {
    asked: HashSet<Place<'a>>,
    filled: HashSet<Place<'a>>,
}

type Place<'a> = (&'a str, DeclId, usize);

fn place<'a>(at: Declaration<'a>, node: Node<'_>) -> Place<'a> {
    (&at.package.path, at.id, node.index())
}

/// Getters of a request context whose results are as long, or as high, as the client likes.
const SENT: [&str; 16] = [
    "Body",
    "BodyRaw",
    "Cookies",
    "FormValue",
    "Get",
    "GetReqHeaders",
    "MultipartForm",
    "Params",
    "ParamsInt",
    "PostBody",
    "Queries",
    "Query",
    "QueryInt",
    "QueryParam",
    "Request",
    "AllParams",
];

/// Where a client says how many.
#[derive(Clone, Copy, Debug)]
pub struct Size<'a> {
    pub at: Declaration<'a>,
    /// The call that reads it from the request.
    pub given: Node<'a>,
}

/// Where the client says how many items the expression `over` has, if it does so and nothing checks it.
pub fn of<'a>(at: Declaration<'a>, over: Node<'a>) -> Option<Size<'a>> {
    sent(at, over, &mut Seen::default())
}

fn sent<'a>(at: Declaration<'a>, value: Node<'a>, seen: &mut Seen<'a>) -> Option<Size<'a>> {
    seen.asked.insert(place(at, value)).then_some(())?;
    let mut inner = |field| value.field(field).and_then(|inner| sent(at, inner, seen));
    match value.kind() {
        Kind::Identifier => match at.resolve(value) {
            Meaning::Local(id) if !is_capped(at, value) => sent_in(at, id, seen),
            _ => None,
        },
        Kind::SelectorExpression if !is_capped(at, value) && !is_validated(at, value) => {
            inner(Field::Operand)
        }
        Kind::ParenthesizedExpression => sent(at, value.child(0)?, seen),
        Kind::UnaryExpression | Kind::IndexExpression => inner(Field::Operand),
        Kind::CallExpression | Kind::TypeConversionExpression => given(at, value, seen),
        _ => None,
    }
}

/// What a call gives.
fn given<'a>(at: Declaration<'a>, call: Node<'a>, seen: &mut Seen<'a>) -> Option<Size<'a>> {
    let argument = |position| call.field(Field::Arguments)?.child(position);
    if asks_client(at, call) {
        return Some(Size { at, given: call });
    }
    match at.callee(call) {
        Callee::Conversion(_) => sent(at, argument(0).or(call.field(Field::Operand))?, seen),
        Callee::Builtin(name) if name == "len" => sent(at, argument(0)?, seen),
        Callee::Builtin(name) if name == "make" => sent(at, argument(1)?, seen),
        Callee::External { path, name, .. } if keeps_size(&path, &name) => sent(at, argument(0)?, seen),
        // A function of the module that reads the request and gives what it says.
        Callee::Package(callee) => {
            let arguments = call.field(Field::Arguments)?.children();
            { arguments }
                .any(|argument| is_request_context(&at.type_of(argument)))
                .then_some(())?;
            let function = callee.function()?;
            let returns = function
                .shallow_descendants()
                .filter(|node| node.is(Kind::ReturnStatement));
            let mut values = returns.filter_map(|returned| returned.child(0)?.child(0));
            let mut search = || values.find_map(|value| sent(callee, value, seen));
            limits::inside(&callee.file().path, &mut search).flatten()
        }
        _ => None,
    }
}

/// Functions that give as many, or as much, as their first argument says.
fn keeps_size(path: &str, name: &str) -> bool {
    match path {
        paths::STRINGS | paths::BYTES | paths::SLICES => matches!(
            name,
            "Clone"
                | "Compact"
                | "Fields"
                | "FieldsFunc"
                | "Split"
                | "SplitAfter"
                | "ToLower"
                | "Trim"
                | "TrimSpace"
        ),
        paths::STRCONV => matches!(name, "Atoi" | "ParseInt" | "ParseUint"),
        _ => false,
    }
}

/// Whether a call asks a request context for something that the client sends.
fn asks_client(at: Declaration<'_>, call: Node<'_>) -> bool {
    let Some(function) = call.field(Field::Function) else {
        return false;
    };
    let mut names = Vec::new();
    let mut inner = function;
    loop {
        names.extend(
            inner
                .field(Field::Field)
                .filter(|_| inner.is(Kind::SelectorExpression)),
        );
        let next = inner.field(Field::Operand).or(inner.field(Field::Function));
        match next {
            Some(next) => inner = next,
            None => break,
        }
    }
    let asks = names.iter().any(|name| SENT.contains(&name.text()));
    asks && inner.is(Kind::Identifier) && is_request_context(&at.type_of(inner))
}

/// What a local name stands for.
fn sent_in<'a>(at: Declaration<'a>, id: BindingId, seen: &mut Seen<'a>) -> Option<Size<'a>> {
    let binding = at.scopes().get(id);
    let uses: Vec<Node<'a>> = at.scopes().uses(id, at.tree()).collect();
    let filled = uses.iter().find_map(|name| filled_by(at, *name, seen));
    if filled.is_some() {
        return filled;
    }
    let origin = at.tree().node(binding.origin);
    match binding.kind {
        BindingKind::Range => sent(at, origin.field(Field::Right)?, seen),
        BindingKind::Param => handed(at, binding.function, binding.declared, seen),
        BindingKind::Var => {
            let values = origin.field(Field::Right).or(origin.field(Field::Value));
            let names = origin.field(Field::Left).map_or_else(
                || origin.fields(Field::Name).collect(),
                |left| left.children().collect::<Vec<_>>(),
            );
            let position = names.iter().position(|name| name.index() == binding.declared)?;
            let value = values.and_then(|values| match values.children().count() == names.len() {
                true => values.child(position),
                false => values.child(0).filter(|_| position == 0),
            });
            let value = value.and_then(|value| sent(at, value, seen));
            value.or_else(|| uses.iter().find_map(|name| gathered(at, *name, seen)))
        }
        _ => None,
    }
}

/// `xs = append(xs, …)` in a loop over what the client sends.
fn gathered<'a>(at: Declaration<'a>, name: Node<'a>, seen: &mut Seen<'a>) -> Option<Size<'a>> {
    let statement = name
        .parent()?
        .parent()
        .filter(|up| up.is(Kind::AssignmentStatement))?;
    let value = statement.field(Field::Right)?.child(0)?;
    let appends = value.is(Kind::CallExpression)
        && matches!(at.callee(value), Callee::Builtin(builtin) if builtin == "append");
    let first = value.field(Field::Arguments).filter(|_| appends)?.child(0)?;
    (first.text() == name.text() && first != name).then_some(())?;
    let mut loops = loops_around(statement, name.enclosing_function()?);
    loops.find_map(|looped| {
        let header = looped.children().find(|child| child.is(Kind::RangeClause))?;
        sent(at, header.field(Field::Right)?, seen)
    })
}

/// The argument for a parameter, in a call on the way from a request.
fn handed<'a>(
    at: Declaration<'a>,
    function: usize,
    declared: usize,
    seen: &mut Seen<'a>,
) -> Option<Size<'a>> {
    let own = at.function().filter(|own| own.index() == function)?;
    let names = parameters(own);
    let position = names.iter().position(|name| name.index() == declared)?;
    callers(at).into_iter().find_map(|(caller, call)| {
        let argument = call.field(Field::Arguments)?.child(position)?;
        limits::inside(&caller.file().path, || sent(caller, argument, seen)).flatten()
    })
}

fn parameters(function: Node<'_>) -> Vec<Node<'_>> {
    let declared = function
        .field(Field::Parameters)
        .into_iter()
        .flat_map(Node::children);
    declared
        .flat_map(|parameter| parameter.fields(Field::Name))
        .collect()
}

/// The call that fills the variable `name` with what the client sends: `c.BodyParser(&name)`, also in a function of
/// the module that gets the request context with it.
fn filled_by<'a>(at: Declaration<'a>, name: Node<'a>, seen: &mut Seen<'a>) -> Option<Size<'a>> {
    seen.filled.insert(place(at, name)).then_some(())?;
    let address = name.parent().filter(|up| up.is(Kind::UnaryExpression));
    let argument = address.unwrap_or(name);
    let list = argument.parent().filter(|list| list.is(Kind::ArgumentList))?;
    let call = list.parent().filter(|call| call.is(Kind::CallExpression))?;
    let size = Size { at, given: call };
    if parses_request(at, call) {
        return Some(size);
    }
    match at.callee(call) {
        Callee::External { path, name, .. } if name == "Unmarshal" && path.contains("json") => {
            sent(at, list.child(0).filter(|bytes| *bytes != argument)?, seen).map(|_| size)
        }
        Callee::Package(callee) => {
            let position = list.children().position(|held| held == argument)?;
            let has_context = list.children().any(|held| is_request_context(&at.type_of(held)));
            let name = *parameters(callee.function().filter(|_| has_context)?).get(position)?;
            let id = callee.scopes().binding_of(name)?;
            let mut uses = callee.scopes().uses(id, callee.tree());
            let mut search = || uses.find_map(|held| filled_by(callee, held, seen));
            let found = limits::inside(&callee.file().path, &mut search).flatten();
            found.map(|_| size)
        }
        _ => None,
    }
}

/// `c.BodyParser(…)`, `c.Bind().Body(…)`, `conn.ReadJSON(…)`.
fn parses_request(at: Declaration<'_>, call: Node<'_>) -> bool {
    let Some(function) = call.field(Field::Function) else {
        return false;
    };
    let (Some(operand), Some(name)) = (function.field(Field::Operand), function.field(Field::Field)) else {
        return false;
    };
    let binds = |operand: Node<'_>| {
        let bind = operand.field(Field::Function);
        let context = bind.and_then(|bind| bind.field(Field::Operand));
        let is_bind = bind
            .and_then(|bind| bind.field(Field::Field))
            .is_some_and(|name| name.text() == "Bind");
        is_bind && context.is_some_and(|context| is_request_context(&at.type_of(context)))
    };
    let of = at.type_of(operand);
    match name.text() {
        "BodyParser" | "QueryParser" => is_request_context(&of),
        "ReadJSON" => Version::of_connection(&of).is_some(),
        _ => binds(operand),
    }
}

/// Whether the function asks how many there are, to refuse or cut what is too much.
fn is_capped(at: Declaration<'_>, value: Node<'_>) -> bool {
    let Some(function) = value.enclosing_function() else {
        return false;
    };
    let measured = |node: Node<'_>| {
        let argument = node.field(Field::Arguments).and_then(|list| list.child(0));
        let is_length = node.is(Kind::CallExpression)
            && argument.is_some_and(|argument| argument.text() == value.text())
            && matches!(at.callee(node), Callee::Builtin(name) if name == "len" || name == "min");
        is_length && is_compared(node)
    };
    function.descendants().any(|node| {
        let cut = node.is(Kind::SliceExpression)
            && node
                .field(Field::Operand)
                .is_some_and(|operand| operand.text() == value.text());
        cut || measured(node)
    })
}

/// Whether an `if` compares a length with more than nothing.
fn is_compared(length: Node<'_>) -> bool {
    let Some(comparison) = length.parent().filter(|up| up.is(Kind::BinaryExpression)) else {
        return false;
    };
    let mut sides = [Field::Left, Field::Right]
        .into_iter()
        .filter_map(|side| comparison.field(side));
    let other = sides.find(|side| *side != length).map_or("0", Node::text);
    let asked = length
        .enclosing(Kind::IfStatement)
        .and_then(|asked| asked.field(Field::Condition));
    asked.is_some_and(|asked| asked.contains(length)) && !matches!(other, "0" | "1")
}

/// Whether the tag of a field tells a validator how many there may be.
fn is_validated(at: Declaration<'_>, selector: Node<'_>) -> bool {
    const LIMITS: [&str; 5] = ["max=", "lte=", "lt=", "len=", "maxItems"];
    let (Some(operand), Some(name)) = (selector.field(Field::Operand), selector.field(Field::Field)) else {
        return false;
    };
    let of = at.type_of(operand);
    let Type::Named {
        path, name: owner, ..
    } = of.pointee()
    else {
        return false;
    };
    let declared = at.package_at(path).and_then(|package| package.find_name(owner));
    let fields = declared
        .into_iter()
        .flat_map(|declared| declared.tree().root().subtree());
    let mut fields = fields.filter(|node| node.is(Kind::FieldDeclaration));
    let field = fields.find(|field| field.fields(Field::Name).any(|held| held.text() == name.text()));
    let tag = field
        .and_then(|field| field.field(Field::Tag))
        .map_or("", Node::text);
    LIMITS.iter().any(|limit| tag.contains(limit))
}
