//! The types of names: local ones by what declares them, package-level ones by their specs.

use super::Type;
use super::memo::Kept;
use super::typer::Typer;
use crate::go::declaration::Declaration;
use crate::go::scope::{BindingId, BindingKind};
use crate::go::source::DeclKind;
use crate::go::syntax::{Field, Kind, Node};

impl<'a> Typer<'a, '_> {
    /// The type of a package-level variable, constant or function.
    pub(super) fn package_name(self, declaration: Declaration<'a>, name: &str) -> Type {
        let Some(there) = self.within(declaration).deeper() else {
            return Type::Unknown;
        };
        match declaration.kind() {
            DeclKind::Func => declaration
                .function()
                .map_or(Type::Unknown, |node| there.declared_signature(node)),
            DeclKind::Type => Type::Unknown,
            DeclKind::Var | DeclKind::Const => match declared_name(declaration, name) {
                Some((spec, node)) => there.kept(node, Kept::Binding, |next| next.spec(spec, node)),
                None => Type::Unknown,
            },
        }
    }

    /// The type of a local name where `mention` stands, which matters to type switches.
    pub(super) fn local(self, id: BindingId, mention: Node<'_>) -> Type {
        let binding = self.at.scopes().get(id);
        match binding.kind {
            BindingKind::TypeSwitch => self.switched(self.at.tree().node(binding.origin), mention),
            _ => self.binding(id),
        }
    }

    pub(super) fn binding(self, id: BindingId) -> Type {
        let tree = self.at.tree();
        let binding = self.at.scopes().get(id);
        let (origin, name) = (tree.node(binding.origin), tree.node(binding.declared));
        self.kept(name, Kept::Binding, |next| match binding.kind {
            BindingKind::Receiver | BindingKind::Param | BindingKind::Result => next.parameter(origin),
            BindingKind::Range => next.ranged(origin, name),
            BindingKind::Var | BindingKind::Const => match origin.kind() {
                Kind::VarSpec | Kind::ConstSpec => next.spec(origin, name),
                _ => next.assigned(origin, name),
            },
            BindingKind::TypeParam | BindingKind::TypeSwitch | BindingKind::Type => Type::Unknown,
        })
    }

    /// `var a, b T = x, y`; constants without a value repeat those before them.
    fn spec(self, spec: Node<'_>, name: Node<'_>) -> Type {
        let names = spec.fields(Field::Name);
        let names = names.filter(|node| node.is(Kind::Identifier));
        let Some(position) = names.into_iter().position(|node| node == name) else {
            return Type::Unknown;
        };
        let spec = valued_spec(spec);
        if let Some(declared) = spec.field(Field::Type) {
            return self.meant(declared);
        }
        let of = match spec.field(Field::Value) {
            Some(values) => self.value_at(values, position),
            None => Type::Unknown,
        };
        match spec.kind() {
            Kind::ConstSpec => of,
            _ => of.defaulted(),
        }
    }

    /// `a, b := x, y` and the receive arms of a select.
    fn assigned(self, statement: Node<'_>, name: Node<'_>) -> Type {
        let (Some(left), Some(right)) = (statement.field(Field::Left), statement.field(Field::Right)) else {
            return Type::Unknown;
        };
        let of = match left.children().position(|node| node == name) {
            Some(position) if right.is(Kind::ExpressionList) => self.value_at(right, position),
            Some(0) => self.raw(right),
            Some(_) => Type::basic("bool"),
            None => Type::Unknown,
        };
        of.defaulted()
    }

    /// The type of the value at `position` of a right-hand side, through a call with several results.
    fn value_at(self, values: Node<'_>, position: usize) -> Type {
        let expressions: Vec<_> = values.children().collect();
        match expressions.as_slice() {
            [only] => match self.raw(*only) {
                Type::Tuple(types) => types.get(position).cloned().unwrap_or(Type::Unknown),
                _ if position > 0 && self.is_call(*only) => Type::Unknown,
                // The second value of a comma-ok form.
                _ if position > 0 => Type::basic("bool"),
                of => of,
            },
            many => many.get(position).map_or(Type::Unknown, |node| self.raw(*node)),
        }
    }

    fn is_call(self, node: Node<'_>) -> bool {
        matches!(
            node.unparenthesized().kind(),
            Kind::CallExpression | Kind::TypeConversionExpression
        )
    }

    fn ranged(self, clause: Node<'_>, name: Node<'_>) -> Type {
        let left = clause.field(Field::Left);
        let position = left.and_then(|left| left.children().position(|node| node == name));
        let over = self.value_of(clause.field(Field::Right));
        match position {
            Some(position) => self.range_values(&over).into_iter().nth(position),
            None => None,
        }
        .unwrap_or(Type::Unknown)
    }

    /// What ranging over a value gives.
    pub(super) fn range_values(self, over: &Type) -> Vec<Type> {
        let int = || Type::basic("int");
        match self.underlying(over) {
            Type::Map(key, value) => vec![(*key).clone(), (*value).clone()],
            Type::Chan(channel) => vec![channel.element.clone()],
            Type::Slice(element) => vec![int(), (*element).clone()],
            Type::Array(array) => vec![int(), array.element.clone()],
            Type::Pointer(to) => match self.underlying(&to) {
                Type::Array(array) => vec![int(), array.element.clone()],
                _ => Vec::new(),
            },
            Type::Basic("string") => vec![int(), Type::basic("rune")],
            Type::Basic(_) => vec![over.clone()],
            // An iterator's values are what it yields.
            Type::Func(iterator) => match iterator.parameters.as_deref() {
                Some([yielded]) => match self.underlying(yielded) {
                    Type::Func(yielded) => yielded.parameters.clone().unwrap_or_default(),
                    _ => Vec::new(),
                },
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// The type that the name of a type switch has in the clause around `mention`.
    fn switched(self, switch: Node<'_>, mention: Node<'_>) -> Type {
        let is_clause = |node: &Node<'_>| {
            matches!(node.kind(), Kind::TypeCase | Kind::DefaultCase)
                && node.parent().is_some_and(|parent| parent == switch)
        };
        let clause = mention.ancestors().find(is_clause);
        let types: Vec<_> = match clause {
            Some(clause) => clause
                .fields(Field::Type)
                .filter(|node| node.is(Kind::Nil) || self.is_type_node(*node))
                .collect(),
            None => return Type::Unknown,
        };
        match types.as_slice() {
            [only] if !only.is(Kind::Nil) && only.text() != "nil" => self.meant(*only),
            _ => self.value_of(switch.field(Field::Value)),
        }
    }

    /// The grammar gives commas the field of what they part.
    fn is_type_node(self, node: Node<'_>) -> bool {
        super::expression::is_type_syntax(node.kind())
            || matches!(
                node.kind(),
                Kind::TypeIdentifier | Kind::QualifiedType | Kind::GenericType
            )
    }
}

/// The spec and the node that declare a package-level name.
pub(super) fn declared_name<'a>(declaration: Declaration<'a>, name: &str) -> Option<(Node<'a>, Node<'a>)> {
    let names = &declaration.decl().names;
    let name = names.iter().find(|declared| *declared.text == *name)?;
    let node = declaration.tree().at(name.span)?;
    let spec = node.parent()?;
    matches!(spec.kind(), Kind::VarSpec | Kind::ConstSpec).then_some((spec, node))
}

/// The spec whose type and values count: for a constant without any, the last one before it that has them.
pub(super) fn valued_spec(spec: Node<'_>) -> Node<'_> {
    let is_bare = spec.is(Kind::ConstSpec) && spec.field(Field::Value).is_none();
    let Some(group) = spec.parent().filter(|_| is_bare) else {
        return spec;
    };
    let before = group.children().take_while(|node| node.index() < spec.index());
    let valued = before.filter(|node| node.is(Kind::ConstSpec) && node.field(Field::Value).is_some());
    valued.last().unwrap_or(spec)
}
