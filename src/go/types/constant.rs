//! Integer constants as far as arithmetic goes: for the lengths of arrays.

use super::name::{declared_name, valued_spec};
use super::typer::Typer;
use crate::go::declaration::Declaration;
use crate::go::resolve::Meaning;
use crate::go::scope::BindingKind;
use crate::go::source::DeclKind;
use crate::go::syntax::{Field, Kind, Node};

impl<'a> Typer<'a, '_> {
    /// The value of an integer constant expression.
    pub(super) fn constant(self, node: Node<'_>) -> Option<i128> {
        let next = self.deeper()?;
        match node.kind() {
            Kind::IntLiteral => integer(node.text()),
            Kind::Iota => iota(node),
            Kind::ParenthesizedExpression => next.constant(node.child(0)?),
            Kind::UnaryExpression => {
                let operand = next.constant(node.field(Field::Operand)?)?;
                match node.field(Field::Operator)?.text() {
                    "-" => operand.checked_neg(),
                    "+" => Some(operand),
                    _ => None,
                }
            }
            Kind::BinaryExpression => next.computed(node),
            Kind::Identifier => next.constant_named(node),
            Kind::SelectorExpression => {
                let path = next.imported(node.field(Field::Operand)?)?;
                let name = node.field(Field::Field)?.text();
                let declaration = next.at.find_name_in(next.at.package_at(path)?, name)?;
                next.constant_declared(declaration, name)
            }
            Kind::CallExpression if next.names_type(node.field(Field::Function)?) => {
                next.constant(node.field(Field::Arguments)?.child(0)?)
            }
            _ => None,
        }
    }

    fn computed(self, node: Node<'_>) -> Option<i128> {
        let left = self.constant(node.field(Field::Left)?)?;
        let right = self.constant(node.field(Field::Right)?)?;
        let count = || u32::try_from(right).ok().filter(|count| *count < 64);
        match node.field(Field::Operator)?.text() {
            "+" => left.checked_add(right),
            "-" => left.checked_sub(right),
            "*" => left.checked_mul(right),
            "/" => left.checked_div(right),
            "%" => left.checked_rem(right),
            "<<" => left.checked_mul(1 << count()?),
            ">>" => Some(left >> count()?),
            "|" => Some(left | right),
            "&" => Some(left & right),
            _ => None,
        }
    }

    fn constant_named(self, node: Node<'_>) -> Option<i128> {
        match self.at.resolve(node) {
            Meaning::Local(id) => {
                let binding = self.at.scopes().get(id);
                let tree = self.at.tree();
                let is_constant = binding.kind == BindingKind::Const;
                is_constant
                    .then(|| self.constant_of(tree.node(binding.origin), tree.node(binding.declared)))?
            }
            Meaning::Package(declaration) => self.constant_declared(declaration, node.text()),
            _ => None,
        }
    }

    fn constant_declared(self, declaration: Declaration<'a>, name: &str) -> Option<i128> {
        if declaration.kind() != DeclKind::Const {
            return None;
        }
        let (spec, node) = declared_name(declaration, name)?;
        self.within(declaration).constant_of(spec, node)
    }

    /// Values that a spec repeats from another one count their `iota` there, so only literal ones are followed.
    fn constant_of(self, spec: Node<'_>, name: Node<'_>) -> Option<i128> {
        let valued = valued_spec(spec);
        let names = spec.fields(Field::Name);
        let position = names
            .filter(|node| node.is(Kind::Identifier))
            .position(|node| node == name)?;
        let value = valued.field(Field::Value)?.child(position)?;
        let repeats_iota = valued != spec && value.subtree().any(|node| node.is(Kind::Iota));
        (!repeats_iota).then(|| self.constant(value))?
    }
}

fn integer(text: &str) -> Option<i128> {
    let text = text.replace('_', "").to_ascii_lowercase();
    let based = |prefix: &str, base| {
        text.strip_prefix(prefix)
            .map(|digits| i128::from_str_radix(digits, base).ok())
    };
    based("0x", 16)
        .or_else(|| based("0b", 2))
        .or_else(|| based("0o", 8))
        .or_else(|| based("0", 8).filter(|_| text.len() > 1))
        .unwrap_or_else(|| text.parse().ok())
}

/// The place of the spec around `iota` in its group.
fn iota(node: Node<'_>) -> Option<i128> {
    let spec = node.enclosing(Kind::ConstSpec)?;
    let specs = spec.parent()?.children();
    let position = specs
        .filter(|node| node.is(Kind::ConstSpec))
        .position(|node| node == spec)?;
    i128::try_from(position).ok()
}
