//! A piece of the request's memory on its way through the code.

use std::rc::Rc;

use super::accessor::Shape;
use crate::analysis::owner::Frame;
use crate::go::syntax::{Field, Node};
use crate::go::{Declaration, Type};

/// A string or slice that becomes memory of its own when it is copied here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot<'a> {
    pub at: Declaration<'a>,
    pub node: Node<'a>,
    pub shape: Shape,
}

#[derive(Clone, Debug)]
pub struct Loan<'a> {
    /// The call on the context, for people.
    pub origin: (Declaration<'a>, Node<'a>),
    pub shape: Shape,
    /// The field or key under which a group holds it, where that is known.
    pub part: Option<&'a str>,
    /// Where copying helps; `None` where no single copy does.
    pub spot: Option<Spot<'a>>,
    /// Where it was lent, if that is one string and no group.
    pub source: Option<Spot<'a>>,
    /// Whether the spot stays, whatever the value flows through.
    pub settled: bool,
    /// Whether every part of a group is a string.
    pub of_text: bool,
}

impl Loan<'_> {
    /// Whether the memory is the context's own, which another request may have as soon as the handler returns. The
    /// rest stays as it is until the body is written.
    pub fn dies_with_handler(&self) -> bool {
        const OWN: [&str; 4] = ["AllParams", "Params", "ParamsParser", "Path"];
        let called = self.origin.1.field(Field::Function);
        let name = called.map_or("", |called| called.field(Field::Field).unwrap_or(called).text());
        OWN.contains(&name) || called.is_some_and(|called| called.text().contains(".Params["))
    }
}

/// The calls by which a value came into the function at hand.
pub type Calls<'a> = Option<Rc<Entry<'a>>>;

#[derive(Debug)]
pub struct Entry<'a> {
    pub frame: Frame<'a>,
    pub call: Node<'a>,
    pub up: Calls<'a>,
}

/// An expression that has the loan.
#[derive(Clone, Debug)]
pub struct Value<'a> {
    pub frame: Frame<'a>,
    pub node: Node<'a>,
    pub loan: Loan<'a>,
    /// Which result of a call it is.
    pub result: usize,
    pub calls: Calls<'a>,
}

impl<'a> Value<'a> {
    pub fn at(&self) -> Declaration<'a> {
        self.frame.at
    }

    fn with(self, node: Node<'a>, loan: Loan<'a>) -> Self {
        Value { node, loan, ..self }
    }

    /// The expression around, which has the same string and can be copied as well.
    pub fn same(self, around: Node<'a>) -> Self {
        let mut loan = self.loan.clone();
        if !loan.settled && loan.shape != Shape::Group {
            let (at, shape) = (self.frame.at, loan.shape);
            loan.spot = Some(Spot {
                at,
                node: around,
                shape,
            });
        }
        self.with(around, loan)
    }

    /// The expression around, which has it under another type.
    pub fn disguised(self, around: Node<'a>) -> Self {
        let mut loan = self.loan.clone();
        loan.settled = true;
        self.with(around, loan)
    }

    /// Something that holds it.
    pub fn grouped(self, around: Node<'a>, part: Option<&'a str>) -> Self {
        let mut loan = self.loan.clone();
        loan.of_text = loan.shape == Shape::Text;
        loan.part = part;
        loan.shape = Shape::Group;
        loan.settled = true;
        self.with(around, loan)
    }

    /// A slice of parts of it.
    pub fn parts(self, around: Node<'a>) -> Self {
        let mut value = self.grouped(around, None);
        value.loan.settled = value.calls.is_some();
        if !value.loan.settled {
            value.loan.spot = None;
        }
        value
    }

    /// A part that is taken out of a group: `None` where it is no part that holds the loan.
    pub fn part(self, around: Node<'a>, key: Option<&'a str>) -> Option<Self> {
        let at = self.frame.at;
        if let (Some(held), Some(key)) = (self.loan.part, key)
            && held != key
        {
            return None;
        }
        let shape = match at.type_of(around) {
            Type::Basic("string") => Shape::Text,
            Type::Basic(_) => return None,
            Type::Slice(element) if *element == Type::basic("byte") => Shape::Bytes,
            Type::Unknown if self.loan.of_text => Shape::Text,
            _ => Shape::Group,
        };
        let mut loan = self.loan.clone();
        loan.part = None;
        loan.shape = shape;
        let entered = self.calls.is_some();
        if shape != Shape::Group && !entered {
            loan.settled = false;
            loan.spot = Some(Spot {
                at,
                node: around,
                shape,
            });
        }
        Some(self.with(around, loan))
    }
}
