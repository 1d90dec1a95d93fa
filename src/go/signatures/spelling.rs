//! Reads the types of the tables: `func(A, B)` with the results alone, `*path/pkg.Name`, `[]T`, `[4]T`, `map[K]V`,
//! `chan T`, `<-chan T`, `struct{*path/pkg.Embedded}`, `any` and the names of basic types.

use std::sync::Arc;

use crate::go::types::{ArrayType, Channel, Direction, StructField, Type};

/// The type that `text` spells; `None` where it spells none.
pub(super) fn spelled(text: &str) -> Option<Type> {
    let mut reader = Reader { rest: text };
    let of = reader.read()?;
    reader.rest.trim().is_empty().then_some(of)
}

struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        match rest.strip_prefix(token) {
            Some(after) => {
                self.rest = after;
                true
            }
            None => false,
        }
    }

    fn read(&mut self) -> Option<Type> {
        if self.take("func(") {
            return Some(Type::giving(self.list(")")?));
        }
        if self.take("struct{") {
            return Some(Type::Struct(self.list("}")?.into_iter().map(embedded).collect()));
        }
        if self.take("map[") {
            let key = self.read()?;
            return (self.take("]")).then(|| Some(Type::Map(Arc::new(key), Arc::new(self.read()?))))?;
        }
        if self.take("<-chan ") {
            return self.channel(Direction::Receive);
        }
        if self.take("chan<- ") {
            return self.channel(Direction::Send);
        }
        if self.take("chan ") {
            return self.channel(Direction::Both);
        }
        if self.take("*") {
            return Some(Type::pointer(self.read()?));
        }
        if self.take("[]") {
            return Some(Type::slice(self.read()?));
        }
        match self.take("[") {
            true => self.array(),
            false => self.name(),
        }
    }

    fn list(&mut self, end: &str) -> Option<Vec<Type>> {
        let mut types = Vec::new();
        while !self.take(end) {
            types.push(self.read()?);
            let _ = self.take(",");
        }
        Some(types)
    }

    fn channel(&mut self, direction: Direction) -> Option<Type> {
        let element = self.read()?;
        Some(Type::Chan(Arc::new(Channel { element, direction })))
    }

    fn array(&mut self) -> Option<Type> {
        let (length, rest) = self.rest.split_once(']')?;
        self.rest = rest;
        let (element, length) = (self.read()?, length.trim().parse().ok()?);
        Some(Type::Array(Arc::new(ArrayType {
            element,
            length: Some(length),
        })))
    }

    fn name(&mut self) -> Option<Type> {
        let rest = self.rest.trim_start();
        let end = rest.find([',', ')', '}', ']', '[']).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        self.rest = rest;
        match name.trim().rsplit_once('.') {
            Some((path, name)) => Some(Type::Named {
                path: path.into(),
                name: name.into(),
                arguments: match self.take("[") {
                    true => self.list("]")?.into(),
                    false => Arc::default(),
                },
            }),
            None => Type::predeclared(name.trim()),
        }
    }
}

fn embedded(of: Type) -> StructField {
    let name = match of.pointee() {
        Type::Named { name, .. } => name.clone(),
        _ => Arc::default(),
    };
    StructField {
        name,
        of,
        embedded: true,
        declared: None,
    }
}
